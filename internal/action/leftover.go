package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// leftovers looks for what steps have left.
type leftovers struct {
	invocation
	clients *session.Clients // nil until AWS is called
}

// connectOnce makes the clients if there are none.
func (l *leftovers) connectOnce(ctx context.Context) (err error) {
	if l.clients == nil {
		l.clients, err = l.connect(ctx)
	}
	return err
}

// post is the action's post stage: it stops what the step has left, and shows the log
// lines that came after it.
func (in invocation) post(ctx context.Context) int {
	l := &leftovers{invocation: in}
	status := l.stop(ctx)
	l.laterLogs(ctx)
	return status
}

// stop stops what the step has left, if the step could not do so itself. Runners run
// the post stage even where they killed the step.
//
// What it stops is what ECS says was started by this very step. The state that
// the step saved is only a hint: a line of a task's log might have forged it.
func (l *leftovers) stop(ctx context.Context) int {
	policy, done := plan.EndPolicyOf(l.config), l.env.getenv("STATE_done") == "true"
	switch {
	case l.config.Local != "" || l.config.DryRun || !policy.Waits() || !policy.StopOnInterrupt:
		return ExitGood // nothing that is not to go on
	case policy.Servers() && done:
		return ExitGood // servers, which go on
	}
	if err := l.connectOnce(ctx); err != nil {
		l.console.Notice(report.Note{Text: fmt.Sprintf("did not look for tasks that the step may have left: %v", err)})
		return ExitGood
	}
	left, err := l.ofStep(ctx)
	switch {
	case err != nil && done:
		return ExitGood // there should be nothing, and a step that succeeded does not fail by this
	case err != nil:
		return l.fail(ctx, err)
	}
	if policy.Servers() && l.env.getenv("STATE_intent") == "" && len(left) > 0 && !slices.ContainsFunc(left, l.notReady) {
		// A runner that keeps no state does not say that the step ended well.
		l.console.Printf("%s left running: each is %s, and this runner does not say how the step ended", run.Plural(len(left), "task"), policy.Goal)
		run.LogInspectCommands(l.console.Emit, l.clients.Config.Region, l.config.Cluster, arnsOf(left))
		return ExitGood
	}
	return l.stopAll(ctx, left, strings.TrimSpace("left by its step; stopped by ecs-run-task "+l.ci.URL))
}

// notReady reports whether a task is not in the state that the step waits for, other
// than its end.
func (in invocation) notReady(t types.Task) bool {
	return aws.ToString(t.LastStatus) != "RUNNING" || in.config.SteadyState == "healthy" && t.HealthStatus != types.HealthStatusHealthy
}

// settleTime is how long ECS may take to list a task that it has just started.
const settleTime = 3 * time.Second

// ofStep returns the running tasks that this step started. If the step meant
// to start some and never said that it did, they may have been started the moment
// it was killed: it is asked for twice.
func (l *leftovers) ofStep(ctx context.Context) ([]types.Task, error) {
	in := l.invocation
	mark := ownership.Text(in.ci, in.config.Matrix, plan.EndPolicyOf(in.config).LeavesTasks())
	if in.ci.ID == "" {
		return nil, nil // outside of a CI nothing tells steps apart
	}
	intent := in.env.getenv("STATE_intent")
	if saved, ok := ownership.Parse(intent); ok && saved.SameJob(ownership.Of(in.ci, in.config.Matrix)) {
		mark = intent // act gives the post stage no defaults, and so no matrix
	}
	name := cmp.Or(in.config.StartedBy, mark)
	left, err := l.ecs(l.clients).StartedBy(ctx, name)
	if err == nil && len(left) == 0 && intent != "" && in.env.getenv("STATE_tasks") == "" && task.Sleep(ctx, settleTime) {
		left, err = l.ecs(l.clients).StartedBy(ctx, name)
	}
	if err != nil || in.config.StartedBy == "" {
		return left, err
	}
	// Others may start tasks by a name that the user chose: only those are the step's
	// own whose tag says so or, without one, that the step has named.
	saved := strings.Split(in.env.getenv("STATE_tasks"), ",")
	return slices.DeleteFunc(left, func(t types.Task) bool {
		tag := task.Tag(t, ownership.Tag)
		return tag != mark && (tag != "" || !slices.Contains(saved, aws.ToString(t.TaskArn)))
	}), nil
}

func (l *leftovers) fail(ctx context.Context, err error) int {
	for _, note := range l.explainer(l.clients, nil).Error(ctx, err, nil) {
		note.Title = "a task may still run"
		l.console.Error(note)
	}
	return ExitError
}

// stopLeft is the commands stop and reap: they stop tasks that steps have left.
func stopLeft(ctx context.Context, env Env, console *report.Report, command string, c input.Leftover) int {
	in := newInvocation(env, console, input.Config{AWS: input.AWS{AWSAccess: c.AWSAccess, Cluster: c.Cluster}})
	selection, err := leftBy(in.ci, command, c)
	var clients *session.Clients
	if err == nil {
		clients, err = in.connect(ctx)
	}
	if err != nil {
		for _, note := range explain.Notes(err) {
			console.Error(note)
		}
		return ExitError
	}
	l := &leftovers{in, clients}
	found, err := in.ecs(clients).All(ctx)
	if err != nil {
		return l.fail(ctx, err)
	}
	chosen := selection.of(found, time.Now())
	console.Printf("%s of steps found on cluster %s in %s", run.Plural(len(chosen.stop), "task"), c.Cluster, clients.Config.Region)
	for _, t := range chosen.spared {
		console.Printf("not stopping task %s, which was left on purpose; --include-left stops it, too", aws.ToString(t.TaskArn))
	}
	for _, t := range chosen.stop {
		if c.DryRun {
			console.Printf("task %s, started by %s, %s old", aws.ToString(t.TaskArn), aws.ToString(t.StartedBy), report.Since(time.Since(aws.ToTime(t.CreatedAt))))
		}
	}
	status := ExitGood
	if !c.DryRun {
		status = l.stopAll(ctx, chosen.stop, strings.TrimSpace("ecs-run-task "+command+" "+in.ci.URL))
	}
	if len(chosen.legs) > 0 {
		for _, t := range chosen.legs {
			console.Printf("not stopping task %s, which a leg of this job's matrix started", aws.ToString(t.TaskArn))
		}
		for _, note := range explain.Notes(explain.WithHint(errors.New("stop: the job has a matrix, and without the input matrix it is not known which leg this is"), "ecs-run-task stop --matrix '${{ toJSON(matrix) }}'")) {
			console.Error(note)
		}
		return ExitError
	}
	return status
}

// choice says which tasks the commands stop and reap are for.
type choice struct {
	matches     func(types.Task, ownership.Mark) bool
	older       time.Duration
	includeLeft bool // on purpose
	leg         bool // own is of the leg that alone is meant
	own         ownership.Owner
}

// chosen are the tasks that a choice is for.
type chosen struct {
	stop   []types.Task
	spared []types.Task // left on purpose
	legs   []types.Task // of a leg of the job, of which it is not known whether it is this one
}

// of divides the tasks that run on a cluster.
func (c choice) of(found []types.Task, now time.Time) (all chosen) {
	for _, t := range found {
		mark := ownership.MarkOf(aws.ToString(t.StartedBy), task.Tag(t, ownership.Tag))
		switch {
		case t.CreatedAt == nil || now.Sub(*t.CreatedAt) < c.older || !c.matches(t, mark):
		case mark.Left && !c.includeLeft:
			all.spared = append(all.spared, t)
		case c.own != ownership.Owner{} && !mark.Owner.SameLeg(c.own):
			if !c.leg {
				all.legs = append(all.legs, t)
			}
		default:
			all.stop = append(all.stop, t)
		}
	}
	return all
}

// leftBy returns which tasks the command is for: stop for those of a CI run, or
// without one those of the job that it is part of, in its leg of a matrix; reap for
// all that are old.
func leftBy(run ci.Run, command string, c input.Leftover) (choice, error) {
	choose := choice{includeLeft: c.IncludeLeft}
	if command == "reap" {
		choose.older = c.OlderThan
	}
	own := ownership.Of(run, c.Matrix)
	switch {
	case c.StartedBy != "":
		choose.matches = func(t types.Task, _ ownership.Mark) bool { return aws.ToString(t.StartedBy) == c.StartedBy }
	case c.Run != "":
		choose.matches = func(_ types.Task, m ownership.Mark) bool {
			return m.Known && m.Owner.Run == ownership.RunID(c.Run) && (c.Run != run.ID || m.Owner.Repository == own.Repository)
		}
	case command == "reap":
		choose.matches = func(_ types.Task, m ownership.Mark) bool { return m.Step }
	case run.ID == "":
		return choose, explain.WithHint(errors.New("stop: this is no job of a CI: name the CI run whose tasks are to be stopped"),
			"ecs-run-task stop --run 1234567890\nThe id is the number in the address of the run, and in the startedBy of its tasks: ecs-run-task/1234567890/…")
	default:
		choose.own, choose.leg = own, c.Matrix != ""
		choose.matches = func(_ types.Task, m ownership.Mark) bool { return m.Known && m.Owner.SameJob(own) }
	}
	return choose, nil
}

// stopAll stops tasks and says which.
func (l *leftovers) stopAll(ctx context.Context, left []types.Task, reason string) int {
	for _, t := range left {
		l.console.Printf("stopping task %s", aws.ToString(t.TaskArn))
	}
	if err := l.ecs(l.clients).Stop(ctx, arnsOf(left), reason); err != nil {
		return l.fail(ctx, err)
	}
	return ExitGood
}

func arnsOf(tasks []types.Task) []string {
	var arns []string
	for _, t := range tasks {
		arns = append(arns, aws.ToString(t.TaskArn))
	}
	return arns
}
