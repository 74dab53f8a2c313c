package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// The methods of a plan and its sources return the values of its jobs.
func TestPlanValues(t *testing.T) {
	text := &taskdef.Definition{Family: "new"}
	found := &types.TaskDefinition{Family: aws.String("found")}
	p := plan.Plan{Jobs: []plan.Job{
		{Definition: plan.ToRegister{Text: text}, Count: 2},
		{Definition: plan.Existing{Revision: found}, Count: 1},
		{Definition: plan.Named{Name: "arn:aws:ecs:r:a:task-definition/named:7"}},
	}}
	var families []string
	for _, job := range p.Jobs {
		families = append(families, job.Definition.Family())
	}
	if got := strings.Join(families, " "); got != "new found named" {
		t.Errorf("the families are %s, want new found named", got)
	}
	if got := p.ToRegister(); len(got) != 1 || got[0] != text {
		t.Errorf("ToRegister() = %v, want the first alone", got)
	}
	if plan.TextOf(p.Jobs[0].Definition) != text || plan.TextOf(p.Jobs[1].Definition) != nil {
		t.Error("TextOf() is not the text of the first, and none of the second")
	}
	if p.Tasks() != 3 || !p.MultiTask() {
		t.Errorf("%d tasks, several: %v, want 3", p.Tasks(), p.MultiTask())
	}
	for ifRunning, want := range map[string]bool{"": false, plan.IfRunningStart: false, plan.IfRunningWait: true,
		plan.IfRunningFail: true, plan.IfRunningFollow: true} {
		if got := (plan.Plan{IfRunning: ifRunning}).OneAtATime(); got != want {
			t.Errorf("OneAtATime() with %q = %v, want %v", ifRunning, got, want)
		}
	}
}

// EndPolicyOf combines six inputs.
func TestEndPolicyOf(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		inputs                 map[string]string
		goal                   task.Goal
		waits, servers, leaves bool
	}{
		{"stopped", map[string]string{}, task.UntilStopped, true, false, false},
		{"left at a signal", map[string]string{"on-interrupt": "leave"}, task.UntilStopped, true, false, true},
		{"healthy", map[string]string{"steady-state": "healthy"}, task.UntilHealthy, true, true, true},
		{"not waited for", map[string]string{"skip-steady-state-check": "true"}, task.UntilAccepted, false, false, true},
	} {
		var c input.Config
		if err := input.Read(&c, tt.inputs, nil); err != nil {
			t.Fatal(err)
		}
		p := plan.EndPolicyOf(c)
		if p.Goal != tt.goal || p.Waits() != tt.waits || p.Servers() != tt.servers || p.LeavesTasks() != tt.leaves {
			t.Errorf("%s: EndPolicyOf() = %+v, waits: %v, servers: %v, leaves tasks: %v, want %s, %v, %v, %v", tt.name, p,
				p.Waits(), p.Servers(), p.LeavesTasks(), tt.goal, tt.waits, tt.servers, tt.leaves)
		}
	}
}

func TestPretty(t *testing.T) {
	for in, want := range map[string]string{`{"a":1}`: "{\n  \"a\": 1\n}", "no JSON": "no JSON"} {
		if got := (plan.Request{Input: json.RawMessage(in)}).Pretty(); got != want {
			t.Errorf("Pretty() of %s = %s, want %s", in, got, want)
		}
	}
}
