package changes_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/changes"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/taskdeftest"
)

// definition returns a definition with a version of its image.
func definition(t *testing.T, version int) *taskdef.Definition {
	t.Helper()
	return taskdeftest.Decode(t, "job.json",
		fmt.Sprintf(`{"family": "job", "containerDefinitions": [{"name": "app", "image": "app:%d", "memory": 64}]}`,
			version))
}

// account returns an ECS for the test, with the family job.
type account struct {
	cluster.Client
	t *testing.T
}

func newAccount(t *testing.T) account {
	server := ecslocal.New(ecslocal.Process(), ecslocal.AnyCluster())
	clients := session.Local("us-east-1", ecslocal.Transport(server), server.Close)
	t.Cleanup(func() { clients.Close() })
	return account{cluster.Client{API: clients.ECS}, t}
}

// register registers the next revision and returns its ARN.
func (a account) register(version int) string {
	a.t.Helper()
	revision, _, err := a.Register(a.t.Context(), "job", definition(a.t, version).Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return aws.ToString(revision.TaskDefinitionArn)
}

func (a account) deregister(arns ...string) {
	a.t.Helper()
	if _, err := a.Deregister(a.t.Context(), arns); err != nil {
		a.t.Fatal(err)
	}
}

// A definition is not compared with a revision that the step itself registered.
func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(account) (own []string) // what there is, and which of it the step has registered
		against string
		changed bool
		failed  bool
	}{
		{"no revision", func(account) []string { return nil }, "", false, false},
		{"the same", func(a account) []string { a.register(2); return nil }, "job:1", false, false},
		{"another", func(a account) []string { a.register(1); a.register(3); return nil }, "job:2", true, false},
		{"own ones alone", func(a account) []string { return []string{a.register(2), a.register(2)} }, "", false, false},
		{"one before own ones", func(a account) []string { a.register(1); return []string{a.register(2), a.register(2)} },
			"job:1", true, false},
		{"an active one before own ones", func(a account) []string {
			a.register(1)
			a.deregister(a.register(3))
			return []string{a.register(2)}
		}, "job:1", true, false},
		{"none of many is active", func(a account) []string {
			for range 12 {
				a.deregister(a.register(1))
			}
			return []string{a.register(2)}
		}, "", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(t)
			own := tt.prepare(a)
			var emitted atomic.Int32
			c := changes.Start(t.Context(), a.Client, []*taskdef.Definition{definition(t, 2)}, explain.Explainer{},
				func(event.Event) { emitted.Add(1) })
			c.Finish(t.Context(), own)
			got := c.Wait()
			if len(got) != 1 || got[0].Against != tt.against || (len(got[0].Changes) > 0) != tt.changed ||
				(got[0].Err != nil) != tt.failed {
				t.Errorf("Wait() = %+v, want one against %q that changed: %v, failed: %v", got, tt.against, tt.changed, tt.failed)
			}
			if n := emitted.Load(); n != 1 {
				t.Errorf("emitted %d events, want 1", n)
			}
		})
	}
}

// A cancelled step does not wait for responses and emits nothing.
func TestCancelled(t *testing.T) {
	a := newAccount(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("cancelled"))
	c := changes.Start(ctx, a.Client, []*taskdef.Definition{definition(t, 1)}, explain.Explainer{},
		func(e event.Event) { t.Errorf("emitted %v", e) })
	c.Finish(ctx, nil)
	if got := c.Wait(); len(got) != 1 || got[0].Err == nil {
		t.Errorf("Wait() = %+v, want one with an error", got)
	}
}

// A step that fails before registration does not wait for responses.
func TestUnfinished(t *testing.T) {
	hanging := ecslocal.New(ecslocal.Process(), ecslocal.AnyCluster(),
		ecslocal.Faults(func(ecslocal.Call) ecslocal.Effect { return ecslocal.Stall(time.Hour) }))
	clients := session.Local("us-east-1", ecslocal.Transport(hanging), hanging.Close)
	defer clients.Close()
	c := changes.Start(t.Context(), cluster.Client{API: clients.ECS}, []*taskdef.Definition{definition(t, 1)},
		explain.Explainer{}, func(e event.Event) { t.Errorf("emitted %v", e) })
	if got := c.Wait(); got != nil {
		t.Errorf("Wait() = %+v, want none", got)
	}
	if got := changes.Nothing().Wait(); got != nil {
		t.Errorf("Nothing() = %+v, want no comparison", got)
	}
}
