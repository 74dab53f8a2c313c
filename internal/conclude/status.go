package conclude

import (
	"os"
	"syscall"
)

// Exit statuses of the step, as in docker run and timeout(1). The codes 1 to 255 of a
// failed container are passed through. After a signal the exit status is 128 plus the
// signal's number.
const (
	ExitSuccess  = 0   // success
	ExitFaults   = 1   // the command check found errors
	ExitTimedOut = 124 // timeout
	ExitError    = 125 // the step itself failed
	ExitSignal   = 128 // plus the number of the signal
)

// SignalStatus returns the exit status after a signal.
func SignalStatus(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return ExitSignal + int(number)
	}
	return ExitError
}

// exitCode returns the exit status of the step for a container's exit code; nil means that
// it has none. Codes outside of 1 to 255, as on Windows, become 255 and never 0.
func exitCode(code *int32) int {
	switch {
	case code == nil:
		return ExitError
	case *code < 1 || *code > 255:
		return 255
	}
	return int(*code)
}
