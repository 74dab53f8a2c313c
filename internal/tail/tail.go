// Package tail follows CloudWatch Logs streams from their heads to their ends. It passes
// on each event exactly once, in the order of the stream.
//
// It never drops or reorders events, never holds more than one page and one line of a
// stream, and never prints. It does not know ECS: the caller says which streams exist and
// when their containers ended.
package tail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Follower reads streams. It can read several at the same time.
type Follower struct {
	API API

	// Rule says when a log is complete.
	Rule Rule

	// Every is the time between polls. 0 means up to 2s while lines come, and up to 5s
	// after 10s without a line.
	Every time.Duration

	// Cap bounds the time in which the end of the stream is not reached, because calls
	// fail or pages have no end. It counts from when Follow learned that the container
	// ended, and again from every later line, so that it never stops a stream that still
	// has lines. 0 means 30s.
	Cap time.Duration

	// Pacer limits the rate of calls. Followers of one account and region share one. nil
	// means a separate Pacer for each stream.
	Pacer *Pacer

	// Local converts a time of AWS's clock to this machine's clock. nil means that the
	// clocks agree.
	Local func(time.Time) time.Time
}

// Follow reads stream until the container has ended and its log is complete. It starts at
// token, which is one that Follow returned, or empty for the head. It calls emit with the
// events of each page that has any.
//
// ends delivers information about the end of the container, and may do so several times.
// Until the container has ended, a stream that does not exist, throttling, server errors,
// broken connections and expired credentials are retried, at a lower rate.
//
// The pieces of a line that Docker cut are joined, up to 1 MiB.
//
// Follow calls emit on the goroutine of its caller. The slice is valid until emit
// returns. Follow returns the token after the last event. Its error wraps ErrDenied,
// ErrNoGroup, ErrNoStream or ErrIncomplete, or is the context's error.
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
	p := pace{rule: f.Rule, every: f.Every, patience: orDefault(f.Cap, 30*time.Second)}
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
				if end.CutOff && p.every != cutOffInterval {
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
		got, err := r.next(ctx)
		if len(r.events) > 0 {
			emit(r.events)
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("follow log stream %s: %w", r.stream, context.Cause(ctx))
		case errors.Is(err, ErrDenied):
			return fmt.Errorf("read log stream %s: %w", r.stream, err)
		}
		due = p.after(began, got, r.ingested)
		switch {
		case p.complete(began, got):
			if got == absent {
				return fmt.Errorf("read log stream %s: %w", r.stream, err)
			}
			return nil
		case p.overdue():
			if err == nil {
				err = errors.New("the pages of the stream have no end")
			}
			return fmt.Errorf("read log stream %s: %w: %w", r.stream, ErrIncomplete, err)
		}
	}
}
