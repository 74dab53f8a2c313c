package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
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
	Rule        task.Rule               // which containers decide
	Failures    []types.Failure         // why tasks did not start
	Faults      []Note                  // what went wrong, as it was told
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

// Output is one output of the step, in one line.
type Output struct{ Name, Value string }

// Outputs returns the step's outputs. Lists are JSON, so that fromJSON takes
// them. Hide takes secrets out of a text.
func (r Result) Outputs(hide func(string) string) []Output {
	arns, ids := []string{}, []string{}
	codes := map[string]map[string]*int32{}
	reason := ""
	for _, state := range r.Tasks {
		arn := aws.ToString(state.TaskArn)
		arns, ids = append(arns, hide(arn)), append(ids, hide(task.ID(arn)))
		codes[hide(task.ID(arn))] = exitCodes(state, hide)
		if reason == "" {
			reason = hide(aws.ToString(state.StoppedReason))
		}
	}
	definitionARNs, definitions := []string{}, []string{}
	for _, definition := range r.Definitions {
		definitionARNs = append(definitionARNs, hide(aws.ToString(definition.TaskDefinitionArn)))
		definitions = append(definitions, hide(task.Name(definition)))
	}
	urls := []string{}
	for _, url := range r.logURLs() {
		urls = append(urls, hide(url))
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
		{"definition-commit", hide(r.Commit)},
		{"stopped-reason", reason},
		{"log-urls", compact(urls)},
		{"task-outputs", compact(hiddenValues(r.TaskOutputs, hide))},
		{"result", string(r.JSON(hide))},
	}
}

// hiddenValues returns values without secrets; an empty map for nil.
func hiddenValues(values outputs.Values, hide func(string) string) outputs.Values {
	hidden := outputs.Values{}
	for name, value := range values {
		hidden[name] = hide(value)
	}
	return hidden
}

// OutputLimit is how many bytes the outputs have together: GitHub takes 1 MiB a job,
// counted as UTF-16
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs).
const OutputLimit = 480 << 10

// FittingOutputs is Outputs within [OutputLimit]. Where they are too long, the output
// result has as many tasks as fit, those that failed before others; only if that is
// not enough, the lists have no more tasks either. It returns how many tasks result
// has then, all of them where nothing is left out.
func (r Result) FittingOutputs(hide func(string) string) ([]Output, int) {
	outputs := r.Outputs(hide)
	room := OutputLimit - sizeOf(outputs)
	if room >= 0 {
		return outputs, len(r.Tasks)
	}
	result := &outputs[len(outputs)-1].Value
	room += len(*result)
	short := func(n int) string { return string(r.shortened(n).JSON(hide)) }
	if n := most(len(r.Tasks), func(n int) bool { return len(short(n)) <= room }); n >= 0 {
		*result = short(n)
		return outputs, n
	}
	n := most(len(r.Tasks), func(n int) bool { return sizeOf(r.shortened(n).Outputs(hide)) <= OutputLimit })
	return r.shortened(max(n, 0)).Outputs(hide), max(n, 0)
}

// most returns the largest number up to n that fits, -1 if 0 does not. What fits
// with a number does with any smaller one.
func most(n int, fits func(int) bool) int {
	return sort.Search(n+1, func(i int) bool { return !fits(i) }) - 1
}

func sizeOf(outputs []Output) int {
	size := 0
	for _, output := range outputs {
		size += len(output.Name) + len(output.Value)
	}
	return size
}

// shortened returns the result with so many tasks at the most, in their order, and
// no more faults than the job summary has. It has no requests.
func (r Result) shortened(tasks int) Result {
	kept := map[string]bool{}
	for _, state := range failedFirst(r.Tasks)[:tasks] {
		kept[aws.ToString(state.TaskArn)] = true
	}
	r.Tasks = slices.DeleteFunc(slices.Clone(r.Tasks), func(state *task.State) bool { return !kept[aws.ToString(state.TaskArn)] })
	r.Logs = slices.DeleteFunc(slices.Clone(r.Logs), func(log Log) bool { return !kept[log.TaskARN] })
	r.Faults = r.Faults[:min(len(r.Faults), tasks, mostFaults)]
	r.Requests, r.Compared, r.short = nil, nil, true
	return r
}

// exitCodes returns the codes of the definition's containers by name, nil for a
// container that has none.
func exitCodes(state *task.State, hide func(string) string) map[string]*int32 {
	codes := map[string]*int32{}
	for _, end := range state.Ends() {
		codes[hide(end.Name)] = end.ExitCode
	}
	return codes
}

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
		Outcome            task.Outcome    `json:"outcome,omitempty" oneof:"succeeded,failed,not-started,stopped,lost" doc:"How it ended; not there if it has not."`
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
		Status: r.Status, ExitCode: r.ExitCode, Reason: r.Reason, Commit: r.Commit, Requests: r.Requests, Compared: r.Compared, NotRun: slices.Clone(r.NotRun), Shortened: r.short,
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
		LastStatus: aws.ToString(state.LastStatus), StopCode: string(state.StopCode), StoppedReason: aws.ToString(state.StoppedReason),
		CreatedAt: state.CreatedAt, PullStartedAt: state.PullStartedAt, PullStoppedAt: state.PullStoppedAt,
		StartedAt: state.StartedAt, ExecutionStoppedAt: state.ExecutionStoppedAt, StoppedAt: state.StoppedAt,
		Containers: []containerJSON{}, Outputs: maps.Clone(r.OutputsOf[aws.ToString(state.TaskArn)]),
	}
	if state.Verdict != nil {
		out.Outcome, out.Reason = state.Verdict.Outcome, state.Verdict.Reason
	}
	if used, ok := usageOf(state, r.Ended); ok {
		out.VCPUHours, out.GBHours = &used.vcpuHours, &used.gbHours
	}
	for _, c := range state.Ends() {
		out.Containers = append(out.Containers, containerJSON{c.Name, c.Essential, c.ExitCode, c.Reason})
	}
	return out
}

func faultResult(fault Note) faultJSON {
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

// Dotenv returns the result as NAME=value lines for a CI that reads such a file:
// one line a value, letters, digits and underscores in the names, lists
// separated by commas. What the tasks gave is TASK_OUTPUT_ and its name. Hide takes secrets out of a text.
func (r Result) Dotenv(hide func(string) string) []byte {
	var text strings.Builder
	for _, output := range r.Outputs(hide) {
		value := output.Value
		switch output.Name {
		case "result", "exit-codes", "task-outputs": // objects: JSON has quotes, which not every reader takes
			continue
		}
		var list []string
		if json.Unmarshal([]byte(value), &list) == nil {
			value = strings.Join(list, ",")
		}
		fmt.Fprintf(&text, "ECS_RUN_TASK_%s=%s\n", strings.ToUpper(strings.ReplaceAll(output.Name, "-", "_")), oneLine(value))
	}
	for _, name := range slices.Sorted(maps.Keys(r.TaskOutputs)) {
		fmt.Fprintf(&text, "TASK_OUTPUT_%s=%s\n", outputs.Variable(name), oneLine(hide(r.TaskOutputs[name])))
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
