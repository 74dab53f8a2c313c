// Package summary formats the result of a step as Markdown for the job summary. Text from
// outside never changes the structure, and the summary contains no secrets, as far as the
// given function hides them. It writes no file.
package summary

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Limit is the maximum size of a job summary, in bytes. GitHub drops a summary of more than
// 1 MiB.
const Limit = 1<<20 - 1<<10

// Other limits: GitHub does not show tables of thousands of rows.
const (
	maxRows      = 200 // containers
	maxFaults    = 50
	summaryLines = 30 // last log lines of a container
)

// summary builds the Markdown.
type summary struct {
	texts
	text strings.Builder
	room int // bytes that are left
	cut  bool
}

// Write returns the Markdown of a result, with at most room bytes. If parts do not fit, the
// text says so. hide removes secrets from a text.
func Write(r result.Result, room int, hide func(string) string) string {
	const note = "\n_Shortened: the runner accepts summaries of up to 1 MiB. The log is complete._\n"
	s := summary{texts: texts{hide}, room: room - len(note)}
	if s.room < 0 {
		return ""
	}
	s.add(s.verdict(r))
	s.diagnosis(r)
	s.add(s.table(r))
	s.add(s.outputs(r.TaskOutputs))
	for _, c := range r.Compared {
		s.add(s.changes(c))
	}
	s.add(s.diagram(r))
	s.lines(r)
	if s.cut {
		s.text.WriteString(note)
	}
	return s.text.String()
}

// add writes a part completely or not at all.
func (s *summary) add(part string) {
	if len(part) > s.room {
		s.cut = true
		return
	}
	s.room -= len(part)
	s.text.WriteString(part)
}

func (s *summary) verdict(r result.Result) string {
	icon := "❌"
	if r.ExitCode == 0 {
		icon = "✅"
	}
	line := fmt.Sprintf("### %s %s%s\n\n", icon, r.Status, s.where(r)) +
		fmt.Sprintf("%s; exit status %d", plain(s.hide(r.Reason)), r.ExitCode)
	if len(r.Tasks) > 1 {
		line += fmt.Sprintf("; %d of %d tasks succeeded", r.Succeeded(), len(r.Tasks))
	}
	line += "\n"
	if len(r.NotRun) > 0 {
		line += "\nNot run after that: " + s.names(r.NotRun) + "\n"
	}
	return line
}

// where returns the families, the cluster and the region. A job with several steps has one
// summary for all of them.
func (s *summary) where(r result.Result) string {
	text := ""
	if len(r.Families) > 0 {
		text = ": " + s.names(r.Families)
	}
	if r.Cluster != "" {
		text += " on " + name(s.hide(r.Cluster))
	}
	switch {
	case r.Local:
		text += ", local"
	case r.Region != "":
		text += " in " + name(s.hide(r.Region))
	}
	return text
}

// names returns a list of names, shortened if there are many.
func (s *summary) names(names []string) string {
	const most = 5
	var shown []string
	for _, one := range names[:min(len(names), most)] {
		shown = append(shown, name(s.hide(one)))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// table returns a table with a row for each container of each task.
func (s *summary) table(r result.Result) string {
	if len(r.Tasks) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("\n| Task | Container | Essential | Exit code | Reason | Ran |\n" +
		"| --- | --- | --- | --- | --- | --- |\n")
	rows := 0
	for _, state := range result.FailedFirst(r.Tasks) {
		for i, end := range state.Ends() {
			if rows++; rows <= maxRows {
				text.WriteString(s.row(r, state, i == 0, end))
			}
		}
	}
	if rows > maxRows {
		fmt.Fprintf(&text, "\n%d more containers are in the log.\n", rows-maxRows)
	}
	if took := used(r); took != "" {
		text.WriteString("\n" + took + "\n")
	}
	return text.String()
}

func (s *summary) row(r result.Result, state *task.State, first bool, end verdict.End) string {
	name, took := "", ""
	if first {
		address := ""
		if !r.Local {
			address = result.TaskURL(aws.ToString(state.TaskArn))
		}
		id := code(fmt.Sprintf("%.8s", task.ID(aws.ToString(state.TaskArn))))
		name = code(s.hide(task.Name(state.Definition))) + " " + link(id, address)
		if d, ok := result.Ran(state, r.Ended); ok {
			took = event.Duration(d)
		}
	}
	exitCode := "–"
	if end.ExitCode != nil {
		exitCode = fmt.Sprint(*end.ExitCode)
	}
	essential := "no"
	if end.Essential {
		essential = "yes"
	}
	reason := end.Reason
	if first {
		reason = cmp.Or(end.Reason, aws.ToString(state.StoppedReason))
	}
	container := code(s.hide(end.Name)) + logLink(r, state, end.Name)
	reason = plain(plaintext.Clip(s.hide(reason), maxCellWidth))
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", name, container, essential, exitCode, reason, took)
}

// logLink returns a link to a container's log in the AWS console, or "" if it has none.
func logLink(r result.Result, state *task.State, container string) string {
	if log := r.LogOf(state, container); log.URL != "" {
		return " (" + link("log", log.URL) + ")"
	}
	return ""
}

// used returns the resource usage of all tasks together, or "" if it is unknown.
func used(r result.Result) string {
	var total result.Usage
	known := 0
	for _, state := range r.Tasks {
		if one, ok := result.UsageOf(state, r.Ended); ok {
			known++
			total.VCPUHours += one.VCPUHours
			total.GBHours += one.GBHours
		}
	}
	if known == 0 {
		return ""
	}
	text := fmt.Sprintf("Used, from the image pull to the end: %s vCPU-hours, %s GB-hours",
		hours(total.VCPUHours), hours(total.GBHours))
	if known < len(r.Tasks) {
		text += fmt.Sprintf(" (%d of %d tasks)", known, len(r.Tasks))
	}
	return text + "."
}

func (s *summary) diagram(r result.Result) string {
	diagram := gantt(result.FailedFirst(r.Tasks), cmp.Or(r.Ended, time.Now()))
	if diagram == "" {
		return ""
	}
	text := "\n#### Phases\n\n```mermaid\n" + diagram + "```\n"
	if more := len(r.Tasks) - maxBars; more > 0 {
		text += fmt.Sprintf("\n%d more tasks are not shown.\n", more)
	}
	return text
}

func (s *summary) diagnosis(r result.Result) {
	for i, fault := range r.Faults {
		switch i {
		case 0:
			s.add("\n#### Diagnosis\n")
		case maxFaults:
			s.add(fmt.Sprintf("\n- %d more are in the log.\n", len(r.Faults)-maxFaults))
			return
		}
		s.add(s.fault(fault))
	}
}

func (s *summary) fault(fault event.Note) string {
	var text strings.Builder
	text.WriteString("\n- ")
	if fault.File != "" {
		text.WriteString(code(fmt.Sprintf("%s:%d", s.hide(fault.File), max(fault.Line, 1))) + " ")
	}
	text.WriteString(plain(s.hide(fault.Text)) + "\n")
	for line := range strings.Lines(fault.Hint) {
		text.WriteString("  - " + code(s.hide(strings.TrimSpace(line))) + "\n")
	}
	for _, advice := range fault.Advice {
		fmt.Fprintf(&text, "  - **Cause** (%s): %s\n", plain(advice.Code), plain(s.hide(advice.Cause)))
		fmt.Fprintf(&text, "  - **Advice**: %s\n", commands(s.hide(advice.Advice)))
		if advice.Statement != "" {
			fmt.Fprintf(&text, "  - **Allow**: %s\n", code(s.hide(advice.Statement)))
		}
	}
	return text.String()
}

// commands is plain, but formats text between backquotes as code.
func commands(text string) string {
	var safe strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			safe.WriteString(code(part))
		} else {
			safe.WriteString(entities(part))
		}
	}
	return strings.TrimSpace(safe.String())
}

// lines writes the last log lines of failed containers.
func (s *summary) lines(r result.Result) {
	for _, state := range r.Tasks {
		if result.IsSuccess(state) {
			continue
		}
		for _, end := range state.Ends() {
			log := r.LogOf(state, end.Name)
			if len(log.Last) == 0 || !failed(state, end) {
				continue
			}
			if s.cut {
				return
			}
			last := plaintext.LastLines(s.hideSecrets, log.Last, summaryLines, maxTextWidth)
			of := code(s.hide(end.Name))
			if len(r.Tasks) > 1 {
				id := task.ID(aws.ToString(state.TaskArn))
				of += " of " + code(fmt.Sprintf("%s %.8s", s.hide(task.Name(state.Definition)), id))
			}
			of += logLink(r, state, end.Name)
			s.add(fmt.Sprintf("\n<details open><summary>Last lines of %s</summary>\n\n%s\n</details>\n", of, block(last)))
		}
	}
}

// failed reports whether a container failed, instead of being stopped with its task: ECS
// sends SIGTERM, and later SIGKILL.
func failed(state *task.State, end verdict.End) bool {
	if state.Verdict != nil && state.Verdict.Container == end.Name || end.ExitCode == nil || end.Reason != "" {
		return true
	}
	return *end.ExitCode != 0 && *end.ExitCode != 143 && *end.ExitCode != 137
}

// hours formats a number of hours with four decimals, because most tasks are short. It
// never formats a positive number as 0.
func hours(n float64) string {
	if n > 0 && n < 0.0001 {
		return "under 0.0001"
	}
	return fmt.Sprintf("%.4f", n)
}
