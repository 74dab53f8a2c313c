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

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// post is the action's post stage: it stops what the step has left, and shows the log
// lines that came after it.
func (s *step) post(ctx context.Context) int {
	status := s.stopLeft(ctx)
	s.laterLogs(ctx)
	return status
}

// stopLeft stops what the step has left, if the step could not do so itself. Runners
// run the post stage even where they killed the step.
//
// What it stops is what ECS says was started by this very step. The state that
// the step saved is only a hint: a line of a task's log might have forged it.
func (s *step) stopLeft(ctx context.Context) int {
	c := s.config
	switch {
	case c.Local != "" || c.DryRun || c.SkipSteadyStateCheck || c.OnInterrupt == "leave":
		return ExitGood // nothing that is not to go on
	case c.SteadyState != "stopped" && s.env.getenv("STATE_done") == "true":
		return ExitGood // servers, which go on
	}
	clients, err := s.connect(ctx)
	if err != nil {
		s.console.Notice(report.Note{Text: fmt.Sprintf("did not look for tasks that the step may have left: %v", err)})
		return ExitGood
	}
	s.clients = clients
	s.runner = task.Runner{API: clients.ecs, Cluster: c.Cluster}
	left, err := s.leftOfStep(ctx)
	switch {
	case err != nil && s.env.getenv("STATE_done") == "true":
		return ExitGood // there should be nothing, and a step that succeeded does not fail by this
	case err != nil:
		return s.failLeft(ctx, err)
	}
	if c.SteadyState != "stopped" && s.env.getenv("STATE_intent") == "" && len(left) > 0 && !slices.ContainsFunc(left, s.notUp) {
		// A runner that keeps no state does not say that the step ended well.
		s.console.Printf("%s left running: each is %s, and this runner does not say how the step ended", plural(len(left), "task"), c.SteadyState)
		s.tellHowToLook(task.States(task.Launched{Tasks: left}))
		return ExitGood
	}
	return s.stopAll(ctx, left, strings.TrimSpace("left by its step; stopped by ecs-run-task "+s.ci.URL))
}

// notUp reports whether a task is not in the state that the step waits for, other
// than its end.
func (s *step) notUp(t types.Task) bool {
	return aws.ToString(t.LastStatus) != "RUNNING" || s.config.SteadyState == "healthy" && t.HealthStatus != types.HealthStatusHealthy
}

// settleTime is how long ECS may take to list a task that it has just started.
const settleTime = 3 * time.Second

// leftOfStep returns the running tasks that this step started. If the step meant
// to start some and never said that it did, they may have been started the moment
// it was killed: it is asked for twice.
func (s *step) leftOfStep(ctx context.Context) ([]types.Task, error) {
	name := s.startedBy()
	if name == marker {
		return nil, nil // outside of a CI nothing tells steps apart
	}
	if saved, ok := parseName(s.env.getenv("STATE_intent")); ok && s.config.StartedBy == "" && saved.sameJob(nameOf(s.ci, s.config.Matrix)) {
		name = saved.String() // act gives the post stage no defaults, and so no matrix
	}
	left, err := s.runner.StartedBy(ctx, name)
	if err == nil && len(left) == 0 && s.env.getenv("STATE_intent") != "" && s.env.getenv("STATE_tasks") == "" && sleep(ctx, settleTime) {
		left, err = s.runner.StartedBy(ctx, name)
	}
	if err != nil || s.config.StartedBy == "" {
		return left, err
	}
	// Others may start tasks by a name that the user chose: only those that the
	// step has named are its own.
	saved := strings.Split(s.env.getenv("STATE_tasks"), ",")
	return slices.DeleteFunc(left, func(t types.Task) bool { return !slices.Contains(saved, aws.ToString(t.TaskArn)) }), nil
}

func (s *step) failLeft(ctx context.Context, err error) int {
	for _, note := range s.notes(ctx, err, nil) {
		note.Title = "a task may still run"
		s.console.Error(note)
	}
	return ExitError
}

// stopLeft is the commands stop and reap: they stop tasks that steps have left.
func stopLeft(ctx context.Context, env Env, console *report.Report, command string, c input.Leftover) int {
	s := newStep(env, console, input.Config{AWS: input.AWS{AWSAccess: c.AWSAccess}})
	isLeft, err := s.leftBy(command, c)
	var clients *clients
	if err == nil {
		clients, err = s.connect(ctx)
	}
	if err != nil {
		for _, note := range notes(err) {
			console.Error(note)
		}
		return ExitError
	}
	s.clients, s.runner = clients, task.Runner{API: clients.ecs, Cluster: c.Cluster}
	found, err := s.runner.All(ctx)
	if err != nil {
		return s.failLeft(ctx, err)
	}
	left := slices.DeleteFunc(found, func(t types.Task) bool { return !isLeft(t) })
	console.Printf("%s of steps found on cluster %s in %s", plural(len(left), "task"), c.Cluster, clients.config.Region)
	if c.DryRun {
		for _, t := range left {
			console.Printf("task %s, started by %s, %s old", aws.ToString(t.TaskArn), aws.ToString(t.StartedBy), report.Since(time.Since(aws.ToTime(t.CreatedAt))))
		}
		return ExitGood
	}
	return s.stopAll(ctx, left, strings.TrimSpace("ecs-run-task "+command+" "+s.ci.URL))
}

// leftBy returns which tasks the command is for: stop for those of a CI run, or
// without one those of the job that it is part of; reap for all that are old.
func (s *step) leftBy(command string, c input.Leftover) (func(types.Task) bool, error) {
	older := time.Duration(0)
	if command == "reap" {
		older = c.OlderThan
	}
	by := func(matches func(startedBy string) bool) func(types.Task) bool {
		return func(t types.Task) bool {
			return t.CreatedAt != nil && time.Since(*t.CreatedAt) >= older && matches(aws.ToString(t.StartedBy))
		}
	}
	own := nameOf(s.ci, "")
	switch {
	case c.StartedBy != "":
		return by(func(startedBy string) bool { return startedBy == c.StartedBy }), nil
	case c.Run != "":
		return by(func(startedBy string) bool {
			n, ok := parseName(startedBy)
			return ok && n.run == runOf(c.Run) && (c.Run != s.ci.ID || n.repository == own.repository)
		}), nil
	case command == "reap":
		return by(func(startedBy string) bool { return startedBy == marker || strings.HasPrefix(startedBy, marker+"/") }), nil
	case s.ci.ID == "":
		return nil, &adviceError{error: errors.New("stop: outside of a CI it must be told of which run"), advice: "ecs-run-task stop --run <id of the CI run>"}
	}
	return by(func(startedBy string) bool {
		n, ok := parseName(startedBy)
		return ok && n.sameJob(own)
	}), nil
}

// stopAll stops tasks and says which.
func (s *step) stopAll(ctx context.Context, left []types.Task, reason string) int {
	states := task.States(task.Launched{Tasks: left})
	for _, t := range left {
		s.console.Printf("stopping task %s", aws.ToString(t.TaskArn))
	}
	if err := s.runner.Stop(ctx, states, reason); err != nil {
		return s.failLeft(ctx, err)
	}
	return ExitGood
}
