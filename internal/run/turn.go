package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// RunningError says that tasks of a family of the plan run already, which the input
// if-running does not allow.
type RunningError struct {
	Family   string
	Tasks    []string // what is said of each
	Waited   bool     // for them, until the time-out
	Followed bool     // the tasks were to be followed, and can't be
}

func (e *RunningError) Error() string {
	text := fmt.Sprintf("family %s runs already: %s", e.Family, strings.Join(e.Tasks, "; "))
	switch {
	case e.Waited:
		return "waited to the time-out: " + text
	case e.Followed:
		return text + " (if-running: follow)"
	}
	return text + " (if-running: fail)"
}

// Unwrap returns [context.DeadlineExceeded] if the step waited to its time-out.
func (e *RunningError) Unwrap() error {
	if e.Waited {
		return context.DeadlineExceeded
	}
	return nil
}

// The waits before it is asked again whether tasks have ended.
const (
	firstTurnWait = 2 * time.Second
	lastTurnWait  = 15 * time.Second
)

// settleTime is how long ECS may take to list a task that another step has started.
const settleTime = 3 * time.Second

// oneAtATime reports whether the run looks for tasks that run already.
func (r Runner) oneAtATime() bool {
	return r.Plan.IfRunning != "" && r.Plan.IfRunning != plan.IfRunningStart
}

// AwaitTurn does what the input if-running says about tasks of the plan's families
// that run already, besides those in adopted attempts: it waits for their end, or
// returns attempts with those to follow, or an error, which is a [*RunningError] if
// there is a task that must not run. Began is when the look began.
func (r Runner) AwaitTurn(ctx context.Context, adopted []Attempt) (attempts []Attempt, began time.Time, err error) {
	began = time.Now()
	if !r.oneAtATime() {
		return adopted, time.Time{}, nil
	}
	var families []string
	for _, job := range r.Plan.Jobs {
		if family := job.Definition.Family(); !slices.Contains(families, family) {
			families = append(families, family)
		}
	}
	attempts = adopted
	for _, family := range families {
		others, err := r.others(ctx, family, attempts)
		if err == nil && len(others) > 0 {
			attempts, err = r.yield(ctx, family, others, attempts, r.Plan.End.Deadline(began))
		}
		if err != nil {
			return attempts, began, err
		}
	}
	return attempts, began, nil
}

// others returns the tasks of a family that run, but for those in attempts and those
// of services.
func (r Runner) others(ctx context.Context, family string, attempts []Attempt) ([]types.Task, error) {
	active, err := r.ECS.Active(ctx, family)
	if err != nil {
		return nil, err
	}
	var own []string
	for _, a := range attempts {
		own = append(own, arnsOf(a.Tasks)...)
	}
	return Others(active, own), nil
}

// Others returns the tasks that no service has started and that are not of the given
// ARNs, the earliest first.
func Others(tasks []types.Task, own []string) []types.Task {
	others := slices.DeleteFunc(slices.Clone(tasks), func(t types.Task) bool {
		return OfService(t) || slices.Contains(own, aws.ToString(t.TaskArn))
	})
	slices.SortFunc(others, Earlier)
	return others
}

// yield does what if-running says about tasks of a family that go before those of the
// run. It returns the attempts, with one for the tasks to follow.
func (r Runner) yield(ctx context.Context, family string, others []types.Task, attempts []Attempt, deadline time.Time) ([]Attempt, error) {
	switch r.Plan.IfRunning {
	case plan.IfRunningWait:
		return attempts, r.awaitEnd(ctx, family, others, attempts, deadline)
	case plan.IfRunningFollow:
		return r.follow(ctx, family, others, attempts)
	}
	return attempts, r.withCommands(&RunningError{Family: family, Tasks: taskTexts(others)}, others)
}

// withCommands adds how to see and to stop the first of the tasks that an error is about.
func (r Runner) withCommands(e *RunningError, others []types.Task) error {
	arn := aws.ToString(others[0].TaskArn)
	return explain.WithHint(e, fmt.Sprintf("aws ecs describe-tasks --region %s --cluster %s --tasks %s\naws ecs stop-task --region %s --cluster %s --task %s",
		r.Region, r.ECS.Cluster, arn, r.Region, r.ECS.Cluster, arn))
}

func taskTexts(tasks []types.Task) []string {
	var texts []string
	for _, t := range tasks {
		texts = append(texts, taskText(t))
	}
	return texts
}

// taskText names a task, its definition and who started it.
func taskText(t types.Task) string {
	text := "task " + aws.ToString(t.TaskArn) + " of " + definitionOf(t)
	if startedBy := aws.ToString(t.StartedBy); startedBy != "" {
		text += ", started by " + startedBy
	}
	if t.CreatedAt != nil {
		text += ", created at " + t.CreatedAt.UTC().Format(time.RFC3339)
	}
	return text
}

// awaitEnd waits for the end of tasks of a family, and of those that come meanwhile.
// The deadline is zero if there is none.
func (r Runner) awaitEnd(ctx context.Context, family string, others []types.Task, attempts []Attempt, deadline time.Time) error {
	began := time.Now()
	defer r.Emit(event.Waiting{})
	var named []string
	for wait := firstTurnWait; len(others) > 0; wait = min(wait*3/2, lastTurnWait) {
		for _, t := range others {
			if arn := aws.ToString(t.TaskArn); !slices.Contains(named, arn) {
				named = append(named, arn)
				r.Emit.Printf("waiting for the end of %s (if-running: wait)", taskText(t))
			}
		}
		r.Emit(event.Waiting{What: fmt.Sprintf("the end of %s of family %s", Plural(len(others), "other task"), family), Since: began, Deadline: deadline})
		if !deadline.IsZero() {
			wait = min(wait, time.Until(deadline))
		}
		if wait <= 0 {
			return r.withCommands(&RunningError{Family: family, Tasks: taskTexts(others), Waited: true}, others)
		}
		if !task.Sleep(ctx, wait) {
			return context.Cause(ctx)
		}
		now, err := r.others(ctx, family, attempts)
		switch {
		case err == nil:
			others = now
		case !awserr.Transient(err):
			return err
		default:
			r.Emit.Printf("asking ECS again after: %v", r.Explain.PlainRefusal(err))
		}
	}
	r.Emit.Printf("no other task of family %s runs any more, after %s", family, event.Duration(time.Since(began)))
	return nil
}

// follow returns attempts with one for each job of a family whose tasks run already.
// Every task must be of the same definition and settings as a job starts.
func (r Runner) follow(ctx context.Context, family string, others []types.Task, attempts []Attempt) ([]Attempt, error) {
	taken := make([]Attempt, len(r.Plan.Jobs))
	var faults []string
	for _, t := range others {
		why := ""
		for i, job := range r.Plan.Jobs {
			if job.Definition.Family() != family {
				continue
			}
			c, err := r.compare(ctx, i, t)
			if err != nil {
				return attempts, err
			}
			if why = c.difference; why != "" {
				continue
			}
			if len(Deciding(attempts, i))+len(taken[i].Tasks) == job.Count {
				why = fmt.Sprintf("the step has its %s", Plural(job.Count, "task"))
				continue
			}
			taken[i].Tasks = append(taken[i].Tasks, c.states...)
			break
		}
		if why != "" {
			faults = append(faults, taskText(t)+", which can't be followed: "+why)
		}
	}
	if len(faults) > 0 {
		return attempts, r.withCommands(&RunningError{Family: family, Tasks: faults, Followed: true}, others)
	}
	attempts = slices.Clone(attempts)
	for i, a := range taken {
		if len(a.Tasks) == 0 {
			continue
		}
		for _, state := range a.Tasks {
			r.Ledger.Followed(aws.ToString(state.TaskArn))
			r.Emit.Printf("following %s, which runs already (if-running: follow)", taskText(state.Task))
		}
		a.Launch, a.Started, a.Adopted = Launch{Job: i, Count: len(a.Tasks)}, time.Now(), true
		attempts = append(attempts, a)
	}
	return attempts, nil
}

// contest looks again after a launch, whose attempts are those from an index on, for
// tasks that others started at the same moment. Where one of those goes before the
// step's own, these are stopped if they have not begun, and it is done as if-running
// says; then again has what is to be launched in their place.
func (s *runner) contest(ctx context.Context, group []int, from int) (again []Launch, err error) {
	if !s.oneAtATime() || ctx.Err() != nil || from == len(s.attempts) {
		return nil, nil
	}
	found := s.look(ctx, group, from)
	if len(found) == 0 && task.Sleep(ctx, settleTime) { // ECS may list a task late
		found = s.look(ctx, group, from)
	}
	for _, f := range found {
		contest := Contest(f.own, f.others)
		if len(contest.Ahead) == 0 {
			s.Emit.Printf("another task was started after this step's: %s", taskText(f.others[0]))
			continue
		}
		if contest.Begun || !s.withdraw(ctx, f, from, contest.Ahead[0]) {
			s.Emit.Warning(event.Note{
				Title: "two tasks of one family run",
				Text:  fmt.Sprintf("%s and %s were started at the same moment, and the second has begun", taskText(contest.Ahead[0]), taskText(contest.First)),
				Hint:  "let the CI run one at a time: " + cmp.Or(s.Explain.CI.Lock, "give its jobs a lock"),
			})
			continue
		}
		attempts, err := s.yield(ctx, f.family, contest.Ahead, s.attempts, s.deadline())
		s.attempts = attempts
		if err != nil {
			var running *RunningError
			s.timedOut = s.timedOut || errors.As(err, &running) && running.Waited
			return nil, err
		}
		for _, job := range group {
			if s.Plan.Jobs[job].Definition.Family() == f.family {
				again = append(again, s.firstLaunches([]int{job}, time.Now().Add(s.Plan.End.LaunchTimeout))...)
			}
		}
	}
	return again, nil
}

// contested is a family of which the step and others have tasks.
type contested struct {
	family      string
	own, others []types.Task
}

// look returns the families of a launch of which others have tasks.
func (s *runner) look(ctx context.Context, group []int, from int) (found []contested) {
	byFamily := map[string]*contested{}
	for _, a := range s.attempts[from:] {
		family := s.Plan.Jobs[a.Job].Definition.Family()
		if byFamily[family] == nil {
			byFamily[family] = &contested{family: family}
		}
		for _, state := range a.Tasks {
			byFamily[family].own = append(byFamily[family].own, state.Task)
		}
	}
	for _, job := range group { // in the order of the plan
		family := s.Plan.Jobs[job].Definition.Family()
		f := byFamily[family]
		delete(byFamily, family)
		if f == nil || len(f.own) == 0 {
			continue
		}
		active, err := s.ECS.Active(ctx, family)
		if err != nil {
			if ctx.Err() == nil {
				s.Emit.Warning(event.Note{Title: "not looked for other tasks", Text: fmt.Sprintf("whether another task of family %s was started at the same moment is not known: %v", family, s.Explain.PlainRefusal(err))})
			}
			continue
		}
		var known []string
		for _, a := range s.attempts {
			known = append(known, arnsOf(a.Tasks)...)
		}
		for i, t := range f.own { // as they are now
			if j := slices.IndexFunc(active, func(now types.Task) bool { return aws.ToString(now.TaskArn) == aws.ToString(t.TaskArn) }); j >= 0 {
				f.own[i] = active[j]
			}
		}
		if f.others = Others(active, known); len(f.others) > 0 {
			found = append(found, *f)
		}
	}
	return found
}

// Contested says who goes first of two that started tasks of a family at the same
// moment.
type Contested struct {
	First types.Task   // the earliest of the step's own
	Ahead []types.Task // of the others: those before it
	Begun bool         // one of the own is past PENDING
}

// Contest compares a step's own tasks with others: the earliest createdAt goes first,
// then the ARN.
func Contest(own, others []types.Task) Contested {
	c := Contested{First: slices.MinFunc(own, Earlier)}
	for _, t := range others {
		if Earlier(t, c.First) < 0 {
			c.Ahead = append(c.Ahead, t)
		}
	}
	slices.SortFunc(c.Ahead, Earlier)
	c.Begun = slices.ContainsFunc(own, func(t types.Task) bool {
		status := aws.ToString(t.LastStatus)
		return status != "PROVISIONING" && status != "PENDING"
	})
	return c
}

// withdraw stops the step's own tasks of a family, and reports whether ECS accepted
// that.
func (s *runner) withdraw(ctx context.Context, f contested, from int, ahead types.Task) bool {
	var arns []string
	for _, t := range f.own {
		arns = append(arns, aws.ToString(t.TaskArn))
	}
	s.Emit.Printf("stopping %s: %s goes before", Plural(len(arns), "task"), taskText(ahead))
	until, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.budget(ctx).Stop)
	defer cancel()
	err := s.ECS.Stop(until, arns, s.stopReason("another task of the family was started before it"))
	s.stopped(ctx, arns, err)
	if err != nil {
		return false
	}
	s.attempts = slices.Clone(s.attempts)
	for i := from; i < len(s.attempts); i++ {
		if s.Plan.Jobs[s.attempts[i].Job].Definition.Family() == f.family {
			s.attempts[i].Withdrawn = true
		}
	}
	for _, arn := range arns {
		s.Ledger.Ended(arn)
	}
	return true
}

// followLogs starts to read the logs of the tasks of a group.
func (s *runner) followLogs(group []int) {
	for _, state := range s.deciding(group) {
		s.Logs.Update(state, s.label(state))
	}
}
