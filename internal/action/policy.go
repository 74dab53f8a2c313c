package action

import (
	"cmp"
	"context"

	"github.com/ecs-run-task/ecs-run-task/internal/policy"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// policy prints the IAM policy that a run with the same inputs needs. AWS is
// asked only about a definition that is registered already: nothing else says
// what it holds.
func (s *step) policy(ctx context.Context) int {
	fail := func(err error) int {
		if s.clients != nil {
			err = s.clients.refusal(ctx, err)
		}
		for _, note := range notes(err) {
			s.console.Error(s.placed(note))
		}
		return ExitError
	}
	s.mask()
	jobs, err := s.load(ctx)
	if err != nil {
		return fail(err)
	}
	region := cmp.Or(s.config.Region, s.env.getenv("AWS_REGION"), s.env.getenv("AWS_DEFAULT_REGION"))
	var tasks []policy.Task
	for _, j := range jobs {
		registered := j.source == nil
		if registered {
			if err := s.lookAt(ctx, j); err != nil {
				return fail(err)
			}
			region = cmp.Or(region, s.clients.config.Region)
		}
		definition := cmp.Or(j.source, j.described)
		tasks = append(tasks, policy.Task{
			Definition: definition, Registered: j.source == nil, Looked: registered,
			Settings: j.settings, Request: j.request,
		})
	}
	text, err := policy.JSON(policy.For(s.config, region, tasks))
	if err != nil {
		return fail(err)
	}
	s.env.Stdout.Write(text)
	return ExitGood
}

// lookAt finds a registered definition and reads what it holds.
func (s *step) lookAt(ctx context.Context, j *job) (err error) {
	if s.clients, err = s.connect(ctx); err != nil {
		return err
	}
	defer s.clients.close()
	s.runner = task.Runner{API: s.clients.ecs, Cluster: s.config.Cluster}
	if err := s.findText(ctx, j); err != nil {
		return err
	}
	return s.makeRequest(j, nil)
}
