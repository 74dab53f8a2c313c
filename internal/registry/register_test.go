package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/registry"
	"github.com/ecs-run-task/ecs-run-task/internal/runtest"
)

func TestReuseRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &runtest.World{Inputs: []string{"reuse-revision=true"}}
		for i, tt := range []struct {
			definition string
			created    bool
		}{{runtest.Job, true}, {runtest.Job, false}, {strings.Replace(runtest.Job, "64", "128", 1), true}} {
			jobs, err := w.Step(t, tt.definition).Registry.Register(t.Context(), nil)
			if err != nil || jobs[0].Created != tt.created {
				t.Errorf("%d: Register() created a revision: %v, %v, want %v", i, jobs[0].Created, err, tt.created)
			}
		}
		w.Faults = ecslocal.On("ListTaskDefinitions", ecslocal.Denied("*"))
		if jobs, err := w.Step(t, runtest.Job).Registry.Register(t.Context(), nil); err != nil || !jobs[0].Created {
			t.Errorf("Register() = %+v, %v, want a new revision where the old one can't be seen", jobs, err)
		}
		if !strings.Contains(w.Text(), "notice  job is registered anew, as it could not be compared") {
			t.Error("why the definition was registered anew was not reported")
		}
		existing, err := w.Step(t, "job:1").Registry.Register(t.Context(), nil)
		if err != nil || existing[0].Created || existing[0].Revision.Revision != 1 {
			t.Errorf("Register() of job:1 = %+v, %v, want that revision", existing, err)
		}
	})
}

func TestCleanUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &runtest.World{Containers: runtest.Containers{Life: time.Hour, Code: 0},
			Inputs: []string{"skip-steady-state-check=true"}}
		var arns []string
		for i := range 4 {
			out := w.Run(t.Context(), t, strings.Replace(runtest.Job, "64", fmt.Sprint(64+i), 1))
			arns = append(arns, out.Registered()...)
			if i != 1 { // the task of revision 2 continues to run
				w.Step(t, runtest.Job).ECS.Stop(t.Context(), []string{*out.Deciding(0)[0].TaskArn}, "over")
			}
		}
		r := w.Step(t, runtest.Job)
		if err := r.Registry.CleanUp(t.Context(), registry.CleanUp{When: "never", Keep: 1}, false, arns[3:],
			arns[3:]); err != nil {
			t.Fatal(err)
		}
		left, err := r.ECS.Revisions(t.Context(), "job")
		if want := []string{arns[3], arns[1]}; err != nil || !slices.Equal(left, want) {
			t.Errorf("CleanUp() left %v, %v, want the newest and the one in use, %v", left, err, want)
		}
		if err := r.Registry.CleanUp(t.Context(), registry.CleanUp{When: "on-failure"}, false, arns[3:],
			arns[3:]); err != nil {
			t.Fatal(err)
		}
		w.Faults = ecslocal.On("ListServices", ecslocal.Denied("*"))
		if err := r.Registry.CleanUp(t.Context(), registry.CleanUp{When: "always"}, false, arns[3:], nil); err == nil {
			t.Error("CleanUp() = nil, want the error of ListServices")
		}
		w.Faults = ecslocal.On("ListTaskDefinitions", ecslocal.Denied("*"))
		if err := r.Registry.CleanUp(t.Context(), registry.CleanUp{Keep: 1}, false, arns[3:], arns[3:]); err == nil {
			t.Error("CleanUp() = nil, want the error of ListTaskDefinitions")
		}
		for _, e := range w.Ledger.Entries() {
			gone := e.ARN == arns[0] || e.ARN == arns[2]
			if slices.Contains(arns, e.ARN) && (e.State == ledger.Deregistered) != gone {
				t.Errorf("the ledger has %s in state %d", e.ARN, e.State)
			}
		}
	})
}
