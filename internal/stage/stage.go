// Package stage contains the values that all stages of a run share.
package stage

import (
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/awscli"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Stage has the values that all stages of a run share. Its fields do not change during a run.
type Stage struct {
	ECS     cluster.Client
	Plan    plan.Plan
	Ledger  *ledger.Ledger
	Emit    event.Sink
	Explain explain.Explainer

	// Clock converts a time of the AWS clock to the clock of this machine. nil means that the
	// clocks agree.
	Clock func(time.Time) time.Time
}

// States returns the states of the launched tasks of a job, with the verdict rule of the job.
// job is an index into Plan.Jobs.
func (s Stage) States(job int, launched cluster.Launched) []*task.State {
	states := cluster.States(launched)
	for _, state := range states {
		state.Rule = s.Plan.Jobs[job].Rule
	}
	return states
}

// LogInspectCommands prints the commands that describe and stop tasks that may still run.
func LogInspectCommands(emit event.Sink, region, cluster string, arns []string) {
	for _, arn := range arns {
		emit.Printf("this task may still run: %s", arn)
		emit.Printf("  %s", awscli.DescribeTask(region, cluster, arn))
		emit.Printf("  %s", awscli.StopTask(region, cluster, arn))
	}
}
