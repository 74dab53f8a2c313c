package run_test

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
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// deniedExcept is for [runtest.World.Faults]: e is the effect of the nth RunTask, and the others
// are denied.
func deniedExcept(n int, e ecslocal.Effect) func(ecslocal.Call) ecslocal.Effect {
	return func(c ecslocal.Call) ecslocal.Effect {
		switch {
		case c.Operation != "RunTask":
			return nil
		case c.N == n:
			return e
		}
		return ecslocal.Denied("*")
	}
}

// Each scenario is a whole run. The test compares its outcome, its transcript and the tasks left
// in ECS.
func TestRun(t *testing.T) {
	room := ecslocal.Room(0, "RESOURCE:MEMORY")
	noSubnet := ecslocal.FailToStart("Timeout waiting for network interface provisioning to complete.")
	for _, tt := range []struct {
		name    string
		world   *runtest.World
		jobs    string        // empty: runtest.Job
		signal  time.Duration // after the start; 0: no signal
		cause   outcome.Cause
		err     string   // part of the error
		tasks   int      // started in all
		good    int      // deciding tasks that succeeded
		running int      // tasks that run after the step
		text    []string // parts of the transcript
		within  time.Duration
	}{
		{name: "one task", world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0}}, tasks: 1,
			good: 1,
			text: []string{"registering job", "registered job:1: arn:", "0 tasks found in task family job",
				"running 1 task on cluster default in eu-central-1", "1 task started, 0 failures"}},
		{name: "a code", world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 3},
			Inputs: []string{"count=12"}}, tasks: 12, text: []string{"12 tasks started"}},
		{name: "in sequence", world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 1},
			Inputs: []string{"order=sequence"}}, jobs: "[" + runtest.Job + "," + runtest.OtherJob + "]", tasks: 1,
			text: []string{"not run after that: other:1"}},
		{name: "not waited for", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"skip-steady-state-check=true"}}, tasks: 1, running: 1,
			text: []string{"steady-state check skipped"}},
		{name: "servers", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"steady-state=running"}}, tasks: 1, running: 1},
		{name: "servers of which one fails",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
				Inputs: []string{"steady-state=running"},
				Faults: ecslocal.On("RunTask", ecslocal.FailToStart("CannotPullContainerError: not found"),
					2)}, jobs: "[" + runtest.Job + "," + runtest.OtherJob + "]", tasks: 2,
			text: []string{"stopping 1 task, as not every task is running"}},
		{name: "time-out", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"timeout=2m"}}, cause: outcome.TimedOut, tasks: 1,
			text: []string{"timed out after 2m0s: stopping 1 task",
				"wait for 1 of 1 map[RUNNING:1] , until 2m0s"}, within: 2*time.Minute + shutdown.Time},
		{name: "time-out, and left", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"timeout=1m", "on-interrupt=leave"}}, cause: outcome.TimedOut, tasks: 1, running: 1,
			text: []string{"timed out after 1m0s: 1 task left running (on-interrupt: leave)",
				"aws ecs stop-task --region eu-central-1 --cluster default --task arn:"}},
		{name: "signal", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"count=3"}}, signal: 30 * time.Second, cause: outcome.Cancelled, tasks: 3,
			text: []string{"cancelled by SIGTERM: stopping 3 tasks"}, within: 30*time.Second + shutdown.Time},
		{name: "signal while capacity is waited for",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0}, Inputs: []string{"count=20"},
				Faults: ecslocal.On("RunTask", room, 2, 3, 4, 5, 6, 7,
					8)}, signal: 20 * time.Second, cause: outcome.Cancelled, err: "10 of 20 tasks started", tasks: 10,
			text:   []string{"no room for job:1 at the moment (RESOURCE:MEMORY): asking again in 5.0s"},
			within: 20*time.Second + shutdown.Time},
		{name: "no capacity before the time-out",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0}, Inputs: []string{"timeout=20s"},
				Faults: ecslocal.On("RunTask", room)}, cause: outcome.Failed, err: "0 of 1 tasks started",
			text: []string{"0 tasks started, 1 failure"}},
		{name: "not all started", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"count=12", "launch-timeout=0s"},
			Faults: ecslocal.On("RunTask", room, 2)}, cause: outcome.Failed, err: "10 of 12 tasks started", tasks: 10,
			text: []string{"10 tasks started, 2 failures",
				"stopping the 10 tasks of job:1 that did start, as not all could be started"}},
		{name: "not all started, and left",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
				Inputs: []string{"count=12", "launch-timeout=0s", "on-interrupt=leave"},
				Faults: ecslocal.On("RunTask", room, 2)}, cause: outcome.Failed, err: "10 of 12 tasks started", tasks: 10, good: 10,
			text: []string{"10 tasks of job:1 left running (on-interrupt: leave)"}},
		{name: "one of two not started", world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
			Inputs: []string{"launch-timeout=0s"},
			Faults: ecslocal.On("RunTask", room,
				1)}, jobs: "[" + runtest.Job + "," + runtest.OtherJob + "]", cause: outcome.Failed, err: "0 of 1 tasks started",
			tasks: 1, good: 1,
			text: []string{"following the others, although run task"}},
		{name: "a host is lost once", world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
			Inputs: []string{"retries=2"},
			Faults: ecslocal.On("RunTask", ecslocal.SpotInterruption(time.Second), 1)}, tasks: 2, good: 1,
			text: []string{"running 1 task of job:1 again (retry 1 of 2)"}},
		{name: "hosts are lost too often",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0}, Inputs: []string{"retries=1"},
				Faults: ecslocal.On("RunTask", ecslocal.HostLost(time.Second))}, tasks: 2},
		{name: "no network interface at first",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
				Faults: ecslocal.On("RunTask", noSubnet, 1)}, tasks: 2, good: 1,
			text: []string{"AWS had no room for 1 task: starting again in 5.0s"}},
		{name: "never a network interface",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
				Inputs: []string{"launch-timeout=12s"},
				Faults: ecslocal.On("RunTask", noSubnet)}, tasks: 2},
		{name: "the answer to a launch is lost",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
				Faults: ecslocal.On("RunTask", ecslocal.CutAfter(), 1)}, tasks: 1, good: 1},
		{name: "a launch is refused after its answer was lost",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0}, Inputs: []string{"count=3"},
				Faults: deniedExcept(1, ecslocal.CutAfter())}, tasks: 3, good: 3, text: []string{"3 tasks started, 0 failures"}},
		{name: "a launch is refused, and was not answered before",
			world: &runtest.World{Faults: deniedExcept(1, ecslocal.Cut())}, cause: outcome.Failed, err: "not authorized",
			text: []string{"ECS did not answer whether it started job:1; to look:", "0 tasks started, 1 failure"}},
		{name: "signal while the answer to a launch is lost",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0}, Inputs: []string{"count=2"},
				Faults: ecslocal.On("RunTask", ecslocal.All(ecslocal.Stall(5*time.Second),
					ecslocal.CutAfter()))}, signal: 2 * time.Second, cause: outcome.Cancelled, tasks: 2,
			text: []string{"cancelled by SIGTERM: stopping 2 tasks"}, within: 2*time.Second + shutdown.Time},
		{name: "looks are refused", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Faults: ecslocal.On("DescribeTasks", ecslocal.Denied("*"))}, cause: outcome.Failed, err: "describe tasks", tasks: 1,
			text: []string{"lost sight of the task: stopping 1 task", "asked to stop and not ended yet"}},
		{name: "looks and stops are refused", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Faults: func(c ecslocal.Call) ecslocal.Effect {
				if c.Operation == "DescribeTasks" || c.Operation == "StopTask" {
					return ecslocal.Denied("*")
				}
				return nil
			}}, cause: outcome.Failed, err: "describe tasks", tasks: 1, running: 1,
			text: []string{"error a task may still run", "this task may still run: arn:"}},
		{name: "looks fail for a while", world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
			Faults: ecslocal.On("DescribeTasks", ecslocal.Throttle(), 2, 3, 4, 5, 6,
				7)}, tasks: 1, good: 1, text: []string{"asking ECS again after: "}},
		{name: "ECS forgets the task", world: &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Faults: ecslocal.On("DescribeTasks", ecslocal.Missing())}, tasks: 1},
		{name: "a registration is refused",
			world: &runtest.World{Faults: ecslocal.On("RegisterTaskDefinition", ecslocal.Denied("*"), 2)},
			jobs:  "[" + runtest.Job + "," + runtest.OtherJob + "]", cause: outcome.Failed, err: "register task definition"},
		{name: "a count is refused", world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
			Faults: ecslocal.On("ListTasks", ecslocal.Denied("*"))}, tasks: 1, good: 1,
			text: []string{"the tasks of family job were not counted: "}},
		{name: "the answer to a registration is lost",
			world: &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
				Faults: ecslocal.On("RegisterTaskDefinition", ecslocal.CutAfter(), 1)}, tasks: 1, good: 1,
			text: []string{"\nregistered by an attempt that ECS did not answer: arn:",
				"  aws ecs deregister-task-definition --region eu-central-1 --task-definition arn:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.signal > 0 {
					time.AfterFunc(tt.signal, func() { cancel(&shutdown.Interrupted{Signal: syscall.SIGTERM, At: time.Now()}) })
				}
				if tt.jobs == "" {
					tt.jobs = runtest.Job
				}
				w := tt.world
				start := time.Now()
				out := w.Run(ctx, t, tt.jobs)
				took := time.Since(start)
				if out.Cause != tt.cause || (out.Err != nil) != (tt.err != "") || out.Err != nil &&
					!strings.Contains(out.Err.Error(), tt.err) {
					t.Errorf("Run() ended by %d: %v, want %d: %s", out.Cause, out.Err, tt.cause, tt.err)
				}
				if tt.within > 0 && took > tt.within {
					t.Errorf("Run() took %s, want %s at the most", took, tt.within)
				}
				tasks, good := 0, 0
				for i := range out.Plan.Jobs {
					tasks += len(out.Replaced(i)) + len(out.Deciding(i))
					for _, state := range out.Deciding(i) {
						if state.Verdict != nil && state.Verdict.Outcome == verdict.Succeeded {
							good++
						}
					}
				}
				if tasks != tt.tasks || good != tt.good {
					t.Errorf("Run() started %d tasks, %d good, want %d, %d good", tasks, good, tt.tasks, tt.good)
				}
				for _, want := range tt.text {
					if !strings.Contains(w.Text(), want) {
						t.Errorf("Run() did not report %q", want)
					}
				}
				w.Faults = nil
				time.Sleep(5 * time.Second) // the stop timeout of the containers
				left, err := w.Step(t, runtest.Job).ECS.All(t.Context())
				if err != nil || len(left) != tt.running {
					t.Errorf("%d tasks run afterwards, %v, want %d", len(left), err, tt.running)
				}
				if len(w.Saved) != tt.tasks {
					t.Errorf("%d tasks were saved for the post stage, want %d", len(w.Saved), tt.tasks)
				}
				if t.Failed() {
					t.Log(w.Text())
				}
			})
		})
	}
}

// If the user sets started-by and ECS does not answer a launch, the step's tag identifies the
// tasks of that launch.
func TestUnconfirmedTagged(t *testing.T) {
	for _, tagged := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
				Inputs: []string{"started-by=nightly"}}
			w.Run(t.Context(), t, runtest.Job)
			w.Faults = deniedExcept(2, ecslocal.CutAfter())
			r := w.Step(t, "job:1")
			r.Runner.OwnStartedBy, r.Runner.Plan.Mark = false, ownership.Of(ci.Run{ID: "7"}, "").String()
			mark := r.Runner.Plan.Mark
			if !tagged {
				mark = ownership.Of(ci.Run{ID: "8"}, "").String()
			}
			r.Plan.Jobs[0].Request["tags"] = []byte(`[{"key":"` + ownership.Tag + `","value":"` + mark + `"}]`)
			jobs, err := r.Registry.Register(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			out := r.Runner.Run(t.Context(), time.Time{}, jobs, nil)
			if followed := len(out.Deciding(0)) == 1 && out.Cause == outcome.Completed; followed != tagged {
				t.Errorf("with its own tag %t: Run() = %d tasks, %v, want to follow its own\n%s", tagged, len(out.Deciding(0)),
					out.Err, w.Text())
			}
		})
	}
}

// If only a part of the tasks is found after ECS did not answer a launch, the step reports the
// rest.
func TestUnconfirmedInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0}, Inputs: []string{"count=2"}}
		w.Faults = deniedExcept(1, ecslocal.All(ecslocal.Room(1, "RESOURCE:MEMORY"), ecslocal.CutAfter()))
		out := w.Run(t.Context(), t, runtest.Job)
		if out.Cause != outcome.Failed || len(out.Deciding(0)) != 1 || len(w.Ledger.Running()) != 0 {
			t.Errorf("Run() = %v with %d tasks, %d of them running, want one that was stopped", out.Err, len(out.Deciding(0)),
				len(w.Ledger.Running()))
		}
		const want = "ECS did not answer whether it started all 2 tasks of job:1; to look:\n  aws ecs list-tasks "
		if !strings.Contains(w.Text(), want) {
			t.Errorf("Run() did not report %q:\n%s", want, w.Text())
		}
	})
}

// At its end the step stops the tasks that ECS lists under the step's own startedBy name, also if
// ECS does not describe them.
func TestUnconfirmedListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &runtest.World{
			Containers: runtest.Containers{Life: time.Hour, Code: 0}, Inputs: []string{"count=2", "timeout=10s"},
		}
		w.Faults = func(c ecslocal.Call) ecslocal.Effect {
			switch c.Operation {
			case "RunTask":
				return ecslocal.CutAfter()
			case "DescribeTasks":
				return ecslocal.ExpiredToken()
			}
			return nil
		}
		out := w.Run(t.Context(), t, runtest.Job)
		if got := strings.Count(w.Text(), "stopping task arn:"); out.Cause != outcome.TimedOut || got != 2 {
			t.Errorf("Run() ended by %d, %v, and stopped %d tasks, want the time-out and 2:\n%s", out.Cause, out.Err, got,
				w.Text())
		}
		w.Faults = nil
		time.Sleep(5 * time.Second) // the stop timeout of the containers
		if left, err := w.Step(t, runtest.Job).Runner.ECS.All(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("%d tasks run afterwards, %v, want none", len(left), err)
		}
	})
}

// If others may start the same tasks under the same startedBy name, the step only names the tasks
// that ECS may have started. It neither follows nor stops them.
func TestUnconfirmedOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"started-by=nightly", "skip-steady-state-check=true"}}
		before := w.Run(t.Context(), t, runtest.Job)
		time.Sleep(time.Minute)
		w.Faults = deniedExcept(2, ecslocal.CutAfter())
		r := w.Step(t, "job:1")
		r.Runner.OwnStartedBy = false
		jobs, err := r.Registry.Register(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		out := r.Runner.Run(t.Context(), time.Time{}, jobs, nil)
		if out.Cause != outcome.Failed || len(out.Deciding(0)) != 0 {
			t.Errorf("Run() = %d with %d tasks, want that it failed with none", out.Cause, len(out.Deciding(0)))
		}
		w.Faults = nil
		all, err := r.ECS.All(t.Context())
		if err != nil || len(all) != 2 {
			t.Fatalf("%d tasks run, %v, want that of the run before and the one without an answer", len(all), err)
		}
		for _, running := range all {
			named := strings.Contains(w.Text(), "--task "+*running.TaskArn)
			if stranger := *running.TaskArn == *before.Deciding(0)[0].TaskArn; named == stranger {
				t.Errorf("how to stop %s is said: %v; it is of another run: %v", *running.TaskArn, named, stranger)
			}
		}
	})
}
