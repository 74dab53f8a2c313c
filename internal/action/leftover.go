package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

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
	name := ownership.StartedBy(in.config.StartedBy, in.ci, in.config.Matrix)
	if name == ownership.Marker {
		return nil, nil // outside of a CI nothing tells steps apart
	}
	if saved, ok := ownership.Parse(in.env.getenv("STATE_intent")); ok && in.config.StartedBy == "" && saved.SameJob(ownership.Of(in.ci, in.config.Matrix)) {
		name = saved.String() // act gives the post stage no defaults, and so no matrix
	}
	left, err := l.ecs(l.clients).StartedBy(ctx, name)
	if err == nil && len(left) == 0 && in.env.getenv("STATE_intent") != "" && in.env.getenv("STATE_tasks") == "" && task.Sleep(ctx, settleTime) {
		left, err = l.ecs(l.clients).StartedBy(ctx, name)
	}
	if err != nil || in.config.StartedBy == "" {
		return left, err
	}
	// Others may start tasks by a name that the user chose: only those that the
	// step has named are its own.
	saved := strings.Split(in.env.getenv("STATE_tasks"), ",")
	return slices.DeleteFunc(left, func(t types.Task) bool { return !slices.Contains(saved, aws.ToString(t.TaskArn)) }), nil
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
	isLeft, err := in.leftBy(command, c)
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
	left := slices.DeleteFunc(found, func(t types.Task) bool { return !isLeft(t) })
	console.Printf("%s of steps found on cluster %s in %s", run.Plural(len(left), "task"), c.Cluster, clients.Config.Region)
	if c.DryRun {
		for _, t := range left {
			console.Printf("task %s, started by %s, %s old", aws.ToString(t.TaskArn), aws.ToString(t.StartedBy), report.Since(time.Since(aws.ToTime(t.CreatedAt))))
		}
		return ExitGood
	}
	return l.stopAll(ctx, left, strings.TrimSpace("ecs-run-task "+command+" "+in.ci.URL))
}

// leftBy returns which tasks the command is for: stop for those of a CI run, or
// without one those of the job that it is part of; reap for all that are old.
func (in invocation) leftBy(command string, c input.Leftover) (func(types.Task) bool, error) {
	older := time.Duration(0)
	if command == "reap" {
		older = c.OlderThan
	}
	by := func(matches func(startedBy string) bool) func(types.Task) bool {
		return func(t types.Task) bool {
			return t.CreatedAt != nil && time.Since(*t.CreatedAt) >= older && matches(aws.ToString(t.StartedBy))
		}
	}
	own := ownership.Of(in.ci, "")
	switch {
	case c.StartedBy != "":
		return by(func(startedBy string) bool { return startedBy == c.StartedBy }), nil
	case c.Run != "":
		return by(func(startedBy string) bool {
			n, ok := ownership.Parse(startedBy)
			return ok && n.Run == ownership.RunID(c.Run) && (c.Run != in.ci.ID || n.Repository == own.Repository)
		}), nil
	case command == "reap":
		return by(func(startedBy string) bool {
			return startedBy == ownership.Marker || strings.HasPrefix(startedBy, ownership.Marker+"/")
		}), nil
	case in.ci.ID == "":
		return nil, explain.WithHint(errors.New("stop: this is no job of a CI: name the CI run whose tasks are to be stopped"),
			"ecs-run-task stop --run 1234567890\nThe id is the number in the address of the run, and in the startedBy of its tasks: ecs-run-task/1234567890/…")
	}
	return by(func(startedBy string) bool {
		n, ok := ownership.Parse(startedBy)
		return ok && n.SameJob(own)
	}), nil
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
