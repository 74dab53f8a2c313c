package conclude

import (
	"os"
	"syscall"
)

// The exit statuses besides those of containers, which are 1 to 255 as they are,
// after docker run and timeout(1). A step that a signal ended exits with 128 and
// the signal's number.
const (
	ExitGood     = 0   // everything went well
	ExitFaults   = 1   // the command check found faults
	ExitTimedOut = 124 // the time-out came before the end
	ExitError    = 125 // the step itself could not do its work
	ExitSignal   = 128 // plus the number of the signal
)

// SignalStatus is the exit status after a signal.
func SignalStatus(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return ExitSignal + int(number)
	}
	return ExitError
}

// exitCode is the step's exit status for a container's code. A code that an exit
// status can't hold, as Windows has them, must not become 0.
func exitCode(code *int32) int {
	switch {
	case code == nil:
		return ExitError
	case *code < 1 || *code > 255:
		return 255
	}
	return int(*code)
}
