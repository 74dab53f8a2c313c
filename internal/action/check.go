package action

import (
	"context"
	"errors"
	"io"
	"strings"

	"ecs-run-task/internal/document"
	"ecs-run-task/internal/input"
	"ecs-run-task/internal/report"
	"ecs-run-task/internal/runtask"
	"ecs-run-task/internal/source"
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
	loaded, err := source.Load(ctx, s.sourceConfig(workspace))
	if err != nil {
		return err
	}
	trees, faults := s.parse(loaded.Texts)
	for _, tree := range trees { // each as far as it comes
		if explain {
			explanations, _ := expander.Explain(tree)
			for _, e := range explanations {
				s.console.Printf("%s: %s: %s is %s", e.Place, e.Path, e.Expression, e.Value)
			}
		}
		expanded, err := s.expand(expander, []*document.Node{tree})
		if err == nil {
			err = s.checkDefinitions(expanded)
		}
		faults = errors.Join(faults, err)
	}
	return faults
}

// checkDefinitions checks definitions and what they say of how they are run.
func (s *step) checkDefinitions(trees []*document.Node) error {
	definitions, err := s.decode(trees)
	var base runtask.Settings
	base.Count = 1
	for _, definition := range definitions {
		_, warnings, fault := base.With(definition.Run)
		s.warn(warnings)
		err = errors.Join(err, fault)
	}
	return err
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
