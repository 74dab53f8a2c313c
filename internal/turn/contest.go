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

// Contested says whose task comes first if a step and others started tasks of a family at the same
// moment.
type Contested struct {
	First types.Task   // the earliest of the step's own tasks
	Ahead []types.Task // tasks of others that come before First, the earliest first
	Begun bool         // one of the step's own tasks is past PENDING
}

// Contest compares a step's own tasks, at least one, with the tasks of others. The task with the
// earliest createdAt comes first; if these are equal, the task with the lower ARN.
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

// IsPastPending reports whether the last status of a task is neither PROVISIONING nor PENDING.
func IsPastPending(t types.Task) bool {
	status := aws.ToString(t.LastStatus)
	return status != "PROVISIONING" && status != "PENDING"
}

// RanBeside reports whether a task ran at the same time as another whose containers have ended. It
// allows a second before startedAt, because a container may begin before its task is RUNNING.
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

// endOf returns when the containers of a task ended. It returns zero if ECS does not show it.
func endOf(t types.Task) time.Time {
	if t.ExecutionStoppedAt != nil {
		return *t.ExecutionStoppedAt
	}
	return aws.ToTime(t.StoppedAt)
}
