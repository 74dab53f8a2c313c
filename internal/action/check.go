package action

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/expand"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/source"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// ExitFaults is the exit status of check when a file has faults.
const ExitFaults = 1

// check is the command check: it looks for faults in files as the step would, and
// calls nothing.
func check(ctx context.Context, env Env, console *report.Report, c input.Check) int {
	s := newStep(env, console, input.Config{Values: c.Values, Definitions: input.Definitions{
		FilePaths: c.Files, Family: c.Family, UnknownMembers: c.UnknownMembers,
	}})
	s.mask()
	s.keep = &findings{}
	err := s.checkFiles(ctx, c.Explain)
	s.keep.add("error", faultsOf(err)...)
	if fault := s.print(c.Format); fault != nil {
		console.Error(report.Note{Text: fault.Error()})
		return ExitError
	}
	if err != nil {
		return ExitFaults
	}
	return ExitGood
}

// checkFiles takes the files through the stages that come before AWS.
func (s *step) checkFiles(ctx context.Context, explain bool) error {
	workspace, err := s.env.Getwd()
	if err != nil {
		return err
	}
	expander, err := s.expander(workspace)
	if err != nil {
		return err
	}
	loaded, fault := source.Load(ctx, s.sourceConfig(workspace))
	if explain {
		s.explain(expander, loaded.Texts)
	}
	definitions, err := s.read(expander, loaded.Texts)
	faults := []error{fault, err}
	for _, definition := range definitions {
		faults = append(faults, s.checkRun(workspace, definition))
	}
	return errors.Join(faults...)
}

// explain prints the expressions in texts, as far as the texts can be read.
func (s *step) explain(expander expand.Expander, texts []source.Text) {
	for _, text := range texts {
		trees, _, _ := document.Parse(text.Name, text.Bytes)
		for _, tree := range trees {
			explanations, _ := expander.Explain(tree)
			for _, e := range explanations {
				at := e.Place.String()
				if e.Path != "" {
					at += ": " + e.Path
				}
				s.console.Printf("%s: %s is %s", at, e.Expression, e.Value)
			}
		}
	}
}

// checkRun checks what a definition says of how it is run. What the inputs of a
// step could add to it is no fault: a container to choose, and a network.
func (s *step) checkRun(workspace string, definition *taskdef.Definition) error {
	var base runtask.Settings
	base.Count = 1
	base.Service = "any"
	base.Container = definition.Containers[0].Name
	return s.planOne(workspace, base, &job{source: definition})
}

// print prints what was found.
func (s *step) print(format string) error {
	var text strings.Builder
	var err error
	switch format {
	case "json":
		err = report.WriteJSON(&text, s.keep.found)
	case "sarif":
		err = report.WriteSARIF(&text, s.keep.found)
	case "github":
		s.annotate()
	default:
		for _, f := range s.keep.found {
			s.console.Printf("%s", f)
			if f.Hint != "" {
				s.console.Printf("  %s", strings.ReplaceAll(f.Hint, "\n", "\n  "))
			}
		}
		if len(s.keep.found) == 0 {
			s.console.Printf("no faults found")
		}
	}
	if err == nil {
		_, err = io.WriteString(s.env.Stdout, s.console.Hide(text.String()))
	}
	return err
}

// annotate prints what was found as GitHub's annotations.
func (s *step) annotate() {
	github := report.New(s.env.Stdout, func(name string) string {
		if name == "GITHUB_ACTIONS" {
			return "true"
		}
		return s.env.getenv(name)
	}, false)
	for _, f := range s.keep.found {
		note := report.Note{File: f.File, Line: f.Line, Column: f.Column, Title: f.Code, Text: f.Message, Hint: f.Hint, InWorkspace: true}
		if f.Path != "" {
			note.Text = f.Path + ": " + note.Text
		}
		note.Text, note.Hint = s.console.Hide(note.Text), s.console.Hide(note.Hint)
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
	if parts := joined(err); parts != nil {
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
