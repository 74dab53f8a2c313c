package run

import (
	"context"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

// defaultStopTimeout is the time between the stop signal and the kill of a container whose
// definition sets no stopTimeout.
const defaultStopTimeout = 30 * time.Second

// stopTimeout returns the longest time that ECS gives a container of the definitions between its
// stop signal and its kill. It returns 0 if no job has a revision.
func stopTimeout(jobs []outcome.Registered) time.Duration {
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

// budget returns the deadlines of a step that ends now. They count from the signal that ended ctx,
// else from the timeout if it has passed, else from now.
func (s *runner) budget(ctx context.Context) shutdown.Budget {
	now, deadline := time.Now(), s.deadline()
	switch signal := shutdown.Interruption(ctx); {
	case signal != nil:
		return shutdown.NewBudget(signal.At, s.CleansUp)
	case !deadline.IsZero() && now.After(deadline) && s.Plan.End.StopOnInterrupt:
		return shutdown.NewFollowBudget(deadline, stopTimeout(s.jobs))
	case !deadline.IsZero() && now.After(deadline):
		return shutdown.NewBudget(deadline, false)
	}
	return shutdown.NewBudget(now, false)
}

// within returns a context for one part of the end of the step. It ends at the deadline of that
// part. It does not end with ctx; if a signal ends ctx, the deadline becomes the one that counts
// from the signal.
func (s *runner) within(ctx context.Context, part func(shutdown.Budget) time.Time) (context.Context,
	context.CancelFunc) {
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

func toStop(b shutdown.Budget) time.Time  { return b.Stop }
func toDrain(b shutdown.Budget) time.Time { return b.Drain }
