package task

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Goal is the state of the tasks that a watch waits for.
type Goal string

// The goals.
const (
	UntilStopped Goal = "stopped" // every task has ended
	UntilRunning Goal = "running" // every task is running, or has run and succeeded
	UntilHealthy Goal = "healthy" // every task is running and passes its health checks

	// UntilAccepted means that the run does not watch the tasks after ECS has accepted them.
	UntilAccepted Goal = "accepted"
)

// State is the last known state of one task.
type State struct {
	types.Task
	Definition *types.TaskDefinition

	// Rule says which containers decide. It must not change during a watch.
	Rule verdict.Rule

	// Verdict is nil until the result of the task is known. It is also nil for a task that has
	// reached a goal other than UntilStopped.
	Verdict *verdict.Verdict

	// Reached is true if the task is running or healthy, and that is the goal of the watch.
	Reached bool

	order    verdict.Order // the order in which containers ended
	launched time.Time     // when ECS accepted the task; zero if that was before the watch
	seen     bool          // DescribeTasks has returned the task
	missed   time.Time     // since when DescribeTasks does not return the task; zero if it does
	running  time.Time     // when a poll first returned RUNNING; zero if none did
	ran      time.Time     // when a poll last returned RUNNING; zero if none did

	ended map[string]time.Time // when containers ended, by their names
	gone  time.Time            // when the task became STOPPED; zero if it is not STOPPED
}

// Ends returns the status of each container of the task's definition. See [verdict.Ends].
func (s *State) Ends() []verdict.End { return verdict.Ends(s.Definition, s.Task) }

// Done reports whether the task has a verdict or has reached the goal of the watch.
func (s *State) Done() bool { return s.Verdict != nil || s.Reached }

// RunsOn reports whether the task has a verdict but still runs. This is the case if the deciding
// containers have ended and others have not.
func (s *State) RunsOn() bool {
	return s.Verdict != nil && s.Verdict.Outcome != verdict.Lost && !verdict.Ended(s.Task) && !verdict.Stopping(s.Task)
}

// New returns the state of a task. t is the task as ECS described it, and launched is when ECS
// accepted it. A zero launched means that this was before the watch.
func New(t types.Task, definition *types.TaskDefinition, launched time.Time) *State {
	state := &State{Task: t, Definition: definition, launched: launched}
	state.order.Observe(t)
	return state
}

// Watch has the settings of a wait for tasks.
type Watch struct {
	Goal  Goal      // empty means UntilStopped
	Since time.Time // when the first launch began; the polling interval depends on it

	// Deadline is when the watch ends, after a last poll. Zero means that there is no deadline.
	Deadline time.Time

	// Changes, if not nil, returns an option for DescribeTasks. With the option, ECS delays its
	// response until one of the tasks changes, or for atMost. The embedded ECS supports this, AWS
	// does not.
	Changes func(tasks []*State, atMost time.Duration) func(*ecs.Options)

	// Clock converts a time by AWS's clock to one by this machine's clock. nil means that the
	// clocks are equal.
	Clock func(time.Time) time.Time

	// Changed, if not nil, is called for each change of a task until it has a verdict. Changed,
	// Ending and Trouble run on the goroutine that called [Watch.Wait] or [Watch.WaitForEnd].
	Changed func(*State)

	// Ending, if not nil, is called for each change of a task that already had a verdict.
	Ending func(*State)

	// Trouble, if not nil, is called when a call failed and the watch continues.
	Trouble func(error)
}

// missingGrace is how long after its launch ECS may not know a task. Reads from ECS are eventually
// consistent.
const missingGrace = 90 * time.Second

// missingFor is how long a task must be missing in all responses before it is lost. A single
// response without the task may be out of date.
const missingFor = 15 * time.Second

// lastPollGrace is how long after the deadline the watch waits for the response to the last poll.
const lastPollGrace = time.Second

// expiredGrace is how long the watch continues with expired credentials. In that time the SDK can
// load new ones.
const expiredGrace = 2 * time.Minute

// DescribeLimit is the maximum number of tasks in one DescribeTasks.
const DescribeLimit = 100

// Describe calls DescribeTasks for at most [DescribeLimit] ARNs.
type Describe func(ctx context.Context, arns []string, options ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)

// Wait polls ECS and updates states until every task is done, the deadline has passed or ctx has
// ended. In all three cases it returns nil. One call of DescribeTasks serves up to 100 tasks. The
// polling interval is short at first and when a task is stopping.
//
// Temporary errors make the polling interval longer, but do not end the wait. Wait returns an error
// if AWS refuses the call for another reason. The tasks may still run then.
func (w Watch) Wait(ctx context.Context, describe Describe, states []*State) error {
	return w.wait(ctx, describe, states, (*State).Done)
}

// WaitForEnd is like [Watch.Wait], for tasks that already have verdicts. It waits until all
// containers of a successful task have ended. It waits until any other task is lost, or STOPPED, so
// that its host is gone.
func (w Watch) WaitForEnd(ctx context.Context, describe Describe, states []*State) error {
	return w.wait(ctx, describe, states, (*State).settled)
}

// wait polls ECS until over returns true for all tasks.
func (w Watch) wait(ctx context.Context, describe Describe, states []*State, over func(*State) bool) error {
	var backoff time.Duration
	var expired time.Time // since when AWS reports expired credentials; zero if it does not
	next := w.first()
	for {
		open := slices.DeleteFunc(slices.Clone(states), over)
		if len(open) == 0 || w.over() {
			return nil
		}
		if !sleep.For(ctx, w.remaining(sooner(next+backoff))) {
			return nil
		}
		err := w.poll(ctx, describe, slices.DeleteFunc(slices.Clone(states), (*State).settled))
		if !awserr.Expired(err) {
			expired = time.Time{}
		} else if expired.IsZero() {
			expired = time.Now()
		}
		switch {
		case err == nil:
			backoff /= 2
		case ctx.Err() != nil:
			return nil
		case awserr.Transient(err) || awserr.Expired(err) && time.Since(expired) < expiredGrace:
			backoff = min(max(2*backoff, 2*time.Second), 30*time.Second)
			if w.Trouble != nil {
				w.Trouble(err)
			}
		default:
			return err
		}
		next = w.interval(open)
	}
}

// sooner returns d minus a random part of up to 5%, so that parallel steps do not call ECS at the
// same time.
func sooner(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.95 + 0.05*rand.Float64()))
}

// over reports whether the deadline has passed.
func (w Watch) over() bool { return !w.Deadline.IsZero() && !time.Now().Before(w.Deadline) }

// age returns the time since the last launch of one of the tasks, but not more than the time since
// w.Since.
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

// settled reports whether further polls of the task are useless. A task that reached the goal is
// settled. A task that succeeded is settled once all its containers have ended. Any other task with
// a verdict is settled once it is lost, or STOPPED, so that its host is gone.
func (s *State) settled() bool {
	switch {
	case s.Reached:
		return true
	case s.Verdict == nil:
		return false
	case s.Verdict.Outcome == verdict.Lost || !s.gone.IsZero():
		return true
	}
	return s.Verdict.Outcome == verdict.Succeeded && len(s.ended) >= len(s.Definition.ContainerDefinitions)
}

// longPoll is how long a DescribeTasks with [Watch.Changes] may wait for a change. longPollPause is
// the wait between such polls, so that a server that does not wait is not called in a busy loop.
// longPollsPause is the wait if there are more tasks than one call can name.
const (
	longPoll       = 20 * time.Second
	longPollPause  = 5 * time.Millisecond
	longPollsPause = 100 * time.Millisecond
)

// first returns the wait before the first poll.
func (w Watch) first() time.Duration {
	if w.Changes != nil {
		return longPollPause
	}
	return time.Second
}

// The waits between polls.
const (
	stoppingInterval     = 1500 * time.Millisecond // while a task is stopping
	provisioningInterval = 3 * time.Second         // while a task is PROVISIONING
	startingInterval     = 2 * time.Second         // while a task is starting
	startingTime         = time.Minute             // how long the two intervals above apply
	shortestInterval     = 2 * time.Second         // when a task has just started to run
	longestInterval      = 5 * time.Second         // when a task has run for a while
	slowingTime          = 20 * time.Second        // from the shortest to the longest interval
	slowAfter            = time.Minute             // when the longest interval applies to every task
)

// runningInterval returns the wait before the next poll of a running task. For a task with a single
// container it grows to longestInterval soon: after the container's end the log needs about that
// long to be complete, so that shorter waits would not help. With several containers, that time
// begins only when a poll shows that a container has ended, so the wait is short for longer.
func (w Watch) runningInterval(s *State) time.Duration {
	since := time.Since(s.running)
	single := len(s.Definition.ContainerDefinitions) == 1 && (w.Goal == UntilStopped || w.Goal == "")
	switch {
	case since >= slowAfter:
		return longestInterval
	case !single:
		return shortestInterval
	}
	slowed := min(since.Seconds()/slowingTime.Seconds(), 1)
	return shortestInterval + time.Duration(slowed*float64(longestInterval-shortestInterval))
}

// interval returns the wait before the next poll. The task that needs the shortest wait decides.
func (w Watch) interval(open []*State) time.Duration {
	switch {
	case w.Changes == nil:
	case len(open) > DescribeLimit:
		return longPollsPause
	default:
		return longPollPause
	}
	since := w.age(open...)
	wait := longestInterval
	for _, s := range open {
		switch {
		case s.Verdict != nil:
			wait = min(wait, shortestInterval)
		case verdict.Stopping(s.Task):
			return stoppingInterval
		case s.running.IsZero() && since >= startingTime:
		case s.running.IsZero() && aws.ToString(s.LastStatus) == "PROVISIONING":
			wait = min(wait, provisioningInterval)
		case s.running.IsZero():
			wait = min(wait, startingInterval)
		default:
			wait = min(wait, w.runningInterval(s))
		}
	}
	return wait
}

// poll describes the open tasks once and updates their states.
func (w Watch) poll(ctx context.Context, describe Describe, open []*State) error {
	if !w.Deadline.IsZero() {
		late, cancel := context.WithDeadline(ctx, w.Deadline.Add(lastPollGrace))
		defer cancel()
		ctx = late
	}
	for chunk := range slices.Chunk(open, DescribeLimit) {
		var arns []string
		byARN := map[string]*State{}
		for _, s := range chunk {
			arns = append(arns, *s.TaskArn)
			byARN[*s.TaskArn] = s
		}
		var options []func(*ecs.Options)
		if w.Changes != nil && len(open) <= DescribeLimit {
			options = append(options, w.Changes(open, w.remaining(longPoll)))
		}
		out, err := describe(ctx, arns, options...)
		if err != nil {
			return err
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

// update replaces the state with a newer description from ECS. It does not change a verdict.
func (s *State) update(task types.Task, w Watch) {
	s.order.Observe(task) // before the version check, because an older description is also true
	if s.seen && task.Version != 0 && task.Version < s.Version {
		s.missed = time.Time{}
		return // the description is older than the state: reads are eventually consistent
	}
	changed := !s.seen || differs(s.Task, task)
	s.Task, s.seen, s.missed = task, true, time.Time{}
	s.recordTimes(w)
	if s.Verdict != nil {
		if changed && w.Ending != nil {
			w.Ending(s)
		}
		return
	}
	if v, decided := verdict.Judge(s.Definition, task, s.Rule, s.order); decided {
		s.Verdict, changed = &v, true
	}
	reached := s.Verdict == nil && reached(s.Definition, task, w.Goal)
	changed = changed || reached != s.Reached
	s.Reached = reached
	if changed && w.Changed != nil {
		w.Changed(s)
	}
}

// reportLag is the maximum time that ECS may need to report the end of a container. About 10 s were
// measured.
const reportLag = 30 * time.Second

// recordTimes sets the times of the state, such as the ends of containers, by this machine's clock.
func (s *State) recordTimes(w Watch) {
	now := time.Now()
	local := func(at *time.Time) time.Time {
		switch {
		case at == nil:
			return now
		case w.Clock == nil:
			return now.Add(-max(now.Round(0).Sub(*at), 0))
		}
		return w.Clock(*at)
	}
	if aws.ToString(s.LastStatus) == "RUNNING" && !verdict.Stopping(s.Task) {
		s.ran = now
		if s.running.IsZero() {
			s.running = now
		}
	}
	s.ended = maps.Clone(s.ended) // copies of the state share the map
	over := verdict.Ended(s.Task)
	if s.gone.IsZero() && over {
		s.gone = local(s.StoppedAt)
	}
	for _, defined := range s.Definition.ContainerDefinitions {
		name := aws.ToString(defined.Name)
		at, known := s.ended[name]
		container := verdict.Container(s.Task, name)
		if !over && (container == nil || aws.ToString(container.LastStatus) != "STOPPED" || verdict.Restarts(defined) &&
			!verdict.Stopping(s.Task)) {
			delete(s.ended, name)
			continue
		}
		if !known {
			at = now
		}
		// ExecutionStoppedAt is when an essential container ended. Others may end later, so the time
		// is used only if there is one container.
		if len(s.Definition.ContainerDefinitions) == 1 && s.ExecutionStoppedAt != nil {
			// If the time is long before the last poll that returned RUNNING, a clock is wrong.
			if said := local(s.ExecutionStoppedAt); said.Before(at) && s.ran.Sub(said) < reportLag {
				at = said
			}
		}
		if s.ended == nil {
			s.ended = map[string]time.Time{}
		}
		s.ended[name] = at
	}
}

// EndOf returns when a container of the task ended, by this machine's clock. For the only container
// of a task, this is the time that ECS reports. Else it is the time of the first poll after the
// end. The result is zero if the container is not known to have ended.
func (s *State) EndOf(container string) time.Time { return s.ended[container] }

// Gone returns when the host of a Fargate task was gone, by this machine's clock. This is when the
// task became STOPPED. The result is zero before that, and for other launch types.
func (s *State) Gone() time.Time {
	if s.LaunchType != types.LaunchTypeFargate {
		return time.Time{}
	}
	return s.gone
}

// missing handles a response of DescribeTasks without the task. It sets the verdict Lost once
// missingGrace and missingFor are over. Before that, the response may be out of date.
func (s *State) missing(w Watch) {
	if s.missed.IsZero() {
		s.missed = time.Now()
	}
	if s.Verdict != nil || w.age(s) < missingGrace || time.Since(s.missed) < missingFor {
		return
	}
	s.Verdict = &verdict.Verdict{Outcome: verdict.Lost,
		Reason: "ECS no longer knows the task: it ended more than an hour ago, or the cluster is another"}
	if w.Changed != nil {
		w.Changed(s)
	}
}

// reached reports whether a task without a verdict has reached the goal.
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

// HasHealthCheck reports whether a container of the definition has a health check. Without one, ECS
// never reports a task as healthy.
func HasHealthCheck(definition *types.TaskDefinition) bool {
	return slices.ContainsFunc(definition.ContainerDefinitions,
		func(c types.ContainerDefinition) bool { return c.HealthCheck != nil })
}

// healthy reports whether every container with a health check passes it. It is true if there are no
// health checks; see [HasHealthCheck].
func healthy(definition *types.TaskDefinition, task types.Task) bool {
	for _, defined := range definition.ContainerDefinitions {
		if defined.HealthCheck == nil {
			continue
		}
		container := verdict.Container(task, aws.ToString(defined.Name))
		if container == nil || container.HealthStatus != types.HealthStatusHealthy {
			return false
		}
	}
	return true
}

// differs reports whether two descriptions of a task differ in a status, an exit code or a runtime
// ID of a container.
func differs(a, b types.Task) bool {
	if aws.ToString(a.LastStatus) != aws.ToString(b.LastStatus) ||
		aws.ToString(a.DesiredStatus) != aws.ToString(b.DesiredStatus) || a.HealthStatus != b.HealthStatus {
		return true
	}
	return !slices.EqualFunc(a.Containers, b.Containers, func(x, y types.Container) bool {
		return aws.ToString(x.LastStatus) == aws.ToString(y.LastStatus) && (x.ExitCode == nil) == (y.ExitCode == nil) &&
			aws.ToString(x.RuntimeId) == aws.ToString(y.RuntimeId)
	})
}
