package input

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

// networkNameChars matches placeholders that are also plausible in the tag Name of a
// subnet or security group.
var networkNameChars = lazyregexp.New(`^[A-Za-z0-9_@.-]+$`)

// placeholderFault reports a placeholder that was not replaced. The message contains
// only its form, because the value may be secret.
func (r *reader) placeholderFault(name string, p placeholder.Placeholder) {
	r.faults = append(r.faults, &Error{Input: name, Hint: name + ": ${{ vars.NAME }}",
		Message: fmt.Sprintf("a placeholder of the form %s was not replaced: a workflow replaces "+
			"${{ vars.NAME }}, and a shell $NAME outside of single quotes", p.Form)})
}

// checkPlaceholders reports values with a placeholder that does not match allowed.
func (r *reader) checkPlaceholders(name string, allowed *lazyregexp.Regexp, values ...string) {
	for _, value := range values {
		for _, p := range placeholder.All(value) {
			if !allowed.MatchString(p.Text) {
				r.placeholderFault(name, p)
				return
			}
		}
	}
}

// region reports a name that cannot be a region.
func (r *reader) region(name string) {
	if name == "" || awsfacts.CanBeRegion(name) {
		return
	}
	if p, ok := placeholder.Find(name); ok {
		r.placeholderFault("region", p)
		return
	}
	r.fault("region", "expected a region such as eu-central-1")
}

// Warnings returns warnings about inputs that are valid but probably wrong: an unknown
// region, and text that looks like a placeholder that was not replaced.
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
		warn("region", hint, "no AWS region of this name is known%s", nearest.Suggestion(near))
	}
	for _, in := range []struct {
		name   string
		values []string
	}{{"cluster", []string{c.Cluster}}, {"subnets", c.Subnets}, {"security-groups", c.SecurityGroups}} {
		for _, value := range in.values {
			if p, ok := placeholder.Find(value); ok {
				warn(in.name, in.name+": ${{ vars.NAME }}",
					"the value seems to have a placeholder of the form %s that was not replaced: a workflow replaces "+
						"${{ vars.NAME }}", p.Form)
				break
			}
		}
	}
	return warnings
}
