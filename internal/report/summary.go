package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// What a job's summary may have: GitHub drops one of more than 1 MiB as a whole,
// and shows no table of thousands of rows.
const (
	summaryLimit = 1<<20 - 1<<10 // bytes
	mostRows     = 200           // containers
	mostFaults   = 50
	summaryLines = 30   // of the log of a container
	longestText  = 2000 // characters of a text, or of a line of a log
	longestCell  = 300  // characters of a reason in the table
)

// summary writes the result as Markdown.
type summary struct {
	masks masks
	text  strings.Builder
	room  int // bytes that may still be written
	cut   bool
}

// write returns the Markdown, of so many bytes at the most. What is left out
// for want of room is said.
func (s summary) write(result Result, room int) string {
	const note = "\n_Cut: the runner takes no summary of more than 1 MiB. The log has it all._\n"
	s.room = room - len(note)
	if s.room < 0 {
		return ""
	}
	s.add(s.verdict(result))
	s.diagnosis(result)
	s.add(s.table(result))
	s.add(s.outputs(result))
	s.changes(result)
	s.add(s.diagram(result))
	s.lines(result)
	if s.cut {
		s.text.WriteString(note)
	}
	return s.text.String()
}

// add writes a part as a whole, or leaves it out.
func (s *summary) add(part string) {
	if len(part) > s.room {
		s.cut = true
		return
	}
	s.room -= len(part)
	s.text.WriteString(part)
}

// hide takes secrets and colours out of outside text, and cuts it.
func (s *summary) hide(text string) string {
	return clip(withoutColours(s.masks.hide(text)), longestText)
}

func (s *summary) verdict(result Result) string {
	icon := "❌"
	if result.ExitCode == 0 {
		icon = "✅"
	}
	line := fmt.Sprintf("### %s %s%s\n\n%s; exit status %d", icon, result.Status, s.where(result), plain(s.hide(result.Reason)), result.ExitCode)
	if len(result.Tasks) > 1 {
		good := 0
		for _, state := range result.Tasks {
			if isGood(state) {
				good++
			}
		}
		line += fmt.Sprintf("; %d of %d tasks good", good, len(result.Tasks))
	}
	line += "\n"
	if len(result.NotRun) > 0 {
		line += "\nNot run after that: " + s.names(result.NotRun) + "\n"
	}
	return line
}

// where names what was run and where, behind the status: several steps of a job
// have one summary.
func (s *summary) where(result Result) string {
	text := ""
	if len(result.Families) > 0 {
		text = ": " + s.names(result.Families)
	}
	if result.Cluster != "" {
		text += " on " + name(s.hide(result.Cluster))
	}
	switch {
	case result.Local:
		text += ", local"
	case result.Region != "":
		text += " in " + name(s.hide(result.Region))
	}
	return text
}

// names lists names, of many the first.
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

// table has a row for each container of each task.
func (s *summary) table(result Result) string {
	if len(result.Tasks) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("\n| Task | Container | Essential | Exit code | Reason | Ran |\n| --- | --- | --- | --- | --- | --- |\n")
	rows := 0
	for _, state := range failedFirst(result.Tasks) {
		for i, end := range state.Ends() {
			if rows++; rows <= mostRows {
				text.WriteString(s.row(result, state, i == 0, end))
			}
		}
	}
	if rows > mostRows {
		fmt.Fprintf(&text, "\n%d more containers are in the log.\n", rows-mostRows)
	}
	if took := used(result); took != "" {
		text.WriteString("\n" + took + "\n")
	}
	return text.String()
}

func (s *summary) row(result Result, state *task.State, first bool, end task.End) string {
	name, took := "", ""
	if first {
		address := ""
		if !result.Local {
			address = TaskURL(aws.ToString(state.TaskArn))
		}
		name = code(s.hide(task.Name(state.Definition))) + " " + link(code(fmt.Sprintf("%.8s", task.ID(aws.ToString(state.TaskArn)))), address)
		if d, ok := Ran(state, result.Ended); ok {
			took = Since(d)
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
	container := code(s.hide(end.Name)) + logLink(result, state, end.Name)
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", name, container, essential, exitCode, plain(clip(s.hide(reason), longestCell)), took)
}

// logLink returns a link to a container's log in the AWS console, "" if it is not
// there.
func logLink(result Result, state *task.State, container string) string {
	if log := logOf(result, state, container); log.URL != "" {
		return " (" + link("log", log.URL) + ")"
	}
	return ""
}

func logOf(result Result, state *task.State, container string) Log {
	for _, log := range result.Logs {
		if log.TaskARN == aws.ToString(state.TaskArn) && log.Container == container {
			return log
		}
	}
	return Log{}
}

// used says what the tasks took together, "" if that is not known.
func used(result Result) string {
	var total usage
	known := 0
	for _, state := range result.Tasks {
		if one, ok := usageOf(state, result.Ended); ok {
			known++
			total.vcpuHours += one.vcpuHours
			total.gbHours += one.gbHours
		}
	}
	if known == 0 {
		return ""
	}
	text := fmt.Sprintf("Used, from the image pull to the end: %s vCPU-hours, %s GB-hours", hours(total.vcpuHours), hours(total.gbHours))
	if known < len(result.Tasks) {
		text += fmt.Sprintf(" (%d of %d tasks)", known, len(result.Tasks))
	}
	return text + "."
}

func (s *summary) diagram(result Result) string {
	diagram := gantt(failedFirst(result.Tasks), cmp.Or(result.Ended, time.Now()))
	if diagram == "" {
		return ""
	}
	text := "\n#### Phases\n\n```mermaid\n" + diagram + "```\n"
	if more := len(result.Tasks) - mostBars; more > 0 {
		text += fmt.Sprintf("\n%d more tasks are not shown.\n", more)
	}
	return text
}

func (s *summary) diagnosis(result Result) {
	for i, fault := range result.Faults {
		switch i {
		case 0:
			s.add("\n#### Diagnosis\n")
		case mostFaults:
			s.add(fmt.Sprintf("\n- %d more are in the log.\n", len(result.Faults)-mostFaults))
			return
		}
		s.add(s.fault(fault))
	}
}

func (s *summary) fault(fault Note) string {
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

// commands is plain, with what stands between backquotes as code.
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

// lines shows the last lines of the containers that failed.
func (s *summary) lines(result Result) {
	for _, state := range result.Tasks {
		if isGood(state) {
			continue
		}
		for _, end := range state.Ends() {
			log := logOf(result, state, end.Name)
			if len(log.Last) == 0 || !failed(state, end) {
				continue
			}
			if s.cut {
				return
			}
			last := lastLines(s.masks.hide, log.Last, summaryLines, longestText)
			of := code(s.hide(end.Name))
			if len(result.Tasks) > 1 {
				of += " of " + code(fmt.Sprintf("%s %.8s", s.hide(task.Name(state.Definition)), task.ID(aws.ToString(state.TaskArn))))
			}
			s.add(fmt.Sprintf("\n<details open><summary>Last lines of %s%s</summary>\n\n%s\n</details>\n", of, logLink(result, state, end.Name), block(last)))
		}
	}
}

// lastLines returns the last lines of a log's messages, without secrets and
// colours, each cut to a number of characters.
func lastLines(hide func(string) string, messages []string, most, longest int) []string {
	var last []string
	for _, text := range messages[max(0, len(messages)-most):] {
		for line, rest, more := cutLine(hide(text)); ; line, rest, more = cutLine(rest) {
			last = append(last, clip(withoutColours(line), longest))
			if !more {
				break
			}
		}
	}
	return last[max(0, len(last)-most):]
}

// failed reports whether a container failed, rather than was stopped with the
// task: ECS sends SIGTERM, and SIGKILL to those that don't heed it.
func failed(state *task.State, end task.End) bool {
	if state.Verdict != nil && state.Verdict.Container == end.Name || end.ExitCode == nil || end.Reason != "" {
		return true
	}
	return *end.ExitCode != 0 && *end.ExitCode != 143 && *end.ExitCode != 137
}

// failedFirst returns the tasks, those that failed first.
func failedFirst(states []*task.State) []*task.State {
	sorted := slices.Clone(states)
	rank := func(state *task.State) int {
		if isGood(state) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(sorted, func(a, b *task.State) int { return rank(a) - rank(b) })
	return sorted
}
