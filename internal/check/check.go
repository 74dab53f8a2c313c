// Package check is the command check: it looks for faults in files as a step would, and
// prints what it found.
package check

import (
	"context"
	"errors"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/joined"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Files looks for faults in the files that the inputs name. It calls nothing. It returns
// what it found, the definitions that have no faults of their own, and whether there are
// no faults at all.
func Files(ctx context.Context, c input.Config, env plan.Env, explained bool, emit event.Sink) (found []Finding, definitions []*taskdef.Definition, good bool) {
	definitions, err := plan.Check(ctx, c, env, explained, func(e event.Event) {
		if warning, ok := e.(event.Warning); ok {
			found = append(found, finding(severity(warning), &warning.Error))
			return
		}
		emit(e)
	})
	for _, fault := range faultsOf(err) {
		found = append(found, finding("error", fault))
	}
	return found, definitions, err == nil
}

func severity(warning event.Warning) string {
	if warning.Notice {
		return "notice"
	}
	return "warning"
}

func finding(severity string, fault *document.Error) Finding {
	return Finding{
		File: fault.Place.Name, Line: fault.Place.Line, Column: fault.Place.Column,
		Path: fault.Path, Code: fault.Code, Severity: severity, Message: fault.Message, Hint: fault.Hint,
	}
}

// faultsOf returns the faults that an error joins. An error without a place is one of the
// whole.
func faultsOf(err error) []*document.Error {
	var all []*document.Error
	for _, one := range joined.Errors(err) {
		var fault *document.Error
		if !errors.As(one, &fault) {
			fault = &document.Error{Place: document.Place{Name: "check"}, Message: one.Error()}
		}
		all = append(all, fault)
	}
	return all
}
