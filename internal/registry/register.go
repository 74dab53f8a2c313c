// Package registry registers the definitions of a plan. After the verdict it deregisters
// revisions: those that the run registered, also if ECS did not answer, and older ones of the same
// families.
package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/parallel"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// registrationsAtOnce and countsAtOnce are how many registrations, and how many counts of a
// family's tasks, run at the same time. AWS throttles an account by token buckets of 20
// registrations and of 100 reads of a cluster.
const (
	registrationsAtOnce = 20
	countsAtOnce        = 20
)

// Register registers every definition that is not registered already. Meanwhile it counts the
// tasks of each family. It registers all definitions before the first task starts, so that a
// refused definition leaves nothing running. If all tasks of a job were adopted, the job has the
// definition of those tasks. The error joins the errors of all jobs.
func (r Registry) Register(ctx context.Context, adopted []outcome.Attempt) ([]outcome.Registered, error) {
	jobs := make([]outcome.Registered, len(r.Plan.Jobs))
	families := map[string][]int{}
	var order []string
	for i, job := range r.Plan.Jobs {
		jobs[i] = outcome.Registered{Job: job}
		switch d := job.Definition.(type) {
		case plan.Existing:
			jobs[i].Revision = d.Revision
		}
		if tasks := outcome.Deciding(adopted, i); len(tasks) == job.Count {
			jobs[i].Revision = tasks[0].Definition
		}
		family := job.Definition.Family()
		if families[family] == nil {
			order = append(order, family)
		}
		families[family] = append(families[family], i)
	}
	var counting sync.WaitGroup
	counting.Go(func() {
		parallel.Each(len(order), countsAtOnce, func(i int) { r.count(ctx, order[i]) })
	})
	parallel.Each(len(order), registrationsAtOnce, func(f int) {
		for _, i := range families[order[f]] { // concurrent registrations of one family conflict
			if jobs[i] = r.registerOne(ctx, jobs[i]); jobs[i].Err != nil {
				break
			}
		}
	})
	counting.Wait()
	var faults []error
	for _, job := range jobs {
		faults = append(faults, job.Err)
	}
	return jobs, errors.Join(faults...)
}

func (r Registry) registerOne(ctx context.Context, job outcome.Registered) outcome.Registered {
	d, ok := job.Definition.(plan.ToRegister)
	if job.Err = context.Cause(ctx); job.Err != nil || job.Revision != nil || !ok {
		return job
	}
	if r.Reuse {
		if job.Revision = r.reuse(ctx, d.Text); job.Revision != nil {
			return job
		}
	}
	r.Emit.Printf("registering %s", d.Text.Family)
	began := time.Now()
	revision, unanswered, err := r.ECS.Register(ctx, d.Text.Family, d.Text.Body)
	job.Unanswered = outcome.UnansweredRegistration{Attempts: unanswered, From: began, Until: time.Now()}
	job.Revision, job.Created, job.Err = revision, revision != nil, err
	if revision != nil {
		r.Ledger.Registered(aws.ToString(revision.TaskDefinitionArn))
		r.Emit.Printf("registered %s: %s", task.Name(revision), aws.ToString(revision.TaskDefinitionArn))
	}
	if unanswered > 0 {
		r.logUnanswered(ctx, job)
	}
	return job
}

// reuse returns the newest active revision if it is the same definition. Otherwise, and if the
// comparison fails, it returns nil.
func (r Registry) reuse(ctx context.Context, text *taskdef.Definition) *types.TaskDefinition {
	newest, answer, err := r.ECS.Newest(ctx, text.Family)
	same := false
	if err == nil && newest != nil {
		same, err = text.SameAs(answer)
	}
	if err != nil {
		r.Emit.Notice(event.Note{
			Text: fmt.Sprintf("%s is registered anew, as it could not be compared: %v", text.Family,
				r.Explain.Refusal(ctx, err)),
			Advice: r.Explain.Advice(ctx, err, nil),
		})
	}
	if !same {
		return nil
	}
	r.Emit.Printf("not registering %s, as it is the same as %s: %s", text.Family, task.Name(newest),
		aws.ToString(newest.TaskDefinitionArn))
	return newest
}

// count prints how many tasks of the family exist. This is only information for the user, so a
// missing permission is not an error.
func (r Registry) count(ctx context.Context, family string) {
	population, err := r.ECS.Count(ctx, family)
	if err != nil {
		switch {
		case ctx.Err() != nil:
		case explain.Unanswered(err): // the registration reports this in more detail
			r.Emit.Notice(event.Note{Text: fmt.Sprintf("the tasks of family %s were not counted: ECS did not answer", family)})
		default:
			r.Emit.Notice(event.Note{
				Text:   fmt.Sprintf("the tasks of family %s were not counted: %v", family, r.Explain.Refusal(ctx, err)),
				Advice: r.Explain.Advice(ctx, err, nil),
			})
		}
		return
	}
	total := population.Running + population.Stopped
	r.Emit.Printf("%s found in task family %s: %d running, %d stopped", event.Plural(total, "task"), family,
		population.Running, population.Stopped)
}
