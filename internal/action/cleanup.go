package action

import (
	"context"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
)

// cleanUpTime is how long clean-up may take: AWS allows one deregistration a
// second for the whole account.
const cleanUpTime = 2 * time.Minute

// cleanUp deregisters revisions after the verdict, if that is asked for: those
// that the step registered, and those of its families beyond the newest
// keep-revisions. It takes none that a task or a service on the cluster uses. What
// it can't do is told and does not fail the step.
func (s *step) cleanUp(ctx context.Context, result *report.Result) {
	if s.clients == nil || s.config.CleanUp == "never" && s.config.KeepRevisions == 0 {
		return
	}
	if interruption(ctx) != nil {
		s.console.Printf("not cleaned up, as there is no time left")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
	defer cancel()
	arns, err := s.superfluous(ctx, result)
	if len(arns) > 0 && err == nil {
		arns, err = s.unused(ctx, arns)
	}
	if err == nil {
		arns, err = s.runner.Deregister(ctx, arns)
		for _, arn := range arns {
			s.console.Printf("deregistered %s", arn)
		}
	}
	if err != nil {
		for _, note := range s.notes(ctx, err, nil) {
			note.Title = "not cleaned up"
			s.console.Warning(note)
		}
	}
}

// superfluous returns the revisions that are to go, as far as the inputs say.
func (s *step) superfluous(ctx context.Context, result *report.Result) ([]string, error) {
	gone := map[string]bool{}
	var arns []string
	add := func(arn string) {
		if !gone[arn] {
			gone[arn] = true
			arns = append(arns, arn)
		}
	}
	if s.config.CleanUp == "always" || s.config.CleanUp == "on-failure" && result.ExitCode != ExitGood {
		for _, arn := range result.Registered {
			add(arn)
		}
	}
	if s.config.KeepRevisions == 0 {
		return arns, nil
	}
	families := map[string]bool{}
	for _, arn := range result.Registered {
		family := familyOfName(arn)
		if families[family] {
			continue
		}
		families[family] = true
		revisions, err := s.runner.Revisions(ctx, family)
		if err != nil {
			return arns, err
		}
		for _, old := range revisions[min(len(revisions), s.config.KeepRevisions):] {
			add(old)
		}
	}
	return arns, nil
}

// unused returns those of the revisions that nothing on the cluster uses, and
// names the others.
func (s *step) unused(ctx context.Context, arns []string) ([]string, error) {
	used, err := s.runner.InUse(ctx)
	if err != nil {
		return nil, err
	}
	var unused []string
	for _, arn := range arns {
		if used[arn] {
			s.console.Printf("not deregistered, as a task or a service uses it: %s", arn)
			continue
		}
		unused = append(unused, arn)
	}
	return unused, nil
}
