package registry

import (
	"context"

	"github.com/ecs-run-task/ecs-run-task/internal/stage"
)

// Registry registers the definitions of one plan.
type Registry struct {
	stage.Stage
	Reuse    bool // use the newest revision if it is the same definition
	CleansUp bool // the step may deregister revisions after the run

	// Principal returns the ARN that ECS shows as registeredBy of revisions of this step. It
	// returns an empty string if the ARN is not known. A nil Principal means the same.
	Principal func(context.Context) string
}
