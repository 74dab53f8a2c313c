package run

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
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

// ShutdownTime is how long the step takes to end after a signal: GitHub kills a step's
// container ten seconds after it.
const ShutdownTime = 7 * time.Second

// FollowTime is how long the step goes on after its time-out at the most, when nobody
// kills it: until its tasks have stopped, and their logs are complete.
const FollowTime = time.Minute

// ShutdownBudget divides the time that the end of a step may take: until when each part
// of it may.
type ShutdownBudget struct {
	Recover time.Time // to find tasks that ECS may have started without an answer
	Stop    time.Time // to stop the tasks and see them stop
	Drain   time.Time // to read the last log lines
	CleanUp time.Time // to deregister revisions
}

// NewShutdownBudget divides the [ShutdownTime] from begin. Where revisions are to be
// deregistered, that has a second of it.
func NewShutdownBudget(begin time.Time, cleansUp bool) ShutdownBudget {
	end := begin.Add(ShutdownTime - time.Second) // what is left is for the outputs, and for a slow machine
	drain := end
	if cleansUp {
		drain = end.Add(-time.Second)
	}
	return ShutdownBudget{
		Recover: drain.Add(-1500 * time.Millisecond), Stop: drain.Add(-500 * time.Millisecond), Drain: drain, CleanUp: end,
	}
}

// stoppedLag is how long after its containers have ended ECS may take to show it.
const stoppedLag = 10 * time.Second

// newFollowBudget divides the [FollowTime] after the time-out, for tasks whose containers
// are killed a time after their stop signal.
func newFollowBudget(timeout time.Time, killed time.Duration) ShutdownBudget {
	b := NewShutdownBudget(timeout, false)
	end := timeout.Add(FollowTime)
	b.Stop = timeout.Add(min(killed+stoppedLag, FollowTime-15*time.Second))
	b.Drain, b.CleanUp = end.Add(-500*time.Millisecond), end
	return b
}

// defaultStopTimeout is the time from its stop signal to its kill of a container whose
// definition does not say.
const defaultStopTimeout = 30 * time.Second

// stopTimeout returns the longest time that ECS gives a container of the definitions
// between its stop signal and its kill.
func stopTimeout(jobs []Registered) time.Duration {
	longest := time.Duration(0)
	for _, job := range jobs {
		if job.Revision == nil {
			continue
		}
		for _, c := range job.Revision.ContainerDefinitions {
			given := defaultStopTimeout
			if c.StopTimeout != nil {
				given = time.Duration(*c.StopTimeout) * time.Second
			}
			longest = max(longest, given)
		}
	}
	return longest
}

// budget is that of a step that ends now: by the signal that ended ctx, by the time-out,
// or else by a fault.
func (s *runner) budget(ctx context.Context) ShutdownBudget {
	now, deadline := time.Now(), s.deadline()
	switch signal := Interruption(ctx); {
	case signal != nil:
		return NewShutdownBudget(signal.At, s.CleansUp)
	case !deadline.IsZero() && now.After(deadline) && s.Plan.End.StopOnInterrupt:
		return newFollowBudget(deadline, stopTimeout(s.jobs))
	case !deadline.IsZero() && now.After(deadline):
		return NewShutdownBudget(deadline, false)
	}
	return NewShutdownBudget(now, false)
}

// within returns a context for a part of the end of the step. It does not end with ctx,
// but when the time of the part is over; a signal that comes meanwhile leaves it less.
func (s *runner) within(ctx context.Context, part func(ShutdownBudget) time.Time) (context.Context, context.CancelFunc) {
	limited, cancel := context.WithDeadline(context.WithoutCancel(ctx), part(s.budget(ctx)))
	if ctx.Err() != nil {
		return limited, cancel
	}
	stop := context.AfterFunc(ctx, func() {
		if sleep.For(limited, time.Until(part(s.budget(ctx)))) {
			cancel()
		}
	})
	return limited, func() {
		stop()
		cancel()
	}
}

func toStop(b ShutdownBudget) time.Time  { return b.Stop }
func toDrain(b ShutdownBudget) time.Time { return b.Drain }
