package verdict

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Ended reports whether the last status of the task is STOPPED or DELETED. Such a task no longer
// changes.
func Ended(task types.Task) bool {
	status := aws.ToString(task.LastStatus)
	return status == "STOPPED" || status == "DELETED"
}

// Stopping reports whether the task's desired status is STOPPED. Before that, a restart policy may
// start a container again that has already ended.
func Stopping(task types.Task) bool { return aws.ToString(task.DesiredStatus) == "STOPPED" }

// Container returns a container of a task by its name. It returns nil if the task has none.
func Container(task types.Task, name string) *types.Container {
	i := slices.IndexFunc(task.Containers, func(c types.Container) bool { return aws.ToString(c.Name) == name })
	if i < 0 {
		return nil
	}
	return &task.Containers[i]
}

// Essential reports whether the container is essential: the task stops when the container ends. In
// ECS the default is true.
func Essential(container types.ContainerDefinition) bool {
	return container.Essential == nil || *container.Essential
}

// Restarts reports whether the container has an enabled restart policy.
func Restarts(container types.ContainerDefinition) bool {
	return container.RestartPolicy != nil && aws.ToBool(container.RestartPolicy.Enabled)
}

// ending returns the exit code of a container, nil if it has none, and the reason that AWS gives,
// "" if there is none.
func ending(task types.Task, name string) (*int32, string) {
	container := Container(task, name)
	if container == nil {
		return nil, ""
	}
	return container.ExitCode, aws.ToString(container.Reason)
}

func outOfMemory(reason string) bool { return strings.Contains(reason, "OutOfMemory") }

// collateral reports whether ECS may have stopped the container. Code 143 means that it ended after
// SIGTERM, and code 137 that it ended after SIGKILL.
func collateral(code int32, reason string) bool {
	return (code == 143 || code == 137) && !outOfMemory(reason)
}
