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

// mostFaults is how many faults a shortened result has, as many as the job summary.
const mostFaults = 50

// shortened returns the result with so many tasks at the most, in their order, and
// no more faults than the job summary has. It has no requests.
func (r Result) shortened(tasks int) Result {
	kept := map[string]bool{}
	for _, state := range FailedFirst(r.Tasks)[:tasks] {
		kept[aws.ToString(state.TaskArn)] = true
	}
	left := func(state *task.State) bool { return !kept[aws.ToString(state.TaskArn)] }
	r.Tasks = slices.DeleteFunc(slices.Clone(r.Tasks), left)
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

// DotenvLimit is how many bytes GitLab takes of a dotenv report
// (https://docs.gitlab.com/administration/instance_limits/#limit-dotenv-file-size).
const DotenvLimit = 5 << 10

// Dotenv returns the result as NAME=value lines for a CI that reads such a file:
// one line a value, letters, digits and underscores in the names, lists
// separated by commas. What the tasks gave is TASK_OUTPUT_ and its name. Hide takes secrets out of a text.
//
// Where that is more than [DotenvLimit], the lists have as many tasks as fit, those that
// failed before others, and ECS_RUN_TASK_SHORTENED is true. It returns how many tasks the
// lists have. What the tasks gave is not shortened: the text may then be longer all the same.
func (r Result) Dotenv(hide func(string) string) (text []byte, tasks int) {
	if text = r.dotenv(hide); len(text) <= DotenvLimit {
		return text, len(r.Tasks)
	}
	fits := func(n int) bool { return len(r.shortened(n).dotenv(hide)) <= DotenvLimit }
	const mostTasks = DotenvLimit / 64 // an ARN alone is longer than that
	tasks = max(most(min(len(r.Tasks)-1, mostTasks), fits), 0)
	return r.shortened(tasks).dotenv(hide), tasks
}

func (r Result) dotenv(hide func(string) string) []byte {
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
