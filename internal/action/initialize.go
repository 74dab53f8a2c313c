package action

import (
	"cmp"
	"context"
	"path/filepath"

	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/scaffold"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// initialize runs the command init and returns its exit status.
func initialize(ctx context.Context, env Env, console *report.Report, c input.Init) int {
	in := newInvocation(env, console, input.Config{AWS: input.AWS{AWSAccess: c.AWSAccess}})
	fail := func(err error) int {
		in.printFaults(explain.Notes(err))
		return conclude.ExitError
	}
	workspace, err := env.Getwd()
	if err != nil {
		return fail(err)
	}
	family := cmp.Or(c.Family, scaffold.Family(filepath.Base(workspace)))
	var definition *scaffold.Definition
	if c.From != "" {
		registered, err := in.registeredDefinition(ctx, c.From)
		if err != nil {
			return fail(err)
		}
		family = cmp.Or(c.Family, registered.Family)
		definition = scaffold.Editable(registered.Node, family)
	}
	if err := scaffold.Write(workspace, family, definition, env.Stdout); err != nil {
		return fail(err)
	}
	return conclude.ExitSuccess
}

// registeredDefinition reads a registered definition from ECS. name is its family,
// family:revision or ARN.
func (in invocation) registeredDefinition(ctx context.Context, name string) (*taskdef.Definition, error) {
	clients, err := in.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer clients.Close()
	revision, answer, err := in.ecs(clients).FindText(ctx, name)
	if err != nil {
		return nil, in.explainer(clients, nil).Refusal(ctx, err)
	}
	return plan.ReadDescribed(task.Name(revision), answer, taskdef.Options{UnknownMembers: "pass"}, in.console.Emit)
}
