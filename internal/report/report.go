// Package report writes what the step does to the console, as a transcript with annotations,
// and to the files of the runner: the job summary, the step's outputs, its state.
//
// It decides nothing and calls nobody. Whatever it writes that came from outside
// (logs, reasons, names) is made harmless first: no line of it can be a command
// to the CI's runner, and no registered secret is in it.
package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-githubactions"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/masks"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
)

// annotationLimit is how many annotations of each level GitHub keeps of a step.
const annotationLimit = 10

// messageLimit is how many characters GitHub keeps of an annotation.
const messageLimit = 4096

// annotationLines is how many lines of a log an annotation shows.
const annotationLines = 10

// annotationWidth is how many characters of such a line.
const annotationWidth = 300

// Report writes to one console. Its methods may be called from several
// goroutines; each writes whole lines.
type Report struct {
	out    io.Writer
	queue  *Queue // out, if it is one
	getenv func(string) string
	github bool // the runner understands workflow commands

	logs  sync.Mutex // held by the one that prints lines of a log, or waits for room for them
	files files

	mu     sync.Mutex
	masks  masks.Masks
	counts map[string]int // annotations by level
	screen screen
	buffer []byte // of the lines that are being printed

	printed time.Time         // when something last was
	lastOf  map[string]string // what was last printed of each task's state, by ARN
	waiting event.Waiting
	endWait func() // of the status line or the heartbeat; nil outside a wait. The goroutine that waits uses it alone
	running running
}

// New returns a report to the console out, in the environment that getenv
// reads. If terminal is true and no CI is around, a person watches. If out is a [*Queue],
// log lines wait for its reader.
func New(out io.Writer, getenv func(string) string, terminal bool) *Report {
	queue, _ := out.(*Queue)
	return &Report{
		out: out, queue: queue, getenv: getenv, github: getenv("GITHUB_ACTIONS") == "true",
		counts: map[string]int{}, lastOf: map[string]string{}, screen: newScreen(getenv, terminal),
		files: files{getenv: getenv},
	}
}

// Mask keeps each value out of everything that is told from now on, and asks
// the runner to do so too. Values shorter than four characters are left, as
// masking them would make every line unreadable; it returns how many those are.
func (r *Report) Mask(values ...string) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, value := range values {
		forms, ok := r.masks.Add(value)
		if !ok && strings.TrimSpace(value) != "" {
			left++
		}
		for _, form := range forms {
			if r.github {
				r.command(func(a *githubactions.Action) { a.AddMask(form) })
			}
		}
	}
	return left
}

// command writes one of GitHub's commands to the console. That panics where the
// console is gone, which is nothing to die of.
func (r *Report) command(write func(*githubactions.Action)) {
	r.printed = time.Now()
	_ = unpanic(func() { write(actions(r.getenv, r.out)) })
}

// Printf prints what has been done, or found. The text may hold several lines.
func (r *Report) Printf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print("", "", fmt.Sprintf(format, args...))
}

// Group prints a long part of the transcript, which a runner that can folds up
// behind its title.
func (r *Report) Group(title, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.github {
		r.print("", "", title+":\n"+text)
		return
	}
	r.command(func(a *githubactions.Action) { a.Group(plaintext.OneLine(r.masks.Hide(title))) })
	r.print("", "", text)
	r.command((*githubactions.Action).EndGroup)
}

// Log prints lines of a container's log, each behind a name in brackets. Nothing else
// waits for a console whose reader is slow: it returns once there is room for the lines,
// or without printing them after [Report.DropLogs].
func (r *Report) Log(name string, lines ...string) {
	r.logs.Lock()
	defer r.logs.Unlock()
	if r.queue != nil && !r.queue.room(len(lines)) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	prefix := r.screen.paint(r.screen.nameColour(name), "["+name+"]") + " "
	r.buffer = r.buffer[:0]
	for _, line := range lines {
		r.buffer = plaintext.AppendLines(r.buffer, prefix, r.masks.Hide(line))
	}
	r.write()
}

// DropLogs has Log wait no more: lines that there is no room for are dropped, and counted.
func (r *Report) DropLogs() {
	if r.queue != nil {
		r.queue.DropLogs()
	}
}

// print writes text line by line, the first behind a word, in a colour if the
// console has them.
func (r *Report) print(colour, word, text string) {
	r.buffer = plaintext.AppendLines(r.buffer[:0], "", r.screen.paint(colour, word)+r.masks.Hide(text))
	r.write()
}

// write writes the buffered lines to the console, above the status line if there
// is one.
func (r *Report) write() {
	r.printed = time.Now()
	r.screen.clear(r.out)
	r.out.Write(r.buffer)
	if cap(r.buffer) > keptBuffer {
		r.buffer = nil
	}
	r.screen.draw(r.out)
}

// Error prints a fault and annotates it.
func (r *Report) Error(n event.Note) { r.annotate("error", n) }

// Warning prints what may go wrong and annotates it.
func (r *Report) Warning(n event.Note) { r.annotate("warning", n) }

// Notice prints what was mended, dropped or left out.
func (r *Report) Notice(n event.Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print("", "notice: ", n.String())
}

func (r *Report) annotate(level string, n event.Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[level]++
	if !r.github || r.counts[level] > annotationLimit {
		r.print(levelColours[level], level+": ", n.String())
		return
	}
	text := n.Message()
	if !n.Shown() {
		text = n.String()
	}
	if lines := plaintext.LastLines(r.masks.Hide, n.Lines, annotationLines, annotationWidth); len(lines) > 0 {
		text += "\nlast lines:\n  " + strings.Join(lines, "\n  ")
	}
	message := plaintext.Clip(r.masks.Hide(text), messageLimit)
	r.command(func(a *githubactions.Action) {
		a = a.WithFieldsMap(fields(n, &r.masks))
		if level == "error" {
			a.Errorf("%s", message)
		} else {
			a.Warningf("%s", message)
		}
	})
}

// reportDropped says how many log lines were not printed, and how many annotations the
// runner would not have kept, which stand in the transcript.
func (r *Report) reportDropped() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queue != nil && r.queue.Dropped() > 0 {
		r.print("", "", fmt.Sprintf("log lines not printed, as nothing read the console: %d", r.queue.Dropped()))
	}
	for _, level := range []string{"error", "warning"} {
		if more := r.counts[level] - annotationLimit; r.github && more > 0 {
			r.print("", "", fmt.Sprintf("%d more %ss are in the lines above only: the runner keeps %d annotations of a kind",
				more, level, annotationLimit))
		}
	}
}

func fields(n event.Note, masks *masks.Masks) map[string]string {
	fields := map[string]string{}
	if n.Title != "" {
		fields["title"] = title(masks.Hide(n.Title))
	}
	if n.Shown() {
		fields["file"] = n.File
		fields["line"] = strconv.Itoa(n.Line)
		fields["col"] = strconv.Itoa(max(n.Column, 1))
	}
	return fields
}

// title takes out of a title what is escaped in a property of a command: Gitea does
// not undo that.
func title(text string) string {
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || strings.ContainsRune(":,%\r\n", c) })
	return strings.Join(words, " ")
}

// Hide returns the text without the registered secrets.
func (r *Report) Hide(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.masks.Hide(text)
}
