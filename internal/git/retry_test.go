package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/git/knownhosts"
	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/server"
)

func TestRetry(t *testing.T) {
	for _, test := range []struct {
		name       string
		fault      error
		faults     int
		want       int
		from, to   time.Duration // how long it takes
		wantsFault bool
	}{
		{"no fault", io.ErrUnexpectedEOF, 0, 1, 0, 0, false},
		{"one", io.ErrUnexpectedEOF, 1, 2, 500 * time.Millisecond, 1500 * time.Millisecond, false},
		{"three", &server.StatusError{Code: 502}, 3, 4, 3500 * time.Millisecond, 10500 * time.Millisecond, false},
		{"for ever", server.Stalled(time.Second), 9, 4, 3500 * time.Millisecond, 10500 * time.Millisecond, true},
		{"not transient", &server.StatusError{Code: 403}, 9, 1, 0, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			start, calls := time.Now(), 0
			attempts, err := retry(t.Context(), time.Second, func() error {
				if calls++; calls <= test.faults {
					return test.fault
				}
				return nil
			})
			took := time.Since(start)
			if attempts != test.want || calls != test.want || (err != nil) != test.wantsFault {
				t.Errorf("retry(%s) = %d, %v after %d calls, want %d", test.name, attempts, err, calls, test.want)
			}
			if took < test.from || took > test.to {
				t.Errorf("retry(%s) took %s, want %s to %s", test.name, took, test.from, test.to)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if attempts, err := retry(ctx, time.Hour, func() error { return io.EOF }); attempts != 1 || err != io.EOF ||
			time.Since(start) != time.Minute {
			t.Errorf("retry(until stopped) = %d, %v after %s, want 1, EOF after 1m", attempts, err, time.Since(start))
		}
	})
}

func TestTransient(t *testing.T) {
	for _, test := range []struct {
		in   error
		want bool
	}{
		{&server.StatusError{Code: 401}, false},
		{&server.StatusError{Code: 403}, false},
		{&server.StatusError{Code: 404}, false},
		{&server.StatusError{Code: 429}, true},
		{&server.StatusError{Code: 500}, true},
		{&net.DNSError{IsNotFound: true}, false},
		{&net.DNSError{IsTemporary: true}, true},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true},
		{&net.OpError{Op: "dial", Err: syscall.ENOENT}, false},
		{fmt.Errorf("x: %w", objects.ErrTruncated), true},
		{server.Refusal("not our ref"), false},
		{objects.OverLimit(1), false},
		{fmt.Errorf("ssh: %w", knownhosts.ErrUntrusted), false},
		{errors.New("anything else"), false},
	} {
		if got := transient(test.in); got != test.want {
			t.Errorf("transient(%v) = %t, want %t", test.in, got, test.want)
		}
	}
}
