package apischema

import (
	"iter"
	"slices"
	"strconv"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// A Value is a value of a checked document that may be absent, with the place at which a fault of
// it is reported: its own, or that of what it is absent from. A value of another kind than
// a method reads is as if it were absent: the check of shapes has reported it.
type Value struct {
	Node  *document.Node // nil if absent
	Place document.Place

	// Of an absent value: the nearest node that is there, and the keys from it.
	around *document.Node
	key    string
	more   []string
}

// ValueOf returns a value that is there.
func ValueOf(n *document.Node) Value {
	return Value{Node: n, Place: n.Place}
}

// Get returns a member of a map.
func (o Value) Get(key string) Value {
	if m := o.Node.Member(key); m != nil {
		return ValueOf(m)
	}
	if o.Node != nil {
		return Value{Place: o.Place, around: o.Node, key: key}
	}
	o.more = append(slices.Clip(o.more), key)
	return o
}

// Path returns the path of the value in a tree whose own path is given. It searches the
// tree: few values are reported, and a path in each value would cost more.
func (o Value) Path(tree *document.Node, path string) string {
	if o.Node != nil {
		return pathTo(o.Node, tree, path)
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

// Given reports whether the value is there.
func (o Value) Given() bool { return o.Node != nil }

// Empty reports whether the value is absent or has nothing in it.
func (o Value) Empty() bool {
	return o.Node == nil || o.Node.Text == "" && len(o.Node.Items)+len(o.Node.Members) == 0
}

// Invalid reports whether the value is there and no string.
func (o Value) Invalid() bool {
	return o.Node != nil && o.Node.Kind != document.String
}

// Text returns a string, "" if it is absent.
func (o Value) Text() string {
	if o.Node == nil || o.Node.Kind != document.String {
		return ""
	}
	return o.Node.Text
}

// Number returns a whole number and whether it is there.
func (o Value) Number() (int64, bool) {
	if o.Node == nil || o.Node.Kind != document.Number {
		return 0, false
	}
	i, err := strconv.ParseInt(o.Node.Text, 10, 64)
	return i, err == nil
}

// IsTrue reports whether the value is true.
func (o Value) IsTrue() bool {
	return o.Node != nil && o.Node.Kind == document.Bool && o.Node.Text == "true"
}

// IsFalse reports whether the value is false.
func (o Value) IsFalse() bool {
	return o.Node != nil && o.Node.Kind == document.Bool && o.Node.Text == "false"
}

// Len returns the number of items of a list.
func (o Value) Len() int { return len(o.Node.List()) }

// Each yields the items of a list.
func (o Value) Each() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for _, n := range o.Node.List() {
			if !yield(ValueOf(n)) {
				return
			}
		}
	}
}

// Texts returns the strings of a list.
func (o Value) Texts() []string {
	var texts []string
	for item := range o.Each() {
		texts = append(texts, item.Text())
	}
	return texts
}

// Names returns the names of a list of maps.
func (o Value) Names() []Value {
	names := make([]Value, 0, o.Len())
	for item := range o.Each() {
		names = append(names, item.Get("name"))
	}
	return names
}
