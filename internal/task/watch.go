package task

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Goal is the state that a watch waits for.
type Goal string

// The goals.
const (
	UntilStopped Goal = "stopped" // every task has ended
	UntilRunning Goal = "running" // every task runs, or has run and ended well
	UntilHealthy Goal = "healthy" // every task runs, and its health checks pass
)

// State is what is known of one task.
type State struct {
	types.Task
	Definition *types.TaskDefinition

	// Verdict is nil until the task has ended one way or the other. A task that
	// has reached a goal other than its end has none.
	Verdict *Verdict

	// Reached is true once the task is in the state that was waited for.
	Reached bool

	launched time.Time // when ECS accepted the task; zero if that was before the watch
	seen     bool      // by DescribeTasks
	missed   time.Time // since when ECS does not show the task; zero if it does
}

// Done reports whether there is nothing more to wait for.
func (s *State) Done() bool { return s.Verdict != nil || s.Reached }

// States returns the states of launched tasks, as RunTask answered them.
func States(launched ...Launched) []*State {
	var states []*State
	for _, l := range launched {
		for _, task := range l.Tasks {
			states = append(states, &State{Task: task, Definition: l.Definition, launched: l.At})
		}
	}
	return states
}

// Watch is a wait for tasks.
type Watch struct {
	Goal  Goal      // empty is UntilStopped
	All   bool      // every container decides, not only the essential ones
	Since time.Time // of the first launch; the schedule follows the time since

	// Deadline is when the watch ends, after a last look; zero is never.
	Deadline time.Time

	// Changed, if not nil, is called for each change of a task's state, on the
	// goroutine of the caller of [Runner.Watch].
	Changed func(*State)

	// Waiting, if not nil, is called likewise once a minute with the tasks that are
	// not done.
	Waiting func([]*State)

	// Trouble, if not nil, is called likewise when a call failed and the watch
	// goes on.
	Trouble func(error)
}

// missingGrace is how long after the launch ECS may not know a task that it has
// just started: reads are eventually consistent.
const missingGrace = 90 * time.Second

// missingFor is how long a task must be missing, look after look, to be lost: one
// answer without it may come from a replica that is behind.
const missingFor = 15 * time.Second

// lastLook is how long after the deadline the answer to the last look is awaited.
const lastLook = time.Second

// expiredGrace is how long the credentials may be expired: the SDK takes new ones
// meanwhile, if there are any.
const expiredGrace = 2 * time.Minute

// describeLimit is how many tasks one DescribeTasks names at the most.
const describeLimit = 100

// Watch asks ECS for the states of the tasks until every one is done, the
// deadline has come or ctx has ended, none of which is an error: the states are
// what is known then. All tasks share each call, on a schedule that is quick at
// first and when an end is near.
//
// Calls that fail for a passing reason slow the watch and never end it. An error
// means that AWS refuses to answer; the tasks may still run.
func (r Runner) Watch(ctx context.Context, states []*State, w Watch) error {
	var backoff time.Duration
	var expired time.Time // since when AWS calls the credentials expired
	wait, told := time.Second, time.Now()
	for {
		open := undone(states)
		if len(open) == 0 || w.over() {
			return nil
		}
		if w.Waiting != nil && time.Since(told) >= time.Minute {
			told = time.Now()
			w.Waiting(open)
		}
		if !sleep(ctx, w.remaining(jitter(wait+backoff))) {
			return nil
		}
		err := r.look(ctx, open, w)
		if !Expired(err) {
			expired = time.Time{}
		} else if expired.IsZero() {
			expired = time.Now()
		}
		switch {
		case err == nil:
			backoff /= 2
		case ctx.Err() != nil:
			return nil
		case Transient(err) || Expired(err) && time.Since(expired) < expiredGrace:
			backoff = min(max(2*backoff, 2*time.Second), 30*time.Second)
			if w.Trouble != nil {
				w.Trouble(err)
			}
		default:
			return err
		}
		wait = interval(open, w.age(open...))
	}
}

// over reports whether the deadline has come.
func (w Watch) over() bool { return !w.Deadline.IsZero() && !time.Now().Before(w.Deadline) }

// age is the time since the launch of the youngest of the tasks.
func (w Watch) age(states ...*State) time.Duration {
	launched := w.Since
	for _, s := range states {
		if s.launched.After(launched) {
			launched = s.launched
		}
	}
	return time.Since(launched)
}

// remaining returns d, or the time to the deadline if that is shorter.
func (w Watch) remaining(d time.Duration) time.Duration {
	if w.Deadline.IsZero() {
		return d
	}
	return min(d, time.Until(w.Deadline))
}

func undone(states []*State) []*State {
	return slices.DeleteFunc(slices.Clone(states), (*State).Done)
}

// interval is the wait before the next look: short while a task starts or ends,
// else a twentieth of the time since the launch within bounds.
func interval(states []*State, since time.Duration) time.Duration {
	starting := false
	for _, s := range states {
		if !s.Done() && stopping(s.Task) {
			return 1500 * time.Millisecond
		}
		if aws.ToString(s.LastStatus) != "RUNNING" {
			starting = true
		}
	}
	if starting {
		if since < time.Minute {
			return 2 * time.Second
		}
		return 5 * time.Second
	}
	longest := 15 * time.Second
	switch {
	case since <= 15*time.Minute:
		longest = 6 * time.Second
	case since <= time.Hour:
		longest = 10 * time.Second
	}
	return min(max(since/20, 2*time.Second), longest)
}

// look asks for the states of the open tasks once.
func (r Runner) look(ctx context.Context, open []*State, w Watch) error {
	if !w.Deadline.IsZero() {
		late, cancel := context.WithDeadline(ctx, w.Deadline.Add(lastLook))
		defer cancel()
		ctx = late
	}
	for chunk := range slices.Chunk(open, describeLimit) {
		in := &ecs.DescribeTasksInput{Cluster: r.cluster()}
		byARN := map[string]*State{}
		for _, s := range chunk {
			in.Tasks = append(in.Tasks, *s.TaskArn)
			byARN[*s.TaskArn] = s
		}
		out, err := call(ctx, r.API.DescribeTasks, in, r.options()...)
		if err != nil {
			return fmt.Errorf("describe tasks: %w", err)
		}
		for _, task := range out.Tasks {
			if s := byARN[aws.ToString(task.TaskArn)]; s != nil {
				s.update(task, w)
			}
		}
		for _, failure := range out.Failures {
			if s := byARN[aws.ToString(failure.Arn)]; s != nil && aws.ToString(failure.Reason) == "MISSING" {
				s.missing(w)
			}
		}
	}
	return nil
}

// update takes in what ECS says of the task.
func (s *State) update(task types.Task, w Watch) {
	if s.seen && task.Version != 0 && task.Version < s.Version {
		s.missed = time.Time{}
		return // an older state: reads are eventually consistent
	}
	changed := !s.seen || differs(s.Task, task)
	s.Task, s.seen, s.missed = task, true, time.Time{}
	if verdict, decided := Judge(s.Definition, task, w.All); decided {
		s.Verdict, changed = &verdict, true
	}
	reached := s.Verdict == nil && reached(s.Definition, task, w.Goal)
	changed = changed || reached != s.Reached
	s.Reached = reached
	if changed && w.Changed != nil {
		w.Changed(s)
	}
}

// missing takes in that ECS does not show the task: at first it may not know it
// yet, and later forget it for a moment, but in the end the task is lost.
func (s *State) missing(w Watch) {
	if s.missed.IsZero() {
		s.missed = time.Now()
	}
	if w.age(s) < missingGrace || time.Since(s.missed) < missingFor {
		return
	}
	s.Verdict = &Verdict{Outcome: Lost, Reason: "ECS no longer knows the task: it ended more than an hour ago, or the cluster is another"}
	if w.Changed != nil {
		w.Changed(s)
	}
}

// reached reports whether a task that has not ended is in the state to wait for.
func reached(definition *types.TaskDefinition, task types.Task, goal Goal) bool {
	running := aws.ToString(task.LastStatus) == "RUNNING" && aws.ToString(task.DesiredStatus) == "RUNNING"
	switch goal {
	case UntilRunning:
		return running
	case UntilHealthy:
		return running && healthy(definition, task)
	}
	return false
}

// HasHealthCheck reports whether a container of the definition has a health check,
// without which a task is never healthy.
func HasHealthCheck(definition *types.TaskDefinition) bool {
	return slices.ContainsFunc(definition.ContainerDefinitions, func(c types.ContainerDefinition) bool { return c.HealthCheck != nil })
}

// healthy reports whether every container with a health check passes it.
func healthy(definition *types.TaskDefinition, task types.Task) bool {
	for _, defined := range definition.ContainerDefinitions {
		if defined.HealthCheck == nil {
			continue
		}
		container := find(task, aws.ToString(defined.Name))
		if container == nil || container.HealthStatus != types.HealthStatusHealthy {
			return false
		}
	}
	return true
}

// differs reports whether two states of a task differ in what a watcher would
// tell.
func differs(a, b types.Task) bool {
	if aws.ToString(a.LastStatus) != aws.ToString(b.LastStatus) || aws.ToString(a.DesiredStatus) != aws.ToString(b.DesiredStatus) || a.HealthStatus != b.HealthStatus {
		return true
	}
	return !slices.EqualFunc(a.Containers, b.Containers, func(x, y types.Container) bool {
		return aws.ToString(x.LastStatus) == aws.ToString(y.LastStatus) && (x.ExitCode == nil) == (y.ExitCode == nil) && aws.ToString(x.RuntimeId) == aws.ToString(y.RuntimeId)
	})
}

// stopReasonLimit is how long the reason of a StopTask may be.
const stopReasonLimit = 255

// stopBudget bounds the time in which tasks are stopped.
const stopBudget = 30 * time.Second

// stopTry bounds one attempt to stop a task: where no answer comes it is better
// to ask again than to wait.
const stopTry = 2 * time.Second

// Stop asks ECS to stop tasks, all at once, and returns when it has answered for
// every one, with the errors joined. What fails for a passing reason is asked
// again until ctx ends. ECS sends each container its stop signal, and kills it
// after its stop time-out.
func (r Runner) Stop(ctx context.Context, states []*State, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, stopBudget)
	defer cancel()
	if characters := []rune(reason); len(characters) > stopReasonLimit {
		reason = string(characters[:stopReasonLimit])
	}
	faults := make(chan error)
	for _, s := range states {
		go func() { faults <- r.stop(ctx, *s.TaskArn, reason) }()
	}
	var all []error
	for range states {
		all = append(all, <-faults)
	}
	return errors.Join(all...)
}

func (r Runner) stop(ctx context.Context, arn, reason string) error {
	in := &ecs.StopTaskInput{Cluster: r.cluster(), Task: &arn, Reason: &reason}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := r.stopOnce(ctx, in)
		if err == nil {
			return nil
		}
		if !Transient(err) && !Expired(err) && !retryable(err) || !pause(ctx, wait) {
			return fmt.Errorf("stop task %s: %w", ID(arn), err)
		}
	}
}

// retryable reports whether the SDK says so of a call, as of one that was refused
// since this machine's clock is wrong: the next is signed by AWS's.
func retryable(err error) bool {
	var says interface{ RetryableError() bool }
	return errors.As(err, &says) && says.RetryableError()
}

// stopOnce makes one attempt. The client's own retries would wait too long, and
// share a quota that the watch may have used up.
func (r Runner) stopOnce(ctx context.Context, in *ecs.StopTaskInput) error {
	ctx, cancel := context.WithTimeout(ctx, stopTry)
	defer cancel()
	_, err := r.API.StopTask(ctx, in, func(o *ecs.Options) { o.Retryer = aws.NopRetryer{} })
	return err
}
