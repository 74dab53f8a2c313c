package task_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// endless are containers that run until they are stopped.
type endless struct{}

func (endless) Begin(context.Context, runtime.Task) error     { return nil }
func (endless) End(runtime.Task)                              {}
func (endless) Pull(context.Context, runtime.Container) error { return nil }
func (endless) Probe(context.Context, runtime.Container, []string) (int, error) {
	return 0, nil
}

func (endless) Run(ctx context.Context, _ runtime.Container, started func(), stop <-chan struct{}) (runtime.Exit, error) {
	started()
	select {
	case <-stop:
	case <-ctx.Done():
	}
	return runtime.Exit{Code: 143}, nil
}

// local returns a runner on the embedded ECS through the SDK's own client, with faults
// that may be changed.
func local(t *testing.T) (task.Runner, *func(ecslocal.Call) ecslocal.Effect) {
	t.Helper()
	faults := new(func(ecslocal.Call) ecslocal.Effect)
	server := ecslocal.New(ecslocal.Execute(endless{}), ecslocal.AnyCluster(), ecslocal.Faults(func(c ecslocal.Call) ecslocal.Effect {
		if *faults == nil {
			return nil
		}
		return (*faults)(c)
	}))
	t.Cleanup(func() { server.Close() })
	return task.Runner{API: ecs.New(ecs.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://ecs.localhost"),
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:  &http.Client{Transport: ecslocal.Transport(server)},
	})}, faults
}

func register(t *testing.T, r task.Runner, family string, memory int) *types.TaskDefinition {
	t.Helper()
	body := fmt.Sprintf(`{"family":%q,"containerDefinitions":[{"name":"app","image":"a","memory":%d}]}`, family, memory)
	definition, _, err := r.Register(t.Context(), family, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return definition
}

func launch(t *testing.T, r task.Runner, d *types.TaskDefinition, count int, startedBy string) []types.Task {
	t.Helper()
	launched, err := r.Launch(t.Context(), task.Launch{Definition: d, Count: count, Request: map[string]json.RawMessage{"startedBy": []byte(`"` + startedBy + `"`)}})
	if err != nil {
		t.Fatal(err)
	}
	return launched.Tasks
}

func TestFind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, faults := local(t)
		a, b := register(t, r, "a", 64), register(t, r, "b", 64)
		launch(t, r, a, 12, "me")
		stopped := launch(t, r, b, 1, "you")
		time.Sleep(time.Second)
		for _, tt := range []struct {
			name string
			find func() ([]types.Task, error)
			want int
		}{
			{"StartedBy", func() ([]types.Task, error) { return r.StartedBy(t.Context(), "me") }, 12},
			{"OfFamily", func() ([]types.Task, error) { return r.OfFamily(t.Context(), "b") }, 1},
			{"All", func() ([]types.Task, error) { return r.All(t.Context()) }, 13},
			{"none", func() ([]types.Task, error) { return r.StartedBy(t.Context(), "nobody") }, 0},
		} {
			if got, err := tt.find(); err != nil || len(got) != tt.want {
				t.Errorf("%s() = %d tasks, %v, want %d", tt.name, len(got), err, tt.want)
			}
		}
		if err := r.Stop(t.Context(), []string{*stopped[0].TaskArn}, strings.Repeat("x", 300)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if p, err := r.Count(t.Context(), "b"); err != nil || p.Running != 0 || p.Stopped != 1 {
			t.Errorf("Count() = %+v, %v, want one stopped", p, err)
		}
		*faults = ecslocal.On("DescribeTasks", ecslocal.Missing())
		start := time.Now()
		if _, err := r.All(t.Context()); err == nil || !strings.Contains(err.Error(), "does not show it") || time.Since(start) < 5*time.Second {
			t.Errorf("All() = %v after %s, want that a task is not shown, after some looks", err, time.Since(start))
		}
		for _, operation := range []string{"ListTasks", "DescribeTasks"} {
			*faults = ecslocal.On(operation, ecslocal.Denied("*"))
			if _, err := r.All(t.Context()); err == nil {
				t.Errorf("All() = nil, want the error of %s", operation)
			}
		}
		*faults = ecslocal.On("ListTasks", ecslocal.Denied("*"))
		if _, err := r.Count(t.Context(), "a"); err == nil {
			t.Error("Count() = nil, want the error of ListTasks")
		}
	})
}

func TestRevisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, faults := local(t)
		var arns []string
		for i := range 13 {
			arns = append(arns, *register(t, r, "a", 64+i).TaskDefinitionArn)
		}
		register(t, r, "ab", 64)
		slices.Reverse(arns)
		if got, err := r.Revisions(t.Context(), "a"); err != nil || !slices.Equal(got, arns) {
			t.Errorf("Revisions() = %v, %v, want %v", got, err, arns)
		}
		newest, answer, err := r.Newest(t.Context(), "a")
		if err != nil || newest.Revision != 13 || !strings.Contains(string(answer), `"revision":13`) {
			t.Errorf("Newest() = %+v, %s, %v, want revision 13", newest, answer, err)
		}
		if none, _, err := r.Newest(t.Context(), "none"); none != nil || err != nil {
			t.Errorf("Newest() of no revision = %+v, %v, want nil", none, err)
		}
		if found, err := r.Find(t.Context(), "a:2"); err != nil || found.Revision != 2 {
			t.Errorf("Find() = %+v, %v, want revision 2", found, err)
		}
		launch(t, r, newest, 1, "me")
		if used, err := r.InUse(t.Context()); err != nil || len(used) != 1 || !used[arns[0]] {
			t.Errorf("InUse() = %v, %v, want the revision of the task", used, err)
		}
		start := time.Now()
		done, err := r.Deregister(t.Context(), arns[1:])
		if took := time.Since(start); err != nil || len(done) != 12 || took < 2*time.Second {
			t.Errorf("Deregister() = %d, %v after %s, want 12, the last two at a second each", len(done), err, took)
		}
		if _, err := r.Find(t.Context(), "a:2"); err == nil || !strings.Contains(err.Error(), "INACTIVE") {
			t.Errorf("Find() of an inactive revision = %v, want that it is", err)
		}
		*faults = ecslocal.On("DeregisterTaskDefinition", ecslocal.Throttle())
		if _, err := r.Deregister(t.Context(), arns[:1]); err == nil {
			t.Error("Deregister() = nil, want the error of what is throttled for good")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Deregister(ended, arns); !errors.Is(err, context.Canceled) {
			t.Errorf("Deregister() = %v, want that there is no time left", err)
		}
		for _, operation := range []string{"ListServices", "ListTasks"} {
			*faults = ecslocal.On(operation, ecslocal.Denied("*"))
			if _, err := r.InUse(t.Context()); err == nil {
				t.Errorf("InUse() = nil, want the error of %s", operation)
			}
		}
		*faults = ecslocal.On("ListTaskDefinitions", ecslocal.Denied("*"))
		if _, _, err := r.Newest(t.Context(), "a"); err == nil {
			t.Error("Newest() = nil, want the error of ListTaskDefinitions")
		}
		*faults = ecslocal.On("DescribeTaskDefinition", ecslocal.Denied("*"))
		if _, _, err := r.FindText(t.Context(), "a"); err == nil {
			t.Error("FindText() = nil, want the error of DescribeTaskDefinition")
		}
	})
}

func TestLaunchOnECS(t *testing.T) {
	for _, tt := range []struct {
		name        string
		count       int
		capacity    time.Duration
		faults      func(ecslocal.Call) ecslocal.Effect
		tasks       int
		err         string
		took        time.Duration // at least
		unconfirmed bool
	}{
		{name: "one call", count: 3, tasks: 3},
		{name: "several calls", count: 23, tasks: 23},
		{name: "the answer is lost", count: 3, faults: ecslocal.On("RunTask", ecslocal.CutAfter(), 1), tasks: 3},
		{name: "room for some", count: 5, faults: ecslocal.On("RunTask", ecslocal.Room(2, "RESOURCE:CPU")), tasks: 2, err: "2 of 5 tasks started: RESOURCE:CPU"},
		{name: "room later, after a refusal", count: 5, capacity: time.Minute, faults: ecslocal.On("RunTask", ecslocal.Refuse(400, "ClientException", "Capacity is unavailable at this time. Please try again later or in a different availability zone."), 1), tasks: 5, took: 4 * time.Second},
		{name: "no room, by a refusal", count: 5, faults: ecslocal.On("RunTask", ecslocal.Refuse(400, "ClientException", "Capacity is unavailable at this time. Please try again later or in a different availability zone.")), err: "0 of 5 tasks started: Capacity is unavailable at this time."},
		{name: "room later", count: 5, capacity: time.Minute, faults: ecslocal.On("RunTask", ecslocal.Room(2, "RESOURCE:CPU"), 1), tasks: 5, took: 4 * time.Second},
		{name: "another failure", count: 1, capacity: time.Minute, faults: ecslocal.On("RunTask", ecslocal.Room(0, "ATTRIBUTE")), err: "ATTRIBUTE"},
		{name: "refused", count: 1, faults: ecslocal.On("RunTask", ecslocal.Denied("*")), err: "not authorized"},
		{name: "a conflict", count: 1, faults: ecslocal.On("RunTask", ecslocal.Refuse(400, "ConflictException", "exists")), err: "exists"},
		{name: "never an answer", count: 1, faults: ecslocal.On("RunTask", ecslocal.Unavailable(500)), err: "run task a:1", took: 4 * time.Minute, unconfirmed: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, faults := local(t)
				d := register(t, r, "a", 64)
				*faults = tt.faults
				start := time.Now()
				started := 0
				launched, err := r.Launch(t.Context(), task.Launch{
					Definition: d, Count: tt.count, Capacity: tt.capacity,
					Answered: func(_ string, tasks []types.Task) { started += len(tasks) },
					Waiting:  func([]types.Failure, time.Duration) {},
				})
				if len(launched.Tasks) != tt.tasks || started != tt.tasks || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("Launch() = %d tasks, %d reported, %v, want %d, %q", len(launched.Tasks), started, err, tt.tasks, tt.err)
				}
				if took := time.Since(start); took < tt.took {
					t.Errorf("Launch() took %s, want %s at least", took, tt.took)
				}
				if (launched.Unconfirmed != "") != tt.unconfirmed {
					t.Errorf("Launch() = the token %q without an answer, want one: %v", launched.Unconfirmed, tt.unconfirmed)
				}
				if got := task.Unconfirmed(err); got != tt.unconfirmed {
					t.Errorf("Unconfirmed(%v) = %v, want %v", err, got, tt.unconfirmed)
				}
				*faults = nil
				if all, err := r.All(t.Context()); err != nil || len(all) != tt.tasks {
					t.Errorf("%d tasks run, %v, want %d", len(all), err, tt.tasks)
				}
			})
		})
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{"web": "web", "web:3": "web", "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3": "web"} {
		if got := task.Family(name); got != want {
			t.Errorf("Family(%s) = %s, want %s", name, got, want)
		}
	}
}
