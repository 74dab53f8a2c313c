package action

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-run-task/internal/ci"
	"ecs-run-task/internal/input"
	"ecs-run-task/internal/report"
	"ecs-run-task/internal/task"
	"ecs-run-task/internal/taskdef"
)

// endingTime is how long the step takes to end after a signal or the time-out:
// GitHub kills a step's container ten seconds after the signal.
const endingTime = 7 * time.Second

// stoppingTime is the part of it for stopping the tasks and seeing them stop;
// the rest is for the last log lines.
const stoppingTime = 5 * time.Second

// drainTime is how long logs are read on after the last task has ended. A
// follower ends by itself long before.
const drainTime = 2 * time.Minute

// atOnce is how many registrations, or launches, are under way at the same time.
const atOnce = 10

// step is one run of the line.
type step struct {
	env     Env
	console *report.Report
	config  input.Config
	ci      ci.Run

	made     *ledger
	clients  *clients
	runner   task.Runner
	logs     *logs
	started  time.Time // when the first launch began; the time-out counts from it
	timedOut bool
	tags     []taskdef.Tag // of the tasks
	several  bool          // tasks
	saved    []string      // ARNs of tasks, for the post stage
	commit   string        // that the definitions were taken from
}

// job is one definition on its way through the step.
type job struct {
	source     *taskdef.Definition   // nil for a registered one
	definition *types.TaskDefinition // nil until it is registered or found
	launched   task.Launched
	states     []*task.State
	err        error // why it could not be registered or launched
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
	if s.clients, err = connect(ctx, s.env, s.config.AWS, s.containerOutput); err != nil {
		return s.finish(ctx, jobs, err)
	}
	defer s.clients.close()
	s.several = len(jobs)*s.config.Count > 1
	s.runner = task.Runner{API: s.clients.ecs, Cluster: s.config.Cluster}
	s.logs = newLogs(ctx, s.console, s.clients, s.config.Logs)
	if err := s.register(ctx, jobs); err != nil {
		return s.finish(ctx, jobs, err)
	}
	for _, group := range s.groups(jobs) {
		err = s.runGroup(ctx, group)
		if err != nil || !good(group) {
			break
		}
	}
	return s.finish(ctx, jobs, err)
}

// mask keeps secrets out of whatever is printed from here on.
func (s *step) mask() {
	secrets := []string{s.config.GitToken, s.config.SSHKey}
	if address, err := url.Parse(s.config.Repository); err == nil && address.User != nil {
		password, both := address.User.Password()
		secrets = append(secrets, password)
		if !both { // https://TOKEN@host
			secrets = append(secrets, address.User.Username())
		}
	}
	for _, secret := range s.config.Secrets {
		secrets = append(secrets, secret.Value)
	}
	if left := s.console.Mask(secrets...); left > 0 {
		s.console.Warning(report.Note{Title: "secret too short", Text: fmt.Sprintf("%d of the secrets are shorter than 4 characters and can't be masked", left)})
	}
}

// register registers every definition, or finds those that are registered, and
// counts the tasks of each family meanwhile. All are registered before the first
// is run, so that a refused one leaves nothing running.
func (s *step) register(ctx context.Context, jobs []*job) error {
	families := map[string][]*job{}
	var order []string
	for _, j := range jobs {
		family := s.familyOf(j)
		if families[family] == nil {
			order = append(order, family)
		}
		families[family] = append(families[family], j)
	}
	each(order, func(family string) {
		counted := make(chan struct{})
		go func() {
			defer close(counted)
			s.count(ctx, family)
		}()
		for _, j := range families[family] { // registrations of one family collide
			if j.err = s.registerOne(ctx, j); j.err != nil {
				break
			}
		}
		<-counted
	})
	return jobErrors(jobs)
}

func (s *step) familyOf(j *job) string {
	if j.source != nil {
		return j.source.Family
	}
	name := s.config.Definition
	name = name[strings.LastIndexByte(name, '/')+1:]
	family, _, _ := strings.Cut(name, ":")
	return family
}

func (s *step) registerOne(ctx context.Context, j *job) (err error) {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if j.source == nil {
		if j.definition, err = s.runner.Find(ctx, s.config.Definition); err == nil {
			s.console.Printf("found %s: %s", task.Name(j.definition), aws.ToString(j.definition.TaskDefinitionArn))
		}
		return err
	}
	s.console.Printf("registering %s", j.source.Family)
	j.definition, err = s.runner.Register(ctx, j.source.Family, j.source.Body)
	if j.definition != nil {
		s.console.Printf("registered %s: %s", task.Name(j.definition), aws.ToString(j.definition.TaskDefinitionArn))
	}
	return err
}

// count tells how many tasks of the family there are. It is told for the user's
// information only, so that not being allowed to know is no error.
func (s *step) count(ctx context.Context, family string) {
	population, err := s.runner.Count(ctx, family)
	if err != nil {
		if ctx.Err() == nil {
			s.console.Notice(report.Note{Text: fmt.Sprintf("the tasks of family %s were not counted: %v", family, s.clients.refusal(ctx, err))})
		}
		return
	}
	total := population.Running + population.Stopped
	s.console.Printf("%s found in task family %s: %d running, %d stopped", plural(total, "task"), family, population.Running, population.Stopped)
}

// groups returns the jobs that run at once, group after group.
func (s *step) groups(jobs []*job) [][]*job {
	if s.config.Order == "sequence" {
		return slices.Collect(slices.Chunk(jobs, 1))
	}
	return [][]*job{jobs}
}

// runGroup launches the jobs of a group and follows them to their end.
func (s *step) runGroup(ctx context.Context, group []*job) error {
	if s.started.IsZero() {
		s.started = time.Now()
	}
	err := s.launch(ctx, group)
	var states []*task.State
	for _, j := range group {
		states = append(states, j.states...)
	}
	if s.config.SkipSteadyStateCheck {
		if err == nil {
			s.console.Printf("steady-state check skipped: the step does not wait for the tasks")
		}
		return err
	}
	return errors.Join(err, s.watch(ctx, states))
}

// launch starts the tasks of each job at once. A job of which not every task
// could be started is given up: those that were are stopped.
func (s *step) launch(ctx context.Context, group []*job) error {
	s.console.Printf("running %s on cluster %s in %s", plural(len(group)*s.config.Count, "task"), s.config.Cluster, s.clients.config.Region)
	s.save("intent", s.startedBy())
	each(group, func(j *job) {
		if j.err = context.Cause(ctx); j.err != nil {
			return
		}
		j.launched, j.err = s.runner.Launch(ctx, task.Launch{
			Definition: j.definition, Count: s.config.Count, Request: s.request(),
			Capacity: min(s.config.LaunchTimeout, s.config.Timeout),
			Waiting: func(failures []types.Failure, wait time.Duration) {
				s.console.Printf("no room for %s at the moment (%s): asking again in %s", task.Name(j.definition), aws.ToString(failures[0].Reason), report.Since(wait))
			},
		})
		j.states = task.States(j.launched)
	})
	s.remember(group)
	started, failures := 0, 0
	for _, j := range group {
		started, failures = started+len(j.states), failures+len(j.launched.Failures)
	}
	s.console.Printf("%s started, %s", plural(started, "task"), plural(failures, "failure"))
	for _, j := range group {
		for _, state := range j.states {
			s.console.Printf("task %s of %s: %s", short(state), task.Name(j.definition), aws.ToString(state.TaskArn))
			s.logs.update(state, s.label(state))
		}
		if j.err != nil && len(j.states) > 0 {
			s.giveUp(ctx, j)
		}
	}
	return jobErrors(group)
}

// remember notes the tasks of the jobs for the post stage, and for a step that is
// ended at once.
func (s *step) remember(jobs []*job) {
	for _, j := range jobs {
		for _, state := range j.states {
			s.saved = append(s.saved, aws.ToString(state.TaskArn))
			s.made.add(aws.ToString(state.TaskArn))
		}
	}
	s.save("tasks", strings.Join(s.saved, ","))
}

// save saves a value for the post stage.
func (s *step) save(name, value string) {
	if err := s.console.State(name, value); err != nil {
		s.console.Warning(report.Note{Title: "state not saved", Text: err.Error()})
	}
}

// giveUp stops the tasks of a job that could not be started as a whole.
func (s *step) giveUp(ctx context.Context, j *job) {
	if s.config.OnInterrupt == "leave" {
		s.console.Printf("%s of %s left running (on-interrupt: leave)", plural(len(j.states), "task"), task.Name(j.definition))
		return
	}
	s.console.Printf("stopping the %s of %s that did start, as not all could be started", plural(len(j.states), "task"), task.Name(j.definition))
	s.stop(context.WithoutCancel(ctx), j.states, "not all tasks could be started")
}

// request is what every RunTask of the step has in common.
func (s *step) request() ecs.RunTaskInput {
	in := ecs.RunTaskInput{
		LaunchType: types.LaunchType(s.config.LaunchType),
		StartedBy:  aws.String(s.startedBy()),
	}
	for _, provider := range s.config.CapacityProviderStrategy {
		in.CapacityProviderStrategy = append(in.CapacityProviderStrategy, types.CapacityProviderStrategyItem{
			CapacityProvider: &provider.Provider, Weight: provider.Weight, Base: provider.Base,
		})
	}
	for _, tag := range s.tags {
		in.Tags = append(in.Tags, types.Tag{Key: &tag.Key, Value: &tag.Value})
	}
	if s.config.PlatformVersion != "" {
		in.PlatformVersion = &s.config.PlatformVersion
	}
	if len(s.config.Subnets) > 0 {
		in.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: s.config.Subnets, SecurityGroups: s.config.SecurityGroups, AssignPublicIp: types.AssignPublicIp(s.config.AssignPublicIP),
		}}
	}
	return in
}

// watch follows the tasks to their end, or to the state asked for; it ends the
// wait on a signal and at the time-out.
func (s *step) watch(ctx context.Context, states []*task.State) error {
	if len(states) == 0 {
		return nil
	}
	w := task.Watch{
		Goal: task.Goal(s.config.SteadyState), All: s.config.Verdict == "all",
		Since: s.started, Deadline: s.started.Add(s.config.Timeout),
		Changed: func(state *task.State) {
			s.logs.update(state, s.label(state))
			s.console.Changed(state, time.Since(s.started))
		},
		Waiting: func(open []*task.State) {
			s.console.Printf("[%s] waiting for %s of %d, %s left", report.Since(time.Since(s.started)), plural(len(open), "task"), len(states), report.Since(time.Until(s.started.Add(s.config.Timeout))))
		},
		Trouble: func(err error) {
			s.console.Printf("[%s] asking ECS again after: %v", report.Since(time.Since(s.started)), s.clients.refusal(ctx, err))
		},
	}
	err := s.runner.Watch(ctx, states, w)
	open := undone(states)
	if len(open) > 0 {
		s.interrupt(ctx, open, w, err)
	}
	limit := drainTime
	if len(open) > 0 {
		limit = endingTime - stoppingTime - time.Second
	}
	s.logs.wait(limit)
	return err
}

// label tells a task's log lines from those of others.
func (s *step) label(state *task.State) string {
	if !s.several {
		return ""
	}
	return " " + short(state)
}

// interrupt ends the wait for tasks that are not done: at the time-out, on a
// signal, or since ECS does not answer any more. It stops them, unless they are
// to be left, and takes their last states and log lines.
func (s *step) interrupt(ctx context.Context, open []*task.State, w task.Watch, watchError error) {
	var why string
	if signal := interruption(ctx); signal != nil {
		why = signal.Error()
	} else if watchError != nil {
		why = "lost sight of the task"
	} else {
		why, s.timedOut = "timed out after "+s.config.Timeout.String(), true
	}
	defer s.logs.end()
	if s.config.OnInterrupt == "leave" {
		s.console.Printf("%s: %s left running (on-interrupt: leave)", why, plural(len(open), "task"))
		return
	}
	s.console.Printf("%s: stopping %s", why, plural(len(open), "task"))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stoppingTime)
	defer cancel()
	s.stop(ctx, open, why)
	w.Goal, w.Deadline, w.Waiting = task.UntilStopped, time.Time{}, nil
	for _, state := range open {
		state.Reached = false
	}
	if err := s.runner.Watch(ctx, open, w); err != nil && watchError == nil {
		s.console.Printf("the last states are not known: %v", s.clients.refusal(ctx, err))
	}
}

// stop asks ECS to stop tasks, and names those it could not stop.
func (s *step) stop(ctx context.Context, states []*task.State, why string) {
	reason := strings.TrimSpace(why + "; stopped by ecs-run-task " + s.ci.URL)
	if err := s.runner.Stop(ctx, states, reason); err != nil {
		for _, note := range notes(s.clients.refusal(ctx, err)) {
			note.Title = "a task may still run"
			s.console.Error(note)
		}
	}
}

// finish concludes the step: the verdict, what is left, the outputs.
func (s *step) finish(ctx context.Context, jobs []*job, err error) int {
	result := s.conclude(ctx, jobs, err)
	if err != nil && interruption(ctx) == nil {
		if s.clients != nil {
			err = s.clients.refusal(ctx, err)
		}
		for _, note := range notes(err) {
			s.console.Error(s.placed(note))
		}
	}
	s.cleanUp(ctx, &result)
	if fault := s.console.Outputs(result.Outputs()); fault != nil {
		s.console.Warning(report.Note{Title: "outputs not set", Text: fault.Error()})
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
	result := report.Result{Status: report.Succeeded, Commit: s.commit}
	if s.logs != nil {
		result.LogURLs = s.logs.urls()
	}
	var failed *task.State
	open := 0
	for _, j := range jobs {
		if j.definition != nil {
			result.Definitions = append(result.Definitions, j.definition)
			if j.source != nil {
				result.Registered = append(result.Registered, aws.ToString(j.definition.TaskDefinitionArn))
			}
		}
		result.Tasks = append(result.Tasks, j.states...)
		result.Failures = append(result.Failures, j.launched.Failures...)
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
	case err != nil:
		end(report.Errored, ExitError, firstLine(err))
	case s.timedOut:
		end(report.TimedOut, ExitTimedOut, fmt.Sprintf("timed out after %s", s.config.Timeout))
	case failed != nil:
		end(report.Failed, exitCode(failed.Verdict.ExitCode), fmt.Sprintf("task %s of %s: %s", short(failed), task.Name(failed.Definition), failed.Verdict.Reason))
	case s.config.DryRun:
		end(report.Succeeded, ExitGood, "dry run: nothing was called")
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

// cleanUp deregisters what the step registered, if that is asked for.
func (s *step) cleanUp(ctx context.Context, result *report.Result) {
	wanted := s.config.CleanUp == "always" || s.config.CleanUp == "on-failure" && result.ExitCode != ExitGood
	if !wanted || len(result.Registered) == 0 {
		return
	}
	if open := undone(result.Tasks); len(open) > 0 || result.Status == report.Started {
		s.console.Printf("%s not deregistered: tasks of it may still run", plural(len(result.Registered), "revision"))
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	if interruption(ctx) != nil {
		cancel()
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	}
	defer cancel()
	done, err := s.runner.Deregister(ctx, result.Registered)
	for _, arn := range done {
		s.console.Printf("deregistered %s", arn)
	}
	if err != nil {
		for _, note := range notes(s.clients.refusal(ctx, err)) {
			s.console.Warning(note)
		}
	}
}

// writeResult writes the result file, if one is asked for.
func (s *step) writeResult(result report.Result) error {
	name := s.config.ResultFile
	if name == "" {
		return nil
	}
	text := append(result.JSON(), '\n')
	if strings.HasSuffix(name, ".env") {
		text = result.Dotenv()
	}
	return os.WriteFile(name, []byte(s.console.Hide(string(text))), 0o644)
}
