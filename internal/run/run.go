// Package run launches the tasks of a plan whose definitions are registered, watches them
// to their end, starts again what AWS took away, and stops what is to stop.
//
// One goroutine decides; see loop. What exists in AWS because of the run is in the
// ledger; everything else is a value that is made once. The package writes to no
// stream: it emits events.
package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

// Run launches the tasks of the registered jobs and follows them to their end, but
// for those that adopted attempts have. It never returns before its goroutines have
// ended. The time-out counts from when the run began to wait for tasks of others, which is
// zero if it did not.
func (r Runner) Run(ctx context.Context, began time.Time, jobs []outcome.Registered,
	adopted []outcome.Attempt) outcome.Outcome {
	s := &runner{Runner: r, loop: newLoop(), jobs: jobs, attempts: adopted, started: began}
	var err error
	for i, group := range r.Plan.Groups {
		err = s.runGroup(ctx, group)
		if err != nil || !s.allSucceeded(group) {
			s.logSkipped(r.Plan.Groups[i+1:])
			break
		}
	}
	s.stopServers(ctx, err)
	out := outcome.Outcome{Plan: s.Plan, Jobs: s.jobs, Attempts: s.attempts, NotRun: s.notRun, Started: s.started}
	if s.timedOut {
		out.Cause = outcome.TimedOut
	}
	return out.End(ctx, err)
}

// runGroup launches the jobs of a group and follows them to their end. Tasks that
// AWS took away are started again where that is asked for.
func (s *runner) runGroup(ctx context.Context, group []int) error {
	if s.started.IsZero() {
		s.started = time.Now()
	}
	first := s.firstLaunches(group, time.Now().Add(s.Plan.End.LaunchTimeout))
	for launches := first; ; {
		from := len(s.attempts)
		err := s.launch(ctx, group, launches)
		if err == nil {
			var again []outcome.Launch
			if again, err = s.contest(ctx, group, from); len(again) > 0 && err == nil {
				launches = again
				continue
			}
		}
		s.followLogs(group)
		if !s.Plan.End.Waits() {
			if err == nil {
				s.Emit.Printf("steady-state check skipped: the step does not wait for the tasks")
			}
			return err
		}
		err = errors.Join(err, s.watch(ctx, group))
		if err != nil || ctx.Err() != nil || s.timedOut {
			return err
		}
		again, wait := outcome.Next(s.Plan.End, time.Now(), s.deadline(), s.attemptsOf(group))
		if len(again) == 0 {
			return nil
		}
		s.reportRetries(again, wait)
		if wait > 0 && !sleep.For(ctx, wait) {
			return context.Cause(ctx)
		}
		launches = again
	}
}

func (s *runner) reportRetries(again []outcome.Launch, wait time.Duration) {
	noRoom := 0
	for _, l := range again {
		noRoom += len(l.NoRoom)
		if len(l.Lost) > 0 {
			s.Emit.Printf("running %s of %s again (retry %d of %d)", event.Plural(len(l.Lost), "task"), s.name(l.Job), l.Rerun,
				s.Plan.End.Retries)
		}
	}
	if noRoom > 0 {
		s.Emit.Printf("AWS had no room for %s: starting again in %s", event.Plural(noRoom, "task"), event.Duration(wait))
	}
}

// logSkipped says which definitions are not run, since one before them failed.
func (s *runner) logSkipped(groups [][]int) {
	s.notRun = slices.Concat(groups...)
	var names []string
	for _, job := range s.notRun {
		names = append(names, s.name(job))
	}
	if len(names) > 0 {
		s.Emit.Printf("not run after that: %s", strings.Join(names, ", "))
	}
}

// followLogs starts to read the logs of the tasks of a group.
func (s *runner) followLogs(group []int) {
	for _, state := range s.deciding(group) {
		s.Logs.Update(state, s.label(state))
	}
}
