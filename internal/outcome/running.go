package outcome

import (
	"context"
	"fmt"
	"strings"
)

// RunningError says that tasks of a family of the plan run already, which the input
// if-running does not allow.
type RunningError struct {
	Family   string
	Tasks    []string // what is said of each
	Waited   bool     // for them, until the time-out
	Followed bool     // the tasks were to be followed, and can't be
}

func (e *RunningError) Error() string {
	text := fmt.Sprintf("family %s runs already: %s", e.Family, strings.Join(e.Tasks, "; "))
	switch {
	case e.Waited:
		return "waited to the time-out: " + text
	case e.Followed:
		return text + " (if-running: follow)"
	}
	return text + " (if-running: fail)"
}

// Unwrap returns [context.DeadlineExceeded] if the step waited to its time-out.
func (e *RunningError) Unwrap() error {
	if e.Waited {
		return context.DeadlineExceeded
	}
	return nil
}
