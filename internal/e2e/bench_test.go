package e2e

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// BenchmarkStart measures the time from the start of the command's process to its RunTask
// call, against an endpoint without latency, and the maximum memory until then.
func BenchmarkStart(b *testing.B) {
	program := built(b)
	type moment struct {
		at     time.Time
		memory int64 // KiB
	}
	started, asked := make(chan int, 1), make(chan moment, 1)
	server := ecslocal.New(ecslocal.Process(), ecslocal.Record(func(call ecslocal.Call) {
		if call.Operation == "RunTask" {
			now := time.Now()
			asked <- moment{now, peakMemory(<-started)}
		}
	}))
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	var total time.Duration
	var memory int64
	for b.Loop() {
		cmd := step(program, web.URL, "--skip-steady-state-check", "--file-paths=testdata/hello.json")
		start := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		started <- cmd.Process.Pid
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
		run := <-asked
		total += run.at.Sub(start)
		memory = max(memory, run.memory)
	}
	b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), "ms/RunTask")
	b.ReportMetric(float64(memory)/1024, "MiB-RSS")
}

// peakMemory returns the maximum resident memory of a running process in KiB, or 0 if the
// system does not report it. The resource usage after the end of a process is not used,
// because it includes the memory of the process that forked it.
func peakMemory(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	fmt.Sscan(peak, &kilobytes)
	return kilobytes
}

// BenchmarkDefinitions measures the step for one definition and for a hundred, without
// waiting for the tasks, against an endpoint without latency and one with the latency
// between a CI and AWS.
func BenchmarkDefinitions(b *testing.B) {
	program := built(b)
	for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
		server := ecslocal.New(ecslocal.Process(),
			ecslocal.Faults(func(ecslocal.Call) ecslocal.Effect { return ecslocal.Stall(latency) }))
		defer server.Close()
		web := httptest.NewServer(server)
		defer web.Close()
		for _, n := range []int{1, 100} {
			var definitions []string
			for i := range n {
				definitions = append(definitions,
					fmt.Sprintf(`{"family":"job-%d","containerDefinitions":[{"name":"app","image":"a",`+
						`"memory":64,"command":["true"]}]}`, i))
			}
			b.Run(fmt.Sprintf("latency=%s/definitions=%d", latency, n), func(b *testing.B) {
				for b.Loop() {
					cmd := step(program, web.URL, "--skip-steady-state-check",
						"--definition=["+strings.Join(definitions, ",")+"]")
					if out, err := cmd.CombinedOutput(); err != nil {
						b.Fatalf("%v\n%s", err, out)
					}
				}
			})
		}
	}
}

// BenchmarkStop measures the time from a signal until ECS has received StopTask for all
// hundred tasks of a step, each on a separate connection with TLS.
func BenchmarkStop(b *testing.B) {
	const tasks = 100
	program := built(b)
	var mu sync.Mutex
	launched, stopped := map[any]bool{}, map[any]bool{}
	watched, asked := make(chan bool, 1), make(chan time.Time, 1)
	server := ecslocal.New(ecslocal.Execute(&plan{codes: []int{0}, life: time.Hour}),
		ecslocal.Record(func(call ecslocal.Call) {
			mu.Lock()
			defer mu.Unlock()
			switch call.Operation {
			case "RunTask":
				launched[call.Request["clientToken"]] = true
			case "DescribeTasks":
				if len(launched) == tasks/cluster.PerCall {
					clear(launched)
					watched <- true
				}
			case "StopTask":
				stopped[call.Request["task"]] = true
				if len(stopped) == tasks {
					clear(stopped)
					asked <- time.Now()
				}
			}
		}))
	defer server.Close()
	web := httptest.NewTLSServer(server)
	defer web.Close()
	roots := filepath.Join(b.TempDir(), "roots.pem")
	err := os.WriteFile(roots,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o644)
	if err != nil {
		b.Fatal(err)
	}
	var total, longest time.Duration
	for b.Loop() {
		cmd := step(program, web.URL, "--logs=false", fmt.Sprint("--count=", tasks),
			`--definition={"family":"job","containerDefinitions":[{"name":"app","image":"a","memory":64}]}`)
		cmd.Env = append(cmd.Env, "AWS_CA_BUNDLE="+roots)
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		<-watched
		start := time.Now()
		cmd.Process.Signal(os.Interrupt)
		took := (<-asked).Sub(start)
		cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != 130 {
			b.Fatalf("exit status %d, want 130", status)
		}
		total, longest = total+took, max(longest, took)
	}
	b.ReportMetric(float64(total.Milliseconds())/float64(b.N), "ms/100-stops")
	b.ReportMetric(float64(longest.Milliseconds()), "ms/longest")
}

func step(program, endpoint string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+endpoint, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
	return cmd
}
