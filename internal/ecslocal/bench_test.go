package ecslocal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
)

// printer is an executor whose containers print as many lines as their command
// says.
type printer struct{ actor }

func (*printer) Pull(context.Context, runtime.Container) error { return nil }

func (*printer) Run(_ context.Context, c runtime.Container, started func(), _ <-chan struct{}) (runtime.Exit, error) {
	started()
	n := 0
	fmt.Sscan(c.Command[0], &n)
	for i := range n {
		fmt.Fprintf(c.Output, "line %d of what a container prints, of the usual length of lines\n", i)
	}
	return runtime.Exit{}, nil
}

// BenchmarkGetLogEvents reads a stream of 100,000 lines from its head, without
// decoding it: the cost is the server's.
func BenchmarkGetLogEvents(b *testing.B) {
	const lines = 100000
	s := newServer(b, ecslocal.Execute(&printer{}))
	arn := s.start(with(act("a", fmt.Sprint(lines)), logged("g")))
	s.stopped(arn)
	transport := ecslocal.Transport(s)
	for b.Loop() {
		in := object{"logGroupName": "g", "logStreamName": "p/a/" + taskID(arn), "startFromHead": true}
		for {
			body, err := json.Marshal(in)
			if err != nil {
				b.Fatal(err)
			}
			response, err := transport.RoundTrip(newRequest("logs:GetLogEvents", string(body)))
			if err != nil {
				b.Fatal(err)
			}
			answer, err := io.ReadAll(response.Body)
			if err != nil {
				b.Fatal(err)
			}
			_, token, _ := bytes.Cut(answer, []byte(`"nextForwardToken":"`))
			token, _, _ = bytes.Cut(token, []byte(`"`))
			if string(token) == in["nextToken"] {
				break
			}
			in["nextToken"] = string(token)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkRunTask registers a definition and starts a task of it.
func BenchmarkRunTask(b *testing.B) {
	s := newServer(b, ecslocal.Execute(&printer{}), ecslocal.Delay(ecslocal.Delays{Provisioning: time.Hour}))
	definition, err := json.Marshal(object{"family": "f", "containerDefinitions": []object{act("a", "0")}})
	if err != nil {
		b.Fatal(err)
	}
	transport := ecslocal.Transport(s)
	for b.Loop() {
		for _, r := range [][2]string{{"RegisterTaskDefinition", string(definition)}, {"RunTask", `{"taskDefinition":"f"}`}} {
			response, err := transport.RoundTrip(newRequest(r[0], r[1]))
			if err != nil || response.StatusCode != 200 {
				b.Fatal(response, err)
			}
		}
	}
}

// BenchmarkThousandTasks runs 1,000 tasks of true as processes, from RunTask to STOPPED.
func BenchmarkThousandTasks(b *testing.B) {
	for b.Loop() {
		s := newServer(b, hostProcess())
		s.do("RegisterTaskDefinition", object{"family": "f", "containerDefinitions": []object{
			with(object{"name": "a", "image": "i", "memory": 64, "command": []string{"true"}}, logged("g")),
		}})
		var arns []any
		for range 100 {
			answer := s.do("RunTask", object{"taskDefinition": "f", "count": 10})
			for i := range 10 {
				arns = append(arns, at(answer, "tasks", i, "taskArn"))
			}
		}
		for page := range slices.Chunk(arns, 100) {
			until(b, "100 tasks are STOPPED", func() bool {
				answer := s.do("DescribeTasks", object{"tasks": page})
				for i := range page {
					if str(answer, "tasks", i, "lastStatus") != "STOPPED" {
						return false
					}
				}
				return true
			})
		}
	}
}
