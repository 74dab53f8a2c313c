package turn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Adopt returns attempts with the tasks that an earlier attempt of the same step of the same CI
// run started and left running, so that the step does not start them again. It adopts at most as
// many tasks as each job has. For every other task of the families it prints why the step does not
// follow it.
func (r Turn) Adopt(ctx context.Context) ([]outcome.Attempt, error) {
	taken := map[string]bool{}
	var attempts []outcome.Attempt
	for i, job := range r.Plan.Jobs {
		found, err := r.ECS.OfFamily(ctx, job.Definition.Family())
		if err != nil {
			return attempts, err
		}
		slices.SortFunc(found, Earlier)
		a := outcome.Attempt{Launch: outcome.Launch{Job: i}, Started: time.Now(), Adopted: true}
		for _, t := range found {
			arn := aws.ToString(t.TaskArn)
			if taken[arn] || OfService(t) {
				continue
			}
			var c comparison
			why := NotAdopted(r.Owner, t)
			if why == "" {
				if c, err = r.compare(ctx, i, t); err != nil {
					return attempts, err
				}
				why = c.difference
			}
			if why == "" && a.Count == job.Count {
				why = fmt.Sprintf("the step has its %s", event.Plural(job.Count, "task"))
			}
			if why != "" {
				r.Emit.Printf("not following task %.8s of %s: %s", task.ID(arn), definitionOf(t), why)
				continue
			}
			taken[arn] = true
			r.Ledger.Adopted(arn)
			r.Emit.Printf("following task %.8s of %s, which an earlier attempt started: %s", task.ID(arn), definitionOf(t), arn)
			a.Tasks, a.Count = append(a.Tasks, c.states...), a.Count+1
		}
		if a.Count > 0 {
			attempts = append(attempts, a)
		}
	}
	return attempts, nil
}

// NotAdopted says why a task was not started by this step of this CI run. It returns an empty
// string if this step started the task. own is the zero value outside of a CI.
func NotAdopted(own ownership.Owner, t types.Task) string {
	mark := markOf(t)
	switch {
	case own == ownership.Owner{}:
		return "outside of a CI nothing says which step started it"
	case !mark.Known:
		return startedByText(t) + ", and has no tag " + ownership.Tag + " of this step"
	case !mark.Owner.SameStep(own):
		return "another step or run started it (" + startedByText(t) + ")"
	}
	return ""
}
