package action

import (
	"cmp"
	"context"

	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/policy"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
)

// policy prints the IAM policy that a run with the same inputs needs, and returns the exit
// status. It calls AWS only to read the content of a registered definition.
func (in invocation) policy(ctx context.Context) int {
	var clients *session.Clients
	var draft plan.Draft
	fail := func(err error) int {
		for _, note := range explain.Notes(in.explainer(clients, nil).Refusal(ctx, err)) {
			note.InWorkspace = draft.InWorkspace(note.File)
			in.console.Error(note)
		}
		return conclude.ExitError
	}
	env := in.planEnv()
	env.NothingRuns = true
	draft, err := plan.Load(ctx, in.config, env, in.console.Emit)
	if err != nil {
		return fail(err)
	}
	region := plan.Region(in.config, in.env.getenv)
	if in.config.Registered() {
		if clients, err = in.connect(ctx); err != nil {
			return fail(err)
		}
		defer clients.Close()
		region = cmp.Or(region, clients.Config.Region)
		if draft, err = draft.ResolveDefinitions(ctx, clients, in.console.Emit); err != nil {
			return fail(err)
		}
	}
	var tasks []policy.Task
	for _, job := range draft.Jobs {
		_, exists := job.Definition.(plan.Existing)
		tasks = append(tasks, policy.Task{
			Definition: plan.TextOf(job.Definition), Registered: exists, Described: in.config.Registered(),
			Settings: job.Settings, Request: job.Request,
		})
	}
	text, err := policy.JSON(policy.For(in.config, region, tasks))
	if err != nil {
		return fail(err)
	}
	in.env.Stdout.Write(text)
	return conclude.ExitSuccess
}
