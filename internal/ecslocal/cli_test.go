package ecslocal_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// cli is the real AWS CLI, whose model checks the names and types of every
// answer.
type cli struct {
	t   *testing.T
	url string
}

func newCLI(t *testing.T, options ...ecslocal.Option) cli {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the aws CLI is not installed: nothing checks the answers against AWS's model")
	}
	s := newServer(t, options...)
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	return cli{t, listening.URL}
}

func (c cli) command(args ...string) *exec.Cmd {
	cmd := exec.Command("aws", append([]string{"--endpoint-url", c.url, "--region", "us-east-1", "--output", "json"},
		args...)...)
	home := c.t.TempDir()
	cmd.Env = append(os.Environ(),
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=", "AWS_MAX_ATTEMPTS=1",
		"AWS_CONFIG_FILE="+home+"/config", "AWS_SHARED_CREDENTIALS_FILE="+home+"/credentials", "AWS_PAGER=",
		"AWS_PROFILE=default")
	cmd.Env = slices.DeleteFunc(cmd.Env, func(s string) bool { return strings.HasPrefix(s, "AWS_PROFILE=") })
	return cmd
}

func (c cli) run(args ...string) object {
	c.t.Helper()
	var stderr strings.Builder
	cmd := c.command(args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("aws %q: %v\n%s", args, err, stderr.String())
	}
	var answer object
	if err := json.Unmarshal(out, &answer); err != nil && len(out) > 0 {
		c.t.Fatalf("aws %q printed %q: %v", args, out, err)
	}
	return answer
}

func (c cli) fails(args ...string) string {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if err == nil {
		c.t.Fatalf("aws %q printed %s, want an error", args, out)
	}
	return string(out)
}

func TestCLI(t *testing.T) {
	t.Parallel()
	c := newCLI(t, hostProcess(), ecslocal.Clusters(ecslocal.Cluster{
		Name: "prod",
		Services: []ecslocal.Service{{
			Name: "web",
			Placement: ecslocal.Placement{
				LaunchType: "FARGATE", PlatformVersion: "1.4.0",
				Subnets: []string{"subnet-1"}, SecurityGroups: []string{"sg-1"}, AssignPublicIP: "ENABLED",
			},
		}, {
			Name: "sets",
			TaskSets: []ecslocal.Placement{{Providers: []ecslocal.Provider{{Name: "FARGATE_SPOT", Weight: 1}},
				Subnets: []string{"subnet-2"}}},
		}},
	}))
	definition, err := json.Marshal(object{
		"family": "greet",
		"containerDefinitions": []any{
			shell("greet", "echo hello $WHO; exit 7", logged("/ecs/greet")),
		},
		"tags": []any{object{"key": "team", "value": "blue"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	registered := c.run("ecs", "register-task-definition", "--cli-input-json", string(definition))
	if got, want := str(registered, "taskDefinition", "taskDefinitionArn"),
		"arn:aws:ecs:us-east-1:123456789012:task-definition/greet:1"; got != want {
		t.Errorf("taskDefinitionArn = %q, want %q", got, want)
	}
	described := c.run("ecs", "describe-task-definition", "--task-definition", "greet:1", "--include", "TAGS")
	if got := str(described, "tags", 0, "value"); got != "blue" {
		t.Errorf("tags = %v, want team=blue", described["tags"])
	}
	if got := c.run("ecs", "list-task-definitions", "--family-prefix", "greet"); str(got, "taskDefinitionArns", 0) == "" {
		t.Errorf("list-task-definitions = %v, want one", got)
	}
	run := c.run("ecs", "run-task", "--task-definition", "greet", "--started-by", "cli", "--tags", "key=a,value=b",
		"--overrides",
		`{"containerOverrides":[{"name":"greet","environment":[{"name":"WHO","value":"world"}]}]}`)
	arn := str(run, "tasks", 0, "taskArn")
	if failures := at(run, "failures"); len(failures.([]any)) != 0 || arn == "" {
		t.Fatalf("run-task = %v, want a task", run)
	}
	var task object
	for range 100 {
		task, _ = at(c.run("ecs", "describe-tasks", "--tasks", arn, "--include", "TAGS"), "tasks", 0).(object)
		if str(task, "lastStatus") == "STOPPED" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := num(task, "containers", 0, "exitCode"); got != 7 {
		t.Errorf("exitCode = %v, want 7: %v", got, task)
	}
	if got := c.run("ecs", "list-tasks", "--family", "greet", "--desired-status", "STOPPED"); str(got, "taskArns",
		0) != arn {
		t.Errorf("list-tasks = %v, want %s", got, arn)
	}
	events := c.run("logs", "get-log-events", "--log-group-name", "/ecs/greet", "--log-stream-name",
		"p/greet/"+taskID(arn), "--start-from-head")
	if got := str(events, "events", 0, "message"); got != "hello world" {
		t.Errorf("get-log-events = %v, want hello world", events)
	}
	stopped := c.run("ecs", "stop-task", "--task", arn, "--reason", "enough")
	if got := str(stopped, "task", "stoppedReason"); got != "Essential container in task exited" {
		t.Errorf("stoppedReason = %q, want the first reason kept", got)
	}
	services := c.run("ecs", "describe-services", "--cluster", "prod", "--services", "web", "sets", "none")
	if got := str(services, "services", 0, "networkConfiguration", "awsvpcConfiguration", "subnets",
		0); got != "subnet-1" {
		t.Errorf("describe-services = %v, want subnet-1 of web", services)
	}
	if got := str(services, "services", 1, "taskSets", 0, "capacityProviderStrategy", 0,
		"capacityProvider"); got != "FARGATE_SPOT" {
		t.Errorf("describe-services = %v, want the task set of sets", services)
	}
	if got := str(services, "failures", 0, "reason"); got != "MISSING" {
		t.Errorf("describe-services = %v, want none to be MISSING", services)
	}
	if got := str(c.run("ecs", "describe-clusters", "--clusters", "prod", "--include", "TAGS"), "clusters", 0,
		"status"); got != "ACTIVE" {
		t.Errorf("status of the cluster = %q, want ACTIVE", got)
	}
	c.run("ecs", "list-clusters")
	c.run("logs", "describe-log-groups")
	c.run("logs", "describe-log-streams", "--log-group-name", "/ecs/greet")
	c.run("ecs", "tag-resource", "--resource-arn", str(registered, "taskDefinition", "taskDefinitionArn"), "--tags",
		"key=x,value=y")
	c.run("ecs", "list-tags-for-resource", "--resource-arn", str(registered, "taskDefinition", "taskDefinitionArn"))
	if got := str(c.run("ecs", "deregister-task-definition", "--task-definition", "greet:1"), "taskDefinition",
		"status"); got != "INACTIVE" {
		t.Errorf("status after deregister = %q, want INACTIVE", got)
	}
	c.run("ecs", "delete-task-definitions", "--task-definitions", "greet:1")
	for _, refused := range []struct{ want, command string }{
		{"ClusterNotFoundException", "ecs list-tasks --cluster none"},
		{"ClientException", "ecs describe-task-definition --task-definition none"},
		{"ResourceNotFoundException", "logs get-log-events --log-group-name none --log-stream-name none"},
		{"UnknownOperationException", "ecs list-account-settings"},
	} {
		if got := c.fails(strings.Fields(refused.command)...); !strings.Contains(got, refused.want) {
			t.Errorf("aws %s = %s, want %s", refused.command, got, refused.want)
		}
	}
}
