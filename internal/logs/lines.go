package logs

import (
	"bytes"
	"io"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// maxLines is the number of last lines that are stored of each log, for the diagnosis and
// the result. maxLineSize is the stored part of a line, in bytes.
const (
	maxLines    = 50
	maxLineSize = 4 << 10
)

// lastLines stores the last lines of a log. The zero value is empty.
type lastLines struct {
	ring []string
	next int // index of the next line when the ring is full
}

// add adds lines. It copies them, so that their memory can be freed.
func (l *lastLines) add(lines []string) {
	for _, line := range lines[max(0, len(lines)-maxLines):] {
		line = strings.Clone(strings.ToValidUTF8(line[:min(len(line), maxLineSize)], ""))
		if len(l.ring) < maxLines {
			l.ring = append(l.ring, line)
			continue
		}
		l.ring[l.next] = line
		l.next = (l.next + 1) % maxLines
	}
}

// all returns the lines, oldest first.
func (l *lastLines) all() []string {
	return append(append([]string(nil), l.ring[l.next:]...), l.ring[:l.next]...)
}

// lineWriter emits the output of a container in whole lines. Close emits the last line if
// it has no line end. It is not safe for concurrent use.
type lineWriter struct {
	emit  func(lines []string)
	ended func() // called by Close
	rest  []byte // the line that has not ended
}

// maxPending is the size from which a line without an end is emitted in parts, in bytes.
const maxPending = 1 << 20

var _ io.WriteCloser = (*lineWriter)(nil)

func (w *lineWriter) Write(text []byte) (int, error) {
	w.rest = append(w.rest, text...)
	if end := bytes.LastIndexByte(w.rest, '\n'); end >= 0 {
		w.emit(strings.Split(string(w.rest[:end]), "\n"))
		w.rest = append(w.rest[:0], w.rest[end+1:]...)
	}
	if len(w.rest) >= maxPending {
		w.flush()
	}
	return len(text), nil
}

func (w *lineWriter) Close() error {
	w.flush()
	w.ended()
	return nil
}

func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.emit([]string{string(w.rest)})
		w.rest = nil
	}
}

func messages(events []tail.Event) []string {
	lines := make([]string, len(events))
	for i, e := range events {
		lines[i] = e.Message
	}
	return lines
}
