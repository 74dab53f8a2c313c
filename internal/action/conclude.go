package action

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// conclude is the one verdict over everything.
func conclude(c input.Config, x execution) report.Result {
	out := x.outcome
	result := report.Result{
		Status: report.Succeeded, Commit: x.draft.Commit, Registered: out.Registered(), Compared: x.compared,
		Local: c.Local != "", Ended: time.Now(), Rule: task.Rule{All: c.VerdictAll(), Names: c.VerdictNames()}, Cluster: c.Cluster, Region: c.Region,
	}
	err := out.Err
	if x.clients != nil {
		result.Region = x.clients.Config.Region
		err = explain.Refusal(err, result.Region, x.clients.KnownAccount)
	}
	for _, i := range out.NotRun {
		result.NotRun = append(result.NotRun, task.Name(out.Revision(i)))
	}
	for _, job := range x.draft.Jobs {
		if family := job.Definition.Family(); !slices.Contains(result.Families, family) {
			result.Families = append(result.Families, family)
		}
	}
	for _, r := range x.requests {
		result.Requests = append(result.Requests, report.Request(r))
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
		return end(report.Cancelled, signalStatus(out.Signal.Signal), out.Signal.Error())
	case run.TimedOut:
		return end(report.TimedOut, ExitTimedOut, timedOutText(c))
	case run.Failed:
		return end(report.Errored, ExitError, explain.WithoutSDK(firstLine(err)))
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

// exitCode is the step's exit status for a container's code. A code that an exit
// status can't hold, as Windows has them, must not become 0.
func exitCode(code *int32) int {
	switch {
	case code == nil:
		return ExitError
	case *code < 1 || *code > 255:
		return 255
	}
	return int(*code)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func timedOutText(c input.Config) string { return fmt.Sprintf("timed out after %s", c.Timeout) }

// faults returns what went wrong, each with what is likely behind it: the tasks
// that failed by themselves, the step's error, and its end by a signal or the
// time-out. Tasks that the step stopped did not fail by themselves.
func (in invocation) faults(ctx context.Context, x execution, ledger *run.Ledger) []report.Note {
	var all []report.Note
	add := func(note report.Note) {
		note.InWorkspace = x.draft.InWorkspace(note.File)
		all = append(all, note)
	}
	e := in.explainer(x.clients, x.logs)
	var open []*task.State // when the step ended
	var source *taskdef.Definition
	for i, job := range x.outcome.Plan.Jobs {
		for _, state := range x.outcome.Deciding(i) {
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
		note := e.Unfinished(ctx, end, task.Goal(in.config.SteadyState), open, source)
		note.Title, note.Text = title, text+note.Text
		add(note)
	}
	if x.outcome.Cause == run.Cancelled {
		unfinished("cancelled", x.outcome.Signal.Error(), diagnose.Cancelled)
		return all
	}
	timedOut, explained := x.outcome.Cause == run.TimedOut, false
	for _, one := range explain.Split(x.outcome.Err) {
		if one == nil {
			continue
		}
		for _, note := range e.Error(ctx, one, x.outcome.RevisionOf(one)) {
			if timedOut && endedByTimeout(one) {
				explained = true
				note.Title, note.Text = "timed out", timedOutText(in.config)+": "+note.Text
			}
			add(note)
		}
	}
	if timedOut && !explained {
		unfinished("timed out", timedOutText(in.config), "")
	}
	return all
}

// failedByItself reports whether a task failed other than by the step, which ECS
// accepted the order to stop it from if it is stopping.
func failedByItself(state *task.State, stopping bool) bool {
	v := state.Verdict
	return v != nil && v.Outcome != task.Succeeded && (!stopping || v.Outcome == task.Failed)
}

// isUnfinished reports whether a task had not ended by itself, nor was as was asked for.
func isUnfinished(state *task.State, stopping bool) bool {
	v := state.Verdict
	return !state.Reached && (v == nil || stopping && v.Outcome != task.Succeeded && v.Outcome != task.Failed)
}

// endedByTimeout reports whether a launch came to nothing since there was no time
// left.
func endedByTimeout(err error) bool {
	var failed *task.FailedLaunchError
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failed)
}

// cleanUp deregisters revisions after the verdict, if that is asked for, however the run
// ended. What it can't do is reported and does not fail the step.
func (in invocation) cleanUp(ctx context.Context, x execution, ledger *run.Ledger, result report.Result) {
	choice := in.cleanUpChoice()
	if x.clients == nil || !choice.Any() {
		return
	}
	limited, cancel := context.WithCancel(ctx)
	if signal := run.Interruption(ctx); signal != nil {
		limited, cancel = context.WithDeadline(context.WithoutCancel(ctx), run.NewShutdownBudget(signal.At, true).CleanUp)
	}
	defer cancel()
	err := in.runner(x, ledger).CleanUp(limited, choice, result.ExitCode != ExitGood, result.Registered, x.outcome.Succeeded())
	if err == nil {
		return
	}
	if limited.Err() != nil {
		in.console.Printf("not cleaned up as a whole, as there is no time left")
	} else {
		for _, note := range in.explainer(x.clients, x.logs).Error(ctx, err, nil) {
			note.Title = "not cleaned up"
			in.console.Warning(note)
		}
	}
	for _, e := range ledger.Entries() {
		if e.State == run.EntryRegistered {
			in.console.Printf("this step registered %s and has not deregistered it:", e.ARN)
			in.console.Printf("  aws ecs deregister-task-definition --region %s --task-definition %s", x.clients.Config.Region, e.ARN)
		}
	}
}

// cleanUpChoice is what the inputs say of clean-up.
func (in invocation) cleanUpChoice() run.CleanUp {
	return run.CleanUp{When: in.config.CleanUp, Keep: in.config.KeepRevisions}
}

// published is what later steps have of a result.
type published struct {
	outputs []report.Output
	faults  []report.Note // why something of it could not be written
	failed  []string      // result files that could not be written
}

// publish writes what is to be had of the result beside the console, and was not before,
// and returns the exit status.
func (in invocation) publish(result report.Result, before published) int {
	result, _ = in.writeFiles(result, before)
	if fault := in.console.Summary(result); fault != nil {
		in.console.Warning(report.Note{Title: "job summary not written", Text: fault.Error()})
	}
	if result.ExitCode == ExitGood {
		in.console.Emit(event.State{Name: "done", Value: "true"})
	}
	in.console.Finish(result)
	return result.ExitCode
}

// writeFiles writes the result files and the outputs, but those that have been set before.
// Later steps rely on them: where one can't be written, which is reported once, the result
// that it returns is an error, and so is that in the others.
func (in invocation) writeFiles(result report.Result, before published) (report.Result, published) {
	now := published{nil, slices.Clip(before.faults), slices.Clip(before.failed)}
	result.Faults = append(slices.Clip(result.Faults), before.faults...)
	failed := func(name string, fault error) {
		note := report.Note{Title: name + " not written", Text: name + " not written: " + fault.Error()}
		in.console.Error(note)
		now.faults, result.Faults = append(now.faults, note), append(result.Faults, note)
		if result.ExitCode == ExitGood {
			result.Status, result.ExitCode, result.Reason = report.Errored, ExitError, note.Text
		}
	}
	write := func() {
		for _, name := range in.config.ResultFile {
			if slices.Contains(now.failed, name) {
				continue
			}
			if fault := in.writeResult(name, result); fault != nil {
				now.failed = append(now.failed, name)
				failed("result-file", fault)
			}
		}
	}
	write()
	outputs, fault := in.setOutputs(result, before.outputs)
	if fault != nil && !errors.Is(fault, report.ErrNotWritten) {
		failed("outputs", fault)
	}
	if now.outputs = outputs; len(now.faults) > len(before.faults) {
		write() // those that were written before the fault
	}
	return result, now
}

// setOutputs sets the step's outputs, but those that have been set, and returns all.
func (in invocation) setOutputs(result report.Result, set []report.Output) ([]report.Output, error) {
	outputs, shown := result.FittingOutputs(in.console.Hide)
	if shown < len(result.Tasks) && set == nil {
		in.console.Notice(report.Note{Text: fmt.Sprintf("the output result has %d of %s, as runners take no more than 1 MiB of outputs; a result-file has them all", shown, run.Plural(len(result.Tasks), "task"))})
	}
	changed := slices.DeleteFunc(slices.Clone(outputs), func(o report.Output) bool { return slices.Contains(set, o) })
	return outputs, in.console.Outputs(changed)
}

// saveTasks saves the ARNs of the run's tasks for the post stage.
func (in invocation) saveTasks(arns []string) {
	in.console.Emit(event.State{Name: "tasks", Value: strings.Join(arns, ",")})
}

// saveLogs saves for the post stage up to where the logs have been read, and says where
// later lines are.
func (in invocation) saveLogs(positions []logs.Position) {
	if len(positions) == 0 {
		return
	}
	in.console.Emit(event.State{Name: "logs", Value: logs.Save(positions)})
	where := "at the addresses of the logs above"
	if in.console.HasState() {
		where = "in the step's post stage, and " + where
	}
	in.console.Printf("log lines that CloudWatch Logs shows later are %s", where)
}

// writeResult writes a result file, with the folder that it is to be in.
func (in invocation) writeResult(name string, r report.Result) error {
	text, err := result.Write(name, r, in.console.Hide)
	if err != nil {
		return err
	}
	return report.Within(func() error {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, text, 0o644)
	})
}
