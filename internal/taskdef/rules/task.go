package rules

import (
	"cmp"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// A value is a value of the definition.
type value = apischema.Value

// A rule is something that ECS demands of a definition whose shape is right.
type rule struct {
	code    string
	warning bool // ECS may accept it, or accepts it and then does not what the user expects
	check   func(t *task, report reportFunc)
}

// A reportFunc reports one breach of a rule: where, a hint that may be empty, and what.
type reportFunc func(at value, hint, format string, args ...any)

// maxContainers is how many containers ECS takes in a definition.
const maxContainers = 10

// A task is a definition as the rules read it.
type task struct {
	value
	size       int     // bytes of the request; 0 if not known
	containers []value // without those that are no maps, and no more than ten times what ECS takes
	fargate    bool    // ECS is to validate it for Fargate
	windows    bool
	network    string // network mode; bridge if none is given, which is the default
}

func newTask(definition *document.Node) *task {
	t := &task{value: apischema.ValueOf(definition)}
	t.fargate = slices.Contains(t.Get("requiresCompatibilities").Texts(), "FARGATE")
	t.windows = awsfacts.IsWindows(t.Get("runtimePlatform").Get("operatingSystemFamily").Text())
	t.network = cmp.Or(t.Get("networkMode").Text(), "bridge")
	for c := range t.Get("containerDefinitions").Each() {
		if c.Node.Kind == document.Map && len(t.containers) < 10*maxContainers {
			t.containers = append(t.containers, c)
		}
	}
	return t
}

// container returns the container of a name.
func (t *task) container(name string) (value, bool) {
	for _, c := range t.containers {
		if c.Get("name").Text() == name {
			return c, true
		}
	}
	return value{}, false
}

// between reports a whole number that is outside of a range. An absent number is inside.
func between(o value, least, most int64, unit string, report reportFunc) {
	if n, ok := o.Number(); ok && (n < least || n > most) {
		report(o, "", "expected %d to %d%s, found %d", least, most, unit, n)
	}
}

// duplicates reports each value from an index on that is equal to an earlier one.
func duplicates(values []value, from int, what string, report reportFunc) {
	seen := make(map[string]document.Place, len(values))
	for i, v := range values {
		text := v.Text()
		first, twice := seen[text]
		switch {
		case !twice:
			seen[text] = v.Place
		case i >= from && text != "":
			report(v, "", "the %s %q is given twice, first at %d:%d", what, document.Shorten(text), first.Line, first.Column)
		}
	}
}
