package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
)

// teardown is the time that AWS takes from the end of a Fargate task's containers to STOPPED. A
// recorded task was in DEPROVISIONING for 12 s.
const teardown = 12 * time.Second

// life is the recorded life of a task. It also executes the containers.
type life struct {
	starting time.Duration   // from RunTask to the containers' start
	running  time.Duration   // of each container
	code     int             // exit code of each
	lines    []time.Duration // after the start
	late     []time.Duration // lines after the end, sent late by the log shim
	sidecar  time.Duration   // how long a second container runs on; 0 means that there is none
	tasks    int             // 0 means 1

	mu    sync.Mutex
	ended time.Time // the last container
	calls map[string]int
}

func (l *life) Begin(context.Context, runtime.Task) error                       { return nil }
func (l *life) End(runtime.Task)                                                {}
func (l *life) Pull(context.Context, runtime.Container) error                   { return nil }
func (l *life) Probe(context.Context, runtime.Container, []string) (int, error) { return 0, nil }
func (l *life) Run(ctx context.Context, c runtime.Container, started func(),
	stop <-chan struct{}) (runtime.Exit, error) {
	started()
	if c.Name == "sidecar" {
		<-stop
		time.Sleep(l.sidecar)
		fmt.Fprintln(c.Output, "line of the sidecar")
		return runtime.Exit{Code: 143}, nil
	}
	start := time.Now()
	end := time.After(l.running)
	for i, at := range l.lines {
		select {
		case <-time.After(time.Until(start.Add(at))):
			fmt.Fprintf(c.Output, "line %d\n", i)
		case <-stop:
			return runtime.Exit{Code: 143}, nil
		}
	}
	select {
	case <-end:
	case <-stop:
		return runtime.Exit{Code: 143}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = time.Now()
	for i, after := range l.late {
		time.AfterFunc(after, func() { fmt.Fprintf(c.Output, "late line %d\n", i) })
	}
	return runtime.Exit{Code: l.code}, nil
}

func (l *life) record(c ecslocal.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[c.Operation]++
}

// lived is what a step did during a life.
type lived struct {
	status  int
	out     string
	took    time.Duration // from the containers' end to the step's
	verdict time.Duration // from the containers' end to the line with the verdict
	calls   map[string]int
	total   int // calls
}

func (l lived) String() string {
	var calls []string
	for name, n := range l.calls {
		calls = append(calls, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(calls)
	return fmt.Sprintf("exit status %d, %.1fs after the containers, verdict after %.1fs, %d calls: %s",
		l.status, l.took.Seconds(), l.verdict.Seconds(), l.total, strings.Join(calls, ", "))
}

// live runs a step during the life.
func (l *life) live(program string, args ...string) (lived, error) {
	l.calls = map[string]int{}
	short := l.starting / 3
	server := ecslocal.New(ecslocal.Execute(l), ecslocal.Record(l.record), ecslocal.Delay(ecslocal.Delays{
		Provisioning: short, Pending: short, Activating: short, Deactivating: -1, Stopping: -1,
		Deprovisioning: teardown,
	}))
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	container := func(name, more string) string {
		return fmt.Sprintf(`{"name":%q,"image":"a",%s"logConfiguration":{"logDriver":"awslogs",`+
			`"options":{"awslogs-group":"g","awslogs-region":"us-east-1","awslogs-stream-prefix":"p"}}}`, name, more)
	}
	containers := container("app", "")
	if l.sidecar > 0 {
		containers += "," + container("sidecar", `"essential":false,`)
	}
	cmd := step(program, web.URL,
		append([]string{"--launch-type=FARGATE", "--subnets=subnet-1", fmt.Sprintf("--count=%d", max(l.tasks, 1)),
			`--definition={"family":"life","cpu":"256","memory":"512","networkMode":"awsvpc",
				"requiresCompatibilities":["FARGATE"],
		"executionRoleArn":"arn:aws:iam::123456789012:role/execution","containerDefinitions":[` +
				containers + `]}`}, args...)...)
	out := &stamped{}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	end := time.Now()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		return lived{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	got := lived{
		status:  cmd.ProcessState.ExitCode(),
		out:     out.text.String(),
		took:    end.Sub(l.ended),
		verdict: out.verdict.Sub(l.ended),
		calls:   l.calls,
	}
	for _, n := range l.calls {
		got.total += n
	}
	return got, nil
}

// stamped records the output of a step, and when it printed the verdict.
type stamped struct {
	text    bytes.Buffer
	verdict time.Time
}

var _ io.Writer = (*stamped)(nil)

func (s *stamped) Write(text []byte) (int, error) {
	if s.verdict.IsZero() &&
		(bytes.Contains(text, []byte("\nsucceeded")) || bytes.HasPrefix(text, []byte("succeeded")) ||
			bytes.HasPrefix(text, []byte("failed")) || bytes.Contains(text, []byte("\nfailed"))) {
		s.verdict = time.Now()
	}
	return s.text.Write(text)
}

// every returns times with a distance of d, up to an end.
func every(d, end time.Duration) []time.Duration {
	var times []time.Duration
	for at := d; at < end; at += d {
		times = append(times, at)
	}
	return times
}

// BenchmarkLife measures steps during recorded lives: how long after the containers they end,
// while AWS takes 12 s more for the task, and how many calls they make. It checks the documented
// limits.
func BenchmarkLife(b *testing.B) {
	const second = time.Second
	program := built(b)
	for _, tt := range []struct {
		name  string
		life  *life
		limit time.Duration // of the step's end, after the containers'; 0 for none
		calls int           // maximum number of calls; 0 for no limit
	}{
		{"success", &life{starting: 3 * second, running: 5 * second, lines: every(second, 5*second)},
			teardown - 6*second, 20},
		{
			"success-late-3s",
			&life{
				starting: 3 * second,
				running:  5 * second,
				lines:    []time.Duration{second},
				late:     []time.Duration{3 * second},
			},
			teardown - 6*second,
			20,
		},
		{
			"failure-late-9s",
			&life{
				starting: 3 * second,
				running:  5 * second,
				code:     3,
				lines:    []time.Duration{second},
				late:     []time.Duration{9 * second},
			},
			teardown + 2*second,
			0,
		},
		{
			"sidecar-4s-longer",
			&life{starting: 3 * second, running: 5 * second, lines: []time.Duration{second}, sidecar: 4 * second},
			teardown + 2*second,
			0,
		},
		{
			"20s-running",
			&life{starting: 8 * second, running: 12 * second, lines: every(second/2, 12*second)},
			teardown - 6*second,
			0,
		},
		{
			"120s-in-all",
			&life{starting: 10 * second, running: 98 * second, lines: every(30*second, 98*second)},
			teardown - 6*second,
			65,
		},
		{
			"120s-running",
			&life{starting: 10 * second, running: 110 * second, lines: every(30*second, 110*second)},
			teardown - 6*second,
			0,
		},
		{
			"200-tasks",
			&life{starting: 3 * second, running: 10 * second, lines: []time.Duration{second, 9 * second}, tasks: 200},
			30 * second,
			0,
		},
	} {
		b.Run(tt.name, func(b *testing.B) {
			if testing.Short() && (tt.life.running > 5*second || tt.life.tasks > 0) {
				b.Skip("-short: nothing measures the lives of many tasks or of minutes")
			}
			var took, verdict time.Duration
			calls := 0
			for b.Loop() {
				got, err := tt.life.live(program)
				if err != nil {
					b.Fatal(err)
				}
				if got.status != tt.life.code {
					b.Fatalf("%s\n%s", got, got.out)
				}
				want := (len(tt.life.lines) + len(tt.life.late)) * max(tt.life.tasks, 1)
				if tt.life.sidecar > 0 {
					want++
				}
				if strings.Count(got.out, "] line ")+strings.Count(got.out, "] late line ") != want {
					b.Errorf("want %d lines\n%s", want, got.out)
				}
				if tt.limit > 0 && got.took > tt.limit || tt.calls > 0 && got.total > tt.calls {
					b.Errorf("want an end %s after the containers, and at most %d calls", tt.limit, tt.calls)
				}
				b.Log(got)
				took, verdict, calls = took+got.took, verdict+got.verdict, calls+got.total
			}
			b.ReportMetric(took.Seconds()/float64(b.N), "s/after-containers")
			b.ReportMetric(verdict.Seconds()/float64(b.N), "s/verdict")
			b.ReportMetric(float64(calls)/float64(b.N), "calls")
		})
	}
}
