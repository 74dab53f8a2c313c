package input

import (
	"errors"

	"ecs-run-task/internal/nearest"
)

// With returns the launch with another value of one of its inputs, which is
// written as for the command line; empty leaves it as it is. Of two inputs that
// exclude each other the former is as if it was not given. The error joins an [*Error] for each fault.
func (l Launch) With(name, text string) (Launch, error) {
	var names []string
	r := &reader{}
	fields, _ := fieldsOf(&l)
	for _, f := range fields {
		names = append(names, f.Name)
		if f.Name != name {
			continue
		}
		r.decode(f, text)
		switch {
		case name == "launch-type" && text != "":
			l.CapacityProviderStrategy = nil
		case name == "capacity-provider-strategy" && text != "":
			l.LaunchType = ""
		}
		return l, errors.Join(r.faults...)
	}
	r.fault("", "unknown input%s", nearest.DidYouMean(name, names))
	return l, errors.Join(r.faults...)
}
