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

// ListLag is how long ECS may take to list a task that has just started.
const ListLag = 3 * time.Second

// StartedBy returns the tasks on the cluster with the given startedBy and the desired status
// RUNNING. If ECS lists a task but does not describe it, StartedBy returns an error and the other
// tasks.
func (c Client) StartedBy(ctx context.Context, name string) ([]types.Task, error) {
	return c.find(ctx, &ecs.ListTasksInput{StartedBy: &name})
}

// ListStartedBy returns the ARNs of the tasks on the cluster with the given startedBy and the
// desired status RUNNING. It needs no permission for DescribeTasks.
func (c Client) ListStartedBy(ctx context.Context, name string) ([]string, error) {
	return c.list(ctx, &ecs.ListTasksInput{StartedBy: &name})
}

// OfFamily returns the tasks of a family on the cluster with the desired status RUNNING.
func (c Client) OfFamily(ctx context.Context, family string) ([]types.Task, error) {
	return c.find(ctx, &ecs.ListTasksInput{Family: &family})
}

// Active returns the tasks of a family on the cluster whose containers may still run. It includes
// tasks that are stopping.
func (c Client) Active(ctx context.Context, family string) ([]types.Task, error) {
	all, err := c.Listed(ctx, family)
	return slices.DeleteFunc(all, task.ContainersEnded), err
}

// Listed returns all tasks of a family that ECS lists for the cluster, with the desired status
// RUNNING or STOPPED.
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

// Stopped returns the tasks of a family on the cluster with the desired status STOPPED, without the
// tasks in known. ECS lists stopped tasks for at least an hour.
func (c Client) Stopped(ctx context.Context, family string, known []types.Task) ([]types.Task, error) {
	arns, err := c.list(ctx, &ecs.ListTasksInput{Family: &family, DesiredStatus: types.DesiredStatusStopped})
	if err != nil {
		return nil, err
	}
	return c.describe(ctx, without(arns, known))
}

// All returns all tasks on the cluster with the desired status RUNNING.
func (c Client) All(ctx context.Context) ([]types.Task, error) {
	return c.find(ctx, &ecs.ListTasksInput{})
}

// find lists and describes tasks. DescribeTasks may not return a listed task, because reads from
// ECS are eventually consistent. In that case find describes the missing tasks again. If tasks are
// still missing after the last attempt, find returns an error and the tasks that it found.
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

// toRun removes the tasks with the desired status STOPPED.
func toRun(tasks []types.Task) []types.Task {
	return slices.DeleteFunc(tasks, func(t types.Task) bool { return aws.ToString(t.DesiredStatus) == "STOPPED" })
}

// Show returns the current descriptions of tasks. It omits tasks that ECS does not know.
func (c Client) Show(ctx context.Context, arns []string) ([]types.Task, error) {
	return c.describe(ctx, arns)
}

func (c Client) describe(ctx context.Context, arns []string) ([]types.Task, error) {
	var shown []types.Task
	for chunk := range slices.Chunk(arns, task.DescribeLimit) {
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

// ARNs returns the ARNs of tasks in the same order. See [task.ARNs] for states.
func ARNs(tasks []types.Task) []string {
	var arns []string
	for _, t := range tasks {
		arns = append(arns, aws.ToString(t.TaskArn))
	}
	return arns
}

// without returns the ARNs that do not belong to the tasks.
func without(arns []string, tasks []types.Task) []string {
	return slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		return slices.ContainsFunc(tasks, func(t types.Task) bool { return aws.ToString(t.TaskArn) == arn })
	})
}

// list returns the ARNs of all pages of a ListTasks request. It sets the request's cluster.
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
