package action

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// finish concludes the step: the verdict, what is left, the outputs.
func (s *step) finish(ctx context.Context, jobs []*job, err error) int {
	result := s.conclude(ctx, jobs, err)
	var set []report.Output
	if s.logs != nil {
		if err == nil && ctx.Err() == nil && !s.timedOut && !s.clients.local && s.logs.reading() {
			s.console.Final(result)
			set = s.setOutputs(result, nil)
		}
		if result.Status == report.Failed {
			go s.clients.account(ctx) // for what is said of the failure; it is asked for meanwhile
		}
		s.drain(ctx, judged(jobs))
		s.saveLogs()
		result.Logs = s.logs.results()
	}
	result.Faults = s.faults(ctx, jobs, err)
	for _, fault := range result.Faults {
		s.console.Error(fault)
	}
	s.cleanUp(ctx, &result)
	return s.publish(result, set)
}

// refuse concludes a step whose inputs have faults.
func (s *step) refuse(ctx context.Context, err error) int {
	s.mask()
	result := s.conclude(ctx, nil, err)
	result.Faults = notes(err)
	for _, fault := range result.Faults {
		s.console.Error(fault)
	}
	s.console.Printf(nothingCalled)
	return s.publish(result, nil)
}

// publish sets the outputs, but those that have been set, and writes the job summary and
// the result file.
func (s *step) publish(result report.Result, set []report.Output) int {
	s.setOutputs(result, set)
	if fault := s.console.Summary(result); fault != nil {
		s.console.Warning(report.Note{Title: "job summary not written", Text: fault.Error()})
	}
	if fault := s.writeResult(result); fault != nil {
		s.console.Error(report.Note{Title: "result-file", Text: fault.Error()})
		if result.ExitCode == ExitGood {
			result.ExitCode = ExitError
		}
	}
	if result.ExitCode == ExitGood {
		s.save("done", "true")
	}
	s.console.Finish(result)
	return result.ExitCode
}

// setOutputs sets the step's outputs, but those that have been set, and returns all.
func (s *step) setOutputs(result report.Result, set []report.Output) []report.Output {
	outputs, shown := result.FittingOutputs(s.console.Hide)
	if shown < len(result.Tasks) && set == nil {
		s.console.Notice(report.Note{Text: fmt.Sprintf("the output result has %d of %s, as runners take no more than 1 MiB of outputs; a result-file has them all", shown, plural(len(result.Tasks), "task"))})
	}
	changed := slices.DeleteFunc(slices.Clone(outputs), func(o report.Output) bool { return slices.Contains(set, o) })
	if fault := s.console.Outputs(changed); fault != nil {
		s.console.Warning(report.Note{Title: "outputs not set", Text: fault.Error()})
	}
	return outputs
}

// judged returns the tasks that have their verdicts.
func judged(jobs []*job) []*task.State {
	var states []*task.State
	for _, j := range jobs {
		states = append(append(states, j.replaced...), j.states...)
	}
	return slices.DeleteFunc(states, func(state *task.State) bool { return state.Verdict == nil })
}

// conclude is the one verdict over everything.
func (s *step) conclude(ctx context.Context, jobs []*job, err error) report.Result {
	result := report.Result{
		Status: report.Succeeded, Commit: s.commit, Requests: s.requests,
		Local: s.config.Local != "", Ended: time.Now(),
		Cluster: s.config.Cluster, Region: s.config.Region, NotRun: s.notRun,
	}
	if s.clients != nil {
		result.Region = s.clients.config.Region
		if err != nil {
			err = s.clients.plainRefusal(err)
		}
	}
	if s.logs != nil {
		result.Logs = s.logs.results()
	}
	var failed *task.State
	open := 0
	reached := 0
	for _, j := range jobs {
		if family := s.familyOf(j); !slices.Contains(result.Families, family) {
			result.Families = append(result.Families, family)
		}
		if j.definition != nil {
			result.Definitions = append(result.Definitions, j.definition)
			if j.registered {
				result.Registered = append(result.Registered, aws.ToString(j.definition.TaskDefinitionArn))
			}
		}
		result.Tasks = append(append(result.Tasks, j.replaced...), j.states...)
		result.Failures = append(result.Failures, j.failures...)
		for _, state := range j.states {
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
	end := func(status report.Status, code int, reason string) {
		result.Status, result.ExitCode, result.Reason = status, code, reason
	}
	switch signal := interruption(ctx); {
	case signal != nil:
		end(report.Cancelled, signal.status(), signal.Error())
	case s.timedOut:
		end(report.TimedOut, ExitTimedOut, s.timeoutText())
	case err != nil:
		end(report.Errored, ExitError, withoutSDK(firstLine(err)))
	case failed != nil:
		end(report.Failed, exitCode(failed.Verdict.ExitCode), fmt.Sprintf("task %s of %s: %s", short(failed), task.Name(failed.Definition), failed.Verdict.Reason))
	case s.config.DryRun:
		end(report.DryRun, ExitGood, "nothing was changed")
	case s.config.SkipSteadyStateCheck && open > 0 && s.config.Local != "":
		end(report.Started, ExitGood, "started, and not waited for: tasks of a local run are stopped when it ends")
	case s.config.SkipSteadyStateCheck && open > 0:
		end(report.Started, ExitGood, "started, and not waited for")
	case s.config.SteadyState != "stopped" && reached > 0:
		reason := "every task is " + s.config.SteadyState
		if reached < len(result.Tasks) {
			reason = fmt.Sprintf("%d of %s %s; the others had already ended with code 0", reached, plural(len(result.Tasks), "task"), s.config.SteadyState)
		}
		end(report.Status(s.config.SteadyState), ExitGood, reason)
	case s.config.SteadyState != "stopped":
		end(report.Succeeded, ExitGood, "not "+s.config.SteadyState+": every deciding container had already ended with code 0")
	default:
		end(report.Succeeded, ExitGood, "every deciding container ended with code 0")
	}
	return result
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

// writeResult writes the result file, if one is asked for.
func (s *step) writeResult(result report.Result) error {
	name := s.config.ResultFile
	if name == "" {
		return nil
	}
	text := append(result.JSON(s.console.Hide), '\n')
	if strings.HasSuffix(name, ".env") {
		text = result.Dotenv(s.console.Hide)
	}
	return os.WriteFile(name, text, 0o644)
}
