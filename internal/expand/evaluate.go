package expand

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

const (
	// maxMemory is GitHub's limit to the bytes that the values of one evaluation
	// may take, roughly counted.
	maxMemory = 1 << 20

	// maxWork bounds the time of one evaluation, or of the expansion of one
	// tree, in bytes read and written.
	maxWork = 1 << 26
)

// evaluation is the state of evaluating expressions. Only work is kept from one
// to the next.
type evaluation struct {
	source    string
	contexts  map[string]any // by name in upper case
	names     []string       // of the contexts
	hashFiles func(patterns ...string) (string, error)
	strict    bool // a missing value that is counted on is an error
	secret    bool // the last expression has used secrets
	memory    int
	work      int
}

// run evaluates one expression.
func (e *evaluation) run(source string) (any, *Error) {
	n, err := parse(source, e.known)
	if err != nil && err.unknown != "" {
		err.Hint = "the known names are " + strings.Join(e.names, ", ") + e.didYouMean(err.unknown, e.names)
	}
	if err != nil || n == nil {
		return nil, err
	}
	e.source, e.memory, e.secret = source, 0, false
	v, err := e.value(n)
	if list, is := v.(filtered); is {
		v = []any(list)
	}
	return v, err
}

func (e *evaluation) known(name string) bool {
	_, known := e.contexts[upper(name)]
	return known
}

// value evaluates a node whose value is counted on.
func (e *evaluation) value(n *node) (any, *Error) {
	v, err := e.evaluate(n)
	if missing, is := v.(absent); is {
		if e.strict {
			return nil, e.missing(missing)
		}
		v = nil
	}
	return v, err
}

// evaluate evaluates a node. While it does so, the values of the nodes below
// count as memory in use; afterwards only its own does, and theirs if it may
// refer to them.
func (e *evaluation) evaluate(n *node) (any, *Error) {
	before := e.memory
	v, err := e.apply(n)
	if err != nil {
		return nil, err
	}
	if isPrimitive(v) {
		e.memory = before
	}
	size := sizeOf(v)
	e.memory += size
	if e.memory > maxMemory {
		return nil, e.exceeded()
	}
	return v, e.spend(size)
}

func (e *evaluation) apply(n *node) (any, *Error) {
	switch n.op {
	case opLiteral:
		return n.value, nil
	case opStar:
		return "*", nil
	case opName:
		name := upper(n.name)
		e.secret = e.secret || name == "SECRETS"
		return e.contexts[name], nil
	case opIndex:
		return e.index(n)
	case opNot:
		v, err := e.evaluate(n.args[0])
		return isFalsy(v), err
	case opAnd, opOr:
		return e.logic(n)
	case opCall:
		return n.function.call(e, n.args)
	}
	return e.comparison(n)
}

// logic returns the first operand if it decides, or else the second.
func (e *evaluation) logic(n *node) (any, *Error) {
	v, err := e.evaluate(n.args[0])
	if err != nil || isFalsy(v) == (n.op == opAnd) {
		return v, err
	}
	return e.evaluate(n.args[1])
}

func (e *evaluation) comparison(n *node) (any, *Error) {
	a, err := e.evaluate(n.args[0])
	if err != nil {
		return nil, err
	}
	b, err := e.evaluate(n.args[1])
	if err != nil {
		return nil, err
	}
	if err := e.spend(sizeOf(a) + sizeOf(b)); err != nil {
		return nil, err
	}
	order, ordered := compare(a, b)
	switch n.op {
	case opEqual:
		return equal(a, b), nil
	case opNotEqual:
		return !equal(a, b), nil
	case opLess:
		return ordered && order < 0, nil
	case opLessOrEqual:
		return ordered && order < 0 || equal(a, b), nil
	case opGreater:
		return ordered && order > 0, nil
	}
	return ordered && order > 0 || equal(a, b), nil
}

// index evaluates args[0].name, args[0][index] and args[0].*.
func (e *evaluation) index(n *node) (any, *Error) {
	from, err := e.evaluate(n.args[0])
	if err != nil {
		return nil, err
	}
	star := n.args[1].op == opStar
	by, err := e.value(n.args[1])
	if err != nil {
		return nil, err
	}
	if list, is := from.(filtered); is {
		return e.filter(list, by, star)
	}
	if star {
		return e.filter([]any{from}, by, star)
	}
	v, found, err := lookUp(from, by)
	if err != nil || found {
		return v, err
	}
	if outer, is := from.(absent); is {
		return outer, nil
	}
	return absent{index: n, from: from, by: by}, nil
}

// filter looks up an index in every item and keeps what is there.
func (e *evaluation) filter(list []any, by any, star bool) (any, *Error) {
	result := make(filtered, 0, 1)
	for _, item := range list {
		if !star {
			if v, found, _ := lookUp(item, by); found {
				result = append(result, v)
			}
			continue
		}
		if o, is := item.(*Object); is {
			for _, m := range o.members {
				result = append(result, m.value)
			}
		} else if nested, is := items(item); is {
			result = append(result, nested...)
		}
		if 8*len(result) > maxMemory {
			return nil, e.exceeded()
		}
	}
	return result, e.spend(sizeOf(filtered(list)))
}

// lookUp returns the member or item of a value, and whether there is one.
func lookUp(from, by any) (any, bool, *Error) {
	switch from := from.(type) {
	case *Object:
		if !isPrimitive(by) {
			return nil, false, nil
		}
		name := toString(by)
		v, found := from.Get(name)
		if !found && from.guard != nil {
			return nil, false, from.guard(name)
		}
		return v, found, nil
	case []any:
		i := math.Floor(toNumber(by))
		if i >= 0 && i < float64(len(from)) {
			return from[int(i)], true, nil
		}
	}
	return nil, false, nil
}

// missing says what is not there.
func (e *evaluation) missing(a absent) *Error {
	from, path := pathOf(a.index.args[0]), pathOf(a.index)
	o, is := a.from.(*Object)
	if !is {
		return &Error{Kind: Missing, Message: path + " has no value: " + from + " is " + describe(a.from)}
	}
	names := o.names()
	return &Error{
		Kind:    Missing,
		Message: path + " has no value" + e.didYouMean(toString(a.by), names),
		Hint:    known(from, names),
	}
}

// didYouMean suggests a name, where that can be had with the work that is left.
func (e *evaluation) didYouMean(name string, names []string) string {
	work := e.work
	for _, known := range names {
		work += len(name) * len(known)
	}
	if work > maxWork {
		return ""
	}
	e.work = work
	return nearest.DidYouMean(name, names)
}

// spend counts work, and fails when there has been too much of it.
func (e *evaluation) spend(work int) *Error {
	e.work += work
	if e.work > maxWork {
		return evaluationError("The maximum allowed work was exceeded while evaluating the following expression: " + e.source)
	}
	return nil
}

// exceeded is what GitHub's runner says of too much memory.
func (e *evaluation) exceeded() *Error {
	return evaluationError("The maximum allowed memory size was exceeded while evaluating the following expression: " + e.source)
}

// sizeOf is about what GitHub's runner counts for a value.
func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return 26 + 2*utf8.RuneCountInString(v)
	case filtered:
		return 24 + 8*len(v)
	}
	return 24
}

// describe says what a value is that has no members.
func describe(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case *Object:
		return "a map"
	}
	list, _ := items(v)
	return fmt.Sprintf("a list of %d", len(list))
}

// pathOf writes the names and indexes that lead to a value.
func pathOf(n *node) string {
	switch n.op {
	case opName:
		return n.name
	case opStar:
		return "*"
	case opCall:
		return n.name + "(…)"
	case opIndex:
		from, by := pathOf(n.args[0]), n.args[1]
		switch value := by.value.(type) {
		case string:
			if isName(value) {
				return from + "." + value
			}
			return from + "['" + strings.ReplaceAll(value, "'", "''") + "']"
		case float64:
			return from + "[" + formatNumber(value) + "]"
		}
		if by.op == opStar {
			return from + ".*"
		}
		return from + "[…]"
	}
	return "(…)"
}

// known says which names something has.
func known(from string, names []string) string {
	if len(names) == 0 {
		return from + " is empty: no values were given for it"
	}
	return from + " has " + listed(names)
}

// listed enumerates names, the first dozen of them.
func listed(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
