package action

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// endingTime is how long the step takes to end after a signal or the time-out:
// GitHub kills a step's container ten seconds after the signal.
const endingTime = 7 * time.Second

// Parts of it: the last log lines are read until closeTime before its end, the
// tasks stopped and seen to stop until logTime, and what is to be stopped is found
// out until stopTime.
const (
	closeTime = 500 * time.Millisecond
	logTime   = time.Second
	stopTime  = 2 * time.Second
)

// drainTime is how long logs are read on after the last task has ended. A
// follower ends by itself long before.
const drainTime = 2 * time.Minute

// watch follows the tasks to their end, or to the state asked for; it ends the
// wait on a signal and at the time-out.
func (s *step) watch(ctx context.Context, states []*task.State) error {
	if len(states) == 0 {
		return nil
	}
	var open atomic.Int32 // tasks
	var ending sync.WaitGroup
	defer ending.Wait()
	open.Store(int32(len(undone(states))))
	w := task.Watch{
		Goal: task.Goal(s.config.SteadyState), Since: s.started, Deadline: s.deadline(), Changes: s.clients.changes(), Clock: s.clients.clock.local,
		Ending: func(state *task.State) { s.logs.update(state, s.label(state)) },
		Changed: func(state *task.State) {
			s.logs.update(state, s.label(state))
			s.console.Changed(state, time.Since(s.started))
			open.Store(int32(len(undone(states))))
			switch {
			case state.RunsOn():
				judged := *state // which the watch goes on to update
				ending.Go(func() { s.stopRunningOn(ctx, &judged) })
			case state.Verdict != nil:
				s.made.ended(aws.ToString(state.TaskArn))
			}
		},
		Waiting: func(open []*task.State) {
			s.console.Printf("[%s] waiting for %s of %d, %s left", report.Since(time.Since(s.started)), plural(len(open), "task"), len(states), report.Since(time.Until(s.started.Add(s.config.Timeout))))
		},
		Trouble: func(err error) {
			s.console.Printf("[%s] asking ECS again after: %v", report.Since(time.Since(s.started)), s.clients.plainRefusal(err))
		},
	}
	end := s.console.Live(func() string {
		return fmt.Sprintf("waiting for %d of %s, %s", open.Load(), plural(len(states), "task"), report.Since(time.Since(s.started)))
	})
	defer end()
	err := s.runner.Watch(ctx, states, w)
	if len(undone(states)) > 0 {
		s.interrupt(ctx, unended(states), w, err)
		s.logs.wait(context.WithoutCancel(ctx), time.Until(s.endOf(ctx).Add(-closeTime)))
		return err
	}
	s.stopLost(ctx, states)
	if w.Goal != task.UntilStopped { // servers, whose logs have no end
		s.logs.cutOff()
		s.logs.wait(ctx, logTime)
	}
	return err
}

// drain reads the logs of tasks that have their verdicts to their ends, while their
// last containers end.
func (s *step) drain(ctx context.Context, states []*task.State) {
	if !s.logs.reading() {
		return
	}
	limit := drainTime
	if deadline := s.deadline(); !deadline.IsZero() {
		limit = min(limit, time.Until(deadline.Add(endingTime-closeTime)))
	}
	defer s.console.Live(func() string {
		return "reading the logs to their end, " + report.Since(time.Since(s.started))
	})()
	read, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		// What can't be learned is waited for no longer than the logs.
		_ = s.runner.WatchEnding(read, states, task.Watch{
			Since: s.started, Changes: s.clients.changes(), Clock: s.clients.clock.local,
			Ending: func(state *task.State) { s.logs.update(state, s.label(state)) },
		})
	})
	s.logs.wait(ctx, limit)
	cancel()
	watch.Wait()
}

// endOf is when the step is to have ended, if it is ended now: by a signal, by
// the time-out, or by a fault.
func (s *step) endOf(ctx context.Context) time.Time {
	if signal := interruption(ctx); signal != nil {
		return signal.At.Add(endingTime)
	}
	if deadline := s.deadline(); !deadline.IsZero() && time.Now().After(deadline) {
		return deadline.Add(endingTime)
	}
	return time.Now().Add(endingTime)
}

// hurried is the runner for the last seconds.
func (s *step) hurried() task.Runner {
	hurried := s.runner
	hurried.Hurry = true
	return hurried
}

// stopLost stops tasks that ECS no longer shows, in case they run all the same.
func (s *step) stopLost(ctx context.Context, states []*task.State) {
	lost := slices.DeleteFunc(slices.Clone(states), func(state *task.State) bool {
		return state.Verdict == nil || state.Verdict.Outcome != task.Lost
	})
	if len(lost) == 0 || s.config.OnInterrupt == "leave" {
		return
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.endOf(ctx).Add(-logTime))
	defer cancel()
	s.stop(ctx, lost, "ECS did not show the task any more")
}

// stopServers stops the tasks that were to go on, where not all came to be as was
// asked for: a step that fails leaves nothing running.
func (s *step) stopServers(ctx context.Context, jobs []*job, err error) {
	if s.config.SteadyState == "stopped" || s.config.SkipSteadyStateCheck || s.config.OnInterrupt == "leave" {
		return
	}
	if err == nil && !s.timedOut && ctx.Err() == nil && good(jobs) {
		return
	}
	running := slices.DeleteFunc(statesOf(jobs), func(state *task.State) bool { return !state.Reached })
	if len(running) == 0 {
		return
	}
	for _, state := range running {
		state.Reached = false
	}
	s.console.Printf("stopping %s, as not every task is %s", plural(len(running), "task"), s.config.SteadyState)
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.endOf(ctx).Add(-closeTime))
	defer cancel()
	s.stop(ctx, running, "not every task came to be "+s.config.SteadyState)
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
	defer s.logs.cutOff()
	if s.config.OnInterrupt == "leave" {
		s.console.Printf("%s: %s left running (on-interrupt: leave)", why, plural(len(open), "task"))
		s.tellHowToLook(open)
		return
	}
	s.console.Printf("%s: stopping %s", why, plural(len(open), "task"))
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.endOf(ctx).Add(-logTime))
	defer cancel()
	s.stop(ctx, open, why)
	w.Goal, w.Deadline, w.Waiting = task.UntilStopped, time.Time{}, nil
	for _, state := range open {
		state.Reached = false // a server is stopped as well
	}
	if err := s.hurried().Watch(ctx, open, w); err != nil && watchError == nil {
		s.console.Printf("the last states are not known: %v", s.clients.plainRefusal(err))
	}
	if stopping := slices.DeleteFunc(undone(open), func(state *task.State) bool { return !s.made.hasStopped(state) }); len(stopping) > 0 {
		s.console.Printf("%s told to stop and not seen to end: ECS kills the containers after their stop time-out", plural(len(stopping), "task"))
	}
}

// stopEarly stops the tasks that are known at a signal or the time-out, while
// others are still being started: the answer to that may be a while.
func (s *step) stopEarly(ctx context.Context) {
	if s.config.OnInterrupt == "leave" || s.config.SkipSteadyStateCheck {
		return
	}
	why := "timed out after " + s.config.Timeout.String()
	if signal := interruption(ctx); signal != nil {
		why = signal.Error()
	}
	var known task.Launched
	for _, arn := range s.made.running() {
		known.Tasks = append(known.Tasks, types.Task{TaskArn: &arn})
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.endOf(ctx).Add(-stopTime))
	defer cancel()
	states := task.States(known)
	if err := s.runner.Stop(ctx, states, s.stopReason(why)); err == nil { // else it is tried again
		s.made.stopped(states)
	}
}

// stopReason is what ECS shows of who stopped a task, and why.
func (s *step) stopReason(why string) string {
	return strings.TrimSpace(why + "; stopped by ecs-run-task " + s.ci.URL)
}

// stop asks ECS to stop tasks, and names those it could not stop.
func (s *step) stop(ctx context.Context, states []*task.State, why string) {
	states = s.made.unstopped(states)
	if err := s.runner.Stop(ctx, states, s.stopReason(why)); err != nil {
		for _, note := range s.notes(ctx, err, nil) {
			note.Title = "a task may still run"
			s.console.Error(note)
		}
		s.tellHowToLook(states)
		return
	}
	s.made.stopped(states)
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
