package cluster_test

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

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// fake implements operations of ECS with functions of the test.
type fake struct {
	cluster.API
	runTask  func(*ecs.RunTaskInput) (*ecs.RunTaskOutput, error)
	stopTask func(*ecs.StopTaskInput) error
	register func() (*ecs.RegisterTaskDefinitionOutput, error)
}

func (f *fake) RunTask(_ context.Context, in *ecs.RunTaskInput, _ ...func(*ecs.Options)) (*ecs.RunTaskOutput, error) {
	return f.runTask(in)
}

func (f *fake) StopTask(_ context.Context, in *ecs.StopTaskInput, _ ...func(*ecs.Options)) (*ecs.StopTaskOutput,
	error) {
	return &ecs.StopTaskOutput{}, f.stopTask(in)
}

func (f *fake) RegisterTaskDefinition(context.Context, *ecs.RegisterTaskDefinitionInput,
	...func(*ecs.Options)) (*ecs.RegisterTaskDefinitionOutput, error) {
	return f.register()
}

func refused(code, message string) error {
	return &smithy.OperationError{ServiceID: "ECS", OperationName: "DescribeTasks",
		Err: &smithy.GenericAPIError{Code: code, Message: message}}
}

// arns returns the ARNs of n tasks.
func arns(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("arn:aws:ecs:us-east-1:123456789012:task/default/%032x", i))
	}
	return all
}

// stalled does not answer the first StopTask until its context ends.
type stalled struct {
	cluster.API
	mu    sync.Mutex
	stops map[string]int
}

func (s *stalled) StopTask(ctx context.Context, in *ecs.StopTaskInput, _ ...func(*ecs.Options)) (*ecs.StopTaskOutput,
	error) {
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

func TestStopAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &stalled{stops: map[string]int{}}
		start := time.Now()
		if err := (cluster.Client{API: api}).Stop(t.Context(), arns(100), "over"); err != nil {
			t.Errorf("Stop() = %v, want nil", err)
		}
		if took := time.Since(start); took > 2200*time.Millisecond {
			t.Errorf("Stop() of tasks whose first call stalls took %s, want 2.2s at the most", took)
		}
	})
	for _, tt := range []struct {
		name string
		err  error
	}{{"throttled", refused("ThrottlingException", "Rate exceeded")}, {"no answer",
		errors.New("connection reset by peer")}} {
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
				if err := (cluster.Client{API: api}).Stop(ctx, arns(1), "over"); err != nil || calls > 10 {
					t.Errorf("Stop() = %v after %d calls, want nil after 10 at the most", err, calls)
				}
				api.stopTask = func(*ecs.StopTaskInput) error { return tt.err }
				if err := (cluster.Client{API: api}).Stop(ctx, arns(1), "over"); !errors.Is(err, tt.err) {
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
		want     int   // number of tasks
		counts   []int // count of each call
		tokens   []int // equal numbers for equal client tokens
		wantErr  string
	}{
		{name: "one", count: 1, answers: []answer{{started(1), nil}}, want: 1, counts: []int{1}, tokens: []int{0}},
		{name: "more than a call takes", count: 23,
			answers: []answer{{started(10), nil}, {started(10), nil}, {started(3), nil}}, want: 23, counts: []int{10, 10,
				3}, tokens: []int{0, 1, 2}},
		{name: "a lost answer is asked for again with the same token", count: 2,
			answers: []answer{{nil, lost}, {nil, lost}, {started(2), nil}}, want: 2, counts: []int{2, 2, 2}, tokens: []int{0,
				0, 0}},
		{name: "a role that was just made is waited for", count: 1,
			answers: []answer{{nil, refused("ClientException",
				"ECS was unable to assume the role 'r' that was provided for this task.")}, {started(1), nil}}, want: 1,
			counts: []int{1, 1}, tokens: []int{0, 0}},
		{name: "a refusal is not", count: 2, answers: []answer{{nil, refused("ClientException", "no")}}, counts: []int{2},
			tokens: []int{0}, wantErr: "run task web:3: operation error ECS: DescribeTasks, api error ClientException: no"},
		{name: "what was started before a refusal is kept", count: 12,
			answers: []answer{{started(10), nil}, {nil, refused("ClientException", "no")}}, want: 10, counts: []int{10,
				2}, tokens: []int{0, 1}, wantErr: "run task web:3: operation error ECS: DescribeTasks, api error " +
				"ClientException: no"},
		{name: "every failure is reported", count: 3, answers: []answer{{missing(1, 2, "ATTRIBUTE"), nil}}, want: 1,
			counts: []int{3}, tokens: []int{0}, wantErr: "run task web:3: 1 of 3 tasks started: ATTRIBUTE"},
		{name: "no tasks and no reason", count: 1, answers: []answer{{started(0), nil}}, counts: []int{1}, tokens: []int{0},
			wantErr: "run task web:3: 0 of 1 tasks started: ECS gave no reason"},
		{name: "room is waited for, for the missing tasks, with a new token", count: 3, capacity: time.Minute,
			answers: []answer{{missing(1, 2, "RESOURCE:MEMORY"), nil}, {missing(1, 1, "RESOURCE:MEMORY"), nil},
				{started(1), nil}}, want: 3, counts: []int{3, 2, 1}, tokens: []int{0, 1, 2}},
		{name: "but not for ever", count: 1, capacity: 6 * time.Second,
			answers: []answer{{missing(0, 1, "AGENT"), nil}, {missing(0, 1, "AGENT"), nil}}, counts: []int{1,
				1}, tokens: []int{0, 1}, wantErr: "run task web:3: 0 of 1 tasks started: AGENT"},
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
				reported := 0
				open := map[string]bool{} // unanswered calls, by their tokens
				got, err := cluster.Client{API: api}.Launch(t.Context(), cluster.Launch{
					Definition: &types.TaskDefinition{Family: aws.String("web"), Revision: 3}, Count: tt.count, Capacity: tt.capacity,
					Calling: func(token string, _ int) { open[token] = true },
					Answered: func(token string, tasks []types.Task) {
						if reported += len(tasks); !open[token] || len(counts) == 0 {
							t.Errorf("Answered(%s, %v) was called before the call and its answer", token, tasks)
						}
						delete(open, token)
					},
				})
				if reported != len(got.Tasks) {
					t.Errorf("Answered was called for %d tasks of %d", reported, len(got.Tasks))
				}
				if delete(open, got.Unconfirmed); len(open) > 0 {
					t.Errorf("%d calls have no answer, want the unconfirmed one (%s) alone", len(open), got.Unconfirmed)
				}
				if (err == nil) != (tt.wantErr == "") || err != nil && err.Error() != tt.wantErr {
					t.Errorf("Launch() = %v, want %q", err, tt.wantErr)
				}
				if len(got.Tasks) != tt.want || !slices.Equal(counts, tt.counts) || !slices.Equal(tokens, tt.tokens) {
					t.Errorf("%d tasks by calls for %v with tokens %v, want %d, %v, %v", len(got.Tasks), counts, tokens, tt.want,
						tt.counts, tt.tokens)
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
			time.Sleep(time.Second) // Stop must make the calls in parallel
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
		err := cluster.Client{API: api}.Stop(t.Context(), arns(100), reason)
		if want := fmt.Sprintf("stop task %032x: operation error ECS: DescribeTasks, api error ClientException: no",
			7); err == nil || err.Error() != want {
			t.Errorf("Stop() = %v, want %q", err, want)
		}
		if len(stoppedAt) != 100 || slices.Max(stoppedAt) != time.Second {
			t.Errorf("%d tasks were stopped, the last after %s, want 100 after 1s", len(stoppedAt), slices.Max(stoppedAt))
		}
	})
}
