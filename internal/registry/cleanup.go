package registry

import (
	"context"
	"slices"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// CleanUp says which revisions are deregistered after the verdict.
type CleanUp struct {
	When string // never, on-failure or always: those that the run registered
	Keep int    // the newest so many revisions of the run's families; 0 keeps all
}

// Any reports whether anything may be deregistered.
func (c CleanUp) Any() bool { return c.When != "" && c.When != "never" || c.Keep > 0 }

// All reports whether the revisions are to go that the run registered and, if so, failed.
func (c CleanUp) All(failed bool) bool { return c.When == "always" || c.When == "on-failure" && failed }

// cleanUpTime is how long clean-up may take: AWS allows one deregistration a
// second for the whole account.
const cleanUpTime = 2 * time.Minute

// CleanUp deregisters revisions of a run that registered the given ones and, if so,
// failed. Succeeded are the revisions of which every task of the run succeeded. It
// takes none that a task or a service on the cluster uses, nor the newest revision
// whose task succeeded.
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

// Choice is what clean-up does with the revisions of a run's families.
type Choice struct {
	Deregister []string // ARNs
	Good       []string // ARNs of those that would go, but are the newest whose task succeeded
	Unknown    []string // families with older revisions of which it is not known whether their tasks succeeded
}

// Superfluous chooses the revisions that are to go, as far as the inputs say: those
// that the run registered, and with Keep those of its families, given the newest
// first, beyond it. The newest revision whose task succeeded never goes. Which of the
// older ones that is, where no task of the run succeeded, is not known: then they stay.
func Superfluous(c CleanUp, failed bool, registered, succeeded []string, revisions map[string][]string) Choice {
	good := map[string]string{} // by family: the newest that succeeded
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
			if task.Revision(arn) < task.Revision(good[family]) { // a newer one is another run's
				add(arn)
			}
		}
	}
	return choice
}
