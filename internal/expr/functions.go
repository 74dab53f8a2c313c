package expr

import "strings"

// functions are those of the language, by name in lower case.
var functions = map[string]function{
	"case":       callCase,
	"contains":   callContains,
	"endswith":   callEndsWith,
	"format":     callFormat,
	"fromjson":   callFromJSON,
	"hashfiles":  callHashFiles,
	"join":       callJoin,
	"startswith": callStartsWith,
	"tojson":     callToJSON,
}

// callCase returns the value after the first predicate that is true, or else
// the last argument.
func callCase(e *Evaluator, args []*node) (any, *Error) {
	for len(args) > 1 {
		v, err := e.value(args[0])
		if err != nil {
			return nil, err
		}
		holds, is := v.(bool)
		if !is {
			return nil, EvaluationError("case predicate must evaluate to a boolean value")
		}
		if holds {
			return e.evaluate(args[1])
		}
		args = args[2:]
	}
	return e.evaluate(args[0])
}

func callContains(e *Evaluator, args []*node) (any, *Error) {
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
	if IsPrimitive(in) {
		return IsPrimitive(what) && strings.Contains(upper(ToString(in)), upper(ToString(what))), nil
	}
	list, _ := List(in)
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

func callStartsWith(e *Evaluator, args []*node) (any, *Error) {
	return e.affix(args, strings.HasPrefix)
}

func callEndsWith(e *Evaluator, args []*node) (any, *Error) {
	return e.affix(args, strings.HasSuffix)
}

// affix tests two primitive values, as strings in upper case.
func (e *Evaluator) affix(args []*node, test func(s, affix string) bool) (any, *Error) {
	s, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	affix, err := e.value(args[1])
	if err != nil {
		return nil, err
	}
	holds := IsPrimitive(s) && IsPrimitive(affix) && test(upper(ToString(s)), upper(ToString(affix)))
	return holds, e.spend(sizeOf(s) + sizeOf(affix))
}

func callJoin(e *Evaluator, args []*node) (any, *Error) {
	v, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	if IsPrimitive(v) {
		return ToString(v), nil
	}
	separator := ","
	if len(args) > 1 {
		s, err := e.value(args[1])
		if err != nil {
			return nil, err
		}
		if IsPrimitive(s) {
			separator = ToString(s)
		}
	}
	out := e.text()
	list, _ := List(v)
	for i, item := range list {
		if i > 0 {
			out.write(separator)
		}
		out.write(ToString(item))
	}
	return e.finish(out)
}

func callToJSON(e *Evaluator, args []*node) (any, *Error) {
	v, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	out := e.text()
	out.writeJSON(v, 0)
	return e.finish(out)
}

// callFromJSON does not quote the text in its error: it may be secret.
func callFromJSON(e *Evaluator, args []*node) (any, *Error) {
	v, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	text := ToString(v)
	if err := e.spend(8 * len(text)); err != nil { // parsing is slow
		return nil, err
	}
	value, fault := FromJSON([]byte(text))
	if fault != nil {
		return nil, EvaluationError("Error parsing JSON when evaluating fromJson: " + fault.Error())
	}
	return value, nil
}

func callHashFiles(e *Evaluator, args []*node) (any, *Error) {
	var patterns []string
	for _, arg := range args {
		v, err := e.value(arg)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, ToString(v))
	}
	if e.HashFiles == nil {
		return nil, EvaluationError("hashFiles is not available: there is no workspace here")
	}
	if err := e.spend(maxWork / 64); err != nil { // each call may read the whole workspace
		return nil, err
	}
	sum, err := e.HashFiles(patterns...)
	if err != nil {
		return nil, EvaluationError("hashFiles: " + err.Error())
	}
	return sum, nil
}
