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

// launchesAtOnce is how many launches run at the same time. AWS throttles an account by a token
// bucket of 100 calls.
const launchesAtOnce = 50

// launch starts the tasks of the launches, each on a goroutine of its own. If not all tasks of a
// job can be started, the step stops those that started.
func (s *runner) launch(ctx context.Context, group []int, launches []outcome.Launch) error {
	if len(launches) == 0 { // every task was adopted
		return nil
	}
	asked := 0
	for _, l := range launches {
		asked += l.Count
	}
	s.Emit.Printf("running %s on cluster %s in %s", event.Plural(asked, "task"), s.ECS.Cluster, s.Explain.Region)
	s.Emit(event.State{Name: "intent", Value: s.Plan.Mark})
	attempts := s.launchAll(ctx, launches)
	s.attempts = append(s.attempts, attempts...)
	started := 0
	for _, a := range attempts {
		started += len(a.Tasks)
	}
	failures := 0
	if ctx.Err() == nil { // after a signal, tasks that ECS was not asked to start did not fail
		failures = asked - started
	}
	s.Emit.Printf("%s started, %s", event.Plural(started, "task"), event.Plural(failures, "failure"))
	var faults []error
	for _, a := range attempts {
		faults = append(faults, a.Err)
		if a.Err != nil && failures > 0 && started > len(a.Tasks) { // the others may run for long
			s.Emit.Printf("following the others, although %v", s.Explain.PlainRefusal(a.Err))
		}
		if states := outcome.Deciding(s.attempts, a.Job); a.Err != nil && len(states) > 0 {
			s.stopPartialLaunch(ctx, a.Job, states)
		}
	}
	return errors.Join(faults...)
}

// launchAll runs the launches at the same time. At a signal and at the timeout it stops the tasks
// that are known by then, because ECS may be slow to answer the other launches.
func (s *runner) launchAll(ctx context.Context, launches []outcome.Launch) []outcome.Attempt {
	untilTimeout, cancel := s.untilDeadline(ctx)
	defer cancel()
	attempts := make([]outcome.Attempt, len(launches))
	slots := make(chan struct{}, launchesAtOnce)
	for i, l := range launches {
		s.start(func() func() {
			slots <- struct{}{}
			a := s.launchOne(ctx, untilTimeout, l)
			<-slots
			late := a.Err != nil && untilTimeout.Err() != nil && ctx.Err() == nil
			return func() {
				attempts[i], s.timedOut = a, s.timedOut || late
			}
		})
	}
	s.wait(untilTimeout.Done(), func() { s.stopEarly(ctx) })
	return attempts
}

// untilDeadline returns a context that ends with ctx and at the timeout.
func (s *runner) untilDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.deadline().IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, s.deadline())
}

// launchOne starts the tasks of a launch. untilTimeout ends at the timeout and at a signal; ctx
// ends only at a signal. launchOne runs on a goroutine of its own, and does not read what the loop
// changes meanwhile.
func (s *runner) launchOne(ctx, untilTimeout context.Context, l outcome.Launch) outcome.Attempt {
	a := outcome.Attempt{Launch: l, Started: time.Now()}
	if a.Err = context.Cause(ctx); a.Err != nil {
		return a
	}
	capacity := l.LaunchBy
	if deadline := s.deadline(); !deadline.IsZero() && deadline.Before(capacity) {
		capacity = deadline
	}
	revision, request := s.revision(l.Job), s.Plan.Jobs[l.Job].Request
	launched, err := s.launchTagged(untilTimeout, cluster.Launch{
		Definition: revision, Count: l.Count, Request: request,
		Capacity: time.Until(capacity),
		Calling: func(token string, count int) {
			s.Ledger.Launching(ledger.UnansweredLaunch{
				Definition: task.Name(revision), Count: count, Region: s.Explain.Region, Cluster: s.ECS.Cluster,
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
		recovered := s.recoverUnconfirmedTasks(ctx, untilTimeout, l.Job, launch)
		a.Tasks = append(a.Tasks, s.States(l.Job,
			cluster.Launched{Definition: revision, Tasks: recovered, At: time.Now()})...)
		if len(a.Tasks) == l.Count {
			a.Err = nil // all tasks have started, also if the last answer was an error
		}
	}
	return a
}

// withHint adds a hint to an error of a launch if the definition is for Fargate alone and the
// request has neither a launch type nor a capacity provider strategy.
func withHint(revision *types.TaskDefinition, job plan.Job, err error) error {
	fargateOnly := slices.Equal(revision.RequiresCompatibilities, []types.Compatibility{types.CompatibilityFargate})
	if err == nil || !fargateOnly || job.Request["launchType"] != nil || job.Request["capacityProviderStrategy"] != nil {
		return err
	}
	return explain.WithHint(err, "the definition is for Fargate alone, and the cluster may have no default capacity "+
		"provider: set launch-type: FARGATE, or capacity-provider-strategy, or a service to take it from")
}

// recordTasks prints the ARNs of started tasks and adds them to the ledger. The ledger then counts
// the launch with this client token as answered. An empty token changes no launch.
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

// recoverTime is how long the step searches for tasks if ECS did not answer a launch. ECS may need
// a moment to start the tasks and to list them. recoverInterval is the pause between two searches.
const (
	recoverTime     = 3 * time.Second
	recoverInterval = 500 * time.Millisecond
)

// clockSlack is how far AWS's clock may be behind this machine's estimate of it.
const clockSlack = 5 * time.Second

// startedTasks returns the tasks of a job's family that were started under this run's startedBy
// name. It includes stopped tasks, because a short task may end before this call. It ignores
// errors, because the caller asks again.
func (s *runner) startedTasks(ctx context.Context, job int) []types.Task {
	running, _ := s.fastRetry().StartedBy(ctx, s.Plan.StartedBy)
	stopped, _ := s.fastRetry().Stopped(ctx, aws.ToString(s.jobs[job].Revision.Family), running)
	return append(running, slices.DeleteFunc(stopped, func(t types.Task) bool {
		return aws.ToString(t.StartedBy) != s.Plan.StartedBy
	})...)
}

// recoverUnconfirmedTasks searches for the tasks of a launch that ECS did not answer. It returns
// the tasks that are certainly the step's own. It prints the commands that describe and stop tasks
// that others may have started too.
func (s *runner) recoverUnconfirmedTasks(ctx, untilTimeout context.Context, job int,
	launch ledger.UnansweredLaunch) []types.Task {
	until := time.Now().Add(recoverTime)
	if untilTimeout.Err() != nil {
		until = s.budget(ctx).Recover
	}
	searchCtx, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	var own, others []types.Task
	var listed []string // ARNs that ECS lists under the step's own startedBy name
	for {
		nowOwn, nowOthers := s.unconfirmed(job, launch, s.startedTasks(searchCtx, job))
		if len(nowOwn) >= len(own) {
			own = nowOwn
		}
		if len(nowOthers) >= len(others) {
			others = nowOthers
		}
		if len(own)+len(others) < launch.Count && s.OwnStartedBy {
			if arns, err := s.fastRetry().ListStartedBy(searchCtx, s.Plan.StartedBy); err == nil {
				listed = arns
			}
		}
		if len(own)+len(others) >= launch.Count || !sleep.For(searchCtx, recoverInterval) {
			break
		}
	}
	all := len(own) >= launch.Count
	s.call(func() {
		// meanwhile another launch may have recorded them
		own = slices.DeleteFunc(own, func(t types.Task) bool { return s.Ledger.Has(aws.ToString(t.TaskArn)) })
		token := ""
		if all {
			token = launch.ClientToken // all its tasks are known, so the launch counts as answered
		}
		s.recordTasks(job, token, own)
	})
	if all {
		return own
	}
	s.call(func() {
		listed = slices.DeleteFunc(listed, s.Ledger.Has)
		if untilTimeout.Err() != nil && s.Plan.End.StopOnInterrupt && s.Plan.End.Waits() {
			s.Ledger.Started(listed...)
		}
	})
	s.stopListed(ctx, untilTimeout, listed)
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

// stopListed handles tasks that ECS lists under this step's own startedBy name but does not
// describe. It stops them if the step is ending. Otherwise it only prints the commands that
// describe and stop them, because they may be tasks of another launch that continues.
func (s *runner) stopListed(ctx, untilTimeout context.Context, arns []string) {
	if len(arns) == 0 {
		return
	}
	if untilTimeout.Err() == nil || !s.Plan.End.StopOnInterrupt || !s.Plan.End.Waits() {
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

// unconfirmed returns the tasks that a launch may have started and that the ledger does not have.
// own are the step's own tasks. others are tasks that another run may have started since then
// under the same startedBy name.
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

// isOwn reports whether a task is certainly the step's own. The task must be of the job's revision
// and have this run's startedBy name. One of these must be true: no other step uses the name; the
// task has this step's tag; the task has no tag of any step, and this step created the revision.
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

// createdBefore reports whether a task was created before a time of this machine's clock. It
// returns false if ECS does not show when the task was created.
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

// launchTagged launches tasks. If AWS denies the step's own tag, it launches them again without
// that tag, so that a run without tags from the user needs no permission to tag.
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
