package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecs-run-task/internal/ecslocal"
)

// BenchmarkStart measures the built command from the start of its process to the
// moment ECS has its RunTask, against an endpoint without latency, and the memory
// it takes.
func BenchmarkStart(b *testing.B) {
	program := built(b)
	asked := make(chan time.Time, 1)
	server := ecslocal.New(ecslocal.Process(), ecslocal.Record(func(call ecslocal.Call) {
		if call.Operation == "RunTask" {
			asked <- time.Now()
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
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		total += (<-asked).Sub(start)
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			memory = max(memory, usage.Maxrss)
		}
	}
	b.ReportMetric(float64(total.Milliseconds())/float64(b.N), "ms/RunTask")
	b.ReportMetric(float64(memory)/1024, "MiB-RSS")
}

// BenchmarkDefinitions measures the whole step for one definition and for a
// hundred of them, without waiting for the tasks: against an endpoint without
// latency, and one as far away as AWS is from a CI.
func BenchmarkDefinitions(b *testing.B) {
	program := built(b)
	for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
		server := ecslocal.New(ecslocal.Process(), ecslocal.Faults(func(ecslocal.Call) ecslocal.Effect { return ecslocal.Stall(latency) }))
		defer server.Close()
		web := httptest.NewServer(server)
		defer web.Close()
		for _, n := range []int{1, 100} {
			var definitions []string
			for i := range n {
				definitions = append(definitions, fmt.Sprintf(`{"family":"job-%d","containerDefinitions":[{"name":"app","image":"a","memory":64,"command":["true"]}]}`, i))
			}
			b.Run(fmt.Sprintf("latency=%s/definitions=%d", latency, n), func(b *testing.B) {
				for b.Loop() {
					cmd := step(program, web.URL, "--skip-steady-state-check", "--definition=["+strings.Join(definitions, ",")+"]")
					if out, err := cmd.CombinedOutput(); err != nil {
						b.Fatalf("%v\n%s", err, out)
					}
				}
			})
		}
	}
}

func step(program, endpoint string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+endpoint, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
	return cmd
}
