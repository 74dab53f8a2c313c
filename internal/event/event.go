// Package event has what the stages of a step report while the step goes on: lines
// of the transcript, notes, log lines, and values for the post stage. A stage emits
// events into a [Sink] and never writes to a stream itself.
package event

import (
	"fmt"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// A Sink takes events in their order. It may be called from several goroutines.
type Sink func(Event)

// Event is one of the types of this package.
type Event interface{ event() }

// Text is a part of the transcript, of one line or more.
type Text string

// Group is a long part of the transcript, which a runner may fold up behind its
// title.
type Group struct{ Title, Text string }

// Log holds lines of one container's log.
type Log struct {
	Container string // with what distinguishes it from those of other tasks
	Lines     []string
}

// LogsOver says that the time for log lines is over: none waits for the console any more.
type LogsOver struct{}

// TaskChanged is a new state of a task.
type TaskChanged struct {
	State   *task.State // never changed afterwards
	Elapsed time.Duration
}

// LogAddress is where the log of a task's container is to be seen in the AWS console.
type LogAddress struct {
	State     *task.State // never changed afterwards
	Container string
	URL       string
}

// Waiting says what the step waits for from now on.
type Waiting struct {
	What        string         // that is none of the step's tasks; empty for these
	Open, Total int            // tasks; with none open the logs are read to their end
	Statuses    map[string]int // how many of the open tasks have each last status
	Since       time.Time      // of the first launch; zero if the wait is over
	Deadline    time.Time      // when the wait ends at the latest; zero if there is no such time
}

// State is a value for the post stage, which reads it as STATE_ and its name.
type State struct{ Name, Value string }

// Secrets are values that nothing may show from now on.
type Secrets []Secret

// Secret is one of them. A value that is too short to be masked is reported by its
// name, unless that is empty.
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

// Printf emits a part of the transcript.
func (s Sink) Printf(format string, args ...any) { s(Text(fmt.Sprintf(format, args...))) }

// Notice emits a note about what the step corrected, dropped or left out.
func (s Sink) Notice(n Note) { s.note(Notice, n) }

// Warning emits a note about what may go wrong.
func (s Sink) Warning(n Note) { s.note(Warn, n) }

// Error emits a note about what went wrong.
func (s Sink) Error(n Note) { s.note(Error, n) }

func (s Sink) note(level Level, n Note) {
	n.Level = level
	s(n)
}

// Level is how serious a note is.
type Level string

// The levels.
const (
	Notice Level = "notice"
	Warn   Level = "warning"
	Error  Level = "error"
)

// Note is something that the step has to say about a place or about itself.
type Note struct {
	Level        Level
	File         string // as the user called it; empty if it is not about a file
	Line, Column int    // count from 1; 0 if unknown
	InWorkspace  bool   // the file is one that the runner can show
	Aside        bool   // the place is where to look; the text is not about it
	Task         string // ARN of the task that it is about; empty if it is about none
	Title        string
	Text         string
	Hint         string            // a line that helps; may be empty
	Advice       []diagnose.Advice // what is likely behind it, best first
	Lines        []string          // the last of a log, for whoever does not see the transcript
}

// NoteAt returns what a fault in a document says, at its place.
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

// Shown reports whether the runner shows the note at its place.
func (n Note) Shown() bool { return n.InWorkspace && n.File != "" && n.Line > 0 }

// Message is the text with all that helps, each in a line of its own.
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

// String is the message with its place, for a console without annotations.
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

// Duration returns a duration as the transcript writes it.
func Duration(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	}
	return d.Round(time.Second).String()
}
