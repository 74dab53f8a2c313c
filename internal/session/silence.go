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

// responseDelay is the time after which a missing response is reported.
const responseDelay = 3 * time.Second

// silence reports that an endpoint does not respond. The calls themselves fail only after
// most of a minute, because they are retried. Each host is reported once, until it
// responds.
type silence struct {
	emit event.Sink

	mu    sync.Mutex
	hosts map[string]*silent // hosts without a response
}

// silent is the state of a host that does not respond.
type silent struct {
	failures int // consecutive attempts without a response
	reported bool
}

func newSilence(emit event.Sink) *silence {
	return &silence{emit: emit, hosts: map[string]*silent{}}
}

// middleware measures each attempt of a call.
func (s *silence) middleware(stack *middleware.Stack) error {
	watch := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return next.HandleDeserialize(ctx, in)
		}
		host := request.URL.Host
		timer := time.AfterFunc(responseDelay, func() {
			if ctx.Err() == nil {
				s.report(host, "after "+event.Duration(responseDelay), "waiting")
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

// failed records an attempt without a response. A single one is not reported, because
// connections can break.
func (s *silence) failed(host string, err error) {
	s.mu.Lock()
	h := s.of(host)
	h.failures++
	report := h.failures > 1
	s.mu.Unlock()
	if report {
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

// report prints once that a host does not respond.
func (s *silence) report(host, why, then string) {
	s.mu.Lock()
	h := s.of(host)
	report := !h.reported
	h.reported = true
	s.mu.Unlock()
	if report {
		s.emit.Printf("no answer from %s yet (%s): %s", host, why, then)
	}
}

// of returns the state of a host. The caller holds mu.
func (s *silence) of(host string) *silent {
	h := s.hosts[host]
	if h == nil {
		h = &silent{}
		s.hosts[host] = h
	}
	return h
}

// innermost returns the innermost cause of an error.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
