package plan

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// definitionInfo returns the values of a definition that a request depends on.
func definitionInfo(s Source) runtask.Definition {
	switch s := s.(type) {
	case ToRegister:
		d := runtask.Definition{Name: s.Text.Family, NetworkMode: s.Text.NetworkMode}
		for _, container := range s.Text.Containers {
			d.Containers = append(d.Containers, container.Name)
			d.SetEntryPoint(container.Name, container.EntryPoint)
		}
		return d
	case Existing:
		d := runtask.Definition{Name: task.Name(s.Revision), NetworkMode: string(s.Revision.NetworkMode)}
		for _, container := range s.Revision.ContainerDefinitions {
			d.Containers = append(d.Containers, aws.ToString(container.Name))
			d.SetEntryPoint(aws.ToString(container.Name), container.EntryPoint)
		}
		return d
	}
	return runtask.Definition{}
}
