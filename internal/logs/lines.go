package logs

import (
	"bytes"
	"io"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// keptLines is how many lines of each container's log are kept for the diagnosis
// and the report, and keptBytes how much of each.
const (
	keptLines = 50
	keptBytes = 4 << 10
)

// lastLines are the last lines of a log. The zero value has none.
type lastLines struct {
	ring []string
	next int // where the next line goes, once the ring is full
}

// add takes in lines. It keeps no memory but what it holds.
func (l *lastLines) add(lines []string) {
	for _, line := range lines[max(0, len(lines)-keptLines):] {
		line = strings.Clone(strings.ToValidUTF8(line[:min(len(line), keptBytes)], ""))
		if len(l.ring) < keptLines {
			l.ring = append(l.ring, line)
			continue
		}
		l.ring[l.next] = line
		l.next = (l.next + 1) % keptLines
	}
}

// all returns the lines, oldest first.
func (l *lastLines) all() []string {
	return append(append([]string(nil), l.ring[l.next:]...), l.ring[:l.next]...)
}

// lineWriter hands on what a container writes in whole lines. Close hands on a
// last one that has no end. It is not safe for several goroutines.
type lineWriter struct {
	emit  func(lines []string)
	ended func() // called by Close
	rest  []byte // of a line that has not ended
}

// longestLine is how many bytes of a line are held that does not end.
const longestLine = 1 << 20

var _ io.WriteCloser = (*lineWriter)(nil)

func (w *lineWriter) Write(text []byte) (int, error) {
	w.rest = append(w.rest, text...)
	if end := bytes.LastIndexByte(w.rest, '\n'); end >= 0 {
		w.emit(strings.Split(string(w.rest[:end]), "\n"))
		w.rest = append(w.rest[:0], w.rest[end+1:]...)
	}
	if len(w.rest) >= longestLine {
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
