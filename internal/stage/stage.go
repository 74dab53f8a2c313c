// Package stage is what every stage of a run works with. Its fields do not change while the
// run goes on.
package stage

import (
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Stage is what the stages have in common.
type Stage struct {
	ECS     cluster.Client
	Region  string
	Plan    plan.Plan
	Ledger  *ledger.Ledger
	Emit    event.Sink
	Explain explain.Explainer

	// Clock returns a time by this machine's clock for one by AWS's; nil means that they
	// agree.
	Clock func(time.Time) time.Time
}

// States returns the states of tasks of a job, which have its rule.
func (s Stage) States(job int, launched cluster.Launched) []*task.State {
	states := cluster.States(launched)
	for _, state := range states {
		state.Rule = s.Plan.Jobs[job].Rule
	}
	return states
}

// LogInspectCommands says how to see, and stop, tasks that may still run.
func LogInspectCommands(emit event.Sink, region, cluster string, arns []string) {
	for _, arn := range arns {
		emit.Printf("this task may still run: %s", arn)
		emit.Printf("  aws ecs describe-tasks --region %s --cluster %s --tasks %s", region, cluster, arn)
		emit.Printf("  aws ecs stop-task --region %s --cluster %s --task %s", region, cluster, arn)
	}
}
