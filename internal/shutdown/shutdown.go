// Package shutdown describes the shutdown of a step that ends before its tasks: the signal that
// causes it, and the deadlines of its phases. The package has no side effects.
package shutdown

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// Interrupted is the cause of a step's context that a signal cancelled.
type Interrupted struct {
	Signal os.Signal
	At     time.Time // when the step received the signal
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

// Interruption returns the signal that cancelled ctx. It returns nil if there is no such signal.
func Interruption(ctx context.Context) *Interrupted {
	var interrupted *Interrupted
	errors.As(context.Cause(ctx), &interrupted)
	return interrupted
}

// Time is the maximum duration of the shutdown after a signal. GitHub kills the container of a
// step ten seconds after the signal.
const Time = 7 * time.Second

// FollowTime is the maximum duration of the shutdown after the step's timeout. In this time the
// tasks stop and the step reads the rest of their logs.
const FollowTime = time.Minute

// Budget has the deadlines of the phases of a shutdown.
type Budget struct {
	Recover time.Time // for finding tasks of launches that ECS did not answer
	Stop    time.Time // for stopping the tasks and waiting until they stop
	Drain   time.Time // for reading the last log lines
	CleanUp time.Time // for deregistering revisions
}

// NewBudget returns the deadlines of a shutdown that starts at begin and takes [Time]. If cleansUp
// is true, one second is reserved for deregistering revisions.
func NewBudget(begin time.Time, cleansUp bool) Budget {
	end := begin.Add(Time - time.Second) // the last second is for the outputs and slow machines
	drain := end
	if cleansUp {
		drain = end.Add(-time.Second)
	}
	return Budget{
		Recover: drain.Add(-1500 * time.Millisecond), Stop: drain.Add(-500 * time.Millisecond), Drain: drain, CleanUp: end,
	}
}

// stoppedLag is how long ECS may take to report a task as stopped after its containers ended.
const stoppedLag = 10 * time.Second

// NewFollowBudget returns the deadlines of a shutdown that starts at timeout and takes
// [FollowTime]. killed is the time from the stop signal of the containers until ECS kills them.
func NewFollowBudget(timeout time.Time, killed time.Duration) Budget {
	b := NewBudget(timeout, false)
	end := timeout.Add(FollowTime)
	b.Stop = timeout.Add(min(killed+stoppedLag, FollowTime-15*time.Second))
	b.Drain, b.CleanUp = end.Add(-500*time.Millisecond), end
	return b
}
