// Package run launches the tasks of a plan whose definitions are registered, and watches them
// until they end. It launches tasks again if AWS lost their host or had no room for them, and it
// stops tasks at a signal, at the timeout and after a fault.
//
// One goroutine makes all decisions; see loop. The ledger records what the run created in AWS. The
// package writes to no stream: it emits events.
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

// Run launches the tasks of the registered jobs and follows them until they end. It does not
// launch tasks that the adopted attempts already have. It returns after all its goroutines have
// ended. The timeout counts from began, which is the time when the step began to wait for tasks of
// others. A zero began means that the step did not wait; the timeout then counts from the first
// launch.
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

// runGroup launches the jobs of a group and follows them until they end. It launches tasks again
// if AWS lost their host or had no room for them, as far as the plan allows retries.
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

// logSkipped names the definitions that do not run because an earlier group failed.
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

func (s *runner) followLogs(group []int) {
	for _, state := range s.deciding(group) {
		s.Logs.Update(state, s.label(state))
	}
}
