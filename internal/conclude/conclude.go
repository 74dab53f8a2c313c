// Package conclude judges a run as a whole: its result, with the exit status of the step,
// and what went wrong. It is pure but for the look-ups that explain an error.
package conclude

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/changes"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Run is what a step did, as far as it came.
type Run struct {
	Config   input.Config
	Draft    plan.Draft
	Compared []changes.Comparison
	Requests []plan.Request // of a dry run
	Outcome  run.Outcome
}

// Result is the one verdict over everything.
func (r Run) Result(e explain.Explainer) report.Result {
	c, out := r.Config, r.Outcome
	result := report.Result{
		Status: report.Succeeded, Commit: r.Draft.Commit, Registered: out.Registered(), Compared: comparisons(r.Compared),
		Local: c.Local != "", Ended: time.Now(), Rule: task.Rule{All: c.VerdictAll(), Names: c.VerdictNames()},
		Cluster: c.Cluster, Region: cmp.Or(e.Region, c.Region),
	}
	for _, i := range out.NotRun {
		result.NotRun = append(result.NotRun, task.Name(out.Revision(i)))
	}
	for _, job := range r.Draft.Jobs {
		if family := job.Definition.Family(); !slices.Contains(result.Families, family) {
			result.Families = append(result.Families, family)
		}
	}
	for _, request := range r.Requests {
		result.Requests = append(result.Requests, report.Request(request))
	}
	var failed *task.State
	open, reached := 0, 0
	for i := range out.Plan.Jobs {
		if revision := out.Revision(i); revision != nil {
			result.Definitions = append(result.Definitions, revision)
		}
		deciding := out.Deciding(i)
		result.Tasks = append(append(result.Tasks, out.Replaced(i)...), deciding...)
		for _, state := range out.Replaced(i) {
			result.Replaced = append(result.Replaced, aws.ToString(state.TaskArn))
		}
		result.Failures = append(result.Failures, out.Failures(i)...)
		for _, state := range deciding {
			if failed == nil && state.Verdict != nil && state.Verdict.Outcome != task.Succeeded {
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
	end := func(status report.Status, code int, reason string) report.Result {
		result.Status, result.ExitCode, result.Reason = status, code, reason
		return result
	}
	switch out.Cause {
	case run.Cancelled:
		return end(report.Cancelled, SignalStatus(out.Signal.Signal), out.Signal.Error())
	case run.TimedOut:
		return end(report.TimedOut, ExitTimedOut, timedOutText(c))
	case run.Failed:
		return end(report.Errored, ExitError, explain.WithoutSDK(firstLine(e.PlainRefusal(out.Err))))
	}
	switch {
	case failed != nil:
		return end(report.Failed, exitCode(failed.Verdict.ExitCode), fmt.Sprintf("task %s of %s: %s", task.ShortID(failed), task.Name(failed.Definition), failed.Verdict.Reason))
	case c.DryRun:
		return end(report.DryRun, ExitGood, "nothing was changed")
	case !out.Plan.End.Waits() && open > 0 && c.Local != "":
		return end(report.Started, ExitGood, "started, and not waited for: tasks of a local run are stopped when it ends")
	case !out.Plan.End.Waits() && open > 0:
		return end(report.Started, ExitGood, "started, and not waited for")
	case out.Plan.End.Servers() && reached > 0:
		reason := "every task is " + c.SteadyState
		if reached < len(result.Tasks) {
			reason = fmt.Sprintf("%d of %s %s; the others had already ended with code 0", reached, run.Plural(len(result.Tasks), "task"), c.SteadyState)
		}
		return end(report.Status(c.SteadyState), ExitGood, reason)
	case out.Plan.End.Servers():
		return end(report.Succeeded, ExitGood, "not "+c.SteadyState+": every deciding container had already ended with code 0")
	}
	return end(report.Succeeded, ExitGood, "every deciding container ended with code 0")
}

// comparisons returns those that could be made.
func comparisons(all []changes.Comparison) []report.Comparison {
	var made []report.Comparison
	for _, c := range all {
		if c.Err == nil {
			made = append(made, report.Comparison{Family: c.Family, Against: c.Against, Changes: append([]taskdef.Change{}, c.Changes...)})
		}
	}
	return made
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func timedOutText(c input.Config) string { return fmt.Sprintf("timed out after %s", c.Timeout) }
