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
	// Update starts to follow the logs of containers that have started since the last call. It
	// ends the reading of logs whose containers have ended. The label identifies the task in the
	// output; it is empty if there is only one task.
	Update(state *task.State, label string)
	// CutOff reads the available lines and then stops reading.
	CutOff()
	// Reading reports whether a log is still being read.
	Reading() bool
	// Wait returns when every log has been read to its end. It returns after limit at the latest,
	// and within a second after ctx ends.
	Wait(ctx context.Context, limit time.Duration)
}

// Runner runs one plan.
type Runner struct {
	stage.Stage
	Logs Logs

	// Changes is the field of [task.Watch] with the same name; it may be nil.
	Changes func(tasks []*task.State, atMost time.Duration) func(*ecs.Options)

	CleansUp     bool   // the step may deregister revisions after the run
	OwnStartedBy bool   // no other step uses Plan.StartedBy
	RunURL       string // the CI's page about the run; may be empty
}

// runner is a run in progress. Only the loop's goroutine uses its fields.
type runner struct {
	Runner
	*loop
	jobs     []outcome.Registered
	attempts []outcome.Attempt
	notRun   []int
	started  time.Time // when the timeout began to count; see [Runner.Run]
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

// deadline returns when the timeout ends the run. It returns zero if there is no timeout.
func (s *runner) deadline() time.Time {
	return s.Plan.End.Deadline(s.started)
}

// revision returns the task definition revision of a job's tasks.
func (s *runner) revision(job int) *types.TaskDefinition { return s.jobs[job].Revision }

func (s *runner) name(job int) string { return task.Name(s.revision(job)) }

func (s *runner) attemptsOf(group []int) []outcome.Attempt {
	return slices.DeleteFunc(slices.Clone(s.attempts),
		func(a outcome.Attempt) bool { return !slices.Contains(group, a.Job) })
}

// deciding returns the tasks whose results decide the outcome of a group: those that were neither
// replaced nor withdrawn.
func (s *runner) deciding(group []int) []*task.State {
	var states []*task.State
	for _, job := range group {
		states = append(states, outcome.Deciding(s.attempts, job)...)
	}
	return states
}

// allSucceeded reports whether no launch and no task of the group has failed so far.
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

// label returns the prefix of a task's log lines. It is empty if the plan has only one task.
func (r Runner) label(state *task.State) string {
	if !r.Plan.MultiTask() {
		return ""
	}
	return " " + task.ShortID(state)
}

func pending(states []*task.State) []*task.State {
	return slices.DeleteFunc(slices.Clone(states), (*task.State).Done)
}

// running returns the tasks that have no verdict yet.
func running(states []*task.State) []*task.State {
	return slices.DeleteFunc(slices.Clone(states), func(state *task.State) bool { return state.Verdict != nil })
}

// replaceStates replaces the states of tasks in the attempts by newer ones.
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
