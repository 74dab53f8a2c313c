package input

import (
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// With returns the launch with another value of one of its inputs, which is
// written as for the command line; empty leaves it as it is. Of two inputs that
// exclude each other the former is as if it was not given. The error is an
// [*Error], and the launch then what it was.
func (l Launch) With(name, text string) (Launch, error) {
	made := l
	var names []string
	for _, f := range fieldsOf(&made) {
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
			made.CapacityProviderStrategy = nil
		case name == "capacity-provider-strategy" && text != "":
			made.LaunchType = ""
		}
		return made, nil
	}
	return l, &Error{Message: "unknown input" + nearest.DidYouMean(name, names)}
}
