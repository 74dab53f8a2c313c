package run

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// fastRetry returns a client that retries read calls at once, for the last seconds of the step.
func (s *runner) fastRetry() cluster.Client {
	fast := s.ECS
	fast.FastRetry = true
	return fast
}

// stop asks ECS to stop tasks. If ECS refuses, it prints the error and the commands that stop
// them.
func (s *runner) stop(ctx context.Context, states []*task.State, why string) {
	arns := s.Ledger.NotStopping(s.Ledger.Ours(task.ARNs(states)))
	s.stopped(ctx, arns, s.ECS.Stop(ctx, arns, s.stopReason(why)))
}

// stopped handles the answer to a call that stops tasks: it updates the ledger, or reports the
// error.
func (s *runner) stopped(ctx context.Context, arns []string, err error) {
	if err == nil {
		s.Ledger.Stopping(arns...)
		return
	}
	for _, note := range s.Explain.Error(ctx, err, nil) {
		note.Title = "a task may still run"
		s.Emit.Error(note)
	}
	s.logInspectCommands(arns)
}

// stopAfterVerdict stops a task whose deciding containers have ended while other containers run.
// It does not wait for the answer of ECS.
func (s *runner) stopAfterVerdict(ctx context.Context, state *task.State) {
	if len(s.Ledger.Ours(task.ARNs([]*task.State{state}))) == 0 {
		s.Ledger.Ended(aws.ToString(state.TaskArn))
		return
	}
	s.Emit.Printf("stopping task %s of %s: %s ended, and no other container decides", task.ShortID(state),
		task.Name(state.Definition), strings.Join(state.Rule.Names, ", "))
	ctx, cancel := s.within(ctx, toStop)
	arns := s.Ledger.NotStopping(task.ARNs([]*task.State{state}))
	s.start(func() func() {
		err := s.ECS.Stop(ctx, arns, s.stopReason("the containers that decide have ended"))
		return func() {
			defer cancel()
			s.stopped(ctx, arns, err)
			if err == nil {
				s.Ledger.Ended(aws.ToString(state.TaskArn))
			}
		}
	})
}

// stopReason returns the stop reason that ECS shows: why the task was stopped, and by which run.
func (s *runner) stopReason(why string) string {
	return strings.TrimSpace(why + "; stopped by ecs-run-task " + s.RunURL)
}

// stopEarly stops the tasks that are known at a signal or at the timeout, while other launches
// have no answer yet.
func (s *runner) stopEarly(ctx context.Context) {
	if !s.Plan.End.StopOnInterrupt || !s.Plan.End.Waits() {
		return
	}
	why := s.timedOutText()
	if signal := shutdown.Interruption(ctx); signal != nil {
		why = signal.Error()
	}
	arns := s.Ledger.Running()
	until := s.budget(ctx).Recover
	s.start(func() func() {
		ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
		defer cancel()
		err := s.ECS.Stop(ctx, arns, s.stopReason(why))
		return func() {
			if err == nil { // after an error the end of the step stops them again
				s.Ledger.Stopping(arns...)
			}
		}
	})
}

// stopPartialLaunch stops the started tasks of a job if not all of its tasks could be started.
func (s *runner) stopPartialLaunch(ctx context.Context, job int, states []*task.State) {
	if states = s.ours(states); len(states) == 0 {
		return
	}
	if !s.Plan.End.StopOnInterrupt {
		s.Emit.Printf("%s of %s left running (on-interrupt: leave)", event.Plural(len(states), "task"), s.name(job))
		return
	}
	s.Emit.Printf("stopping the %s of %s that did start, as not all could be started", event.Plural(len(states), "task"),
		s.name(job))
	ctx, cancel := s.within(ctx, toStop)
	defer cancel()
	s.stop(ctx, states, "not all tasks could be started")
}

// ours returns the tasks that this run or an earlier attempt of it started.
func (s *runner) ours(states []*task.State) []*task.State {
	arns := s.Ledger.Ours(task.ARNs(states))
	return slices.DeleteFunc(slices.Clone(states), func(state *task.State) bool {
		return !slices.Contains(arns, aws.ToString(state.TaskArn))
	})
}

// stopMissing stops tasks that ECS no longer shows, because they may still run.
func (s *runner) stopMissing(ctx context.Context, states []*task.State) {
	missing := slices.DeleteFunc(slices.Clone(states), func(state *task.State) bool {
		return state.Verdict == nil || state.Verdict.Outcome != verdict.Lost
	})
	if len(missing) == 0 || !s.Plan.End.StopOnInterrupt {
		return
	}
	ctx, cancel := s.within(ctx, toStop)
	defer cancel()
	s.stop(ctx, missing, "ECS did not show the task any more")
}

// stopServers stops the tasks that the step would leave running, if not every task reached the
// goal of the wait. A step that fails leaves nothing running.
func (s *runner) stopServers(ctx context.Context, err error) {
	if !s.Plan.End.Servers() || !s.Plan.End.StopOnInterrupt {
		return
	}
	var all []int
	for job := range s.Plan.Jobs {
		all = append(all, job)
	}
	if err == nil && !s.timedOut && ctx.Err() == nil && s.allSucceeded(all) {
		return
	}
	var servers []*task.State
	for _, state := range s.deciding(all) {
		if state.Reached {
			stopped := *state
			stopped.Reached = false
			servers = append(servers, &stopped)
		}
	}
	if len(servers) == 0 {
		return
	}
	s.replaceStates(servers)
	s.Emit.Printf("stopping %s, as not every task is %s", event.Plural(len(servers), "task"), s.Plan.End.Goal)
	ctx, cancel := s.within(ctx, toDrain)
	defer cancel()
	s.stop(ctx, servers, "not every task came to be "+string(s.Plan.End.Goal))
}

func (s *runner) logInspectCommands(arns []string) {
	if s.Explain.Local != "" {
		s.Emit.Printf("the tasks of a local run end with the step")
		return
	}
	stage.LogInspectCommands(s.Emit, s.Explain.Region, s.ECS.Cluster, arns)
}
