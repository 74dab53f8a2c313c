package task_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]string{"web": "web", "web:3": "web",
		"arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3": "web"} {
		if got := task.Family(name); got != want {
			t.Errorf("Family(%s) = %s, want %s", name, got, want)
		}
	}
	for arn, want := range map[string]int{"arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3": 3, "web": 0,
		"web:x": 0} {
		if got := task.Revision(arn); got != want {
			t.Errorf("Revision(%s) = %d, want %d", arn, got, want)
		}
	}
	if got := task.Name(&types.TaskDefinition{Family: aws.String("web"), Revision: 3}); got != "web:3" {
		t.Errorf("Name() = %s, want web:3", got)
	}
	for arn, want := range map[string]string{"arn:aws:ecs:r:a:task/c/0123456789abcdef": "01234567",
		"arn:aws:ecs:r:a:task/0123": "0123"} {
		if got := task.ShortID(&task.State{Task: types.Task{TaskArn: &arn}}); got != want {
			t.Errorf("ShortID(%s) = %s, want %s", arn, got, want)
		}
	}
	tagged := types.Task{Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b")}}}
	for key, want := range map[string]string{"a": "1", "b": "", "c": ""} {
		if got := task.Tag(tagged, key); got != want {
			t.Errorf("Tag(%s) = %q, want %q", key, got, want)
		}
	}
}

func TestContainersEnded(t *testing.T) {
	for status, want := range map[string]bool{
		"PROVISIONING": false, "RUNNING": false, "STOPPING": false, "DEPROVISIONING": true, "STOPPED": true, "DELETED": true,
	} {
		if got := task.ContainersEnded(types.Task{LastStatus: aws.String(status)}); got != want {
			t.Errorf("ContainersEnded() of a task that is %s = %v, want %v", status, got, want)
		}
	}
	if !task.ContainersEnded(types.Task{LastStatus: aws.String("STOPPING"), ExecutionStoppedAt: aws.Time(time.Now())}) {
		t.Error("ContainersEnded() = false, though ECS says when they did")
	}
}

// TestState checks the methods of State that report whether a task is done.
func TestState(t *testing.T) {
	d := definition("app", "proxy?")
	failed := &verdict.Verdict{Outcome: verdict.Failed}
	for _, tt := range []struct {
		name         string
		state        *task.State
		done, runsOn bool
	}{
		{"open", &task.State{Task: is("RUNNING", running("app"))}, false, false},
		{"reached", &task.State{Task: is("RUNNING", running("app")), Reached: true}, true, false},
		{"judged while others run", &task.State{Task: is("RUNNING", ended("app", 1, ""), running("proxy")),
			Verdict: failed}, true, true},
		{"judged and stopping", &task.State{Task: stopped("STOPPING", "", ended("app", 1, "")), Verdict: failed}, true,
			false},
		{"ended", &task.State{Task: types.Task{LastStatus: aws.String("STOPPED")}, Verdict: failed}, true, false},
		{"lost", &task.State{Task: is("RUNNING"), Verdict: &verdict.Verdict{Outcome: verdict.Lost}}, true, false},
	} {
		if tt.state.Done() != tt.done || tt.state.RunsOn() != tt.runsOn {
			t.Errorf("%s: done: %v, runs on: %v, want %v, %v", tt.name, tt.state.Done(), tt.state.RunsOn(), tt.done, tt.runsOn)
		}
	}
	state := task.New(is("RUNNING", ended("app", 1, "why")), d, time.Now())
	ends := state.Ends()
	if len(ends) != 2 || ends[0].Reason != "why" || *ends[0].ExitCode != 1 || !ends[0].Essential ||
		ends[1].Status != "" || ends[1].Essential {
		t.Errorf("Ends() = %+v, want app with its code, and proxy that is not shown", ends)
	}
	if !state.Gone().IsZero() {
		t.Errorf("Gone() = %v, want no time of a machine that is not known", state.Gone())
	}
	if task.HasHealthCheck(d) {
		t.Error("HasHealthCheck() = true of containers without one")
	}
	d.ContainerDefinitions[1].HealthCheck = &types.HealthCheck{}
	if !task.HasHealthCheck(d) {
		t.Error("HasHealthCheck() = false of a container with one")
	}
}
