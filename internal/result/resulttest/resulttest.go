// Package resulttest has results for tests.
package resulttest

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

var launch = time.Date(2026, 11, 24, 23, 59, 30, 0, time.UTC)

// at is a time after the launch.
func at(seconds float64) *time.Time {
	return aws.Time(launch.Add(time.Duration(seconds * float64(time.Second))))
}

// FirstTask is the ARN of the task that [FailedTask] returns.
const FirstTask = "arn:aws:ecs:eu-west-1:123456789012:task/jobs/0123456789abcdef0123456789abcdef"

const definitions = "arn:aws:ecs:eu-west-1:123456789012:task-definition/"

const logURL = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1" +
	"#logsV2:log-groups/log-group/$252Fecs$252Fmigrate/log-events/m$252Fapp$252F0123"

// FailedTask is a task of two containers, the essential one of which failed; what
// comes from outside is text.
func FailedTask(text string) *task.State {
	return &task.State{
		Definition: &types.TaskDefinition{
			TaskDefinitionArn: aws.String(definitions + "migrate:7"), Family: aws.String("migrate"), Revision: 7,
			ContainerDefinitions: []types.ContainerDefinition{
				{Name: aws.String("app")}, {Name: aws.String("proxy"), Essential: aws.Bool(false)},
			},
		},
		Task: types.Task{
			TaskArn: aws.String(FirstTask), LastStatus: aws.String("STOPPED"), DesiredStatus: aws.String("STOPPED"),
			StopCode: types.TaskStopCodeEssentialContainerExited, StoppedReason: aws.String(text),
			Cpu: aws.String("1024"), Memory: aws.String("2048"),
			CreatedAt: at(0), PullStartedAt: at(12), PullStoppedAt: at(30.5),
			StartedAt: at(31), ExecutionStoppedAt: at(91), StoppedAt: at(102),
			Containers: []types.Container{
				{Name: aws.String("app"), LastStatus: aws.String("STOPPED"), ExitCode: aws.Int32(3), Reason: aws.String(text)},
				{Name: aws.String("proxy"), LastStatus: aws.String("STOPPED"), ExitCode: aws.Int32(143)},
			},
		},
		Verdict: &verdict.Verdict{Outcome: verdict.Failed, Container: "app", ExitCode: aws.Int32(3), Reason: text},
	}
}

// GoodTask is a task that ended well, as far as it is known that early.
func GoodTask(id string) *task.State {
	return &task.State{
		Definition: &types.TaskDefinition{
			TaskDefinitionArn: aws.String(definitions + "web:1"), Family: aws.String("web"), Revision: 1,
			ContainerDefinitions: []types.ContainerDefinition{
				{Name: aws.String("web"), Cpu: 512, MemoryReservation: aws.Int32(1024), Memory: aws.Int32(4096)},
			},
		},
		Task: types.Task{
			TaskArn: aws.String("arn:aws:ecs:eu-west-1:123456789012:task/jobs/" + id), LastStatus: aws.String("DEPROVISIONING"),
			CreatedAt: at(1), PullStartedAt: at(5), PullStoppedAt: at(15), StartedAt: at(16), StoppingAt: at(40),
			Containers: []types.Container{{Name: aws.String("web"), LastStatus: aws.String("STOPPED"), ExitCode: aws.Int32(0)}},
		},
		Verdict: &verdict.Verdict{Outcome: verdict.Succeeded},
	}
}

// Failed is a step with two tasks, one of which failed, and with one that
// did not start.
func Failed(text string) result.Result {
	bad, good := FailedTask(text), GoodTask("fedcba9876543210fedcba9876543210")
	return result.Result{
		Status: result.Failed, ExitCode: 3, Reason: text, Commit: "0123abc", Ended: *at(120),
		Families: []string{"migrate", "web"}, Cluster: "jobs", Region: "eu-west-1", NotRun: []string{"report:3"},
		Definitions: []*types.TaskDefinition{bad.Definition, good.Definition},
		Registered:  []string{*bad.Definition.TaskDefinitionArn},
		Tasks:       []*task.State{good, bad},
		TaskOutputs: outputs.Values{"version": text, "empty": ""},
		OutputsOf:   map[string]outputs.Values{*good.TaskArn: {"version": text}, *bad.TaskArn: {"empty": ""}},
		Failures: []types.Failure{{
			Arn:    aws.String("arn:aws:ecs:eu-west-1:123456789012:container-instance/1"),
			Reason: aws.String("RESOURCE:CPU"), Detail: aws.String(text),
		}},
		Logs: []result.Log{
			{TaskARN: FirstTask, Container: "app", URL: logURL, Last: []string{"connecting", text}},
			{TaskARN: FirstTask, Container: "proxy", Last: []string{"stopped"}},
		},
		Faults: []event.Note{{
			File: "ecs/migrate.json", Line: 12, Column: 5, InWorkspace: true, Aside: true,
			Title: "migrate:7 failed", Text: text, Hint: text,
			Advice: []diagnose.Advice{{
				Code: "out-of-memory", Cause: "Container app ran out of memory.", Retry: diagnose.RetryNo,
				Advice:    "Raise `memory`, or see `aws logs tail`.",
				Statement: `{"Effect":"Allow","Action":["ecs:RunTask"],"Resource":"*"}`,
			}},
		}},
	}
}
