package result

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// The result as JSON. The doc tags are the descriptions in the schema. Later versions add
// members and never remove them.
type (
	resultJSON struct {
		Status          Status         `json:"status" oneof:"succeeded,failed,timed-out,cancelled,started,running,healthy,dry-run,error" doc:"How the step ended."`
		ExitCode        int            `json:"exitCode" doc:"The step's exit status."`
		Reason          string         `json:"reason" doc:"Why, in one line."`
		TaskDefinitions []string       `json:"taskDefinitions" doc:"ARNs of the task definitions, in their order."`
		Registered      []string       `json:"registered" doc:"ARNs of the task definitions that this step registered."`
		NotRun          []string       `json:"notRun,omitempty" doc:"family:revision of the definitions after a failed one."`
		Commit          string         `json:"commit,omitempty" doc:"Commit that the definitions are from."`
		Tasks           []taskJSON     `json:"tasks" doc:"The tasks that this step started."`
		Failures        []failedJSON   `json:"failures" doc:"The failures in the response of RunTask."`
		Faults          []faultJSON    `json:"faults" doc:"The errors, with their probable causes."`
		LogURLs         []string       `json:"logUrls" doc:"Addresses of the containers' log streams in the AWS console."`
		Shortened       bool           `json:"shortened,omitempty" doc:"Whether tasks, faults, requests or comparisons are left out, because runners limit the size of outputs. The result-file has them all."`
		TaskOutputs     outputs.Values `json:"taskOutputs,omitempty" doc:"The outputs of the tasks, by name; the last task wins."`
		Requests        []Request      `json:"requests,omitempty" doc:"The requests that a dry run did not send."`
		Compared        []Comparison   `json:"compared,omitempty" doc:"The differences from the newest active revisions."`
	}
	taskJSON struct {
		TaskARN            string          `json:"taskArn" doc:"The task's ARN."`
		TaskDefinition     string          `json:"taskDefinition" doc:"The family:revision of its task definition."`
		LastStatus         string          `json:"lastStatus" doc:"The last status in the responses of ECS."`
		Outcome            verdict.Outcome `json:"outcome,omitempty" oneof:"succeeded,failed,not-started,stopped,lost" doc:"How it ended; absent while it has not ended."`
		Reason             string          `json:"reason,omitempty" doc:"Why, in one line."`
		StopCode           string          `json:"stopCode,omitempty" doc:"The stopCode from ECS."`
		StoppedReason      string          `json:"stoppedReason,omitempty" doc:"The stoppedReason from ECS."`
		Containers         []containerJSON `json:"containers" doc:"The containers, in the order of the task definition."`
		Outputs            outputs.Values  `json:"outputs,omitempty" doc:"The outputs of the task, by name."`
		CreatedAt          *time.Time      `json:"createdAt,omitempty" doc:"When ECS accepted the task."`
		PullStartedAt      *time.Time      `json:"pullStartedAt,omitempty" doc:"When the pull of the images began."`
		PullStoppedAt      *time.Time      `json:"pullStoppedAt,omitempty" doc:"When the pull of the images ended."`
		StartedAt          *time.Time      `json:"startedAt,omitempty" doc:"When the task became RUNNING."`
		ExecutionStoppedAt *time.Time      `json:"executionStoppedAt,omitempty" doc:"When its containers ended."`
		StoppedAt          *time.Time      `json:"stoppedAt,omitempty" doc:"When it became STOPPED, if the step waited for that."`
		VCPUHours          *float64        `json:"vcpuHours,omitempty" doc:"The vCPU-hours since the image pull; absent if unknown."`
		GBHours            *float64        `json:"gbHours,omitempty" doc:"The GB-hours of its memory, for the same time."`
	}
	containerJSON struct {
		Name      string `json:"name" doc:"The container's name."`
		Essential bool   `json:"essential" doc:"Whether the task stops when the container stops."`
		ExitCode  *int32 `json:"exitCode" doc:"The exit code; null if it has none."`
		Reason    string `json:"reason,omitempty" doc:"The reason from ECS."`
	}
	failedJSON struct {
		ARN    string `json:"arn,omitempty" doc:"The resource of the failure."`
		Reason string `json:"reason" doc:"The reason from ECS, such as RESOURCE:CPU."`
		Detail string `json:"detail,omitempty" doc:"The detail from ECS."`
	}
	faultJSON struct {
		Title  string       `json:"title,omitempty" doc:"A short name of the error."`
		Text   string       `json:"text" doc:"The error message."`
		File   string       `json:"file,omitempty" doc:"The file that the error is about."`
		Line   int          `json:"line,omitempty" doc:"The line in the file; counts from 1."`
		Advice []adviceJSON `json:"advice" doc:"The probable causes, the most likely first."`
	}
	adviceJSON struct {
		Code      string         `json:"code" doc:"The name of the cause; it never changes."`
		Cause     string         `json:"cause" doc:"The cause, in one sentence."`
		Advice    string         `json:"advice" doc:"What to do."`
		Statement string         `json:"statement,omitempty" doc:"The missing IAM policy statements, as JSON text."`
		Retry     diagnose.Retry `json:"retry,omitempty" oneof:"no,maybe,later,yes" doc:"Whether a retry helps."`
	}
)

// JSON returns the result as one line of JSON, in the form that [Schema] describes. hide
// removes secrets from a text.
func (r Result) JSON(hide func(string) string) []byte {
	out := resultJSON{
		Status: r.Status, ExitCode: r.ExitCode, Reason: r.Reason, Commit: r.Commit, Requests: r.Requests,
		Compared: r.Compared, NotRun: slices.Clone(r.NotRun), Shortened: r.short,
		TaskOutputs: maps.Clone(r.TaskOutputs),
		Registered:  append([]string{}, r.Registered...), LogURLs: r.logURLs(),
		TaskDefinitions: []string{}, Tasks: []taskJSON{}, Failures: []failedJSON{}, Faults: []faultJSON{},
	}
	for _, definition := range r.Definitions {
		out.TaskDefinitions = append(out.TaskDefinitions, aws.ToString(definition.TaskDefinitionArn))
	}
	for _, state := range r.Tasks {
		out.Tasks = append(out.Tasks, r.taskResult(state))
	}
	for _, f := range r.Failures {
		out.Failures = append(out.Failures, failedJSON{aws.ToString(f.Arn), aws.ToString(f.Reason), aws.ToString(f.Detail)})
	}
	for _, fault := range r.Faults {
		out.Faults = append(out.Faults, faultResult(fault))
	}
	hideTexts(reflect.ValueOf(&out).Elem(), hide)
	return []byte(compact(out))
}

func (r Result) taskResult(state *task.State) taskJSON {
	out := taskJSON{
		TaskARN: aws.ToString(state.TaskArn), TaskDefinition: task.Name(state.Definition),
		LastStatus: aws.ToString(state.LastStatus), StopCode: string(state.StopCode),
		StoppedReason: aws.ToString(state.StoppedReason),
		CreatedAt:     state.CreatedAt, PullStartedAt: state.PullStartedAt, PullStoppedAt: state.PullStoppedAt,
		StartedAt: state.StartedAt, ExecutionStoppedAt: state.ExecutionStoppedAt, StoppedAt: state.StoppedAt,
		Containers: []containerJSON{}, Outputs: maps.Clone(r.OutputsOf[aws.ToString(state.TaskArn)]),
	}
	if state.Verdict != nil {
		out.Outcome, out.Reason = state.Verdict.Outcome, state.Verdict.Reason
	}
	if used, ok := UsageOf(state, r.Ended); ok {
		out.VCPUHours, out.GBHours = &used.VCPUHours, &used.GBHours
	}
	for _, c := range state.Ends() {
		out.Containers = append(out.Containers, containerJSON{c.Name, c.Essential, c.ExitCode, c.Reason})
	}
	return out
}

func faultResult(fault event.Note) faultJSON {
	out := faultJSON{Title: fault.Title, Text: fault.Text, File: fault.File, Line: fault.Line, Advice: []adviceJSON{}}
	for _, a := range fault.Advice {
		out.Advice = append(out.Advice, adviceJSON{a.Code, a.Cause, a.Advice, a.Statement, a.Retry})
	}
	return out
}

// hideTexts hides secrets in every text of a value. Hiding them in the JSON would make it
// invalid if a secret is a word such as true.
func hideTexts(v reflect.Value, hide func(string) string) {
	if raw, ok := v.Interface().(json.RawMessage); ok {
		v.SetBytes(hideStrings(raw, hide))
		return
	}
	switch v.Kind() {
	case reflect.Map: // of texts
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.ValueOf(hide(v.MapIndex(key).String())))
		}
	case reflect.String:
		v.SetString(hide(v.String()))
	case reflect.Slice:
		for i := range v.Len() {
			hideTexts(v.Index(i), hide)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if _, fixed := v.Type().Field(i).Tag.Lookup("oneof"); !fixed {
				hideTexts(v.Field(i), hide)
			}
		}
	}
}

// hideStrings hides secrets in every string of a JSON text.
func hideStrings(raw json.RawMessage, hide func(string) string) json.RawMessage {
	return jsonString.ReplaceAllFunc(raw, func(literal []byte) []byte {
		var text string
		if json.Unmarshal(literal, &text) != nil {
			return literal
		}
		if hidden := hide(text); hidden != text {
			return []byte(compact(hidden))
		}
		return literal
	})
}

// jsonString matches a string in a JSON text. JSON has no quotes outside of strings.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // all types above can be marshalled
		return "null"
	}
	return string(text)
}
