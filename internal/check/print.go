package check

import (
	"io"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

// Printer prints findings: as text to Console, in any other format to Out.
type Printer struct {
	Console *report.Report
	Out     io.Writer
	Getenv  func(string) string
}

// Print prints findings in the format json, sarif, github or text. It hides registered
// secrets.
func (p Printer) Print(found []Finding, format string) error {
	var text strings.Builder
	var err error
	switch format {
	case "json":
		err = writeJSON(&text, found)
	case "sarif":
		err = writeSARIF(&text, found)
	case "github":
		p.annotate(found)
	default:
		p.printText(found)
	}
	if err == nil {
		_, err = io.WriteString(p.Out, p.Console.Hide(text.String()))
	}
	return err
}

func (p Printer) printText(found []Finding) {
	for _, f := range found {
		p.Console.Printf("%s", f)
		if f.Hint != "" {
			p.Console.Printf("  %s", strings.ReplaceAll(f.Hint, "\n", "\n  "))
		}
	}
	if len(found) == 0 {
		p.Console.Printf("no faults found")
	}
}

// annotate prints findings as annotations of GitHub, also on other runners.
func (p Printer) annotate(found []Finding) {
	github := report.New(p.Out, func(name string) string {
		if name == "GITHUB_ACTIONS" {
			return "true"
		}
		return p.Getenv(name)
	}, false)
	for _, f := range found {
		note := event.Note{File: f.File, Line: f.Line, Column: f.Column, Title: f.Code, Text: f.Message, Hint: f.Hint,
			InWorkspace: f.File != source.Stdin}
		if f.Path != "" {
			note.Text = f.Path + ": " + note.Text
		}
		note.Text, note.Hint = p.Console.Hide(note.Text), p.Console.Hide(note.Hint)
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
