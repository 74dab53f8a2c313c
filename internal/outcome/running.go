package outcome

import (
	"context"
	"fmt"
	"strings"
)

// RunningError is the error if tasks of a family in the plan are already running and the input
// if-running does not allow a second task.
type RunningError struct {
	Family   string
	Tasks    []string // a description of each running task
	Waited   bool     // the step waited for the tasks until its timeout
	Followed bool     // if-running is follow, but the step cannot follow the tasks
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

// Unwrap returns [context.DeadlineExceeded] if the step waited until its timeout, else nil.
func (e *RunningError) Unwrap() error {
	if e.Waited {
		return context.DeadlineExceeded
	}
	return nil
}
