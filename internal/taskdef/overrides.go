package taskdef

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// sizeRules are the rules that hold for the sizes of a definition together with
// those that a task's overrides put in their place.
var sizeRules = []string{
	"cpu", "cpu-range", "cpu-sum", "memory", "memory-limit", "memory-reservation", "memory-sum", "memory-minimum",
	"negative", "fargate-size", "fargate-family", "fargate-windows", "ephemeral-storage",
}

// A Misfit is a breach of a rule that a definition makes with the overrides of a
// task and does not make without them.
type Misfit struct {
	Code, Path, Hint, Message string // as in a [document.Error]

	Warning bool
	Value   *document.Node // the override that is to blame
}

// CheckSizes holds the sizes of the definition, with those of a task's overrides in
// their place, to the rules for sizes. The overrides have the form of the API's
// TaskOverride, and may be nil.
func (d *Definition) CheckSizes(overrides *document.Node) []Misfit {
	changed, values := d.withSizes(overrides)
	if len(values) == 0 {
		return nil
	}
	own := sizeMisfits(d, d.Node, values)
	var misfits []Misfit
	for _, m := range sizeMisfits(d, changed, values) {
		known := func(o Misfit) bool { return o.Code == m.Code && o.Path == m.Path && o.Message == m.Message }
		if !slices.ContainsFunc(own, known) {
			misfits = append(misfits, m)
		}
	}
	return misfits
}

// withSizes returns the definition's tree with the sizes of overrides in it, and
// the values that were put there.
func (d *Definition) withSizes(overrides *document.Node) (tree *document.Node, values []*document.Node) {
	put := func(tree, from *document.Node, keys ...string) *document.Node {
		for _, key := range keys {
			if value := member(from, key); value != nil && value.Kind != document.Null {
				values = append(values, value)
				tree = with(tree, key, value)
			}
		}
		return tree
	}
	tree = put(d.Node, overrides, "cpu", "memory", "ephemeralStorage")
	list := *member(d.Node, "containerDefinitions")
	list.Items = slices.Clone(list.Items)
	for _, override := range items(member(overrides, "containerOverrides")) {
		name := member(override, "name")
		for i, c := range list.Items {
			if own := member(c, "name"); own != nil && name != nil && own.Text == name.Text {
				list.Items[i] = put(c, override, "cpu", "memory", "memoryReservation")
			}
		}
	}
	return with(tree, "containerDefinitions", &list), values
}

// sizeMisfits returns what the rules for sizes say of a tree that holds values.
func sizeMisfits(d *Definition, tree *document.Node, values []*document.Node) []Misfit {
	changed := *d
	changed.Node = tree
	t := newTask(&changed)
	var misfits []Misfit
	for _, r := range rules {
		if !slices.Contains(sizeRules, r.code) {
			continue
		}
		r.check(t, func(at object, hint, format string, args ...any) {
			misfits = append(misfits, Misfit{
				Code: r.code, Path: at.path(tree, ""), Hint: hint, Message: fmt.Sprintf(format, args...),
				Warning: r.warning, Value: toBlame(t, at, r.code, values),
			})
		})
	}
	return misfits
}

// toBlame returns the one of the values that a breach is most likely to come from:
// that which it is about, or else the task's own of the same kind.
func toBlame(t *task, at object, code string, values []*document.Node) *document.Node {
	for _, v := range values {
		if at.node != nil && (v == at.node || member(v, "sizeInGiB") == at.node) {
			return v
		}
	}
	key := "cpu"
	if strings.HasPrefix(code, "memory") || code == "fargate-size" {
		key = "memory"
	}
	if own := t.get(key).node; slices.Contains(values, own) {
		return own
	}
	return values[0]
}
