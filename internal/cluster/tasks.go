package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// StartedBy returns the tasks on the cluster that are to run and were started by
// the given name.
func (c Client) StartedBy(ctx context.Context, name string) ([]types.Task, error) {
	return c.find(ctx, &ecs.ListTasksInput{StartedBy: &name})
}

// ListStartedBy returns the ARNs of the tasks on the cluster that are to run and were started
// by the given name. It does not ask for more of them, which may not be allowed.
func (c Client) ListStartedBy(ctx context.Context, name string) ([]string, error) {
	return c.list(ctx, &ecs.ListTasksInput{StartedBy: &name})
}

// OfFamily returns the tasks of a family on the cluster that are to run.
func (c Client) OfFamily(ctx context.Context, family string) ([]types.Task, error) {
	return c.find(ctx, &ecs.ListTasksInput{Family: &family})
}

// Active returns the tasks of a family on the cluster whose containers may run: those
// that are to run, and those that are to stop and have not ended.
func (c Client) Active(ctx context.Context, family string) ([]types.Task, error) {
	all, err := c.Listed(ctx, family)
	return slices.DeleteFunc(all, task.ContainersEnded), err
}

// Listed returns all tasks of a family on the cluster that ECS lists: those that are to
// run, and those that are to stop or have stopped.
func (c Client) Listed(ctx context.Context, family string) ([]types.Task, error) {
	toRun, err := c.OfFamily(ctx, family)
	if err != nil {
		return nil, err
	}
	stopped, err := c.Stopped(ctx, family, toRun)
	if err != nil {
		return nil, err
	}
	return append(toRun, stopped...), nil
}

// Stopped returns the tasks of a family on the cluster that are to stop or have stopped, as
// far as ECS still lists them (for an hour at least), without the known ones.
func (c Client) Stopped(ctx context.Context, family string, known []types.Task) ([]types.Task, error) {
	arns, err := c.list(ctx, &ecs.ListTasksInput{Family: &family, DesiredStatus: types.DesiredStatusStopped})
	if err != nil {
		return nil, err
	}
	return c.describe(ctx, without(arns, known))
}

// All returns all tasks on the cluster that are to run.
func (c Client) All(ctx context.Context) ([]types.Task, error) {
	return c.find(ctx, &ecs.ListTasksInput{})
}

// find returns what is listed. What one look does not show, as it came to a
// replica that is behind, is looked for again: to know of some tasks is to miss
// the others. With an error it returns those that were shown.
func (c Client) find(ctx context.Context, in *ecs.ListTasksInput) ([]types.Task, error) {
	arns, err := c.list(ctx, in)
	if err != nil {
		return nil, err
	}
	var found []types.Task
	wait, longest := time.Second, 4*time.Second
	if c.FastRetry {
		wait = 50 * time.Millisecond
	}
	for ; len(arns) > 0; wait *= 2 {
		shown, err := c.describe(ctx, arns)
		if err != nil {
			return toRun(found), err
		}
		found = append(found, shown...)
		arns = without(arns, shown)
		if len(arns) > 0 && (wait > longest || !pause(ctx, wait)) {
			return toRun(found), fmt.Errorf("describe tasks: ECS lists %s but does not show it", strings.Join(arns, ", "))
		}
	}
	return toRun(found), nil
}

// toRun returns those of the tasks that are to run.
func toRun(tasks []types.Task) []types.Task {
	return slices.DeleteFunc(tasks, func(t types.Task) bool { return aws.ToString(t.DesiredStatus) == "STOPPED" })
}

// Show returns tasks as they are now, those of them that ECS shows.
func (c Client) Show(ctx context.Context, arns []string) ([]types.Task, error) {
	return c.describe(ctx, arns)
}

func (c Client) describe(ctx context.Context, arns []string) ([]types.Task, error) {
	var shown []types.Task
	for chunk := range slices.Chunk(arns, describeLimit) {
		out, err := call(ctx, c.API.DescribeTasks,
			&ecs.DescribeTasksInput{Cluster: c.cluster(), Tasks: chunk,
				Include: []types.TaskField{types.TaskFieldTags}}, c.options()...)
		if err != nil {
			return nil, fmt.Errorf("describe tasks: %w", err)
		}
		shown = append(shown, out.Tasks...)
	}
	return shown, nil
}

// without returns the ARNs that are not of the tasks.
func without(arns []string, tasks []types.Task) []string {
	return slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		return slices.ContainsFunc(tasks, func(t types.Task) bool { return aws.ToString(t.TaskArn) == arn })
	})
}

// list returns the ARNs of all tasks that a request lists, on its cluster.
func (c Client) list(ctx context.Context, in *ecs.ListTasksInput) ([]string, error) {
	in.Cluster = c.cluster()
	var arns []string
	for {
		out, err := call(ctx, c.API.ListTasks, in, c.options()...)
		if err != nil {
			return nil, fmt.Errorf("list tasks: %w", err)
		}
		arns = append(arns, out.TaskArns...)
		if aws.ToString(out.NextToken) == "" {
			return arns, nil
		}
		in.NextToken = out.NextToken
	}
}
