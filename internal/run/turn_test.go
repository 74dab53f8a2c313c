package run_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
)

func TestContest(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	created := func(arn, status string, after time.Duration) types.Task {
		return types.Task{TaskArn: &arn, LastStatus: &status, CreatedAt: aws.Time(at.Add(after))}
	}
	for _, tt := range []struct {
		name        string
		own, others []types.Task
		ahead       string // the ids, comma-separated
		begun       bool
	}{
		{"the own is earlier", []types.Task{created("b", "PENDING", 0)}, []types.Task{created("a", "PENDING", time.Millisecond)}, "", false},
		{"the own is later", []types.Task{created("a", "PROVISIONING", 1)}, []types.Task{created("b", "PENDING", 0)}, "b", false},
		{"the same moment, the lower ARN", []types.Task{created("a", "PENDING", 0)}, []types.Task{created("b", "PENDING", 0)}, "", false},
		{"the same moment, the higher ARN", []types.Task{created("b", "PENDING", 0)}, []types.Task{created("a", "PENDING", 0)}, "a", false},
		{"several own, of which the first counts", []types.Task{created("d", "PENDING", 3), created("c", "PENDING", 1)}, []types.Task{created("b", "RUNNING", 2), created("a", "RUNNING", 0)}, "a", false},
		{"several others", []types.Task{created("c", "PENDING", 5)}, []types.Task{created("b", "PENDING", 2), created("a", "PENDING", 1)}, "a,b", false},
		{"the own has begun", []types.Task{created("b", "PENDING", 1), created("c", "ACTIVATING", 1)}, []types.Task{created("a", "PENDING", 0)}, "a", true},
		{"the own runs", []types.Task{created("b", "RUNNING", 1)}, []types.Task{created("a", "PENDING", 0)}, "a", true},
	} {
		got := run.Contest(tt.own, tt.others)
		var ahead []string
		for _, task := range got.Ahead {
			ahead = append(ahead, *task.TaskArn)
		}
		if strings.Join(ahead, ",") != tt.ahead || got.Begun != tt.begun {
			t.Errorf("%s: Contest() = %v ahead, begun %v, want %s, %v", tt.name, ahead, got.Begun, tt.ahead, tt.begun)
		}
	}
}

func TestRanBeside(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ran := func(created, began, end int) types.Task { // seconds; 0 is none
		task := types.Task{CreatedAt: aws.Time(at.Add(time.Duration(created) * time.Second)), LastStatus: aws.String("PENDING")}
		if began > 0 {
			task.StartedAt, task.LastStatus = aws.Time(at.Add(time.Duration(began)*time.Second)), aws.String("RUNNING")
		}
		if end > 0 {
			task.ExecutionStoppedAt, task.LastStatus = aws.Time(at.Add(time.Duration(end)*time.Second)), aws.String("STOPPED")
		}
		return task
	}
	for _, tt := range []struct {
		name       string
		own, ended types.Task
		want       bool
	}{
		{"the other ended before", ran(20, 30, 0), ran(1, 5, 10), false},
		{"the other ended before it began", ran(5, 30, 0), ran(1, 5, 10), false},
		{"the other ended as it began", ran(5, 10, 0), ran(1, 5, 10), true},
		{"the other ended as it was created", ran(10, 11, 0), ran(1, 5, 10), false},
		{"both at once", ran(2, 6, 0), ran(1, 5, 10), true},
		{"both at once, and both have ended", ran(2, 6, 8), ran(1, 5, 10), true},
		{"it ended before the other began", ran(2, 6, 8), ran(3, 10, 12), false},
		{"it has not begun", ran(2, 0, 0), ran(1, 5, 10), false},
		{"the other never began", ran(2, 6, 0), ran(1, 0, 10), false},
	} {
		if got := run.RanBeside(tt.own, tt.ended); got != tt.want {
			t.Errorf("%s: RanBeside() = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestOthers(t *testing.T) {
	task := func(arn, group string) types.Task { return types.Task{TaskArn: &arn, Group: &group} }
	got := run.Others([]types.Task{task("d", "family:a"), task("a", "service:web"), task("b", "family:a"), task("c", "")}, []string{"b"})
	var arns []string
	for _, task := range got {
		arns = append(arns, *task.TaskArn)
	}
	if want := []string{"c", "d"}; !slices.Equal(arns, want) {
		t.Errorf("Others() = %v, want %v", arns, want)
	}
}

// take is a whole run with its look for tasks of others.
func (w *world) take(ctx context.Context, t *testing.T, definitions string) run.Outcome {
	r := w.runner(t, definitions)
	attempts, began, err := r.AwaitTurn(ctx, nil)
	out := run.Outcome{Plan: r.Plan, Attempts: attempts}
	if err != nil {
		return out.End(ctx, err)
	}
	r.Began = began
	if out.Jobs, err = r.Register(ctx, attempts); err != nil {
		return out.End(ctx, err)
	}
	out = r.Run(ctx, out.Jobs, attempts)
	r.Drain(ctx, out)
	return out
}

// What runs already is waited for, followed, or a fault.
func TestIfRunning(t *testing.T) {
	changed := strings.Replace(job, `"a"`, `"b"`, 1)
	for _, tt := range []struct {
		name    string
		inputs  []string
		jobs    string        // else job, as what runs
		runs    time.Duration // how long; else a minute
		code    int           // of it
		signal  time.Duration // to the run; 0 is none
		cause   run.Cause
		err     string
		started int // tasks in all
		good    int
		left    int // tasks that run afterwards
		least   time.Duration
		text    string
	}{
		{name: "start", inputs: []string{"if-running=start"}, started: 2, good: 1},
		{name: "fail", inputs: []string{"if-running=fail"}, cause: run.Failed, err: "family job runs already: task arn:aws:ecs:", started: 1, left: 1},
		{name: "wait", inputs: []string{"if-running=wait"}, started: 2, good: 1, least: 2 * time.Minute, text: "waiting for the end of task arn:aws:ecs:eu-central-1:123456789012:task/default/"},
		{name: "wait counts against the time-out", inputs: []string{"if-running=wait", "timeout=90s"}, cause: run.TimedOut, started: 2, least: 90 * time.Second},
		{name: "wait to the time-out", inputs: []string{"if-running=wait", "timeout=30s"}, cause: run.TimedOut, err: "waited to the time-out: family job runs already", started: 1, left: 1, least: 30 * time.Second,
			text: "wait for 0 of 0 map[] the end of 1 other task of family job, until 30s"},
		{name: "a signal while it waits", inputs: []string{"if-running=wait"}, signal: 20 * time.Second, cause: run.Cancelled, started: 1, left: 1},
		{name: "follow", inputs: []string{"if-running=follow"}, started: 1, good: 1, text: "following task arn:aws:ecs:"},
		{name: "follow takes the verdict", inputs: []string{"if-running=follow"}, code: 3, started: 1},
		{name: "follow starts what is missing", inputs: []string{"if-running=follow", "count=2"}, started: 2, good: 2},
		{name: "follow does not stop what others started", inputs: []string{"if-running=follow"}, signal: 20 * time.Second, cause: run.Cancelled, started: 1, left: 1, text: "1 task left running, as others started them"},
		{name: "another definition is not followed", inputs: []string{"if-running=follow"}, jobs: changed, cause: run.Failed, err: "which can't be followed: its definition is not the same as", started: 1, left: 1},
		{name: "other settings are not followed", inputs: []string{"if-running=follow", "command=other"}, cause: run.Failed, err: "with other settings than this step asks for: overrides", started: 1, left: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &world{containers: containers{time.Minute, tt.code}, inputs: []string{"skip-steady-state-check=true"}}
				if out := first.run(t.Context(), t, job); out.Err != nil {
					t.Fatal(out.Err)
				}
				start := time.Now()
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.signal > 0 {
					time.AfterFunc(tt.signal, func() { cancel(&run.Interrupted{Signal: syscall.SIGTERM, At: time.Now()}) })
				}
				jobs := tt.jobs
				if jobs == "" {
					jobs = job
				}
				w := &world{server: first.server, inputs: tt.inputs}
				out := w.take(ctx, t, jobs)
				took := time.Since(start)
				good := 0
				for _, state := range out.Deciding(0) {
					if state.Verdict != nil && state.Verdict.Outcome == "succeeded" {
						good++
					}
				}
				left, err := w.runner(t, job).ECS.All(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if out.Cause != tt.cause || tt.err != "" && out.Err == nil || out.Err != nil && !strings.Contains(out.Err.Error(), tt.err) {
					t.Errorf("cause %v, %v, want %v, %q", out.Cause, out.Err, tt.cause, tt.err)
				}
				if first.calls["RunTask"] != tt.started || good != tt.good || len(left) != tt.left || took < tt.least {
					t.Errorf("%d started, %d good, %d left after %s, want %d, %d, %d after %s", first.calls["RunTask"], good, len(left), took, tt.started, tt.good, tt.left, tt.least)
				}
				if !strings.Contains(w.text.String(), tt.text) {
					t.Errorf("the transcript does not have %q", tt.text)
				}
				if t.Failed() {
					t.Log(w.text.String())
				}
			})
		})
	}
}

// Of two that start at the same moment, one withdraws its task before that begins.
func TestIfRunningAtOnce(t *testing.T) {
	for _, tt := range []struct {
		input string
		begun bool // the second has begun before it looks
		late  bool // it begins before ECS stops it
		cause run.Cause
		text  string
	}{
		{input: "wait", text: "goes before"},
		{input: "follow", text: "goes before"},
		{input: "fail", cause: run.Failed, text: "goes before"},
		{input: "wait", begun: true, text: "were started at the same moment, and the second has begun"},
		{input: "wait", late: true, cause: run.Failed, text: "and the second had begun before it was stopped"},
		{input: "follow", late: true, text: "and the second had begun before it was stopped"},
		{input: "fail", late: true, cause: run.Failed, text: "and the second had begun before it was stopped"},
	} {
		t.Run(tt.input, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &world{containers: containers{time.Minute, 0}, inputs: []string{"skip-steady-state-check=true"}}
				second := &world{inputs: []string{"if-running=" + tt.input, "timeout=10m"}}
				launches := 0
				var out run.Outcome
				first.faults = func(c ecslocal.Call) ecslocal.Effect {
					if c.Operation == "RunTask" {
						launches++
					}
					if c.Operation == "ListTasks" && tt.begun && launches == 2 {
						return ecslocal.Stall(10 * time.Second)
					}
					if c.Operation == "StopTask" && tt.late {
						return ecslocal.Stall(time.Second)
					}
					return nil
				}
				firstRunner := first.runner(t, job)
				second.server = first.server
				// The second looks before the first has started its task.
				r := second.runner(t, job)
				attempts, began, err := r.AwaitTurn(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				jobs, err := firstRunner.Register(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				firstRunner.Run(t.Context(), jobs, nil)
				time.Sleep(10 * time.Millisecond)
				r.Began = began
				if jobs, err = r.Register(t.Context(), attempts); err != nil {
					t.Fatal(err)
				}
				out = r.Run(t.Context(), jobs, attempts)
				var running *run.RunningError
				again := tt.late && tt.input == "wait" // would start it a second time
				if out.Cause != tt.cause || (tt.cause == run.Failed && !again) != errors.As(out.Err, &running) {
					t.Errorf("cause %v, %v, want %v", out.Cause, out.Err, tt.cause)
				}
				if again && (launches != 2 || !strings.Contains(out.Err.Error(), "and is not started again")) {
					t.Errorf("%d launches, %v, want no other of a task that had begun", launches, out.Err)
				}
				if tt.cause == run.Completed && (len(out.Deciding(0)) != 1 || out.Deciding(0)[0].Verdict == nil || out.Deciding(0)[0].Verdict.Outcome != "succeeded") {
					t.Errorf("Deciding() = %+v, want one task that succeeded", out.Deciding(0))
				}
				if replaced := len(out.Replaced(0)); !tt.begun && replaced != 1 {
					t.Errorf("%d tasks were withdrawn, want 1", replaced)
				}
				if !strings.Contains(second.text.String(), tt.text) {
					t.Errorf("the transcript does not have %q", tt.text)
				}
				if t.Failed() {
					t.Log(second.text.String())
				}
			})
		})
	}
}
