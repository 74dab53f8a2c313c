package turn_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/runtest"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
)

// A run follows the tasks of an earlier attempt and does not start new ones.
func TestAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
			Inputs: []string{"count=2", "skip-steady-state-check=true"}}
		owner := ownership.Of(ci.Run{ID: "7", Attempt: "1"}, "")
		first := w.Step(t, runtest.Job)
		first.Plan.Jobs[0].Request["startedBy"] = []byte(`"` + owner.String() + `"`)
		jobs, err := first.Registry.Register(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		first.Runner.Run(t.Context(), time.Time{}, jobs, nil)

		w.Inputs = []string{"count=3"}
		changed := w.Step(t, strings.Replace(runtest.Job, `"a"`, `"b"`, 1))
		changed.Turn.Owner = ownership.Of(ci.Run{ID: "7", Attempt: "2"}, "")
		if adopted, err := changed.Turn.Adopt(t.Context()); err != nil || len(adopted) > 0 || !strings.Contains(w.Text(),
			"its definition is not the same as") {
			t.Fatalf("Adopt() of another definition = %+v, %v, want none, and the reason", adopted, err)
		}
		again := w.Step(t, runtest.Job)
		again.Turn.Owner = changed.Turn.Owner
		adopted, err := again.Turn.Adopt(t.Context())
		if err != nil || len(adopted) != 1 || len(adopted[0].Tasks) != 2 || !adopted[0].Adopted {
			t.Fatalf("Adopt() = %+v, %v, want two tasks", adopted, err)
		}
		jobs, err = again.Registry.Register(t.Context(), adopted)
		if err != nil {
			t.Fatal(err)
		}
		out := again.Runner.Run(t.Context(), time.Time{}, jobs, adopted)
		if states := out.Deciding(0); len(states) != 3 || out.Cause != outcome.Completed || w.Calls["RunTask"] != 2 {
			t.Errorf("Run() = %d tasks in %d launches of both, %v, want 3 in 2", len(states), w.Calls["RunTask"], out.Err)
		}

		// The run adopts all tasks: it registers and launches nothing.
		w.Inputs = []string{"count=1", "skip-steady-state-check=true"}
		started := w.Step(t, runtest.Job)
		started.Plan.Jobs[0].Request["startedBy"] = []byte(`"mine"`)
		started.Plan.Jobs[0].Request["tags"] = []byte(`[{"key":"` + ownership.Tag + `","value":"` + owner.String() + `"}]`)
		jobs, _ = started.Registry.Register(t.Context(), nil)
		started.Runner.Run(t.Context(), time.Time{}, jobs, nil)
		w.Inputs = []string{"count=1", "started-by=mine"}
		whole := w.Step(t, runtest.Job)
		whole.Turn.Owner = owner
		launches, registrations := w.Calls["RunTask"], w.Calls["RegisterTaskDefinition"]
		if adopted, err = whole.Turn.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		if jobs, err = whole.Registry.Register(t.Context(), adopted); err != nil {
			t.Fatal(err)
		}
		out = whole.Runner.Run(t.Context(), time.Time{}, jobs, adopted)
		if out.Err != nil || w.Calls["RunTask"] != launches || w.Calls["RegisterTaskDefinition"] != registrations {
			t.Errorf("Run() = %v with %d launches and %d registrations more, want none", out.Err, w.Calls["RunTask"]-launches,
				w.Calls["RegisterTaskDefinition"]-registrations)
		}
	})
}

// If a task runs already, the step waits for it, follows it, or fails.
func TestIfRunning(t *testing.T) {
	changed := strings.Replace(runtest.Job, `"a"`, `"b"`, 1)
	for _, tt := range []struct {
		name    string
		inputs  []string
		jobs    string        // empty: runtest.Job, as the task that runs
		runs    time.Duration // life of the running task; 0: a minute
		code    int           // its exit code
		signal  time.Duration // after the start; 0: no signal
		cause   outcome.Cause
		err     string
		started int // tasks started in all
		good    int
		left    int // tasks that run after the step
		least   time.Duration
		text    string
	}{
		{name: "start", inputs: []string{"if-running=start"}, started: 2, good: 1},
		{name: "fail", inputs: []string{"if-running=fail"}, cause: outcome.Failed,
			err: "family job runs already: task arn:aws:ecs:", started: 1, left: 1},
		{name: "wait", inputs: []string{"if-running=wait"}, started: 2, good: 1, least: 2 * time.Minute,
			text: "waiting for the end of task arn:aws:ecs:eu-central-1:123456789012:task/default/"},
		{name: "wait counts against the time-out", inputs: []string{"if-running=wait", "timeout=90s"},
			cause: outcome.TimedOut, started: 2, least: 90 * time.Second},
		{name: "wait to the time-out", inputs: []string{"if-running=wait", "timeout=30s"}, cause: outcome.TimedOut,
			err: "waited to the time-out: family job runs already", started: 1, left: 1, least: 30 * time.Second,
			text: "wait for 0 of 0 map[] the end of 1 other task of family job, until 30s"},
		{name: "a signal while it waits", inputs: []string{"if-running=wait"}, signal: 20 * time.Second,
			cause: outcome.Cancelled, started: 1, left: 1},
		{name: "follow", inputs: []string{"if-running=follow"}, started: 1, good: 1, text: "following task arn:aws:ecs:"},
		{name: "follow takes the verdict", inputs: []string{"if-running=follow"}, code: 3, started: 1},
		{name: "follow starts what is missing", inputs: []string{"if-running=follow", "count=2"}, started: 2, good: 2},
		{name: "follow does not stop what others started", inputs: []string{"if-running=follow"}, signal: 20 * time.Second,
			cause: outcome.Cancelled, started: 1, left: 1, text: "1 task left running, as others started them"},
		{name: "another definition is not followed", inputs: []string{"if-running=follow"}, jobs: changed,
			cause: outcome.Failed, err: "which can't be followed: its definition is not the same as", started: 1, left: 1},
		{name: "other settings are not followed", inputs: []string{"if-running=follow", "command=other"},
			cause: outcome.Failed, err: "with other settings than this step asks for: overrides", started: 1, left: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: tt.code},
					Inputs: []string{"skip-steady-state-check=true"}}
				if out := first.Run(t.Context(), t, runtest.Job); out.Err != nil {
					t.Fatal(out.Err)
				}
				start := time.Now()
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.signal > 0 {
					time.AfterFunc(tt.signal, func() { cancel(&shutdown.Interrupted{Signal: syscall.SIGTERM, At: time.Now()}) })
				}
				jobs := tt.jobs
				if jobs == "" {
					jobs = runtest.Job
				}
				w := &runtest.World{Server: first.Server, Inputs: tt.inputs}
				out := w.Take(ctx, t, jobs)
				took := time.Since(start)
				good := 0
				for _, state := range out.Deciding(0) {
					if state.Verdict != nil && state.Verdict.Outcome == "succeeded" {
						good++
					}
				}
				left, err := w.Step(t, runtest.Job).ECS.All(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if out.Cause != tt.cause || tt.err != "" && out.Err == nil || out.Err != nil && !strings.Contains(out.Err.Error(),
					tt.err) {
					t.Errorf("cause %v, %v, want %v, %q", out.Cause, out.Err, tt.cause, tt.err)
				}
				if first.Calls["RunTask"] != tt.started || good != tt.good || len(left) != tt.left || took < tt.least {
					t.Errorf("%d started, %d good, %d left after %s, want %d, %d, %d after %s", first.Calls["RunTask"], good,
						len(left), took, tt.started, tt.good, tt.left, tt.least)
				}
				if !strings.Contains(w.Text(), tt.text) {
					t.Errorf("the transcript does not have %q", tt.text)
				}
				if t.Failed() {
					t.Log(w.Text())
				}
			})
		})
	}
}

// If ECS refuses to list or describe tasks, the step fails: a running task may be one that must
// not run twice.
func TestSearchRefused(t *testing.T) {
	for _, operation := range []string{"ListTasks", "DescribeTaskDefinition"} {
		synctest.Test(t, func(t *testing.T) {
			w := &runtest.World{Containers: runtest.Containers{Life: time.Hour},
				Inputs: []string{"skip-steady-state-check=true"}}
			w.Run(t.Context(), t, runtest.Job)
			w.Inputs = []string{"if-running=follow"}
			s := w.Step(t, runtest.Job)
			w.Faults = ecslocal.On(operation, ecslocal.Denied("*"))
			if attempts, _, err := s.Turn.Await(t.Context(), nil); err == nil || len(attempts) > 0 {
				t.Errorf("Await() without %s = %v, %v, want an error", operation, attempts, err)
			}
			s.Turn.Owner = ownership.Of(ci.Run{ID: "7"}, "")
			if operation == "ListTasks" {
				if _, err := s.Turn.Adopt(t.Context()); err == nil {
					t.Errorf("Adopt() without %s = nil, want an error", operation)
				}
			}
		})
	}
}
