package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// built builds the command and returns its path.
func built(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "ecs-run-task")
	out, err := exec.Command("go", "build", "-o", path, "-trimpath", "-ldflags=-s -w",
		".").CombinedOutput()
	if err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// exitStatus runs a command and returns its exit status and output.
func exitStatus(t *testing.T, cmd *exec.Cmd) (int, string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// startMoto starts moto's server, an independent implementation of ECS, and returns the variables
// for its clients. It skips the test if moto is not installed.
func startMoto(t *testing.T) []string {
	t.Helper()
	if err := exec.Command("python3", "-c", "import moto.server").Run(); err != nil {
		t.Skip("python3 with moto's server is not installed: pip install 'moto[ecs,server]'")
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "python3", "testdata/moto_server.py")
	server.Env = append(os.Environ(), "MOTO_EXIT=app=3")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		server.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("moto's server does not print its address: %v", err)
	}
	return append(os.Environ(), "AWS_ENDPOINT_URL="+strings.TrimSpace(address), "AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=testing", "AWS_SECRET_ACCESS_KEY=testing", "GITHUB_ACTIONS=")
}

func TestMoto(t *testing.T) {
	t.Parallel()
	env := startMoto(t)
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	aws := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("aws", args...)
		cmd.Env = env
		status, out := exitStatus(t, cmd)
		if status != 0 {
			t.Fatalf("aws %q: exit status %d\n%s", args, status, out)
		}
		return strings.TrimSpace(out)
	}
	aws("ecs", "create-cluster", "--cluster-name", "jobs")
	subnet := aws("ec2", "describe-subnets", "--query", "Subnets[0].SubnetId", "--output", "text")
	instance := aws("ec2", "run-instances", "--image-id", "ami-12345678", "--query",
		"Instances[0].InstanceId", "--output", "text")
	aws("ecs", "create-cluster", "--cluster-name", "ec2")
	aws("ecs", "register-container-instance", "--cluster", "ec2", "--instance-identity-document",
		`{"instanceId":"`+instance+`"}`)
	program := built(t)
	fargate := []string{"--cluster", "jobs", "--launch-type", "FARGATE", "--subnets", subnet}
	const job = `{"family":"job","cpu":"256","memory":"512","networkMode":"awsvpc",
		"requiresCompatibilities":["FARGATE"],
		"containerDefinitions":[{"name":"NAME","image":"busybox:1"}]}`
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		want   []string // beginnings of lines, in this order
	}{
		{
			"a definition as the AWS CLI prints it",
			append(fargate, "--file-paths=testdata/samples/described.json"),
			0,
			[]string{
				"notice: testdata/samples/described.json:3:9: left out", "task definition migrate from",
				"registered migrate:1: arn:aws:ecs:us-east-1:123456789012:task-definition/migrate:1",
				"1 task started, 0 failures", "succeeded:",
			},
		},
		{
			"a container's exit code",
			append(fargate, "--definition="+strings.Replace(job, "NAME", "app", 1)),
			3,
			[]string{
				"registered job:1", "1 task started, 0 failures", "error: task", "failed: task",
			},
		},
		{
			"three tasks, and those of before",
			append(fargate, "--count=3", "--definition="+strings.Replace(job, "NAME", "other", 1)),
			0,
			[]string{
				"1 task found in task family job: 0 running, 1 stopped", "3 tasks started, 0 failures",
				"succeeded: every deciding container ended with code 0 (3 of 3 tasks succeeded); exit status 0",
			},
		},
		{
			"nothing to run it on",
			[]string{"--cluster=jobs", "--file-paths=testdata/samples/nginx_ec2.json"},
			125,
			[]string{
				"registered nginx:1",
				"error: run task nginx:1: ECS refused RunTask (account 123456789012, region us-east-1): " +
					"InvalidParameterException: No Container Instances were found in your cluster.",
			},
		},
		{
			"nginx as it is, on an instance",
			[]string{"--cluster=ec2", "--logs=false", "--file-paths=testdata/samples/nginx_ec2.json"},
			0,
			[]string{
				"registered nginx:2", "1 task started, 0 failures", "succeeded:",
			},
		},
		{
			"no such cluster",
			[]string{"--cluster=nowhere", "--launch-type=FARGATE", "--subnets=" + subnet, "--definition=job"},
			125,
			[]string{
				"found job:2",
				"error: run task job:2: ECS refused RunTask (account 123456789012, region us-east-1): " +
					"ClusterNotFoundException: ",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(program, tt.args...)
			cmd.Env = env
			status, out := exitStatus(t, cmd)
			if status != tt.status {
				t.Errorf("exit status %d, want %d", status, tt.status)
			}
			lines := strings.Split(out, "\n")
			for _, want := range tt.want {
				found := false
				for _, line := range lines {
					found = found || strings.HasPrefix(line, want)
				}
				if !found {
					t.Errorf("no line begins with %q", want)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}
