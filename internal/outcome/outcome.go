// Package outcome defines the results of a run: registered jobs, attempts and the outcome. It also
// decides which tasks must be launched again after an attempt. It makes no calls and does not read
// the clock.
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

// Registered is a job and the result of registering its task definition.
type Registered struct {
	plan.Job
	Revision *types.TaskDefinition // nil if the job has no revision
	Created  bool                  // this run registered Revision
	Err      error                 // the error of the registration; nil if it succeeded

	// Unanswered counts the attempts of this run to register the job without an answer from ECS.
	Unanswered UnansweredRegistration
}

// Launch describes tasks of one job that the run must start.
type Launch struct {
	Job   int // index into the plan's jobs
	Count int // number of tasks

	// Lost and NoRoom are the ARNs of the earlier tasks that this launch replaces. The tasks in
	// Lost lost their host. The tasks in NoRoom never ran because AWS had no capacity for them.
	Lost, NoRoom []string

	Rerun    int           // number of launches of the job, with this one, that replaced lost tasks
	LaunchBy time.Time     // when the run stops waiting for capacity
	Wait     time.Duration // how long the run waits for capacity before this launch
}

// Attempt is a launch and its result, or tasks that the run adopted.
type Attempt struct {
	Launch
	Started  time.Time
	Tasks    []*task.State   // the last known states; they no longer change
	Failures []types.Failure // from the answer of RunTask
	Adopted  bool            // an earlier attempt of the CI run, or somebody else, started the tasks
	Err      error           // why not all tasks were started; nil if all were

	// Withdrawn is true if the run stopped the tasks before they began, because another task of
	// the family has priority.
	Withdrawn bool
}

// Cause is why a run ended.
type Cause int

// The causes.
const (
	Completed Cause = iota // nothing ended the run early; its tasks may have failed
	TimedOut               // the timeout ended the run
	Cancelled              // a signal ended the run
	Failed                 // an error ended the run: Outcome.Err
)

// Outcome is the complete result of a run.
type Outcome struct {
	Plan     plan.Plan
	Jobs     []Registered // in the order of the plan's jobs; shorter if the run ended early
	Attempts []Attempt
	NotRun   []int     // indices of jobs that were not run because an earlier job failed
	Started  time.Time // when the first launch began; zero if there was no launch
	Cause    Cause
	Signal   *shutdown.Interrupted // the signal that ended the run; nil unless Cause is Cancelled
	Err      error                 // the error of the run; nil if there was none
}

// End returns the outcome of a run that ends now with err, which may be nil. It sets Cause: a
// signal in ctx has priority over a timeout, and a timeout over another error.
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

// Registered returns the ARNs of the revisions that this run registered, in the order of the jobs.
func (o Outcome) Registered() []string {
	var arns []string
	for _, job := range o.Jobs {
		if job.Created {
			arns = append(arns, aws.ToString(job.Revision.TaskDefinitionArn))
		}
	}
	return arns
}

// Succeeded returns the ARNs of the revisions whose deciding tasks all succeeded or reached the
// goal of the run. See [Outcome.Deciding].
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

// RevisionOf returns the task definition that caused an error of the run. It returns nil if the
// error does not belong to a job or the job has no revision.
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

// Deciding returns the tasks that decide whether a job succeeded. Tasks that a later launch
// replaced and withdrawn tasks do not decide.
func (o Outcome) Deciding(job int) []*task.State { return Deciding(o.Attempts, job) }

// Replaced returns the tasks of a job that do not decide: a later launch replaced them, or they
// were withdrawn.
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

// Deciding returns the tasks of a job that no later attempt replaced and that were not withdrawn.
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

// The run waits before it launches tasks again for which AWS had no capacity. Each wait is twice
// the previous one, up to lastRoomWait.
const (
	firstRoomWait = 5 * time.Second
	lastRoomWait  = time.Minute
)

// Next returns the launches that must follow the attempts in done, and the wait before them. It
// replaces tasks that lost their host, up to p.Retries times per job. It replaces tasks that never
// ran because AWS had no capacity, if the wait ends before LaunchBy and before the deadline. A zero
// deadline means that there is none.
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

// Revision returns the task definition of a job's tasks. It returns nil if the job has none yet.
func (o Outcome) Revision(job int) *types.TaskDefinition {
	if job < len(o.Jobs) {
		return o.Jobs[job].Revision
	}
	if existing, ok := o.Plan.Jobs[job].Definition.(plan.Existing); ok {
		return existing.Revision
	}
	return nil
}

// Failures returns the failures of the last launch of a job. It returns nil if there was no launch.
func (o Outcome) Failures(job int) []types.Failure {
	for _, a := range slices.Backward(o.Attempts) {
		if a.Job == job && !a.Adopted {
			return a.Failures
		}
	}
	return nil
}

// UnansweredRegistration describes attempts to register a task definition that ECS did not answer.
// Each attempt may have created a revision. The zero value means that there were none.
type UnansweredRegistration struct {
	Attempts    int
	From, Until time.Time // start of the first and end of the last attempt, by this machine's clock
}
