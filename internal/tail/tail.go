// Package tail follows one CloudWatch Logs stream from its head to its end and
// hands on every event once, in the stream's order.
//
// It never drops or moves an event, never holds more than one page and one line,
// never prints, and knows nothing of ECS: the caller says which stream it is and
// when its container stopped.
package tail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

var (
	// ErrDenied is returned at once when the credentials may not read the
	// stream. The error that it comes with names the missing action.
	ErrDenied = errors.New("access denied")

	// ErrNoGroup is returned after the container stopped if the log group
	// does not exist.
	ErrNoGroup = errors.New("no such log group")

	// ErrNoStream is returned after the container stopped if the stream does
	// not exist: the container never ran, or never reached its logger.
	ErrNoStream = errors.New("no such log stream")

	// ErrIncomplete is returned after the container stopped if the end of the
	// stream could not be reached in time. The error that it comes with says
	// what was in the way. What was emitted before is good.
	ErrIncomplete = errors.New("the end of the log was not reached")
)

// API is the part of CloudWatch Logs that a Follower calls. *cloudwatchlogs.Client
// has it.
type API interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// Stream names a log stream. Its region and account are those of the client.
type Stream struct {
	Group string
	Name  string
}

// String returns the stream's name and its group's.
func (s Stream) String() string { return fmt.Sprintf("%s of log group %s", s.Name, s.Group) }

// Event is one line of a log; with a multi-line pattern, or from a program that
// logs by itself, its message may hold line breaks.
type Event struct {
	Time    time.Time // when the line was written, in milliseconds
	Message string
}

// Follower reads streams. One Follower can read several at the same time.
type Follower struct {
	API API

	// Quiet is how long after the container stopped lines may still come in:
	// the end is what is there after that. 0 means 12s, in which the slowest
	// log driver has written its last batch.
	Quiet time.Duration

	// Cap is how long to go on when the end does not come because calls fail
	// or pages do not settle. It counts from when Follow learned that the
	// container stopped, and anew from every line that comes later, so it
	// never cuts off a stream that still yields lines. 0 means 30s; less than
	// Quiet means Quiet.
	Cap time.Duration

	// Pacer spaces the calls. Followers of one account and region share
	// one. nil means one of its own for each stream.
	Pacer *Pacer
}

// Follow reads stream from its head and calls emit with the events of each page
// that has any, until the container has stopped and the end has been quiet.
//
// The time that done yields is when the container stopped; if done is closed, or
// yields the zero time, or one that is yet to come, it is the time at which
// Follow learns of it. Until then a stream that does not exist yet, throttling,
// server errors, cut connections and expired credentials only slow the pace.
//
// Lines that Docker cut because of their length are joined up to 1 MiB.
//
// Follow calls emit on its own goroutine, and the slice is only good until emit
// returns. It returns ErrDenied, ErrNoGroup, ErrNoStream or ErrIncomplete, each
// wrapped, or the context's error.
func (f Follower) Follow(ctx context.Context, stream Stream, done <-chan time.Time, emit func([]Event)) error {
	r := reader{api: f.API, pacer: f.Pacer, stream: stream}
	if r.pacer == nil {
		r.pacer = new(Pacer)
	}
	defer func() {
		if rest := r.lines.flush(r.events[:0]); len(rest) > 0 {
			emit(rest)
		}
	}()
	p := pace{quiet: positive(f.Quiet, 12*time.Second), limit: positive(f.Cap, 30*time.Second)}
	for {
		began := time.Now()
		what, err := r.next(ctx)
		if len(r.events) > 0 {
			emit(r.events)
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("follow log stream %s: %w", stream, context.Cause(ctx))
		case errors.Is(err, ErrDenied):
			return fmt.Errorf("read log stream %s: %w", stream, err)
		}
		pause := p.after(what)
		switch {
		case p.ended(began):
			if what == absent {
				return fmt.Errorf("read log stream %s: %w", stream, err)
			}
			return nil
		case p.overdue():
			if err == nil {
				err = errors.New("the stream does not settle")
			}
			return fmt.Errorf("read log stream %s: %w: %w", stream, ErrIncomplete, err)
		}

		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case at := <-done:
			done = nil
			p.stop(at)
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
