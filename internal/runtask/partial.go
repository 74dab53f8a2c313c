package runtask

import (
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Partial returns the settings of a definition alone: the inputs of a step may add
// to them a container to choose, and a network.
func Partial(o taskdef.Options) Settings {
	return Settings{
		options: o,
		Launch:  input.Launch{Placement: input.Placement{Count: 1}}, // the input's default
		partial: true,
	}
}
