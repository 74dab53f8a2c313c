// Package result is what a step did, as a value, and in the forms that programs read: JSON
// with its schema, the outputs of the step, and NAME=value lines.
//
// It decides nothing and writes nothing. What it returns for others has no secret in it, as
// far as the function that it is given hides them.
package result

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Status is how the step ended.
type Status string

// The statuses.
const (
	Succeeded Status = "succeeded" // every task was good
	Failed    Status = "failed"    // a task was not
	TimedOut  Status = "timed-out" // the time-out came first
	Cancelled Status = "cancelled" // a signal came first
	Started   Status = "started"   // the tasks were started, and not waited for
	Running   Status = "running"   // the tasks run, as was asked for
	Healthy   Status = "healthy"   // the tasks run and pass their health checks, as was asked for
	DryRun    Status = "dry-run"   // nothing was changed, as was asked for
	Errored   Status = "error"     // the step could not do its work
)

// Result is all that the step did, as far as it came.
type Result struct {
	Status   Status
	ExitCode int    // the step's exit status
	Reason   string // why, in one line

	Families []string // of the definitions, as far as they are known
	Cluster  string
	Region   string   // empty if it is not known
	NotRun   []string // family:revision of definitions that were not run, since one before failed

	Definitions []*types.TaskDefinition // that were to be run, in their order
	Registered  []string                // ARNs of those that this step registered
	Tasks       []*task.State           // that this step started
	Replaced    []string                // ARNs of those of them that others were started for
	Rule        verdict.Rule            // which containers decide
	Failures    []types.Failure         // why tasks did not start
	Faults      []event.Note            // what went wrong, as it was told
	Logs        []Log                   // of the tasks' containers
	Local       bool                    // on the embedded ECS, of which the AWS console shows nothing
	Ended       time.Time               // when the step came to its end
	Commit      string                  // that definitions were taken from; empty if from no repository
	Requests    []Request               // that a dry run would have sent
	Compared    []Comparison            // of the definitions that were to be registered

	TaskOutputs outputs.Values            // what the tasks gave together; nil if nothing
	OutputsOf   map[string]outputs.Values // what each of them gave, by its ARN

	short bool // tasks, faults or requests are left out
}

// Comparison is what a definition changes about the newest active revision of its family.
type Comparison struct {
	Family  string           `json:"family" doc:"The family."`
	Against string           `json:"against,omitempty" doc:"The revision that it was compared with, as family:revision; not there if the family had none."`
	Changes []taskdef.Change `json:"changes" doc:"The members that differ from what ECS stores of that revision."`
}

// Request is one call that a dry run did not make.
type Request struct {
	Operation string          `json:"operation" doc:"The operation, such as RunTask."`
	Input     json.RawMessage `json:"input" doc:"Its request, as --cli-input-json of the AWS CLI takes it."`
}

// Log is what is known of one container's log.
type Log struct {
	TaskARN, Container string
	URL                string   // in the AWS console; empty if it is not there
	Last               []string // the last lines, oldest first, where they were read
}

// logURLs returns the addresses of the logs that have one.
func (r Result) logURLs() []string {
	urls := []string{}
	for _, log := range r.Logs {
		if log.URL != "" {
			urls = append(urls, log.URL)
		}
	}
	return urls
}

// IsSuccess reports whether a task succeeded, or reached the state that the step waits for.
func IsSuccess(state *task.State) bool {
	return state.Verdict != nil && state.Verdict.Outcome == verdict.Succeeded || state.Reached
}

// FailedFirst returns the tasks, those that failed first.
func FailedFirst(states []*task.State) []*task.State {
	sorted := slices.Clone(states)
	rank := func(state *task.State) int {
		if IsSuccess(state) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(sorted, func(a, b *task.State) int { return rank(a) - rank(b) })
	return sorted
}

// LogOf returns the log of a task's container, the zero value if it was not read.
func (r Result) LogOf(state *task.State, container string) Log {
	for _, log := range r.Logs {
		if log.TaskARN == aws.ToString(state.TaskArn) && log.Container == container {
			return log
		}
	}
	return Log{}
}

// LastLines returns the last lines of the log, at most so many, each readable and
// cut to a length that can be read. Hide takes secrets out of a text.
func (l Log) LastLines(hide func(string) string, most int) []string {
	const longest = 2000 // characters of a line
	lines := plaintext.LastLines(hide, l.Last, most, longest)
	for i, line := range lines {
		lines[i] = plaintext.Readable(line)
	}
	return lines
}
