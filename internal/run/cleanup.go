package run

import (
	"context"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// CleanUp says which revisions are deregistered after the verdict.
type CleanUp struct {
	When string // never, on-failure or always: those that the run registered
	Keep int    // the newest so many revisions of the run's families; 0 keeps all
}

// cleanUpTime is how long clean-up may take: AWS allows one deregistration a
// second for the whole account.
const cleanUpTime = 2 * time.Minute

// CleanUp deregisters revisions of a run that registered the given ones and, if so,
// failed. It takes none that a task or a service on the cluster uses.
func (r Runner) CleanUp(ctx context.Context, c CleanUp, failed bool, registered []string) error {
	ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
	defer cancel()
	revisions := map[string][]string{}
	if c.Keep > 0 {
		for _, arn := range registered {
			family := task.Family(arn)
			if _, known := revisions[family]; known {
				continue
			}
			var err error
			if revisions[family], err = r.ECS.Revisions(ctx, family); err != nil {
				return err
			}
		}
	}
	arns := Superfluous(c, failed, registered, revisions)
	if len(arns) == 0 {
		return nil
	}
	used, err := r.ECS.InUse(ctx)
	if err != nil {
		return err
	}
	var unused []string
	for _, arn := range arns {
		if used[arn] {
			r.Emit.Printf("not deregistered, as a task or a service uses it: %s", arn)
			continue
		}
		unused = append(unused, arn)
	}
	done, err := r.ECS.Deregister(ctx, unused)
	for _, arn := range done {
		r.Ledger.Deregistered(arn)
		r.Emit.Printf("deregistered %s", arn)
	}
	return err
}

// Superfluous returns the ARNs of the revisions that are to go, as far as the inputs
// say: those that the run registered, and with Keep those of its families, the newest
// first, beyond it.
func Superfluous(c CleanUp, failed bool, registered []string, revisions map[string][]string) []string {
	var arns []string
	added := map[string]bool{}
	add := func(all ...string) {
		for _, arn := range all {
			if !added[arn] {
				added[arn] = true
				arns = append(arns, arn)
			}
		}
	}
	if c.When == "always" || c.When == "on-failure" && failed {
		add(registered...)
	}
	if c.Keep == 0 {
		return arns
	}
	for _, arn := range registered {
		newest := revisions[task.Family(arn)]
		add(newest[min(len(newest), c.Keep):]...)
	}
	return arns
}
