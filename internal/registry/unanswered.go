package registry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awscli"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// found has the revisions that registrations may have created although ECS did not answer them.
type found struct {
	own   []string // ARNs of revisions that the step certainly registered
	maybe []string // ARNs of revisions that another run may have registered
}

// maxRevisionsChecked is how many of the newest revisions of a family are checked after ECS did
// not answer a registration.
const maxRevisionsChecked = 30

// unanswered returns the active revisions that a job's registrations may have created although ECS
// did not answer them. Such a revision has the same content, was registered during these attempts,
// and has no task, because this run starts no task of it. A revision is certainly the step's own
// if the step's principal registered it. If there are more of these than attempts, another run
// registered at least one of them, and none is certain.
func (r Registry) unanswered(ctx context.Context, job outcome.Registered) (f found, err error) {
	text := plan.TextOf(job.Definition)
	newest, answer, err := r.ECS.DescribeIfAny(ctx, text.Family)
	if err != nil || newest == nil {
		return f, err
	}
	launched, err := r.launchedRevisions(ctx, text.Family)
	if err != nil {
		return f, err
	}
	principal := ""
	if job.Created {
		principal = aws.ToString(job.Revision.RegisteredBy)
	} else if r.Principal != nil {
		principal = r.Principal(ctx)
	}
	for n := newest.Revision; n > 0 && n > newest.Revision-maxRevisionsChecked; n-- {
		revision := newest
		if n < newest.Revision {
			if revision, answer, err = r.ECS.DescribeIfAny(ctx, fmt.Sprintf("%s:%d", text.Family, n)); err != nil {
				return f, err
			} else if revision == nil { // deleted
				continue
			}
		}
		before, after := r.registeredOutside(job, revision)
		if before {
			break
		}
		arn := aws.ToString(revision.TaskDefinitionArn)
		active := revision.Status == types.TaskDefinitionStatusActive
		if r.Ledger.Has(arn) || launched[arn] || !active || !sameContent(text, answer) {
			continue
		}
		if by := aws.ToString(revision.RegisteredBy); after || by == "" || by != principal {
			f.maybe = append(f.maybe, arn)
		} else {
			f.own = append(f.own, arn)
		}
	}
	if len(f.own) > job.Unanswered.Attempts {
		f.own, f.maybe = nil, append(f.own, f.maybe...)
	}
	return f, nil
}

// launchedRevisions returns the ARNs of a family's revisions that have a task on the cluster, as
// far as ECS still lists the task.
func (r Registry) launchedRevisions(ctx context.Context, family string) (map[string]bool, error) {
	tasks, err := r.ECS.Listed(ctx, family)
	launched := map[string]bool{}
	for _, t := range tasks {
		launched[aws.ToString(t.TaskDefinitionArn)] = true
	}
	return launched, err
}

// sameContent reports whether answer, which describes a revision, has the same content as text.
func sameContent(text *taskdef.Definition, answer []byte) bool {
	same, err := text.SameAs(answer)
	return err == nil && same
}

// registeredOutside reports whether a revision was registered before the first attempt to register
// a job's definition, or long after the last. If ECS answered one attempt, both times are of AWS's
// clock. Otherwise the time of the revision is converted to this machine's clock.
func (r Registry) registeredOutside(job outcome.Registered, revision *types.TaskDefinition) (before, after bool) {
	const late = 10 * time.Second // how long AWS may still work on an attempt
	at, from, until := aws.ToTime(revision.RegisteredAt), job.Unanswered.From, job.Unanswered.Until
	if job.Created {
		until = aws.ToTime(job.Revision.RegisteredAt)
		from = until.Add(-job.Unanswered.Until.Sub(job.Unanswered.From))
	} else if r.Clock != nil {
		at = r.Clock(at)
	}
	// The second is slack: AWS returns its time in whole seconds.
	return at.Before(from.Add(-time.Second)), at.After(until.Add(late))
}

// logUnanswered names the revisions that ECS may have registered although it did not answer.
func (r Registry) logUnanswered(ctx context.Context, job outcome.Registered) {
	f, err := r.unanswered(ctx, job)
	for _, arn := range f.own {
		r.Emit.Printf("registered by an attempt that ECS did not answer: %s", arn)
	}
	for _, arn := range f.maybe {
		r.Emit.Printf("probably registered by an attempt that ECS did not answer: %s", arn)
	}
	if all := append(slices.Clone(f.own), f.maybe...); !r.CleansUp {
		r.logDeregisterCommands(all)
	}
	if err != nil || len(f.own)+len(f.maybe) == 0 {
		r.logListCommand(job)
	}
}

// logListCommand prints the command that lists the family's revisions.
func (r Registry) logListCommand(job outcome.Registered) {
	family := job.Definition.Family()
	r.Emit.Printf("a try to register %s had no answer; to look what ECS made of it:", family)
	r.Emit.Printf("  %s", awscli.ListRevisions(r.Explain.Region, family))
}

func (r Registry) logDeregisterCommands(arns []string) {
	for _, arn := range arns {
		r.Emit.Printf("  %s", awscli.Deregister(r.Explain.Region, arn))
	}
}

// FindUnanswered returns the ARNs of the revisions that the run certainly registered although ECS
// did not answer. It prints the other revisions that the run may have registered, with the
// commands that deregister them.
func (r Registry) FindUnanswered(ctx context.Context, jobs []outcome.Registered) ([]string, error) {
	var own []string
	for _, job := range jobs {
		if job.Unanswered.Attempts == 0 {
			continue
		}
		f, err := r.unanswered(ctx, job)
		if err != nil {
			r.logListCommand(job)
			return own, err
		}
		for _, arn := range f.own {
			r.Ledger.Registered(arn)
		}
		own = append(own, f.own...)
		for _, arn := range f.maybe {
			r.Emit.Printf("not deregistered, as another run may have registered it: %s", arn)
			r.logDeregisterCommands([]string{arn})
		}
	}
	return own, nil
}
