// Package report writes the transcript and annotations of the step to the console, and
// writes the files of the runner: job summary, outputs and state.
//
// It decides nothing and calls no service. It removes commands to the CI's runner and
// registered secrets from all text from outside, such as logs, reasons and names, before it
// writes that text.
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

// annotationLimit is the number of annotations of each level that GitHub shows for a step.
const annotationLimit = 10

// messageLimit is the length of an annotation that GitHub shows, in characters.
const messageLimit = 4096

// annotationLines is the number of log lines in an annotation.
const annotationLines = 10

// annotationWidth is the length of such a line, in characters.
const annotationWidth = 300

// Report writes to one console. Its methods may be called from several goroutines. Each of
// them writes whole lines.
type Report struct {
	out    io.Writer
	queue  *Queue // out if it is a Queue, else nil
	getenv func(string) string
	github bool // the runner understands workflow commands

	logs  sync.Mutex // held by Log while it waits for room and prints
	files files

	mu     sync.Mutex
	masks  masks.Masks
	counts map[string]int // annotations by level
	screen screen
	buffer []byte // the lines that are being printed

	printed time.Time         // time of the last print
	lastOf  map[string]string // the text last printed for each task, by ARN
	waiting event.Waiting
	endWait func() // ends the status line or the heartbeat; nil outside of a wait. Only the waiting goroutine uses it
	running running
}

// New returns a report that writes to out. getenv reads the environment. terminal is true
// if out is a terminal; without a CI the report then shows a status line. If out is a
// [*Queue], Log waits until the queue has room.
func New(out io.Writer, getenv func(string) string, terminal bool) *Report {
	queue, _ := out.(*Queue)
	return &Report{
		out: out, queue: queue, getenv: getenv, github: getenv("GITHUB_ACTIONS") == "true",
		counts: map[string]int{}, lastOf: map[string]string{}, screen: newScreen(getenv, terminal),
		files: files{getenv: getenv},
	}
}

// Mask hides each value in everything that is printed from now on, and sends it to the
// runner as a mask. It ignores values with fewer than four characters, because masking them
// would make every line unreadable. left is the number of ignored values.
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

// command writes a workflow command of GitHub to the console. It ignores the panic of a
// console that is closed, because the step continues without a console.
func (r *Report) command(write func(*githubactions.Action)) {
	r.printed = time.Now()
	_ = recoverError(func() { write(actions(r.getenv, r.out)) })
}

// Printf prints a part of the transcript. The text may have several lines.
func (r *Report) Printf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print("", "", fmt.Sprintf(format, args...))
}

// Group prints a long part of the transcript. GitHub shows it folded behind its title.
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

// Log prints lines of a container's log, each after the name in brackets. It waits until
// the console has room for the lines; nothing else waits for a slow console. After
// [Report.DropLogs] it drops lines for which there is no room.
func (r *Report) Log(name string, lines ...string) {
	r.logs.Lock()
	defer r.logs.Unlock()
	if r.queue != nil && !r.queue.waitForRoom(len(lines)) {
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

// DropLogs stops Log from waiting: lines for which there is no room are dropped and
// counted.
func (r *Report) DropLogs() {
	if r.queue != nil {
		r.queue.DropLogs()
	}
}

// print writes text line by line. The word comes before the first line, in the colour if
// the console has colours.
func (r *Report) print(colour, word, text string) {
	r.buffer = plaintext.AppendLines(r.buffer[:0], "", r.screen.paint(colour, word)+r.masks.Hide(text))
	r.write()
}

// write writes the buffered lines to the console, above the status line if there is one.
func (r *Report) write() {
	r.printed = time.Now()
	r.screen.clear(r.out)
	r.out.Write(r.buffer)
	if cap(r.buffer) > maxReusedBuffer {
		r.buffer = nil
	}
	r.screen.draw(r.out)
}

// Error prints an error and annotates it.
func (r *Report) Error(n event.Note) { r.annotate("error", n) }

// Warning prints a warning and annotates it.
func (r *Report) Warning(n event.Note) { r.annotate("warning", n) }

// Notice prints a note about what the step corrected, dropped or left out. It is no
// annotation.
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

// reportDropped prints how many log lines were dropped, and how many annotations GitHub
// does not show.
func (r *Report) reportDropped() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queue != nil && r.queue.Dropped() > 0 {
		r.print("", "", fmt.Sprintf("log lines not printed, because the console was not read: %d", r.queue.Dropped()))
	}
	for _, level := range []string{"error", "warning"} {
		if more := r.counts[level] - annotationLimit; r.github && more > 0 {
			r.print("", "", fmt.Sprintf("%d more %ss are only in the lines above: the runner shows %d annotations of each "+
				"level", more, level, annotationLimit))
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

// title removes the characters that properties of workflow commands escape, because Gitea
// does not unescape them.
func title(text string) string {
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || strings.ContainsRune(":,%\r\n", c) })
	return strings.Join(words, " ")
}

// Hide returns the text with registered secrets replaced.
func (r *Report) Hide(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.masks.Hide(text)
}
