package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// checkVerdict reports containers that the input verdict names and no definition
// has, and definitions that have none of them.
func (s *step) checkVerdict(jobs []*job) error {
	names := s.config.VerdictNames()
	if len(jobs) == 0 || len(names) == 0 {
		return nil
	}
	var known []string
	var unknown, idle []error
	for _, j := range jobs {
		definition := j.known()
		known = append(known, definition.Containers...)
		if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(definition.Containers, name) }) {
			idle = append(idle, &input.Error{Input: "verdict", Message: fmt.Sprintf("no container of %s is named, so that none would decide; its containers are %s",
				definition.Name, strings.Join(definition.Containers, ", "))})
		}
	}
	for i, name := range names {
		if !slices.Contains(known, name) {
			near := nearest.DidYouMean(name, append(slices.Clone(known), input.VerdictEssential, input.VerdictAll))
			unknown = append(unknown, &input.Error{Input: "verdict", Message: fmt.Sprintf("item %d: no definition has a container %q%s", i+1, name, near)})
		}
	}
	if len(unknown) > 0 { // which may be why none is named
		return errors.Join(unknown...)
	}
	return errors.Join(idle...)
}

// setRules says of the tasks of jobs which containers decide.
func (s *step) setRules(jobs []*job) {
	for _, j := range jobs {
		rule := task.Rule{All: s.config.VerdictAll(), Names: s.config.VerdictNames(), Job: j.settings.Container}
		for _, state := range j.states {
			state.Rule = rule
		}
	}
}

// stopRunningOn stops a task whose deciding containers have ended while others run.
func (s *step) stopRunningOn(ctx context.Context, state *task.State) {
	s.console.Printf("stopping task %s of %s: %s ended, and no other container decides", short(state), task.Name(state.Definition), strings.Join(state.Rule.Names, ", "))
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.endOf(ctx).Add(-logTime))
	defer cancel()
	s.stop(ctx, []*task.State{state}, "the containers that decide have ended")
	if s.made.hasStopped(state) {
		s.made.ended(aws.ToString(state.TaskArn))
	}
}
