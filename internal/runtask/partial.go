package runtask

import (
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Partial returns the settings of a definition alone. The inputs of a step may add a container
// and a network to them.
func Partial(o taskdef.Options) Settings {
	return Settings{
		options: o,
		Launch:  input.Launch{Placement: input.Placement{Count: 1}}, // the input's default
		partial: true,
	}
}
