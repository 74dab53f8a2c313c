package registry

import (
	"context"

	"github.com/ecs-run-task/ecs-run-task/internal/stage"
)

// Registry registers the definitions of one plan.
type Registry struct {
	stage.Stage
	Reuse    bool // take the newest revision if it is the same
	CleansUp bool // revisions may be deregistered after the run

	// Principal returns the ARN that ECS shows of what this step registers, empty if it can't
	// be found out; nil is the same.
	Principal func(context.Context) string
}
