package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// checkVerdict reports containers in the input verdict that no definition has. If there are
// no such containers, it reports definitions that have no container of the input.
func checkVerdict(names []string, sources ...Source) error {
	if len(sources) == 0 || len(names) == 0 {
		return nil
	}
	var known []string
	var unknown, idle []error
	for _, s := range sources {
		definition := definitionInfo(s)
		known = append(known, definition.Containers...)
		if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(definition.Containers, name) }) {
			idle = append(idle, &input.Error{Input: "verdict",
				Message: fmt.Sprintf("no container of %s is named, so that none would decide; its containers are %s",
					definition.Name, strings.Join(definition.Containers, ", "))})
		}
	}
	for i, name := range names {
		if !slices.Contains(known, name) {
			near := nearest.DidYouMean(name, append(slices.Clone(known), input.VerdictEssential, input.VerdictAll))
			unknown = append(unknown, &input.Error{Input: "verdict",
				Message: fmt.Sprintf("item %d: no definition has a container %q%s", i+1, name, near)})
		}
	}
	if len(unknown) > 0 { // a wrong name may be the reason why a definition is idle
		return errors.Join(unknown...)
	}
	return errors.Join(idle...)
}
