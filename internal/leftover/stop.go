package leftover

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Stop runs the commands stop and reap, which stop tasks that steps left running. It
// returns false if that fails.
func Stop(ctx context.Context, e Env, command string, c input.Leftover) bool {
	selection, err := selectionOf(e.CI, command, c)
	var a account
	if err == nil {
		a, err = e.connect(ctx)
	}
	if err != nil {
		e.errors(err)
		return false
	}
	found, err := a.ecs.All(ctx)
	if err != nil {
		return a.fail(ctx, err)
	}
	chosen := selection.of(found, time.Now())
	a.report(chosen, c)
	ok := true
	if !c.DryRun {
		ok = a.stop(ctx, chosen.stop, strings.TrimSpace("ecs-run-task "+command+" "+e.CI.URL))
	}
	if len(chosen.legs) > 0 {
		for _, t := range chosen.legs {
			e.Emit.Printf("not stopping task %s, which a matrix leg of this job started", aws.ToString(t.TaskArn))
		}
		e.errors(explain.WithHint(errors.New("stop: the job has a matrix; the input matrix is needed to identify the "+
			"current leg"), "ecs-run-task stop --matrix '${{ toJSON(matrix) }}'"))
		return false
	}
	return ok
}

// report prints which tasks were found.
func (a account) report(found chosen, c input.Leftover) {
	a.Emit.Printf("%s of steps found on cluster %s in %s", event.Plural(len(found.stop), "task"), c.Cluster,
		a.clients.Config.Region)
	for _, t := range found.spared {
		a.Emit.Printf("not stopping task %s, which was left running on purpose; --include-left stops it too",
			aws.ToString(t.TaskArn))
	}
	if !c.DryRun {
		return
	}
	for _, t := range found.stop {
		a.Emit.Printf("task %s, started by %s, %s old", aws.ToString(t.TaskArn), aws.ToString(t.StartedBy),
			event.Duration(time.Since(aws.ToTime(t.CreatedAt))))
	}
}

func (e Env) errors(err error) {
	for _, note := range explain.Notes(err) {
		e.Emit.Error(note)
	}
}

// selection describes the tasks that a command stops.
type selection struct {
	matches     func(types.Task, ownership.Mark) bool
	older       time.Duration
	includeLeft bool // also tasks that were left running on purpose
	leg         bool // own has a known matrix leg; select only the tasks of that leg
	own         ownership.Owner
}

// chosen are the tasks of a selection.
type chosen struct {
	stop   []types.Task
	spared []types.Task // left running on purpose
	legs   []types.Task // of the job, but of an unknown matrix leg
}

// of selects tasks from found, the running tasks of a cluster.
func (s selection) of(found []types.Task, now time.Time) (all chosen) {
	for _, t := range found {
		mark := ownership.MarkOf(aws.ToString(t.StartedBy), task.Tag(t, ownership.Tag))
		switch {
		case t.CreatedAt == nil || now.Sub(*t.CreatedAt) < s.older || !s.matches(t, mark):
		case mark.Left && !s.includeLeft:
			all.spared = append(all.spared, t)
		case s.own != ownership.Owner{} && !mark.Owner.SameLeg(s.own):
			if !s.leg {
				all.legs = append(all.legs, t)
			}
		default:
			all.stop = append(all.stop, t)
		}
	}
	return all
}

// selectionOf returns the selection of a command. stop selects the tasks of a CI run or,
// without one, those of the current job and matrix leg. reap selects all old tasks of
// steps.
func selectionOf(run ci.Run, command string, c input.Leftover) (selection, error) {
	selected := selection{includeLeft: c.IncludeLeft}
	if command == "reap" {
		selected.older = c.OlderThan
	}
	own := ownership.Of(run, c.Matrix)
	switch {
	case c.StartedBy != "":
		selected.matches = func(t types.Task, _ ownership.Mark) bool { return aws.ToString(t.StartedBy) == c.StartedBy }
	case c.Run != "":
		selected.matches = func(_ types.Task, m ownership.Mark) bool {
			return m.Known && m.Owner.Run == ownership.RunID(c.Run) && (c.Run != run.ID || m.Owner.Repository == own.Repository)
		}
	case command == "reap":
		selected.matches = func(_ types.Task, m ownership.Mark) bool { return m.Step }
	case run.ID == "":
		return selected, explain.WithHint(errors.New("stop: not in a CI job; give the CI run whose tasks to stop"),
			"ecs-run-task stop --run 1234567890\n"+
				"The id is the number in the URL of the run, and in startedBy of its tasks: ecs-run-task/1234567890/…")
	default:
		selected.own, selected.leg = own, c.Matrix != ""
		selected.matches = func(_ types.Task, m ownership.Mark) bool { return m.Known && m.Owner.SameJob(own) }
	}
	return selected, nil
}
