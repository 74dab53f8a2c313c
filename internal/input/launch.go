package input

import (
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// With returns a copy of the launch with another value of one input. text has the format
// of the command line; an empty text changes nothing. Setting launch-type removes
// capacity-provider-strategy, and the reverse. If there is an error, it is an [*Error],
// and the launch is unchanged.
func (l Launch) With(name, text string) (Launch, error) {
	changed := l
	var names []string
	for _, f := range fieldsOf(&changed) {
		names = append(names, f.Name)
		if f.Name != name {
			continue
		}
		r := &reader{}
		r.decode(f, text)
		if len(r.faults) > 0 {
			return l, r.faults[0]
		}
		switch {
		case name == "launch-type" && text != "":
			changed.CapacityProviderStrategy = nil
		case name == "capacity-provider-strategy" && text != "":
			changed.LaunchType = ""
		}
		return changed, nil
	}
	return l, &Error{Message: "unknown input" + nearest.DidYouMean(name, names)}
}
