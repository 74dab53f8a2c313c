// Package registry registers the definitions of a plan, and deregisters revisions after the
// verdict: those that the run has registered, also without an answer, and older ones.
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
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// How many registrations, and counts of a family's tasks, are under way at the same
// time. AWS gives an account a bucket of 20 registrations, and of 100 reads of a
// cluster.
const (
	registrationsAtOnce = 20
	countsAtOnce        = 20
)

// Register registers every definition that is not registered already, and counts the
// tasks of each family meanwhile. All are registered before the first is run, so that
// a refused one leaves nothing running. A job all of whose tasks were adopted keeps
// the definition of those.
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
		each(order, countsAtOnce, func(family string) { r.count(ctx, family) })
	})
	each(order, registrationsAtOnce, func(family string) {
		for _, i := range families[family] { // registrations of one family collide
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

// each calls do for every item, so many at once, and returns when all are done.
func each[T any](items []T, atOnce int, do func(T)) {
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, item := range items {
		places <- struct{}{}
		group.Go(func() {
			do(item)
			<-places
		})
	}
	group.Wait()
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

// reuse returns the newest active revision if it is the same definition, else nil.
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

// count says how many tasks of the family there are. That is for the user's
// information only, so that not being allowed to know is no error.
func (r Registry) count(ctx context.Context, family string) {
	population, err := r.ECS.Count(ctx, family)
	if err != nil {
		switch {
		case ctx.Err() != nil:
		case explain.Unanswered(err): // the registration says more of that
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
