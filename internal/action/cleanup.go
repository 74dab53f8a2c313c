package action

import (
	"context"
	"errors"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/awscli"
	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
)

// cleanUp deregisters revisions after the verdict if the inputs select a clean-up, whether or
// not the run succeeded. It prints errors, which do not fail the step.
func (in invocation) cleanUp(ctx context.Context, x execution, l *ledger.Ledger, res result.Result) {
	choice := in.cleanUpChoice()
	if x.clients == nil || !choice.Any() {
		return
	}
	limited, cancel := context.WithCancel(ctx)
	if signal := shutdown.Interruption(ctx); signal != nil {
		limited, cancel = context.WithDeadline(context.WithoutCancel(ctx), shutdown.NewBudget(signal.At, true).CleanUp)
	}
	defer cancel()
	revisions := in.registry(in.stage(x, l), x.clients)
	failed, registered := res.ExitCode != conclude.ExitSuccess, res.Registered
	succeeded := x.Outcome.Succeeded()
	var err error
	if choice.All(failed) {
		var found []string
		found, err = revisions.FindUnanswered(limited, x.Outcome.Jobs)
		registered = append(slices.Clip(registered), found...)
	}
	if err == nil {
		err = revisions.CleanUp(limited, choice, failed, registered, succeeded)
	}
	late := err != nil && (limited.Err() != nil || errors.Is(err, context.DeadlineExceeded))
	if saved := choice.All(true) && !x.clients.Local; saved && !late {
		in.publisher().SaveRevisions(nil) // the post stage has nothing to do
	}
	if err == nil {
		return
	}
	switch {
	case late && choice.All(failed) && in.console.HasState():
		in.console.Printf("not cleaned up as a whole, as there is no time left; the post stage goes on")
	case late:
		in.console.Printf("not cleaned up as a whole, as there is no time left")
	default:
		for _, note := range in.explainer(x.clients, x.logs).Error(ctx, err, nil) {
			note.Title = "not cleaned up"
			in.console.Warning(note)
		}
	}
	for _, e := range l.Entries() {
		switch {
		case e.State != ledger.Registered:
		case slices.Contains(succeeded, e.ARN): // it may be the last good one of its family
			in.console.Printf("this step registered %s, whose task succeeded, and has not deregistered it", e.ARN)
		default:
			in.console.Printf("this step registered %s and has not deregistered it:", e.ARN)
			in.console.Printf("  %s", awscli.Deregister(x.clients.Config.Region, e.ARN))
		}
	}
}
