// Package conclude computes the result of a run: the status, the exit status of the step,
// its errors and its outputs. It prints nothing, and calls AWS only for look-ups that
// explain an error.
package conclude

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/changes"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Run describes a step, as far as it got.
type Run struct {
	Config   input.Config
	Draft    plan.Draft
	Compared []changes.Comparison
	Requests []plan.Request // of a dry run
	Outcome  outcome.Outcome
}

// Result returns the result of the run, without errors and outputs.
func (r Run) Result(e explain.Explainer) result.Result {
	c, out := r.Config, r.Outcome
	res := result.Result{
		Status: result.Succeeded, Commit: r.Draft.Commit, Registered: out.Registered(), Compared: comparisons(r.Compared),
		Local: c.Local != "", Ended: time.Now(), Rule: verdict.Rule{All: c.VerdictAll(), Names: c.VerdictNames()},
		Cluster: c.Cluster, Region: cmp.Or(e.Region, c.Region),
	}
	for _, i := range out.NotRun {
		res.NotRun = append(res.NotRun, task.Name(out.Revision(i)))
	}
	for _, job := range r.Draft.Jobs {
		if family := job.Definition.Family(); !slices.Contains(res.Families, family) {
			res.Families = append(res.Families, family)
		}
	}
	for _, request := range r.Requests {
		res.Requests = append(res.Requests, result.Request(request))
	}
	var failed *task.State
	open, reached := 0, 0
	for i := range out.Plan.Jobs {
		if revision := out.Revision(i); revision != nil {
			res.Definitions = append(res.Definitions, revision)
		}
		deciding := out.Deciding(i)
		res.Tasks = append(append(res.Tasks, out.Replaced(i)...), deciding...)
		for _, state := range out.Replaced(i) {
			res.Replaced = append(res.Replaced, aws.ToString(state.TaskArn))
		}
		res.Failures = append(res.Failures, out.Failures(i)...)
		for _, state := range deciding {
			if failed == nil && state.Verdict != nil && state.Verdict.Outcome != verdict.Succeeded {
				failed = state
			}
			if !state.Done() {
				open++
			}
			if state.Reached {
				reached++
			}
		}
	}
	end := func(status result.Status, code int, reason string) result.Result {
		res.Status, res.ExitCode, res.Reason = status, code, reason
		return res
	}
	switch out.Cause {
	case outcome.Cancelled:
		return end(result.Cancelled, SignalStatus(out.Signal.Signal), out.Signal.Error())
	case outcome.TimedOut:
		return end(result.TimedOut, ExitTimedOut, timedOutText(c))
	case outcome.Failed:
		return end(result.Errored, ExitError, explain.WithoutSDK(firstLine(e.PlainRefusal(out.Err))))
	}
	switch {
	case failed != nil:
		reason := fmt.Sprintf("task %s of %s: %s", task.ShortID(failed), task.Name(failed.Definition), failed.Verdict.Reason)
		return end(result.Failed, exitCode(failed.Verdict.ExitCode), reason)
	case c.DryRun:
		return end(result.DryRun, ExitSuccess, "nothing was changed")
	case !out.Plan.End.Waits() && open > 0 && c.Local != "":
		return end(result.Started, ExitSuccess, "started, and not waited for: tasks of a local run are stopped when it ends")
	case !out.Plan.End.Waits() && open > 0:
		return end(result.Started, ExitSuccess, "started, and not waited for")
	case out.Plan.End.Servers() && reached > 0:
		reason := "every task is " + c.SteadyState
		if reached < len(res.Tasks) {
			reason = fmt.Sprintf("%d of %s %s; the others had already ended with code 0",
				reached, event.Plural(len(res.Tasks), "task"), c.SteadyState)
		}
		return end(result.Status(c.SteadyState), ExitSuccess, reason)
	case out.Plan.End.Servers():
		reason := "not " + c.SteadyState + ": every deciding container had already ended with code 0"
		return end(result.Succeeded, ExitSuccess, reason)
	}
	return end(result.Succeeded, ExitSuccess, "every deciding container ended with code 0")
}

// comparisons returns the comparisons without an error.
func comparisons(all []changes.Comparison) []result.Comparison {
	var list []result.Comparison
	for _, c := range all {
		if c.Err == nil {
			differences := append([]taskdef.Change{}, c.Changes...) // JSON [] instead of null
			list = append(list, result.Comparison{Family: c.Family, Against: c.Against, Changes: differences})
		}
	}
	return list
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func timedOutText(c input.Config) string { return fmt.Sprintf("timed out after %s", c.Timeout) }
