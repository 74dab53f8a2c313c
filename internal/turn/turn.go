// Package turn searches for tasks of the plan's families that run already. The step adopts tasks
// that an earlier attempt of it started. For tasks of others it waits, follows them, or fails, as
// the input if-running says.
package turn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awscli"
	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// firstTurnWait and lastTurnWait are the shortest and the longest pause between two questions to
// ECS whether tasks have ended.
const (
	firstTurnWait = 2 * time.Second
	lastTurnWait  = 15 * time.Second
)

// Await does what the input if-running says about tasks of the plan's families that run already.
// It ignores the tasks of the adopted attempts. It waits until the tasks end, or returns the
// adopted attempts with those to follow added, or returns an error. The error is a
// [*outcome.RunningError] if a task runs that must not run. began is the time when the search
// began; it is zero with if-running: start, which needs no search.
func (r Turn) Await(ctx context.Context, adopted []outcome.Attempt) (attempts []outcome.Attempt, began time.Time,
	err error) {
	began = time.Now()
	if !r.Plan.OneAtATime() {
		return adopted, time.Time{}, nil
	}
	var families []string
	for _, job := range r.Plan.Jobs {
		if family := job.Definition.Family(); !slices.Contains(families, family) {
			families = append(families, family)
		}
	}
	attempts = adopted
	for _, family := range families {
		others, err := r.others(ctx, family, attempts)
		if err == nil && len(others) > 0 {
			attempts, err = r.Yield(ctx, family, others, attempts, r.Plan.End.Deadline(began))
		}
		if err != nil {
			return attempts, began, err
		}
	}
	return attempts, began, nil
}

// others returns the running tasks of a family. It leaves out the tasks in attempts and the tasks
// of services.
func (r Turn) others(ctx context.Context, family string, attempts []outcome.Attempt) ([]types.Task, error) {
	active, err := r.ECS.Active(ctx, family)
	if err != nil {
		return nil, err
	}
	var own []string
	for _, a := range attempts {
		own = append(own, task.ARNs(a.Tasks)...)
	}
	return Others(active, own), nil
}

// Others returns the tasks that no service started and whose ARNs are not in own. The earliest
// task comes first.
func Others(tasks []types.Task, own []string) []types.Task {
	others := slices.DeleteFunc(slices.Clone(tasks), func(t types.Task) bool {
		return OfService(t) || slices.Contains(own, aws.ToString(t.TaskArn))
	})
	slices.SortFunc(others, Earlier)
	return others
}

// Yield does what if-running says about tasks of a family that come before the tasks of the run.
// It returns the attempts; with if-running: follow, it adds one for each job with tasks to follow.
// A zero deadline means no limit.
func (r Turn) Yield(ctx context.Context, family string, others []types.Task, attempts []outcome.Attempt,
	deadline time.Time) ([]outcome.Attempt, error) {
	switch r.Plan.IfRunning {
	case plan.IfRunningWait:
		return attempts, r.awaitEnd(ctx, family, others, attempts, deadline)
	case plan.IfRunningFollow:
		return r.follow(ctx, family, others, attempts)
	}
	return attempts, r.withCommands(&outcome.RunningError{Family: family, Tasks: taskTexts(others)}, others)
}

// withCommands adds the commands that describe and stop the first of the tasks.
func (r Turn) withCommands(e *outcome.RunningError, others []types.Task) error {
	arn := aws.ToString(others[0].TaskArn)
	return explain.WithHint(e, awscli.DescribeTask(r.Explain.Region, r.ECS.Cluster, arn)+"\n"+
		awscli.StopTask(r.Explain.Region, r.ECS.Cluster, arn))
}

// awaitEnd waits until no other task of a family runs. It also waits for tasks that start
// meanwhile. A zero deadline means no limit.
func (r Turn) awaitEnd(ctx context.Context, family string, others []types.Task, attempts []outcome.Attempt,
	deadline time.Time) error {
	began := time.Now()
	defer r.Emit(event.Waiting{})
	var named []string
	for wait := firstTurnWait; len(others) > 0; wait = min(wait*3/2, lastTurnWait) {
		for _, t := range others {
			if arn := aws.ToString(t.TaskArn); !slices.Contains(named, arn) {
				named = append(named, arn)
				r.Emit.Printf("waiting for the end of %s (if-running: wait)", TaskText(t))
			}
		}
		r.Emit(event.Waiting{What: fmt.Sprintf("the end of %s of family %s", event.Plural(len(others), "other task"),
			family), Since: began, Deadline: deadline})
		if !deadline.IsZero() {
			wait = min(wait, time.Until(deadline))
		}
		if wait <= 0 {
			return r.withCommands(&outcome.RunningError{Family: family, Tasks: taskTexts(others), Waited: true}, others)
		}
		if !sleep.For(ctx, wait) {
			return context.Cause(ctx)
		}
		now, err := r.others(ctx, family, attempts)
		switch {
		case err == nil:
			others = now
		case !awserr.Transient(err):
			return err
		default:
			r.Emit.Printf("asking ECS again after: %v", r.Explain.PlainRefusal(err))
		}
	}
	r.Emit.Printf("no other task of family %s runs any more, after %s", family, event.Duration(time.Since(began)))
	return nil
}

// follow returns attempts with one more for each job of a family whose tasks run already. It
// returns an error if a task has another definition or other settings than the jobs start.
func (r Turn) follow(ctx context.Context, family string, others []types.Task,
	attempts []outcome.Attempt) ([]outcome.Attempt, error) {
	taken := make([]outcome.Attempt, len(r.Plan.Jobs))
	var faults []string
	for _, t := range others {
		why := ""
		for i, job := range r.Plan.Jobs {
			if job.Definition.Family() != family {
				continue
			}
			c, err := r.compare(ctx, i, t)
			if err != nil {
				return attempts, err
			}
			if why = c.difference; why != "" {
				continue
			}
			if len(outcome.Deciding(attempts, i))+len(taken[i].Tasks) == job.Count {
				why = fmt.Sprintf("the step has its %s", event.Plural(job.Count, "task"))
				continue
			}
			taken[i].Tasks = append(taken[i].Tasks, c.states...)
			break
		}
		if why != "" {
			faults = append(faults, TaskText(t)+", which can't be followed: "+why)
		}
	}
	if len(faults) > 0 {
		return attempts, r.withCommands(&outcome.RunningError{Family: family, Tasks: faults, Followed: true}, others)
	}
	attempts = slices.Clone(attempts)
	for i, a := range taken {
		if len(a.Tasks) == 0 {
			continue
		}
		for _, state := range a.Tasks {
			r.Ledger.Followed(aws.ToString(state.TaskArn))
			r.Emit.Printf("following %s, which runs already (if-running: follow)", TaskText(state.Task))
		}
		a.Launch, a.Started, a.Adopted = outcome.Launch{Job: i, Count: len(a.Tasks)}, time.Now(), true
		attempts = append(attempts, a)
	}
	return attempts, nil
}
