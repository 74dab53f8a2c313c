package input

import "fmt"

// Error is a fault in one input.
type Error struct {
	Input   string // its name, such as file-paths; empty if the fault is not in one input
	Message string
	Hint    string // a value to paste instead; empty if there is none
}

func (e *Error) Error() string {
	if e.Input == "" {
		return e.Message
	}
	return e.Input + ": " + e.Message
}

// reader collects faults, so that all are reported at once.
type reader struct{ faults []error }

func (r *reader) fault(input, format string, args ...any) {
	r.faults = append(r.faults, &Error{Input: input, Message: fmt.Sprintf(format, args...)})
}

// hintedError is an error with a hint: a value to paste.
type hintedError struct{ message, hint string }

func (e *hintedError) Error() string { return e.message }

func hintedFault(hint, format string, args ...any) error {
	return &hintedError{fmt.Sprintf(format, args...), hint}
}
