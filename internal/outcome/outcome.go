// Package outcome has the values that a run makes, each once: jobs that are registered,
// attempts, and the outcome; and what follows from attempts. It is pure.
package outcome

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Registered is a job whose definition ECS has, or refused.
type Registered struct {
	plan.Job
	Revision *types.TaskDefinition // nil if there is none
	Created  bool                  // by this run
	Err      error                 // why it could not be registered

	Unanswered UnansweredRegistration // attempts of this run to register it
}

// Launch is a number of tasks of one job that are to be started.
type Launch struct {
	Job   int // index into the plan's jobs
	Count int // of tasks

	// Lost and NoRoom are the ARNs of the tasks that these stand for: whose host was
	// lost, and that never ran for want of room.
	Lost, NoRoom []string

	Rerun    int           // how often tasks of the job had been lost by then
	LaunchBy time.Time     // until when capacity is waited for
	Wait     time.Duration // before it, for room
}

// Attempt is a launch with what came of it, or tasks that were adopted.
type Attempt struct {
	Launch
	Started  time.Time
	Tasks    []*task.State // as they were seen last; they do not change any more
	Failures []types.Failure
	Adopted  bool  // the tasks are of an earlier attempt of the CI run, or of others
	Err      error // why not all tasks were started

	// Withdrawn says that the tasks were stopped before they began, as another task
	// of the family goes before them.
	Withdrawn bool
}

// Cause is why a run ended.
type Cause int

// The causes.
const (
	Completed Cause = iota // nothing ended it before its tasks
	TimedOut               // the time-out
	Cancelled              // a signal
	Failed                 // an error, which is Outcome.Err
)

// Outcome is all that a run did.
type Outcome struct {
	Plan     plan.Plan
	Jobs     []Registered // as the plan's jobs; fewer if the run did not come so far
	Attempts []Attempt
	NotRun   []int     // indices of jobs that were not run, since one before failed
	Started  time.Time // when the first launch began; zero if none did
	Cause    Cause
	Signal   *shutdown.Interrupted // that ended the run, if Cause is Cancelled
	Err      error
}

// End returns the outcome of a run that ends now, with the error that it came to, nil
// if it came to none.
func (o Outcome) End(ctx context.Context, err error) Outcome {
	o.Err = err
	var running *RunningError
	if errors.As(err, &running) && running.Waited {
		o.Cause = TimedOut
	}
	switch signal := shutdown.Interruption(ctx); {
	case signal != nil:
		o.Cause, o.Signal = Cancelled, signal
	case err != nil && o.Cause == Completed:
		o.Cause = Failed
	}
	return o
}

// Registered returns the ARNs of the revisions that the run registered, in the order
// of the jobs.
func (o Outcome) Registered() []string {
	var arns []string
	for _, job := range o.Jobs {
		if job.Created {
			arns = append(arns, aws.ToString(job.Revision.TaskDefinitionArn))
		}
	}
	return arns
}

// Succeeded returns the ARNs of the revisions of which every task that decides
// succeeded, or came to the state that was asked for.
func (o Outcome) Succeeded() []string {
	good := map[string]bool{}
	var arns []string
	for i := range o.Jobs {
		for _, state := range o.Deciding(i) {
			arn := aws.ToString(state.TaskDefinitionArn)
			succeeded := state.Reached || state.Verdict != nil && state.Verdict.Outcome == verdict.Succeeded
			before, known := good[arn]
			if good[arn] = succeeded && (before || !known); !known {
				arns = append(arns, arn)
			}
		}
	}
	return slices.DeleteFunc(arns, func(arn string) bool { return !good[arn] })
}

// RevisionOf returns the definition that an error of the run is about, nil if it is
// about none.
func (o Outcome) RevisionOf(err error) *types.TaskDefinition {
	for _, a := range o.Attempts {
		if a.Err != nil && errors.Is(a.Err, err) {
			return o.Jobs[a.Job].Revision
		}
	}
	for _, job := range o.Jobs {
		if job.Err != nil && errors.Is(job.Err, err) {
			return job.Revision
		}
	}
	return nil
}

// Deciding returns the tasks of a job that decide: all but those that others were
// started for, and those that were withdrawn.
func (o Outcome) Deciding(job int) []*task.State { return Deciding(o.Attempts, job) }

// Replaced returns the tasks of a job that others were started for, or that were
// withdrawn.
func (o Outcome) Replaced(job int) []*task.State {
	byARN := map[string]*task.State{}
	for _, a := range o.Attempts {
		for _, state := range a.Tasks {
			byARN[aws.ToString(state.TaskArn)] = state
		}
	}
	var all []*task.State
	for _, a := range o.Attempts {
		if a.Job == job && a.Withdrawn {
			all = append(all, a.Tasks...)
		}
		if a.Job == job {
			for _, arn := range append(slices.Clone(a.Lost), a.NoRoom...) {
				all = append(all, byARN[arn])
			}
		}
	}
	return all
}

// Deciding returns the tasks of a job in attempts that no later attempt replaced and
// that were not withdrawn.
func Deciding(attempts []Attempt, job int) []*task.State {
	replaced := map[string]bool{}
	for _, a := range attempts {
		for _, arn := range append(slices.Clone(a.Lost), a.NoRoom...) {
			replaced[arn] = true
		}
	}
	var all []*task.State
	for _, a := range attempts {
		for _, state := range a.Tasks {
			if a.Job == job && !a.Withdrawn && !replaced[aws.ToString(state.TaskArn)] {
				all = append(all, state)
			}
		}
	}
	return all
}

// The waits before tasks that found no room are started again: each is twice the one
// before.
const (
	firstRoomWait = 5 * time.Second
	lastRoomWait  = time.Minute
)

// Next returns what is to be launched after attempts of jobs have ended, and the wait
// before that: tasks whose host was lost, as often as the policy says, and those that
// never ran for want of room, if there is time to wait for it. The deadline is zero
// if there is none.
func Next(p plan.EndPolicy, now, deadline time.Time, done []Attempt) (again []Launch, wait time.Duration) {
	roomWait, launchBy := firstRoomWait, time.Time{}
	reruns := map[int]int{} // by job
	var jobs []int
	for _, a := range done {
		if a.Wait > 0 {
			roomWait = max(roomWait, min(2*a.Wait, lastRoomWait))
		}
		if a.LaunchBy.After(launchBy) {
			launchBy = a.LaunchBy
		}
		reruns[a.Job] = max(reruns[a.Job], a.Rerun)
		if !slices.Contains(jobs, a.Job) {
			jobs = append(jobs, a.Job)
		}
	}
	at := now.Add(roomWait)
	late := at.After(launchBy) || !deadline.IsZero() && at.After(deadline)
	anyLost := false
	for _, job := range jobs {
		l := Launch{Job: job, Rerun: reruns[job]}
		for _, state := range Deciding(done, job) {
			switch v := state.Verdict; {
			case v != nil && v.HostLost && reruns[job] < p.Retries:
				l.Lost = append(l.Lost, aws.ToString(state.TaskArn))
			case v != nil && v.NoRoom && !late:
				l.NoRoom = append(l.NoRoom, aws.ToString(state.TaskArn))
			}
		}
		if len(l.Lost) > 0 {
			l.Rerun++
			anyLost = true
		}
		if len(l.NoRoom) > 0 {
			wait = roomWait
		}
		if l.Count = len(l.Lost) + len(l.NoRoom); l.Count > 0 {
			again = append(again, l)
		}
	}
	if anyLost {
		launchBy = now.Add(p.LaunchTimeout)
	}
	for i := range again {
		again[i].LaunchBy, again[i].Wait = launchBy, wait
	}
	return again, wait
}

// Revision returns the definition of a job's tasks, nil if there is none.
func (o Outcome) Revision(job int) *types.TaskDefinition {
	if job < len(o.Jobs) {
		return o.Jobs[job].Revision
	}
	if existing, ok := o.Plan.Jobs[job].Definition.(plan.Existing); ok {
		return existing.Revision
	}
	return nil
}

// Failures returns why tasks of a job did not start, from its last attempt.
func (o Outcome) Failures(job int) []types.Failure {
	for _, a := range slices.Backward(o.Attempts) {
		if a.Job == job && !a.Adopted {
			return a.Failures
		}
	}
	return nil
}

// UnansweredRegistration is what is known of attempts to register a definition that ECS
// has not answered. Each may have made a revision. The zero value is for none.
type UnansweredRegistration struct {
	Attempts    int
	From, Until time.Time // of all attempts, by this machine's clock
}
