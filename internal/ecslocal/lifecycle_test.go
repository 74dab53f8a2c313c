package ecslocal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
)

// actor is an executor that runs nothing: each container's command is
// how long it runs, its exit code, and what it does when it is asked to end:
// nothing, or the code it then exits with.
type actor struct {
	mu     sync.Mutex
	events []string
}

func (a *actor) note(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, fmt.Sprintf(format, args...))
}

func (a *actor) Begin(context.Context, runtime.Task) error { a.note("begin"); return nil }
func (a *actor) End(runtime.Task)                          { a.note("end") }

func (a *actor) Pull(_ context.Context, c runtime.Container) error {
	time.Sleep(5 * time.Second)
	if c.Image == "missing" {
		return errors.New("CannotPullContainerError: pull access denied")
	}
	return nil
}

func (a *actor) Run(ctx context.Context, c runtime.Container, started func(), stop <-chan struct{}) (runtime.Exit,
	error) {
	if c.Command[0] == "unstartable" {
		return runtime.Exit{}, errors.New("CannotStartContainerError: no")
	}
	a.note("start %s", c.Name)
	defer a.note("stop %s", c.Name)
	started()
	d, err := time.ParseDuration(c.Command[0])
	if err != nil {
		return runtime.Exit{}, err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	if len(c.Command) == 2 {
		stop = nil
	}
	var code int
	select {
	case <-timer.C:
		fmt.Sscan(c.Command[1], &code)
	case <-stop:
		fmt.Sscan(c.Command[2], &code)
	case <-ctx.Done():
		code = 137
	}
	return runtime.Exit{Code: code}, nil
}

// Probe is healthy once the command's first duration has passed since the year
// 2000, where synctest begins; "hang" takes as long as it may.
func (a *actor) Probe(ctx context.Context, _ runtime.Container, command []string) (int, error) {
	if command[0] == "hang" {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	d, err := time.ParseDuration(command[0])
	if err != nil || time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) < d {
		return 1, err
	}
	return 0, nil
}

func act(name string, command ...string) object {
	return object{"name": name, "image": "x", "memory": 64, "command": command}
}

func with(container, members object) object {
	for k, v := range members {
		container[k] = v
	}
	return container
}

func on(name, condition string) object {
	return object{"dependsOn": []object{{"containerName": name, "condition": condition}}}
}

var nonEssential = object{"essential": false}

var seconds = ecslocal.Delay(ecslocal.Delays{
	Provisioning: 1 * time.Second, Pending: 2 * time.Second, Activating: 3 * time.Second, Running: 4 * time.Second,
	Deactivating: 5 * time.Second, Stopping: 6 * time.Second, Deprovisioning: 7 * time.Second,
})

// TestStates sees a task pass through every state, with its times and versions.
func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), seconds)
		began := time.Now()
		arn := s.start(act("a", "1s", "3"))
		var states []string
		var version float64
		for {
			task := s.describe(arn)
			if v := num(task, "version"); v < version {
				t.Errorf("version went from %v to %v", version, v)
			} else {
				version = v
			}
			status := str(task, "lastStatus")
			if len(states) > 0 && states[len(states)-1][5:] == status {
				time.Sleep(100 * time.Millisecond)
				continue
			}
			states = append(states, fmt.Sprintf("%3ds %s", time.Since(began)/time.Second, status))
			code, exited := at(task, "containers", 0, "exitCode").(float64)
			if want := len(states) > 4 && status != "RUNNING"; exited != want || exited && code != 3 {
				t.Errorf("exit code when %s = %v, %t", status, code, exited)
			}
			if status == "STOPPED" {
				break
			}
		}
		want := []string{
			"  0s PROVISIONING", "  1s PENDING", "  3s ACTIVATING", " 11s RUNNING",
			" 15s DEACTIVATING", " 20s STOPPING", " 26s DEPROVISIONING", " 33s STOPPED",
		}
		if !slices.Equal(states, want) {
			t.Errorf("states = %q\nwant %q", states, want)
		}
		task := s.describe(arn)
		for name, after := range map[string]float64{
			"createdAt": 0, "connectivityAt": 1, "pullStartedAt": 6, "pullStoppedAt": 11, "startedAt": 11,
			"stoppingAt": 12, "executionStoppedAt": 12, "stoppedAt": 33,
		} {
			if got := num(task, name) - float64(began.Unix()); got != after {
				t.Errorf("%s = %v s after RunTask, want %v", name, got, after)
			}
		}
		for name, want := range map[string]string{
			"desiredStatus": "STOPPED", "stopCode": "EssentialContainerExited",
			"stoppedReason": "Essential container in task exited", "connectivity": "CONNECTED", "group": "family:f",
		} {
			if got := str(task, name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
		time.Sleep(time.Hour + time.Second)
		if got := s.do("DescribeTasks", object{"tasks": []string{arn}}); str(got, "failures", 0, "reason") != "MISSING" {
			t.Errorf("DescribeTasks an hour later = %v, want MISSING", got)
		}
	})
}

// TestContainers holds how the containers of a task depend on each other.
func TestContainers(t *testing.T) {
	for _, c := range []struct {
		name       string
		containers []object
		stopCode   string
		exits      map[string]any    // name → code or nil
		reasons    map[string]string // name → reason
		events     []string          // of the executor, where the order is certain
		running    bool              // it was RUNNING once
	}{
		{
			name:       "an essential exit ends the others",
			containers: []object{act("a", "1s", "0"), act("b", "1h", "0", "143"), act("c", "1h", "0")},
			stopCode:   "EssentialContainerExited",
			exits:      map[string]any{"a": 0.0, "b": 143.0, "c": 137.0},
			running:    true,
		},
		{
			name:       "another exit does not",
			containers: []object{act("a", "9s", "4"), with(act("b", "1s", "5"), nonEssential)},
			stopCode:   "EssentialContainerExited",
			exits:      map[string]any{"a": 4.0, "b": 5.0},
			events:     []string{"stop b", "stop a"},
			running:    true,
		},
		{
			name:       "SUCCESS",
			containers: []object{with(act("a", "1s", "0"), on("b", "SUCCESS")), with(act("b", "3s", "0"), nonEssential)},
			stopCode:   "EssentialContainerExited",
			exits:      map[string]any{"a": 0.0, "b": 0.0},
			events:     []string{"start b", "stop b", "start a", "stop a"},
			running:    true,
		},
		{
			name:       "SUCCESS of a failure",
			containers: []object{with(act("a", "1s", "0"), on("b", "SUCCESS")), with(act("b", "3s", "1"), nonEssential)},
			stopCode:   "TaskFailedToStart",
			exits:      map[string]any{"a": nil, "b": 1.0},
			reasons: map[string]string{"a": "dependency graph: failed to resolve container ordering dependency [b] for " +
				"target [a] as dependency did not exit successfully"},
			events: []string{"start b", "stop b"},
		},
		{
			name:       "COMPLETE of a failure",
			containers: []object{with(act("a", "1s", "0"), on("b", "COMPLETE")), with(act("b", "3s", "1"), nonEssential)},
			stopCode:   "EssentialContainerExited",
			exits:      map[string]any{"a": 0.0, "b": 1.0},
			events:     []string{"start b", "stop b", "start a", "stop a"},
			running:    true,
		},
		{
			name: "START, and the dependency ends last",
			containers: []object{
				with(act("a", "1s", "0"), on("b", "START")), act("b", "1h", "0", "143"),
			},
			stopCode: "EssentialContainerExited",
			exits:    map[string]any{"a": 0.0, "b": 143.0},
			events:   []string{"start b", "start a", "stop a", "stop b"},
			running:  true,
		},
		{
			name: "HEALTHY",
			containers: []object{
				with(act("a", "1s", "0"), on("b", "HEALTHY")),
				with(act("b", "1h", "0", "143"), object{"healthCheck": object{"command": []string{"CMD", "35s"}, "interval": 5}}),
			},
			stopCode: "EssentialContainerExited",
			exits:    map[string]any{"a": 0.0, "b": 143.0},
			events:   []string{"start b", "start a", "stop a", "stop b"},
			running:  true,
		},
		{
			name: "HEALTHY of one that ends before",
			containers: []object{
				with(act("a", "1s", "0"), on("b", "HEALTHY")),
				with(with(act("b", "3s", "0"), nonEssential),
					object{"healthCheck": object{"command": []string{"CMD", "1h"}, "interval": 5}}),
			},
			stopCode: "TaskFailedToStart",
			exits:    map[string]any{"a": nil, "b": 0.0},
			reasons: map[string]string{"a": "dependency graph: failed to resolve container ordering dependency [b] for " +
				"target [a] as dependency will never be healthy"},
		},
		{
			name: "a dependency that takes longer than its startTimeout",
			containers: []object{
				with(act("a", "1s", "0"), on("b", "SUCCESS")),
				with(with(act("b", "1h", "0", "143"), nonEssential), object{"startTimeout": 30}),
			},
			stopCode: "TaskFailedToStart",
			exits:    map[string]any{"a": nil, "b": 143.0},
			reasons:  map[string]string{"a": "dependency graph: container ordering dependency [b] for target [a] has timed out"},
		},
		{
			name:       "no image",
			containers: []object{with(act("a", "1s", "0"), object{"image": "missing"}), act("b", "1s", "0")},
			stopCode:   "TaskFailedToStart",
			exits:      map[string]any{"a": nil, "b": nil},
			reasons:    map[string]string{"a": "CannotPullContainerError: pull access denied"},
			events:     []string{"begin", "end"},
		},
		{
			name: "no image of one that is not essential, and of what depends on it",
			containers: []object{
				act("a", "1s", "0"), with(with(act("b", "1s", "0"), nonEssential), object{"image": "missing"}),
				with(with(act("c", "1s", "0"), nonEssential), on("b", "COMPLETE")),
			},
			stopCode: "EssentialContainerExited",
			exits:    map[string]any{"a": 0.0, "b": nil, "c": nil},
			reasons: map[string]string{
				"b": "CannotPullContainerError: pull access denied",
				"c": "dependency graph: container ordering dependency [b] for target [c] will never start",
			},
			running: true,
		},
		{
			name:       "one that can't start",
			containers: []object{act("a", "unstartable"), act("b", "1h", "0", "143")},
			stopCode:   "TaskFailedToStart",
			exits:      map[string]any{"a": nil},
			reasons:    map[string]string{"a": "CannotStartContainerError: no"},
		},
		{
			name: "a restart policy",
			containers: []object{
				act("a", "150s", "0"),
				with(with(act("b", "61s", "1", "0"), nonEssential),
					object{"restartPolicy": object{"enabled": true, "restartAttemptPeriod": 60}}),
			},
			stopCode: "EssentialContainerExited",
			exits:    map[string]any{"a": 0.0, "b": 0.0},
			events:   []string{"stop b", "start b", "stop b", "start b", "stop a", "stop b"},
			running:  true,
		},
		{
			name: "a restart policy that ignores the code",
			containers: []object{
				act("a", "150s", "0"),
				with(with(act("b", "61s", "1", "0"), nonEssential), object{"restartPolicy": object{
					"enabled": true, "restartAttemptPeriod": 60, "ignoredExitCodes": []int{0, 1},
				}}),
			},
			stopCode: "EssentialContainerExited",
			exits:    map[string]any{"a": 0.0, "b": 1.0},
			running:  true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &actor{}
				s := newServer(t, ecslocal.Execute(a), seconds)
				arn := s.start(c.containers...)
				task := s.reachSlowly(arn, "STOPPED")
				if got := str(task, "stopCode"); got != c.stopCode {
					t.Errorf("stopCode = %q, want %q", got, c.stopCode)
				}
				if _, got := task["startedAt"]; got != c.running {
					t.Errorf("startedAt is there: %t, want %t", got, c.running)
				}
				for name, want := range c.exits {
					if got := containerOf(task, name)["exitCode"]; got != want {
						t.Errorf("exit code of %s = %v, want %v: %v", name, got, want, task)
					}
					if got := str(containerOf(task, name), "reason"); got != c.reasons[name] {
						t.Errorf("reason of %s = %q, want %q", name, got, c.reasons[name])
					}
				}
				if c.stopCode == "TaskFailedToStart" && str(task, "stoppedReason") != c.reasons["a"] {
					t.Errorf("stoppedReason = %q, want that of a, %q", str(task, "stoppedReason"), c.reasons["a"])
				}
				if !contains(a.events, c.events) {
					t.Errorf("events = %q, want %q in them in this order", a.events, c.events)
				}
			})
		})
	}
}

// contains reports whether the wanted events are in the others, in this order.
func contains(events, wanted []string) bool {
	for _, e := range events {
		if len(wanted) > 0 && e == wanted[0] {
			wanted = wanted[1:]
		}
	}
	return len(wanted) == 0
}

// reachSlowly is reach for a test in synctest's time.
func (s server) reachSlowly(arn, status string) object {
	s.t.Helper()
	for range 10000 {
		if task := s.describe(arn); str(task, "lastStatus") == status {
			return task
		}
		time.Sleep(time.Second)
	}
	s.t.Fatalf("the task never was %s: %v", status, s.describe(arn))
	return nil
}

// TestStopTask stops a task in each of its states.
func TestStopTask(t *testing.T) {
	for _, c := range []struct {
		after    time.Duration
		during   string
		rest     time.Duration // from StopTask to STOPPED
		exitCode any
	}{
		{500 * time.Millisecond, "PROVISIONING", 7 * time.Second, nil},
		{2 * time.Second, "PENDING", 7 * time.Second, nil},
		{4 * time.Second, "ACTIVATING", 7 * time.Second, nil},
		{100 * time.Second, "RUNNING", (5 + 10 + 7) * time.Second, 137.0}, // stopTimeout is longer than the stay in STOPPING
	} {
		t.Run(c.during, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, ecslocal.Execute(&actor{}), seconds)
				arn := s.start(with(act("a", "1h", "0"), object{"stopTimeout": 10}))
				time.Sleep(c.after)
				if got := str(s.describe(arn), "lastStatus"); got != c.during {
					t.Fatalf("lastStatus = %s, want %s", got, c.during)
				}
				answer := s.do("StopTask", object{"task": taskID(arn), "reason": "enough"})
				if got := str(answer, "task", "desiredStatus"); got != "STOPPED" {
					t.Errorf("desiredStatus = %q, want STOPPED at once", got)
				}
				if got := str(answer, "task", "lastStatus"); got != c.during {
					t.Errorf("lastStatus = %q, want still %s", got, c.during)
				}
				time.Sleep(c.rest - time.Millisecond)
				if got := str(s.describe(arn), "lastStatus"); got == "STOPPED" {
					t.Errorf("it was STOPPED before %v", c.rest)
				}
				time.Sleep(2 * time.Millisecond)
				task := s.describe(arn)
				for name, want := range map[string]string{"lastStatus": "STOPPED", "stopCode": "UserInitiated",
					"stoppedReason": "enough"} {
					if got := str(task, name); got != want {
						t.Errorf("%s = %q, want %q", name, got, want)
					}
				}
				if got := at(task, "containers", 0, "exitCode"); got != c.exitCode {
					t.Errorf("exitCode = %v, want %v", got, c.exitCode)
				}
			})
		})
	}
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}))
		arn := s.start(with(act("a", "1h", "0"), object{"healthCheck": object{
			"command": []string{"CMD", "60s"}, "interval": 10, "retries": 2,
		}}))
		var states []string
		for range 90 {
			state := str(s.describe(arn), "healthStatus")
			if len(states) == 0 || states[len(states)-1] != state {
				states = append(states, state)
			}
			time.Sleep(time.Second)
		}
		if want := []string{"UNKNOWN", "UNHEALTHY", "HEALTHY"}; !slices.Equal(states, want) {
			t.Errorf("health = %q, want %q", states, want)
		}
	})
}

// TestHangingProbe holds that a health check does not keep its container from
// ending.
func TestHangingProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}))
		arn := s.start(with(act("a", "6s", "0"),
			object{"healthCheck": object{"command": []string{"CMD", "hang"}, "interval": 5, "timeout": 60}}))
		began := time.Now()
		s.reachSlowly(arn, "STOPPED")
		if d := time.Since(began); d > 12*time.Second { // 5 s are the pull
			t.Errorf("a container of 6 s took %v", d)
		}
	})
}

// TestClose ends tasks in every state, and nothing runs afterwards: synctest
// waits for every goroutine.
func TestClose(t *testing.T) {
	for after := time.Duration(0); after < 60*time.Second; after += 1700 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, ecslocal.Execute(&actor{}), seconds)
			arn := s.start(
				with(act("a", "40s", "0"), on("b", "HEALTHY")),
				with(act("b", "1h", "0"), object{"healthCheck": object{"command": []string{"CMD", "15s"}, "interval": 5}}),
			)
			time.Sleep(after)
			began := time.Now()
			s.Close()
			if d := time.Since(began); d > 5*time.Second { // of a pull that does not heed its context
				t.Errorf("Close after %v took %v", after, d)
			}
			if got := str(s.describe(arn), "lastStatus"); got != "STOPPED" {
				t.Errorf("lastStatus after Close = %q, want STOPPED", got)
			}
			if got := s.refused("RunTask", object{"taskDefinition": "f"}); got != "ServerException: the local ECS is closed" {
				t.Errorf("RunTask after Close: %s", got)
			}
		})
	}
}
