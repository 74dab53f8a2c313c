package taskdef

import (
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// SameAs reports whether a registered definition, as DescribeTaskDefinition
// answers it with its tags, is what registering d would make. In doubt it is not.
//
// ECS fills in what a definition leaves out; such members don't count.
func (d *Definition) SameAs(answer []byte) (bool, error) {
	nodes, _, err := document.Parse("registered.json", answer)
	if err != nil {
		return false, err
	}
	registered, _, err := Decode(nodes[0], Options{UnknownMembers: "pass"})
	if err != nil {
		return false, err
	}
	return len(registered) == 1 && same(d.Node, registered[0].Node, ""), nil
}

// same compares what was written with what ECS has; member is the name of the
// member that they are the values of.
func same(ours, theirs *document.Node, member string) bool {
	if ours.Kind != theirs.Kind {
		return false
	}
	switch ours.Kind {
	case document.Map:
		return sameMembers(ours, theirs)
	case document.List:
		return sameItems(ours.Items, theirs.Items, member)
	}
	return ours.Text == theirs.Text
}

func sameMembers(ours, theirs *document.Node) bool {
	for _, m := range ours.Members {
		other := member(theirs, m.Key.Text)
		if other == nil && !empty(m.Value) || other != nil && !same(m.Value, other, m.Key.Text) {
			return false
		}
	}
	for _, m := range theirs.Members {
		if member(ours, m.Key.Text) == nil && !filledIn(ours, m) {
			return false
		}
	}
	return true
}

// sameItems compares lists; in those of named things the order does not matter.
func sameItems(ours, theirs []*document.Node, member string) bool {
	if len(ours) != len(theirs) {
		return false
	}
	key := map[string]string{"environment": "name", "secrets": "name", "tags": "key", "secretOptions": "name"}[member]
	if key != "" {
		ours, theirs = sortedBy(ours, key), sortedBy(theirs, key)
	}
	for i := range ours {
		if !same(ours[i], theirs[i], "") {
			return false
		}
	}
	return true
}

func sortedBy(items []*document.Node, key string) []*document.Node {
	text := func(n *document.Node) string {
		if value := member(n, key); value != nil {
			return value.Text
		}
		return ""
	}
	return slices.SortedStableFunc(slices.Values(items), func(a, b *document.Node) int {
		switch x, y := text(a), text(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}

// filledIn reports whether a member that ECS has and we did not write is one that
// it fills in.
func filledIn(ours *document.Node, m document.Member) bool {
	if empty(m.Value) {
		return true
	}
	switch m.Key.Text {
	case "essential":
		return m.Value.Text == "true"
	case "protocol":
		return m.Value.Text == "tcp"
	case "hostPort": // in network mode awsvpc the container's
		port := member(ours, "containerPort")
		return port != nil && port.Text == m.Value.Text
	case "interval": // of a health check, as the next two
		return m.Value.Text == "30"
	case "timeout":
		return m.Value.Text == "5"
	case "retries":
		return m.Value.Text == "3"
	}
	return false
}

// empty reports whether a value is what ECS has for nothing: null, false, 0, or
// nothing in it.
func empty(n *document.Node) bool {
	switch n.Kind {
	case document.Null:
		return true
	case document.Bool:
		return n.Text == "false"
	case document.Number:
		return n.Text == "0"
	case document.List:
		return len(n.Items) == 0
	case document.Map:
		return len(n.Members) == 0
	}
	return false
}
