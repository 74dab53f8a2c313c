package expand

import "strings"

// placeholderRoots are the beginnings of the names that ${ } is for. Any other
// ${…} belongs to the shell of the container.
var placeholderRoots = []string{"workflow.", "app.", "env.", "deploymentUrl.", "deploymentUrl}"}

// Unsaid is the value of a placeholder whose name is known, and which has none.
type Unsaid struct{}

// isPlaceholder reports whether s begins with a placeholder, closed or not.
func isPlaceholder(s string) bool {
	name, is := strings.CutPrefix(s, "${")
	if !is {
		return false
	}
	for _, root := range placeholderRoots {
		if strings.HasPrefix(name, root) {
			return true
		}
	}
	return false
}

// placeholder returns the value of a placeholder. The name of a variable may
// have dots in it.
func (x *expansion) placeholder(name string) (any, *Error) {
	from, rest := x.placeholders, name
	for {
		v, found, err := lookUp(from, rest)
		if err != nil {
			return nil, err
		}
		if _, more := v.(*Object); found && !more {
			if v == (Unsaid{}) {
				return nil, &Error{Kind: Missing, Message: "${" + name + "} has no value: no CI says it here", Hint: "${workflow.variables.NAME} takes one from the input variables"}
			}
			return v, nil
		}
		head, tail, more := strings.Cut(rest, ".")
		inner, _ := from.Get(head)
		next, is := inner.(*Object)
		if !more || !is {
			return nil, x.unknownPlaceholder(name, x.evaluation.didYouMean(rest, from.names()))
		}
		from, rest = next, tail
	}
}

// unknownPlaceholder lists the names under the same root.
func (x *expansion) unknownPlaceholder(name, suggestion string) *Error {
	root, _, _ := strings.Cut(name, ".")
	v, _ := x.placeholders.Get(root)
	hint := known(root, nil)
	if names := leaves(nil, root, v); len(names) > 0 {
		hint = "the known names are " + listed(names)
	}
	return &Error{Kind: Missing, Message: "${" + name + "} has no value" + suggestion, Hint: hint}
}

// leaves adds to names those of the values in v, which is called name.
func leaves(names []string, name string, v any) []string {
	o, is := v.(*Object)
	if !is {
		return append(names, name)
	}
	for _, m := range o.members {
		names = leaves(names, name+"."+m.name, m.value)
	}
	return names
}
