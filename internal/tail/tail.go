// Package tail follows CloudWatch Logs streams from their heads to their ends and
// hands on every event of each once, in the stream's order.
//
// It never drops or moves an event, never holds more than one page and one line of a
// stream, never prints, and knows nothing of ECS: the caller says which streams there
// are and when their containers ended.
package tail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

var (
	// ErrDenied is returned at once when the credentials may not read the
	// stream. The error that it comes with names the missing action.
	ErrDenied = errors.New("access denied")

	// ErrNoGroup is returned after the container ended if the log group
	// does not exist.
	ErrNoGroup = errors.New("no such log group")

	// ErrNoStream is returned after the container ended if the stream does
	// not exist: the container never ran, or never reached its logger.
	ErrNoStream = errors.New("no such log stream")

	// ErrIncomplete is returned after the container ended if the end of the
	// stream could not be reached in time. The error that it comes with says
	// what was in the way. What was emitted before is good.
	ErrIncomplete = errors.New("the end of the log was not reached")
)

// API is the part of CloudWatch Logs that a Follower calls. *cloudwatchlogs.Client
// has it.
type API interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput,
		...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
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

	// Rule says when a log is complete.
	Rule Rule

	// Every is the time from poll to poll. 0 means up to 2s while lines come, and up to
	// 5s once there was none for 10s.
	Every time.Duration

	// Cap is how long to go on when the end does not come because calls fail
	// or pages do not settle. It counts from when Follow learned that the
	// container ended, and anew from every line that comes later, so it
	// never cuts off a stream that still yields lines. 0 means 30s.
	Cap time.Duration

	// Pacer spaces the calls. Followers of one account and region share
	// one. nil means one of its own for each stream.
	Pacer *Pacer

	// Local returns a time by this machine's clock for one by AWS's. nil means that
	// they agree.
	Local func(time.Time) time.Time
}

// Follow reads stream from token, which may be one that Follow returned, or empty for
// its head, and calls emit with the events of each page that has any, until the
// container has ended and its log is complete.
//
// What ends yields is what is known of the end of the container; it may yield more
// than once. Until the container has ended, a stream that does not exist yet,
// throttling, server errors, cut connections and expired credentials only slow the pace.
//
// Lines that Docker cut because of their length are joined up to 1 MiB.
//
// Follow calls emit on its own goroutine, and the slice is only good until emit
// returns. It returns the token after the last event, and ErrDenied, ErrNoGroup,
// ErrNoStream or ErrIncomplete, each wrapped, or the context's error.
func (f Follower) Follow(
	ctx context.Context, stream Stream, token string, ends <-chan End, emit func([]Event),
) (string, error) {
	r := reader{api: f.API, pacer: f.Pacer, stream: stream, local: f.Local}
	if token != "" {
		r.token = &token
	}
	if r.pacer == nil {
		r.pacer = new(Pacer)
	}
	if r.local == nil {
		r.local = func(at time.Time) time.Time { return at }
	}
	err := f.follow(ctx, &r, ends, emit)
	if rest := r.lines.flush(r.events[:0]); len(rest) > 0 {
		emit(rest)
	}
	return aws.ToString(r.token), err
}

func (f Follower) follow(ctx context.Context, r *reader, ends <-chan End, emit func([]Event)) error {
	p := pace{rule: f.Rule, every: f.Every, patience: positive(f.Cap, 30*time.Second)}
	due := time.Now()
	var began time.Time // the last call
	ended := func() bool {
		select {
		case end := <-ends:
			p.stop(end)
		default:
		}
		return p.ended()
	}
	for {
		for wait := time.Until(due); wait > 0; wait = time.Until(due) {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case end := <-ends:
				if end.CutOff && p.every != dense {
					due = time.Now()
				}
				p.stop(end)
				due = earlier(due, p.next(began))
			case <-ctx.Done():
			}
			timer.Stop()
			if ctx.Err() != nil {
				return fmt.Errorf("follow log stream %s: %w", r.stream, context.Cause(ctx))
			}
		}
		if r.pacer.wait(ctx, ended) != nil {
			return fmt.Errorf("follow log stream %s: %w", r.stream, context.Cause(ctx))
		}
		began = time.Now()
		what, err := r.next(ctx)
		if len(r.events) > 0 {
			emit(r.events)
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("follow log stream %s: %w", r.stream, context.Cause(ctx))
		case errors.Is(err, ErrDenied):
			return fmt.Errorf("read log stream %s: %w", r.stream, err)
		}
		due = p.after(began, what, r.taken)
		switch {
		case p.complete(began, what):
			if what == absent {
				return fmt.Errorf("read log stream %s: %w", r.stream, err)
			}
			return nil
		case p.overdue():
			if err == nil {
				err = errors.New("the stream does not settle")
			}
			return fmt.Errorf("read log stream %s: %w: %w", r.stream, ErrIncomplete, err)
		}
	}
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
