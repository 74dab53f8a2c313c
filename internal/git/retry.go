package git

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/server"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

const maxAttempts = 4

// retry calls f until it succeeds, fails with a permanent error, or has been called maxAttempts
// times. It waits about backoff after the first failure, and twice as long after each further
// one, with jitter. It returns how often it called f.
func retry(ctx context.Context, backoff time.Duration, f func() error) (int, error) {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || attempt == maxAttempts || !transient(err) || ctx.Err() != nil {
			return attempt, err
		}
		wait := backoff/2 + rand.N(backoff)
		backoff *= 2
		if !sleep.For(ctx, wait) {
			return attempt, err
		}
	}
}

// transient reports whether the same request may succeed later: an error of the network or of
// the server, not one of the request.
func transient(err error) bool {
	var (
		status  *server.StatusError
		dns     *net.DNSError
		network net.Error
		quiet   server.Stalled
	)
	switch {
	case errors.As(err, &status):
		return status.Code >= http.StatusInternalServerError || status.Code == http.StatusTooManyRequests
	case errors.As(err, &dns):
		return !dns.IsNotFound
	case errors.As(err, &quiet), errors.Is(err, objects.ErrTruncated), errors.Is(err, io.EOF), errors.Is(err,
		io.ErrUnexpectedEOF):
		return true
	}
	for _, code := range []error{syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE, syscall.ENETUNREACH,
		syscall.EHOSTUNREACH} {
		if errors.Is(err, code) {
			return true
		}
	}
	return errors.As(err, &network) && network.Timeout()
}
