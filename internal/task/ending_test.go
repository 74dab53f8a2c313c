package task_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// TestEndOf checks the times at which a container ended and its host was gone.
func TestEndOf(t *testing.T) {
	const second = time.Second
	// The first poll is 40 s after the start. at returns a time before it, by AWS's clock.
	for _, tt := range []struct {
		name       string
		containers []string
		restarts   bool
		skew       time.Duration // of AWS's clock against this machine's
		poll       func(at func(time.Duration) *time.Time) types.Task
		want       map[string]time.Duration // time from the end to the poll; -1 if not ended
		gone       time.Duration            // time from the end of the host to it; -1 if not gone
	}{
		{name: "one container ended when ECS says", containers: []string{"app"},
			poll: func(at func(time.Duration) *time.Time) types.Task {
				s := stopped("DEPROVISIONING", types.TaskStopCodeEssentialContainerExited, ended("app", 0, ""))
				s.ExecutionStoppedAt = at(3 * second)
				return s
			}, want: map[string]time.Duration{"app": 3 * second}, gone: -1},
		{name: "by AWS's clock", containers: []string{"app"}, skew: -time.Hour,
			poll: func(at func(time.Duration) *time.Time) types.Task {
				s := stopped("DEPROVISIONING", types.TaskStopCodeEssentialContainerExited, ended("app", 0, ""))
				s.ExecutionStoppedAt = at(3 * second)
				return s
			}, want: map[string]time.Duration{"app": 3 * second}, gone: -1},
		{name: "not after it was seen", containers: []string{"app"},
			poll: func(at func(time.Duration) *time.Time) types.Task {
				s := stopped("DEPROVISIONING", types.TaskStopCodeEssentialContainerExited, ended("app", 0, ""))
				s.ExecutionStoppedAt = at(-3 * second)
				return s
			}, want: map[string]time.Duration{"app": 0}, gone: -1},
		{name: "not long before it was seen to run", containers: []string{"app"},
			poll: func(at func(time.Duration) *time.Time) types.Task {
				s := stopped("DEPROVISIONING", types.TaskStopCodeEssentialContainerExited, ended("app", 0, ""))
				s.ExecutionStoppedAt = at(time.Hour)
				return s
			}, want: map[string]time.Duration{"app": 0}, gone: -1},
		{name: "ECS does not say when", containers: []string{"app"}, poll: func(func(time.Duration) *time.Time) types.Task {
			return stopped("STOPPING", types.TaskStopCodeEssentialContainerExited, ended("app", 1, ""))
		}, want: map[string]time.Duration{"app": 0}, gone: -1},
		{name: "one of several ended when it was seen", containers: []string{"app", "proxy"},
			poll: func(at func(time.Duration) *time.Time) types.Task {
				s := stopped("STOPPING", types.TaskStopCodeEssentialContainerExited, ended("app", 0, ""), running("proxy"))
				s.ExecutionStoppedAt = at(3 * second)
				return s
			}, want: map[string]time.Duration{"app": 0, "proxy": -1}, gone: -1},
		{name: "a container that may start again", containers: []string{"app"}, restarts: true,
			poll: func(func(time.Duration) *time.Time) types.Task {
				return is("RUNNING", ended("app", 1, ""))
			}, want: map[string]time.Duration{"app": -1}, gone: -1},
		{name: "STOPPED ends all, shown or not", containers: []string{"app", "proxy"},
			poll: func(at func(time.Duration) *time.Time) types.Task {
				s := stopped("STOPPED", types.TaskStopCodeEssentialContainerExited, ended("app", 1, ""))
				s.ExecutionStoppedAt, s.StoppedAt = at(13*second), at(second)
				return s
			}, want: map[string]time.Duration{"app": 0, "proxy": 0}, gone: second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var polled time.Time
				api := &fake{start: start, describe: func(_ string, since time.Duration) (types.Task, bool) {
					if since < 40*second {
						return is("RUNNING", running("app"), running("proxy")), true
					}
					if polled.IsZero() {
						polled = time.Now()
					}
					s := tt.poll(func(ago time.Duration) *time.Time { return aws.Time(polled.Round(0).Add(tt.skew - ago)) })
					s.LaunchType = types.LaunchTypeFargate
					return s, true
				}}
				d := definition(tt.containers...)
				d.ContainerDefinitions[0].RestartPolicy = &types.ContainerRestartPolicy{Enabled: aws.Bool(tt.restarts)}
				watched := states(d, 1)
				w := task.Watch{Since: start, Deadline: start.Add(45 * second), Clock: func(at time.Time) time.Time {
					return time.Now().Add(-max(time.Now().Round(0).Add(tt.skew).Sub(at), 0))
				}}
				if err := (cluster.Client{API: api}).Watch(t.Context(), watched, w); err != nil {
					t.Fatal(err)
				}
				before := func(at time.Time) time.Duration {
					if at.IsZero() {
						return -1
					}
					return polled.Sub(at)
				}
				for name, want := range tt.want {
					if got := before(watched[0].EndOf(name)); got != want {
						t.Errorf("container %s ended %s before the poll, want %s", name, got, want)
					}
				}
				if got := before(watched[0].Gone()); got != tt.gone {
					t.Errorf("the machine was gone %s before the poll, want %s", got, tt.gone)
				}
			})
		})
	}
}

// TestWatchEnding checks that WatchEnding polls until everything has ended, and that it does not
// change the verdict.
func TestWatchEnding(t *testing.T) {
	for _, tt := range []struct {
		name string
		code int32
		want time.Duration // when WatchEnding ends, since the start
		tick time.Duration
	}{
		{"a success, until the last container has ended", 0, 50 * time.Second, 2 * time.Second},
		{"a failure, until the machine is gone", 3, time.Minute, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &fake{start: time.Now(), describe: func(_ string, since time.Duration) (types.Task, bool) {
					const essential = types.TaskStopCodeEssentialContainerExited
					switch {
					case since < 30*time.Second:
						return is("RUNNING", running("app"), running("proxy")), true
					case since < 50*time.Second:
						return stopped("STOPPING", essential, ended("app", tt.code, ""), running("proxy")), true
					case since < time.Minute:
						return stopped("DEPROVISIONING", essential, ended("app", tt.code, ""), ended("proxy", 143, "")), true
					}
					return stopped("STOPPED", essential, ended("app", tt.code, ""), ended("proxy", 143, "")), true
				}}
				d := definition("app", "proxy")
				d.ContainerDefinitions[1].Essential = aws.Bool(false)
				watched := states(d, 1)
				changes, endings := 0, 0
				w := task.Watch{Since: api.start, Changed: func(*task.State) { changes++ }, Ending: func(*task.State) { endings++ }}
				runner := cluster.Client{API: api}
				if err := runner.Watch(t.Context(), watched, w); err != nil {
					t.Fatal(err)
				}
				verdict := watched[0].Verdict
				if since := time.Since(api.start); verdict == nil || since > 33*time.Second || changes != 2 || endings != 0 {
					t.Fatalf("verdict %v after %s, %d changes, %d more; want one by 33s, 2 and none", verdict, since, changes, endings)
				}
				if err := runner.WatchEnding(t.Context(), watched, w); err != nil {
					t.Fatal(err)
				}
				if since := time.Since(api.start); since < tt.want || since > tt.want+tt.tick {
					t.Errorf("WatchEnding() ended after %s, want %s", since, tt.want)
				}
				if watched[0].Verdict != verdict || changes != 2 || endings == 0 ||
					watched[0].EndOf("proxy").Before(api.start.Add(50*time.Second)) {
					t.Errorf("verdict %v, %d changes, %d more, proxy ended at %s; want the same, 2, some, and 50s or later",
						watched[0].Verdict, changes, endings, watched[0].EndOf("proxy").Sub(api.start))
				}
			})
		})
	}
}

// TestWatchChanges checks that Watch follows no schedule if ECS can wait for a change. With more
// tasks than one call can name, Watch does not wait for changes.
func TestWatchChanges(t *testing.T) {
	for _, n := range []int{1, 100, 101} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &fake{start: time.Now(), describe: lives(time.Minute, 0)}
				waits := 0
				w := task.Watch{Since: api.start, Deadline: api.start.Add(61 * time.Second),
					Changes: func(tasks []*task.State, atMost time.Duration) func(*ecs.Options) {
						if waits++; len(tasks) != n || atMost <= 0 || atMost > 20*time.Second {
							t.Errorf("Changes(%d tasks, %s), want %d and up to 20s", len(tasks), atMost, n)
						}
						// The embedded ECS waits in the same way.
						time.Sleep(min(atMost, 20*time.Second-time.Since(api.start)%(20*time.Second)))
						return func(*ecs.Options) {}
					}}
				if err := (cluster.Client{API: api}).Watch(t.Context(), states(definition("app"), n), w); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(api.start); took < time.Minute || took > time.Minute+100*time.Millisecond {
					t.Errorf("Watch() took %s, want 1m and no schedule", took)
				}
				if (waits > 0) != (n <= 100) || len(api.calls) > 8 && n <= 100 {
					t.Errorf("%d calls, %d of them with a wait", len(api.calls), waits)
				}
			})
		})
	}
}
