package turn

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Adopt returns attempts with the tasks that an earlier attempt of this very step of
// this CI run started and left running, so that they are not started again: at most as
// many as the jobs have. It says of every other task of the families why it is not
// followed.
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

// NotAdopted says why a task is not one that this step of this CI run has started:
// empty if it is. The owner is the zero value outside of a CI.
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

func markOf(t types.Task) ownership.Mark {
	return ownership.MarkOf(aws.ToString(t.StartedBy), task.Tag(t, ownership.Tag))
}

// definitionOf returns family:revision of a task.
func definitionOf(t types.Task) string {
	definition := aws.ToString(t.TaskDefinitionArn)
	return definition[strings.LastIndexByte(definition, '/')+1:]
}

func startedByText(t types.Task) string {
	if startedBy := aws.ToString(t.StartedBy); startedBy != "" {
		return "it is started by " + startedBy
	}
	return "it does not say who started it"
}

// Earlier orders tasks by the time when they were created, and then by their ARNs.
func Earlier(a, b types.Task) int {
	return cmp.Or(aws.ToTime(a.CreatedAt).Compare(aws.ToTime(b.CreatedAt)),
		cmp.Compare(aws.ToString(a.TaskArn), aws.ToString(b.TaskArn)))
}

// OfService reports whether a service started a task.
func OfService(t types.Task) bool {
	return strings.HasPrefix(aws.ToString(t.Group), "service:") || strings.HasPrefix(aws.ToString(t.StartedBy), "ecs-svc/")
}

// comparison is a running task held against a job.
type comparison struct {
	states     []*task.State // of the task alone
	difference string        // from what the job starts; empty if there is none
}

// compare holds a running task against a job. Its states are those to watch it by in
// place of one that the job is to start.
func (r Turn) compare(ctx context.Context, job int, t types.Task) (comparison, error) {
	revision, answer, err := r.ECS.Describe(ctx, aws.ToString(t.TaskDefinitionArn))
	if err != nil {
		return comparison{}, err
	}
	c := comparison{states: r.States(job, cluster.Launched{Definition: revision, Tasks: []types.Task{t}})}
	c.difference, err = definitionDifference(r.Plan.Jobs[job], revision, answer)
	if err != nil {
		return comparison{}, err
	}
	if c.difference == "" {
		c.difference = RequestDifference(r.Plan.Jobs[job].Request, t)
	}
	return c, nil
}
