package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

const (
	logPlans = 50
	logLines = 200_000 // of three containers together; fewer under the race detector
)

// TestLogsComplete checks that every line of every container arrives once and in order in spite
// of faults: late lines, empty pages, repeated tokens, throttling, server errors, broken
// connections, a stream that does not exist yet, a task that ends at once.
func TestLogsComplete(t *testing.T) {
	t.Parallel()
	program := built(t)
	places := make(chan struct{}, 25) // many run at the same time, because they mostly wait
	var plans sync.WaitGroup
	count := logPlans
	if testing.Short() {
		count = 10
	}
	for seed := range uint64(count) {
		places <- struct{}{}
		plans.Go(func() {
			defer func() { <-places }()
			if err := followLogs(program, seed, logLines/3/slowdown); err != nil {
				t.Errorf("fault plan %d: %v", seed, err)
			}
		})
	}
	plans.Wait()
}

// followLogs runs a task whose three containers print a number of lines each, with the fault plan
// of a seed.
func followLogs(program string, seed uint64, lines int) error {
	plan := &logFaults{random: rand.New(rand.NewPCG(seed, 1)), streams: map[string]*streamFaults{}}
	server := ecslocal.New(ecslocal.Process("PATH="+os.Getenv("PATH")), ecslocal.Faults(plan.choose))
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	// Lines come up to 8 s late, and calls fail for 10 s: the wait after a success is shorter
	// than that.
	cmd := step(program, web.URL, "--log-wait=12s", "--definition="+printing(lines, seed%3 == 0))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%v\n%s", err, transcript(out.String()))
	}
	next := map[string]int{"a": 1, "b": 1, "c": 1}
	for line := range strings.Lines(out.String()) {
		for name, n := range next {
			if text, ok := strings.CutPrefix(line, "["+name+"] "); ok {
				if want := fmt.Sprintf("line %d of %s\n", n, name); text != want {
					return fmt.Errorf("container %s printed %q, want %q", name, text, want)
				}
				next[name]++
			}
		}
	}
	for name, n := range next {
		if n-1 != lines {
			return fmt.Errorf("%d lines of container %s, want %d\n%s", n-1, name, lines, transcript(out.String()))
		}
	}
	return nil
}

// printing returns a definition of three containers, each of which prints a number of lines: two
// at the same time, and then the one that ends the task. A slow one pauses in between.
func printing(lines int, slow bool) string {
	container := func(name, more string) string {
		command := fmt.Sprintf("seq -f 'line %%.0f of %s' 1 %d", name, lines)
		if slow {
			command = fmt.Sprintf("seq -f 'line %%.0f of %[1]s' 1 %[2]d; sleep 3; seq -f 'line %%.0f of "+
				"%[1]s' %[3]d %[4]d", name, lines/2, lines/2+1, lines)
		}
		return fmt.Sprintf(`{"name":%q,"image":"a","memory":64,"command":["sh","-c",%q],%s
			"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g",
			"awslogs-region":"us-east-1","awslogs-stream-prefix":"p"}}}`, name, command, more)
	}
	return `{"family":"print","containerDefinitions":[` +
		container("a",
			`"dependsOn":[{"containerName":"b","condition":"COMPLETE"},{"containerName":"c",`+
				`"condition":"COMPLETE"}],`) + "," +
		container("b", `"essential":false,`) + "," + container("c", `"essential":false,`) + "]}"
}

// logFaults is a fault plan: it decides by chance which calls fail and how.
type logFaults struct {
	random  *rand.Rand
	streams map[string]*streamFaults
}

// streamFaults holds the faults of the calls for one stream so far.
type streamFaults struct {
	began  time.Time
	calls  int
	absent int     // number of first calls for which there is no stream
	chance float64 // that a call fails
	streak int     // number of consecutive failed calls
}

func (f *logFaults) choose(call ecslocal.Call) ecslocal.Effect {
	switch call.Operation {
	case "RunTask":
		return ecslocal.LateLogs(time.Duration(f.random.IntN(8000)) * time.Millisecond)
	case "logs:GetLogEvents":
		name, _ := call.Request["logStreamName"].(string)
		if f.streams[name] == nil {
			f.streams[name] = &streamFaults{
				began:  time.Now(),
				absent: f.random.IntN(4),
				chance: f.random.Float64() * 0.7,
			}
		}
		return f.streams[name].choose(f.random)
	}
	return nil
}

// trouble is how long the service has faults. It is shorter than the time for which the step
// retries.
const trouble = 10 * time.Second

// choose lets calls fail, at most three in a row.
func (s *streamFaults) choose(random *rand.Rand) ecslocal.Effect {
	s.calls++
	switch {
	case s.calls <= s.absent:
		return ecslocal.NoLogStream()
	case time.Since(s.began) > trouble || s.streak == 3 || random.Float64() > s.chance:
		s.streak = 0
		return nil
	}
	s.streak++
	effects := []ecslocal.Effect{
		ecslocal.EmptyPage(), ecslocal.Throttle(), ecslocal.Unavailable(http.StatusInternalServerError),
		ecslocal.Unavailable(http.StatusServiceUnavailable),
		ecslocal.Cut(), ecslocal.CutAfter(), ecslocal.CutWithin(), ecslocal.Lose(http.StatusBadGateway),
		ecslocal.Stall(300 * time.Millisecond), ecslocal.ExpiredToken(),
	}
	if s.streak == 1 { // a repeated token means the end
		effects = append(effects, ecslocal.RepeatedToken(), ecslocal.RepeatedToken())
	}
	return effects[random.IntN(len(effects))]
}

// transcript returns the output of the step without the containers' lines.
func transcript(out string) string {
	var text strings.Builder
	for line := range strings.Lines(out) {
		if len(line) < 3 || line[0] != '[' || line[2] != ']' {
			text.WriteString(line)
		}
	}
	return text.String()
}

// BenchmarkMemory measures the command's memory for five million lines of a container. It must
// not grow with the number of lines.
func BenchmarkMemory(b *testing.B) {
	program := built(b)
	for _, lines := range []int{10_000, 5_000_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			server := ecslocal.New(ecslocal.Process("PATH=" + os.Getenv("PATH")))
			defer server.Close()
			web := httptest.NewServer(server)
			defer web.Close()
			memory := int64(0)
			for b.Loop() {
				cmd := step(program, web.URL,
					fmt.Sprintf(`--definition={"family":"print","containerDefinitions":[{"name":"a","image":"a",
						"memory":64,
					"command":["seq","-f","line %%.0f of a log of a container that says a lot",%q],
					"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g",
					"awslogs-region":"us-east-1","awslogs-stream-prefix":"p"}}}]}`, fmt.Sprint(lines)))
				count := &lineCounter{}
				cmd.Stdout = count
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				if count.lines < lines {
					b.Fatalf("%d lines, want %d", count.lines, lines)
				}
				memory = max(memory, maxRSS(cmd))
			}
			b.ReportMetric(float64(memory)/(1<<20), "MiB-RSS")
		})
	}
}

type lineCounter struct{ lines int }

func (c *lineCounter) Write(text []byte) (int, error) {
	c.lines += bytes.Count(text, []byte("\n"))
	return len(text), nil
}
