package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
)

// patience is how long an answer may take before that is reported.
const patience = 3 * time.Second

// silence reports that an endpoint does not answer, long before the calls have failed, which
// are made again for most of a minute. Each host is reported once, until it answers.
type silence struct {
	emit event.Sink

	mu    sync.Mutex
	hosts map[string]*silent // that have not answered since
}

// silent is how a host that does not answer is known.
type silent struct {
	failures int // attempts in a row that had no answer
	reported bool
}

func newSilence(emit event.Sink) *silence {
	return &silence{emit: emit, hosts: map[string]*silent{}}
}

// middleware watches each attempt of a call.
func (s *silence) middleware(stack *middleware.Stack) error {
	watch := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return next.HandleDeserialize(ctx, in)
		}
		host := request.URL.Host
		timer := time.AfterFunc(patience, func() {
			if ctx.Err() == nil {
				s.report(host, "after "+event.Duration(patience), "waiting")
			}
		})
		out, metadata, err := next.HandleDeserialize(ctx, in)
		timer.Stop()
		var unsent *smithyhttp.RequestSendError
		switch {
		case !errors.As(err, &unsent):
			s.answered(host)
		case ctx.Err() == nil:
			s.failed(host, unsent.Err)
		}
		return out, metadata, err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Silence", watch), middleware.Before)
}

// failed takes in an attempt that had no answer. One alone is no news: connections break.
func (s *silence) failed(host string, err error) {
	s.mu.Lock()
	h := s.of(host)
	h.failures++
	news := h.failures > 1
	s.mu.Unlock()
	if news {
		s.report(host, innermost(err).Error(), "trying again")
	}
}

func (s *silence) answered(host string) {
	s.mu.Lock()
	h := s.hosts[host]
	delete(s.hosts, host)
	s.mu.Unlock()
	if h != nil && h.reported {
		s.emit.Printf("%s answers", host)
	}
}

// report says once that a host does not answer.
func (s *silence) report(host, why, then string) {
	s.mu.Lock()
	h := s.of(host)
	news := !h.reported
	h.reported = true
	s.mu.Unlock()
	if news {
		s.emit.Printf("no answer from %s yet (%s): %s", host, why, then)
	}
}

// of returns what is known of a host; the caller has the lock.
func (s *silence) of(host string) *silent {
	h := s.hosts[host]
	if h == nil {
		h = &silent{}
		s.hosts[host] = h
	}
	return h
}

// innermost returns the first of the causes of an error.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
