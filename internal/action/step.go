package action

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-run-task/internal/ci"
	"ecs-run-task/internal/input"
	"ecs-run-task/internal/report"
	"ecs-run-task/internal/runtask"
	"ecs-run-task/internal/task"
	"ecs-run-task/internal/taskdef"
)

// How many registrations, and launches, are under way at the same time. AWS gives
// an account a bucket of 20 registrations and one of 100 launches.
const (
	registrationsAtOnce = 10
	launchesAtOnce      = 50
)

// step is one run of the line.
type step struct {
	env     Env
	console *report.Report
	config  input.Config
	ci      ci.Run

	keep     *findings // takes warnings instead of the console; nil if it does not
	made     *ledger
	clients  *clients
	runner   task.Runner
	logs     *logs
	started  time.Time                   // when the first launch began; the time-out counts from it
	launchBy time.Time                   // until when capacity is waited for
	services map[string]*runtask.Service // that were looked up
	tags     []taskdef.Tag               // of the tasks
	several  bool                        // tasks
	requests []report.Request            // of a dry run
	commit   string                      // that the definitions were taken from

	mu       sync.Mutex // of what several launches change at once
	timedOut bool
	saved    []string // ARNs of tasks, for the post stage
}

// job is one definition on its way through the step.
type job struct {
	source     *taskdef.Definition // what is to be registered; nil for a registered one
	described  *taskdef.Definition // a registered one, where its text was asked for
	settings   runtask.Settings
	request    map[string]json.RawMessage
	definition *types.TaskDefinition // nil until it is registered or found
	registered bool                  // by this step

	missing  int             // tasks that are to be started
	states   []*task.State   // of the tasks that decide
	fresh    []*task.State   // those of them that the last launch started
	replaced []*task.State   // of tasks that others were started for
	failures []types.Failure // why tasks did not start
	reruns   int             // after a Spot interruption or a lost host
	err      error           // why it could not be registered or launched
}

func newStep(env Env, console *report.Report, config input.Config) *step {
	return &step{env: env, console: console, config: config, ci: ci.Detect(env.LookupEnv)}
}

// run takes the step from its inputs to its exit status.
func (s *step) run(ctx context.Context) int {
	s.mask()
	jobs, err := s.load(ctx)
	if err != nil {
		return s.finish(ctx, jobs, err)
	}
	if s.config.DryRun {
		return s.finish(ctx, nil, s.dryRun(ctx, jobs))
	}
	if s.clients, err = s.connect(ctx); err != nil {
		return s.finish(ctx, jobs, err)
	}
	defer s.clients.close()
	s.runner = task.Runner{API: s.clients.ecs, Cluster: s.config.Cluster}
	if err := s.prepare(ctx, jobs); err != nil {
		return s.finish(ctx, jobs, err)
	}
	total := 0
	for _, j := range jobs {
		j.missing = j.settings.Count
		total += j.missing
	}
	s.several = total > 1 || s.config.Retries > 0
	s.logs = newLogs(ctx, s.console, s.clients, s.config.Logs && !s.config.SkipSteadyStateCheck)
	if s.config.Reattach {
		if err := s.reattach(ctx, jobs); err != nil {
			return s.finish(ctx, jobs, err)
		}
	}
	if err := s.register(ctx, jobs); err != nil {
		return s.finish(ctx, jobs, err)
	}
	for _, group := range s.groups(jobs) {
		err = s.runGroup(ctx, group)
		if err != nil || !good(group) {
			break
		}
	}
	s.stopServers(ctx, jobs, err)
	return s.finish(ctx, jobs, err)
}

// mask keeps secrets out of whatever is printed from here on.
func (s *step) mask() {
	secrets := s.sourceConfig("").Secrets()
	for _, secret := range s.config.Secrets {
		secrets = append(secrets, secret.Value)
	}
	if left := s.console.Mask(secrets...); left > 0 {
		s.console.Warning(report.Note{Title: "secret too short", Text: fmt.Sprintf("%d of the secrets are shorter than 4 characters and can't be masked", left)})
	}
}

// groups returns the jobs that run at once, group after group.
func (s *step) groups(jobs []*job) [][]*job {
	if s.config.Order == "sequence" {
		return slices.Collect(slices.Chunk(jobs, 1))
	}
	return [][]*job{jobs}
}

// finish concludes the step: the verdict, what is left, the outputs.
func (s *step) finish(ctx context.Context, jobs []*job, err error) int {
	result := s.conclude(ctx, jobs, err)
	result.Faults = s.faults(ctx, jobs, err)
	for _, fault := range result.Faults {
		s.console.Error(fault)
	}
	s.cleanUp(ctx, &result)
	if fault := s.console.Outputs(result.Outputs(s.console.Hide)); fault != nil {
		s.console.Warning(report.Note{Title: "outputs not set", Text: fault.Error()})
	}
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

// placed says whether a note's file is one of the workspace.
func (s *step) placed(note report.Note) report.Note {
	note.InWorkspace = len(s.config.FilePaths) > 0 && s.config.Repository == ""
	return note
}

// conclude is the one verdict over everything.
func (s *step) conclude(ctx context.Context, jobs []*job, err error) report.Result {
	result := report.Result{
		Status: report.Succeeded, Commit: s.commit, Requests: s.requests,
		Local: s.config.Local != "", Ended: time.Now(),
	}
	if s.logs != nil {
		result.Logs = s.logs.results()
	}
	var failed *task.State
	open := 0
	for _, j := range jobs {
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
		}
	}
	end := func(status report.Status, code int, reason string) {
		result.Status, result.ExitCode, result.Reason = status, code, reason
	}
	switch signal := interruption(ctx); {
	case signal != nil:
		end(report.Cancelled, signal.status(), signal.Error())
	case s.timedOut:
		end(report.TimedOut, ExitTimedOut, fmt.Sprintf("timed out after %s", s.config.Timeout))
	case err != nil:
		end(report.Errored, ExitError, firstLine(err))
	case failed != nil:
		end(report.Failed, exitCode(failed.Verdict.ExitCode), fmt.Sprintf("task %s of %s: %s", short(failed), task.Name(failed.Definition), failed.Verdict.Reason))
	case s.config.DryRun:
		end(report.Succeeded, ExitGood, "dry run: nothing was changed")
	case s.config.SkipSteadyStateCheck && open > 0:
		end(report.Started, ExitGood, "started, and not waited for")
	case s.config.SteadyState != "stopped":
		end(report.Succeeded, ExitGood, "every task is "+s.config.SteadyState)
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
