package leftover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Post runs the post stage of an action. It stops the tasks and deregisters the revisions that
// the step could not stop and deregister itself. It also prints log lines that arrived after the
// step. Runners run the post stage even if they killed the step. Post returns false if ECS did
// not list or stop the tasks, so that a task may still run. If Post cannot connect to AWS, it
// prints a notice and returns true.
func Post(ctx context.Context, e Env) bool {
	p := &post{Env: e, saved: savedBy(e.Getenv), policy: plan.EndPolicyOf(e.Config)}
	stopped := p.stopTasks(ctx)
	p.cleanUp(ctx)
	p.showLogs(ctx)
	return stopped
}

// stopTasks stops the tasks that the step left running. It returns false if it failed.
func (p *post) stopTasks(ctx context.Context) bool {
	switch {
	case p.Config.Local != "" || p.Config.DryRun || !p.policy.Waits() || !p.policy.StopOnInterrupt:
		return true // the tasks may continue
	case p.policy.Servers() && p.saved.Done:
		return true // servers continue to run
	}
	if err := p.connectOnce(ctx); err != nil {
		p.Emit.Notice(event.Note{Text: fmt.Sprintf("did not look for tasks that the step may have left: %v", err)})
		return true
	}
	left, err := p.ofStep(ctx)
	switch {
	case err != nil && p.saved.Done:
		return true // a successful step leaves no tasks, so that this error is ignored
	case err != nil:
		return p.account.fail(ctx, err)
	}
	if p.policy.Servers() && p.saved.Intent == "" && len(left) > 0 && !slices.ContainsFunc(left, p.notReady) {
		// Without saved state it is unknown whether the step succeeded.
		p.Emit.Printf("%s left running: each is %s, and this runner does not report how the step ended",
			event.Plural(len(left), "task"), p.policy.Goal)
		stage.LogInspectCommands(p.Emit, p.account.clients.Config.Region, p.Config.Cluster, cluster.ARNs(left))
		return true
	}
	return p.account.stop(ctx, left, strings.TrimSpace("left by its step; stopped by ecs-run-task "+p.CI.URL))
}

// notReady reports whether a server task is not yet running or healthy, as the step requires.
func (p *post) notReady(t types.Task) bool {
	return aws.ToString(t.LastStatus) != "RUNNING" || p.policy.Goal == task.UntilHealthy &&
		t.HealthStatus != types.HealthStatusHealthy
}

// ofStep returns the running tasks that this step started. If the step was about to start
// tasks and saved no ARNs, it may have been killed during the start; ofStep then queries
// ECS twice.
func (p *post) ofStep(ctx context.Context) ([]types.Task, error) {
	if p.CI.ID == "" {
		return nil, nil // steps outside of a CI cannot be distinguished
	}
	mark := ownership.Text(p.CI, p.Config.Matrix, p.policy.LeavesTasks())
	if intended, ok := ownership.Parse(p.saved.Intent); ok && intended.SameJob(ownership.Of(p.CI, p.Config.Matrix)) {
		mark = p.saved.Intent // act passes no defaults, and therefore no matrix, to the post stage
	}
	name := cmp.Or(p.Config.StartedBy, mark)
	left, err := p.account.ecs.StartedBy(ctx, name)
	if err == nil && len(left) == 0 && p.saved.Intent != "" && len(p.saved.Tasks) == 0 && sleep.For(ctx, cluster.ListLag) {
		left, err = p.account.ecs.StartedBy(ctx, name)
	}
	if err != nil || p.Config.StartedBy == "" {
		return left, err
	}
	// Other tasks may have the same user-defined startedBy. Those of the step have its tag;
	// a task without a tag is one of the step if the step saved its ARN.
	return slices.DeleteFunc(left, func(t types.Task) bool {
		tag := task.Tag(t, ownership.Tag)
		return tag != mark && (tag != "" || !slices.Contains(p.saved.Tasks, aws.ToString(t.TaskArn)))
	}), nil
}

// showLogs prints the log lines that arrived after the step ended.
func (p *post) showLogs(ctx context.Context) {
	if len(p.saved.Logs) == 0 || !p.Config.Logs || p.Config.Local != "" {
		return
	}
	if err := p.connectOnce(ctx); err != nil {
		p.Emit.Notice(event.Note{Text: "did not look for later log lines: " + err.Error()})
		return
	}
	logs.ShowLater(ctx, p.account.clients, p.saved.Logs, p.Emit)
}
