package ecslocal_test

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

const boxImage = "ecs-run-task/box:test"

// newDocker returns a server that runs containers on the host's Docker engine,
// which gets the image of testdata/box.
func newDocker(t *testing.T, options ...ecslocal.Option) server {
	t.Helper()
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers: nothing tests the Docker executor: %s", bytes.TrimSpace(out))
	}
	program := filepath.Join(t.TempDir(), "box")
	build := exec.Command("go", "build", "-o", program, "./testdata/box")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, header := range []tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: "box", Mode: 0o755, Size: int64(len(text))},
	} {
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Name == "box" {
			if _, err := w.Write(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	load := exec.Command("docker", "import", "--change", `ENTRYPOINT ["/box"]`, "--change", `CMD ["print", "image's own"]`,
		"-", boxImage)
	load.Stdin = &archive
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return newServer(t, append(options, ecslocal.Docker(os.Environ()))...)
}

// box is a container of the image of testdata/box.
func box(name string, members ...object) object {
	c := object{"name": name, "image": boxImage, "memory": 64}
	for _, m := range append(members, logged("g")) {
		for k, v := range m {
			c[k] = v
		}
	}
	return c
}

func remaining(t *testing.T, arn string) string {
	t.Helper()
	out, err := exec.Command("docker", "ps", "--all", "--quiet", "--filter",
		"label=com.amazonaws.ecs.task-arn="+arn).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestDocker(t *testing.T) {
	t.Parallel()
	s := newDocker(t)
	for _, c := range []struct {
		name       string
		definition object // beside the family
		exits      map[string]any
		lines      map[string][]string
		reason     string // of the task, a part
	}{
		{
			name:       "the image's own command",
			definition: object{"containerDefinitions": []object{box("a")}},
			exits:      map[string]any{"a": 0.0},
			lines:      map[string][]string{"a": {"image's own"}},
		},
		{
			name: "command over the image's, code",
			definition: object{"containerDefinitions": []object{
				box("a", object{"command": []string{"print", "--name", "exit", "7"}}),
			}},
			exits: map[string]any{"a": 7.0},
			lines: map[string][]string{"a": {"--name"}},
		},
		{
			name: "entryPoint over the image's, which drops its command",
			definition: object{"containerDefinitions": []object{
				box("a", object{"entryPoint": []string{"/box", "print", "mine"}}),
			}},
			exits: map[string]any{"a": 0.0},
			lines: map[string][]string{"a": {"mine"}},
		},
		{
			name: "environment of any content",
			definition: object{"containerDefinitions": []object{
				box("a", object{
					"command": []string{"env", "A", "env", "B", "env", "PATH"},
					"environment": []object{{"name": "A", "value": `#"x' $Y `}, {"name": "B", "value": "1\n2=3\r"},
						{"name": "PATH", "value": "/none"}},
				}),
			}},
			exits: map[string]any{"a": 0.0},
			lines: map[string][]string{"a": {`A="#\"x' $Y "`, `B="1\n2=3\r"`, `PATH="/none"`}},
		},
		{
			name: "localhost and volumes are shared in awsvpc, dependencies are kept",
			definition: object{
				"networkMode": "awsvpc",
				"volumes":     []object{{"name": "v"}},
				"containerDefinitions": []object{
					box("init", object{"essential": false, "command": []string{"write", "/v/file"},
						"mountPoints": []object{{"sourceVolume": "v", "containerPath": "/v"}}}),
					box("server", object{"essential": false, "command": []string{"serve", "127.0.0.1:8080", "trap", "5"}}),
					box("client", object{
						"command":     []string{"dial", "127.0.0.1:8080", "read", "/w/file"},
						"mountPoints": []object{{"sourceVolume": "v", "containerPath": "/w", "readOnly": true}},
						"dependsOn": []object{{"containerName": "init", "condition": "SUCCESS"},
							{"containerName": "server", "condition": "START"}},
					}),
				},
			},
			exits: map[string]any{"init": 0.0, "server": 5.0, "client": 0.0},
			lines: map[string][]string{"client": {"served", "written"}, "server": {"ready"}},
		},
		{
			name: "stopTimeout",
			definition: object{"containerDefinitions": []object{
				box("a", object{"command": []string{"sleep", "100ms"}}),
				box("b", object{"command": []string{"deaf", "", "sleep", "1h"}, "stopTimeout": 1}),
			}},
			exits: map[string]any{"a": 0.0, "b": 137.0},
		},
		{
			name:       "no such image",
			definition: object{"containerDefinitions": []object{box("a", object{"image": "127.0.0.1:1/none:latest"})}},
			exits:      map[string]any{"a": nil},
			reason:     "CannotPullContainerError: ",
		},
		{
			name:       "no such program",
			definition: object{"containerDefinitions": []object{box("a", object{"entryPoint": []string{"/none"}})}},
			exits:      map[string]any{"a": nil},
			reason:     "CannotStartContainerError: ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server{s.Server, t, s.region}
			c.definition["family"] = "f"
			registered := s.do("RegisterTaskDefinition", c.definition)
			run := object{"taskDefinition": str(registered, "taskDefinition", "taskDefinitionArn")}
			if c.definition["networkMode"] == "awsvpc" {
				run["networkConfiguration"] = object{"awsvpcConfiguration": object{"subnets": []string{"subnet-1"}}}
			}
			arn := str(s.do("RunTask", run), "tasks", 0, "taskArn")
			task := s.stopped(arn)
			for name, want := range c.exits {
				if got := containerOf(task, name)["exitCode"]; got != want {
					t.Errorf("exit code of %s = %v, want %v: %v", name, got, want, task)
				}
			}
			for name, want := range c.lines {
				if got := s.lines("g", "p/"+name+"/"+taskID(arn)); !slices.Equal(got, want) {
					t.Errorf("lines of %s = %q, want %q", name, got, want)
				}
			}
			if got := str(task, "stoppedReason"); !strings.Contains(got, c.reason) || strings.Contains(got, "\n") {
				t.Errorf("stoppedReason = %q, want %q in one line", got, c.reason)
			}
			if got := remaining(t, arn); got != "" {
				t.Errorf("containers are left: %s", got)
			}
		})
	}
}

// TestDockerFolders writes into a folder of the host that is not there yet, and reads an
// EFS file system that an earlier task wrote.
func TestDockerFolders(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := newDocker(t)
	folder := filepath.Join(t.TempDir(), "new", "folder")
	run := func(container object) {
		t.Helper()
		arn := str(s.do("RunTask", object{"taskDefinition": str(s.do("RegisterTaskDefinition", object{
			"family": "f", "containerDefinitions": []object{container}, "volumes": []object{
				{"name": "host", "host": object{"sourcePath": folder}},
				{"name": "efs", "efsVolumeConfiguration": object{"fileSystemId": "fs-1", "rootDirectory": "/data"}},
			},
		}), "taskDefinition", "taskDefinitionArn")}), "tasks", 0, "taskArn")
		if task := s.stopped(arn); num(task, "containers", 0, "exitCode") != 0 ||
			task["containers"].([]any)[0].(object)["exitCode"] == nil {
			t.Errorf("task = %v, want exit code 0", task)
		}
	}
	mounts := object{"mountPoints": []object{{"sourceVolume": "host", "containerPath": "/h"},
		{"sourceVolume": "efs", "containerPath": "/e"}}}
	run(box("a", mounts, object{"command": []string{"write", "/h/file", "write", "/e/file"}}))
	run(box("b", mounts, object{"command": []string{"read", "/e/file"}}))
	if text, err := os.ReadFile(filepath.Join(folder, "file")); err != nil || string(text) != "written\n" {
		t.Errorf("the folder of the host has %q, %v", text, err)
	}
}

// TestDockerRecover removes what a local ECS left that was killed, and nothing of one
// that runs, here or on another machine.
func TestDockerRecover(t *testing.T) {
	first := newDocker(t)
	arn := first.start(box("a", object{"command": []string{"trap", "0"}}))
	first.reach(arn, "RUNNING")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	made := make(map[string]string)
	for name, owner := range map[string]string{"gone": host + "/4194999/1",
		"elsewhere": "another-" + host + "/4194999/1"} {
		out, err := exec.Command("docker", "create", "--label", "ecs-run-task.owner="+owner, boxImage).Output()
		if err != nil {
			t.Fatal(err)
		}
		made[name] = strings.TrimSpace(string(out))
		defer exec.Command("docker", "rm", "--force", made[name]).Run()
	}
	exists := func(id string) bool { return exec.Command("docker", "inspect", id).Run() == nil }
	newServer(t, ecslocal.Docker(os.Environ()))
	until(t, "the container of a process that is gone is removed", func() bool { return !exists(made["gone"]) })
	if !exists(made["elsewhere"]) {
		t.Error("a container of another machine's process was removed")
	}
	if got := remaining(t, arn); got == "" {
		t.Error("a container of a process that runs was removed")
	}
}

func TestDockerStop(t *testing.T) {
	t.Parallel()
	s := newDocker(t)
	arn := s.start(box("a", object{"command": []string{"trap", "9"}}))
	s.reach(arn, "RUNNING")
	until(t, "it is ready", func() bool { return len(s.lines("g", "p/a/"+taskID(arn))) > 0 })
	s.do("StopTask", object{"task": arn})
	task := s.stopped(arn)
	if got := num(task, "containers", 0, "exitCode"); got != 9 {
		t.Errorf("exit code = %v, want 9: %v", got, task)
	}
}

func TestDockerClose(t *testing.T) {
	t.Parallel()
	s := newDocker(t)
	arn := s.start(box("a", object{"command": []string{"deaf", "", "sleep", "1h"}}))
	s.reach(arn, "RUNNING")
	s.Close()
	if got := remaining(t, arn); got != "" {
		t.Errorf("containers are left: %s", got)
	}
}
