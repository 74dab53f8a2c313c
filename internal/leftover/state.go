package leftover

import (
	"context"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
)

// post is a post stage on its way.
type post struct {
	Env
	saved   saved
	policy  plan.EndPolicy
	account *account // where the step ran; nil until AWS is called
}

// saved is what the step saved for its post stage. A line of a task's log might have forged it.
type saved struct {
	Done   bool            // the step ended well
	Intent string          // the mark of the tasks that it was about to start; may be empty
	Tasks  []string        // the ARNs of those that it knew of
	Logs   []logs.Position // up to where it read

	// Revisions are what it registered, as family:revision, if its clean-up may
	// deregister them and has not come to its end.
	Revisions []string
}

func savedBy(getenv func(string) string) saved {
	s := saved{
		Done: getenv("STATE_done") == "true", Intent: getenv("STATE_intent"),
		Logs: logs.Saved(getenv("STATE_logs")),
	}
	if tasks := getenv("STATE_tasks"); tasks != "" {
		s.Tasks = strings.Split(tasks, ",")
	}
	if revisions := getenv("STATE_revisions"); revisions != "" {
		s.Revisions = strings.Split(revisions, ",")
	}
	return s
}

// connectOnce makes the clients if there are none.
func (p *post) connectOnce(ctx context.Context) error {
	if p.account != nil {
		return nil
	}
	a, err := p.Env.connect(ctx)
	if err == nil {
		p.account = &a
	}
	return err
}
