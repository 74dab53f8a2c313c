package task_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// definition makes a task definition of containers; a name that ends in ? is of
// one that is not essential.
func definition(names ...string) *types.TaskDefinition {
	d := &types.TaskDefinition{Family: aws.String("web"), Revision: 3, TaskDefinitionArn: aws.String("arn:aws:ecs:us-east-1:123456789012:task-definition/web:3")}
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		container := types.ContainerDefinition{Name: aws.String(name)}
		if optional {
			container.Essential = aws.Bool(false)
		}
		d.ContainerDefinitions = append(d.ContainerDefinitions, container)
	}
	return d
}

const none = -1 // no exit code

func ended(name string, code int32, reason string) types.Container {
	container := types.Container{Name: aws.String(name), LastStatus: aws.String("STOPPED")}
	if code != none {
		container.ExitCode = aws.Int32(code)
	}
	if reason != "" {
		container.Reason = aws.String(reason)
	}
	return container
}

func running(name string) types.Container {
	return types.Container{Name: aws.String(name), LastStatus: aws.String("RUNNING")}
}

// stopped makes a task that ECS is taking down: the last status is one of those
// after its containers have ended.
func stopped(status string, code types.TaskStopCode, containers ...types.Container) types.Task {
	return types.Task{LastStatus: aws.String(status), DesiredStatus: aws.String("STOPPED"), StopCode: code, Containers: containers}
}

func TestJudge(t *testing.T) {
	const exited = types.TaskStopCodeEssentialContainerExited
	for _, tt := range []struct {
		name       string
		definition *types.TaskDefinition
		task       types.Task
		all        bool

		decided   bool
		outcome   task.Outcome
		container string
		code      int32
		notes     int
	}{
		{name: "code 0", definition: definition("app"), task: stopped("STOPPED", exited, ended("app", 0, "")),
			decided: true, outcome: task.Succeeded, code: none},
		{name: "another code", definition: definition("app"), task: stopped("STOPPED", exited, ended("app", 3, "")),
			decided: true, outcome: task.Failed, container: "app", code: 3},
		{name: "early, while the network is taken down", definition: definition("app"), task: stopped("DEPROVISIONING", exited, ended("app", 3, "")),
			decided: true, outcome: task.Failed, container: "app", code: 3},
		{name: "an essential one still ends", definition: definition("app", "proxy"), task: stopped("DEACTIVATING", exited, ended("app", 0, ""), running("proxy"))},
		{name: "a code while the task is to go on, as a restart policy has it", definition: definition("app"),
			task: types.Task{LastStatus: aws.String("RUNNING"), DesiredStatus: aws.String("RUNNING"), Containers: []types.Container{ended("app", 1, "")}}},
		{name: "order of containers is not that of the definition", definition: definition("app", "proxy?"), task: stopped("STOPPED", exited, ended("proxy", 0, ""), ended("app", 2, "")),
			decided: true, outcome: task.Failed, container: "app", code: 2},
		{name: "a sidecar that is not essential does not decide", definition: definition("app", "proxy?"), task: stopped("STOPPED", exited, ended("app", 0, ""), ended("proxy", 1, "")),
			decided: true, outcome: task.Succeeded, code: none},
		{name: "it does where all decide", definition: definition("app", "proxy?"), task: stopped("STOPPED", exited, ended("app", 0, ""), ended("proxy", 1, "")), all: true,
			decided: true, outcome: task.Failed, container: "proxy", code: 1},
		{name: "an essential sidecar stopped after the job finished", definition: definition("proxy", "app"), task: stopped("STOPPED", exited, ended("proxy", 143, ""), ended("app", 0, "")),
			decided: true, outcome: task.Succeeded, code: none, notes: 1},
		{name: "killed after the job finished", definition: definition("proxy", "app"), task: stopped("STOPPED", exited, ended("proxy", 137, ""), ended("app", 0, "")),
			decided: true, outcome: task.Succeeded, code: none, notes: 1},
		{name: "killed for its memory", definition: definition("proxy", "app"), task: stopped("STOPPED", exited, ended("proxy", 137, "OutOfMemoryError: Container killed due to memory usage"), ended("app", 0, "")),
			decided: true, outcome: task.Failed, container: "proxy", code: 137},
		{name: "the cause is not who was stopped with it", definition: definition("proxy", "app"), task: stopped("STOPPED", exited, ended("proxy", 143, ""), ended("app", 9, "")),
			decided: true, outcome: task.Failed, container: "app", code: 9},
		{name: "143 alone is a failure", definition: definition("app"), task: stopped("STOPPED", exited, ended("app", 143, "")),
			decided: true, outcome: task.Failed, container: "app", code: 143},
		{name: "out of memory with code 0 is told", definition: definition("app"), task: stopped("STOPPED", exited, ended("app", 0, "OutOfMemoryError: Container killed due to memory usage")),
			decided: true, outcome: task.Succeeded, code: none, notes: 1},
		{name: "no code", definition: definition("app"), task: stopped("STOPPED", exited, ended("app", none, "CannotInspectContainerError: gone")),
			decided: true, outcome: task.Failed, container: "app", code: none},
		{name: "no code is awaited until the end", definition: definition("app"), task: stopped("DEPROVISIONING", exited, ended("app", none, ""))},
		{name: "no container at all", definition: definition("app"), task: stopped("STOPPED", exited),
			decided: true, outcome: task.Failed, container: "app", code: none},
		{name: "a code of its own goes before none", definition: definition("init", "app"), task: stopped("STOPPED", exited, ended("init", none, ""), ended("app", 4, "")),
			decided: true, outcome: task.Failed, container: "app", code: 4},
		{name: "an injected container never decides", definition: definition("app"), task: stopped("STOPPED", exited, ended("aws-guardduty-agent-x", none, "CannotPullContainerError: denied"), ended("app", 0, "")),
			decided: true, outcome: task.Succeeded, code: none},
		{name: "never started", definition: definition("app"), task: stopped("STOPPED", types.TaskStopCodeTaskFailedToStart, ended("app", none, "CannotPullContainerError: no such image")),
			decided: true, outcome: task.NotStarted, container: "app", code: none},
		{name: "Spot", definition: definition("app"), task: stopped("STOPPED", types.TaskStopCodeSpotInterruption, ended("app", 143, "")),
			decided: true, outcome: task.Stopped, container: "app", code: 143},
		{name: "host gone", definition: definition("app"), task: stopped("STOPPED", types.TaskStopCodeTerminationNotice, ended("app", none, "")),
			decided: true, outcome: task.Stopped, code: none},
		{name: "stopped by somebody, heeded with code 0", definition: definition("app"), task: stopped("STOPPED", types.TaskStopCodeUserInitiated, ended("app", 0, "")),
			decided: true, outcome: task.Stopped, code: none},
		{name: "a stop code of the future", definition: definition("app"), task: stopped("STOPPED", "SolarFlare", ended("app", 0, "")),
			decided: true, outcome: task.Succeeded, code: none},
		{name: "deleted", definition: definition("app"), task: stopped("DELETED", exited, ended("app", 0, "")),
			decided: true, outcome: task.Succeeded, code: none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, decided := task.Judge(tt.definition, tt.task, tt.all)
			if decided != tt.decided {
				t.Fatalf("Judge() decided = %v, want %v (%+v)", decided, tt.decided, got)
			}
			if !decided {
				return
			}
			code := int32(none)
			if got.ExitCode != nil {
				code = *got.ExitCode
			}
			if got.Outcome != tt.outcome || got.Container != tt.container || code != tt.code || len(got.Notes) != tt.notes {
				t.Errorf("Judge() = %s, container %q, code %d, notes %q, want %s, %q, %d, %d notes", got.Outcome, got.Container, code, got.Notes, tt.outcome, tt.container, tt.code, tt.notes)
			}
			if got.Reason == "" || strings.Contains(got.Reason, "%!") || strings.Contains(got.Reason, "null") {
				t.Errorf("Judge() has the reason %q", got.Reason)
			}
		})
	}
}
