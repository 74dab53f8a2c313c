package leftover

import (
	"context"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
)

// post is a running post stage.
type post struct {
	Env
	saved   saved
	policy  plan.EndPolicy
	account *account // of the step; nil until connectOnce
}

// saved is the state that the step saved for its post stage. A line in a task's log may
// have forged it.
type saved struct {
	Done   bool            // the step succeeded
	Intent string          // mark of the tasks that it was about to start; may be empty
	Tasks  []string        // ARNs of the tasks that it knew
	Logs   []logs.Position // how far it read the logs

	// Revisions are the family:revision of registered revisions that the clean-up may still
	// have to deregister.
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

// connectOnce creates the AWS clients if there are none yet.
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
