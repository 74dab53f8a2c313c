package run

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// drainTime is how long the step reads logs after the last task has ended. Normally the logs end
// long before that.
const drainTime = 2 * time.Minute

// lastStatesTime is how long the step asks for the last states of tasks that it could not stop.
const lastStatesTime = time.Second

// closeTime is how long the step reads the last log lines of tasks that continue to run.
const closeTime = time.Second

// watch follows the tasks of a group until they end or reach the goal of the wait. A signal and
// the timeout end the wait early.
func (s *runner) watch(ctx context.Context, group []int) error {
	states := s.deciding(group)
	if len(states) == 0 {
		return nil
	}
	defer s.Emit(event.Waiting{})
	w := task.Watch{
		Goal: s.Plan.End.Goal, Since: s.started, Deadline: s.deadline(), Changes: s.Changes, Clock: s.Clock,
		Trouble: func(err error) {
			s.Emit.Printf("[%s] asking ECS again after: %v", s.elapsed(), s.Explain.PlainRefusal(err))
		},
	}
	states, err := s.watchTasks(ctx, s.ECS, states, w)
	if len(pending(states)) > 0 {
		ended := s.interrupt(ctx, running(states), w, err)
		s.readLastLines(ctx, s.deciding(group), ended)
		return err
	}
	s.stopMissing(ctx, states)
	if w.Goal != task.UntilStopped { // the tasks continue to run, so their logs have no end
		s.Logs.CutOff()
		s.Logs.Wait(ctx, closeTime)
	}
	return err
}

// readLastLines reads the logs after an interruption. If the tasks have ended, it reads the logs
// to their ends; otherwise it reads the available lines.
func (s *runner) readLastLines(ctx context.Context, states []*task.State, ended bool) {
	drain := s.budget(ctx).Drain
	if ctx.Err() != nil || !ended {
		s.Logs.CutOff()
		s.Logs.Wait(context.WithoutCancel(ctx), time.Until(drain))
		return
	}
	cutOff := time.AfterFunc(time.Until(drain.Add(-closeTime)), s.Logs.CutOff)
	defer cutOff.Stop()
	defer context.AfterFunc(ctx, s.Logs.CutOff)()
	s.drain(ctx, states, time.Until(drain))
}

// Drain reads the logs of tasks with a verdict to their ends, while their last containers end. It
// returns after 2 minutes at the latest, or earlier if the timeout of the run requires it.
func (r Runner) Drain(ctx context.Context, out outcome.Outcome) {
	if !r.Logs.Reading() {
		return
	}
	limit := drainTime
	if deadline := out.Plan.End.Deadline(out.Started); !deadline.IsZero() {
		limit = min(limit, time.Until(shutdown.NewFollowBudget(deadline, 0).Drain))
	}
	var states []*task.State
	for _, a := range out.Attempts {
		states = append(states, a.Tasks...)
	}
	r.Emit(event.Waiting{Total: len(states), Since: out.Started})
	defer r.Emit(event.Waiting{})
	r.drain(ctx, states, limit)
}

// drain reads the logs of the tasks with a verdict until the logs are complete or limit has
// passed.
func (r Runner) drain(ctx context.Context, states []*task.State, limit time.Duration) {
	var judged []*task.State
	for _, state := range states {
		if state.Verdict != nil {
			watched := *state
			judged = append(judged, &watched)
		}
	}
	read, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		// An error is ignored: the wait ends with the logs, not with the watch.
		_ = r.ECS.WatchEnding(read, judged, task.Watch{
			Since: time.Now(), Changes: r.Changes, Clock: r.Clock,
			Ending: func(state *task.State) { r.Logs.Update(state, r.label(state)) },
		})
	})
	r.Logs.Wait(ctx, limit)
	cancel()
	watch.Wait()
}

// watchTasks watches tasks on a goroutine of its own, handles each change on the loop, and returns
// the last states.
func (s *runner) watchTasks(ctx context.Context, ecs cluster.Client, states []*task.State,
	w task.Watch) ([]*task.State, error) {
	seen := make([]*task.State, len(states))
	for i, state := range states {
		watched := *state
		if w.Goal == task.UntilStopped {
			watched.Reached = false // a task that reached its goal and is stopped is watched until it ends
		}
		seen[i] = &watched
	}
	current := slices.Clone(states)
	s.emitWaiting(current)
	w.Changed = func(state *task.State) {
		now := *state
		s.call(func() {
			current[slices.Index(seen, state)] = &now
			s.taskChanged(ctx, &now)
			s.emitWaiting(current)
		})
	}
	w.Ending = func(state *task.State) {
		now := *state
		s.call(func() { s.Logs.Update(&now, s.label(&now)) })
	}
	var err error
	s.start(func() func() {
		watchErr := ecs.Watch(ctx, seen, w)
		return func() { err = watchErr }
	})
	s.wait(nil, nil)
	s.replaceStates(seen)
	return seen, err
}

func (s *runner) taskChanged(ctx context.Context, state *task.State) {
	s.Logs.Update(state, s.label(state))
	s.Emit(event.TaskChanged{State: state, Elapsed: time.Since(s.started)})
	switch {
	case state.RunsOn():
		s.stopAfterVerdict(ctx, state)
	case state.Verdict != nil:
		s.Ledger.Ended(aws.ToString(state.TaskArn))
	}
}

func (s *runner) emitWaiting(states []*task.State) {
	open := pending(states)
	statuses := map[string]int{}
	for _, state := range open {
		if status := aws.ToString(state.LastStatus); status != "" {
			statuses[status]++
		}
	}
	s.Emit(event.Waiting{Open: len(open), Total: len(states), Statuses: statuses, Since: s.started,
		Deadline: s.deadline()})
}

// interrupt ends the wait for tasks that are not done: at the timeout, at a signal, or because ECS
// does not answer any more. It stops the tasks unless on-interrupt is leave. It reads their last
// states, and reports whether all have ended.
func (s *runner) interrupt(ctx context.Context, open []*task.State, w task.Watch, watchError error) (ended bool) {
	var why string
	if signal := shutdown.Interruption(ctx); signal != nil {
		why = signal.Error()
	} else if watchError != nil {
		why = "lost sight of the task"
	} else {
		why, s.timedOut = s.timedOutText(), true
	}
	own := s.ours(open)
	others := len(own) < len(open)
	if others {
		s.Emit.Printf("%s: %s left running, as others started them", why, event.Plural(len(open)-len(own), "task"))
		if open = own; len(open) == 0 {
			return false
		}
	}
	if !s.Plan.End.StopOnInterrupt {
		s.Emit.Printf("%s: %s left running (on-interrupt: leave)", why, event.Plural(len(open), "task"))
		s.logInspectCommands(task.ARNs(open))
		return false
	}
	s.Emit.Printf("%s: stopping %s", why, event.Plural(len(open), "task"))
	ctx, cancel := s.within(ctx, toStop)
	defer cancel()
	s.stop(ctx, open, why)
	if len(s.Ledger.NotStopping(task.ARNs(open))) == len(open) { // ECS stops none of them
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lastStatesTime)
		defer cancel()
	}
	w.Goal, w.Deadline = task.UntilStopped, time.Time{}
	open, err := s.watchTasks(ctx, s.fastRetry(), open, w)
	if err != nil && watchError == nil {
		s.Emit.Printf("the last states are not known: %v", s.Explain.PlainRefusal(err))
	}
	stopping := slices.DeleteFunc(pending(open),
		func(state *task.State) bool { return !s.Ledger.IsStopping(aws.ToString(state.TaskArn)) })
	if len(stopping) > 0 {
		s.Emit.Printf("%s asked to stop and not ended yet: ECS kills the containers after their stop time-out",
			event.Plural(len(stopping), "task"))
	}
	return !others && len(pending(open)) == 0
}
