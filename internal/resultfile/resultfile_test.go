package resultfile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/resultfile"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

var launch = time.Date(2026, 11, 24, 23, 59, 30, 0, time.UTC)

// at returns a time after the launch.
func at(seconds float64) *time.Time {
	return aws.Time(launch.Add(time.Duration(seconds * float64(time.Second))))
}

func same(text string) string { return text }

// definition returns migrate:7, which has an essential container and one that is not
// essential.
func definition() *types.TaskDefinition {
	return &types.TaskDefinition{
		TaskDefinitionArn: aws.String("arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:7"),
		Family:            aws.String("migrate"), Revision: 7,
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app")},
			{Name: aws.String("proxy"), Essential: aws.Bool(false)}},
	}
}

// ended returns a task of migrate:7 with the exit codes of its containers; nil means none.
func ended(id string, v verdict.Verdict, codes ...*int32) *task.State {
	state := &task.State{Definition: definition(), Verdict: &v, Task: types.Task{
		TaskArn: aws.String("arn:aws:ecs:eu-west-1:123456789012:task/jobs/" + id), LastStatus: aws.String("STOPPED"),
		CreatedAt: at(0), PullStartedAt: at(12), PullStoppedAt: at(30.5), StartedAt: at(31), ExecutionStoppedAt: at(91),
		StoppedAt: at(102),
	}}
	for i, code := range codes {
		state.Containers = append(state.Containers,
			types.Container{Name: state.Definition.ContainerDefinitions[i].Name, ExitCode: code,
				LastStatus: aws.String("STOPPED")})
	}
	return state
}

func code(n int32) *int32 { return &n }

const firstID, secondID = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"

// of returns the result of a step with tasks of migrate:7.
func of(status result.Status, exitCode int, reason string, states ...*task.State) result.Result {
	return result.Result{
		Status: status, ExitCode: exitCode, Reason: reason, Tasks: states, Ended: *at(120),
		Definitions: []*types.TaskDefinition{definition()}, Registered: []string{*definition().TaskDefinitionArn},
	}
}

// failedStep returns the result of a step with a failed and a successful task. All texts
// that can come from outside contain the given text.
func failedStep(text string) result.Result {
	failed := ended(firstID, verdict.Verdict{Outcome: verdict.Failed, Container: "app", ExitCode: code(3), Reason: text},
		code(3), code(143))
	failed.StoppedReason, failed.Containers[0].Reason = aws.String(text), aws.String(text)
	r := of(result.Failed, 3, text, ended(secondID, verdict.Verdict{Outcome: verdict.Succeeded}, code(0), code(0)), failed)
	r.Commit = text
	r.TaskOutputs = outputs.Values{"version": text}
	r.Failures = []types.Failure{{Reason: aws.String("RESOURCE:CPU"), Detail: aws.String(text)}}
	r.Logs = []result.Log{
		{TaskARN: *failed.TaskArn, Container: "app",
			URL:  "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs/log-events/m$252Fapp",
			Last: []string{"connecting", text}},
		{TaskARN: *failed.TaskArn, Container: "proxy", Last: []string{"stopped"}},
	}
	r.Faults = []event.Note{{
		File: "ecs/migrate.json", Line: 12, Column: 5, Title: "migrate:7 failed", Text: text, Hint: text,
		Task: *failed.TaskArn,
		Advice: []diagnose.Advice{{Code: "out-of-memory", Cause: "Container app ran out of memory.",
			Advice: "Raise `memory`.", Statement: `{"Effect":"Allow"}`}},
	}}
	return r
}

// hostile are texts that could change the structure of a document.
var hostile = []string{
	`</pre></details></main><script>document.title="taken"</script><img src=x onerror='document.title="taken"'>`,
	"]]></system-out><testcase/><!-- & &amp; &#0; <![CDATA[",
	"bell\a null\x00 escape\x1b[31mred\x1b[0m\x1b]0;title\a back\b \u202edrawkcab \ufffe\uffff \xff",
	"two\nlines\r\nand\ra return",
	"{{.Status}} ${x} %s %!d",
}

func TestWrite(t *testing.T) {
	r := failedStep("this is hidden")
	hide := func(text string) string { return strings.ReplaceAll(text, "hidden", "***") }
	for name, want := range map[string]string{
		"a.json": `{"status":"failed"`, "a/b.env": "ECS_RUN_TASK_STATUS=failed\n", "a.xml": "<?xml ",
		"a.HTML": "<!doctype html>",
	} {
		text, err := resultfile.Write(name, r, hide)
		if err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("Write(%q) = %.40q, %v, want it to begin with %q", name, text, err, want)
		}
		if strings.Contains(string(text), "hidden") {
			t.Errorf("Write(%q) has a secret:\n%s", name, text)
		}
	}
	if _, err := resultfile.Write("a.txt", r,
		same); fmt.Sprint(err) != "a.txt: expected a name that ends in .json, .env, .xml or .html" {
		t.Errorf("Write(a.txt): %v", err)
	}
}
