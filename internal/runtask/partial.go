package runtask

import (
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Partial returns settings for the check of a definition without the inputs of a step. Checks
// then accept a missing container choice and a missing network, which the inputs may add.
func Partial(o taskdef.Options) Settings {
	return Settings{
		options: o,
		Launch:  input.Launch{Placement: input.Placement{Count: 1}}, // the default of the input
		partial: true,
	}
}
