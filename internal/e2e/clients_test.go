package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// clientServer runs local-ecs as a user does. It returns the environment for its clients.
func clientServer(t *testing.T, args ...string) []string {
	t.Helper()
	url := serveLocal(t, append([]string{"--region", "us-east-1"}, args...)...)
	home := t.TempDir()
	environment := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	return append(environment, "AWS_ENDPOINT_URL="+url, "AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_DISABLE_HOST_PREFIX_INJECTION=true",
		"AWS_CONFIG_FILE="+home+"/config", "AWS_SHARED_CREDENTIALS_FILE="+home+"/credentials")
}

// needs skips the test if a program is missing.
func needs(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Skipf("%s %s: %v: %s", program, strings.Join(args, " "), err, out)
	}
}

// result runs a client that prints one line of JSON, and returns it decoded.
func result(t *testing.T, environment []string, program string, args ...string) map[string]any {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env, cmd.Stderr = environment, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", program, args, err, out)
	}
	var answer map[string]any
	if err := json.Unmarshal(out, &answer); err != nil && len(out) > 0 {
		t.Fatalf("%s %q printed %q: %v", program, args, out, err)
	}
	return answer
}

// wants compares members of a client's result, as JSON.
func wants(t *testing.T, got map[string]any, want map[string]string) {
	t.Helper()
	for name, want := range want {
		text, err := json.Marshal(got[name])
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != want {
			t.Errorf("%s = %s, want %s", name, text, want)
		}
	}
}

// TestClientBoto3 runs tasks with boto3.
func TestClientBoto3(t *testing.T) {
	t.Parallel()
	needs(t, "python3", "-c", "import boto3")
	secrets := filepath.Join(t.TempDir(), "secrets.yaml")
	if err := os.WriteFile(secrets, []byte("/app/key: k1\napp/db: {user: u1, port: 5432}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := result(t, clientServer(t, "--secrets", secrets), "python3", "testdata/boto3_client.py")
	wants(t, got, map[string]string{
		"account":      `"123456789012"`,
		"empty_tags":   `"ClientException: Tags can not be empty."`,
		"no_instances": `"InvalidParameterException: No Container Instances were found in your cluster."`,
		"role":         `"arn:aws:iam::123456789012:role/pull"`,
		"families":     `["py"]`,
		"tags":         `[{"key":"team","value":"blue"}]`,
		"codes":        `[5,5]`,
		"lines":        `["k1","k1","u1","u1"]`,
		"streams":      `2`,
		"tail":         `["sessionStart"]`,
		"secret":       `"{\"user\":\"u1\",\"port\":5432}"`,
		"parameters":   `["k1"]`,
	})
}

// TestClientJavaScript runs tasks with the AWS SDK for JavaScript v3.
func TestClientJavaScript(t *testing.T) {
	t.Parallel()
	needs(t, "node", "--version")
	if _, err := os.Stat("testdata/aws-sdk-js/node_modules"); err != nil {
		t.Skip("the SDK is not installed: (cd testdata/aws-sdk-js && npm ci)")
	}
	got := result(t, clientServer(t), "node", "testdata/aws-sdk-js/client.mjs")
	wants(t, got, map[string]string{
		"account": `"123456789012"`, "started": `true`, "tail": `["one","two"]`, "exitCode": `4`,
		"lines": `["one","two"]`,
	})
}

// TestClientCLI runs a task with the AWS CLI and its waiters, and follows its log.
func TestClientCLI(t *testing.T) {
	t.Parallel()
	needs(t, "aws", "--version")
	environment := clientServer(t)
	aws := func(args ...string) map[string]any {
		t.Helper()
		return result(t, environment, "aws", append([]string{"--output", "json"}, args...)...)
	}
	wants(t, aws("sts", "get-caller-identity"), map[string]string{"Account": `"123456789012"`})
	goOn := filepath.Join(t.TempDir(), "go-on")
	aws("logs", "create-log-group", "--log-group-name", "/ecs/cli")
	aws("ecs", "register-task-definition", "--family", "cli", "--cpu", "1 vCPU", "--container-definitions",
		`[{"name":"app","image":"busybox","memory":64,"command":["sh","-c","echo before; until [ -e `+goOn+
			` ]; do sleep 0.1; done; echo after; exit 6"],"logConfiguration":`+
			`{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/cli","awslogs-region":"us-east-1",`+
			`"awslogs-stream-prefix":"p"}}}]`)
	lines, stop := follow(t, environment)
	defer stop()
	tasks := aws("ecs", "run-task", "--cluster", "staging", "--task-definition", "cli")["tasks"].([]any)
	arn := tasks[0].(map[string]any)["taskArn"].(string)
	aws("ecs", "wait", "tasks-running", "--cluster", "staging", "--tasks", arn)
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	aws("ecs", "wait", "tasks-stopped", "--cluster", "staging", "--tasks", arn)
	wants(t,
		aws("ecs", "describe-tasks", "--cluster", "staging", "--tasks", arn, "--query",
			"tasks[0].{code:containers[0].exitCode,cpu:cpu}"),
		map[string]string{"code": `6`, "cpu": `"1024"`})
	for _, want := range []string{"before", "after"} {
		found := false
		for !found {
			select {
			case line := <-lines:
				found = strings.Contains(line, want)
			case <-time.After(30 * time.Second):
				t.Fatalf("the followed log does not show %q", want)
			}
		}
	}
}

// follow follows the log group /ecs/cli: with logs tail --follow, or with start-live-tail of
// version 1 of the CLI, which has no tail.
func follow(t *testing.T, environment []string) (lines <-chan string, stop func()) {
	t.Helper()
	version, err := exec.Command("aws", "--version").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"logs", "tail", "/ecs/cli", "--follow", "--since", "1m"}
	if strings.HasPrefix(string(version), "aws-cli/1") {
		t.Logf("%s has no logs tail: start-live-tail is used", strings.TrimSpace(string(version)))
		args = []string{
			"logs", "start-live-tail", "--log-group-identifiers",
			"arn:aws:logs:us-east-1:123456789012:log-group:/ecs/cli",
		}
	}
	cmd := exec.Command("aws", args...)
	cmd.Env, cmd.Stderr = append(environment, "PYTHONUNBUFFERED=1"), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := make(chan string, 100)
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			all <- scanner.Text()
		}
	}()
	time.Sleep(2 * time.Second) // a live tail shows only lines after its start
	return all, func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
}
