package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// launchesAtOnce is how many launches are under way at the same time: AWS gives an
// account a bucket of 100.
const launchesAtOnce = 50

// launch starts the tasks of the launches, each on a goroutine of its own. A job of
// which not every task could be started is given up: those that were are stopped.
func (s *runner) launch(ctx context.Context, group []int, launches []outcome.Launch) error {
	if len(launches) == 0 { // every task was adopted
		return nil
	}
	asked := 0
	for _, l := range launches {
		asked += l.Count
	}
	s.Emit.Printf("running %s on cluster %s in %s", event.Plural(asked, "task"), s.ECS.Cluster, s.Region)
	s.Emit(event.State{Name: "intent", Value: s.Plan.Mark})
	attempts := s.launchAll(ctx, launches)
	s.attempts = append(s.attempts, attempts...)
	started := 0
	for _, a := range attempts {
		started += len(a.Tasks)
	}
	failures := 0
	if ctx.Err() == nil { // what was not asked for did not fail
		failures = asked - started
	}
	s.Emit.Printf("%s started, %s", event.Plural(started, "task"), event.Plural(failures, "failure"))
	var faults []error
	for _, a := range attempts {
		faults = append(faults, a.Err)
		if a.Err != nil && failures > 0 && started > len(a.Tasks) { // it may be long until the others have ended
			s.Emit.Printf("following the others, although %v", s.Explain.PlainRefusal(a.Err))
		}
		if states := outcome.Deciding(s.attempts, a.Job); a.Err != nil && len(states) > 0 {
			s.stopPartialLaunch(ctx, a.Job, states)
		}
	}
	return errors.Join(faults...)
}

// launchAll makes the launches at once. At a signal and at the time-out the tasks
// that are known by then are stopped at once: the answers to the other launches may
// be a while.
func (s *runner) launchAll(ctx context.Context, launches []outcome.Launch) []outcome.Attempt {
	intime, cancel := s.untilDeadline(ctx)
	defer cancel()
	attempts := make([]outcome.Attempt, len(launches))
	places := make(chan struct{}, launchesAtOnce)
	for i, l := range launches {
		s.start(func() func() {
			places <- struct{}{}
			a := s.launchOne(ctx, intime, l)
			<-places
			late := a.Err != nil && intime.Err() != nil && ctx.Err() == nil
			return func() {
				attempts[i], s.timedOut = a, s.timedOut || late
			}
		})
	}
	s.wait(intime.Done(), func() { s.stopEarly(ctx) })
	return attempts
}

// untilDeadline returns ctx with an end at the time-out.
func (s *runner) untilDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.deadline().IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, s.deadline())
}

// launchOne starts the tasks of a launch until the time-out, when intime ends; ctx
// ends by a signal only. It runs on a goroutine of its own, and reads nothing that
// the loop changes meanwhile.
func (s *runner) launchOne(ctx, intime context.Context, l outcome.Launch) outcome.Attempt {
	a := outcome.Attempt{Launch: l, Started: time.Now()}
	if a.Err = context.Cause(ctx); a.Err != nil {
		return a
	}
	capacity := l.LaunchBy
	if deadline := s.deadline(); !deadline.IsZero() && deadline.Before(capacity) {
		capacity = deadline
	}
	revision, request := s.revision(l.Job), s.Plan.Jobs[l.Job].Request
	launched, err := s.launchTagged(intime, cluster.Launch{
		Definition: revision, Count: l.Count, Request: request,
		Capacity: time.Until(capacity),
		Calling: func(token string, count int) {
			s.Ledger.Launching(ledger.UnansweredLaunch{
				Definition: task.Name(revision), Count: count, Region: s.Region, Cluster: s.ECS.Cluster,
				StartedBy: s.Plan.StartedBy, ClientToken: token, Since: time.Now(),
			})
		},
		Answered: func(token string, tasks []types.Task) { s.send(func() { s.recordTasks(l.Job, token, tasks) }) },
		Waiting: func(failures []types.Failure, wait time.Duration) {
			s.Emit.Printf("no room for %s at the moment (%s): asking again in %s", task.Name(revision),
				aws.ToString(failures[0].Reason), event.Duration(wait))
		},
	})
	a.Tasks, a.Failures, a.Err = s.States(l.Job, launched), launched.Failures, withHint(revision, s.Plan.Jobs[l.Job], err)
	if launch, ok := s.Ledger.Unanswered(launched.Unconfirmed); ok {
		recovered := s.recoverUnconfirmedTasks(ctx, intime, l.Job, launch)
		a.Tasks = append(a.Tasks, s.States(l.Job,
			cluster.Launched{Definition: revision, Tasks: recovered, At: time.Now()})...)
		if len(a.Tasks) == l.Count {
			a.Err = nil // they are all there, whatever the last answer said
		}
	}
	return a
}

// withHint adds what to do about a launch that ECS refused since nothing says what
// the tasks run on.
func withHint(revision *types.TaskDefinition, job plan.Job, err error) error {
	fargateOnly := slices.Equal(revision.RequiresCompatibilities, []types.Compatibility{types.CompatibilityFargate})
	if err == nil || !fargateOnly || job.Request["launchType"] != nil || job.Request["capacityProviderStrategy"] != nil {
		return err
	}
	return explain.WithHint(err, "the definition is for Fargate alone, and the cluster may have no default capacity "+
		"provider: set launch-type: FARGATE, or capacity-provider-strategy, or a service to take it from")
}

// recordTasks names the tasks of the launch with a client token the moment they are known.
func (s *runner) recordTasks(job int, token string, tasks []types.Task) {
	var arns []string
	for _, t := range tasks {
		arn := aws.ToString(t.TaskArn)
		arns = append(arns, arn)
		s.Emit.Printf("task %.8s of %s: %s", task.ID(arn), s.name(job), arn)
	}
	s.Ledger.Started(arns...)
	s.Ledger.Answered(token)
}

// How long tasks are looked for that ECS may have started without an answer: it may take
// a moment to start them, and to list them.
const (
	recoverTime     = 3 * time.Second
	recoverInterval = 500 * time.Millisecond
)

// clockSlack is how far AWS's clock may be behind as this machine knows it.
const clockSlack = 5 * time.Second

// startedTasks returns the tasks of a job's family that were started by the name of this run:
// those that run, and those that have ended already, as a short task has before ECS is asked.
// What ECS does not answer is left out: it is asked again.
func (s *runner) startedTasks(ctx context.Context, job int) []types.Task {
	running, _ := s.fastRetry().StartedBy(ctx, s.Plan.StartedBy)
	stopped, _ := s.fastRetry().Stopped(ctx, aws.ToString(s.jobs[job].Revision.Family), running)
	return append(running, slices.DeleteFunc(stopped, func(t types.Task) bool {
		return aws.ToString(t.StartedBy) != s.Plan.StartedBy
	})...)
}

// recoverUnconfirmedTasks looks for the tasks that ECS may have started by a launch without
// an answer, and returns those that are certainly the step's own. What others may have
// started too is named, and how to look at it and stop it.
func (s *runner) recoverUnconfirmedTasks(ctx, intime context.Context, job int,
	launch ledger.UnansweredLaunch) []types.Task {
	until := time.Now().Add(recoverTime)
	if intime.Err() != nil {
		until = s.budget(ctx).Recover
	}
	look, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	var own, others []types.Task
	var listed []string // by the step's own name
	for {
		nowOwn, nowOthers := s.unconfirmed(job, launch, s.startedTasks(look, job))
		if len(nowOwn) >= len(own) {
			own = nowOwn
		}
		if len(nowOthers) >= len(others) {
			others = nowOthers
		}
		if len(own)+len(others) < launch.Count && s.OwnStartedBy {
			if arns, err := s.fastRetry().ListStartedBy(look, s.Plan.StartedBy); err == nil {
				listed = arns
			}
		}
		if len(own)+len(others) >= launch.Count || !sleep.For(look, recoverInterval) {
			break
		}
	}
	all := len(own) >= launch.Count
	s.call(func() {
		// of another launch by now
		own = slices.DeleteFunc(own, func(t types.Task) bool { return s.Ledger.Has(aws.ToString(t.TaskArn)) })
		token := ""
		if all {
			token = launch.ClientToken // nothing of it is open any more
		}
		s.recordTasks(job, token, own)
	})
	if all {
		return own
	}
	s.call(func() {
		listed = slices.DeleteFunc(listed, s.Ledger.Has)
		if intime.Err() != nil && s.Plan.End.StopOnInterrupt && s.Plan.End.Waits() {
			s.Ledger.Started(listed...)
		}
	})
	s.stopListed(ctx, intime, listed)
	what := launch.Definition
	if len(own) > 0 {
		what = fmt.Sprintf("all %s of %s", event.Plural(launch.Count, "task"), launch.Definition)
	}
	s.Emit.Printf("ECS did not answer whether it started %s; to look:", what)
	s.Emit.Printf("  %s", launch.ListCommand())
	for _, t := range others {
		s.logInspectCommands([]string{aws.ToString(t.TaskArn)})
	}
	return own
}

// stopListed stops tasks that ECS lists by the name of this step alone, and does not describe,
// once the step is to end; before that it says how to look at them. They may be of another
// launch that goes on.
func (s *runner) stopListed(ctx, intime context.Context, arns []string) {
	if len(arns) == 0 {
		return
	}
	if intime.Err() == nil || !s.Plan.End.StopOnInterrupt || !s.Plan.End.Waits() {
		s.logInspectCommands(arns)
		return
	}
	for _, arn := range arns {
		s.Emit.Printf("stopping task %s, which ECS lists as this step's and does not describe", arn)
	}
	until, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.budget(ctx).Stop)
	defer cancel()
	err := s.ECS.Stop(until, arns, s.stopReason("the step ended before ECS answered the launch"))
	s.call(func() { s.stopped(until, arns, err) })
}

// unconfirmed returns those of the tasks that a launch may have started and that are not
// known yet: the step's own, and those that others may have started since by the same
// name.
func (s *runner) unconfirmed(job int, launch ledger.UnansweredLaunch, tasks []types.Task) (own, others []types.Task) {
	for _, t := range tasks {
		arn := aws.ToString(t.TaskArn)
		switch {
		case s.Ledger.Has(arn) || aws.ToString(t.TaskDefinitionArn) != aws.ToString(s.revision(job).TaskDefinitionArn):
		case s.isOwn(job, t):
			own = append(own, t)
		case !s.createdBefore(t, launch.Since):
			others = append(others, t)
		}
	}
	return own, others
}

// isOwn reports whether a task of a job's revision, started by the name of this run, is
// certainly the step's own: the name is of this step alone, or the task has the step's
// tag, or no tag of a step while the revision is of this step alone.
func (s *runner) isOwn(job int, t types.Task) bool {
	tag := task.Tag(t, ownership.Tag)
	switch {
	case s.OwnStartedBy:
		return true
	case ownership.MarkOf(tag, "").Known:
		return tag == s.Plan.Mark
	}
	return s.jobs[job].Created
}

// createdBefore reports whether a task was created before a time by this machine's clock.
func (r Runner) createdBefore(t types.Task, at time.Time) bool {
	if t.CreatedAt == nil {
		return false
	}
	created := *t.CreatedAt
	if r.Clock != nil {
		created = r.Clock(created)
	}
	return created.Before(at.Add(-clockSlack))
}

// launchTagged launches tasks. If AWS does not allow the tag that says who started
// them, they start without it: a run without tags of the user's needs no permission
// for tags.
func (s *runner) launchTagged(ctx context.Context, l cluster.Launch) (cluster.Launched, error) {
	launched, err := s.ECS.Launch(ctx, l)
	request, tagged := plan.WithoutTag(l.Request, ownership.Tag)
	if !tagged || len(launched.Tasks) > 0 || launched.Unconfirmed != "" || !awserr.Denied(err) {
		return launched, err
	}
	l.Request = request
	launched, again := s.ECS.Launch(ctx, l)
	if awserr.Denied(again) {
		return launched, err
	}
	s.Emit.Notice(event.Note{
		Text: fmt.Sprintf("the tasks of %s have no tag %s, by which reattach, stop, reap and the post stage recognize "+
			"them: %v", task.Name(l.Definition), ownership.Tag, s.Explain.PlainRefusal(err)),
		Advice: s.Explain.Advice(ctx, err, nil),
	})
	return launched, again
}
