package document

// Member returns the value at a path of keys through maps; nil if there is none. n may be
// nil.
func (n *Node) Member(path ...string) *Node {
	for _, key := range path {
		if n == nil {
			return nil
		}
		var found *Node
		for _, m := range n.Members {
			if m.Key.Text == key {
				found = m.Value
				break
			}
		}
		n = found
	}
	return n
}

// List returns the items of the list at a path of keys through maps; nil if there is none.
// n may be nil.
func (n *Node) List(path ...string) []*Node {
	if n = n.Member(path...); n != nil {
		return n.Items
	}
	return nil
}
