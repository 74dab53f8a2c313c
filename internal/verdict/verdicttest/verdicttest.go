// Package verdicttest has task definitions, tasks and containers as ECS describes them, for tests.
package verdicttest

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Definition returns a task definition with one container for each name. A container is not
// essential if its name ends in "?".
func Definition(names ...string) *types.TaskDefinition {
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

// NoCode is the code for [Ended] of a container without an exit code.
const NoCode = -1

// Ended returns a container that has ended with an exit code. An empty reason is left out.
func Ended(name string, code int32, reason string) types.Container {
	container := types.Container{Name: aws.String(name), LastStatus: aws.String("STOPPED")}
	if code != NoCode {
		container.ExitCode = aws.Int32(code)
	}
	if reason != "" {
		container.Reason = aws.String(reason)
	}
	return container
}

// Running returns a container that runs.
func Running(name string) types.Container {
	return types.Container{Name: aws.String(name), LastStatus: aws.String("RUNNING")}
}

// Stopped returns a task with the desired status STOPPED. The last status is status.
func Stopped(status string, code types.TaskStopCode, containers ...types.Container) types.Task {
	return types.Task{LastStatus: aws.String(status), DesiredStatus: aws.String("STOPPED"), StopCode: code,
		Containers: containers}
}
