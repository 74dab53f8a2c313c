package expand

import "iter"

// Object is a value with named members, in the order they were set. Names are
// the same whatever their case, unless the object is made by [NewEnvironment].
// The zero value is an empty object.
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

// NewEnvironment returns an empty object whose names differ by case, as those
// of environment variables do.
func NewEnvironment() *Object {
	return &Object{exact: true}
}

// Set adds a member. If there is one of that name, its value is replaced where
// the name is spelled alike, and otherwise the first one stays.
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

// Guard makes expressions that ask for a member that the object does not have
// fail with what f returns, unless that is nil.
func (o *Object) Guard(f func(name string) *Error) { o.guard = f }

func (o *Object) key(name string) string {
	if o.exact {
		return name
	}
	return upper(name)
}

// names returns the members' names in their order.
func (o *Object) names() []string {
	names := make([]string, len(o.members))
	for i, m := range o.members {
		names[i] = m.name
	}
	return names
}
