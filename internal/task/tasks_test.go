package task_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// definition returns a task definition with one container for each name. A container is not
// essential if its name ends in "?".
func definition(names ...string) *types.TaskDefinition {
	d := &types.TaskDefinition{Family: aws.String("web"), Revision: 3,
		TaskDefinitionArn: aws.String("arn:aws:ecs:us-east-1:123456789012:task-definition/web:3")}
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

// stopped returns a task with the desired status STOPPED. The last status is status.
func stopped(status string, code types.TaskStopCode, containers ...types.Container) types.Task {
	return types.Task{LastStatus: aws.String(status), DesiredStatus: aws.String("STOPPED"), StopCode: code,
		Containers: containers}
}
