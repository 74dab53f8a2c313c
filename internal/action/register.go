package action

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// register registers every definition that is not registered already, and
// counts the tasks of each family meanwhile. All are registered before the first
// is run, so that a refused one leaves nothing running.
func (s *step) register(ctx context.Context, jobs []*job) error {
	families := map[string][]*job{}
	var order []string
	for _, j := range jobs {
		family := s.familyOf(j)
		if families[family] == nil {
			order = append(order, family)
		}
		families[family] = append(families[family], j)
	}
	var counting sync.WaitGroup
	counting.Go(func() {
		each(order, countsAtOnce, func(family string) { s.count(ctx, family) })
	})
	each(order, registrationsAtOnce, func(family string) {
		for _, j := range families[family] { // registrations of one family collide
			if j.err = s.registerOne(ctx, j); j.err != nil {
				break
			}
		}
	})
	counting.Wait()
	return jobErrors(jobs)
}

// familyOf returns the family of a job's definition.
func (s *step) familyOf(j *job) string {
	if j.source != nil {
		return j.source.Family
	}
	return familyOfName(s.config.Definition)
}

func (s *step) registerOne(ctx context.Context, j *job) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if j.definition != nil {
		return nil // found, or that of tasks that were found running
	}
	if s.config.ReuseRevision && s.reuse(ctx, j) {
		return nil
	}
	s.console.Printf("registering %s", j.source.Family)
	began := time.Now()
	definition, unheard, err := s.runner.Register(ctx, j.source.Family, j.source.Body)
	if definition != nil {
		j.definition, j.registered = definition, true
		s.made.registered(aws.ToString(definition.TaskDefinitionArn))
		s.console.Printf("registered %s: %s", task.Name(definition), aws.ToString(definition.TaskDefinitionArn))
	}
	if unheard {
		s.nameUnheard(ctx, j, time.Since(began))
	}
	return err
}

// nameUnheard names the revisions that ECS may have registered for the job without
// the step hearing of it: those just before its own that are the same, and as new
// as its tries, which took some time. They are not taken for the step's own: so
// would another run's be.
func (s *step) nameUnheard(ctx context.Context, j *job, took time.Duration) {
	named := false
	if j.definition != nil {
		revisions, _ := s.runner.Revisions(ctx, j.source.Family)
		for _, arn := range revisions {
			if arn == aws.ToString(j.definition.TaskDefinitionArn) {
				continue
			}
			definition, answer, err := s.runner.Describe(ctx, arn)
			if err != nil || aws.ToTime(definition.RegisteredAt).Before(aws.ToTime(j.definition.RegisteredAt).Add(-took-time.Second)) {
				break
			}
			if same, err := j.source.SameAs(answer); err == nil && same {
				named = true
				s.console.Printf("registered as well, it seems, in a try without an answer: %s", arn)
			}
		}
	}
	if !named {
		s.console.Printf("a try to register %s had no answer; to look what ECS made of it:", j.source.Family)
		s.console.Printf("  aws ecs list-task-definitions --region %s --family-prefix %s --sort DESC", s.clients.config.Region, j.source.Family)
	}
}

// reuse takes the newest active revision for the job if it is the same
// definition.
func (s *step) reuse(ctx context.Context, j *job) bool {
	newest, answer, err := s.runner.Newest(ctx, j.source.Family)
	same := false
	if err == nil && newest != nil {
		same, err = j.source.SameAs(answer)
	}
	if err != nil {
		s.console.Notice(report.Note{
			Text:   fmt.Sprintf("%s is registered anew, as it could not be compared: %v", j.source.Family, s.clients.refusal(ctx, err)),
			Advice: s.explainError(ctx, err, j),
		})
	}
	if same {
		j.definition = newest
		s.console.Printf("not registering %s, as it is the same as %s: %s", j.source.Family, task.Name(newest), aws.ToString(newest.TaskDefinitionArn))
	}
	return same
}

// count tells how many tasks of the family there are. It is told for the user's
// information only, so that not being allowed to know is no error.
func (s *step) count(ctx context.Context, family string) {
	population, err := s.runner.Count(ctx, family)
	if err != nil {
		if ctx.Err() == nil {
			s.console.Notice(report.Note{
				Text:   fmt.Sprintf("the tasks of family %s were not counted: %v", family, s.clients.refusal(ctx, err)),
				Advice: s.explainError(ctx, err, nil),
			})
		}
		return
	}
	total := population.Running + population.Stopped
	s.console.Printf("%s found in task family %s: %d running, %d stopped", plural(total, "task"), family, population.Running, population.Stopped)
}

// reattach gives jobs the tasks that an earlier attempt of this run started and
// left running, so that they are not started again.
func (s *step) reattach(ctx context.Context, jobs []*job) error {
	taken := map[string]bool{}
	for _, j := range jobs {
		found, err := s.runner.OfFamily(ctx, s.familyOf(j))
		if err != nil {
			return err
		}
		for _, t := range found {
			arn := aws.ToString(t.TaskArn)
			if j.missing == 0 || taken[arn] || !s.ofEarlierAttempt(t) {
				continue
			}
			taken[arn] = true
			if err := s.follow(ctx, j, t); err != nil {
				return err
			}
		}
		if j.missing == 0 {
			j.definition = j.states[0].Definition
		}
	}
	return nil
}

// ofEarlierAttempt reports whether this step of this run has started the task.
func (s *step) ofEarlierAttempt(t types.Task) bool {
	startedBy := aws.ToString(t.StartedBy)
	if s.config.StartedBy != "" {
		return startedBy == s.config.StartedBy
	}
	n, ok := parseName(startedBy)
	return ok && s.ci.ID != "" && n.earlier(nameOf(s.ci, s.config.Matrix))
}

// follow takes a running task for one that the job is to start. It has the
// definition that it was started of, which may be another by now.
func (s *step) follow(ctx context.Context, j *job, t types.Task) error {
	definition, answer, err := s.runner.Describe(ctx, aws.ToString(t.TaskDefinitionArn))
	if err != nil {
		return err
	}
	j.states = append(j.states, task.States(task.Launched{Definition: definition, Tasks: []types.Task{t}})...)
	j.missing--
	arn := aws.ToString(t.TaskArn)
	s.saved = append(s.saved, arn)
	s.made.started(arn)
	s.console.Printf("following task %.8s of %s, which an earlier attempt started: %s", task.ID(arn), task.Name(definition), arn)
	if j.source == nil {
		return nil
	}
	if same, err := j.source.SameAs(answer); err == nil && !same {
		s.console.Warning(report.Note{
			Title: "definition has changed",
			Text:  fmt.Sprintf("task %.8s runs %s, which is not the same as %s is now", task.ID(arn), task.Name(definition), j.source.Place.Name),
			Hint:  "stop it, or set reattach to false, to run the new one",
		})
	}
	return nil
}

// familyOfName returns the family in the name of a registered definition, which
// is family, family:revision or ARN.
func familyOfName(name string) string {
	family, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return family
}
