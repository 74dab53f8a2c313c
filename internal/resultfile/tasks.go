package resultfile

import (
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// deciding returns the containers that decide the verdict of a task, in the order of its
// definition.
func deciding(r result.Result, state *task.State) []verdict.End {
	var ends []verdict.End
	for i, end := range state.Ends() {
		if r.Rule.Decides(state.Definition.ContainerDefinitions[i]) {
			ends = append(ends, end)
		}
	}
	return ends
}
