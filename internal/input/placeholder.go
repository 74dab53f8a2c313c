package input

import (
	"fmt"
	"regexp"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

// networkCharacters are those of placeholders that can be meant in the tag Name of a
// subnet or a security group.
var networkCharacters = regexp.MustCompile(`^[A-Za-z0-9_@.-]+$`)

// unrendered reports a placeholder that was not replaced. It shows the form of it
// alone, since the value may be secret.
func (r *reader) unrendered(name string, p placeholder.Placeholder) {
	r.faults = append(r.faults, &Error{Input: name, Hint: name + ": ${{ vars.NAME }}",
		Message: fmt.Sprintf("a placeholder of the form %s was not replaced: a workflow replaces "+
			"${{ vars.NAME }}, and a shell $NAME outside of single quotes", p.Form)})
}

// rendered reports values with a placeholder whose characters are not allowed.
func (r *reader) rendered(name string, allowed *regexp.Regexp, values ...string) {
	for _, value := range values {
		for _, p := range placeholder.All(value) {
			if !allowed.MatchString(p.Text) {
				r.unrendered(name, p)
				return
			}
		}
	}
}

// region reports what can't be the name of a region.
func (r *reader) region(name string) {
	if name == "" || awsfacts.CanBeRegion(name) {
		return
	}
	if p, ok := placeholder.Find(name); ok {
		r.unrendered("region", p)
		return
	}
	r.fault("region", "expected a region such as eu-central-1")
}

// Warnings returns what is worth saying of inputs that can be meant: a region that is
// not known, and what looks like a placeholder that was not replaced. The errors are no
// faults.
func (c Config) Warnings() []*Error {
	var warnings []*Error
	warn := func(name, hint, format string, args ...any) {
		warnings = append(warnings, &Error{Input: name, Hint: hint, Message: fmt.Sprintf(format, args...)})
	}
	if c.Region != "" && awsfacts.CanBeRegion(c.Region) && !awsfacts.IsRegion(c.Region) {
		near := nearest.Name(c.Region, awsfacts.Regions())
		hint := ""
		if near != "" {
			hint = "region: " + near
		}
		warn("region", hint, "no region of this name is known%s", nearest.Meant(near))
	}
	for _, in := range []struct {
		name   string
		values []string
	}{{"cluster", []string{c.Cluster}}, {"subnets", c.Subnets}, {"security-groups", c.SecurityGroups}} {
		for _, value := range in.values {
			if p, ok := placeholder.Find(value); ok {
				warn(in.name, in.name+": ${{ vars.NAME }}",
					"what looks like a placeholder of the form %s was not replaced: a workflow replaces "+
						"${{ vars.NAME }}", p.Form)
				break
			}
		}
	}
	return warnings
}
