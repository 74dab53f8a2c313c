// Package localrun is what a run on the ECS inside this command has in place of what is in
// AWS: networks, launch types, secrets and files in S3. It calls nothing.
package localrun

import (
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// localSubnet is the subnet of a task on the embedded ECS, which has no networks but wants one
// named, as ECS does.
const localSubnet = "subnet-00000000"

// Settings returns what a definition is run with on the embedded ECS, where there is no
// service to take a network and a launch type from, and what of the settings it leaves out.
func Settings(settings runtask.Settings, d *taskdef.Definition) (_ runtask.Settings, leftOut string) {
	if settings.Service != "" {
		leftOut = "the service " + settings.Service + ", from which launch type and network are taken on AWS"
		settings.Service = ""
		if slices.Equal(d.RequiresCompatibilities, []string{"FARGATE"}) && settings.LaunchType == "" &&
			len(settings.CapacityProviderStrategy) == 0 {
			settings.LaunchType = "FARGATE"
		}
	}
	return WithNetwork(settings, d), leftOut
}

// WithNetwork returns settings with a subnet where the definition wants one and nothing
// gives it: for a run without networks, and for what is not run at all.
func WithNetwork(settings runtask.Settings, d *taskdef.Definition) runtask.Settings {
	if d.NetworkMode == "awsvpc" && len(settings.Subnets) == 0 && settings.Service == "" && settings.RunTaskRequest == "" {
		settings.Subnets = []string{localSubnet}
	}
	return settings
}
