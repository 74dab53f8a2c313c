package registry_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/registry"
	"github.com/ecs-run-task/ecs-run-task/internal/runtest"
)

// Clean-up deregisters the revisions that the run certainly registered although ECS did not
// answer. It names those that another run may have registered.
func TestFindUnanswered(t *testing.T) {
	const root = "arn:aws:iam::123456789012:root" // the registeredBy of the embedded ECS
	never := ecslocal.On("RegisterTaskDefinition", ecslocal.CutAfter())
	lost := func(n int) func(ecslocal.Call) ecslocal.Effect {
		return ecslocal.On("RegisterTaskDefinition", ecslocal.CutAfter(), n)
	}
	for _, tt := range []struct {
		name      string
		before    int  // equal revisions that others register half a second before
		launched  bool // others run a task of the last of these
		longAgo   bool // others register them half an hour before
		faults    func(ecslocal.Call) ecslocal.Effect
		principal string // of the step; used if ECS answers no registration
		failed    bool   // ECS answers no registration
		left      int    // active revisions after clean-up
		refused   bool   // ECS refuses the search at the end
		maybe     int    // revisions named as possibly another run's
	}{
		{name: "every answer came", left: 0},
		{name: "an answer was lost", faults: lost(1)},
		{name: "the call was lost", faults: ecslocal.On("RegisterTaskDefinition", ecslocal.Cut(), 1)},
		{name: "an older one of the same content", before: 1, longAgo: true, faults: lost(2), left: 1},
		{name: "more than attempts", before: 1, faults: lost(2), left: 2, maybe: 2},
		{name: "one that has a task", before: 1, launched: true,
			faults: ecslocal.On("RegisterTaskDefinition", ecslocal.Cut(), 2), left: 1},
		{name: "no answer at all", faults: never, principal: root, failed: true},
		{name: "no answer at all, and the principal is not known", faults: never, failed: true, left: -1, maybe: -1},
		{name: "the look is refused", faults: lost(1), refused: true, left: -1},
		{name: "no answer at all, and another principal", faults: never, principal: root + "/a", failed: true, left: -1,
			maybe: -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &runtest.World{Containers: runtest.Containers{Life: time.Minute, Code: 0},
					Inputs: []string{"skip-steady-state-check=true"}}
				for i := range tt.before {
					if tt.launched && i == tt.before-1 {
						w.Run(t.Context(), t, runtest.Job)
					} else if _, err := w.Step(t, runtest.Job).Registry.Register(t.Context(), nil); err != nil {
						t.Fatal(err)
					}
				}
				w.Ledger = ledger.Ledger{}
				if time.Sleep(500 * time.Millisecond); tt.longAgo {
					time.Sleep(30 * time.Minute)
				}
				w.Faults = tt.faults
				r := w.Step(t, runtest.Job)
				r.Registry.CleansUp, r.Registry.Principal = true, func(context.Context) string { return tt.principal }
				jobs, err := r.Registry.Register(t.Context(), nil)
				if (err != nil) != tt.failed {
					t.Fatalf("Register() = %v", err)
				}
				time.Sleep(10 * time.Minute) // the tasks end
				w.Faults = nil
				if tt.refused {
					w.Faults = ecslocal.On("ListTasks", ecslocal.Denied("*"))
				}
				before := len(w.Text())
				found, err := r.Registry.FindUnanswered(t.Context(), jobs)
				if tt.refused {
					const look = "  aws ecs list-task-definitions --region eu-central-1 "
					if err == nil || !strings.Contains(w.Text()[before:], look) {
						t.Errorf("FindUnanswered() = %v, want an error, and how to look:\n%s", err, w.Text())
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				all, _ := r.ECS.Revisions(t.Context(), "job")
				registered := append(outcome.Outcome{Jobs: jobs}.Registered(), found...)
				if err := r.Registry.CleanUp(t.Context(), registry.CleanUp{When: "always"}, true, registered, nil); err != nil {
					t.Fatal(err)
				}
				left, err := r.ECS.Revisions(t.Context(), "job")
				if tt.left < 0 {
					tt.left, tt.maybe = len(all), len(all)
				}
				if err != nil || len(left) != tt.left {
					t.Errorf("of %d revisions %d are left, %v, want %d", len(all), len(left), err, tt.left)
				}
				const maybe = "not deregistered, as another run may have registered it: "
				if got := strings.Count(w.Text(), maybe); got != tt.maybe {
					t.Errorf("%d are named as another run's, want %d", got, tt.maybe)
				}
				for _, arn := range left {
					command := "  aws ecs deregister-task-definition --region eu-central-1 --task-definition " + arn + "\n"
					if tt.maybe > 0 && !strings.Contains(w.Text(), command) {
						t.Errorf("the command for %s is not in the transcript", arn)
					}
				}
				if slices.ContainsFunc(w.Ledger.Entries(), func(e ledger.Entry) bool { return e.State == ledger.Registered }) {
					t.Errorf("the ledger has revisions that are not deregistered: %+v", w.Ledger.Entries())
				}
				if t.Failed() {
					t.Log(w.Text())
				}
			})
		})
	}
}
