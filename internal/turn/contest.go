package turn

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Began reports whether a container of a task has run.
func Began(t types.Task) bool {
	hasCode := func(c types.Container) bool { return c.ExitCode != nil }
	return t.StartedAt != nil || slices.ContainsFunc(t.Containers, hasCode)
}

// Contested says who goes first of two that started tasks of a family at the same
// moment.
type Contested struct {
	First types.Task   // the earliest of the step's own
	Ahead []types.Task // of the others: those before it
	Begun bool         // one of the own is past PENDING
}

// Contest compares a step's own tasks with others: the earliest createdAt goes first,
// then the ARN.
func Contest(own, others []types.Task) Contested {
	c := Contested{First: slices.MinFunc(own, Earlier)}
	for _, t := range others {
		if Earlier(t, c.First) < 0 {
			c.Ahead = append(c.Ahead, t)
		}
	}
	slices.SortFunc(c.Ahead, Earlier)
	c.Begun = slices.ContainsFunc(own, IsPastPending)
	return c
}

func IsPastPending(t types.Task) bool {
	status := aws.ToString(t.LastStatus)
	return status != "PROVISIONING" && status != "PENDING"
}

// RanBeside reports whether a task ran at the same time as another whose containers have
// ended. A container may begin a little before its task is RUNNING.
func RanBeside(t, ended types.Task) bool {
	const early = time.Second
	if t.StartedAt == nil || ended.StartedAt == nil {
		return false
	}
	end := endOf(ended)
	if !end.After(aws.ToTime(t.CreatedAt)) || !end.After(t.StartedAt.Add(-early)) {
		return false
	}
	return !task.ContainersEnded(t) || endOf(t).After(ended.StartedAt.Add(-early))
}

// endOf returns when the containers of a task had ended, as far as ECS says it.
func endOf(t types.Task) time.Time {
	if t.ExecutionStoppedAt != nil {
		return *t.ExecutionStoppedAt
	}
	return aws.ToTime(t.StoppedAt)
}
