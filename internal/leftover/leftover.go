// Package leftover stops tasks that steps left running: the tasks of its own step in the
// post stage of an action, and tasks of other steps with the commands stop and reap.
//
// It stops only tasks that were started by a step according to ECS. It uses the state that a
// step saved only as a hint.
package leftover

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
)

// Env is the environment of the post stage and the commands.
type Env struct {
	Config  input.Config
	CI      ci.Run
	Getenv  func(string) string // includes the state that a step saved for its post stage
	Connect func(context.Context) (*session.Clients, error)
	Emit    event.Sink
}

// account stops tasks in one account and region.
type account struct {
	Env
	clients *session.Clients
	ecs     cluster.Client
}

// connect creates the AWS clients.
func (e Env) connect(ctx context.Context) (account, error) {
	clients, err := e.Connect(ctx)
	if err != nil {
		return account{}, err
	}
	return account{e, clients, cluster.Client{API: clients.ECS, Cluster: e.Config.Cluster}}, nil
}

// stop prints and stops tasks. It reports whether ECS accepted the request for all tasks.
func (a account) stop(ctx context.Context, left []types.Task, reason string) bool {
	for _, t := range left {
		a.Emit.Printf("stopping task %s", aws.ToString(t.TaskArn))
	}
	if err := a.ecs.Stop(ctx, cluster.ARNs(left), reason); err != nil {
		return a.fail(ctx, err)
	}
	return true
}

// fail reports why tasks could not be found or stopped. It always returns false.
func (a account) fail(ctx context.Context, err error) bool {
	for _, note := range a.explain(ctx, err) {
		note.Title = "a task may still run"
		a.Emit.Error(note)
	}
	return false
}

// explain returns the notes about an error of a call.
func (a account) explain(ctx context.Context, err error) []event.Note {
	e := explain.Explainer{Cluster: a.Config.Cluster, Subnets: a.Config.Subnets, Region: a.clients.Config.Region,
		Account: a.clients}
	return e.Error(ctx, err, nil)
}
