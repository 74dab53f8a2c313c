package taskdef

import (
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/rules"
)

// A SizeViolation is a breach of a rule for sizes that a definition makes with the
// overrides of a task and does not make without them.
type SizeViolation struct {
	rules.Violation
	Value *document.Node // the override that is to blame
}

// CheckSizes applies the rules for sizes to the definition with the sizes of a task's
// overrides in the place of its own. The overrides have the form of the API's
// TaskOverride, and may be nil.
func (d *Definition) CheckSizes(overrides *document.Node) []SizeViolation {
	changed, values := d.withSizes(overrides)
	if len(values) == 0 {
		return nil
	}
	own := rules.CheckSizes(d.Node)
	var violations []SizeViolation
	for _, v := range rules.CheckSizes(changed) {
		known := func(o rules.Violation) bool { return o.Code == v.Code && o.Path == v.Path && o.Message == v.Message }
		if !slices.ContainsFunc(own, known) {
			violations = append(violations, SizeViolation{v, toBlame(changed, v, values)})
		}
	}
	return violations
}

// withSizes returns the definition's tree with the sizes of overrides in it, and
// the values that were put there.
func (d *Definition) withSizes(overrides *document.Node) (tree *document.Node, values []*document.Node) {
	put := func(tree, from *document.Node, keys ...string) *document.Node {
		for _, key := range keys {
			if value := from.Member(key); value != nil && value.Kind != document.Null {
				values = append(values, value)
				tree = tree.With(key, value)
			}
		}
		return tree
	}
	tree = put(d.Node, overrides, "cpu", "memory", "ephemeralStorage")
	list := *d.Node.Member("containerDefinitions")
	list.Items = slices.Clone(list.Items)
	for _, override := range overrides.List("containerOverrides") {
		name := override.Member("name")
		for i, c := range list.Items {
			if own := c.Member("name"); own != nil && name != nil && own.Text == name.Text {
				list.Items[i] = put(c, override, "cpu", "memory", "memoryReservation")
			}
		}
	}
	return tree.With("containerDefinitions", &list), values
}

// toBlame returns the one of the values that a violation is most likely to come from: the
// one that it is about, or else the task's own of the same kind.
func toBlame(tree *document.Node, violation rules.Violation, values []*document.Node) *document.Node {
	for _, v := range values {
		if violation.Node != nil && (v == violation.Node || v.Member("sizeInGiB") == violation.Node) {
			return v
		}
	}
	key := "cpu"
	if strings.HasPrefix(violation.Code, "memory") || violation.Code == "fargate-size" {
		key = "memory"
	}
	if own := tree.Member(key); own != nil && slices.Contains(values, own) {
		return own
	}
	return values[0]
}
