// Package result describes the result of a step, and formats it for programs: as JSON with
// its schema, as outputs of the step, and as NAME=value lines.
//
// It decides nothing and writes no file. The formatted texts contain no secrets, as far as
// the given function hides them.
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
	Succeeded Status = "succeeded" // every task succeeded
	Failed    Status = "failed"    // a task failed
	TimedOut  Status = "timed-out" // the timeout came first
	Cancelled Status = "cancelled" // a signal came first
	Started   Status = "started"   // the tasks were started; the step does not wait for their end
	Running   Status = "running"   // the tasks are running; the step does not wait for their end
	Healthy   Status = "healthy"   // the tasks pass their health checks; the step does not wait for their end
	DryRun    Status = "dry-run"   // the inputs request that nothing is changed
	Errored   Status = "error"     // the step itself failed
)

// Result is the result of a step, as far as the step got.
type Result struct {
	Status   Status
	ExitCode int    // the step's exit status
	Reason   string // why, in one line

	Families []string // of the definitions that are known
	Cluster  string
	Region   string   // empty if unknown
	NotRun   []string // family:revision of definitions after a failed one, which were not run

	Definitions []*types.TaskDefinition // of this run, in their order
	Registered  []string                // ARNs of definitions that this step registered
	Tasks       []*task.State           // that this step started
	Replaced    []string                // ARNs of tasks that a retry replaced
	Rule        verdict.Rule            // which containers decide
	Failures    []types.Failure         // why tasks did not start
	Faults      []event.Note            // errors that the step printed
	Logs        []Log                   // of the tasks' containers
	Local       bool                    // the tasks ran on the embedded ECS, which the AWS console does not show
	Ended       time.Time               // when the step ended
	Commit      string                  // of the definitions; empty if they are not from a repository
	Requests    []Request               // requests that a dry run did not send
	Compared    []Comparison            // of the definitions to register

	TaskOutputs outputs.Values            // outputs of all tasks together; nil if there are none
	OutputsOf   map[string]outputs.Values // outputs of each task, by task ARN

	short bool // tasks, faults, requests or comparisons are left out
}

// Comparison is the difference between a definition and the newest active revision of its
// family.
type Comparison struct {
	Family  string           `json:"family" doc:"The family."`
	Against string           `json:"against,omitempty" doc:"The family:revision of that revision; absent without one."`
	Changes []taskdef.Change `json:"changes" doc:"The members that differ from that revision."`
}

// Request is a request that a dry run did not send.
type Request struct {
	Operation string          `json:"operation" doc:"The operation, such as RunTask."`
	Input     json.RawMessage `json:"input" doc:"The request, for --cli-input-json of the AWS CLI."`
}

// Log describes one container's log.
type Log struct {
	TaskARN, Container string
	URL                string   // in the AWS console; empty if it has none
	Last               []string // the last lines, oldest first; nil if they were not read
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

// Succeeded returns the number of tasks that [IsSuccess] accepts.
func (r Result) Succeeded() int {
	n := 0
	for _, state := range r.Tasks {
		if IsSuccess(state) {
			n++
		}
	}
	return n
}

// FailedFirst returns a copy of the tasks with failed tasks first.
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

// LogOf returns the log of a task's container, or the zero value if it was not read.
func (r Result) LogOf(state *task.State, container string) Log {
	for _, log := range r.Logs {
		if log.TaskARN == aws.ToString(state.TaskArn) && log.Container == container {
			return log
		}
	}
	return Log{}
}

// LastLines returns the last lines of the log, at most maxLines, without control characters
// and shortened. hide removes secrets from a text.
func (l Log) LastLines(hide func(string) string, maxLines int) []string {
	const maxWidth = 2000 // characters of a line
	lines := plaintext.LastLines(hide, l.Last, maxLines, maxWidth)
	for i, line := range lines {
		lines[i] = plaintext.Readable(line)
	}
	return lines
}
