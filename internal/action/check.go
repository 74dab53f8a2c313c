package action

import (
	"context"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/changes"
	"github.com/ecs-run-task/ecs-run-task/internal/check"
	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// checkFiles runs the command check and returns its exit status. It calls ECS only to show what
// the definitions change.
func checkFiles(ctx context.Context, env Env, console *report.Report, c input.Check) int {
	in := newInvocation(env, console, input.Config{Values: c.Values, Definitions: input.Definitions{
		FilePaths: c.Files, Family: c.Family, UnknownMembers: c.UnknownMembers,
	}, AWS: input.AWS{AWSAccess: c.AWSAccess}})
	found, definitions, good := check.Files(ctx, in.config, in.planEnv(), c.Explain, console.Emit)
	if err := (check.Printer{Console: console, Out: env.Stdout, Getenv: env.getenv}).Print(found, c.Format); err != nil {
		console.Error(event.Note{Text: err.Error()})
		return conclude.ExitError
	}
	if c.Diff && !in.showChanges(ctx, definitions) {
		return conclude.ExitError
	}
	if !good {
		return conclude.ExitFaults
	}
	return conclude.ExitSuccess
}

// showChanges prints what definitions change in ECS. It returns false if it fails for any
// definition.
func (in invocation) showChanges(ctx context.Context, definitions []*taskdef.Definition) bool {
	clients, err := in.connect(ctx)
	if err != nil {
		in.printFaults(explain.Notes(err))
		return false
	}
	defer clients.Close()
	comparing := changes.Start(ctx, in.ecs(clients), definitions, in.explainer(clients, nil), in.console.Emit)
	comparing.Finish(ctx, nil)
	return !slices.ContainsFunc(comparing.Wait(), func(c changes.Comparison) bool { return c.Err != nil })
}
