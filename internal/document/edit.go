package document

import "slices"

// Copies of nodes with changes: a tree that a stage was given is never changed.

// With returns a copy of a map in which key has the value: in the place of the former
// value if there is one, else as the last member.
func (n *Node) With(key string, value *Node) *Node {
	c := *n
	c.Members = slices.Clone(n.Members)
	for i, m := range c.Members {
		if m.Key.Text == key {
			c.Members[i].Value = value
			return &c
		}
	}
	c.Members = append(c.Members, Member{Key: &Node{Kind: String, Text: key, Place: value.Place}, Value: value})
	return &c
}

// Without returns a copy of a map without the members for which drop is true.
func (n *Node) Without(drop func(Member) bool) *Node {
	c := *n
	c.Members = slices.DeleteFunc(slices.Clone(n.Members), drop)
	return &c
}
