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

// Goal is the state that a watch waits for.
type Goal string

// The goals.
const (
	UntilStopped Goal = "stopped" // every task has ended
	UntilRunning Goal = "running" // every task runs, or has run and ended well
	UntilHealthy Goal = "healthy" // every task runs, and its health checks pass

	// UntilAccepted is the goal of a launch that is not watched: ECS has accepted every task.
	UntilAccepted Goal = "accepted"
)

// State is what is known of one task.
type State struct {
	types.Task
	Definition *types.TaskDefinition

	// Rule says which containers decide. It must not change once the task is watched.
	Rule verdict.Rule

	// Verdict is nil until the task has ended one way or the other. A task that
	// has reached a goal other than its end has none.
	Verdict *verdict.Verdict

	// Reached is true once the task is in the state that was waited for.
	Reached bool

	order    verdict.Order // in which containers were seen to end
	launched time.Time     // when ECS accepted the task; zero if that was before the watch
	seen     bool          // by DescribeTasks
	missed   time.Time     // since when ECS does not show the task; zero if it does
	running  time.Time     // since when the task was seen to be RUNNING; zero if it was not
	ran      time.Time     // when the task was last seen to be RUNNING; zero if it was not

	ended map[string]time.Time // when containers ended, by their names
	gone  time.Time            // when the task was STOPPED; zero if it is not
}

// Ends returns the containers of the task's definition in its order, without those that
// AWS injected.
func (s *State) Ends() []verdict.End { return verdict.Ends(s.Definition, s.Task) }

// Done reports whether there is nothing more to wait for.
func (s *State) Done() bool { return s.Verdict != nil || s.Reached }

// RunsOn reports whether the task was judged while ECS lets it run: the containers
// that decide have ended, and others have not.
func (s *State) RunsOn() bool {
	return s.Verdict != nil && s.Verdict.Outcome != verdict.Lost && !verdict.Ended(s.Task) && !verdict.Stopping(s.Task)
}

// New returns the state of a task of a definition, as ECS answered it, that ECS accepted at a
// time; zero is long ago.
func New(t types.Task, definition *types.TaskDefinition, launched time.Time) *State {
	state := &State{Task: t, Definition: definition, launched: launched}
	state.order.Observe(t)
	return state
}

// Watch is a wait for tasks.
type Watch struct {
	Goal  Goal      // empty is UntilStopped
	Since time.Time // of the first launch; the schedule follows the time since

	// Deadline is when the watch ends, after a last look; zero is never.
	Deadline time.Time

	// Changes, if not nil, returns the option that has DescribeTasks wait for so long
	// until one of the tasks changes. The embedded ECS can do so, AWS cannot.
	Changes func(tasks []*State, atMost time.Duration) func(*ecs.Options)

	// Clock returns a time by this machine's clock for one by AWS's. nil means that
	// they agree.
	Clock func(time.Time) time.Time

	// Changed, if not nil, is called for each change of a task's state up to its
	// verdict, on the goroutine of the caller of [Watch.Wait].
	Changed func(*State)

	// Ending, if not nil, is called likewise for each change of a task that has its
	// verdict, while containers of it are still to end.
	Ending func(*State)

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

// Describe asks ECS for tasks by their ARNs, of which it takes a hundred.
type Describe func(ctx context.Context, arns []string, options ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)

// Wait asks ECS for the states of the tasks until every one is done, the
// deadline has come or ctx has ended, none of which is an error: the states are
// what is known then. All tasks share each call, on a schedule that is quick at
// first and when an end is near.
//
// Calls that fail for a passing reason slow the watch and never end it. An error
// means that AWS refuses to answer; the tasks may still run.
func (w Watch) Wait(ctx context.Context, describe Describe, states []*State) error {
	return w.wait(ctx, describe, states, (*State).Done)
}

// WaitForEnd is Wait for tasks that have their verdicts, until every container has
// ended and, of tasks that failed, the machine is gone.
func (w Watch) WaitForEnd(ctx context.Context, describe Describe, states []*State) error {
	return w.wait(ctx, describe, states, (*State).settled)
}

// wait asks for the states of the tasks until all are over.
func (w Watch) wait(ctx context.Context, describe Describe, states []*State, over func(*State) bool) error {
	var backoff time.Duration
	var expired time.Time // since when AWS calls the credentials expired
	next := w.first()
	for {
		open := slices.DeleteFunc(slices.Clone(states), over)
		if len(open) == 0 || w.over() {
			return nil
		}
		if !sleep.For(ctx, w.remaining(sooner(next+backoff))) {
			return nil
		}
		err := w.look(ctx, describe, slices.DeleteFunc(slices.Clone(states), (*State).settled))
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

// sooner returns d or up to a twentieth less, so that many steps don't ask in step.
func sooner(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.95 + 0.05*rand.Float64()))
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

// settled reports whether nothing more is to be learned of the task: all of its
// containers have ended and, if it failed, its machine is gone.
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

// longPoll is how long a DescribeTasks waits for a change at the most. The waits between
// looks are then longPollPause, as what does not wait must not be asked without end, and
// longPollsPause for more tasks than one call names.
const (
	longPoll       = 20 * time.Second
	longPollPause  = 5 * time.Millisecond
	longPollsPause = 100 * time.Millisecond
)

// first is the wait before the first look.
func (w Watch) first() time.Duration {
	if w.Changes != nil {
		return longPollPause
	}
	return time.Second
}

// The waits between looks: while a task stops, while one has no machine yet, while one
// starts and for how long, and from when one runs to some time later.
const (
	stoppingInterval     = 1500 * time.Millisecond
	provisioningInterval = 3 * time.Second
	startingInterval     = 2 * time.Second
	startingTime         = time.Minute
	shortestInterval     = 2 * time.Second
	longestInterval      = 5 * time.Second
	slowingTime          = 20 * time.Second
	slowAfter            = time.Minute
)

// runningInterval is the wait before the next look at a task that runs. The log of its
// only container takes as long as the longest wait to come to its end, so that a shorter
// one would bring nothing. That of several takes so long from when they were seen to
// have ended.
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

// interval is the wait before the next look at tasks.
func (w Watch) interval(open []*State) time.Duration {
	switch {
	case w.Changes == nil:
	case len(open) > describeLimit:
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

// look asks for the states of the open tasks once.
func (w Watch) look(ctx context.Context, describe Describe, open []*State) error {
	if !w.Deadline.IsZero() {
		late, cancel := context.WithDeadline(ctx, w.Deadline.Add(lastLook))
		defer cancel()
		ctx = late
	}
	for chunk := range slices.Chunk(open, describeLimit) {
		var arns []string
		byARN := map[string]*State{}
		for _, s := range chunk {
			arns = append(arns, *s.TaskArn)
			byARN[*s.TaskArn] = s
		}
		var options []func(*ecs.Options)
		if w.Changes != nil && len(open) <= describeLimit {
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

// update takes in what ECS says of the task. A verdict is final.
func (s *State) update(task types.Task, w Watch) {
	s.order.Observe(task) // an older state as well: what it shows was so
	if s.seen && task.Version != 0 && task.Version < s.Version {
		s.missed = time.Time{}
		return // an older state: reads are eventually consistent
	}
	changed := !s.seen || differs(s.Task, task)
	s.Task, s.seen, s.missed = task, true, time.Time{}
	s.note(w)
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

// reportLag is how long ECS may take at the most to report that a container ended: some
// ten seconds were seen.
const reportLag = 30 * time.Second

// note takes down when what has happened to the task did, by this machine's clock.
func (s *State) note(w Watch) {
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
	s.ended = maps.Clone(s.ended) // which copies of the state share
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
		// ECS says when an essential container ended; others may end later.
		if len(s.Definition.ContainerDefinitions) == 1 && s.ExecutionStoppedAt != nil {
			// A time long before the task was seen to run is of a clock that is wrong.
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

// EndOf returns when a container of the task ended, by this machine's clock: when ECS
// says so, if it is the only container, else when it was first seen to have ended. It
// is the zero time if the container has not ended, as far as is known.
func (s *State) EndOf(container string) time.Time { return s.ended[container] }

// Gone returns when the machine of the task was gone, by this machine's clock: on
// Fargate, when the task was STOPPED. It is the zero time if it is there, or if that is
// not known.
func (s *State) Gone() time.Time {
	if s.LaunchType != types.LaunchTypeFargate {
		return time.Time{}
	}
	return s.gone
}

// missing takes in that ECS does not show the task: at first it may not know it
// yet, and later forget it for a moment, but in the end the task is lost.
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
	return slices.ContainsFunc(definition.ContainerDefinitions,
		func(c types.ContainerDefinition) bool { return c.HealthCheck != nil })
}

// healthy reports whether every container with a health check passes it.
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

// differs reports whether two states of a task differ in a value that a watcher reports.
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
