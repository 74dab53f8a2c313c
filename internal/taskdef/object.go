package taskdef

import (
	"iter"
	"strconv"

	"ecs-run-task/internal/document"
)

// An object is a value that may be absent, with its path and the place to tell
// of it: its own, or that of what it is absent from. Values of another kind than
// asked for read as zero: they are told of already.
type object struct {
	node  *document.Node // nil if absent
	path  string
	place document.Place
}

// get returns a member of a map.
func (o object) get(key string) object {
	m := object{path: document.MemberPath(o.path, key), place: o.place}
	if m.node = member(o.node, key); m.node != nil {
		m.place = m.node.Place
	}
	return m
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
		for i, n := range items(o.node) {
			if !yield(object{node: n, path: document.ItemPath(o.path, i), place: n.Place}) {
				return
			}
		}
	}
}
