package expr

// Kind says what is wrong with an expression.
type Kind string

// The kinds of [Error].
const (
	Lexing     Kind = "lexing"     // a character or word that is not of the language
	Parsing    Kind = "parsing"    // a word out of place, an unknown name, a limit exceeded
	Evaluation Kind = "evaluation" // a value that can't be used, a limit exceeded
	Missing    Kind = "missing"    // a name without a value where the expression needs one
	Withheld   Kind = "withheld"   // a value that exists and is never shown
)

// Error is a fault in an expression.
type Error struct {
	Kind    Kind
	Message string // for faults that GitHub's runner reports too, in its words
	Hint    string // a line that helps; may be empty

	// Position is where in the expression the fault is, counted from 1 in UTF-16
	// code units as GitHub counts; 0 if it is the whole.
	Position int

	Offset int // Position in bytes, counted from 0

	unknown string // the name that no context has
}

// Error returns the message, without the hint.
func (e *Error) Error() string { return e.Message }

// EvaluationError returns an error of the kind [Evaluation].
func EvaluationError(message string) *Error {
	return &Error{Kind: Evaluation, Message: message}
}
