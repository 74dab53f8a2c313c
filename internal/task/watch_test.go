package task_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// fake answers DescribeTasks with what describe says of a task at a time since
// the start; the other operations by their own functions.
type fake struct {
	task.API
	describe func(arn string, since time.Duration) (types.Task, bool)
	fail     func(call int, since time.Duration) error
	runTask  func(*ecs.RunTaskInput) (*ecs.RunTaskOutput, error)
	stopTask func(*ecs.StopTaskInput) error
	register func() (*ecs.RegisterTaskDefinitionOutput, error)

	start time.Time
	calls []time.Duration // of DescribeTasks, since the start
	sizes []int
}

func (f *fake) DescribeTasks(_ context.Context, in *ecs.DescribeTasksInput, _ ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
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

func (f *fake) RunTask(_ context.Context, in *ecs.RunTaskInput, _ ...func(*ecs.Options)) (*ecs.RunTaskOutput, error) {
	return f.runTask(in)
}

func (f *fake) StopTask(_ context.Context, in *ecs.StopTaskInput, _ ...func(*ecs.Options)) (*ecs.StopTaskOutput, error) {
	return &ecs.StopTaskOutput{}, f.stopTask(in)
}

func (f *fake) RegisterTaskDefinition(context.Context, *ecs.RegisterTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.RegisterTaskDefinitionOutput, error) {
	return f.register()
}

func refused(code, message string) error {
	return &smithy.OperationError{ServiceID: "ECS", OperationName: "DescribeTasks", Err: &smithy.GenericAPIError{Code: code, Message: message}}
}

// states makes n launched tasks of a definition.
func states(d *types.TaskDefinition, n int) []*task.State {
	var launched task.Launched
	launched.Definition = d
	for i := range n {
		launched.Tasks = append(launched.Tasks, types.Task{TaskArn: aws.String(fmt.Sprintf("arn:aws:ecs:us-east-1:123456789012:task/default/%032x", i)), LastStatus: aws.String("PROVISIONING"), DesiredStatus: aws.String("RUNNING")})
	}
	return task.States(launched)
}

// arns returns the ARNs of the tasks of states.
func arns(n int) []string {
	var all []string
	for _, state := range states(definition("app"), n) {
		all = append(all, *state.TaskArn)
	}
	return all
}

func is(status string, containers ...types.Container) types.Task {
	return types.Task{LastStatus: aws.String(status), DesiredStatus: aws.String("RUNNING"), Containers: containers}
}

// lives is a task that runs from 20 s on and ends at a time with a code.
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

		outcome  verdict.Outcome // empty: no verdict
		reached  bool
		earliest time.Duration // when the watch ends
		latest   time.Duration
		wantErr  string
	}{
		{name: "within one poll of the end, long before STOPPED", describe: lives(5*time.Minute, 0),
			outcome: verdict.Succeeded, earliest: 5 * time.Minute, latest: 5*time.Minute + 8*time.Second},
		{name: "failure", describe: lives(40*time.Second, 1), outcome: verdict.Failed, earliest: 40 * time.Second, latest: 43 * time.Second},
		{name: "a task that ends before anybody sees it run", describe: lives(time.Second/2, 0),
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
		}, earliest: 4 * time.Second, latest: 10 * time.Second, wantErr: "describe tasks: operation error ECS: DescribeTasks, api error AccessDeniedException: not authorized to perform: ecs:DescribeTasks"},
		{name: "credentials expired, and then new ones", describe: lives(time.Minute, 0), fail: func(_ int, since time.Duration) error {
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
		}, earliest: 2*time.Minute + 30*time.Second, latest: 3*time.Minute + 20*time.Second, wantErr: "describe tasks: operation error ECS: DescribeTasks, api error ExpiredTokenException: The security token included in the request is expired"},
		{name: "the deadline, to the second", describe: lives(time.Hour, 0), deadline: 10 * time.Minute, earliest: 10 * time.Minute, latest: 10 * time.Minute},
		{name: "an end that comes just before the deadline is seen", describe: lives(10*time.Minute-time.Millisecond, 0), deadline: 10 * time.Minute,
			outcome: verdict.Succeeded, earliest: 10*time.Minute - time.Millisecond, latest: 10 * time.Minute},
		{name: "running", describe: lives(time.Hour, 0), goal: task.UntilRunning, reached: true, earliest: 20 * time.Second, latest: 23 * time.Second},
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
				err := task.Runner{API: api}.Watch(t.Context(), watched, w)
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
		if err := (task.Runner{API: api}).Watch(t.Context(), watched, w); err != nil {
			t.Fatal(err)
		}
		if looks := len(api.calls) / 3; looks*3 != len(api.calls) || looks > 215 {
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
		if err := (task.Runner{API: api}).Watch(ctx, states(definition("app"), 1), task.Watch{Since: api.start}); err != nil {
			t.Errorf("Watch() = %v, want nil", err)
		}
		if took := time.Since(api.start); took != 61234*time.Millisecond {
			t.Errorf("Watch() ended after %s, want at once", took)
		}
	})
}

// A task that is started again long after the first may be unknown at first, too.
func TestWatchOfALaterLaunch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		time.Sleep(time.Hour)
		api := &fake{start: time.Now(), describe: func(arn string, since time.Duration) (types.Task, bool) {
			state, _ := lives(time.Minute, 0)(arn, since)
			return state, since > 30*time.Second
		}}
		d := definition("app")
		again := task.States(task.Launched{Definition: d, At: api.start, Tasks: []types.Task{{TaskArn: aws.String("arn:again"), LastStatus: aws.String("PENDING")}}})
		if err := (task.Runner{API: api}).Watch(t.Context(), again, task.Watch{Since: start}); err != nil {
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

// stalled never answers DescribeTasks before its context ends, nor StopTask the
// first time.
type stalled struct {
	task.API
	mu    sync.Mutex
	stops map[string]int
}

func (s *stalled) DescribeTasks(ctx context.Context, _ *ecs.DescribeTasksInput, _ ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *stalled) StopTask(ctx context.Context, in *ecs.StopTaskInput, _ ...func(*ecs.Options)) (*ecs.StopTaskOutput, error) {
	s.mu.Lock()
	s.stops[*in.Task]++
	first := s.stops[*in.Task] == 1
	s.mu.Unlock()
	if first {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &ecs.StopTaskOutput{}, nil
}

func TestWatchEndsAtTheDeadlineWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := task.Watch{Since: start, Deadline: start.Add(time.Minute)}
		if err := (task.Runner{API: &stalled{}}).Watch(t.Context(), states(definition("app"), 1), w); err != nil {
			t.Errorf("Watch() = %v, want nil", err)
		}
		if took := time.Since(start); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("Watch() ended after %s, want 1m to 1m1s", took)
		}
	})
}

func TestStopAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &stalled{stops: map[string]int{}}
		start := time.Now()
		if err := (task.Runner{API: api}).Stop(t.Context(), arns(100), "over"); err != nil {
			t.Errorf("Stop() = %v, want nil", err)
		}
		if took := time.Since(start); took > 2200*time.Millisecond {
			t.Errorf("Stop() of tasks whose first call stalls took %s, want 2.2s at the most", took)
		}
	})
	for _, tt := range []struct {
		name string
		err  error
	}{{"throttled", refused("ThrottlingException", "Rate exceeded")}, {"no answer", errors.New("connection reset by peer")}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				calls := 0
				api := &fake{stopTask: func(*ecs.StopTaskInput) error {
					if calls++; time.Since(start) < 4*time.Second {
						return tt.err
					}
					return nil
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
				defer cancel()
				if err := (task.Runner{API: api}).Stop(ctx, arns(1), "over"); err != nil || calls > 10 {
					t.Errorf("Stop() = %v after %d calls, want nil after 10 at the most", err, calls)
				}
				api.stopTask = func(*ecs.StopTaskInput) error { return tt.err }
				if err := (task.Runner{API: api}).Stop(ctx, arns(1), "over"); !errors.Is(err, tt.err) {
					t.Errorf("Stop() = %v, want %v", err, tt.err)
				}
				if took := time.Since(start); took > 6*time.Second {
					t.Errorf("Stop() ended %s after the start, want 6s as its context", took)
				}
			})
		})
	}
}

func TestLaunch(t *testing.T) {
	started := func(n int) *ecs.RunTaskOutput {
		out := &ecs.RunTaskOutput{}
		for range n {
			out.Tasks = append(out.Tasks, types.Task{TaskArn: aws.String("arn")})
		}
		return out
	}
	missing := func(n, m int, reason string) *ecs.RunTaskOutput {
		out := started(n)
		for range m {
			out.Failures = append(out.Failures, types.Failure{Reason: aws.String(reason)})
		}
		return out
	}
	type answer struct {
		out *ecs.RunTaskOutput
		err error
	}
	lost := errors.New("connection reset by peer")
	for _, tt := range []struct {
		name     string
		count    int
		capacity time.Duration
		answers  []answer
		want     int   // tasks
		counts   []int // that were asked for
		tokens   []int // equal numbers for equal client tokens
		wantErr  string
	}{
		{name: "one", count: 1, answers: []answer{{started(1), nil}}, want: 1, counts: []int{1}, tokens: []int{0}},
		{name: "more than a call takes", count: 23, answers: []answer{{started(10), nil}, {started(10), nil}, {started(3), nil}}, want: 23, counts: []int{10, 10, 3}, tokens: []int{0, 1, 2}},
		{name: "a lost answer is asked for again with the same token", count: 2, answers: []answer{{nil, lost}, {nil, lost}, {started(2), nil}}, want: 2, counts: []int{2, 2, 2}, tokens: []int{0, 0, 0}},
		{name: "a role that was just made is waited for", count: 1, answers: []answer{{nil, refused("ClientException", "ECS was unable to assume the role 'r' that was provided for this task.")}, {started(1), nil}}, want: 1, counts: []int{1, 1}, tokens: []int{0, 0}},
		{name: "a refusal is not", count: 2, answers: []answer{{nil, refused("ClientException", "no")}}, counts: []int{2}, tokens: []int{0}, wantErr: "run task web:3: operation error ECS: DescribeTasks, api error ClientException: no"},
		{name: "what was started before a refusal is kept", count: 12, answers: []answer{{started(10), nil}, {nil, refused("ClientException", "no")}}, want: 10, counts: []int{10, 2}, tokens: []int{0, 1}, wantErr: "run task web:3: operation error ECS: DescribeTasks, api error ClientException: no"},
		{name: "every failure is told", count: 3, answers: []answer{{missing(1, 2, "ATTRIBUTE"), nil}}, want: 1, counts: []int{3}, tokens: []int{0}, wantErr: "run task web:3: 1 of 3 tasks started: ATTRIBUTE"},
		{name: "no tasks and no reason", count: 1, answers: []answer{{started(0), nil}}, counts: []int{1}, tokens: []int{0}, wantErr: "run task web:3: 0 of 1 tasks started: ECS gave no reason"},
		{name: "room is waited for, for the missing tasks, with a new token", count: 3, capacity: time.Minute, answers: []answer{{missing(1, 2, "RESOURCE:MEMORY"), nil}, {missing(1, 1, "RESOURCE:MEMORY"), nil}, {started(1), nil}}, want: 3, counts: []int{3, 2, 1}, tokens: []int{0, 1, 2}},
		{name: "but not for ever", count: 1, capacity: 6 * time.Second, answers: []answer{{missing(0, 1, "AGENT"), nil}, {missing(0, 1, "AGENT"), nil}}, counts: []int{1, 1}, tokens: []int{0, 1}, wantErr: "run task web:3: 0 of 1 tasks started: AGENT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var counts, tokens []int
				var seen []string
				api := &fake{runTask: func(in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
					if len(counts) == len(tt.answers) {
						t.Fatalf("RunTask was called more than %d times", len(tt.answers))
					}
					counts = append(counts, int(*in.Count))
					i := slices.Index(seen, *in.ClientToken)
					if i < 0 {
						i, seen = len(seen), append(seen, *in.ClientToken)
					}
					tokens = append(tokens, i)
					a := tt.answers[len(counts)-1]
					return a.out, a.err
				}}
				told := 0
				open := map[string]bool{} // calls without an answer, by their tokens
				got, err := task.Runner{API: api}.Launch(t.Context(), task.Launch{
					Definition: definition("app"), Count: tt.count, Capacity: tt.capacity,
					Calling: func(token string, _ int) { open[token] = true },
					Answered: func(token string, tasks []types.Task) {
						if told += len(tasks); !open[token] || len(counts) == 0 {
							t.Errorf("Answered(%s, %v) was called before the call and its answer", token, tasks)
						}
						delete(open, token)
					},
				})
				if told != len(got.Tasks) {
					t.Errorf("Answered was called for %d tasks of %d", told, len(got.Tasks))
				}
				if delete(open, got.Unconfirmed); len(open) > 0 {
					t.Errorf("%d calls have no answer, want the unconfirmed one (%s) alone", len(open), got.Unconfirmed)
				}
				if (err == nil) != (tt.wantErr == "") || err != nil && err.Error() != tt.wantErr {
					t.Errorf("Launch() = %v, want %q", err, tt.wantErr)
				}
				if len(got.Tasks) != tt.want || !slices.Equal(counts, tt.counts) || !slices.Equal(tokens, tt.tokens) {
					t.Errorf("%d tasks by calls for %v with tokens %v, want %d, %v, %v", len(got.Tasks), counts, tokens, tt.want, tt.counts, tt.tokens)
				}
			})
		})
	}
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var stoppedAt []time.Duration
		start := time.Now()
		api := &fake{stopTask: func(in *ecs.StopTaskInput) error {
			time.Sleep(time.Second) // the calls don't wait for each other
			mu.Lock()
			defer mu.Unlock()
			stoppedAt = append(stoppedAt, time.Since(start))
			if len([]rune(*in.Reason)) > 255 {
				t.Errorf("the reason has %d characters, want 255 at the most", len([]rune(*in.Reason)))
			}
			if task.ID(*in.Task) == fmt.Sprintf("%032x", 7) {
				return refused("ClientException", "no")
			}
			return nil
		}}
		reason := string(slices.Repeat([]rune{'ß'}, 300))
		err := task.Runner{API: api}.Stop(t.Context(), arns(100), reason)
		if want := fmt.Sprintf("stop task %032x: operation error ECS: DescribeTasks, api error ClientException: no", 7); err == nil || err.Error() != want {
			t.Errorf("Stop() = %v, want %q", err, want)
		}
		if len(stoppedAt) != 100 || slices.Max(stoppedAt) != time.Second {
			t.Errorf("%d tasks were stopped, the last after %s, want 100 after 1s", len(stoppedAt), slices.Max(stoppedAt))
		}
	})
}
