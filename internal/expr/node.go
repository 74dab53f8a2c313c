package expr

type op uint8

const (
	opLiteral op = iota
	opName       // of a context
	opStar       // the * of .* or [*]
	opIndex      // args[0] indexed by args[1]
	opNot
	opEqual
	opNotEqual
	opLess
	opLessOrEqual
	opGreater
	opGreaterOrEqual
	opAnd
	opOr
	opCall
)

// node is one operation of a parsed expression.
type node struct {
	op    op
	name  string // of a context or function, as it is written
	value any    // of a literal
	args  []*node
	depth int
}

func leaf(n node) *node {
	n.depth = 1
	return &n
}

func branch(op op, args ...*node) *node {
	n := &node{op: op, args: args}
	for _, arg := range args {
		n.depth = max(n.depth, arg.depth)
	}
	n.depth++
	return n
}

// join returns the operation of an operator and its operands. A chain of && or of || is as
// deep as its deepest operand, in any grouping.
func join(op op, left, right *node) *node {
	n := branch(op, left, right)
	if op == opAnd || op == opOr {
		n.depth = max(depthIn(op, left), depthIn(op, right))
	}
	return n
}

// depthIn returns the depth of a chain with the operand.
func depthIn(op op, operand *node) int {
	if operand.op == op {
		return operand.depth
	}
	return operand.depth + 1
}
