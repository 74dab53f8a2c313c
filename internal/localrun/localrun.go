// Package localrun replaces values that a local run cannot read from AWS: networks, launch
// types, secrets and files in S3. A local run uses the embedded ECS. The package makes no calls.
package localrun

import (
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// localSubnet is the subnet of tasks on the embedded ECS. The embedded ECS has no networks, but
// requires a subnet like ECS.
const localSubnet = "subnet-00000000"

// Settings returns the settings of a definition for the embedded ECS, which has no services. If
// the settings name a service, Settings removes it and sets a launch type and a network instead.
// leftOut then describes the removed service for a message. Otherwise leftOut is empty.
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

// WithNetwork returns the settings with a placeholder subnet if the definition needs a subnet and
// the settings give none. It is for local runs, and for commands that run no tasks.
func WithNetwork(settings runtask.Settings, d *taskdef.Definition) runtask.Settings {
	if d.NetworkMode == "awsvpc" && len(settings.Subnets) == 0 && settings.Service == "" && settings.RunTaskRequest == "" {
		settings.Subnets = []string{localSubnet}
	}
	return settings
}
