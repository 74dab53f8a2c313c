package rules

import (
	"iter"
	"slices"
	"strconv"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// A value is a value of a definition that may be absent, with the place at which a fault of
// it is reported: its own, or that of what it is absent from. A value of another kind than
// a method reads is as if it were absent: the check of shapes has reported it.
type value struct {
	node  *document.Node // nil if absent
	place document.Place

	// Of an absent value: the nearest node that is there, and the keys from it.
	around *document.Node
	key    string
	more   []string
}

// valueOf returns a value that is there.
func valueOf(n *document.Node) value {
	return value{node: n, place: n.Place}
}

// get returns a member of a map.
func (o value) get(key string) value {
	if m := o.node.Member(key); m != nil {
		return valueOf(m)
	}
	if o.node != nil {
		return value{place: o.place, around: o.node, key: key}
	}
	o.more = append(slices.Clip(o.more), key)
	return o
}

// path returns the path of the value in a tree whose own path is given. It searches the
// tree: few values are reported, and a path in each value would cost more.
func (o value) path(tree *document.Node, path string) string {
	if o.node != nil {
		return pathTo(o.node, tree, path)
	}
	path = document.MemberPath(pathTo(o.around, tree, path), o.key)
	for _, key := range o.more {
		path = document.MemberPath(path, key)
	}
	return path
}

// pathTo returns the path of a node in a tree whose own path is given.
func pathTo(n, tree *document.Node, path string) string {
	for _, extend := range slices.Backward(wayTo(n, tree)) {
		path = extend(path)
	}
	return path
}

// wayTo returns what extends the path of a tree to that of a node in it, the
// last step first. It is nil if the node is not in the tree.
func wayTo(n, tree *document.Node) []func(string) string {
	if n == tree {
		return []func(string) string{}
	}
	for i, item := range tree.Items {
		if way := wayTo(n, item); way != nil {
			return append(way, func(path string) string { return document.ItemPath(path, i) })
		}
	}
	for _, m := range tree.Members {
		if way := wayTo(n, m.Value); way != nil {
			return append(way, func(path string) string { return document.MemberPath(path, m.Key.Text) })
		}
	}
	return nil
}

// given reports whether the value is there.
func (o value) given() bool { return o.node != nil }

// empty reports whether the value is absent or has nothing in it.
func (o value) empty() bool {
	return o.node == nil || o.node.Text == "" && len(o.node.Items)+len(o.node.Members) == 0
}

// invalid reports whether the value is there and no string.
func (o value) invalid() bool {
	return o.node != nil && o.node.Kind != document.String
}

// text returns a string, "" if it is absent.
func (o value) text() string {
	if o.node == nil || o.node.Kind != document.String {
		return ""
	}
	return o.node.Text
}

// number returns a whole number and whether it is there.
func (o value) number() (int64, bool) {
	if o.node == nil || o.node.Kind != document.Number {
		return 0, false
	}
	i, err := strconv.ParseInt(o.node.Text, 10, 64)
	return i, err == nil
}

// isTrue reports whether the value is true, and isFalse whether it is false.
func (o value) isTrue() bool {
	return o.node != nil && o.node.Kind == document.Bool && o.node.Text == "true"
}

func (o value) isFalse() bool {
	return o.node != nil && o.node.Kind == document.Bool && o.node.Text == "false"
}

// len returns the number of items of a list.
func (o value) len() int { return len(o.items()) }

// items returns the nodes of a list.
func (o value) items() []*document.Node {
	if o.node == nil {
		return nil
	}
	return o.node.Items
}

// each yields the items of a list.
func (o value) each() iter.Seq[value] {
	return func(yield func(value) bool) {
		for _, n := range o.items() {
			if !yield(valueOf(n)) {
				return
			}
		}
	}
}

// texts returns the strings of a list.
func (o value) texts() []string {
	var texts []string
	for item := range o.each() {
		texts = append(texts, item.text())
	}
	return texts
}

// names returns the names of a list of maps.
func (o value) names() []value {
	names := make([]value, 0, o.len())
	for item := range o.each() {
		names = append(names, item.get("name"))
	}
	return names
}
