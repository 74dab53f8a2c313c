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
		{"three", &statusError{code: 502}, 3, 4, 3500 * time.Millisecond, 10500 * time.Millisecond, false},
		{"for ever", stalled(time.Second), 9, 4, 3500 * time.Millisecond, 10500 * time.Millisecond, true},
		{"not transient", &statusError{code: 403}, 9, 1, 0, 0, true},
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
		if attempts, err := retry(ctx, time.Hour, func() error { return io.EOF }); attempts != 1 || err != io.EOF || time.Since(start) != time.Minute {
			t.Errorf("retry(until stopped) = %d, %v after %s, want 1, EOF after 1m", attempts, err, time.Since(start))
		}
	})
}

func TestTransient(t *testing.T) {
	for _, test := range []struct {
		in   error
		want bool
	}{
		{&statusError{code: 401}, false},
		{&statusError{code: 403}, false},
		{&statusError{code: 404}, false},
		{&statusError{code: 429}, true},
		{&statusError{code: 500}, true},
		{&net.DNSError{IsNotFound: true}, false},
		{&net.DNSError{IsTemporary: true}, true},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true},
		{&net.OpError{Op: "dial", Err: syscall.ENOENT}, false},
		{fmt.Errorf("x: %w", errTruncated), true},
		{refusal("not our ref"), false},
		{overLimit(1), false},
		{fmt.Errorf("ssh: %w", errHostKey), false},
		{errors.New("anything else"), false},
	} {
		if got := transient(test.in); got != test.want {
			t.Errorf("transient(%v) = %t, want %t", test.in, got, test.want)
		}
	}
}
