package expr

import "iter"

// Object is a value with named members, in the order in which they were set. The case of
// names does not count, except in an object of [NewEnvironment]. The zero value is an empty
// object.
type Object struct {
	members []member
	index   map[string]int
	exact   bool
	guard   func(name string) *Error
}

type member struct {
	name  string
	value any
}

// NewEnvironment returns an empty object in which the case of names counts, as it does for
// environment variables.
func NewEnvironment() *Object {
	return &Object{exact: true}
}

// Set adds a member. If the object has one with exactly that name, Set replaces its value;
// if it has one whose name differs in case, Set does nothing.
func (o *Object) Set(name string, value any) {
	key := o.key(name)
	if i, exists := o.index[key]; exists {
		if o.members[i].name == name {
			o.members[i].value = value
		}
		return
	}
	if o.index == nil {
		o.index = map[string]int{}
	}
	o.index[key] = len(o.members)
	o.members = append(o.members, member{name, value})
}

// Get returns a member's value, and whether there is such a member.
func (o *Object) Get(name string) (any, bool) {
	i, exists := o.index[o.key(name)]
	if !exists {
		return nil, false
	}
	return o.members[i].value, true
}

// All yields the members in their order.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, m := range o.members {
			if !yield(m.name, m.value) {
				return
			}
		}
	}
}

// Len returns the number of members.
func (o *Object) Len() int { return len(o.members) }

// Guard sets a function that is called for the name of each member that an expression reads
// and the object does not have. If f returns an error, the expression fails with it.
func (o *Object) Guard(f func(name string) *Error) { o.guard = f }

func (o *Object) key(name string) string {
	if o.exact {
		return name
	}
	return upper(name)
}

// Names returns the names of the members in their order.
func (o *Object) Names() []string {
	names := make([]string, len(o.members))
	for i, m := range o.members {
		names[i] = m.name
	}
	return names
}
