// Package document turns JSON and YAML text into a tree whose every node knows
// the file, line and column it was written at, and a tree back into JSON.
//
// It does not know the meaning of a document: its callers decide which members and values
// are allowed. They report faults by the [Error], [Warning] and [Findings] of this package,
// so that every fault has a place.
package document

import "fmt"

// Kind is the kind of value a [Node] holds.
type Kind uint8

// The kinds of value, which are those of JSON.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Map
)

// String returns the kind as messages name it: "null", "true or false",
// "number", "string", "list" or "map".
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "true or false"
	case Number:
		return "number"
	case String:
		return "string"
	case List:
		return "list"
	case Map:
		return "map"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Node is one value of a document. The zero value is a null without a place.
type Node struct {
	Kind Kind

	// Text is the content of a scalar: the decoded characters of a String, the
	// literal of a Number as JSON spells it, "true" or "false" of a Bool.
	// It is empty for the other kinds.
	Text string

	// Written is the spelling of a Null, a Bool or a Number in the text if JSON spells it
	// differently, as YAML's 0x1F, True or ~; else it is empty.
	Written string

	Items   []*Node  // of a List
	Members []Member // of a Map, in the order they were written

	Place Place
}

// Member is one key of a map with its value. The key is a String node.
type Member struct {
	Key   *Node
	Value *Node
}

// Place is a position in a text. The zero value is no place.
type Place struct {
	Name   string // the name of the text, such as its file
	Line   int    // counts from 1; 0 if only the text is known
	Column int    // counts from 1, in characters
}

// String returns name:line:column, or only the name where the line is unknown.
func (p Place) String() string {
	if p.Line == 0 {
		return p.Name
	}
	return fmt.Sprintf("%s:%d:%d", p.Name, p.Line, p.Column)
}

// Error is a fault at a place.
type Error struct {
	Place   Place
	Path    string // of the member, such as containerDefinitions[0].memory; empty for the whole document
	Code    string // of the broken rule, such as fargate-cpu; empty for a syntax error
	Message string // what was expected and what was found, beginning in lower case
	Hint    string // such as a corrected text that can be pasted; may be empty
}

// Error returns "place: path: message", without the hint.
func (e *Error) Error() string {
	s := e.Message
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Place != (Place{}) {
		s = e.Place.String() + ": " + s
	}
	return s
}

// Warning is a finding at a place that is no fault.
type Warning struct {
	Error

	// Notice is true for a harmless change of the document, and false for something that
	// may be a mistake.
	Notice bool
}
