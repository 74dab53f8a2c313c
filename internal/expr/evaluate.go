package expr

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

	// maxWork limits the time of an [Evaluator], in bytes read and written.
	maxWork = 1 << 26
)

// An Evaluator evaluates expressions one after the other. The work that they do counts
// together.
type Evaluator struct {
	// Strict makes a missing value an error where an expression needs one. Missing values
	// may be compared, negated, filtered by .* and be on the left of || and && only.
	Strict bool

	// HashFiles is the function hashFiles. If it is nil, a call of it is an error.
	HashFiles func(patterns ...string) (string, error)

	contexts  map[string]any // by name in upper case
	names     []string       // of the contexts
	functions map[string]function

	source string
	secret bool // the last expression has used secrets
	memory int
	work   int
}

// A function gets its arguments unevaluated, so that it may leave out those that it does
// not need.
type function func(e *Evaluator, args []*node) (any, *Error)

// Evaluate returns the value of one expression, as the function [Evaluate] does.
func (e *Evaluator) Evaluate(source string) (any, *Error) {
	n, err := parse(source, e.known)
	if err != nil && err.unknown != "" {
		err.Hint = "the known names are " + strings.Join(e.names, ", ") + e.DidYouMean(err.unknown, e.names)
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

// UsedSecrets reports whether the last expression has read the context secrets.
func (e *Evaluator) UsedSecrets() bool { return e.secret }

// Exhausted reports whether the expressions have done all the work that they may do.
func (e *Evaluator) Exhausted() bool { return e.work > maxWork }

// Context returns the value of a context; nil if there is none.
func (e *Evaluator) Context(name string) any { return e.contexts[upper(name)] }

func (e *Evaluator) known(name string) bool {
	_, known := e.contexts[upper(name)]
	return known
}

// value evaluates a node whose value the expression needs.
func (e *Evaluator) value(n *node) (any, *Error) {
	v, err := e.evaluate(n)
	if missing, is := v.(absent); is {
		if e.Strict {
			return nil, e.missing(missing)
		}
		v = nil
	}
	return v, err
}

// evaluate evaluates a node. Meanwhile the values of the nodes below it count as memory in
// use; afterwards only its own value does, and theirs if it may refer to them.
func (e *Evaluator) evaluate(n *node) (any, *Error) {
	before := e.memory
	v, err := e.apply(n)
	if err != nil {
		return nil, err
	}
	if IsPrimitive(v) {
		e.memory = before
	}
	size := sizeOf(v)
	e.memory += size
	if e.memory > maxMemory {
		return nil, e.exceeded()
	}
	return v, e.spend(size)
}

func (e *Evaluator) apply(n *node) (any, *Error) {
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
		return e.functions[strings.ToLower(n.name)](e, n.args)
	}
	return e.comparison(n)
}

// logic returns the first operand if it decides the result, or else the second.
func (e *Evaluator) logic(n *node) (any, *Error) {
	v, err := e.evaluate(n.args[0])
	if err != nil || isFalsy(v) == (n.op == opAnd) {
		return v, err
	}
	return e.evaluate(n.args[1])
}

func (e *Evaluator) comparison(n *node) (any, *Error) {
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
func (e *Evaluator) index(n *node) (any, *Error) {
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
	v, found, err := Lookup(from, by)
	if err != nil || found {
		return v, err
	}
	if outer, is := from.(absent); is {
		return outer, nil
	}
	return absent{index: n, from: from, by: by}, nil
}

// filter returns the values that an index has in the items of a list.
func (e *Evaluator) filter(list []any, by any, star bool) (any, *Error) {
	result := make(filtered, 0, 1)
	for _, item := range list {
		if !star {
			if v, found, _ := Lookup(item, by); found {
				result = append(result, v)
			}
			continue
		}
		if o, is := item.(*Object); is {
			for _, m := range o.members {
				result = append(result, m.value)
			}
		} else if nested, is := List(item); is {
			result = append(result, nested...)
		}
		if 8*len(result) > maxMemory {
			return nil, e.exceeded()
		}
	}
	return result, e.spend(sizeOf(filtered(list)))
}

// Lookup returns the member or item of a value, and whether there is one.
func Lookup(from, by any) (any, bool, *Error) {
	switch from := from.(type) {
	case *Object:
		if !IsPrimitive(by) {
			return nil, false, nil
		}
		name := ToString(by)
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

// missing returns the error for a value that is absent.
func (e *Evaluator) missing(a absent) *Error {
	from, path := pathOf(a.index.args[0]), pathOf(a.index)
	o, is := a.from.(*Object)
	if !is {
		return &Error{Kind: Missing, Message: path + " has no value: " + from + " is " + Describe(a.from)}
	}
	names := o.Names()
	return &Error{
		Kind:    Missing,
		Message: path + " has no value" + e.DidYouMean(ToString(a.by), names),
		Hint:    known(from, names),
	}
}

// DidYouMean is [nearest.DidYouMean]. It returns "" if the search would take more work than is
// left.
func (e *Evaluator) DidYouMean(name string, names []string) string {
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

// spend counts work. It returns an error if there has been more than maxWork.
func (e *Evaluator) spend(work int) *Error {
	e.work += work
	if e.work > maxWork {
		return EvaluationError("The maximum allowed work was exceeded while evaluating the following expression: " + e.source)
	}
	return nil
}

// exceeded returns the error of GitHub's runner for too much memory.
func (e *Evaluator) exceeded() *Error {
	return EvaluationError("The maximum allowed memory size was exceeded while evaluating the following expression: " +
		e.source)
}

// sizeOf returns about the memory that GitHub's runner counts for a value.
func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return 26 + 2*utf8.RuneCountInString(v)
	case filtered:
		return 24 + 8*len(v)
	}
	return 24
}

// Describe names the kind of a value for a message: "a list of 2".
func Describe(v any) string {
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
	list, _ := List(v)
	return fmt.Sprintf("a list of %d", len(list))
}

// pathOf returns the names and indexes of a value, as in vars.LIST[0].
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

// known returns the hint that lists the names of an object.
func known(from string, names []string) string {
	if len(names) == 0 {
		return from + " is empty: no values were given for it"
	}
	return from + " has " + nearest.Enumerate(names)
}

// text returns a string builder with the rest of the memory as its limit.
func (e *Evaluator) text() *text {
	return &text{limit: maxMemory - e.memory}
}

func (e *Evaluator) finish(t *text) (any, *Error) {
	if t.full {
		return nil, e.exceeded()
	}
	return t.String(), nil
}
