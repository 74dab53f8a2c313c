package verdict

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Ended reports whether nothing of the task will change any more.
func Ended(task types.Task) bool {
	status := aws.ToString(task.LastStatus)
	return status == "STOPPED" || status == "DELETED"
}

// Stopping reports whether ECS means the task to end. Until it does, a container
// that ended with a code may be started again by its restart policy.
func Stopping(task types.Task) bool { return aws.ToString(task.DesiredStatus) == "STOPPED" }

// Container returns what ECS shows of a container of a task, nil if it does not show it.
func Container(task types.Task, name string) *types.Container {
	i := slices.IndexFunc(task.Containers, func(c types.Container) bool { return aws.ToString(c.Name) == name })
	if i < 0 {
		return nil
	}
	return &task.Containers[i]
}

// Essential reports whether the task ends with the container. ECS takes an
// absent member for true.
func Essential(container types.ContainerDefinition) bool {
	return container.Essential == nil || *container.Essential
}

// Restarts reports whether ECS may start a container again that has ended.
func Restarts(container types.ContainerDefinition) bool {
	return container.RestartPolicy != nil && aws.ToBool(container.RestartPolicy.Enabled)
}

// ending returns the exit code of a container, nil if it has none, and AWS's
// reason, "" if there is none.
func ending(task types.Task, name string) (*int32, string) {
	container := Container(task, name)
	if container == nil {
		return nil, ""
	}
	return container.ExitCode, aws.ToString(container.Reason)
}

func outOfMemory(reason string) bool { return strings.Contains(reason, "OutOfMemory") }

// collateral reports whether a code is what a container has that ECS stopped:
// SIGTERM heeded, or SIGKILL after the stop time-out.
func collateral(code int32, reason string) bool {
	return (code == 143 || code == 137) && !outOfMemory(reason)
}
