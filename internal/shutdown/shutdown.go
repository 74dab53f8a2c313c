// Package shutdown is the end of a step before its tasks: the signal that is its cause, and
// the time that it has, divided among the parts of the end. It is pure.
package shutdown

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

// Time is how long the step takes to end after a signal: GitHub kills a step's
// container ten seconds after it.
const Time = 7 * time.Second

// FollowTime is how long the step runs at most after its time-out if it is not killed: until its
// tasks have stopped and their logs are complete.
const FollowTime = time.Minute

// Budget divides the time that the end of a step may take: until when each part
// of it may.
type Budget struct {
	Recover time.Time // to find tasks that ECS may have started without an answer
	Stop    time.Time // to stop the tasks and see them stop
	Drain   time.Time // to read the last log lines
	CleanUp time.Time // to deregister revisions
}

// NewBudget divides the [Time] from begin. Where revisions are to be
// deregistered, that has a second of it.
func NewBudget(begin time.Time, cleansUp bool) Budget {
	end := begin.Add(Time - time.Second) // what is left is for the outputs, and for a slow machine
	drain := end
	if cleansUp {
		drain = end.Add(-time.Second)
	}
	return Budget{
		Recover: drain.Add(-1500 * time.Millisecond), Stop: drain.Add(-500 * time.Millisecond), Drain: drain, CleanUp: end,
	}
}

// stoppedLag is how long after its containers have ended ECS may take to show it.
const stoppedLag = 10 * time.Second

// NewFollowBudget divides the [FollowTime] after the time-out, for tasks whose containers
// are killed a time after their stop signal.
func NewFollowBudget(timeout time.Time, killed time.Duration) Budget {
	b := NewBudget(timeout, false)
	end := timeout.Add(FollowTime)
	b.Stop = timeout.Add(min(killed+stoppedLag, FollowTime-15*time.Second))
	b.Drain, b.CleanUp = end.Add(-500*time.Millisecond), end
	return b
}
