// Package report tells people what the step does: the transcript on the console,
// annotations, the step's outputs and the result file.
//
// It decides nothing and calls nobody. Whatever it prints that came from outside
// (logs, reasons, names) is made harmless first: no line of it can be a command
// to the CI's runner, and no registered secret is in it.
package report

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/sethvargo/go-githubactions"
)

// annotationLimit is how many annotations of each level GitHub keeps of a step.
const annotationLimit = 10

// messageLimit is how many characters GitHub keeps of an annotation.
const messageLimit = 4096

// Report writes to one console. Its methods may be called from several
// goroutines; each writes whole lines.
type Report struct {
	out    io.Writer
	getenv func(string) string
	github bool // the runner understands workflow commands

	mu     sync.Mutex
	masks  masks
	counts map[string]int // annotations by level
}

// New returns a report to the console out, in the environment that getenv
// reads.
func New(out io.Writer, getenv func(string) string) *Report {
	return &Report{out: out, getenv: getenv, github: getenv("GITHUB_ACTIONS") == "true", counts: map[string]int{}}
}

// Mask keeps each value out of everything that is printed from now on, and asks
// the runner to do so too. Values shorter than four characters are left, as
// masking them would make every line unreadable; it returns how many those are.
func (r *Report) Mask(values ...string) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, value := range values {
		forms, ok := r.masks.add(value)
		if !ok {
			if strings.TrimSpace(value) != "" {
				left++
			}
			continue
		}
		for _, form := range forms {
			if r.github {
				r.actions().AddMask(form)
			}
		}
	}
	return left
}

// actions returns GitHub's commands, written to the console.
func (r *Report) actions() *githubactions.Action {
	return githubactions.New(githubactions.WithWriter(r.out), githubactions.WithGetenv(r.getenv))
}

// Printf prints what has been done, or found. The text may hold several lines.
func (r *Report) Printf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print("", fmt.Sprintf(format, args...))
}

// Log prints lines of a container's log, each behind a name in brackets.
func (r *Report) Log(name string, lines ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text strings.Builder
	for _, line := range lines {
		writeLines(&text, "["+name+"] ", r.masks.hide(line))
	}
	io.WriteString(r.out, text.String())
}

// print writes text line by line, the first behind the prefix.
func (r *Report) print(prefix, text string) {
	var lines strings.Builder
	writeLines(&lines, "", prefix+r.masks.hide(text))
	io.WriteString(r.out, lines.String())
}

// Note is something that the step has to say about a place or about itself.
type Note struct {
	File         string // as the user called it; empty if it is not about a file
	Line, Column int    // count from 1; 0 if unknown
	InWorkspace  bool   // the file is one that the runner can show
	Title        string
	Text         string
	Hint         string // a line that helps; may be empty
}

// Error prints a fault and annotates it.
func (r *Report) Error(n Note) { r.annotate("error", n) }

// Warning prints what may go wrong and annotates it.
func (r *Report) Warning(n Note) { r.annotate("warning", n) }

// Notice prints what was mended, dropped or left out.
func (r *Report) Notice(n Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print("notice: ", n.text())
}

func (r *Report) annotate(level string, n Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[level]++
	if !r.github || r.counts[level] > annotationLimit {
		r.print(level+": ", n.text())
		return
	}
	action := r.actions().WithFieldsMap(n.fields(r.masks))
	text := n.message()
	if !n.shown() {
		text = n.text()
	}
	message := clip(r.masks.hide(text), messageLimit)
	if level == "error" {
		action.Errorf("%s", message)
	} else {
		action.Warningf("%s", message)
	}
}

func (n Note) fields(masks masks) map[string]string {
	fields := map[string]string{}
	if n.Title != "" {
		fields["title"] = masks.hide(n.Title)
	}
	if n.shown() {
		fields["file"] = n.File
		fields["line"] = strconv.Itoa(n.Line)
		fields["col"] = strconv.Itoa(max(n.Column, 1))
	}
	return fields
}

// shown reports whether the runner shows the note at its place.
func (n Note) shown() bool { return n.InWorkspace && n.File != "" && n.Line > 0 }

// message is the text with its hint.
func (n Note) message() string {
	if n.Hint == "" {
		return n.Text
	}
	return n.Text + "\n  " + strings.ReplaceAll(n.Hint, "\n", "\n  ")
}

// text is the message with its place, for a console without annotations.
func (n Note) text() string {
	text := n.message()
	if n.File == "" {
		return text
	}
	if n.Line == 0 {
		return n.File + ": " + text
	}
	return fmt.Sprintf("%s:%d:%d: %s", n.File, n.Line, n.Column, text)
}

// Outputs sets the step's outputs where the runner takes them.
func (r *Report) Outputs(outputs []Output) error {
	if r.getenv("GITHUB_OUTPUT") == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return unpanic(func() {
		action := r.actions()
		for _, output := range outputs {
			action.SetOutput(output.Name, oneLine(r.masks.hide(output.Value)))
		}
	})
}

// State saves a value for the post stage, where the runner takes one.
func (r *Report) State(name, value string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.getenv("GITEA_ACTIONS") == "true" { // whose state file is lost when the job is cancelled
		r.actions().IssueCommand(&githubactions.Command{
			Name: "save-state", Message: value, Properties: githubactions.CommandProperties{"name": name},
		})
	}
	if r.getenv("GITHUB_STATE") == "" {
		return nil
	}
	return unpanic(func() { r.actions().SaveState(name, oneLine(value)) })
}

// unpanic turns the panics of go-githubactions, which has no errors, into
// errors.
func unpanic(write func()) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			var ok bool
			if err, ok = fault.(error); !ok {
				err = errors.New(fmt.Sprint(fault))
			}
		}
	}()
	write()
	return nil
}

// oneLine keeps a value from ending its line: the delimiter of a value in the
// runner's file is fixed, so that a value of several lines could forge another.
func oneLine(value string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' {
			return ' '
		}
		return c
	}, value)
}

// clip cuts a text to a number of characters, and says so.
func clip(text string, limit int) string {
	characters := []rune(text)
	if len(characters) <= limit {
		return text
	}
	return string(characters[:limit-1]) + "…"
}
