package run

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Logs follows the logs of a run's containers.
type Logs interface {
	// Update starts to follow what is new of a task, and ends what has ended. The
	// label identifies the task among others; it is empty if there is only one.
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

// label returns the prefix of the log lines of a task among those of others.
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

// replaceStates gives the attempts newer states of their tasks.
func (s *runner) replaceStates(states []*task.State) {
	newer := map[string]*task.State{}
	for _, state := range states {
		newer[aws.ToString(state.TaskArn)] = state
	}
	s.attempts = slices.Clone(s.attempts)
	for i, a := range s.attempts {
		a.Tasks = slices.Clone(a.Tasks)
		for j, state := range a.Tasks {
			if now := newer[aws.ToString(state.TaskArn)]; now != nil {
				a.Tasks[j] = now
			}
		}
		s.attempts[i] = a
	}
}

func (s *runner) timedOutText() string { return "timed out after " + s.Plan.End.Timeout.String() }

func (s *runner) elapsed() string { return event.Duration(time.Since(s.started)) }
