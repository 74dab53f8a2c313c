package outcome_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

func TestEnd(t *testing.T) {
	signal := &shutdown.Interrupted{Signal: syscall.SIGTERM}
	waited := &outcome.RunningError{Family: "job", Tasks: []string{"task 1"}, Waited: true}
	for _, tt := range []struct {
		name   string
		cause  outcome.Cause // before the call of End
		err    error
		signal bool
		want   outcome.Cause
	}{
		{"good", outcome.Completed, nil, false, outcome.Completed},
		{"an error", outcome.Completed, errors.New("denied"), false, outcome.Failed},
		{"the time-out, and an error", outcome.TimedOut, errors.New("denied"), false, outcome.TimedOut},
		{"the time-out of a wait for others", outcome.Completed, fmt.Errorf("turn: %w", waited), false, outcome.TimedOut},
		{"a task that may not run", outcome.Completed, &outcome.RunningError{Family: "job"}, false, outcome.Failed},
		{"a signal", outcome.TimedOut, errors.New("denied"), true, outcome.Cancelled},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if tt.signal {
			cancel(signal)
		}
		got := outcome.Outcome{Cause: tt.cause}.End(ctx, tt.err)
		if got.Cause != tt.want || !errors.Is(got.Err, tt.err) || (got.Signal == signal) != tt.signal {
			t.Errorf("%s: End() = %v, %v, %v, want %v", tt.name, got.Cause, got.Signal, got.Err, tt.want)
		}
		cancel(nil)
	}
}

func TestRunningError(t *testing.T) {
	for text, err := range map[string]*outcome.RunningError{
		"family job runs already: a; b (if-running: fail)":   {Family: "job", Tasks: []string{"a", "b"}},
		"family job runs already: a (if-running: follow)":    {Family: "job", Tasks: []string{"a"}, Followed: true},
		"waited to the time-out: family job runs already: a": {Family: "job", Tasks: []string{"a"}, Waited: true},
	} {
		if err.Error() != text || errors.Is(err, context.DeadlineExceeded) != err.Waited {
			t.Errorf("Error() = %q, by the time-out: %v, want %q", err, errors.Is(err, context.DeadlineExceeded), text)
		}
	}
}

// TestRevisions checks the methods of an outcome about revisions and their tasks.
func TestRevisions(t *testing.T) {
	revision := func(n int32) *types.TaskDefinition {
		return &types.TaskDefinition{Family: aws.String("job"), Revision: n,
			TaskDefinitionArn: aws.String(fmt.Sprintf("arn:job:%d", n))}
	}
	state := func(arn string, d *types.TaskDefinition, o verdict.Outcome) *task.State {
		s := task.New(types.Task{TaskArn: &arn, TaskDefinitionArn: d.TaskDefinitionArn}, d, time.Time{})
		if o != "" {
			s.Verdict = &verdict.Verdict{Outcome: o}
		}
		return s
	}
	denied, full := errors.New("denied"), errors.New("no room")
	first, second, third := revision(1), revision(2), revision(3)
	out := outcome.Outcome{
		Plan: plan.Plan{Jobs: []plan.Job{{}, {}, {Definition: plan.Existing{Revision: third}},
			{Definition: plan.Named{Name: "x"}}}},
		Jobs: []outcome.Registered{{Revision: first, Created: true}, {Revision: second, Err: denied}},
		Attempts: []outcome.Attempt{
			{Launch: outcome.Launch{Job: 0}, Tasks: []*task.State{state("a", first, verdict.Succeeded),
				state("b", first, verdict.Failed)}},
			{Launch: outcome.Launch{Job: 0, Lost: []string{"b"}}, Tasks: []*task.State{state("c", first, verdict.Succeeded)},
				Err:      full,
				Failures: []types.Failure{{Reason: aws.String("RESOURCE:CPU")}}},
			{Launch: outcome.Launch{Job: 1}, Tasks: []*task.State{state("d", second, verdict.Failed)}},
			{Launch: outcome.Launch{Job: 1}, Tasks: []*task.State{state("e", second, verdict.Succeeded)}, Withdrawn: true},
		},
	}
	names := func(states []*task.State) []string { return task.ARNs(states) }
	if got := out.Registered(); !slices.Equal(got, []string{"arn:job:1"}) {
		t.Errorf("Registered() = %v, want those that the run created", got)
	}
	if got := out.Succeeded(); !slices.Equal(got, []string{"arn:job:1"}) {
		t.Errorf("Succeeded() = %v, want those all of whose deciding tasks did", got)
	}
	if got := names(out.Deciding(0)); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("Deciding() = %v, want a and c", got)
	}
	if got := names(out.Replaced(0)); !slices.Equal(got, []string{"b"}) {
		t.Errorf("Replaced() = %v, want b", got)
	}
	if got := names(out.Replaced(1)); !slices.Equal(got, []string{"e"}) {
		t.Errorf("Replaced() = %v, want the one that was withdrawn", got)
	}
	for err, want := range map[error]*types.TaskDefinition{full: first, denied: second, errors.New("other"): nil} {
		if got := out.RevisionOf(err); got != want {
			t.Errorf("RevisionOf(%v) = %v, want %v", err, got, want)
		}
	}
	for job, want := range []*types.TaskDefinition{first, second, third, nil} {
		if got := out.Revision(job); got != want {
			t.Errorf("Revision(%d) = %v, want %v", job, got, want)
		}
	}
	if got := out.Failures(0); len(got) != 1 || len(out.Failures(2)) > 0 {
		t.Errorf("Failures() = %v, want those of the last attempt", got)
	}
}
