package result

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Output is one output of the step. Its value is one line.
type Output struct{ Name, Value string }

// Outputs returns the outputs of the step. Lists are JSON, for fromJSON. hide removes
// secrets from a text.
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

// hiddenValues returns values without secrets. It returns an empty map for nil.
func hiddenValues(values outputs.Values, hide func(string) string) outputs.Values {
	hidden := outputs.Values{}
	for name, value := range values {
		hidden[name] = hide(value)
	}
	return hidden
}

// OutputLimit is the maximum size of all outputs together, in bytes. GitHub allows 1 MiB a
// job, counted as UTF-16
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs).
const OutputLimit = 480 << 10

// FittingOutputs returns the outputs within [OutputLimit]. If they are too long, the output
// result contains as many tasks as fit, failed tasks first. If that is not enough, the
// lists contain only these tasks too. The second result is the number of tasks in the
// output result.
func (r Result) FittingOutputs(hide func(string) string) ([]Output, int) {
	outputs := r.Outputs(hide)
	room := OutputLimit - sizeOf(outputs)
	if room >= 0 {
		return outputs, len(r.Tasks)
	}
	result := &outputs[len(outputs)-1].Value
	room += len(*result)
	short := func(n int) string { return string(r.shortened(n).JSON(hide)) }
	if n := largest(len(r.Tasks), func(n int) bool { return len(short(n)) <= room }); n >= 0 {
		*result = short(n)
		return outputs, n
	}
	n := largest(len(r.Tasks), func(n int) bool { return sizeOf(r.shortened(n).Outputs(hide)) <= OutputLimit })
	return r.shortened(max(n, 0)).Outputs(hide), max(n, 0)
}

// largest returns the largest number up to n that fits, or -1 if 0 does not fit. If a
// number fits, all smaller ones have to fit.
func largest(n int, fits func(int) bool) int {
	return sort.Search(n+1, func(i int) bool { return !fits(i) }) - 1
}

func sizeOf(outputs []Output) int {
	size := 0
	for _, output := range outputs {
		size += len(output.Name) + len(output.Value)
	}
	return size
}

// maxFaults is the number of faults in a shortened result. It is the same as in the job
// summary.
const maxFaults = 50

// shortened returns the result with the given number of tasks, failed tasks first, with at
// largest maxFaults faults and without requests and comparisons. The tasks remain in their
// order.
func (r Result) shortened(tasks int) Result {
	included := map[string]bool{}
	for _, state := range FailedFirst(r.Tasks)[:tasks] {
		included[aws.ToString(state.TaskArn)] = true
	}
	excluded := func(state *task.State) bool { return !included[aws.ToString(state.TaskArn)] }
	r.Tasks = slices.DeleteFunc(slices.Clone(r.Tasks), excluded)
	r.Logs = slices.DeleteFunc(slices.Clone(r.Logs), func(log Log) bool { return !included[log.TaskARN] })
	r.Faults = r.Faults[:min(len(r.Faults), tasks, maxFaults)]
	r.Requests, r.Compared, r.short = nil, nil, true
	return r
}

// exitCodes returns the exit codes of a task's containers by name, nil for a container
// without an exit code.
func exitCodes(state *task.State, hide func(string) string) map[string]*int32 {
	codes := map[string]*int32{}
	for _, end := range state.Ends() {
		codes[hide(end.Name)] = end.ExitCode
	}
	return codes
}

// DotenvLimit is the size of a dotenv report that GitLab accepts, in bytes
// (https://docs.gitlab.com/administration/instance_limits/#limit-dotenv-file-size).
const DotenvLimit = 5 << 10

// Dotenv returns the result as NAME=value lines, for a CI that reads variables from a file.
// Values have one line, names only letters, digits and underscores, and lists are separated
// by commas. The outputs of the tasks have the prefix TASK_OUTPUT_. hide removes secrets
// from a text.
//
// If the text is longer than [DotenvLimit], the lists contain as many tasks as fit, failed
// tasks first, and ECS_RUN_TASK_SHORTENED is true. tasks is the number of tasks in the
// lists. The outputs of the tasks are not shortened, so that the text may still be longer.
func (r Result) Dotenv(hide func(string) string) (text []byte, tasks int) {
	if text = r.dotenv(hide); len(text) <= DotenvLimit {
		return text, len(r.Tasks)
	}
	fits := func(n int) bool { return len(r.shortened(n).dotenv(hide)) <= DotenvLimit }
	const maxTasks = DotenvLimit / 64 // an ARN alone is longer than 64 bytes
	tasks = max(largest(min(len(r.Tasks)-1, maxTasks), fits), 0)
	return r.shortened(tasks).dotenv(hide), tasks
}

func (r Result) dotenv(hide func(string) string) []byte {
	var text strings.Builder
	for _, output := range r.Outputs(hide) {
		value := output.Value
		switch output.Name {
		case "result", "exit-codes", "task-outputs": // objects: not every reader accepts the quotes of JSON
			continue
		}
		var list []string
		if json.Unmarshal([]byte(value), &list) == nil {
			value = strings.Join(list, ",")
		}
		fmt.Fprintf(&text, "ECS_RUN_TASK_%s=%s\n", outputs.Variable(output.Name), plaintext.OneLine(value))
	}
	if r.short {
		text.WriteString("ECS_RUN_TASK_SHORTENED=true\n")
	}
	for _, name := range slices.Sorted(maps.Keys(r.TaskOutputs)) {
		fmt.Fprintf(&text, "TASK_OUTPUT_%s=%s\n", outputs.Variable(name), plaintext.OneLine(hide(r.TaskOutputs[name])))
	}
	return []byte(text.String())
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
