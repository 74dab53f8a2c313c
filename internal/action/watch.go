package action

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"ecs-run-task/internal/report"
	"ecs-run-task/internal/task"
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
	end := s.console.Live(func() string {
		return fmt.Sprintf("waiting for %s, %s", plural(len(states), "task"), report.Since(time.Since(s.started)))
	})
	defer end()
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
		s.tellHowToLook(open)
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
	for _, state := range states {
		s.stopped[aws.ToString(state.TaskArn)] = true
	}
	reason := strings.TrimSpace(why + "; stopped by ecs-run-task " + s.ci.URL)
	if err := s.runner.Stop(ctx, states, reason); err != nil {
		for _, note := range s.notes(ctx, err, nil) {
			note.Title = "a task may still run"
			s.console.Error(note)
		}
		s.tellHowToLook(states)
	}
}

// tellHowToLook says how to see, and stop, tasks that may still run.
func (s *step) tellHowToLook(states []*task.State) {
	for _, state := range states {
		arn := aws.ToString(state.TaskArn)
		s.console.Printf("this task may still run: %s", arn)
		s.console.Printf("  aws ecs describe-tasks --region %s --cluster %s --tasks %s", s.clients.config.Region, s.config.Cluster, arn)
		s.console.Printf("  aws ecs stop-task --region %s --cluster %s --task %s", s.clients.config.Region, s.config.Cluster, arn)
	}
}
