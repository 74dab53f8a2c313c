// Package runtest provides an embedded ECS and the stages of a run on it. It is for tests in a
// bubble of testing/synctest.
package runtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/registry"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/turn"
)

// Job and OtherJob are task definitions of two families, as JSON.
const (
	Job      = `{"family":"job","containerDefinitions":[{"name":"app","image":"a","memory":64,"stopTimeout":2}]}`
	OtherJob = `{"family":"other","containerDefinitions":[{"name":"app","image":"a","memory":64,"stopTimeout":2}]}`
)

// Containers is a container runtime without containers. Each container runs for Life on the clock
// of the bubble and then exits with Code. A stopped container exits with 143, a killed one with
// 137.
type Containers struct {
	Life time.Duration
	Code int
}

// Begin does nothing.
func (Containers) Begin(context.Context, runtime.Task) error { return nil }

// End does nothing.
func (Containers) End(runtime.Task) {}

// Pull does nothing.
func (Containers) Pull(context.Context, runtime.Container) error { return nil }

// Probe reports every container as healthy.
func (Containers) Probe(context.Context, runtime.Container, []string) (int, error) { return 0, nil }

// Run waits until Life has passed, stop is closed or ctx ends.
func (c Containers) Run(ctx context.Context, _ runtime.Container, started func(), stop <-chan struct{}) (runtime.Exit,
	error) {
	started()
	select {
	case <-time.After(c.Life):
		return runtime.Exit{Code: c.Code}, nil
	case <-stop:
		return runtime.Exit{Code: 143}, nil
	case <-ctx.Done():
		return runtime.Exit{Code: 137}, nil
	}
}

// noLogs are logs without lines.
type noLogs struct{}

func (noLogs) Update(*task.State, string)          {}
func (noLogs) CutOff()                             {}
func (noLogs) Reading() bool                       { return true }
func (noLogs) Wait(context.Context, time.Duration) {}

// World is an embedded ECS with the inputs of a run on it and the results of that run.
type World struct {
	Containers
	Faults func(ecslocal.Call) ecslocal.Effect
	Inputs []string // name=value, without the definition

	Server *ecslocal.Server // nil before the first Step creates it; may be set to another World's
	Calls  map[string]int   // number of calls by operation
	Ledger ledger.Ledger
	Saved  []string // ARNs of started tasks, as the ledger reported them last

	mu   sync.Mutex
	text strings.Builder
}

// Text returns the transcript of all steps so far.
func (w *World) Text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *World) emit(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case event.Text:
		fmt.Fprintln(&w.text, e)
	case event.Note:
		fmt.Fprintln(&w.text, e.Level, e.Title, e.String())
	case event.Waiting:
		fmt.Fprintf(&w.text, "wait for %d of %d %v %s, until %s\n", e.Open, e.Total, e.Statuses, e.What,
			e.Deadline.Sub(e.Since))
	}
}

// Step has the stages of one step.
type Step struct {
	stage.Stage
	Turn     turn.Turn
	Registry registry.Registry
	Runner   run.Runner
}

// Step loads and resolves the plan of definitions, and returns its stages. It ends the test on an
// error.
func (w *World) Step(t *testing.T, definitions string) Step {
	t.Helper()
	var config input.Config
	given := map[string]string{"definition": definitions}
	for _, arg := range w.Inputs {
		name, value, _ := strings.Cut(arg, "=")
		given[name] = value
	}
	if err := input.Read(&config, given, nil); err != nil {
		t.Fatal(err)
	}
	if w.Server == nil {
		w.serve(t)
	}
	clients := session.Local("eu-central-1", ecslocal.Transport(w.Server), w.Server.Close)
	env := plan.Env{
		Getenv: func(string) string { return "" }, Environ: func() []string { return nil },
		Getwd: func() (string, error) { return t.TempDir(), nil },
	}
	draft, err := plan.Load(t.Context(), config, env, w.emit)
	if err != nil {
		t.Fatal(err)
	}
	p, err := draft.Resolve(t.Context(), clients, w.emit)
	if err != nil {
		t.Fatal(err)
	}
	w.Ledger.OnTasks(func(arns []string) { w.Saved = arns })
	s := stage.Stage{
		ECS: cluster.Client{API: clients.ECS, Cluster: config.Cluster}, Plan: p,
		Ledger: &w.Ledger, Emit: w.emit,
		Explain: explain.Explainer{Cluster: config.Cluster, Region: "eu-central-1", Account: clients},
	}
	return Step{
		s, turn.Turn{Stage: s}, registry.Registry{Stage: s, Reuse: config.ReuseRevision},
		run.Runner{Stage: s, Logs: noLogs{}, OwnStartedBy: true, RunURL: "https://ci.example/1"},
	}
}

func (w *World) serve(t *testing.T) {
	w.Calls = map[string]int{}
	w.Server = ecslocal.New(ecslocal.Region("eu-central-1"), ecslocal.Execute(w.Containers), ecslocal.AnyCluster(),
		ecslocal.Faults(func(c ecslocal.Call) ecslocal.Effect {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.Calls[c.Operation]++
			if w.Faults == nil {
				return nil
			}
			return w.Faults(c)
		}))
	t.Cleanup(func() { w.Server.Close() })
}

// Run registers the definitions, runs their tasks and reads their logs.
func (w *World) Run(ctx context.Context, t *testing.T, definitions string) outcome.Outcome {
	s := w.Step(t, definitions)
	jobs, err := s.Registry.Register(ctx, nil)
	if err != nil {
		return outcome.Outcome{Plan: s.Plan, Jobs: jobs}.End(ctx, err)
	}
	out := s.Runner.Run(ctx, time.Time{}, jobs, nil)
	s.Runner.Drain(ctx, out)
	return out
}

// Take first does what the input if-running says about tasks of others, and then the same as Run.
func (w *World) Take(ctx context.Context, t *testing.T, definitions string) outcome.Outcome {
	s := w.Step(t, definitions)
	attempts, began, err := s.Turn.Await(ctx, nil)
	out := outcome.Outcome{Plan: s.Plan, Attempts: attempts}
	if err != nil {
		return out.End(ctx, err)
	}
	if out.Jobs, err = s.Registry.Register(ctx, attempts); err != nil {
		return out.End(ctx, err)
	}
	out = s.Runner.Run(ctx, began, out.Jobs, attempts)
	s.Runner.Drain(ctx, out)
	return out
}
