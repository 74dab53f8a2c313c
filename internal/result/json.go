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

// The form of the result as JSON, with what its members mean. Members are added
// to it, never taken away.
type (
	resultJSON struct {
		Status          Status         `json:"status" oneof:"succeeded,failed,timed-out,cancelled,started,running,healthy,dry-run,error" doc:"How the step ended."`
		ExitCode        int            `json:"exitCode" doc:"The step's exit status."`
		Reason          string         `json:"reason" doc:"Why, in one line."`
		TaskDefinitions []string       `json:"taskDefinitions" doc:"ARNs of the task definitions that were to be run, in their order."`
		Registered      []string       `json:"registered" doc:"ARNs of those of them that this step registered."`
		NotRun          []string       `json:"notRun,omitempty" doc:"family:revision of those of them that were not run, since one before them in the sequence failed."`
		Commit          string         `json:"commit,omitempty" doc:"Commit that the definitions were taken from."`
		Tasks           []taskJSON     `json:"tasks" doc:"The tasks that this step started."`
		Failures        []failedJSON   `json:"failures" doc:"Why tasks did not start, as RunTask said."`
		Faults          []faultJSON    `json:"faults" doc:"What went wrong, with the likely causes."`
		LogURLs         []string       `json:"logUrls" doc:"Addresses of the containers' log streams in the AWS console."`
		Shortened       bool           `json:"shortened,omitempty" doc:"Whether tasks, faults, requests or comparisons are left out, as in an output that would be longer than runners take. The result-file has them all."`
		TaskOutputs     outputs.Values `json:"taskOutputs,omitempty" doc:"What the tasks gave as outputs, by name; of those with the same name the last task's."`
		Requests        []Request      `json:"requests,omitempty" doc:"The calls that a dry run did not make."`
		Compared        []Comparison   `json:"compared,omitempty" doc:"What the definitions change about the newest active revisions of their families."`
	}
	taskJSON struct {
		TaskARN            string          `json:"taskArn" doc:"The task's ARN."`
		TaskDefinition     string          `json:"taskDefinition" doc:"Its definition's family:revision."`
		LastStatus         string          `json:"lastStatus" doc:"The last status that ECS showed of it."`
		Outcome            verdict.Outcome `json:"outcome,omitempty" oneof:"succeeded,failed,not-started,stopped,lost" doc:"How it ended; not there if it has not."`
		Reason             string          `json:"reason,omitempty" doc:"Why, in one line."`
		StopCode           string          `json:"stopCode,omitempty" doc:"ECS's stopCode."`
		StoppedReason      string          `json:"stoppedReason,omitempty" doc:"ECS's stoppedReason."`
		Containers         []containerJSON `json:"containers" doc:"The containers of its definition, in their order."`
		Outputs            outputs.Values  `json:"outputs,omitempty" doc:"What it gave as outputs, by name."`
		CreatedAt          *time.Time      `json:"createdAt,omitempty" doc:"When ECS accepted it."`
		PullStartedAt      *time.Time      `json:"pullStartedAt,omitempty" doc:"When the pull of the images began."`
		PullStoppedAt      *time.Time      `json:"pullStoppedAt,omitempty" doc:"When the images were there."`
		StartedAt          *time.Time      `json:"startedAt,omitempty" doc:"When it was RUNNING."`
		ExecutionStoppedAt *time.Time      `json:"executionStoppedAt,omitempty" doc:"When its containers had ended."`
		StoppedAt          *time.Time      `json:"stoppedAt,omitempty" doc:"When it was STOPPED; the step does not always wait for that."`
		VCPUHours          *float64        `json:"vcpuHours,omitempty" doc:"The vCPU-hours that it took, from the image pull to the end; not there where its size is not known."`
		GBHours            *float64        `json:"gbHours,omitempty" doc:"The same of its memory, in GB-hours."`
	}
	containerJSON struct {
		Name      string `json:"name" doc:"The container's name."`
		Essential bool   `json:"essential" doc:"Whether the task ends with it."`
		ExitCode  *int32 `json:"exitCode" doc:"Its exit code; null if it has none."`
		Reason    string `json:"reason,omitempty" doc:"ECS's reason."`
	}
	failedJSON struct {
		ARN    string `json:"arn,omitempty" doc:"What the failure is about."`
		Reason string `json:"reason" doc:"ECS's reason, such as RESOURCE:CPU."`
		Detail string `json:"detail,omitempty" doc:"ECS's detail."`
	}
	faultJSON struct {
		Title  string       `json:"title,omitempty" doc:"What it is about."`
		Text   string       `json:"text" doc:"What went wrong."`
		File   string       `json:"file,omitempty" doc:"The file to look at."`
		Line   int          `json:"line,omitempty" doc:"The line in the file, from 1."`
		Advice []adviceJSON `json:"advice" doc:"What is likely behind it, best first."`
	}
	adviceJSON struct {
		Code      string         `json:"code" doc:"The cause's name, the same in every version."`
		Cause     string         `json:"cause" doc:"The cause, in a sentence."`
		Advice    string         `json:"advice" doc:"What to do about it."`
		Statement string         `json:"statement,omitempty" doc:"The IAM policy statement that is missing, or a list of several, as JSON text."`
		Retry     diagnose.Retry `json:"retry,omitempty" oneof:"no,maybe,later,yes" doc:"Whether to run the same again is of any use."`
	}
)

// JSON returns the result in one line of JSON; [Schema] describes it. Hide takes
// secrets out of a text.
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

// hideTexts takes secrets out of every text of a value. To take them out of the
// JSON instead would break it where a secret is a word such as true.
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

// hideStrings takes secrets out of every string of a JSON text.
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

// jsonString is a string in a JSON text, where quotes are nowhere else.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // none of the types above can't be marshalled
		return "null"
	}
	return string(text)
}
