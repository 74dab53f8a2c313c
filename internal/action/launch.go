package action

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// runGroup launches the jobs of a group and follows them to their end. Tasks that
// AWS took away are started again where that is asked for.
func (s *step) runGroup(ctx context.Context, group []*job) error {
	if s.started.IsZero() {
		s.started = time.Now()
	}
	s.launchBy = time.Now().Add(s.config.LaunchTimeout)
	wait := 5 * time.Second
	for {
		err := s.launch(ctx, group)
		if s.config.SkipSteadyStateCheck {
			if err == nil {
				s.console.Printf("steady-state check skipped: the step does not wait for the tasks")
			}
			return err
		}
		s.setRules(group)
		err = errors.Join(err, s.watch(ctx, statesOf(group)))
		if err != nil || ctx.Err() != nil || s.timedOut {
			return err
		}
		lost, noRoom := s.replace(group, wait)
		if lost+noRoom == 0 {
			return nil
		}
		if lost > 0 {
			s.launchBy = time.Now().Add(s.config.LaunchTimeout)
		}
		if noRoom > 0 {
			s.console.Printf("AWS had no room for %s: starting again in %s", plural(noRoom, "task"), report.Since(wait))
			if !sleep(ctx, wait) {
				return context.Cause(ctx)
			}
			wait = min(2*wait, time.Minute)
		}
	}
}

// deadline is the end of the wait; zero if there is none.
func (s *step) deadline() time.Time {
	if s.config.Timeout == 0 || s.started.IsZero() {
		return time.Time{}
	}
	return s.started.Add(s.config.Timeout)
}

// replace takes the tasks out of the jobs that are to be started again: those
// whose host was lost, as often as the input retries says, and those that never
// ran for want of room, if launch-timeout leaves the time to wait for it.
func (s *step) replace(group []*job, wait time.Duration) (lost, noRoom int) {
	again := time.Now().Add(wait)
	late := again.After(s.launchBy) || !s.deadline().IsZero() && again.After(s.deadline())
	for _, j := range group {
		var kept []*task.State
		jobLost := 0
		for _, state := range j.states {
			switch v := state.Verdict; {
			case v != nil && v.HostLost && j.reruns < s.config.Retries:
				jobLost++
				j.replaced = append(j.replaced, state)
			case v != nil && v.NoRoom && !late:
				noRoom++
				j.missing++
				j.replaced = append(j.replaced, state)
			default:
				kept = append(kept, state)
			}
		}
		j.states = kept
		if jobLost > 0 {
			j.reruns++
			j.missing += jobLost
			lost += jobLost
			s.console.Printf("running %s of %s again (retry %d of %d)", plural(jobLost, "task"), task.Name(j.definition), j.reruns, s.config.Retries)
		}
	}
	return lost, noRoom
}

// sleep waits for d. It returns false at once when ctx ends.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func statesOf(jobs []*job) []*task.State {
	var states []*task.State
	for _, j := range jobs {
		states = append(states, j.states...)
	}
	return states
}

// launch starts the missing tasks of each job at once. A job of which not every
// task could be started is given up: those that were are stopped.
func (s *step) launch(ctx context.Context, group []*job) error {
	missing := 0
	for _, j := range group {
		missing += j.missing
	}
	if missing == 0 { // every task was found running
		for _, state := range statesOf(group) {
			s.logs.update(state, s.label(state))
		}
		return nil
	}
	s.console.Printf("running %s on cluster %s in %s", plural(missing, "task"), s.config.Cluster, s.clients.config.Region)
	s.save("intent", s.startedBy())
	intime, cancel := s.untilDeadline(ctx)
	defer cancel()
	stopped := make(chan struct{})
	early := context.AfterFunc(intime, func() {
		defer close(stopped)
		s.stopEarly(ctx)
	})
	each(group, launchesAtOnce, func(j *job) { s.launchOne(ctx, intime, j) })
	if !early() {
		<-stopped
	}
	started := 0
	for _, j := range group {
		started += len(j.fresh)
	}
	failures := 0
	if ctx.Err() == nil { // what was not asked for did not fail
		failures = missing - started
	}
	s.console.Printf("%s started, %s", plural(started, "task"), plural(failures, "failure"))
	for _, j := range group {
		if j.err != nil && failures > 0 && started > len(j.fresh) { // it may be long until the others have ended
			s.console.Printf("following the others, although %v", s.clients.plainRefusal(j.err))
		}
		for _, state := range j.fresh {
			s.logs.update(state, s.label(state))
		}
		if j.err != nil && len(j.states) > 0 {
			s.giveUp(ctx, j)
		}
	}
	return jobErrors(group)
}

// untilDeadline returns ctx with an end at the time-out.
func (s *step) untilDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.deadline().IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, s.deadline())
}

// launchOne starts the missing tasks of a job, until the time-out, when intime
// ends; ctx ends by a signal only.
func (s *step) launchOne(ctx, intime context.Context, j *job) {
	j.fresh = nil
	if j.err = context.Cause(ctx); j.err != nil || j.missing == 0 {
		return
	}
	capacity := s.launchBy
	if deadline := s.deadline(); !deadline.IsZero() && deadline.Before(capacity) {
		capacity = deadline
	}
	launched, err := s.runner.Launch(intime, task.Launch{
		Definition: j.definition, Count: j.missing, Request: j.request,
		Capacity: time.Until(capacity),
		Started:  func(tasks []types.Task) { s.name(j, tasks) },
		Waiting: func(failures []types.Failure, wait time.Duration) {
			s.console.Printf("no room for %s at the moment (%s): asking again in %s", task.Name(j.definition), aws.ToString(failures[0].Reason), report.Since(wait))
		},
	})
	j.fresh, j.failures, j.err, j.missing = task.States(launched), launched.Failures, advise(j, err), 0
	j.states = append(j.states, j.fresh...)
	if task.Unheard(err) {
		s.lookForUnheard(ctx, j)
	}
	if err != nil && intime.Err() != nil && ctx.Err() == nil {
		s.mu.Lock()
		s.timedOut = true
		s.mu.Unlock()
	}
}

// name tells of tasks the moment they are known, and keeps them for the post
// stage.
func (s *step) name(j *job, tasks []types.Task) {
	for _, t := range tasks {
		arn := aws.ToString(t.TaskArn)
		s.made.started(arn)
		s.console.Printf("task %.8s of %s: %s", task.ID(arn), task.Name(j.definition), arn)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		s.saved = append(s.saved, aws.ToString(t.TaskArn))
	}
	s.save("tasks", strings.Join(s.saved, ","))
}

// lookForUnheard looks for tasks of a job that ECS may have started without the
// step hearing of it. Those by this step's own name are its own; where others may
// use the name too, it is only told how to look.
func (s *step) lookForUnheard(ctx context.Context, j *job) {
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.endOf(ctx).Add(-stopTime))
	defer cancel()
	startedBy := s.startedBy()
	own := s.config.StartedBy == "" && startedBy != marker || j.registered
	found, err := s.hurried().StartedBy(ctx, startedBy)
	known := map[string]bool{}
	for _, state := range append(slices.Clone(j.states), j.replaced...) {
		known[aws.ToString(state.TaskArn)] = true
	}
	found = slices.DeleteFunc(found, func(t types.Task) bool {
		return !own || known[aws.ToString(t.TaskArn)] || aws.ToString(t.TaskDefinitionArn) != aws.ToString(j.definition.TaskDefinitionArn)
	})
	if err == nil && len(found) > 0 {
		s.name(j, found)
		adopted := task.States(task.Launched{Definition: j.definition, Tasks: found, At: time.Now()})
		j.fresh, j.states = append(j.fresh, adopted...), append(j.states, adopted...)
		return
	}
	s.console.Printf("it was not heard whether ECS started %s; to look:", task.Name(j.definition))
	s.console.Printf("  aws ecs list-tasks --region %s --cluster %s --started-by %s", s.clients.config.Region, s.config.Cluster, startedBy)
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
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.endOf(ctx).Add(-logTime))
	defer cancel()
	s.stop(ctx, j.states, "not all tasks could be started")
}
