package conclude

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// AwaitsOutputs reports whether the result depends on outputs in the logs of tasks. Outputs
// of a step that did not succeed are ignored.
func (r Run) AwaitsOutputs(res result.Result) bool {
	return r.Config.OutputsFrom != "" && res.Status == result.Succeeded
}

// WithOutputs adds the outputs of the tasks to the result of a step that succeeded. read
// returns the outputs of one task after its log was read. If the outputs of a task are
// missing, the result is an error and has no outputs. hide removes secrets from a text.
func (r Run) WithOutputs(
	res result.Result, read func(taskARN string) (outputs.Values, error), hide func(string) string,
) result.Result {
	if !r.AwaitsOutputs(res) {
		return res
	}
	of := map[string]outputs.Values{}
	var all []outputs.Values
	var faults []event.Note
	for _, state := range r.tasksWithOutputs() {
		arn := aws.ToString(state.TaskArn)
		values, err := read(arn)
		if err == nil {
			err = checkSecrets(values, hide)
		}
		if err != nil {
			text := fmt.Sprintf("task %s of %s succeeded, but its outputs can't be read from the log of container %s: %v",
				task.ShortID(state), task.Name(state.Definition), r.Config.OutputsFrom, err)
			faults = append(faults, event.Note{Title: "no outputs", Text: text, Hint: outputsHint(err)})
			continue
		}
		of[arn], all = values, append(all, values)
	}
	merged, err := outputs.Merge(all...)
	if err != nil {
		text := "the tasks succeeded, but their outputs can't be merged: " + err.Error()
		faults = append(faults, event.Note{Title: "no outputs", Text: text})
	}
	if len(faults) > 0 {
		res.Faults = append(slices.Clip(res.Faults), faults...)
		res.Status, res.ExitCode, res.Reason = result.Errored, ExitError, faults[0].Text
		return res
	}
	res.TaskOutputs, res.OutputsOf = merged, of
	return res
}

// tasksWithOutputs returns the deciding tasks with the container for outputs, in the order
// of the definitions.
func (r Run) tasksWithOutputs() []*task.State {
	named := func(c types.ContainerDefinition) bool { return aws.ToString(c.Name) == r.Config.OutputsFrom }
	var states []*task.State
	for i := range r.Outcome.Plan.Jobs {
		for _, state := range r.Outcome.Deciding(i) {
			if slices.ContainsFunc(state.Definition.ContainerDefinitions, named) {
				states = append(states, state)
			}
		}
	}
	return states
}

// checkSecrets returns an error if an output contains a secret. Hiding the secret would
// change the output.
func checkSecrets(values outputs.Values, hide func(string) string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		line := name + "=" + values[name]
		switch {
		case hide(name) != name:
			return errors.New("the name of an output contains a secret")
		case hide(values[name]) != values[name] || hide(line) != line:
			return fmt.Errorf("the value of %s contains a secret, and outputs are not secret", name)
		}
	}
	return nil
}

// outputsHint returns what to do if outputs are missing, or "".
func outputsHint(err error) string {
	const lines = `echo "$` + outputs.BeginVariable + `"; echo "version=1.7"; echo "$` + outputs.EndVariable + `"`
	if errors.Is(err, outputs.ErrNoBlock) || errors.Is(err, outputs.ErrNoEnd) {
		return lines + "\nlog-wait: 30s waits longer for late lines in CloudWatch Logs"
	}
	return ""
}
