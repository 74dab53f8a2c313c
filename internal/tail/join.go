package tail

import "time"

// The lengths in bytes at which Docker cuts a line: its default, and the one of its
// awslogs driver, which is also that of Fargate. All pieces have the time of the first. A
// piece can be up to 3 bytes shorter, because characters are not cut.
//
// https://github.com/moby/moby/blob/master/daemon/logger/copier.go
// https://github.com/moby/moby/blob/master/daemon/logger/awslogs/cloudwatchlogs.go
const (
	copierCut  = 16 << 10
	awslogsCut = 256<<10 - 26
)

// maxLine is the length in bytes at which no more pieces are joined to a line.
const maxLine = 1 << 20

// joiner joins the pieces into which Docker cut a long line. Events do not say that they
// are pieces. An event counts as one if it has the length of a piece and the next event
// has the same time. The zero value is ready to use.
type joiner struct {
	time time.Time
	line []byte // the pieces so far; empty if no line is incomplete
}

// add appends to lines the lines that e completes.
func (j *joiner) add(lines []Event, e Event) []Event {
	if len(j.line) == 0 && !isPiece(e.Message) {
		return append(lines, e)
	}
	if len(j.line) > 0 && (!e.Time.Equal(j.time) || len(j.line) >= maxLine) {
		return j.add(j.flush(lines), e)
	}
	j.time = e.Time
	j.line = append(j.line, e.Message...)
	if isPiece(e.Message) {
		return lines
	}
	return j.flush(lines)
}

// flush appends the incomplete line to lines, if there is one.
func (j *joiner) flush(lines []Event) []Event {
	if len(j.line) == 0 {
		return lines
	}
	lines = append(lines, Event{j.time, string(j.line)})
	j.line = j.line[:0]
	return lines
}

// isPiece reports whether a message has the length of a piece.
func isPiece(message string) bool {
	n := len(message)
	return copierCut-3 <= n && n <= copierCut || awslogsCut-3 <= n && n <= awslogsCut
}
