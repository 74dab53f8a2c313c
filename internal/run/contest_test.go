package run_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/runtest"
)

// If two steps start tasks at the same moment, one stops its task before it begins.
func TestIfRunningAtOnce(t *testing.T) {
	for _, tt := range []struct {
		input string
		begun bool // the second step's task has begun before the step searches for others
		late  bool // the second step's task begins before ECS stops it
		cause outcome.Cause
		text  string
	}{
		{input: "wait", text: "goes before"},
		{input: "follow", text: "goes before"},
		{input: "fail", cause: outcome.Failed, text: "goes before"},
		{input: "wait", begun: true, text: "were started at the same moment, and the second has begun"},
		{input: "wait", late: true, cause: outcome.Failed, text: "and the second had begun before it was stopped"},
		{input: "follow", late: true, text: "and the second had begun before it was stopped"},
		{input: "fail", late: true, cause: outcome.Failed, text: "and the second had begun before it was stopped"},
	} {
		t.Run(tt.input, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
					Inputs: []string{"skip-steady-state-check=true"}}
				second := &runtest.World{Inputs: []string{"if-running=" + tt.input, "timeout=10m"}}
				launches := 0
				var out outcome.Outcome
				first.Faults = func(c ecslocal.Call) ecslocal.Effect {
					if c.Operation == "RunTask" {
						launches++
					}
					if c.Operation == "ListTasks" && tt.begun && launches == 2 {
						return ecslocal.Stall(10 * time.Second)
					}
					if c.Operation == "StopTask" && tt.late {
						return ecslocal.Stall(time.Second)
					}
					return nil
				}
				firstRunner := first.Step(t, runtest.Job)
				second.Server = first.Server
				// The second step searches before the first has started its task.
				r := second.Step(t, runtest.Job)
				attempts, began, err := r.Turn.Await(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				jobs, err := firstRunner.Registry.Register(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				firstRunner.Runner.Run(t.Context(), time.Time{}, jobs, nil)
				time.Sleep(10 * time.Millisecond)
				if jobs, err = r.Registry.Register(t.Context(), attempts); err != nil {
					t.Fatal(err)
				}
				out = r.Runner.Run(t.Context(), began, jobs, attempts)
				var running *outcome.RunningError
				again := tt.late && tt.input == "wait" // another launch would run the task twice
				if out.Cause != tt.cause || (tt.cause == outcome.Failed && !again) != errors.As(out.Err, &running) {
					t.Errorf("cause %v, %v, want %v", out.Cause, out.Err, tt.cause)
				}
				if again && (launches != 2 || !strings.Contains(out.Err.Error(), "and is not started again")) {
					t.Errorf("%d launches, %v, want no other of a task that had begun", launches, out.Err)
				}
				if tt.cause == outcome.Completed &&
					(len(out.Deciding(0)) != 1 || out.Deciding(0)[0].Verdict == nil ||
						out.Deciding(0)[0].Verdict.Outcome != "succeeded") {
					t.Errorf("Deciding() = %+v, want one task that succeeded", out.Deciding(0))
				}
				if replaced := len(out.Replaced(0)); !tt.begun && replaced != 1 {
					t.Errorf("%d tasks were withdrawn, want 1", replaced)
				}
				if !strings.Contains(second.Text(), tt.text) {
					t.Errorf("the transcript does not have %q", tt.text)
				}
				if t.Failed() {
					t.Log(second.Text())
				}
			})
		})
	}
}
