package taskdef

import (
	"iter"
	"slices"
	"strconv"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// An object is a value that may be absent, with the place to tell of it: its
// own, or that of what it is absent from. Values of another kind than asked for
// read as zero: they are told of already.
type object struct {
	node  *document.Node // nil if absent
	place document.Place

	// Of an absent value: the nearest that is there, and the way from it.
	around *document.Node
	key    string
	more   []string
}

// objectOf returns a value that is there.
func objectOf(n *document.Node) object {
	return object{node: n, place: n.Place}
}

// get returns a member of a map.
func (o object) get(key string) object {
	if m := member(o.node, key); m != nil {
		return objectOf(m)
	}
	if o.node != nil {
		return object{place: o.place, around: o.node, key: key}
	}
	o.more = append(slices.Clip(o.more), key)
	return o
}

// path returns the path of the value in a tree whose own path is given. It is
// searched for, since few values are told of and a path for each would cost more.
func (o object) path(tree *document.Node, path string) string {
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
func (o object) given() bool { return o.node != nil }

// empty reports whether the value is absent or has nothing in it.
func (o object) empty() bool {
	return o.node == nil || o.node.Text == "" && len(o.node.Items)+len(o.node.Members) == 0
}

// odd reports whether the value is there and no string.
func (o object) odd() bool {
	return o.node != nil && o.node.Kind != document.String
}

// text returns a string, "" if it is absent.
func (o object) text() string {
	if o.node == nil || o.node.Kind != document.String {
		return ""
	}
	return o.node.Text
}

// number returns a whole number and whether it is there.
func (o object) number() (int64, bool) {
	if o.node == nil || o.node.Kind != document.Number {
		return 0, false
	}
	i, err := strconv.ParseInt(o.node.Text, 10, 64)
	return i, err == nil
}

// isTrue reports whether the value is true, and isFalse whether it is false.
func (o object) isTrue() bool {
	return o.node != nil && o.node.Kind == document.Bool && o.node.Text == "true"
}

func (o object) isFalse() bool {
	return o.node != nil && o.node.Kind == document.Bool && o.node.Text == "false"
}

// len returns the number of items of a list.
func (o object) len() int { return len(items(o.node)) }

// each yields the items of a list.
func (o object) each() iter.Seq[object] {
	return func(yield func(object) bool) {
		for _, n := range items(o.node) {
			if !yield(objectOf(n)) {
				return
			}
		}
	}
}
