package registry

import (
	"context"
	"slices"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// CleanUp says which revisions the step deregisters after the verdict.
type CleanUp struct {
	When string // for revisions that the run registered: never, on-failure or always; empty is never
	Keep int    // how many of the newest revisions of each family stay; 0 means all
}

// Any reports whether the step may deregister any revision.
func (c CleanUp) Any() bool { return c.When != "" && c.When != "never" || c.Keep > 0 }

// All reports whether the step deregisters all revisions that the run registered. failed says
// whether the run failed.
func (c CleanUp) All(failed bool) bool { return c.When == "always" || c.When == "on-failure" && failed }

// cleanUpTime is how long clean-up may take. AWS allows one deregistration a second for the whole
// account.
const cleanUpTime = 2 * time.Minute

// CleanUp deregisters revisions as c says. registered are the ARNs that the run registered; failed
// says whether the run failed. succeeded are the ARNs of the revisions of which every task of the
// run succeeded. CleanUp does not deregister revisions that a task or a service on the cluster
// uses, nor the newest revision whose task succeeded. It returns after 2 minutes at the latest.
func (r Registry) CleanUp(ctx context.Context, c CleanUp, failed bool, registered, succeeded []string) error {
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
	choice := Superfluous(c, failed, registered, succeeded, revisions)
	for _, arn := range choice.Good {
		r.Emit.Printf("not deregistered, as it is the newest of its family whose task succeeded: %s", arn)
	}
	for _, family := range choice.Unknown {
		r.Emit.Printf("older revisions of %s are not deregistered, as no task of this run succeeded: one of them may be "+
			"the last good one", family)
	}
	if len(choice.Deregister) == 0 {
		return nil
	}
	used, err := r.ECS.InUse(ctx)
	if err != nil {
		return err
	}
	var unused []string
	for _, arn := range choice.Deregister {
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

// Choice says what clean-up does with the revisions of a run's families.
type Choice struct {
	Deregister []string // ARNs
	Good       []string // ARNs that stay only because they are the newest whose task succeeded
	Unknown    []string // families whose older revisions stay: their last good one is not known
}

// Superfluous chooses the revisions that clean-up deregisters. c.When decides about the revisions
// that the run registered. If c.Keep is not 0, Superfluous also chooses the older revisions of
// their families beyond the newest c.Keep. revisions has the ARNs by family, the newest first. The
// newest revision whose task succeeded always stays. If no task of a family succeeded in this run,
// its last good revision is not known, so its older revisions stay.
func Superfluous(c CleanUp, failed bool, registered, succeeded []string, revisions map[string][]string) Choice {
	good := map[string]string{} // by family: the newest revision whose task succeeded
	for _, arn := range succeeded {
		family := task.Family(arn)
		if good[family] == "" || task.Revision(arn) > task.Revision(good[family]) {
			good[family] = arn
		}
	}
	var choice Choice
	going := map[string]bool{}
	add := func(arn string) {
		if !going[arn] {
			going[arn] = true
			choice.Deregister = append(choice.Deregister, arn)
		}
	}
	if c.All(failed) {
		for _, arn := range registered {
			if arn != good[task.Family(arn)] {
				add(arn)
			} else if !slices.Contains(choice.Good, arn) {
				choice.Good = append(choice.Good, arn)
			}
		}
	}
	if c.Keep == 0 {
		return choice
	}
	var seen []string // families
	for _, arn := range registered {
		family := task.Family(arn)
		if slices.Contains(seen, family) {
			continue
		}
		seen = append(seen, family)
		remaining := slices.DeleteFunc(slices.Clone(revisions[family]), func(arn string) bool { return going[arn] })
		beyond := remaining[min(len(remaining), c.Keep):]
		if good[family] == "" {
			if len(beyond) > 0 {
				choice.Unknown = append(choice.Unknown, family)
			}
			continue
		}
		for _, arn := range beyond {
			if task.Revision(arn) < task.Revision(good[family]) { // another run registered the newer ones
				add(arn)
			}
		}
	}
	return choice
}
