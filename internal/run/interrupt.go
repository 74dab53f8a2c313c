package run

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// Interrupted is the cause of the end of a step's context: a signal.
type Interrupted struct {
	Signal os.Signal
	At     time.Time // when it came
}

func (i *Interrupted) Error() string {
	switch i.Signal {
	case os.Interrupt:
		return "cancelled by SIGINT"
	case syscall.SIGTERM:
		return "cancelled by SIGTERM"
	case syscall.SIGHUP:
		return "cancelled by SIGHUP"
	}
	return "cancelled by signal: " + i.Signal.String()
}

// Interruption returns the signal that ended ctx, nil if none did.
func Interruption(ctx context.Context) *Interrupted {
	var interrupted *Interrupted
	errors.As(context.Cause(ctx), &interrupted)
	return interrupted
}

// ShutdownTime is how long the step takes to end after a signal or the time-out:
// GitHub kills a step's container ten seconds after the signal.
const ShutdownTime = 7 * time.Second

// ShutdownBudget divides the [ShutdownTime]: until when each part of the end of a
// step may take.
type ShutdownBudget struct {
	Recover time.Time // to find tasks that ECS may have started without an answer
	Stop    time.Time // to stop the tasks and see them stop
	Drain   time.Time // to read the last log lines
}

// NewShutdownBudget divides the time from begin.
func NewShutdownBudget(begin time.Time) ShutdownBudget {
	end := begin.Add(ShutdownTime)
	return ShutdownBudget{
		Recover: end.Add(-2500 * time.Millisecond),
		Stop:    end.Add(-1500 * time.Millisecond),
		Drain:   end.Add(-time.Second), // what is left is for the outputs, and for a slow machine
	}
}

// budgetAt is the budget of a step that ends now: by the signal that ended ctx, by
// the deadline, which is zero if there is none, or else by a fault.
func budgetAt(ctx context.Context, deadline, now time.Time) ShutdownBudget {
	switch signal := Interruption(ctx); {
	case signal != nil:
		return NewShutdownBudget(signal.At)
	case !deadline.IsZero() && now.After(deadline):
		return NewShutdownBudget(deadline)
	}
	return NewShutdownBudget(now)
}
