package ecslocal_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

type object = map[string]any

// server is a Server that the test talks to. Its answers are held against AWS's
// model of them, where that is there.
type server struct {
	*ecslocal.Server
	t      testing.TB
	region string // that requests are signed for
}

func newServer(t testing.TB, options ...ecslocal.Option) server {
	t.Helper()
	s := ecslocal.New(options...)
	t.Cleanup(func() { s.Close() })
	return server{s, t, "us-east-1"}
}

// hostProcess is the process executor with the test's PATH.
func hostProcess() ecslocal.Option { return ecslocal.Process("PATH=" + os.Getenv("PATH")) }

func newRequest(operation, body string) *http.Request {
	target, service := "AmazonEC2ContainerServiceV20141113.", "ecs"
	for other, prefix := range map[string]string{"logs": "Logs_20140328.", "secretsmanager": "secretsmanager.",
		"ssm": "AmazonSSM."} {
		if name, found := strings.CutPrefix(operation, other+":"); found {
			target, service, operation = prefix, other, name
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	return r
}

// send sends one request and returns the status and the decoded answer. The
// body is JSON text, or a value that is encoded.
func (s server) send(operation string, body any) (int, object) {
	s.t.Helper()
	text, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		text = string(encoded)
	}
	r := newRequest(operation, text)
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "us-east-1", s.region, 1))
	response, err := ecslocal.Transport(s).RoundTrip(r)
	if err != nil {
		s.t.Fatalf("%s: %v", operation, err)
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var decoded object
	if len(answer) == 0 {
		return response.StatusCode, nil // an operation without output
	}
	if err := json.Unmarshal(answer, &decoded); err != nil {
		s.t.Fatalf("%s answered %q: %v", operation, answer, err)
	}
	return response.StatusCode, decoded
}

// do sends one request that must succeed.
func (s server) do(operation string, body any) object {
	s.t.Helper()
	status, answer := s.send(operation, body)
	if status != http.StatusOK {
		s.t.Fatalf("%s(%v) = %d %v", operation, body, status, answer)
	}
	for _, fault := range fit(operation, answer) {
		s.t.Errorf("AWS does not answer that: %s", fault)
	}
	return answer
}

// refused sends one request that must be refused, and returns "code: message".
func (s server) refused(operation string, body any) string {
	s.t.Helper()
	status, answer := s.send(operation, body)
	if status < 400 {
		s.t.Fatalf("%s(%v) = %d %v, want an error", operation, body, status, answer)
	}
	return str(answer, "__type") + ": " + str(answer, "message")
}

// at follows a path of member names and indexes.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(object)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func str(v any, path ...any) string {
	s, _ := at(v, path...).(string)
	return s
}

func num(v any, path ...any) float64 {
	n, _ := at(v, path...).(float64)
	return n
}

// shell is a container that runs a line of shell.
func shell(name, line string, more ...object) object {
	c := object{"name": name, "image": "none", "memory": 64, "entryPoint": []string{"/bin/sh", "-c"},
		"command": []string{line}}
	for _, m := range more {
		for k, v := range m {
			c[k] = v
		}
	}
	return c
}

func logged(group string) object {
	return object{"logConfiguration": object{"logDriver": "awslogs", "options": object{
		"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p",
	}}}
}

// start registers containers as family f and runs one task of them.
func (s server) start(containers ...object) string {
	s.t.Helper()
	s.do("RegisterTaskDefinition", object{"family": "f", "containerDefinitions": containers})
	answer := s.do("RunTask", object{"taskDefinition": "f"})
	arn := str(answer, "tasks", 0, "taskArn")
	if arn == "" {
		s.t.Fatalf("RunTask = %v, want a task", answer)
	}
	return arn
}

func (s server) describe(arn string) object {
	s.t.Helper()
	answer := s.do("DescribeTasks", object{"tasks": []string{arn}})
	task, _ := at(answer, "tasks", 0).(object)
	return task
}

// stopped polls until a task is STOPPED, and returns it.
func (s server) stopped(arn string) object {
	s.t.Helper()
	return s.reach(arn, "STOPPED")
}

func (s server) reach(arn, status string) object {
	s.t.Helper()
	var task object
	until(s.t, "the task is "+status, func() bool {
		task = s.describe(arn)
		return str(task, "lastStatus") == status
	})
	return task
}

func containerOf(task object, name string) object {
	list, _ := task["containers"].([]any)
	for _, c := range list {
		if str(c, "name") == name {
			return c.(object)
		}
	}
	return nil
}

// lines reads a log stream to its end.
func (s server) lines(group, stream string) []string {
	s.t.Helper()
	var lines []string
	in := object{"logGroupName": group, "logStreamName": stream, "startFromHead": true}
	for {
		answer := s.do("logs:GetLogEvents", in)
		for i := range answer["events"].([]any) {
			lines = append(lines, str(answer, "events", i, "message"))
		}
		if in["nextToken"] == answer["nextForwardToken"] {
			return lines
		}
		in["nextToken"] = answer["nextForwardToken"]
	}
}

// until waits for a condition.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for range 10000 {
		if condition() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("waited in vain until %s", what)
}

func taskID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func TestHello(t *testing.T) {
	s := newServer(t, hostProcess())
	arn := s.start(shell("hello", "echo hello; echo world >&2; exit 3", logged("g")))
	task := s.stopped(arn)
	if got := num(task, "containers", 0, "exitCode"); got != 3 {
		t.Errorf("exit code = %v, want 3: %v", got, task)
	}
	if got := str(task, "stopCode"); got != "EssentialContainerExited" {
		t.Errorf("stopCode = %q, want EssentialContainerExited", got)
	}
	if got, want := s.lines("g", "p/hello/"+taskID(arn)), []string{"hello", "world"}; !slices.Equal(got, want) {
		t.Errorf("lines = %q, want %q", got, want)
	}
}
