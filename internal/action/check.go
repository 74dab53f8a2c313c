package action

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/source"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// ExitFaults is the exit status of check when a file has faults.
const ExitFaults = 1

// check is the command check: it looks for faults in files as the step would. It calls
// nothing, unless it is to show what the definitions change.
func check(ctx context.Context, env Env, console *report.Report, c input.Check) int {
	in := newInvocation(env, console, input.Config{Values: c.Values, Definitions: input.Definitions{
		FilePaths: c.Files, Family: c.Family, UnknownMembers: c.UnknownMembers,
	}, AWS: input.AWS{AWSAccess: c.AWSAccess}})
	found := &findings{}
	definitions, err := plan.Check(ctx, in.config, in.planEnv(), c.Explain, func(e event.Event) {
		if warning, ok := e.(event.Warning); ok {
			found.add(severity(warning), &warning.Error)
			return
		}
		console.Emit(e)
	})
	found.add("error", faultsOf(err)...)
	if fault := in.print(found.found, c.Format); fault != nil {
		console.Error(report.Note{Text: fault.Error()})
		return ExitError
	}
	if c.Diff && !in.diff(ctx, definitions) {
		return ExitError
	}
	if err != nil {
		return ExitFaults
	}
	return ExitGood
}

// diff shows what definitions change, and reports whether it could.
func (in invocation) diff(ctx context.Context, definitions []*taskdef.Definition) bool {
	clients, err := in.connect(ctx, nil)
	if err != nil {
		for _, note := range explain.Notes(err) {
			in.console.Error(note)
		}
		return false
	}
	defer clients.Close()
	_, complete := in.compare(ctx, clients, definitions)
	return complete
}

func severity(warning event.Warning) string {
	if warning.Notice {
		return "notice"
	}
	return "warning"
}

// print prints what was found.
func (in invocation) print(found []report.Finding, format string) error {
	var text strings.Builder
	var err error
	switch format {
	case "json":
		err = report.WriteJSON(&text, found)
	case "sarif":
		err = report.WriteSARIF(&text, found)
	case "github":
		in.annotate(found)
	default:
		for _, f := range found {
			in.console.Printf("%s", f)
			if f.Hint != "" {
				in.console.Printf("  %s", strings.ReplaceAll(f.Hint, "\n", "\n  "))
			}
		}
		if len(found) == 0 {
			in.console.Printf("no faults found")
		}
	}
	if err == nil {
		_, err = io.WriteString(in.env.Stdout, in.console.Hide(text.String()))
	}
	return err
}

// annotate prints what was found as GitHub's annotations.
func (in invocation) annotate(found []report.Finding) {
	github := report.New(in.env.Stdout, func(name string) string {
		if name == "GITHUB_ACTIONS" {
			return "true"
		}
		return in.env.getenv(name)
	}, false)
	for _, f := range found {
		note := report.Note{File: f.File, Line: f.Line, Column: f.Column, Title: f.Code, Text: f.Message, Hint: f.Hint, InWorkspace: f.File != source.Stdin}
		if f.Path != "" {
			note.Text = f.Path + ": " + note.Text
		}
		note.Text, note.Hint = in.console.Hide(note.Text), in.console.Hide(note.Hint)
		switch f.Severity {
		case "error":
			github.Error(note)
		case "warning":
			github.Warning(note)
		default:
			github.Notice(note)
		}
	}
}

// findings are the faults and warnings of a check.
type findings struct{ found []report.Finding }

func (f *findings) add(severity string, faults ...*document.Error) {
	for _, fault := range faults {
		f.found = append(f.found, report.Finding{
			File: fault.Place.Name, Line: fault.Place.Line, Column: fault.Place.Column,
			Path: fault.Path, Code: fault.Code, Severity: severity, Message: fault.Message, Hint: fault.Hint,
		})
	}
}

// faultsOf returns the faults that an error joins; an error without a place is
// one about the whole.
func faultsOf(err error) []*document.Error {
	if err == nil {
		return nil
	}
	if parts := explain.Joined(err); parts != nil {
		var all []*document.Error
		for _, one := range parts {
			all = append(all, faultsOf(one)...)
		}
		return all
	}
	var fault *document.Error
	if errors.As(err, &fault) {
		return []*document.Error{fault}
	}
	return []*document.Error{{Place: document.Place{Name: "check"}, Message: err.Error()}}
}
