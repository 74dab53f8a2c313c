package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// launchTagged launches tasks. If AWS does not allow the tag that says who started
// them, they start without it: a run without tags of the user's needs no permission
// for tags.
func (s *runner) launchTagged(ctx context.Context, l cluster.Launch) (cluster.Launched, error) {
	launched, err := s.ECS.Launch(ctx, l)
	request, tagged := plan.WithoutTag(l.Request, ownership.Tag)
	if !tagged || len(launched.Tasks) > 0 || launched.Unconfirmed != "" || !awserr.Denied(err) {
		return launched, err
	}
	l.Request = request
	launched, again := s.ECS.Launch(ctx, l)
	if awserr.Denied(again) {
		return launched, err
	}
	s.Emit.Notice(event.Note{
		Text:   fmt.Sprintf("the tasks of %s have no tag %s, by which reattach, stop, reap and the post stage recognize them: %v", task.Name(l.Definition), ownership.Tag, s.Explain.PlainRefusal(err)),
		Advice: s.Explain.Advice(ctx, err, nil),
	})
	return launched, again
}

// Adopt returns attempts with the tasks that an earlier attempt of this very step of
// this CI run started and left running, so that they are not started again: at most as
// many as the jobs have. It says of every other task of the families why it is not
// followed.
func (r Runner) Adopt(ctx context.Context) ([]Attempt, error) {
	taken := map[string]bool{}
	var attempts []Attempt
	for i, job := range r.Plan.Jobs {
		found, err := r.ECS.OfFamily(ctx, job.Definition.Family())
		if err != nil {
			return attempts, err
		}
		slices.SortFunc(found, Earlier)
		a := Attempt{Launch: Launch{Job: i}, Started: time.Now(), Adopted: true}
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
				why = fmt.Sprintf("the step has its %s", Plural(job.Count, "task"))
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
	return cmp.Or(aws.ToTime(a.CreatedAt).Compare(aws.ToTime(b.CreatedAt)), cmp.Compare(aws.ToString(a.TaskArn), aws.ToString(b.TaskArn)))
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
func (r Runner) compare(ctx context.Context, job int, t types.Task) (comparison, error) {
	revision, answer, err := r.ECS.Describe(ctx, aws.ToString(t.TaskDefinitionArn))
	if err != nil {
		return comparison{}, err
	}
	c := comparison{states: r.states(job, cluster.Launched{Definition: revision, Tasks: []types.Task{t}})}
	c.difference, err = r.Plan.Jobs[job].DefinitionDifference(revision, answer)
	if err != nil {
		return comparison{}, err
	}
	if c.difference == "" {
		c.difference = plan.RequestDifference(r.Plan.Jobs[job].Request, t)
	}
	return c, nil
}
