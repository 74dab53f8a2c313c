package expr

import (
	"math"
	"strconv"
	"strings"
)

// precedenceOf is how tightly an operation binds.
func precedenceOf(n *node) int {
	for _, o := range binaryOperators {
		if o.op == n.op {
			return o.precedence
		}
	}
	if n.op == opNot {
		return 5
	}
	return 6
}

// print writes a tree as an expression, with no more parentheses than it needs.
func print(n *node) string {
	switch n.op {
	case opLiteral:
		return printLiteral(n.value)
	case opName:
		return n.name
	case opStar:
		return "*"
	case opNot:
		return "!" + operand(n.args[0], 5)
	case opIndex:
		if n.args[0].op == opLiteral {
			return "(" + print(n.args[0]) + ")" + printIndex(n.args[1])
		}
		return operand(n.args[0], 6) + printIndex(n.args[1])
	case opCall:
		var args []string
		for _, arg := range n.args {
			args = append(args, print(arg))
		}
		return n.name + "(" + strings.Join(args, ", ") + ")"
	}
	for text, o := range binaryOperators {
		if o.op == n.op {
			parts := []string{operand(n.args[0], o.precedence)}
			for _, arg := range n.args[1:] {
				parts = append(parts, operand(arg, o.precedence+1))
			}
			return strings.Join(parts, " "+text+" ")
		}
	}
	panic("an operation without a form")
}

func operand(n *node, least int) string {
	if precedenceOf(n) < least {
		return "(" + print(n) + ")"
	}
	return print(n)
}

func printIndex(n *node) string {
	if s, is := n.value.(string); is && isName(s) {
		return "." + s
	}
	return "[" + print(n) + "]"
}

func printLiteral(v any) string {
	switch v := v.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case float64:
		switch {
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return "null"
}
