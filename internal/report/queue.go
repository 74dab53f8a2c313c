package report

import (
	"errors"
	"io"
	"sync"
	"syscall"
	"time"
)

// keptBuffer is how large a buffer is kept for the next lines.
const keptBuffer = 4 << 20

// Queue writes to a stream on a goroutine of its own, so that a reader which is slow, or
// gone, delays nothing but the reading of logs. What the stream does not take, since its
// reader is gone or its disk is full, is discarded.
//
// Write never waits, never fails and drops nothing. Log lines wait for their turn, see
// [Report.Log]. The methods may be called from several goroutines.
type Queue struct {
	out io.Writer

	mu      sync.Mutex
	changed sync.Cond
	text    []byte    // that is to be written
	writing int       // bytes that are being written
	taken   time.Time // when the stream last took something, or had nothing to take
	drop    bool      // log lines do not wait any more
	dropped int       // of them
	until   time.Time // by when Close returns; zero if there is no such time
	closed  bool
}

const (
	// queueLimit is how many bytes may wait before log lines do.
	queueLimit = 1 << 20

	// queueChunk is how many bytes one call writes at the most.
	queueChunk = 16 << 10

	// stalled is how long a stream takes nothing until Close gives it up.
	stalled = time.Minute

	// busyPause is the wait before the next try where a stream that does not block is full.
	busyPause = 10 * time.Millisecond
)

// NewQueue returns a queue in front of a stream. Its goroutine ends with Close, or when
// the stream returns from a write after that.
func NewQueue(out io.Writer) *Queue {
	q := &Queue{out: out, taken: time.Now()}
	q.changed.L = &q.mu
	go q.run()
	return q
}

// Write takes in text of whole lines.
func (q *Queue) Write(text []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.text = append(q.text, text...)
		q.changed.Broadcast()
	}
	return len(text), nil
}

// run writes what is in the queue until it is closed and empty.
func (q *Queue) run() {
	var batch []byte
	for {
		q.mu.Lock()
		for len(q.text) == 0 && !q.closed {
			q.changed.Wait()
		}
		if len(q.text) == 0 {
			q.mu.Unlock()
			return
		}
		batch, q.text = q.text, batch[:0]
		q.writing, q.taken = len(batch), time.Now()
		q.mu.Unlock()
		q.write(batch)
		if cap(batch) > keptBuffer {
			batch = nil
		}
	}
}

// write writes a batch of whole lines. After an error the rest of it is discarded as a
// whole: what begins within a line of a log might be a command to the CI's runner.
func (q *Queue) write(batch []byte) {
	for len(batch) > 0 {
		n, err := q.out.Write(batch[:min(len(batch), queueChunk)])
		batch = batch[n:]
		switch {
		case errors.Is(err, syscall.EAGAIN):
			time.Sleep(busyPause)
		case err != nil:
			batch = nil
		}
		q.mu.Lock()
		if q.writing = len(batch); n > 0 || err == nil {
			q.taken = time.Now()
		}
		q.changed.Broadcast()
		q.mu.Unlock()
	}
}

// room waits until there is room for lines of a log. It returns false, and counts the
// lines, if there is none and log lines do not wait any more.
func (q *Queue) room(lines int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.pending() >= queueLimit {
		if q.drop || q.closed {
			q.dropped += lines
			return false
		}
		q.changed.Wait()
	}
	return true
}

// pending returns how many bytes the stream has still to take.
func (q *Queue) pending() int { return len(q.text) + q.writing }

// busy reports whether the stream has still to take something.
func (q *Queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending() > 0
}

// DropLogs has log lines wait no more: those that there is no room for are dropped.
func (q *Queue) DropLogs() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop = true
	q.changed.Broadcast()
}

// Dropped returns how many log lines were dropped.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// CloseBy is DropLogs, and has Close return by a time, also if it was called before.
func (q *Queue) CloseBy(until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop, q.until = true, until
	q.changed.Broadcast()
}

// Close returns when everything has been written; at the latest by the time that CloseBy
// set, or else when the stream has taken nothing for a minute. It returns how many bytes
// were not written.
func (q *Queue) Close() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
	for q.pending() > 0 {
		until := q.until
		if until.IsZero() {
			until = q.taken.Add(stalled)
		}
		wait := time.Until(until)
		if wait <= 0 {
			break
		}
		timer := time.AfterFunc(wait, q.changed.Broadcast)
		q.changed.Wait()
		timer.Stop()
	}
	left := q.pending()
	q.text = nil
	return left
}
