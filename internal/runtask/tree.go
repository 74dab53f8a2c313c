package runtask

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

func text(value string) *document.Node { return &document.Node{Kind: document.String, Text: value} }

func number(n int) *document.Node {
	return &document.Node{Kind: document.Number, Text: strconv.Itoa(n)}
}

func texts(values []string) *document.Node {
	list := &document.Node{Kind: document.List}
	for _, value := range values {
		list.Items = append(list.Items, text(value))
	}
	return list
}

// pairs returns a list of maps with the members key and value. of returns the two texts of an
// item.
func pairs[P any](items []P, key, value string, of func(P) (string, string)) *document.Node {
	list := &document.Node{Kind: document.List}
	for _, item := range items {
		k, v := of(item)
		entry := &document.Node{Kind: document.Map}
		put(entry, text(k), key)
		put(entry, text(v), value)
		list.Items = append(list.Items, entry)
	}
	return list
}

// put appends a member at a path. It adds missing maps on the path. The member must not exist.
func put(n, value *document.Node, path ...string) {
	for _, key := range path[:len(path)-1] {
		inner := n.Member(key)
		if inner == nil {
			inner = &document.Node{Kind: document.Map}
			put(n, inner, key)
		}
		n = inner
	}
	n.Members = append(n.Members, document.Member{Key: text(path[len(path)-1]), Value: value})
}

// without returns a copy of a map without some members. n may be nil.
func without(n *document.Node, keys ...string) *document.Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Members = slices.DeleteFunc(slices.Clone(n.Members),
		func(m document.Member) bool { return slices.Contains(keys, m.Key.Text) })
	return &c
}

// identity maps the path of a list to the member that identifies its items. merge merges the
// items of these lists, and replaces all other lists completely.
var identity = map[string]string{
	"tags":                         "key",
	"overrides.containerOverrides": "name",
	"overrides.containerOverrides.environment": "name",
}

// merge returns the values of low and high, in which high takes precedence. path is the path of
// both in the request. merge changes neither of them. Both may be nil.
func merge(low, high *document.Node, path string) *document.Node {
	switch {
	case high == nil:
		return low
	case low == nil || low.Kind != high.Kind:
		return high
	case high.Kind == document.Map:
		return mergeMembers(low, high, path)
	case high.Kind == document.List && identity[path] != "":
		return mergeItems(low, high, path)
	}
	return high
}

func mergeMembers(low, high *document.Node, path string) *document.Node {
	merged := *low
	merged.Members = slices.Clone(low.Members)
	for _, m := range high.Members {
		i := slices.IndexFunc(merged.Members, func(own document.Member) bool { return own.Key.Text == m.Key.Text })
		if i < 0 {
			merged.Members = append(merged.Members, m)
			continue
		}
		inner := strings.TrimPrefix(path+"."+m.Key.Text, ".")
		merged.Members[i].Value = merge(merged.Members[i].Value, m.Value, inner)
	}
	return &merged
}

func mergeItems(low, high *document.Node, path string) *document.Node {
	id := func(n *document.Node) string {
		if name := n.Member(identity[path]); name != nil {
			return name.Text
		}
		return ""
	}
	merged := *low
	merged.Items = slices.Clone(low.Items)
	for _, item := range high.Items {
		i := slices.IndexFunc(merged.Items, func(own *document.Node) bool { return id(own) == id(item) })
		if i < 0 {
			merged.Items = append(merged.Items, item)
			continue
		}
		merged.Items[i] = merge(merged.Items[i], item, path)
	}
	return &merged
}

// quotedList returns the values in the form "a", "b" and "c".
func quotedList(values []string) string {
	var quoted []string
	for _, value := range values {
		quoted = append(quoted, strconv.Quote(value))
	}
	return joinAnd(quoted)
}

func joinAnd(values []string) string {
	last := len(values) - 1
	if last < 1 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:last], ", ") + " and " + values[last]
}

// fault returns an error about a member of a request. It is a [*document.Error] if the member
// has a position in a document, and an [*input.Error] about the input name otherwise.
func fault(tree *document.Node, member, name, message string) error {
	if n := tree.Member(member); n != nil && n.Place != (document.Place{}) {
		return &document.Error{Place: n.Place, Path: member, Message: message}
	}
	return &input.Error{Input: name, Message: message}
}
