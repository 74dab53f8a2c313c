// Package run registers the definitions of a plan, launches its tasks, watches them
// to their end, starts again what AWS took away, and stops what is to stop.
//
// One goroutine decides; see loop. What exists in AWS because of the run is in the
// [Ledger]; everything else is a value that is made once. The package writes to no
// stream: it emits events.
package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Logs follows the logs of a run's containers.
type Logs interface {
	// Update starts to follow what is new of a task, and ends what has ended. The
	// label tells the task from others; it is empty if there is only one.
	Update(state *task.State, label string)
	// CutOff has what there is read before the reading is cut off.
	CutOff()
	// Reading reports whether a log is still being read.
	Reading() bool
	// Wait returns when every log has been read to its end, at the latest after
	// limit, and within a second after ctx ends.
	Wait(ctx context.Context, limit time.Duration)
}

// Runner runs one plan.
type Runner struct {
	stage.Stage
	Logs    Logs
	Changes func(tasks []*task.State, atMost time.Duration) func(*ecs.Options) // as that of a task.Watch

	CleansUp     bool   // revisions may be deregistered after the run
	OwnStartedBy bool   // Plan.StartedBy is of this step alone
	RunURL       string // of the CI's page about the run; may be empty
}

// runner is a run on its way. Its fields are used on the loop's goroutine alone.
type runner struct {
	Runner
	*loop
	jobs     []outcome.Registered
	attempts []outcome.Attempt
	notRun   []int
	started  time.Time // when the first launch began; the time-out counts from it
	timedOut bool
}

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

// firstLaunches returns the launches of the tasks of a group that were not adopted.
func (s *runner) firstLaunches(group []int, launchBy time.Time) []outcome.Launch {
	var launches []outcome.Launch
	for _, job := range group {
		if count := s.Plan.Jobs[job].Count - len(outcome.Deciding(s.attempts, job)); count > 0 {
			launches = append(launches, outcome.Launch{Job: job, Count: count, LaunchBy: launchBy})
		}
	}
	return launches
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

// deadline is the end of the wait; zero if there is none.
func (s *runner) deadline() time.Time {
	return s.Plan.End.Deadline(s.started)
}

// revision returns the definition of a job's tasks.
func (s *runner) revision(job int) *types.TaskDefinition { return s.jobs[job].Revision }

func (s *runner) name(job int) string { return task.Name(s.revision(job)) }

func (s *runner) attemptsOf(group []int) []outcome.Attempt {
	return slices.DeleteFunc(slices.Clone(s.attempts),
		func(a outcome.Attempt) bool { return !slices.Contains(group, a.Job) })
}

// deciding returns the tasks of a group that decide.
func (s *runner) deciding(group []int) []*task.State {
	var states []*task.State
	for _, job := range group {
		states = append(states, outcome.Deciding(s.attempts, job)...)
	}
	return states
}

// allSucceeded reports whether nothing of the group has failed so far.
func (s *runner) allSucceeded(group []int) bool {
	for _, a := range s.attemptsOf(group) {
		if a.Err != nil {
			return false
		}
	}
	return !slices.ContainsFunc(s.deciding(group), func(state *task.State) bool {
		return state.Verdict != nil && state.Verdict.Outcome != verdict.Succeeded
	})
}

// label tells a task's log lines from those of others.
func (r Runner) label(state *task.State) string {
	if !r.Plan.MultiTask() {
		return ""
	}
	return " " + task.ShortID(state)
}

func undone(states []*task.State) []*task.State {
	return slices.DeleteFunc(slices.Clone(states), (*task.State).Done)
}

// running returns the tasks that still run, as far as is known.
func running(states []*task.State) []*task.State {
	return slices.DeleteFunc(slices.Clone(states), func(state *task.State) bool { return state.Verdict != nil })
}

// followLogs starts to read the logs of the tasks of a group.
func (s *runner) followLogs(group []int) {
	for _, state := range s.deciding(group) {
		s.Logs.Update(state, s.label(state))
	}
}
