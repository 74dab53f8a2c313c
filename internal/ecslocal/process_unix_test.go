//go:build unix

package ecslocal_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

func TestProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	script := filepath.Join(folder, "script")
	plain := filepath.Join(folder, "plain")
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(script, "#!/bin/sh\necho \"$0 $# $1\"; pwd\n", 0o755)
	write(plain, "no program", 0o644)
	s := newServer(t, ecslocal.Process("PATH="+os.Getenv("PATH"), "HOST=1", "BOTH=host"))
	for _, c := range []struct {
		name      string
		container object
		exit      any
		reason    string // its beginning
		lines     []string
	}{
		{"exit code", shell("a", "exit 3"), 3.0, "", nil},
		{"killed", shell("a", "kill -9 $$"), 137.0, "", nil},
		{"terminated", shell("a", "kill -15 $$"), 143.0, "", nil},
		{"aborted", shell("a", "kill -6 $$"), 134.0, "", nil},
		{"both streams in order", shell("a", "echo 1; echo 2 >&2; echo 3"), 0.0, "", []string{"1", "2", "3"}},
		{"no newline at the end", shell("a", "printf x"), 0.0, "", []string{"x"}},
		{"empty lines are dropped", shell("a", `printf 'a\n\nb\n'`), 0.0, "", []string{"a", "b"}},
		{
			"environment",
			shell("a", "echo $HOST $BOTH $OWN $AWS_EXECUTION_ENV; echo \"$HOME\"",
				object{"environment": []object{{"name": "OWN", "value": "o"}, {"name": "BOTH", "value": "container"}}}),
			0.0, "", []string{"1 container o AWS_ECS_EC2"},
		},
		{"no shell", object{"name": "a", "image": "i", "memory": 64, "command": []string{"echo", "$HOST;", "'x'"}}, 0.0, "",
			[]string{"$HOST; 'x'"}},
		{"PATH of the container", shell("a", "x",
			object{"entryPoint": []string{"script"}, "command": []string{}, "workingDirectory": folder,
				"environment": []object{{"name": "PATH", "value": folder}}}), 0.0, "", nil},
		{"a relative program", shell("a", "x",
			object{"entryPoint": []string{"./script"}, "command": []string{"1 2"}, "workingDirectory": folder}), 0.0, "",
			[]string{"./script 1 1 2", folder}},
		{"no command", object{"name": "a", "image": "i", "memory": 64}, nil,
			"CannotStartContainerError: a process needs an entryPoint or a command in the container definition, because its " +
				"image is not run", nil},
		{"no such program", object{"name": "a", "image": "i", "memory": 64, "command": []string{"no-such-program"}}, nil,
			`CannotStartContainerError: exec: "no-such-program": executable file not found in $PATH`, nil},
		{"no such path", object{"name": "a", "image": "i", "memory": 64, "command": []string{"/none"}}, nil,
			`CannotStartContainerError: exec: "/none": stat /none: no such file or directory`, nil},
		{"not executable", object{"name": "a", "image": "i", "memory": 64, "command": []string{plain}}, nil,
			`CannotStartContainerError: exec: "` + plain + `": permission denied`, nil},
		{"a folder", object{"name": "a", "image": "i", "memory": 64, "command": []string{folder}}, nil,
			`CannotStartContainerError: exec: "` + folder + `": permission denied`, nil},
		{"no such working directory", shell("a", "x", object{"workingDirectory": "/none"}), nil,
			"CannotStartContainerError: ", nil},
		{"what it leaves behind is killed", shell("a", "sleep 1000 & echo left"), 0.0, "", []string{"left"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server{s.Server, t, s.region}
			arn := s.start(with(c.container, logged("g")))
			task := s.stopped(arn)
			container := containerOf(task, "a")
			if got := container["exitCode"]; got != c.exit {
				t.Errorf("exit code = %v, want %v: %v", got, c.exit, container)
			}
			if got := str(container, "reason"); !strings.HasPrefix(got, c.reason) {
				t.Errorf("reason = %q, want %q", got, c.reason)
			}
			if c.exit == nil {
				if got := str(task, "stopCode"); got != "TaskFailedToStart" {
					t.Errorf("stopCode = %q, want TaskFailedToStart", got)
				}
			}
			if c.lines == nil {
				return
			}
			if got := s.lines("g", "p/a/"+taskID(arn)); !slices.Equal(got, c.lines) {
				t.Errorf("lines = %q, want %q", got, c.lines)
			}
		})
	}
}

// TestProcessStop stops a container that traps SIGTERM, and one that does not
// heed it; neither leaves a process behind.
func TestProcessStop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		timeout    int
		exit       float64
	}{
		{"trapped", "trap 'exit 42' TERM; sleep 1000 & echo $! ready; wait", 30, 42},
		{"not heeded", "trap '' TERM; sleep 1000 & echo $! ready; while :; do wait; done", 0, 137},
		{"the default", "sleep 1000 & echo $! ready; wait", 30, 143},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, hostProcess())
			arn := s.start(shell("a", c.line, logged("g"), object{"stopTimeout": c.timeout}))
			child := s.child(arn)
			s.do("StopTask", object{"task": arn})
			task := s.stopped(arn)
			if got := num(task, "containers", 0, "exitCode"); got != c.exit {
				t.Errorf("exit code = %v, want %v", got, c.exit)
			}
			gone(t, child)
		})
	}
}

// child waits for the line "<pid> ready" of a task's container a, and returns the
// pid.
func (s server) child(arn string) int {
	s.t.Helper()
	s.reach(arn, "RUNNING")
	pid := 0
	until(s.t, "the container is ready", func() bool {
		lines := s.lines("g", "p/a/"+taskID(arn))
		if len(lines) == 0 {
			return false
		}
		var err error
		if pid, err = strconv.Atoi(strings.TrimSuffix(lines[0], " ready")); err != nil || pid < 2 {
			s.t.Fatalf("container a printed %q, want the id of a process", lines[0]) // 0 and 1 are not to be signalled
		}
		return true
	})
	return pid
}

// gone waits until a process has ended: who adopts it takes its time.
func gone(t *testing.T, pid int) {
	t.Helper()
	until(t, fmt.Sprintf("process %d is gone", pid), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(stat), ") Z ")
	})
}

func TestProcessClose(t *testing.T) {
	s := newServer(t, hostProcess())
	arn := s.start(shell("a", "trap '' TERM; sleep 1000 & echo $! ready; while :; do wait; done", logged("g")))
	child := s.child(arn)
	s.Close()
	gone(t, child)
}

// TestEscapedProcess holds that a process which left its container's group can't
// keep the container from ending.
func TestEscapedProcess(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"setsid", "ps"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed: no process leaves its group")
		}
	}
	s := newServer(t, hostProcess())
	arn := s.start(shell("a", "setsid sh -c 'echo $$ ready; sleep 1000' & until [ -n \"$(ps -o sid= $!)\" ]; do :; "+
		"done; sleep 0.2; echo out", logged("g")))
	child := s.child(arn)
	defer syscall.Kill(-child, syscall.SIGKILL)
	if got := num(s.stopped(arn), "containers", 0, "exitCode"); got != 0 {
		t.Errorf("exit code = %v, want 0", got)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	s := newServer(t, hostProcess())
	arn := s.start(
		shell("server", "trap 'exit 0' TERM; while :; do sleep 0.1; done", object{"essential": false, "healthCheck": object{
			"command": []string{"CMD-SHELL", "exit 0"}, "interval": 5,
		}}),
		shell("a", "exit 0", on("server", "HEALTHY")),
	)
	task := s.stopped(arn)
	if got := containerOf(task, "a")["exitCode"]; got != 0.0 {
		t.Errorf("exit code = %v, want 0: %v", got, task)
	}
	if got := str(containerOf(task, "server"), "healthStatus"); got != "HEALTHY" {
		t.Errorf("healthStatus = %q, want HEALTHY", got)
	}
}

// buffer is a writer of several containers.
type buffer struct {
	mu   sync.Mutex
	text map[string]string
}

func (b *buffer) open(arn, container string) io.Writer {
	return writer(func(p []byte) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.text[container] += string(p)
	})
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

func TestOutput(t *testing.T) {
	b := &buffer{text: make(map[string]string)}
	s := newServer(t, hostProcess(), ecslocal.Output(b.open))
	s.stopped(s.start(shell("a", "echo one"), shell("b", "printf two; sleep 0.2", object{"essential": false}),
		shell("c", "echo three", logged("g"), object{"essential": false})))
	if b.text["a"] != "one\n" || b.text["c"] != "" {
		t.Errorf("output = %q, want one of a and nothing of c", b.text)
	}
}

// A writer that can be closed is closed when its container has ended, after all
// that the container printed.
func TestOutputClosed(t *testing.T) {
	var mu sync.Mutex
	text := map[string]string{}
	s := newServer(t, hostProcess(), ecslocal.Output(func(_, container string) io.Writer {
		add := func(more string) {
			mu.Lock()
			defer mu.Unlock()
			text[container] += more
		}
		return writeCloser{func(p []byte) { add(string(p)) }, func() { add("<end>") }}
	}))
	s.stopped(s.start(shell("a", "printf one; printf ' two'")))
	mu.Lock()
	defer mu.Unlock()
	if got, want := text["a"], "one two<end>"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
}

type writeCloser struct {
	writer
	end func()
}

func (w writeCloser) Close() error { w.end(); return nil }

// TestProcessMounts refuses a volume that a process can't have, and runs with one that
// is where the container looks for it.
func TestProcessMounts(t *testing.T) {
	s := newServer(t, hostProcess())
	folder := t.TempDir()
	run := func(containerPath string) object {
		answer := s.do("RegisterTaskDefinition", object{
			"family": "f", "volumes": []object{{"name": "v", "host": object{"sourcePath": folder}}},
			"containerDefinitions": []object{shell("a", "true",
				object{"mountPoints": []object{{"sourceVolume": "v", "containerPath": containerPath}}})},
		})
		answer = s.do("RunTask", object{"taskDefinition": str(answer, "taskDefinition", "taskDefinitionArn")})
		return s.stopped(str(answer, "tasks", 0, "taskArn"))
	}
	want := "CannotCreateContainerError: container a wants volume v at /data, and a process has no mounts: " +
		"run containers with docker, or let the volume's host.sourcePath be /data"
	if task := run("/data"); str(task, "stoppedReason") != want || str(task, "stopCode") != "TaskFailedToStart" {
		t.Errorf("stoppedReason = %q, want %q", str(task, "stoppedReason"), want)
	}
	if task := run(folder); str(task, "stopCode") != "EssentialContainerExited" {
		t.Errorf("task = %v, want it to run", task)
	}
}

func TestSecrets(t *testing.T) {
	secrets := object{"environment": []object{{"name": "P", "value": "plain"}},
		"secrets": []object{{"name": "S", "valueFrom": "arn:x"}}}
	s := newServer(t, hostProcess(), ecslocal.Secrets(map[string]string{"arn:x": "hush"}))
	start := func(s server, c object) string {
		s.do("RegisterTaskDefinition", object{"family": "f", "executionRoleArn": "r", "containerDefinitions": []object{c}})
		return str(s.do("RunTask", object{"taskDefinition": "f"}), "tasks", 0, "taskArn")
	}
	arn := start(s, shell("a", "echo $S", secrets, logged("g")))
	s.stopped(arn)
	if got := s.lines("g", "p/a/"+taskID(arn)); !slices.Equal(got, []string{"hush"}) {
		t.Errorf("lines = %q, want the secret", got)
	}
	none := newServer(t, hostProcess())
	task := none.stopped(start(none, shell("a", "echo $S", secrets)))
	if got, want := str(task, "stoppedReason"),
		"ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret arn:x: invalid "+
			"parameters: arn:x (the local ECS has no parameter of this name)"; got != want {
		t.Errorf("stoppedReason = %q, want %q", got, want)
	}
}
