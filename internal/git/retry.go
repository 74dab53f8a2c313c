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
)

const maxAttempts = 4

// retry calls f until it succeeds, fails for good, or has been called
// maxAttempts times. It waits backoff after the first failure, and twice as
// long after each further one, with some chance in it. It returns how often it
// called f.
func retry(ctx context.Context, backoff time.Duration, f func() error) (int, error) {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || attempt == maxAttempts || !transient(err) || ctx.Err() != nil {
			return attempt, err
		}
		wait := backoff/2 + rand.N(backoff)
		backoff *= 2
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return attempt, err
		}
	}
}

// transient says whether the same may succeed a moment later: a fault of the
// network or of the server, not one of the request.
func transient(err error) bool {
	var (
		status  *statusError
		dns     *net.DNSError
		network net.Error
		quiet   stalled
	)
	switch {
	case errors.As(err, &status):
		return status.code >= http.StatusInternalServerError || status.code == http.StatusTooManyRequests
	case errors.As(err, &dns):
		return !dns.IsNotFound
	case errors.As(err, &quiet), errors.Is(err, errTruncated), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	}
	for _, code := range []error{syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE, syscall.ENETUNREACH, syscall.EHOSTUNREACH} {
		if errors.Is(err, code) {
			return true
		}
	}
	return errors.As(err, &network) && network.Timeout()
}
