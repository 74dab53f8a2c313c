// Package check implements the command check: it checks files with the rules of a step, and
// prints the findings. It calls no service.
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

// Files checks the files in the inputs. It returns the findings, the definitions without
// errors of their own, and whether there are no errors at all.
func Files(ctx context.Context, c input.Config, env plan.Env, explained bool, emit event.Sink) (found []Finding,
	definitions []*taskdef.Definition, ok bool) {
	definitions, err := plan.Check(ctx, c, env, explained, func(e event.Event) {
		if warning, isWarning := e.(event.Warning); isWarning {
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

// faultsOf returns the faults in an error, which may join several. An error without a place
// becomes a fault of the whole check.
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
