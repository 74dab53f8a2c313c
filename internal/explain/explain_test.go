package explain_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/taskdeftest"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// account is an account whose id is not known without a call.
type account string

func (a account) Account(context.Context) string { return string(a) }
func (account) KnownAccount() string             { return "" }

func call(err error) error {
	return fmt.Errorf("run task job:1: %w", &smithy.OperationError{
		ServiceID:     "ECS",
		OperationName: "RunTask",
		Err:           err,
	})
}

var denied = call(&smithy.GenericAPIError{
	Code:    "AccessDeniedException",
	Message: "User is not authorized to perform: ecs:RunTask",
})

func TestNotes(t *testing.T) {
	place := document.Place{Name: "job.json", Line: 3, Column: 7}
	for _, tt := range []struct {
		name string
		err  error
		want []string // title: text: hint
	}{
		{"plain", errors.New("no region"), []string{": no region: "}},
		{"of an input", &input.Error{Input: "count", Message: "expected 1 or more"},
			[]string{"input count: count: expected 1 or more: "}},
		{
			"of a document",
			&document.Error{Place: place, Path: "family", Code: "missing", Message: "is missing", Hint: "give it"},
			[]string{"missing: family: is missing: give it"},
		},
		{"with a hint", explain.WithHint(errors.New("a"), "b"), []string{": a: b"}},
		{"joined", errors.Join(errors.New("a"), errors.Join(errors.New("b"), errors.New("c"))),
			[]string{": a: ", ": b: ", ": c: "}},
		{"one that says more than the two it wraps",
			fmt.Errorf("both %w and %w", errors.New("a"), errors.New("b")), []string{": both a and b: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, note := range explain.Notes(tt.err) {
				got = append(got, note.Title+": "+note.Text+": "+note.Hint)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Notes() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRefusal(t *testing.T) {
	known := func() string { return "123456789012" }
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"none", nil, "<nil>"},
		{"not of a call", errors.New("a"), "a"},
		{
			"refused",
			denied,
			"run task job:1: ECS refused RunTask (account 123456789012, region eu-central-1): " +
				"AccessDeniedException: User is not authorized to perform: ecs:RunTask",
		},
		{
			"no answer",
			call(errors.New("connection reset")),
			"run task job:1: ECS did not answer RunTask (account 123456789012, region eu-central-1): " +
				"connection reset",
		},
		{
			"with a hint",
			explain.WithHint(denied, "b"),
			"run task job:1: ECS refused RunTask (account 123456789012, region eu-central-1): " +
				"AccessDeniedException: User is not authorized to perform: ecs:RunTask",
		},
		{"joined", errors.Join(errors.New("a"), errors.New("b")), "a\nb"},
	} {
		if got := fmt.Sprint(explain.Refusal(tt.err, "eu-central-1", known)); got != tt.want {
			t.Errorf("%s: Refusal() = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestError(t *testing.T) {
	e := explain.Explainer{Cluster: "default", Region: "eu-central-1", Account: account("123456789012")}
	notes := e.Error(t.Context(), denied, nil)
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "account 123456789012") ||
		len(notes[0].Advice) == 0 || notes[0].Title == "" {
		t.Errorf("Error() = %+v, want one note with the account, a cause and its code", notes)
	}
	if text := e.PlainRefusal(denied).Error(); strings.Contains(text, "account") {
		t.Errorf("PlainRefusal() = %s, want no account, because it was not looked up", text)
	}
	failed := &cluster.FailedLaunchError{
		Definition: "job:1",
		Asked:      1,
		Failures:   []types.Failure{{Reason: aws.String("RESOURCE:MEMORY")}, {Reason: aws.String("RESOURCE:MEMORY")}},
	}
	if advice := e.Advice(t.Context(), failed, nil); len(advice) != 1 {
		t.Errorf("Advice() = %+v, want one for both failures", advice)
	}
	if advice := (explain.Explainer{}).Advice(t.Context(), errors.New("a"), nil); advice != nil {
		t.Errorf("Advice() = %+v, want none for an error that is not of a call", advice)
	}
	if err := (explain.Explainer{}).Refusal(t.Context(), denied); err != denied {
		t.Errorf("Refusal() = %v, want the unchanged error without clients", err)
	}
}

var definition = &types.TaskDefinition{
	Family: aws.String("job"), Revision: 1,
	ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("nope"),
		Secrets:          []types.Secret{{ValueFrom: aws.String("/a")}},
		LogConfiguration: &types.LogConfiguration{Options: map[string]string{"awslogs-group": "g"}}}},
}

func source(t *testing.T) *taskdef.Definition {
	t.Helper()
	return taskdeftest.Decode(t, "job.json", "{\"family\": \"job\",\n \"containerDefinitions\": [\n"+
		"  {\"name\": \"app\", \"image\": \"nope\", \"memory\": 64}]}")
}

func TestTask(t *testing.T) {
	e := explain.Explainer{LastLines: func(string, string) []string { return []string{"the last line"} }}
	state := &task.State{Definition: definition, Task: types.Task{
		TaskArn:       aws.String("arn:aws:ecs:eu-central-1:1:task/default/0123456789abcdef"),
		StopCode:      types.TaskStopCodeTaskFailedToStart,
		StoppedReason: aws.String("CannotPullContainerError: not found"),
		Containers: []types.Container{{
			Name:   aws.String("app"),
			Reason: aws.String("CannotPullContainerError: not found"),
		}},
	}, Verdict: &verdict.Verdict{Outcome: verdict.Failed, Container: "app", Reason: "it did not start"}}
	note := e.Task(t.Context(), state, source(t))
	if note.Line != 3 || !note.Aside || len(note.Advice) == 0 || len(note.Lines) != 1 ||
		note.Text != "task 01234567 of job:1: it did not start" {
		t.Errorf("Task() = %+v, want it at the container, with a cause and the last line", note)
	}
	state.Verdict.Container = ""
	if note := e.Task(t.Context(), state, source(t)); note.Line != 1 {
		t.Errorf("Task() = %+v, want it at the definition if no container decided", note)
	}
	if note := e.Task(t.Context(), state, nil); note.File != "" {
		t.Errorf("Task() = %+v, want no place if the text is not known", note)
	}
}

func TestUnfinished(t *testing.T) {
	started := &task.State{
		Definition: definition,
		Task:       types.Task{TaskArn: aws.String("arn:task/0123456789"), StartedAt: aws.Time(time.Unix(0, 0))},
	}
	pending := &task.State{Definition: definition, Task: types.Task{TaskArn: aws.String("arn:task/0123456789")}}
	for _, tt := range []struct {
		name string
		goal task.Goal
		open []*task.State
		want string
	}{
		{"none", task.UntilStopped, nil, ""},
		{"pending", task.UntilStopped, []*task.State{pending}, ": task 01234567 of job:1 was not running yet"},
		{"running", task.UntilStopped, []*task.State{started, pending},
			": task 01234567 of job:1 was running, and 1 more task had not ended"},
		{"not healthy", task.UntilHealthy, []*task.State{started, pending, pending},
			": task 01234567 of job:1 was not healthy yet, and 2 more tasks had not ended"},
	} {
		note := explain.Explainer{}.Unfinished(t.Context(), "", tt.goal, tt.open, nil)
		if note.Text != tt.want || len(note.Advice) == 0 {
			t.Errorf("%s: Unfinished() = %+v, want %q with advice", tt.name, note, tt.want)
		}
	}
}
