package localrun

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

func TestSettings(t *testing.T) {
	fargate := &taskdef.Definition{NetworkMode: "awsvpc", RequiresCompatibilities: []string{"FARGATE"}}
	for _, tt := range []struct {
		name       string
		placement  input.Placement
		definition *taskdef.Definition
		want       input.Placement
		leftOut    bool
	}{
		{"bridge", input.Placement{}, &taskdef.Definition{}, input.Placement{}, false},
		{"a network is given", input.Placement{Subnets: []string{"subnet-1"}, LaunchType: "FARGATE"}, fargate,
			input.Placement{Subnets: []string{"subnet-1"}, LaunchType: "FARGATE"}, false},
		{"no network, and no launch type, which AWS wants too", input.Placement{}, fargate,
			input.Placement{Subnets: []string{localSubnet}}, false},
		{"a service", input.Placement{Service: "api"}, fargate,
			input.Placement{Subnets: []string{localSubnet}, LaunchType: "FARGATE"}, true},
		{"a service and a launch type", input.Placement{Service: "api", LaunchType: "EC2"}, fargate,
			input.Placement{Subnets: []string{localSubnet}, LaunchType: "EC2"}, true},
	} {
		settings := runtask.Settings{Launch: input.Launch{Placement: tt.placement}}
		got, leftOut := Settings(settings, tt.definition)
		if diff := cmp.Diff(tt.want, got.Placement); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
		if (leftOut != "") != tt.leftOut {
			t.Errorf("%s: left out %q", tt.name, leftOut)
		}
	}
}
