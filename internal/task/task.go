// Package task holds the states of tasks and waits until the tasks have verdicts. It also parses
// the names of tasks and task definitions.
//
// The package decides when to poll ECS, and for how long. It prints nothing. Its callers provide
// the function that calls ECS.
package task

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ID returns the task ID, which is the last part of a task's ARN.
func ID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// Place returns the region and the cluster in a task's ARN, which has the form
// arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID. ok is false for other forms, such as the old form
// without a cluster.
func Place(arn string) (region, cluster string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", "", false
	}
	path := strings.Split(parts[5], "/")
	if len(path) != 3 {
		return "", "", false
	}
	return parts[3], path[1], true
}

// ShortID returns the first 8 characters of a task ID. Messages use it as the name of the task.
func ShortID(state *State) string {
	id := ID(aws.ToString(state.TaskArn))
	return id[:min(len(id), 8)]
}

// Family returns the family of a registered definition. The name is a family, a family:revision or
// an ARN.
func Family(name string) string {
	family, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return family
}

// Revision returns the revision number at the end of a definition's ARN. It returns 0 if there is
// no number.
func Revision(arn string) int {
	n, _ := strconv.Atoi(arn[strings.LastIndexByte(arn, ':')+1:])
	return n
}

// Name returns family:revision of a definition.
func Name(definition *types.TaskDefinition) string {
	return fmt.Sprintf("%s:%d", aws.ToString(definition.Family), definition.Revision)
}

// Tag returns the value of a task's tag. It returns "" if the task has no tag with the key.
func Tag(t types.Task, key string) string {
	for _, tag := range t.Tags {
		if aws.ToString(tag.Key) == key {
			return aws.ToString(tag.Value)
		}
	}
	return ""
}

// ContainersEnded reports whether all containers of a task have ended and none will start again.
func ContainersEnded(t types.Task) bool {
	switch aws.ToString(t.LastStatus) {
	case "DEPROVISIONING", "STOPPED", "DELETED":
		return true
	}
	return t.ExecutionStoppedAt != nil
}

// ARNs returns the ARNs of tasks in the same order.
func ARNs(states []*State) []string {
	var arns []string
	for _, state := range states {
		arns = append(arns, aws.ToString(state.TaskArn))
	}
	return arns
}
