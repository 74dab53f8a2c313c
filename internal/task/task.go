// Package task is what is known of tasks: their states, as ECS shows them again and again, up
// to their verdicts, and the names of tasks and definitions.
//
// It owns the time of a wait: when to ask again, and for how long. It prints nothing and makes
// no call by itself.
package task

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ID returns the last part of a task's ARN, which is the task's id.
func ID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// ShortID returns the first characters of a task's id, as messages name it.
func ShortID(state *State) string {
	id := ID(aws.ToString(state.TaskArn))
	return id[:min(len(id), 8)]
}

// Family returns the family in the name of a registered definition, which is family,
// family:revision or ARN.
func Family(name string) string {
	family, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return family
}

// Revision returns the number at the end of a definition's ARN, 0 if there is
// none.
func Revision(arn string) int {
	n, _ := strconv.Atoi(arn[strings.LastIndexByte(arn, ':')+1:])
	return n
}

// Name returns family:revision of a definition.
func Name(definition *types.TaskDefinition) string {
	return fmt.Sprintf("%s:%d", aws.ToString(definition.Family), definition.Revision)
}

// Tag returns the value of a tag of a task, empty if it has none with the key.
func Tag(t types.Task, key string) string {
	for _, tag := range t.Tags {
		if aws.ToString(tag.Key) == key {
			return aws.ToString(tag.Value)
		}
	}
	return ""
}

// ContainersEnded reports whether no container of a task runs any more, or will.
func ContainersEnded(t types.Task) bool {
	switch aws.ToString(t.LastStatus) {
	case "DEPROVISIONING", "STOPPED", "DELETED":
		return true
	}
	return t.ExecutionStoppedAt != nil
}

// ARNs returns the ARNs of tasks.
func ARNs(states []*State) []string {
	var arns []string
	for _, state := range states {
		arns = append(arns, aws.ToString(state.TaskArn))
	}
	return arns
}
