package report

import (
	"errors"
	"io"
	"sync"
	"syscall"
	"time"
)

// maxReusedBuffer is the largest capacity of a buffer that is used again, in bytes.
const maxReusedBuffer = 4 << 20

// Queue writes to a stream on a goroutine of its own, so that a slow or missing reader
// delays only the reading of logs. Data that the stream does not accept, because its reader
// is gone or its disk is full, is discarded.
//
// Write never blocks, never fails and drops nothing. [Report.Log] blocks while the queue is
// full. The methods may be called from several goroutines.
type Queue struct {
	out io.Writer

	mu      sync.Mutex
	changed sync.Cond
	text    []byte    // not being written yet
	writing int       // bytes that are being written
	taken   time.Time // when the stream last accepted bytes, or a batch began
	drop    bool      // log lines are dropped if there is no room
	dropped int       // number of dropped log lines
	until   time.Time // deadline of Close; zero without one
	closed  bool
}

const (
	// queueLimit is the size of the queue, in bytes, from which log lines have to wait.
	queueLimit = 1 << 20

	// queueChunk is the largest write to the stream, in bytes.
	queueChunk = 16 << 10

	// stallTimeout is how long the stream may accept nothing before Close gives up.
	stallTimeout = time.Minute

	// busyPause is the time between attempts to write to a non-blocking stream that is
	// full.
	busyPause = 10 * time.Millisecond
)

// NewQueue returns a queue that writes to out. Its goroutine ends after Close, as soon as
// the current write to out returns.
func NewQueue(out io.Writer) *Queue {
	q := &Queue{out: out, taken: time.Now()}
	q.changed.L = &q.mu
	go q.run()
	return q
}

// Write adds text to the queue. The text must consist of whole lines.
func (q *Queue) Write(text []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.text = append(q.text, text...)
		q.changed.Broadcast()
	}
	return len(text), nil
}

// run writes the queue to the stream until it is closed and empty.
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
		if cap(batch) > maxReusedBuffer {
			batch = nil
		}
	}
}

// write writes a batch of whole lines. After an error it discards the rest of the batch: a
// part of a log line could be a command to the CI's runner.
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

// waitForRoom waits until the queue has room for log lines. It returns false, and counts
// the lines as dropped, if there is no room and log lines are not waited for any more.
func (q *Queue) waitForRoom(lines int) bool {
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

// pending returns the number of bytes that the stream has not accepted yet. The caller
// holds mu.
func (q *Queue) pending() int { return len(q.text) + q.writing }

// busy reports whether the stream has not accepted everything yet.
func (q *Queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending() > 0
}

// DropLogs drops log lines from now on when the queue has no room for them.
func (q *Queue) DropLogs() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop = true
	q.changed.Broadcast()
}

// Dropped returns the number of dropped log lines.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// CloseBy calls DropLogs and sets the deadline of Close, even if Close is already waiting.
func (q *Queue) CloseBy(until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop, q.until = true, until
	q.changed.Broadcast()
}

// Close waits until everything is written, until the deadline of CloseBy or, without one,
// until the stream has accepted nothing for a minute. It returns the number of bytes that
// were not written.
func (q *Queue) Close() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
	for q.pending() > 0 {
		until := q.until
		if until.IsZero() {
			until = q.taken.Add(stallTimeout)
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
