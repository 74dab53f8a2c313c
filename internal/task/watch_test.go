package task_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict/verdicttest"
)

// The tests use these short names.
var (
	definition = verdicttest.Definition
	ended      = verdicttest.Ended
	running    = verdicttest.Running
	stopped    = verdicttest.Stopped
)

// fake answers DescribeTasks with the tasks that describe returns for the time since the start.
type fake struct {
	cluster.API
	describe func(arn string, since time.Duration) (types.Task, bool)
	fail     func(call int, since time.Duration) error

	start time.Time
	calls []time.Duration // time of each DescribeTasks since the start
	sizes []int           // number of tasks in each DescribeTasks
}

func (f *fake) DescribeTasks(_ context.Context, in *ecs.DescribeTasksInput,
	_ ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	since := time.Since(f.start)
	f.calls = append(f.calls, since)
	f.sizes = append(f.sizes, len(in.Tasks))
	if f.fail != nil {
		if err := f.fail(len(f.calls), since); err != nil {
			return nil, err
		}
	}
	out := &ecs.DescribeTasksOutput{}
	for _, arn := range in.Tasks {
		if state, ok := f.describe(arn, since); ok {
			state.TaskArn = aws.String(arn)
			out.Tasks = append(out.Tasks, state)
		} else {
			out.Failures = append(out.Failures, types.Failure{Arn: aws.String(arn), Reason: aws.String("MISSING")})
		}
	}
	return out, nil
}

func refused(code, message string) error {
	return &smithy.OperationError{ServiceID: "ECS", OperationName: "DescribeTasks",
		Err: &smithy.GenericAPIError{Code: code, Message: message}}
}

// states returns n launched tasks of a definition.
func states(d *types.TaskDefinition, n int) []*task.State {
	var launched cluster.Launched
	launched.Definition = d
	for i := range n {
		launched.Tasks = append(launched.Tasks,
			types.Task{TaskArn: aws.String(fmt.Sprintf("arn:aws:ecs:us-east-1:123456789012:task/default/%032x", i)),
				LastStatus: aws.String("PROVISIONING"), DesiredStatus: aws.String("RUNNING")})
	}
	return cluster.States(launched)
}

func is(status string, containers ...types.Container) types.Task {
	return types.Task{LastStatus: aws.String(status), DesiredStatus: aws.String("RUNNING"), Containers: containers}
}

// lives describes a task that starts to run after 20 s and ends after end with an exit code.
func lives(end time.Duration, code int32) func(string, time.Duration) (types.Task, bool) {
	return func(_ string, since time.Duration) (types.Task, bool) {
		switch {
		case since < 20*time.Second:
			return is("PENDING"), true
		case since < end:
			return is("RUNNING", running("app")), true
		}
		return stopped("DEPROVISIONING", types.TaskStopCodeEssentialContainerExited, ended("app", code, "")), true
	}
}

func TestWatch(t *testing.T) {
	for _, tt := range []struct {
		name     string
		describe func(string, time.Duration) (types.Task, bool)
		fail     func(int, time.Duration) error
		goal     task.Goal
		deadline time.Duration

		outcome  verdict.Outcome // empty if there is no verdict
		reached  bool
		earliest time.Duration // earliest end of the watch
		latest   time.Duration // latest end of the watch
		wantErr  string
	}{
		{name: "within one poll of the end, long before STOPPED", describe: lives(5*time.Minute, 0),
			outcome: verdict.Succeeded, earliest: 5 * time.Minute, latest: 5*time.Minute + 8*time.Second},
		{name: "failure", describe: lives(40*time.Second, 1), outcome: verdict.Failed, earliest: 40 * time.Second,
			latest: 43 * time.Second},
		{name: "a task that ends before it is seen to run", describe: lives(time.Second/2, 0),
			outcome: verdict.Succeeded, latest: 25 * time.Second},
		{name: "not known at first", describe: func(arn string, since time.Duration) (types.Task, bool) {
			task, _ := lives(30*time.Second, 0)(arn, since)
			return task, since > 15*time.Second
		}, outcome: verdict.Succeeded, earliest: 30 * time.Second, latest: 33 * time.Second},
		{name: "never known", describe: func(string, time.Duration) (types.Task, bool) { return types.Task{}, false },
			outcome: verdict.Lost, earliest: 90 * time.Second, latest: 100 * time.Second},
		{name: "known, then not", describe: func(arn string, since time.Duration) (types.Task, bool) {
			task, _ := lives(time.Hour, 0)(arn, since)
			return task, since < 40*time.Second
		}, outcome: verdict.Lost, earliest: 90 * time.Second, latest: 97 * time.Second},
		{name: "known, much later not", describe: func(arn string, since time.Duration) (types.Task, bool) {
			task, _ := lives(time.Hour, 0)(arn, since)
			return task, since < 30*time.Minute
		}, outcome: verdict.Lost, earliest: 30*time.Minute + 15*time.Second, latest: 30*time.Minute + 37*time.Second},
		{name: "not shown for moments", describe: func(arn string, since time.Duration) (types.Task, bool) {
			task, _ := lives(40*time.Minute, 0)(arn, since)
			return task, since%time.Minute > 14*time.Second
		}, outcome: verdict.Succeeded, earliest: 40 * time.Minute, latest: 40*time.Minute + 26*time.Second},
		{name: "throttled for minutes", describe: lives(time.Minute, 0), fail: func(_ int, since time.Duration) error {
			if since < 4*time.Minute {
				return refused("ThrottlingException", "Rate exceeded")
			}
			return nil
		}, outcome: verdict.Succeeded, earliest: 4 * time.Minute, latest: 4*time.Minute + 42*time.Second},
		{name: "no answer for minutes", describe: lives(time.Minute, 0), fail: func(_ int, since time.Duration) error {
			if since < 3*time.Minute {
				return errors.New("connection reset by peer")
			}
			return nil
		}, outcome: verdict.Succeeded, earliest: 3 * time.Minute, latest: 3*time.Minute + 42*time.Second},
		{name: "refused", describe: lives(time.Minute, 0), fail: func(call int, _ time.Duration) error {
			if call > 3 {
				return refused("AccessDeniedException", "not authorized to perform: ecs:DescribeTasks")
			}
			return nil
		}, earliest: 4 * time.Second, latest: 10 * time.Second,
			wantErr: "describe tasks: operation error ECS: DescribeTasks, api error AccessDeniedException: not authorized to " +
				"perform: ecs:DescribeTasks"},
		{name: "credentials expired, and then new ones", describe: lives(time.Minute, 0),
			fail: func(_ int, since time.Duration) error {
				if since > 30*time.Second && since < 2*time.Minute {
					return refused("ExpiredTokenException", "The security token included in the request is expired")
				}
				return nil
			}, outcome: verdict.Succeeded, earliest: 2 * time.Minute, latest: 2*time.Minute + 42*time.Second},
		{name: "credentials expired for good", describe: lives(time.Hour, 0), fail: func(_ int, since time.Duration) error {
			if since > 30*time.Second {
				return refused("ExpiredTokenException", "The security token included in the request is expired")
			}
			return nil
		}, earliest: 2*time.Minute + 30*time.Second, latest: 3*time.Minute + 20*time.Second,
			wantErr: "describe tasks: operation error ECS: DescribeTasks, api error ExpiredTokenException: The security token " +
				"included in the request is expired"},
		{name: "the deadline, to the second", describe: lives(time.Hour, 0), deadline: 10 * time.Minute,
			earliest: 10 * time.Minute, latest: 10 * time.Minute},
		{name: "an end that comes just before the deadline is seen", describe: lives(10*time.Minute-time.Millisecond, 0),
			deadline: 10 * time.Minute,
			outcome:  verdict.Succeeded, earliest: 10*time.Minute - time.Millisecond, latest: 10 * time.Minute},
		{name: "running", describe: lives(time.Hour, 0), goal: task.UntilRunning, reached: true, earliest: 20 * time.Second,
			latest: 23 * time.Second},
		{name: "running was not seen, but it ran and ended well", describe: lives(20*time.Second, 0), goal: task.UntilRunning,
			outcome: verdict.Succeeded, earliest: 20 * time.Second, latest: 23 * time.Second},
		{name: "healthy", describe: func(_ string, since time.Duration) (types.Task, bool) {
			app := running("app")
			app.HealthStatus = types.HealthStatusUnknown
			if since > 50*time.Second {
				app.HealthStatus = types.HealthStatusHealthy
			}
			return is("RUNNING", app), true
		}, goal: task.UntilHealthy, reached: true, earliest: 50 * time.Second, latest: 53 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &fake{describe: tt.describe, fail: tt.fail, start: time.Now()}
				d := definition("app")
				d.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}}
				watched := states(d, 1)
				w := task.Watch{Goal: tt.goal, Since: api.start}
				if tt.deadline > 0 {
					w.Deadline = api.start.Add(tt.deadline)
				}
				err := cluster.Client{API: api}.Watch(t.Context(), watched, w)
				took := time.Since(api.start)
				if (err == nil) != (tt.wantErr == "") || err != nil && err.Error() != tt.wantErr {
					t.Errorf("Watch() = %v, want %q", err, tt.wantErr)
				}
				var outcome verdict.Outcome
				if watched[0].Verdict != nil {
					outcome = watched[0].Verdict.Outcome
				}
				if outcome != tt.outcome || watched[0].Reached != tt.reached {
					t.Errorf("outcome %q, reached %v, want %q, %v", outcome, watched[0].Reached, tt.outcome, tt.reached)
				}
				if took < tt.earliest || took > tt.latest {
					t.Errorf("Watch() ended after %s, want %s to %s", took, tt.earliest, tt.latest)
				}
			})
		})
	}
}

func TestWatchSharesCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fake{describe: lives(15*time.Minute, 0), start: time.Now()}
		watched := states(definition("app"), 250)
		w := task.Watch{Since: api.start}
		if err := (cluster.Client{API: api}).Watch(t.Context(), watched, w); err != nil {
			t.Fatal(err)
		}
		if polls := len(api.calls) / 3; polls*3 != len(api.calls) || polls > 215 {
			t.Errorf("%d calls for 250 tasks in 15 minutes, want a multiple of 3 and 645 at the most", len(api.calls))
		}
		if !slices.Equal(api.sizes[:3], []int{100, 100, 50}) {
			t.Errorf("calls name %v tasks, want 100, 100 and 50", api.sizes[:3])
		}
	})
}

func TestWatchEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fake{describe: lives(time.Hour, 0), start: time.Now()}
		ctx, cancel := context.WithTimeout(t.Context(), 61234*time.Millisecond)
		defer cancel()
		if err := (cluster.Client{API: api}).Watch(ctx, states(definition("app"), 1),
			task.Watch{Since: api.start}); err != nil {
			t.Errorf("Watch() = %v, want nil", err)
		}
		if took := time.Since(api.start); took != 61234*time.Millisecond {
			t.Errorf("Watch() ended after %s, want at once", took)
		}
	})
}

// TestWatchOfALaterLaunch checks a task that is launched long after the first launch. ECS may not
// know it at first.
func TestWatchOfALaterLaunch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		time.Sleep(time.Hour)
		api := &fake{start: time.Now(), describe: func(arn string, since time.Duration) (types.Task, bool) {
			state, _ := lives(time.Minute, 0)(arn, since)
			return state, since > 30*time.Second
		}}
		d := definition("app")
		again := cluster.States(cluster.Launched{Definition: d, At: api.start,
			Tasks: []types.Task{{TaskArn: aws.String("arn:again"), LastStatus: aws.String("PENDING")}}})
		if err := (cluster.Client{API: api}).Watch(t.Context(), again, task.Watch{Since: start}); err != nil {
			t.Fatal(err)
		}
		if v := again[0].Verdict; v == nil || v.Outcome != verdict.Succeeded {
			t.Errorf("the verdict is %+v, want succeeded", v)
		}
		if took := time.Since(api.start); took > 64*time.Second {
			t.Errorf("Watch() ended after %s, want within 4s of the end after 1m", took)
		}
	})
}

// stalled does not answer DescribeTasks until its context ends.
type stalled struct {
	cluster.API
}

func (s *stalled) DescribeTasks(ctx context.Context, _ *ecs.DescribeTasksInput,
	_ ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestWatchEndsAtTheDeadlineWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := task.Watch{Since: start, Deadline: start.Add(time.Minute)}
		if err := (cluster.Client{API: &stalled{}}).Watch(t.Context(), states(definition("app"), 1), w); err != nil {
			t.Errorf("Watch() = %v, want nil", err)
		}
		if took := time.Since(start); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("Watch() ended after %s, want 1m to 1m1s", took)
		}
	})
}
