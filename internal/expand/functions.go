package expand

import (
	"strings"
)

// function is what can be called in an expression. Its arguments come
// unevaluated, so that it may leave out those it does not need.
type function struct {
	least, most int  // number of arguments
	odd         bool // their number must be odd
	call        func(*evaluation, []*node) (any, *Error)
}

// functions are those of the language, by name in lower case.
var functions = map[string]function{
	"case":       {least: 3, most: 255, odd: true, call: callCase},
	"contains":   {least: 2, most: 2, call: callContains},
	"endswith":   {least: 2, most: 2, call: callEndsWith},
	"format":     {least: 1, most: 255, call: callFormat},
	"fromjson":   {least: 1, most: 1, call: callFromJSON},
	"hashfiles":  {least: 1, most: 255, call: callHashFiles},
	"join":       {least: 1, most: 2, call: callJoin},
	"startswith": {least: 2, most: 2, call: callStartsWith},
	"tojson":     {least: 1, most: 1, call: callToJSON},
}

// callCase returns the value after the first predicate that is true, or else
// the last argument.
func callCase(e *evaluation, args []*node) (any, *Error) {
	for len(args) > 1 {
		v, err := e.value(args[0])
		if err != nil {
			return nil, err
		}
		holds, is := v.(bool)
		if !is {
			return nil, evaluationError("case predicate must evaluate to a boolean value")
		}
		if holds {
			return e.evaluate(args[1])
		}
		args = args[2:]
	}
	return e.evaluate(args[0])
}

func callContains(e *evaluation, args []*node) (any, *Error) {
	in, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	what, err := e.value(args[1])
	if err != nil {
		return nil, err
	}
	if err := e.spend(sizeOf(in) + sizeOf(what)); err != nil {
		return nil, err
	}
	if isPrimitive(in) {
		return isPrimitive(what) && strings.Contains(upper(toString(in)), upper(toString(what))), nil
	}
	list, _ := items(in)
	for _, item := range list {
		if err := e.spend(sizeOf(item) + sizeOf(what)); err != nil {
			return nil, err
		}
		if equal(what, item) {
			return true, nil
		}
	}
	return false, nil
}

func callStartsWith(e *evaluation, args []*node) (any, *Error) {
	return e.affix(args, strings.HasPrefix)
}

func callEndsWith(e *evaluation, args []*node) (any, *Error) {
	return e.affix(args, strings.HasSuffix)
}

// affix tests two primitive values, as strings in upper case.
func (e *evaluation) affix(args []*node, test func(s, affix string) bool) (any, *Error) {
	s, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	affix, err := e.value(args[1])
	if err != nil {
		return nil, err
	}
	holds := isPrimitive(s) && isPrimitive(affix) && test(upper(toString(s)), upper(toString(affix)))
	return holds, e.spend(sizeOf(s) + sizeOf(affix))
}

func callJoin(e *evaluation, args []*node) (any, *Error) {
	v, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	if isPrimitive(v) {
		return toString(v), nil
	}
	separator := ","
	if len(args) > 1 {
		s, err := e.value(args[1])
		if err != nil {
			return nil, err
		}
		if isPrimitive(s) {
			separator = toString(s)
		}
	}
	out := e.text()
	list, _ := items(v)
	for i, item := range list {
		if i > 0 {
			out.write(separator)
		}
		out.write(toString(item))
	}
	return e.finish(out)
}

func callToJSON(e *evaluation, args []*node) (any, *Error) {
	v, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	out := e.text()
	out.writeJSON(v, 0)
	return e.finish(out)
}

// callFromJSON keeps the text out of its error: it may be secret.
func callFromJSON(e *evaluation, args []*node) (any, *Error) {
	v, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	text := toString(v)
	if err := e.spend(8 * len(text)); err != nil { // it is slow work
		return nil, err
	}
	value, fault := FromJSON([]byte(text))
	if fault != nil {
		return nil, evaluationError("Error parsing JSON when evaluating fromJson: " + fault.Error())
	}
	return value, nil
}

func callHashFiles(e *evaluation, args []*node) (any, *Error) {
	var patterns []string
	for _, arg := range args {
		v, err := e.value(arg)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, toString(v))
	}
	if e.hashFiles == nil {
		return nil, evaluationError("hashFiles is not available: there is no workspace here")
	}
	if err := e.spend(maxWork / 64); err != nil { // each call may read the whole workspace
		return nil, err
	}
	sum, err := e.hashFiles(patterns...)
	if err != nil {
		return nil, evaluationError("hashFiles: " + err.Error())
	}
	return sum, nil
}

// text returns a string builder that holds no more than an evaluation may.
func (e *evaluation) text() *text {
	return &text{limit: maxMemory - e.memory}
}

func (e *evaluation) finish(t *text) (any, *Error) {
	if t.full {
		return nil, e.exceeded()
	}
	return t.String(), nil
}
