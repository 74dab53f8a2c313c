package tasks

import (
	"context"
	"io"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
)

// Faults are what goes wrong with a task. The zero value is nothing.
type Faults struct {
	StartFault string   // the reason why the task never starts
	Sidecars   []string // containers that the definition does not have
	Codeless   []string // containers that lose their exit codes; "*" are all
	LogDelay   time.Duration
	Stops      []Stop

	Pending     time.Duration     // how long the task is PENDING at least
	ReportDelay time.Duration     // between the end of a container and its report
	Endings     map[string]Ending // by container; "*" are all others
}

// A Stop ends a task from outside.
type Stop struct {
	After        time.Duration // since it was RUNNING
	Code, Reason string
}

// An Ending is the end of a container that does not really run.
type Ending struct {
	Code   int
	After  time.Duration // since it started
	Output string        // which it prints at once
	Reason string        // such as "OutOfMemoryError: Container killed due to memory usage"
	NoCode bool          // whether it ends without an exit code
}

// ending returns the end of a container that does not really run, and false for others.
func (f Faults) ending(container string) (Ending, bool) {
	if e, found := f.Endings[container]; found {
		return e, true
	}
	e, found := f.Endings["*"]
	return e, found
}

// run is the Run of a [runtime.Executor] for a container that does not really run.
func (e Ending) run(ctx context.Context, c runtime.Container, started func(), stop <-chan struct{}) runtime.Exit {
	started()
	io.WriteString(c.Output, e.Output)
	timer := time.NewTimer(e.After)
	defer timer.Stop()
	select {
	case <-timer.C:
		return runtime.Exit{Code: e.Code, Reason: e.Reason}
	case <-stop:
		return runtime.Exit{Code: 143}
	case <-ctx.Done():
		return runtime.Exit{Code: 137}
	}
}

func (f Faults) losesCode(container string) bool {
	for _, name := range f.Codeless {
		if name == "*" || name == container {
			return true
		}
	}
	e, _ := f.ending(container)
	return e.NoCode
}
