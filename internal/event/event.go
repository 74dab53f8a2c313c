// Package event defines the events that the stages of a step emit: lines of the transcript,
// notes, log lines, and values for the post stage. A stage emits events into a [Sink] and
// never writes to a stream itself.
package event

import (
	"fmt"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// A Sink receives events in their order. It may be called from several goroutines.
type Sink func(Event)

// Event is one of the types of this package.
type Event interface{ event() }

// Text is a part of the transcript, with one line or more.
type Text string

// Group is a long part of the transcript, which a runner may fold behind its title.
type Group struct{ Title, Text string }

// Log holds lines of one container's log.
type Log struct {
	Container string // name, and the task if there are several
	Lines     []string
}

// LogsOver means that log lines no longer wait for the console.
type LogsOver struct{}

// TaskChanged is a new state of a task.
type TaskChanged struct {
	State   *task.State // not changed after the event
	Elapsed time.Duration
}

// LogAddress is the link to a container's log in the AWS console.
type LogAddress struct {
	State     *task.State // not changed after the event
	Container string
	URL       string
}

// Waiting describes what the step waits for from now on.
type Waiting struct {
	What        string         // empty if the step waits for its own tasks
	Open, Total int            // numbers of tasks; if Open is 0 the step reads the logs to their end
	Statuses    map[string]int // number of open tasks by last status
	Since       time.Time      // time of the first launch; zero if the wait is over
	Deadline    time.Time      // zero if the wait has no deadline
}

// State is a value for the post stage, which reads it from the variable STATE_Name.
type State struct{ Name, Value string }

// Secrets are values that must not be printed from now on.
type Secrets []Secret

// Secret is a value to mask. If the value is too short to be masked, a warning names it,
// unless Name is empty.
type Secret struct{ Name, Value string }

// Warning is a warning, or a notice, about a place in a document.
type Warning struct {
	document.Warning
	InWorkspace bool // the document is a file that the runner can show
}

func (Text) event()        {}
func (Group) event()       {}
func (Log) event()         {}
func (LogsOver) event()    {}
func (TaskChanged) event() {}
func (LogAddress) event()  {}
func (Waiting) event()     {}
func (State) event()       {}
func (Secrets) event()     {}
func (Warning) event()     {}
func (Note) event()        {}

// Printf emits a [Text].
func (s Sink) Printf(format string, args ...any) { s(Text(fmt.Sprintf(format, args...))) }

// Notice emits a note about what the step corrected, dropped or left out.
func (s Sink) Notice(n Note) { s.note(Notice, n) }

// Warning emits a note about a possible problem.
func (s Sink) Warning(n Note) { s.note(Warn, n) }

// Error emits a note about an error.
func (s Sink) Error(n Note) { s.note(Error, n) }

func (s Sink) note(level Level, n Note) {
	n.Level = level
	s(n)
}

// Level is the severity of a note.
type Level string

// The levels.
const (
	Notice Level = "notice"
	Warn   Level = "warning"
	Error  Level = "error"
)

// Note is a message about the step, or about a place in a file.
type Note struct {
	Level        Level
	File         string // as the user named it; empty if the note is not about a file
	Line, Column int    // count from 1; 0 if unknown
	InWorkspace  bool   // the file is one that the runner can show
	Aside        bool   // the text is not about the place, which is only related
	Task         string // task ARN; empty if the note is not about a task
	Title        string
	Text         string
	Hint         string            // what to do; may be empty
	Advice       []diagnose.Advice // probable causes, the most likely first
	Lines        []string          // the last lines of a log, for annotations
}

// NoteAt returns a note with the message and the place of a fault in a document.
func NoteAt(fault *document.Error) Note {
	text := fault.Message
	if fault.Path != "" {
		text = fault.Path + ": " + text
	}
	return Note{
		File: fault.Place.Name, Line: fault.Place.Line, Column: fault.Place.Column,
		Title: fault.Code, Text: text, Hint: fault.Hint,
	}
}

// Shown reports whether the runner can show the note at its place.
func (n Note) Shown() bool { return n.InWorkspace && n.File != "" && n.Line > 0 }

// Message returns the text followed by the hint and the advice, each on its own line.
func (n Note) Message() string {
	var text strings.Builder
	text.WriteString(n.Text)
	line := func(name, value string) {
		if value != "" {
			text.WriteString("\n  " + name + strings.ReplaceAll(value, "\n", "\n  "))
		}
	}
	line("", n.Hint)
	for _, advice := range n.Advice {
		line("cause: ", advice.Cause)
		line("advice: ", advice.Advice)
		line("allow: ", advice.Statement)
	}
	return text.String()
}

// String returns the message after its place, for a console without annotations.
func (n Note) String() string {
	text := n.Message()
	switch {
	case n.File == "" || n.Aside:
		return text
	case n.Line == 0:
		return n.File + ": " + text
	}
	return fmt.Sprintf("%s:%d:%d: %s", n.File, n.Line, n.Column, text)
}

// Duration returns a duration in the format of the transcript, such as 1.5s or 2m10s.
func Duration(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	}
	return d.Round(time.Second).String()
}

// Plural returns "1 task" or "2 tasks".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
