package cluster_test

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

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
)

// endless is a runtime whose containers run until they are stopped.
type endless struct{}

func (endless) Begin(context.Context, runtime.Task) error     { return nil }
func (endless) End(runtime.Task)                              {}
func (endless) Pull(context.Context, runtime.Container) error { return nil }
func (endless) Probe(context.Context, runtime.Container, []string) (int, error) {
	return 0, nil
}

func (endless) Run(ctx context.Context, _ runtime.Container, started func(), stop <-chan struct{}) (runtime.Exit,
	error) {
	started()
	select {
	case <-stop:
	case <-ctx.Done():
	}
	return runtime.Exit{Code: 143}, nil
}

// local returns a client of the embedded ECS, based on the SDK's client. The test can set the
// returned function to inject faults.
func local(t *testing.T) (cluster.Client, *func(ecslocal.Call) ecslocal.Effect) {
	t.Helper()
	faults := new(func(ecslocal.Call) ecslocal.Effect)
	server := ecslocal.New(ecslocal.Execute(endless{}), ecslocal.AnyCluster(),
		ecslocal.Faults(func(c ecslocal.Call) ecslocal.Effect {
			if *faults == nil {
				return nil
			}
			return (*faults)(c)
		}))
	t.Cleanup(func() { server.Close() })
	return cluster.Client{API: ecs.New(ecs.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://ecs.localhost"),
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:  &http.Client{Transport: ecslocal.Transport(server)},
	})}, faults
}

func register(t *testing.T, r cluster.Client, family string, memory int) *types.TaskDefinition {
	t.Helper()
	body := fmt.Sprintf(`{"family":%q,"containerDefinitions":[{"name":"app","image":"a","memory":%d}]}`, family, memory)
	definition, _, err := r.Register(t.Context(), family, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return definition
}

func launch(t *testing.T, r cluster.Client, d *types.TaskDefinition, count int, startedBy string) []types.Task {
	t.Helper()
	launched, err := r.Launch(t.Context(),
		cluster.Launch{Definition: d, Count: count,
			Request: map[string]json.RawMessage{"startedBy": []byte(`"` + startedBy + `"`)}})
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
		if _, err := r.All(t.Context()); err == nil || !strings.Contains(err.Error(), "does not show it") ||
			time.Since(start) < 5*time.Second {
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
		{name: "room for some", count: 5, faults: ecslocal.On("RunTask", ecslocal.Room(2, "RESOURCE:CPU")), tasks: 2,
			err: "2 of 5 tasks started: RESOURCE:CPU"},
		{name: "room later, after a refusal", count: 5, capacity: time.Minute,
			faults: ecslocal.On("RunTask", ecslocal.Refuse(400, "ClientException",
				"Capacity is unavailable at this time. Please try again later or in a different availability zone."), 1), tasks: 5,
			took: 4 * time.Second},
		{name: "no room, by a refusal", count: 5,
			faults: ecslocal.On("RunTask", ecslocal.Refuse(400, "ClientException",
				"Capacity is unavailable at this time. Please try again later or in a different availability zone.")),
			err: "0 of 5 tasks started: Capacity is unavailable at this time."},
		{name: "room later", count: 5, capacity: time.Minute,
			faults: ecslocal.On("RunTask", ecslocal.Room(2, "RESOURCE:CPU"), 1), tasks: 5, took: 4 * time.Second},
		{name: "another failure", count: 1, capacity: time.Minute,
			faults: ecslocal.On("RunTask", ecslocal.Room(0, "ATTRIBUTE")), err: "ATTRIBUTE"},
		{name: "refused", count: 1, faults: ecslocal.On("RunTask", ecslocal.Denied("*")), err: "not authorized"},
		{name: "a conflict", count: 1, faults: ecslocal.On("RunTask", ecslocal.Refuse(400, "ConflictException", "exists")),
			err: "exists"},
		{name: "never an answer", count: 1, faults: ecslocal.On("RunTask", ecslocal.Unavailable(500)), err: "run task a:1",
			took: 4 * time.Minute, unconfirmed: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, faults := local(t)
				d := register(t, r, "a", 64)
				*faults = tt.faults
				start := time.Now()
				started := 0
				launched, err := r.Launch(t.Context(), cluster.Launch{
					Definition: d, Count: tt.count, Capacity: tt.capacity,
					Answered: func(_ string, tasks []types.Task) { started += len(tasks) },
					Waiting:  func([]types.Failure, time.Duration) {},
				})
				if len(launched.Tasks) != tt.tasks || started != tt.tasks || (err != nil) != (tt.err != "") || err != nil &&
					!strings.Contains(err.Error(), tt.err) {
					t.Errorf("Launch() = %d tasks, %d reported, %v, want %d, %q", len(launched.Tasks), started, err, tt.tasks, tt.err)
				}
				if took := time.Since(start); took < tt.took {
					t.Errorf("Launch() took %s, want %s at least", took, tt.took)
				}
				if (launched.Unconfirmed != "") != tt.unconfirmed {
					t.Errorf("Launch() = the token %q without an answer, want one: %v", launched.Unconfirmed, tt.unconfirmed)
				}
				*faults = nil
				if all, err := r.All(t.Context()); err != nil || len(all) != tt.tasks {
					t.Errorf("%d tasks run, %v, want %d", len(all), err, tt.tasks)
				}
			})
		})
	}
}

// TestDescribeIfAnyAndActive checks that DescribeIfAny of a family returns the newest revision. It
// also checks which tasks Active returns.
func TestDescribeIfAnyAndActive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, faults := local(t)
		if d, _, err := r.DescribeIfAny(t.Context(), "a"); d != nil || err != nil {
			t.Errorf("DescribeIfAny() of no family = %v, %v, want none", d, err)
		}
		register(t, r, "a", 64)
		second := register(t, r, "a", 128)
		if d, answer, err := r.DescribeIfAny(t.Context(), "a"); err != nil || d.Revision != 2 ||
			!strings.Contains(string(answer), `"revision"`) {
			t.Errorf("DescribeIfAny() = %+v, %s, %v, want a:2 with the answer", d, answer, err)
		}
		*faults = ecslocal.On("DescribeTaskDefinition", ecslocal.Denied("*"))
		if _, _, err := r.DescribeIfAny(t.Context(), "a"); err == nil {
			t.Error("DescribeIfAny() = nil, want the error of DescribeTaskDefinition")
		}
		*faults = nil
		tasks := launch(t, r, second, 3, "me")
		stopping := aws.ToString(tasks[0].TaskArn)
		if err := r.Stop(t.Context(), []string{stopping}, "over"); err != nil {
			t.Fatal(err)
		}
		if active, err := r.Active(t.Context(), "a"); err != nil || len(active) < 2 {
			t.Errorf("Active() = %d tasks, %v, want those that are to run", len(active), err)
		}
		time.Sleep(time.Hour / 2)
		active, err := r.Active(t.Context(), "a")
		if err != nil || len(active) != 2 {
			t.Errorf("Active() = %d tasks, %v, want the 2 that run", len(active), err)
		}
		if stopped, err := r.Stopped(t.Context(), "a", active); err != nil || len(stopped) != 1 ||
			aws.ToString(stopped[0].TaskArn) != stopping {
			t.Errorf("Stopped() = %v, %v, want the one that was stopped", stopped, err)
		}
		if stopped, err := r.Stopped(t.Context(), "a", tasks); err != nil || len(stopped) != 0 {
			t.Errorf("Stopped() besides known tasks = %v, %v, want none", stopped, err)
		}
	})
}

// TestRegisterChecks checks that Register verifies the response of ECS, and returns the definition
// even if the response is wrong.
func TestRegisterChecks(t *testing.T) {
	good := types.TaskDefinition{TaskDefinitionArn: aws.String("arn:web:1"), Family: aws.String("web"), Revision: 1,
		Status: types.TaskDefinitionStatusActive}
	for _, tt := range []struct {
		name   string
		change func(*types.TaskDefinition)
		err    string
	}{
		{"good", func(*types.TaskDefinition) {}, ""},
		{"no ARN", func(d *types.TaskDefinition) { d.TaskDefinitionArn = nil },
			"register task definition web: the answer of ECS has no task definition"},
		{"not active", func(d *types.TaskDefinition) { d.Status = "INACTIVE" },
			`register task definition web: arn:web:1 has the status "INACTIVE", expected ACTIVE`},
		{"another family", func(d *types.TaskDefinition) { d.Family = aws.String("job") },
			`register task definition web: arn:web:1 is of the family "job", expected "web"`},
		{"no revision", func(d *types.TaskDefinition) { d.Revision = 0 },
			"register task definition web: arn:web:1 has the revision 0, expected 1 or more"},
	} {
		definition := good
		tt.change(&definition)
		api := &fake{register: func() (*ecs.RegisterTaskDefinitionOutput, error) {
			return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &definition}, nil
		}}
		got, _, err := cluster.Client{API: api}.Register(t.Context(), "web", []byte("{}"))
		if got != &definition || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: Register() = %v, %v, want the definition and %q", tt.name, got, err, tt.err)
		}
	}
}

// TestFastRetry checks that a client with FastRetry retries a call without a long wait.
func TestFastRetry(t *testing.T) {
	for _, fast := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, faults := local(t)
			r.FastRetry = fast
			*faults = ecslocal.First("ListTasks", 2, ecslocal.Unavailable(503))
			start := time.Now()
			if _, err := r.All(t.Context()); err != nil {
				t.Errorf("All() = %v, want nil", err)
			}
			if took := time.Since(start); fast && took > 400*time.Millisecond || !fast && took == 0 {
				t.Errorf("fast: %v: All() took %s for three attempts", fast, took)
			}
		})
	}
}

// TestChangeOutlivesTheStep checks that a call which changes something in AWS has a grace period
// after ctx has ended.
func TestChangeOutlivesTheStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, faults := local(t)
		ctx, cancel := context.WithCancel(t.Context())
		*faults = ecslocal.On("RegisterTaskDefinition", ecslocal.Stall(2*time.Second))
		time.AfterFunc(time.Second, cancel)
		body := []byte(`{"family":"web","containerDefinitions":[{"name":"app","image":"a","memory":64}]}`)
		if d, _, err := r.Register(ctx, "web", body); err != nil || d == nil {
			t.Errorf("Register() that is answered a second after the end = %v, %v, want the definition", d, err)
		}
		*faults = ecslocal.On("RegisterTaskDefinition", ecslocal.Stall(time.Hour))
		start := time.Now()
		if _, _, err := r.Register(ctx, "web", body); err == nil {
			t.Error("Register() without an answer = nil, want an error")
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("Register() ended %s after the step, want within seconds", took)
		}
	})
}
