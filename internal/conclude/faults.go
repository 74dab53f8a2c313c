package conclude

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/joined"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Faults returns the errors of the run with their probable causes: the tasks that failed by
// themselves, the error of the step, and its end by a signal or the timeout. A task that
// the step stopped did not fail by itself.
func (r Run) Faults(ctx context.Context, e explain.Explainer, ledger *ledger.Ledger) []event.Note {
	var all []event.Note
	add := func(note event.Note) {
		note.InWorkspace = r.Draft.InWorkspace(note.File)
		all = append(all, note)
	}
	var open []*task.State // when the step ended
	var source *taskdef.Definition
	for i, job := range r.Outcome.Plan.Jobs {
		for _, state := range r.Outcome.Deciding(i) {
			stopping := ledger.IsStopping(aws.ToString(state.TaskArn))
			if failedByItself(state, stopping) {
				add(e.Task(ctx, state, plan.TextOf(job.Definition)))
			}
			if isUnfinished(state, stopping) {
				if open = append(open, state); len(open) == 1 {
					source = plan.TextOf(job.Definition)
				}
			}
		}
	}
	unfinished := func(title, text string, end diagnose.End) {
		note := e.Unfinished(ctx, end, task.Goal(r.Config.SteadyState), open, source)
		note.Title, note.Text = title, text+note.Text
		add(note)
	}
	if r.Outcome.Cause == outcome.Cancelled {
		unfinished("cancelled", r.Outcome.Signal.Error(), diagnose.Cancelled)
		return all
	}
	timedOut, explained := r.Outcome.Cause == outcome.TimedOut, false
	for _, one := range joined.Errors(r.Outcome.Err) {
		if one == nil {
			continue
		}
		for _, note := range e.Error(ctx, one, r.Outcome.RevisionOf(one)) {
			if timedOut && endedByTimeout(one) {
				explained = true
				note.Title, note.Text = "timed out", timedOutText(r.Config)+": "+note.Text
			}
			add(note)
		}
	}
	if timedOut && !explained {
		unfinished("timed out", timedOutText(r.Config), "")
	}
	return all
}

// failedByItself reports whether a task failed for another reason than a stop by the step.
// stopping is true if ECS accepted the StopTask call of the step.
func failedByItself(state *task.State, stopping bool) bool {
	v := state.Verdict
	return v != nil && v.Outcome != verdict.Succeeded && (!stopping || v.Outcome == verdict.Failed)
}

// isUnfinished reports whether a task neither ended by itself nor reached the state that
// the step waits for.
func isUnfinished(state *task.State, stopping bool) bool {
	v := state.Verdict
	return !state.Reached && (v == nil || stopping && v.Outcome != verdict.Succeeded && v.Outcome != verdict.Failed)
}

// endedByTimeout reports whether a launch failed because the time was up.
func endedByTimeout(err error) bool {
	var failed *cluster.FailedLaunchError
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failed)
}
