package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-run-task/internal/task"
)

// Status is how the step ended.
type Status string

// The statuses.
const (
	Succeeded Status = "succeeded" // every task was good
	Failed    Status = "failed"    // a task was not
	TimedOut  Status = "timed-out" // the time-out came first
	Cancelled Status = "cancelled" // a signal came first
	Started   Status = "started"   // the tasks run, and were not waited for to their end
	Errored   Status = "error"     // the step could not do its work
)

// Result is all that the step did, as far as it came.
type Result struct {
	Status   Status
	ExitCode int    // the step's exit status
	Reason   string // why, in one line

	Definitions []*types.TaskDefinition // that were to be run, in their order
	Registered  []string                // ARNs of those that this step registered
	Tasks       []*task.State           // that this step started
	Failures    []types.Failure         // why tasks did not start
	LogURLs     []string                // of the containers' log streams in the console
	Commit      string                  // that definitions were taken from; empty if from no repository
	Requests    []Request               // that a dry run would have sent
}

// Request is one call that a dry run did not make.
type Request struct {
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input"` // as --cli-input-json of the AWS CLI takes it
}

// Output is one output of the step, in one line.
type Output struct{ Name, Value string }

// Outputs returns the step's outputs. Lists are JSON, so that fromJSON takes
// them.
func (r Result) Outputs() []Output {
	arns, ids := []string{}, []string{}
	codes := map[string]map[string]*int32{}
	reason := ""
	for _, state := range r.Tasks {
		arn := aws.ToString(state.TaskArn)
		arns, ids = append(arns, arn), append(ids, task.ID(arn))
		codes[task.ID(arn)] = exitCodes(state)
		if reason == "" {
			reason = aws.ToString(state.StoppedReason)
		}
	}
	definitionARNs, definitions := []string{}, []string{}
	for _, definition := range r.Definitions {
		definitionARNs = append(definitionARNs, aws.ToString(definition.TaskDefinitionArn))
		definitions = append(definitions, task.Name(definition))
	}
	return []Output{
		{"status", string(r.Status)},
		{"exit-code", strconv.Itoa(r.ExitCode)},
		{"exit-codes", compact(codes)},
		{"task-arn", first(arns)},
		{"task-arns", compact(arns)},
		{"task-ids", compact(ids)},
		{"task-definition-arn", first(definitionARNs)},
		{"task-definition-arns", compact(definitionARNs)},
		{"task-definitions", compact(definitions)},
		{"definition-commit", r.Commit},
		{"stopped-reason", reason},
		{"log-urls", compact(slices.Concat([]string{}, r.LogURLs))},
		{"result", string(r.JSON())},
	}
}

// exitCodes returns the codes of the definition's containers by name, nil for a
// container that has none.
func exitCodes(state *task.State) map[string]*int32 {
	codes := map[string]*int32{}
	for _, end := range state.Ends() {
		codes[end.Name] = end.ExitCode
	}
	return codes
}

// The form of the result as JSON. Members are added to it, never taken away.
type (
	resultJSON struct {
		Status          Status       `json:"status"`
		ExitCode        int          `json:"exitCode"`
		Reason          string       `json:"reason"`
		TaskDefinitions []string     `json:"taskDefinitions"` // ARNs
		Registered      []string     `json:"registered"`      // ARNs
		Commit          string       `json:"commit,omitempty"`
		Tasks           []taskJSON   `json:"tasks"`
		Failures        []failedJSON `json:"failures"`
		LogURLs         []string     `json:"logUrls"`
		Requests        []Request    `json:"requests,omitempty"` // of a dry run
	}
	taskJSON struct {
		TaskARN            string          `json:"taskArn"`
		TaskDefinition     string          `json:"taskDefinition"` // family:revision
		LastStatus         string          `json:"lastStatus"`
		Outcome            task.Outcome    `json:"outcome,omitempty"`
		Reason             string          `json:"reason,omitempty"`
		StopCode           string          `json:"stopCode,omitempty"`
		StoppedReason      string          `json:"stoppedReason,omitempty"`
		Containers         []containerJSON `json:"containers"`
		CreatedAt          *time.Time      `json:"createdAt,omitempty"`
		PullStartedAt      *time.Time      `json:"pullStartedAt,omitempty"`
		PullStoppedAt      *time.Time      `json:"pullStoppedAt,omitempty"`
		StartedAt          *time.Time      `json:"startedAt,omitempty"`
		ExecutionStoppedAt *time.Time      `json:"executionStoppedAt,omitempty"`
		StoppedAt          *time.Time      `json:"stoppedAt,omitempty"`
	}
	containerJSON struct {
		Name      string `json:"name"`
		Essential bool   `json:"essential"`
		ExitCode  *int32 `json:"exitCode"`
		Reason    string `json:"reason,omitempty"`
	}
	failedJSON struct {
		ARN    string `json:"arn,omitempty"`
		Reason string `json:"reason"`
		Detail string `json:"detail,omitempty"`
	}
)

// JSON returns the result in one line of JSON.
func (r Result) JSON() []byte {
	out := resultJSON{
		Status: r.Status, ExitCode: r.ExitCode, Reason: r.Reason, Commit: r.Commit, Requests: r.Requests,
		Registered: slices.Concat([]string{}, r.Registered), LogURLs: slices.Concat([]string{}, r.LogURLs),
		TaskDefinitions: []string{}, Tasks: []taskJSON{}, Failures: []failedJSON{},
	}
	for _, definition := range r.Definitions {
		out.TaskDefinitions = append(out.TaskDefinitions, aws.ToString(definition.TaskDefinitionArn))
	}
	for _, state := range r.Tasks {
		out.Tasks = append(out.Tasks, taskResult(state))
	}
	for _, f := range r.Failures {
		out.Failures = append(out.Failures, failedJSON{aws.ToString(f.Arn), aws.ToString(f.Reason), aws.ToString(f.Detail)})
	}
	return []byte(compact(out))
}

func taskResult(state *task.State) taskJSON {
	out := taskJSON{
		TaskARN: aws.ToString(state.TaskArn), TaskDefinition: task.Name(state.Definition),
		LastStatus: aws.ToString(state.LastStatus), StopCode: string(state.StopCode), StoppedReason: aws.ToString(state.StoppedReason),
		CreatedAt: state.CreatedAt, PullStartedAt: state.PullStartedAt, PullStoppedAt: state.PullStoppedAt,
		StartedAt: state.StartedAt, ExecutionStoppedAt: state.ExecutionStoppedAt, StoppedAt: state.StoppedAt,
		Containers: []containerJSON{},
	}
	if state.Verdict != nil {
		out.Outcome, out.Reason = state.Verdict.Outcome, state.Verdict.Reason
	}
	for _, c := range state.Ends() {
		out.Containers = append(out.Containers, containerJSON{c.Name, c.Essential, c.ExitCode, c.Reason})
	}
	return out
}

// Dotenv returns the result as NAME=value lines for a CI that reads such a file:
// one line a value, letters, digits and underscores in the names, lists
// separated by commas.
func (r Result) Dotenv() []byte {
	var text strings.Builder
	for _, output := range r.Outputs() {
		value := output.Value
		switch output.Name {
		case "result", "exit-codes": // objects: JSON has quotes, which not every reader takes
			continue
		}
		var list []string
		if json.Unmarshal([]byte(value), &list) == nil {
			value = strings.Join(list, ",")
		}
		fmt.Fprintf(&text, "ECS_RUN_TASK_%s=%s\n", strings.ToUpper(strings.ReplaceAll(output.Name, "-", "_")), oneLine(value))
	}
	return []byte(text.String())
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // none of the types above can't be marshalled
		return "null"
	}
	return string(text)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
