package input

import "reflect"

// Input is one row of the table of inputs, for help texts and documentation.
type Input struct {
	Name          string
	Type          string // of the value: string, bool, int, duration, list, map or command
	Group         string
	Default       string // empty if there is none
	ActionDefault string // the default in action.yml, if it is a different one
	Allowed       []string
	Secret        bool // the value must never be printed
	File          bool // the value is the name of a file
	Common        bool // most steps use it
	Help          string
}

// field is an input with the struct field for its value.
type field struct {
	Input
	target reflect.Value
}
