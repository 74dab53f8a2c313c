package tail

import "time"

// The lengths in bytes at which Docker's copier cuts a line: its default, and what
// its awslogs driver, like Fargate's, asks for. The pieces have the first one's time.
// A piece can be up to 3 bytes shorter, as characters stay whole.
//
// https://github.com/moby/moby/blob/master/daemon/logger/copier.go
// https://github.com/moby/moby/blob/master/daemon/logger/awslogs/cloudwatchlogs.go
const (
	copierCut  = 16 << 10
	awslogsCut = 256<<10 - 26
)

// maxLine is the length in bytes from which a line is not joined any further.
const maxLine = 1 << 20

// joiner makes whole lines of the pieces that Docker cut them into. Nothing in an
// event says that it is a piece: it is taken for one if it has the length of a piece
// and the next event has the very same time. The zero value is ready for use.
type joiner struct {
	time time.Time
	line []byte // the pieces so far; empty if none is waiting for its next
}

// add appends to lines those that e completes.
func (j *joiner) add(lines []Event, e Event) []Event {
	if len(j.line) == 0 && !cut(e.Message) {
		return append(lines, e)
	}
	if len(j.line) > 0 && (!e.Time.Equal(j.time) || len(j.line) >= maxLine) {
		return j.add(j.flush(lines), e)
	}
	j.time = e.Time
	j.line = append(j.line, e.Message...)
	if cut(e.Message) {
		return lines
	}
	return j.flush(lines)
}

// flush appends to lines the line that is waiting, if any.
func (j *joiner) flush(lines []Event) []Event {
	if len(j.line) == 0 {
		return lines
	}
	lines = append(lines, Event{j.time, string(j.line)})
	j.line = j.line[:0]
	return lines
}

// cut reports whether a message has the length of a piece.
func cut(message string) bool {
	n := len(message)
	return copierCut-3 <= n && n <= copierCut || awslogsCut-3 <= n && n <= awslogsCut
}
