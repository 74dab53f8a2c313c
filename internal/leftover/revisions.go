package leftover

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awscli"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/registry"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// stoppedListed is a duration for which ECS certainly still lists a stopped task.
const stoppedListed = 50 * time.Minute

// cleanUp deregisters the revisions that the step registered and did not deregister itself. It
// follows the same rules as the clean-up in the step. A step that did not succeed or was killed
// counts as failed. cleanUp prints errors, which do not fail the job.
func (p *post) cleanUp(ctx context.Context) {
	choice := registry.CleanUp{When: p.Config.CleanUp}
	failed := !p.saved.Done
	if len(p.saved.Revisions) == 0 || !choice.All(failed) || p.Config.Local != "" || p.Config.DryRun {
		return
	}
	if err := p.connectOnce(ctx); err != nil {
		p.Emit.Notice(event.Note{Text: fmt.Sprintf("did not clean up what the step registered: %v", err)})
		return
	}
	own, err := p.ownRevisions(ctx)
	if err == nil && len(own.arns) > 0 {
		r := registry.Registry{Stage: stage.Stage{ECS: p.account.ecs, Ledger: &ledger.Ledger{}, Emit: p.Emit}}
		err = r.CleanUp(ctx, choice, failed, own.arns, own.succeeded)
	}
	if err == nil {
		return
	}
	for _, note := range p.account.explain(ctx, err) {
		note.Title = "not cleaned up"
		p.Emit.Warning(note)
	}
}

// revisions are the revisions of a step.
type revisions struct {
	arns      []string
	succeeded []string // the revisions of which a task may have succeeded
}

// ownRevisions returns the saved revisions that are active and were registered by the principal
// of the step. It leaves out revisions whose tasks ECS may no longer list. It prints the active
// revisions that it leaves out, with the commands that deregister them.
func (p *post) ownRevisions(ctx context.Context) (own revisions, err error) {
	principal := p.account.clients.Principal(ctx)
	tasks := map[string][]types.Task{} // by family
	var shown []string                 // their ARNs
	for _, name := range p.saved.Revisions {
		family := task.Family(name)
		if _, known := tasks[family]; !known {
			if tasks[family], err = p.account.ecs.Listed(ctx, family); err != nil {
				return own, err
			}
			shown = append(shown, cluster.ARNs(tasks[family])...)
		}
	}
	for _, name := range p.saved.Revisions {
		revision, _, err := p.account.ecs.DescribeIfAny(ctx, name)
		if err != nil {
			return own, err
		}
		if revision == nil || revision.Status != types.TaskDefinitionStatusActive {
			continue
		}
		arn, all := aws.ToString(revision.TaskDefinitionArn), tasks[task.Family(name)]
		switch by := aws.ToString(revision.RegisteredBy); {
		case by == "" || by != principal:
			p.leave(arn, describePrincipal(by)+" registered it, and the step is "+describePrincipal(principal))
			continue
		case !p.tasksKnown(revision, shown):
			p.leave(arn, "ECS no longer shows whether its task succeeded")
			continue
		}
		own.arns = append(own.arns, arn)
		if slices.ContainsFunc(all, func(t types.Task) bool {
			return aws.ToString(t.TaskDefinitionArn) == arn && mayHaveSucceeded(revision, t, p.rule())
		}) {
			own.succeeded = append(own.succeeded, arn)
		}
	}
	return own, nil
}

func (p *post) rule() verdict.Rule {
	return verdict.Rule{All: p.Config.VerdictAll(), Names: p.Config.VerdictNames()}
}

// leave prints a revision that is not deregistered, the reason, and the command that deregisters
// the revision.
func (p *post) leave(arn, why string) {
	p.Emit.Printf("not deregistered, as %s: %s", why, arn)
	p.Emit.Printf("  %s", awscli.Deregister(p.account.clients.Config.Region, arn))
}

func describePrincipal(arn string) string {
	if arn == "" {
		return "an unknown principal"
	}
	return arn
}

// tasksKnown reports whether shown includes all tasks of a revision that the step may have
// started. This is true if the step started no task, if ECS certainly still lists its tasks, or
// if shown contains all tasks that the step saved. shown has the ARNs of the listed tasks.
func (p *post) tasksKnown(revision *types.TaskDefinition, shown []string) bool {
	started := p.saved.Intent != "" || len(p.saved.Tasks) > 0
	if !started || time.Since(aws.ToTime(revision.RegisteredAt)) < stoppedListed {
		return true
	}
	isForgotten := func(arn string) bool { return !slices.Contains(shown, arn) }
	return len(p.saved.Tasks) > 0 && !slices.ContainsFunc(p.saved.Tasks, isForgotten)
}

// mayHaveSucceeded reports whether a task of a revision may have succeeded by the rule: a
// deciding container ended with code 0, and none with a code other than 0, 137 and 143.
func mayHaveSucceeded(revision *types.TaskDefinition, t types.Task, rule verdict.Rule) bool {
	succeeded := false
	for _, c := range t.Containers {
		decides := slices.ContainsFunc(revision.ContainerDefinitions, func(defined types.ContainerDefinition) bool {
			return aws.ToString(defined.Name) == aws.ToString(c.Name) && rule.Decides(defined)
		})
		if !decides || c.ExitCode == nil {
			continue
		}
		switch *c.ExitCode {
		case 0:
			succeeded = true
		case 137, 143: // killed, possibly after the other containers ended
		default:
			return false
		}
	}
	return succeeded
}
