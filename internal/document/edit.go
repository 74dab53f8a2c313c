package document

import "slices"

// The methods below return changed copies: a stage never changes a tree that it receives.

// With returns a copy of a map with value at key. It replaces the value of an
// existing key; a new key becomes the last member.
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
