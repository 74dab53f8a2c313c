package conclude

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// stateOf returns a task in the named state.
func stateOf(word string) *task.State {
	s := &task.State{Task: types.Task{TaskArn: aws.String("arn:task/0123456789")},
		Definition: &types.TaskDefinition{Family: aws.String("job"), Revision: 1}}
	switch word {
	case "succeeded":
		s.Verdict = &verdict.Verdict{Outcome: verdict.Succeeded}
	case "failed":
		s.Verdict = &verdict.Verdict{Outcome: verdict.Failed, ExitCode: aws.Int32(3), Reason: "app exited with code 3"}
	case "codeless":
		s.Verdict = &verdict.Verdict{Outcome: verdict.Lost, Reason: "lost"}
	case "reached":
		s.Reached = true
	}
	return s
}

func TestConclude(t *testing.T) {
	signal := &shutdown.Interrupted{Signal: syscall.SIGTERM}
	for _, tt := range []struct {
		name   string
		inputs map[string]string
		tasks  []string
		out    outcome.Outcome
		status result.Status
		code   int
		reason string
	}{
		{name: "succeeded", tasks: []string{"succeeded", "succeeded"}, status: result.Succeeded,
			reason: "every deciding container ended with code 0"},
		{name: "failed", tasks: []string{"succeeded", "failed"}, status: result.Failed, code: 3,
			reason: "task 01234567 of job:1: app exited with code 3"},
		{name: "without a code", tasks: []string{"codeless"}, status: result.Failed, code: ExitError,
			reason: "task 01234567 of job:1: lost"},
		{name: "an error has priority over a failure", tasks: []string{"failed"},
			out: outcome.Outcome{Cause: outcome.Failed, Err: errors.New("denied\nmore")}, status: result.Errored,
			code: ExitError, reason: "denied"},
		{name: "the timeout has priority over an error", tasks: []string{"failed"},
			out: outcome.Outcome{Cause: outcome.TimedOut, Err: errors.New("denied")}, status: result.TimedOut,
			code: ExitTimedOut, reason: "timed out after 10m0s"},
		{name: "a signal has priority over everything", tasks: []string{"succeeded"},
			out: outcome.Outcome{Cause: outcome.Cancelled, Signal: signal, Err: errors.New("denied")}, status: result.Cancelled,
			code: ExitSignal + 15, reason: "cancelled by SIGTERM"},
		{name: "dry run", inputs: map[string]string{"dry-run": "true"}, status: result.DryRun, reason: "nothing was changed"},
		{name: "not waited for", inputs: map[string]string{"skip-steady-state-check": "true"}, tasks: []string{"open"},
			status: result.Started, reason: "started, and not waited for"},
		{name: "not waited for, and local", inputs: map[string]string{"skip-steady-state-check": "true", "local": "process"},
			tasks: []string{"open"}, status: result.Started,
			reason: "started, and not waited for: tasks of a local run are stopped when it ends"},
		{name: "servers", inputs: map[string]string{"steady-state": "running"}, tasks: []string{"reached"},
			status: result.Running, reason: "every task is running"},
		{name: "servers, one of which has ended", inputs: map[string]string{"steady-state": "running"},
			tasks: []string{"reached", "succeeded"}, status: result.Running,
			reason: "1 of 2 tasks running; the others had already ended with code 0"},
		{name: "servers that have ended", inputs: map[string]string{"steady-state": "running"}, tasks: []string{"succeeded"},
			status: result.Succeeded, reason: "not running: every deciding container had already ended with code 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c input.Config
			if err := input.Read(&c, tt.inputs, nil); err != nil {
				t.Fatal(err)
			}
			tt.out.Plan = plan.Plan{Jobs: []plan.Job{{Definition: plan.Named{Name: "job"}}}, End: plan.EndPolicyOf(c)}
			a := outcome.Attempt{Started: time.Now()}
			for _, word := range tt.tasks {
				a.Tasks = append(a.Tasks, stateOf(word))
			}
			tt.out.Attempts = []outcome.Attempt{a}
			got := Run{Config: c, Outcome: tt.out}.Result(explain.Explainer{})
			if got.Status != tt.status || got.ExitCode != tt.code || got.Reason != tt.reason || len(got.Tasks) != len(tt.tasks) {
				t.Errorf("Result() = %s, %d, %q with %d tasks, want %s, %d, %q with %d", got.Status, got.ExitCode, got.Reason,
					len(got.Tasks), tt.status, tt.code, tt.reason, len(tt.tasks))
			}
		})
	}
}

func TestExitCode(t *testing.T) {
	for _, tt := range []struct {
		code *int32
		want int
	}{{nil, ExitError}, {aws.Int32(0), 255}, {aws.Int32(1), 1}, {aws.Int32(255), 255}, {aws.Int32(256),
		255}, {aws.Int32(-1073741510), 255}} {
		if got := exitCode(tt.code); got != tt.want {
			t.Errorf("exitCode(%v) = %d, want %d", aws.ToInt32(tt.code), got, tt.want)
		}
	}
	if got := SignalStatus(os.Interrupt); got != 130 {
		t.Errorf("SignalStatus(SIGINT) = %d, want 130", got)
	}
}

// A task that the step stopped did not fail by itself. A task that the step did not wait
// for long enough is unfinished.
func TestFailedByItself(t *testing.T) {
	for _, tt := range []struct {
		state              string
		stopping           bool
		failed, unfinished bool
	}{
		{"succeeded", false, false, false}, {"failed", false, true, false}, {"failed", true, true, false},
		{"codeless", false, true, false},
		{"codeless", true, false, true}, {"open", false, false, true}, {"open", true, false, true},
		{"reached", false, false, false},
	} {
		s := stateOf(tt.state)
		if failed, unfinished := failedByItself(s, tt.stopping), isUnfinished(s, tt.stopping); failed != tt.failed ||
			unfinished != tt.unfinished {
			t.Errorf("a task that is %s, stopping: %v, failed by itself: %v, is unfinished: %v, want %v, %v", tt.state,
				tt.stopping, failed, unfinished, tt.failed, tt.unfinished)
		}
	}
}

func TestWithOutputs(t *testing.T) {
	hide := func(text string) string { return strings.ReplaceAll(text, "secret", "***") }
	for _, tt := range []struct {
		name  string
		reads []outputs.Values // of each task; nil for an error
		want  outputs.Values
		fault string
	}{
		{name: "one task", reads: []outputs.Values{{"a": "1"}}, want: outputs.Values{"a": "1"}},
		{name: "nothing", reads: []outputs.Values{{}}, want: outputs.Values{}},
		{name: "two", reads: []outputs.Values{{"a": "1", "b": "1"}, {"a": "2"}}, want: outputs.Values{"a": "2", "b": "1"}},
		{name: "one of two", reads: []outputs.Values{{"a": "1"}, nil}, fault: "task 11234567 of job:1 succeeded, but its " +
			"outputs can't be read from the log of container app: there is no block of outputs"},
		{name: "names of one variable", reads: []outputs.Values{{"a": "1"}, {"A": "2"}}, fault: "can't be merged: A and a"},
		{name: "a secret", reads: []outputs.Values{{"a": "my secrets"}}, fault: "the value of a contains a secret"},
		{name: "a secret across", reads: []outputs.Values{{"sec": "ret"}, {"se": "cret"}},
			want: outputs.Values{"sec": "ret", "se": "cret"}},
		{name: "a secret as name", reads: []outputs.Values{{"secret": "1"}},
			fault: "the name of an output contains a secret"},
	} {
		var states []*task.State
		byARN := map[string]outputs.Values{}
		for i, values := range tt.reads {
			state := stateOf("succeeded")
			state.TaskArn = aws.String(fmt.Sprintf("arn:task/%d123456789", i))
			state.Definition.ContainerDefinitions = []types.ContainerDefinition{{Name: aws.String("app")}}
			states, byARN[*state.TaskArn] = append(states, state), values
		}
		states = append(states, stateOf("succeeded")) // which does not have the container
		r := Run{Config: input.Config{Ending: input.Ending{OutputsFrom: "app"}}, Outcome: outcome.Outcome{
			Plan: plan.Plan{Jobs: make([]plan.Job, 1)}, Attempts: []outcome.Attempt{{Tasks: states}},
		}}
		read := func(arn string) (outputs.Values, error) {
			if byARN[arn] == nil {
				return nil, outputs.ErrNoBlock
			}
			return byARN[arn], nil
		}
		got := r.WithOutputs(result.Result{Status: result.Succeeded}, read, hide)
		failed := got.Status == result.Errored && got.ExitCode == ExitError && len(got.Faults) == 1 &&
			strings.Contains(got.Reason, tt.fault)
		if !maps.Equal(got.TaskOutputs, tt.want) || (tt.fault != "") != failed {
			t.Errorf("%s: %v, outputs %q, %q; want %q, fault %q", tt.name, got.Status, got.TaskOutputs, got.Reason, tt.want,
				tt.fault)
		}
		if tt.fault != "" && (got.TaskOutputs != nil || got.OutputsOf != nil || strings.Contains(got.Reason, "secrets")) {
			t.Errorf("%s: outputs %q and %q, reason %q of a step that failed", tt.name, got.TaskOutputs, got.OutputsOf,
				got.Reason)
		}
		if got := r.WithOutputs(result.Result{Status: result.Failed, ExitCode: 3}, read, hide); got.Status != result.Failed ||
			got.TaskOutputs != nil {
			t.Errorf("%s: a step that failed has %v, outputs %q", tt.name, got.Status, got.TaskOutputs)
		}
	}
}
