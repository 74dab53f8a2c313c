package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/turn"
)

// contest runs after a launch, whose attempts are s.attempts[from:]. It searches for tasks of the
// same families that others started at the same moment. If such a task comes before the step's own
// tasks, and those have not begun, contest stops them and does what the input if-running says. It
// returns the launches that replace the stopped tasks.
func (s *runner) contest(ctx context.Context, group []int, from int) (again []outcome.Launch, err error) {
	if !s.Plan.OneAtATime() || ctx.Err() != nil || from == len(s.attempts) {
		return nil, nil
	}
	found := s.findContested(ctx, group, from)
	if len(found) == 0 && sleep.For(ctx, cluster.ListLag) {
		found = s.findContested(ctx, group, from)
	}
	for _, f := range found {
		contest := turn.Contest(f.own, f.others)
		for _, t := range f.ended {
			s.warnOverlap(t, contest.First, "and ran at the same time")
		}
		if len(f.others) == 0 {
			continue
		}
		if len(contest.Ahead) == 0 {
			s.Emit.Printf("another task was started after this step's: %s", turn.TaskText(f.others[0]))
			continue
		}
		if contest.Begun || !s.withdraw(ctx, f, from, contest.Ahead[0]) {
			s.warnOverlap(contest.Ahead[0], contest.First, "and the second has begun")
			continue
		}
		if s.Plan.IfRunning != plan.IfRunningWait {
			if began := s.begins(ctx, f, warningTimeout); began != neverBegan {
				s.warnOverlap(contest.Ahead[0], contest.First, "and the second "+began.String())
			}
		}
		attempts, err := turn.Turn{Stage: s.Stage}.Yield(ctx, f.family, contest.Ahead, s.attempts, s.deadline())
		s.attempts = attempts
		if err != nil {
			var running *outcome.RunningError
			s.timedOut = s.timedOut || errors.As(err, &running) && running.Waited
			return nil, err
		}
		var launches []outcome.Launch
		for _, job := range group {
			if s.Plan.Jobs[job].Definition.Family() == f.family {
				launches = append(launches, s.firstLaunches([]int{job}, time.Now().Add(s.Plan.End.LaunchTimeout))...)
			}
		}
		if len(launches) > 0 { // by now ECS usually shows whether the stopped tasks had begun
			if err := s.checkNotBegun(ctx, f, contest); err != nil {
				return nil, err
			}
		}
		again = append(again, launches...)
	}
	return again, nil
}

// warnOverlap warns that one of the step's own tasks ran at the same time as a task of others.
func (s *runner) warnOverlap(other, own types.Task, what string) {
	s.Emit.Warning(event.Note{
		Title: "two tasks of one family run",
		Text:  fmt.Sprintf("%s and %s were started at the same moment, %s", turn.TaskText(other), turn.TaskText(own), what),
		Hint:  "let the CI run one at a time: " + cmp.Or(s.Explain.CI.Lock, "give its jobs a lock"),
	})
}

// checkNotBegun returns an error if the step's own tasks of a family, which it has stopped, had
// begun or may have begun. Their command must not run twice.
func (s *runner) checkNotBegun(ctx context.Context, f contested, c turn.Contested) error {
	began := s.begins(ctx, f, relaunchTimeout)
	if began == neverBegan {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.warnOverlap(c.Ahead[0], c.First, "and the second "+began.String())
	return explain.WithHint(
		fmt.Errorf("%s %s for the sake of %s, and is not started again", turn.TaskText(c.First), began,
			turn.TaskText(c.Ahead[0])),
		"run the job again if its command may be interrupted and begin anew",
	)
}

// beginState says whether a task began although it was stopped while PENDING.
type beginState int

const (
	maybeBegan beginState = iota // ECS does not show whether it began
	neverBegan
	hasBegun
)

func (b beginState) String() string {
	switch b {
	case hasBegun:
		return "had begun before it was stopped"
	case neverBegan:
		return "had not begun"
	}
	return "may have begun before it was stopped"
}

// warningTimeout and relaunchTimeout are how long the step asks ECS whether a stopped task had
// begun. The first applies if the answer only decides about a warning. The second applies if the
// answer decides whether the step launches another task.
const (
	warningTimeout  = 2 * time.Second
	relaunchTimeout = 30 * time.Second
)

// begins reports whether one of the step's own tasks of a family began between the answer that
// showed it as PENDING and its stop.
func (s *runner) begins(ctx context.Context, f contested, limit time.Duration) beginState {
	arns := cluster.ARNs(f.own)
	for until := time.Now().Add(limit); ; {
		now, err := s.ECS.Show(ctx, arns)
		late := time.Now().After(until)
		open := func(t types.Task) bool { // a task that is PENDING after warningTimeout will hardly begin
			return !task.ContainersEnded(t) && (!late || limit > warningTimeout || turn.IsPastPending(t))
		}
		switch all := err == nil && len(now) == len(arns); {
		case slices.ContainsFunc(now, turn.Began):
			return hasBegun
		case all && !slices.ContainsFunc(now, open):
			return neverBegan
		}
		if late || !sleep.For(ctx, 500*time.Millisecond) {
			return maybeBegan
		}
	}
}

// contested is a family of which both the step and others have tasks.
type contested struct {
	family      string
	own, others []types.Task

	// ended has the tasks of others that have ended and ran at the same time as the step's own.
	ended []types.Task
}

// findContested returns the families of a launch of which others have tasks. If ECS refuses the
// list of a family, it warns and leaves the family out.
func (s *runner) findContested(ctx context.Context, group []int, from int) (found []contested) {
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
		listed, err := s.ECS.Listed(ctx, family)
		if err != nil {
			if ctx.Err() == nil {
				s.Emit.Warning(event.Note{Title: "not looked for other tasks",
					Text: fmt.Sprintf("whether another task of family %s was started at the same moment is not known: %v", family,
						s.Explain.PlainRefusal(err))})
			}
			continue
		}
		var known []string
		for _, a := range s.attempts {
			known = append(known, task.ARNs(a.Tasks)...)
		}
		for i, t := range f.own { // the current states replace those of the launch
			isIt := func(now types.Task) bool { return aws.ToString(now.TaskArn) == aws.ToString(t.TaskArn) }
			if j := slices.IndexFunc(listed, isIt); j >= 0 {
				f.own[i] = listed[j]
			}
		}
		for _, t := range turn.Others(listed, known) {
			switch {
			case !task.ContainersEnded(t):
				f.others = append(f.others, t)
			case slices.ContainsFunc(f.own, func(own types.Task) bool { return turn.RanBeside(own, t) }):
				f.ended = append(f.ended, t)
			}
		}
		if len(f.others)+len(f.ended) > 0 {
			found = append(found, *f)
		}
	}
	return found
}

// withdraw stops the step's own tasks of a family, and reports whether ECS accepted that.
func (s *runner) withdraw(ctx context.Context, f contested, from int, ahead types.Task) bool {
	arns := cluster.ARNs(f.own)
	s.Emit.Printf("stopping %s: %s goes before", event.Plural(len(arns), "task"), turn.TaskText(ahead))
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
