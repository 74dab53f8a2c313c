package run_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// containers run each for a time of the bubble's clock and end with a code.
type containers struct {
	life time.Duration
	code int
}

func (containers) Begin(context.Context, runtime.Task) error     { return nil }
func (containers) End(runtime.Task)                              {}
func (containers) Pull(context.Context, runtime.Container) error { return nil }
func (containers) Probe(context.Context, runtime.Container, []string) (int, error) {
	return 0, nil
}

func (c containers) Run(ctx context.Context, _ runtime.Container, started func(), stop <-chan struct{}) (runtime.Exit, error) {
	started()
	select {
	case <-time.After(c.life):
		return runtime.Exit{Code: c.code}, nil
	case <-stop:
		return runtime.Exit{Code: 143}, nil
	case <-ctx.Done():
		return runtime.Exit{Code: 137}, nil
	}
}

// noLogs are logs that have no lines.
type noLogs struct{}

func (noLogs) Update(*task.State, string)          {}
func (noLogs) CutOff()                             {}
func (noLogs) Reading() bool                       { return true }
func (noLogs) Wait(context.Context, time.Duration) {}

// world is an ECS with what a run of it needs and leaves.
type world struct {
	containers
	faults func(ecslocal.Call) ecslocal.Effect
	inputs []string // besides the definition

	server *ecslocal.Server
	mu     sync.Mutex
	calls  map[string]int
	text   strings.Builder
	ledger run.Ledger
	saved  []string
}

func (w *world) emit(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case event.Text:
		fmt.Fprintln(&w.text, e)
	case event.Note:
		fmt.Fprintln(&w.text, e.Level, e.Title, e.String())
	case event.Waiting:
		fmt.Fprintf(&w.text, "wait for %d of %d %v %s, until %s\n", e.Open, e.Total, e.Statuses, e.What, e.Deadline.Sub(e.Since))
	}
}

// runner loads and resolves the plan of the definitions.
func (w *world) runner(t *testing.T, definitions string) run.Runner {
	t.Helper()
	var config input.Config
	given := map[string]string{"definition": definitions}
	for _, arg := range w.inputs {
		name, value, _ := strings.Cut(arg, "=")
		given[name] = value
	}
	if err := input.Read(&config, given, nil); err != nil {
		t.Fatal(err)
	}
	if w.server == nil {
		w.calls = map[string]int{}
		w.server = ecslocal.New(ecslocal.Region("eu-central-1"), ecslocal.Execute(w.containers), ecslocal.AnyCluster(), ecslocal.Faults(func(c ecslocal.Call) ecslocal.Effect {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls[c.Operation]++
			if w.faults == nil {
				return nil
			}
			return w.faults(c)
		}))
		t.Cleanup(func() { w.server.Close() })
	}
	clients := session.Local("eu-central-1", ecslocal.Transport(w.server), w.server.Close)
	env := plan.Env{Getenv: func(string) string { return "" }, Environ: func() []string { return nil }, Getwd: func() (string, error) { return t.TempDir(), nil }}
	draft, err := plan.Load(t.Context(), config, env, w.emit)
	if err != nil {
		t.Fatal(err)
	}
	p, err := draft.Resolve(t.Context(), clients, w.emit)
	if err != nil {
		t.Fatal(err)
	}
	w.ledger.OnTasks(func(arns []string) { w.saved = arns })
	return run.Runner{
		ECS: cluster.Client{API: clients.ECS, Cluster: config.Cluster}, Region: "eu-central-1", Plan: p,
		Ledger: &w.ledger, Logs: noLogs{}, Emit: w.emit,
		Explain:       explain.Explainer{Cluster: config.Cluster, Region: "eu-central-1", Account: clients},
		ReuseRevision: config.ReuseRevision, OwnStartedBy: true, RunURL: "https://ci.example/1",
	}
}

// run registers and runs.
func (w *world) run(ctx context.Context, t *testing.T, definitions string) run.Outcome {
	r := w.runner(t, definitions)
	jobs, err := r.Register(ctx, nil)
	if err != nil {
		return run.Outcome{Plan: r.Plan, Jobs: jobs}.End(ctx, err)
	}
	out := r.Run(ctx, jobs, nil)
	r.Drain(ctx, out)
	return out
}

const (
	job   = `{"family":"job","containerDefinitions":[{"name":"app","image":"a","memory":64,"stopTimeout":2}]}`
	other = `{"family":"other","containerDefinitions":[{"name":"app","image":"a","memory":64,"stopTimeout":2}]}`
)

// Each scenario is a whole run, of which the end, the transcript, and what is left
// in ECS are held.
func TestRun(t *testing.T) {
	room := ecslocal.Room(0, "RESOURCE:MEMORY")
	noSubnet := ecslocal.FailToStart("Timeout waiting for network interface provisioning to complete.")
	for _, tt := range []struct {
		name    string
		world   *world
		jobs    string        // else job
		signal  time.Duration // after the start; 0 is none
		cause   run.Cause
		err     string   // in it
		tasks   int      // all that were started
		good    int      // of those that decide
		running int      // tasks afterwards
		text    []string // in the transcript
		within  time.Duration
	}{
		{name: "one task", world: &world{containers: containers{time.Minute, 0}}, tasks: 1, good: 1,
			text: []string{"registering job", "registered job:1: arn:", "0 tasks found in task family job", "running 1 task on cluster default in eu-central-1", "1 task started, 0 failures"}},
		{name: "a code", world: &world{containers: containers{time.Minute, 3}, inputs: []string{"count=12"}}, tasks: 12, text: []string{"12 tasks started"}},
		{name: "in sequence", world: &world{containers: containers{time.Minute, 1}, inputs: []string{"order=sequence"}}, jobs: "[" + job + "," + other + "]", tasks: 1,
			text: []string{"not run after that: other:1"}},
		{name: "not waited for", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"skip-steady-state-check=true"}}, tasks: 1, running: 1,
			text: []string{"steady-state check skipped"}},
		{name: "servers", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"steady-state=running"}}, tasks: 1, running: 1},
		{name: "servers of which one fails", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"steady-state=running"},
			faults: ecslocal.On("RunTask", ecslocal.FailToStart("CannotPullContainerError: not found"), 2)}, jobs: "[" + job + "," + other + "]", tasks: 2,
			text: []string{"stopping 1 task, as not every task is running"}},
		{name: "time-out", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"timeout=2m"}}, cause: run.TimedOut, tasks: 1,
			text: []string{"timed out after 2m0s: stopping 1 task", "wait for 1 of 1 map[RUNNING:1] , until 2m0s"}, within: 2*time.Minute + run.ShutdownTime},
		{name: "time-out, and left", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"timeout=1m", "on-interrupt=leave"}}, cause: run.TimedOut, tasks: 1, running: 1,
			text: []string{"timed out after 1m0s: 1 task left running (on-interrupt: leave)", "aws ecs stop-task --region eu-central-1 --cluster default --task arn:"}},
		{name: "signal", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"count=3"}}, signal: 30 * time.Second, cause: run.Cancelled, tasks: 3,
			text: []string{"cancelled by SIGTERM: stopping 3 tasks"}, within: 30*time.Second + run.ShutdownTime},
		{name: "signal while capacity is waited for", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"count=20"},
			faults: ecslocal.On("RunTask", room, 2, 3, 4, 5, 6, 7, 8)}, signal: 20 * time.Second, cause: run.Cancelled, err: "10 of 20 tasks started", tasks: 10,
			text: []string{"no room for job:1 at the moment (RESOURCE:MEMORY): asking again in 5.0s"}, within: 20*time.Second + run.ShutdownTime},
		{name: "no capacity before the time-out", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"timeout=20s"},
			faults: ecslocal.On("RunTask", room)}, cause: run.Failed, err: "0 of 1 tasks started", text: []string{"0 tasks started, 1 failure"}},
		{name: "not all started", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"count=12", "launch-timeout=0s"},
			faults: ecslocal.On("RunTask", room, 2)}, cause: run.Failed, err: "10 of 12 tasks started", tasks: 10,
			text: []string{"10 tasks started, 2 failures", "stopping the 10 tasks of job:1 that did start, as not all could be started"}},
		{name: "not all started, and left", world: &world{containers: containers{time.Minute, 0}, inputs: []string{"count=12", "launch-timeout=0s", "on-interrupt=leave"},
			faults: ecslocal.On("RunTask", room, 2)}, cause: run.Failed, err: "10 of 12 tasks started", tasks: 10, good: 10,
			text: []string{"10 tasks of job:1 left running (on-interrupt: leave)"}},
		{name: "one of two not started", world: &world{containers: containers{time.Minute, 0}, inputs: []string{"launch-timeout=0s"},
			faults: ecslocal.On("RunTask", room, 1)}, jobs: "[" + job + "," + other + "]", cause: run.Failed, err: "0 of 1 tasks started", tasks: 1, good: 1,
			text: []string{"following the others, although run task"}},
		{name: "a host is lost once", world: &world{containers: containers{time.Minute, 0}, inputs: []string{"retries=2"},
			faults: ecslocal.On("RunTask", ecslocal.SpotInterruption(time.Second), 1)}, tasks: 2, good: 1,
			text: []string{"running 1 task of job:1 again (retry 1 of 2)"}},
		{name: "hosts are lost too often", world: &world{containers: containers{time.Minute, 0}, inputs: []string{"retries=1"},
			faults: ecslocal.On("RunTask", ecslocal.HostLost(time.Second))}, tasks: 2},
		{name: "no network interface at first", world: &world{containers: containers{time.Minute, 0},
			faults: ecslocal.On("RunTask", noSubnet, 1)}, tasks: 2, good: 1,
			text: []string{"AWS had no room for 1 task: starting again in 5.0s"}},
		{name: "never a network interface", world: &world{containers: containers{time.Minute, 0}, inputs: []string{"launch-timeout=12s"},
			faults: ecslocal.On("RunTask", noSubnet)}, tasks: 2},
		{name: "the answer to a launch is lost", world: &world{containers: containers{time.Minute, 0},
			faults: ecslocal.On("RunTask", ecslocal.CutAfter(), 1)}, tasks: 1, good: 1},
		{name: "a launch is refused after its answer was lost", world: &world{containers: containers{time.Minute, 0}, inputs: []string{"count=3"},
			faults: func(c ecslocal.Call) ecslocal.Effect {
				switch {
				case c.Operation != "RunTask":
					return nil
				case c.N == 1:
					return ecslocal.CutAfter()
				}
				return ecslocal.Denied("*")
			}}, tasks: 3, good: 3, text: []string{"3 tasks started, 0 failures"}},
		{name: "a launch is refused, and was not answered before", world: &world{faults: func(c ecslocal.Call) ecslocal.Effect {
			switch {
			case c.Operation != "RunTask":
				return nil
			case c.N == 1:
				return ecslocal.Cut()
			}
			return ecslocal.Denied("*")
		}}, cause: run.Failed, err: "not authorized", text: []string{"ECS did not answer whether it started job:1; to look:", "0 tasks started, 1 failure"}},
		{name: "signal while the answer to a launch is lost", world: &world{containers: containers{time.Hour, 0}, inputs: []string{"count=2"},
			faults: ecslocal.On("RunTask", ecslocal.All(ecslocal.Stall(5*time.Second), ecslocal.CutAfter()))}, signal: 2 * time.Second, cause: run.Cancelled, tasks: 2,
			text: []string{"cancelled by SIGTERM: stopping 2 tasks"}, within: 2*time.Second + run.ShutdownTime},
		{name: "looks are refused", world: &world{containers: containers{time.Hour, 0},
			faults: ecslocal.On("DescribeTasks", ecslocal.Denied("*"))}, cause: run.Failed, err: "describe tasks", tasks: 1,
			text: []string{"lost sight of the task: stopping 1 task", "asked to stop and not ended yet"}},
		{name: "looks and stops are refused", world: &world{containers: containers{time.Hour, 0},
			faults: func(c ecslocal.Call) ecslocal.Effect {
				if c.Operation == "DescribeTasks" || c.Operation == "StopTask" {
					return ecslocal.Denied("*")
				}
				return nil
			}}, cause: run.Failed, err: "describe tasks", tasks: 1, running: 1,
			text: []string{"error a task may still run", "this task may still run: arn:"}},
		{name: "looks fail for a while", world: &world{containers: containers{time.Minute, 0},
			faults: ecslocal.On("DescribeTasks", ecslocal.Throttle(), 2, 3, 4, 5, 6, 7)}, tasks: 1, good: 1, text: []string{"asking ECS again after: "}},
		{name: "ECS forgets the task", world: &world{containers: containers{time.Hour, 0},
			faults: ecslocal.On("DescribeTasks", ecslocal.Missing())}, tasks: 1},
		{name: "a registration is refused", world: &world{faults: ecslocal.On("RegisterTaskDefinition", ecslocal.Denied("*"), 2)},
			jobs: "[" + job + "," + other + "]", cause: run.Failed, err: "register task definition"},
		{name: "a count is refused", world: &world{containers: containers{time.Minute, 0}, faults: ecslocal.On("ListTasks", ecslocal.Denied("*"))}, tasks: 1, good: 1,
			text: []string{"the tasks of family job were not counted: "}},
		{name: "the answer to a registration is lost", world: &world{containers: containers{time.Minute, 0}, faults: ecslocal.On("RegisterTaskDefinition", ecslocal.CutAfter(), 1)}, tasks: 1, good: 1,
			text: []string{"\nregistered by an attempt that ECS did not answer: arn:", "  aws ecs deregister-task-definition --region eu-central-1 --task-definition arn:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.signal > 0 {
					time.AfterFunc(tt.signal, func() { cancel(&run.Interrupted{Signal: syscall.SIGTERM, At: time.Now()}) })
				}
				if tt.jobs == "" {
					tt.jobs = job
				}
				w := tt.world
				start := time.Now()
				out := w.run(ctx, t, tt.jobs)
				took := time.Since(start)
				if out.Cause != tt.cause || (out.Err != nil) != (tt.err != "") || out.Err != nil && !strings.Contains(out.Err.Error(), tt.err) {
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
					if !strings.Contains(w.text.String(), want) {
						t.Errorf("Run() did not report %q", want)
					}
				}
				w.faults = nil
				time.Sleep(5 * time.Second) // the containers' stop time-out
				left, err := w.runner(t, job).ECS.All(t.Context())
				if err != nil || len(left) != tt.running {
					t.Errorf("%d tasks run afterwards, %v, want %d", len(left), err, tt.running)
				}
				if len(w.saved) != tt.tasks {
					t.Errorf("%d tasks were saved for the post stage, want %d", len(w.saved), tt.tasks)
				}
				if t.Failed() {
					t.Log(w.text.String())
				}
			})
		})
	}
}

// A run follows the tasks of an earlier attempt instead of starting others.
func TestAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{containers: containers{time.Minute, 0}, inputs: []string{"count=2", "skip-steady-state-check=true"}}
		owner := ownership.Of(ci.Run{ID: "7", Attempt: "1"}, "")
		first := w.runner(t, job)
		first.Plan.Jobs[0].Request["startedBy"] = []byte(`"` + owner.String() + `"`)
		jobs, err := first.Register(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		first.Run(t.Context(), jobs, nil)

		w.inputs = []string{"count=3"}
		changed := w.runner(t, strings.Replace(job, `"a"`, `"b"`, 1))
		changed.Owner = ownership.Of(ci.Run{ID: "7", Attempt: "2"}, "")
		if adopted, err := changed.Adopt(t.Context()); err != nil || len(adopted) > 0 || !strings.Contains(w.text.String(), "its definition is not the same as") {
			t.Fatalf("Adopt() of another definition = %+v, %v, want none, and the reason", adopted, err)
		}
		again := w.runner(t, job)
		again.Owner = changed.Owner
		adopted, err := again.Adopt(t.Context())
		if err != nil || len(adopted) != 1 || len(adopted[0].Tasks) != 2 || !adopted[0].Adopted {
			t.Fatalf("Adopt() = %+v, %v, want two tasks", adopted, err)
		}
		jobs, err = again.Register(t.Context(), adopted)
		if err != nil {
			t.Fatal(err)
		}
		out := again.Run(t.Context(), jobs, adopted)
		if states := out.Deciding(0); len(states) != 3 || out.Cause != run.Completed || w.calls["RunTask"] != 2 {
			t.Errorf("Run() = %d tasks in %d launches of both, %v, want 3 in 2", len(states), w.calls["RunTask"], out.Err)
		}

		// All of them: nothing is registered or launched.
		w.inputs = []string{"count=1", "skip-steady-state-check=true"}
		started := w.runner(t, job)
		started.Plan.Jobs[0].Request["startedBy"] = []byte(`"mine"`)
		started.Plan.Jobs[0].Request["tags"] = []byte(`[{"key":"` + ownership.Tag + `","value":"` + owner.String() + `"}]`)
		jobs, _ = started.Register(t.Context(), nil)
		started.Run(t.Context(), jobs, nil)
		w.inputs = []string{"count=1", "started-by=mine"}
		whole := w.runner(t, job)
		whole.Owner = owner
		launches, registrations := w.calls["RunTask"], w.calls["RegisterTaskDefinition"]
		if adopted, err = whole.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		if jobs, err = whole.Register(t.Context(), adopted); err != nil {
			t.Fatal(err)
		}
		out = whole.Run(t.Context(), jobs, adopted)
		if out.Err != nil || w.calls["RunTask"] != launches || w.calls["RegisterTaskDefinition"] != registrations {
			t.Errorf("Run() = %v with %d launches and %d registrations more, want none", out.Err, w.calls["RunTask"]-launches, w.calls["RegisterTaskDefinition"]-registrations)
		}
	})
}

func TestReuseRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{inputs: []string{"reuse-revision=true"}}
		for i, tt := range []struct {
			definition string
			created    bool
		}{{job, true}, {job, false}, {strings.Replace(job, "64", "128", 1), true}} {
			jobs, err := w.runner(t, tt.definition).Register(t.Context(), nil)
			if err != nil || jobs[0].Created != tt.created {
				t.Errorf("%d: Register() created a revision: %v, %v, want %v", i, jobs[0].Created, err, tt.created)
			}
		}
		w.faults = ecslocal.On("ListTaskDefinitions", ecslocal.Denied("*"))
		if jobs, err := w.runner(t, job).Register(t.Context(), nil); err != nil || !jobs[0].Created {
			t.Errorf("Register() = %+v, %v, want a new revision where the old one can't be seen", jobs, err)
		}
		if !strings.Contains(w.text.String(), "notice  job is registered anew, as it could not be compared") {
			t.Error("why the definition was registered anew was not reported")
		}
		existing, err := w.runner(t, "job:1").Register(t.Context(), nil)
		if err != nil || existing[0].Created || existing[0].Revision.Revision != 1 {
			t.Errorf("Register() of job:1 = %+v, %v, want that revision", existing, err)
		}
	})
}

func TestCleanUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{containers: containers{time.Hour, 0}, inputs: []string{"skip-steady-state-check=true"}}
		var arns []string
		for i := range 4 {
			out := w.run(t.Context(), t, strings.Replace(job, "64", fmt.Sprint(64+i), 1))
			arns = append(arns, out.Registered()...)
			if i != 1 { // whose task runs on
				w.runner(t, job).ECS.Stop(t.Context(), []string{*out.Deciding(0)[0].TaskArn}, "over")
			}
		}
		r := w.runner(t, job)
		if err := r.CleanUp(t.Context(), run.CleanUp{When: "never", Keep: 1}, false, arns[3:], arns[3:]); err != nil {
			t.Fatal(err)
		}
		left, err := r.ECS.Revisions(t.Context(), "job")
		if want := []string{arns[3], arns[1]}; err != nil || !slices.Equal(left, want) {
			t.Errorf("CleanUp() left %v, %v, want the newest and the one in use, %v", left, err, want)
		}
		if err := r.CleanUp(t.Context(), run.CleanUp{When: "on-failure"}, false, arns[3:], arns[3:]); err != nil {
			t.Fatal(err)
		}
		w.faults = ecslocal.On("ListServices", ecslocal.Denied("*"))
		if err := r.CleanUp(t.Context(), run.CleanUp{When: "always"}, false, arns[3:], nil); err == nil {
			t.Error("CleanUp() = nil, want the error of ListServices")
		}
		w.faults = ecslocal.On("ListTaskDefinitions", ecslocal.Denied("*"))
		if err := r.CleanUp(t.Context(), run.CleanUp{Keep: 1}, false, arns[3:], arns[3:]); err == nil {
			t.Error("CleanUp() = nil, want the error of ListTaskDefinitions")
		}
		for _, e := range w.ledger.Entries() {
			gone := e.ARN == arns[0] || e.ARN == arns[2]
			if slices.Contains(arns, e.ARN) && (e.State == run.EntryDeregistered) != gone {
				t.Errorf("the ledger has %s in state %d", e.ARN, e.State)
			}
		}
	})
}

func TestLedger(t *testing.T) {
	var l run.Ledger
	var saved [][]string
	l.OnTasks(func(arns []string) { saved = append(saved, arns) })
	var revisions [][]string
	l.OnRevisions(func(arns []string) { revisions = append(revisions, arns) })
	l.Registered("r1")
	l.Registered("r2")
	l.Started("t1", "t2")
	l.Adopted("t3")
	l.Ended("t1")
	l.Deregistered("r2")
	if got := l.NotStopping([]string{"t2", "t3"}); len(got) != 2 {
		t.Errorf("NotStopping() = %v, want both", got)
	}
	l.Stopping("t2", "unknown")
	l.Ended("t2")
	if got, want := l.Running(), []string{"t3"}; !slices.Equal(got, want) {
		t.Errorf("Running() = %v, want %v", got, want)
	}
	if !l.IsStopping("t2") || l.IsStopping("t3") {
		t.Errorf("IsStopping() = %v and %v, want of t2 alone, also when it has ended", l.IsStopping("t2"), l.IsStopping("t3"))
	}
	if want := [][]string{{"t1", "t2"}, {"t1", "t2", "t3"}}; fmt.Sprint(saved) != fmt.Sprint(want) {
		t.Errorf("saved %v, want %v", saved, want)
	}
	if want := [][]string{{"r1"}, {"r1", "r2"}, {"r1"}}; fmt.Sprint(revisions) != fmt.Sprint(want) {
		t.Errorf("saved the revisions %v, want %v", revisions, want)
	}
	var out strings.Builder
	launch := run.UnansweredLaunch{
		Definition: "job:1", Count: 2, Region: "eu-central-1", Cluster: "main",
		StartedBy: "ecs-run-task/7", ClientToken: "A", Since: time.Unix(1000, 0),
	}
	l.Launching(launch)
	launch.ClientToken = "B"
	l.Launching(launch)
	l.Answered("A")
	if _, ok := l.Unanswered("A"); ok {
		t.Error("Unanswered() has the launch that was answered")
	}
	if got, ok := l.Unanswered("B"); !ok || got != launch {
		t.Errorf("Unanswered() = %v, %v, want %v", got, ok, launch)
	}
	l.Report(&out, "over")
	const want = "over\nthis step registered r1\nthis task may still run: t3\n" +
		"2 tasks of job:1 may have started: ECS has not answered RunTask since 00:16:40 UTC (client token B); to look:\n" +
		"  aws ecs list-tasks --region eu-central-1 --cluster main --started-by ecs-run-task/7\n"
	if out.String() != want {
		t.Errorf("Report() = %q, want %q", out.String(), want)
	}
	if got := l.Running(); len(got) != 1 {
		t.Errorf("Running() = %v, want no launches in it", got)
	}
	l.Report(io.Discard, "")
}

func TestInterrupted(t *testing.T) {
	for signal, want := range map[os.Signal]string{
		os.Interrupt: "cancelled by SIGINT", syscall.SIGTERM: "cancelled by SIGTERM", syscall.SIGHUP: "cancelled by SIGHUP",
		syscall.SIGQUIT: "cancelled by signal: quit",
	} {
		if got := (&run.Interrupted{Signal: signal}).Error(); got != want {
			t.Errorf("Error() of %v = %q, want %q", signal, got, want)
		}
	}
}

func TestShutdownBudget(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, cleansUp := range []bool{false, true} {
		b := run.NewShutdownBudget(begin, cleansUp)
		if !(b.Recover.Before(b.Stop) && b.Stop.Before(b.Drain) && b.CleanUp.Before(begin.Add(run.ShutdownTime))) {
			t.Errorf("NewShutdownBudget() = %+v, want one part after the other, and some time after the last", b)
		}
		if left := b.CleanUp.Sub(b.Drain); cleansUp != (left >= time.Second) {
			t.Errorf("NewShutdownBudget(%t) has %s to clean up", cleansUp, left)
		}
	}
}

// Where the name is the user's own, the tag of the step says which tasks are of a launch
// without an answer.
func TestUnconfirmedTagged(t *testing.T) {
	for _, tagged := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{containers: containers{time.Minute, 0}, inputs: []string{"started-by=nightly"}}
			w.run(t.Context(), t, job)
			w.faults = func(c ecslocal.Call) ecslocal.Effect {
				switch {
				case c.Operation != "RunTask":
					return nil
				case c.N == 2:
					return ecslocal.CutAfter()
				}
				return ecslocal.Denied("*")
			}
			r := w.runner(t, "job:1")
			r.OwnStartedBy, r.Plan.Mark = false, ownership.Of(ci.Run{ID: "7"}, "").String()
			mark := r.Plan.Mark
			if !tagged {
				mark = ownership.Of(ci.Run{ID: "8"}, "").String()
			}
			r.Plan.Jobs[0].Request["tags"] = []byte(`[{"key":"` + ownership.Tag + `","value":"` + mark + `"}]`)
			jobs, err := r.Register(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			out := r.Run(t.Context(), jobs, nil)
			if followed := len(out.Deciding(0)) == 1 && out.Cause == run.Completed; followed != tagged {
				t.Errorf("with its own tag %t: Run() = %d tasks, %v, want to follow its own\n%s", tagged, len(out.Deciding(0)), out.Err, w.text.String())
			}
		})
	}
}

// What is missing of a launch without an answer is named too.
func TestUnconfirmedInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{containers: containers{time.Hour, 0}, inputs: []string{"count=2"}}
		w.faults = func(c ecslocal.Call) ecslocal.Effect {
			switch {
			case c.Operation != "RunTask":
				return nil
			case c.N == 1:
				return ecslocal.All(ecslocal.Room(1, "RESOURCE:MEMORY"), ecslocal.CutAfter())
			}
			return ecslocal.Denied("*")
		}
		out := w.run(t.Context(), t, job)
		if out.Cause != run.Failed || len(out.Deciding(0)) != 1 || len(w.ledger.Running()) != 0 {
			t.Errorf("Run() = %v with %d tasks, %d of them running, want one that was stopped", out.Err, len(out.Deciding(0)), len(w.ledger.Running()))
		}
		if want := "ECS did not answer whether it started all 2 tasks of job:1; to look:\n  aws ecs list-tasks "; !strings.Contains(w.text.String(), want) {
			t.Errorf("Run() did not report %q:\n%s", want, w.text.String())
		}
	})
}

// Where others may start the same by the same name, what ECS may have started without an
// answer is named, and neither followed nor stopped.
func TestUnconfirmedOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{containers: containers{time.Hour, 0}, inputs: []string{"started-by=nightly", "skip-steady-state-check=true"}}
		before := w.run(t.Context(), t, job)
		time.Sleep(time.Minute)
		w.faults = func(c ecslocal.Call) ecslocal.Effect {
			switch {
			case c.Operation != "RunTask":
				return nil
			case c.N == 2:
				return ecslocal.CutAfter()
			}
			return ecslocal.Denied("*")
		}
		r := w.runner(t, "job:1")
		r.OwnStartedBy = false
		jobs, err := r.Register(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		out := r.Run(t.Context(), jobs, nil)
		if out.Cause != run.Failed || len(out.Deciding(0)) != 0 {
			t.Errorf("Run() = %d with %d tasks, want that it failed with none", out.Cause, len(out.Deciding(0)))
		}
		w.faults = nil
		all, err := r.ECS.All(t.Context())
		if err != nil || len(all) != 2 {
			t.Fatalf("%d tasks run, %v, want that of the run before and the one without an answer", len(all), err)
		}
		for _, running := range all {
			named := strings.Contains(w.text.String(), "--task "+*running.TaskArn)
			if stranger := *running.TaskArn == *before.Deciding(0)[0].TaskArn; named == stranger {
				t.Errorf("how to stop %s is said: %v; it is of another run: %v", *running.TaskArn, named, stranger)
			}
		}
	})
}
