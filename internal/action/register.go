package action

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-run-task/internal/report"
	"ecs-run-task/internal/task"
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
	each(order, registrationsAtOnce, func(family string) {
		counted := make(chan struct{})
		go func() {
			defer close(counted)
			s.count(ctx, family)
		}()
		for _, j := range families[family] { // registrations of one family collide
			if j.err = s.registerOne(ctx, j); j.err != nil {
				break
			}
		}
		<-counted
	})
	return jobErrors(jobs)
}

// familyOf returns the family of a job's definition, which may be named by
// family, family:revision or ARN.
func (s *step) familyOf(j *job) string {
	if j.source != nil {
		return j.source.Family
	}
	name := s.config.Definition
	family, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return family
}

func (s *step) registerOne(ctx context.Context, j *job) (err error) {
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
	j.definition, err = s.runner.Register(ctx, j.source.Family, j.source.Body)
	if j.definition != nil {
		j.registered = true
		s.console.Printf("registered %s: %s", task.Name(j.definition), aws.ToString(j.definition.TaskDefinitionArn))
	}
	return err
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
	found, err := s.runningOfRun(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		family := s.familyOf(j)
		mine := slices.DeleteFunc(slices.Clone(found), func(t types.Task) bool { return familyOfARN(aws.ToString(t.TaskDefinitionArn)) != family })
		if len(mine) == 0 {
			continue
		}
		found = slices.DeleteFunc(found, func(t types.Task) bool { return familyOfARN(aws.ToString(t.TaskDefinitionArn)) == family })
		mine = mine[:min(len(mine), j.missing)]
		if j.definition, err = s.runner.Find(ctx, aws.ToString(mine[0].TaskDefinitionArn)); err != nil {
			return err
		}
		j.states = task.States(task.Launched{Definition: j.definition, Tasks: mine})
		j.missing -= len(mine)
		for _, state := range j.states {
			s.saved = append(s.saved, aws.ToString(state.TaskArn))
			s.made.add(aws.ToString(state.TaskArn))
			s.console.Printf("following task %s of %s, which an earlier attempt started: %s", short(state), task.Name(j.definition), aws.ToString(state.TaskArn))
		}
	}
	return nil
}

// runningOfRun returns the running tasks of this step in this and earlier
// attempts of the run.
func (s *step) runningOfRun(ctx context.Context) ([]types.Task, error) {
	if s.config.StartedBy != "" {
		return s.runner.StartedBy(ctx, s.config.StartedBy)
	}
	if s.ci.ID == "" {
		return nil, nil
	}
	attempt, _ := strconv.Atoi(s.ci.Attempt)
	var found []types.Task
	for ; ; attempt-- {
		name := startedBy(s.ci, strconv.Itoa(max(attempt, 1)), s.config.Matrix)
		tasks, err := s.runner.StartedBy(ctx, name)
		if err != nil {
			return nil, err
		}
		found = append(found, tasks...)
		if attempt <= 1 {
			return found, nil
		}
	}
}

func familyOfARN(arn string) string {
	family, _, _ := strings.Cut(arn[strings.LastIndexByte(arn, '/')+1:], ":")
	return family
}
