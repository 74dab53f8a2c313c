package expand

import (
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// placeholderRoots are the beginnings of the names of placeholders. Any other ${…} is for
// the shell of the container.
var placeholderRoots = []string{"workflow.", "app.", "env.", "deploymentUrl.", "deploymentUrl}"}

// Unavailable is the value of a placeholder that is known and has no value here.
type Unavailable struct{}

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
func placeholder(values *expr.Object, name string, evaluator *expr.Evaluator) (any, *expr.Error) {
	from, rest := values, name
	for {
		v, found, err := expr.Lookup(from, rest)
		if err != nil {
			return nil, err
		}
		if _, more := v.(*expr.Object); found && !more {
			if v == (Unavailable{}) {
				return nil, &expr.Error{Kind: expr.Missing, Message: "${" + name + "} has no value: this CI does not provide it",
					Hint: "${workflow.variables.NAME} takes one from the input variables"}
			}
			return v, nil
		}
		head, tail, more := strings.Cut(rest, ".")
		inner, _ := from.Get(head)
		next, is := inner.(*expr.Object)
		if !more || !is {
			return nil, unknownPlaceholder(values, name, evaluator.DidYouMean(rest, from.Names()))
		}
		from, rest = next, tail
	}
}

// unknownPlaceholder lists the names under the same root.
func unknownPlaceholder(values *expr.Object, name, suggestion string) *expr.Error {
	root, _, _ := strings.Cut(name, ".")
	v, _ := values.Get(root)
	hint := root + " is empty: no values were given for it"
	if names := leaves(nil, root, v); len(names) > 0 {
		hint = "the known names are " + nearest.Enumerate(names)
	}
	return &expr.Error{Kind: expr.Missing, Message: "${" + name + "} has no value" + suggestion, Hint: hint}
}

// leaves adds to names the paths of the values in v, whose own path is name.
func leaves(names []string, name string, v any) []string {
	o, is := v.(*expr.Object)
	if !is {
		return append(names, name)
	}
	for inner, value := range o.All() {
		names = leaves(names, name+"."+inner, value)
	}
	return names
}
