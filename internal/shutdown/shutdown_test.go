package shutdown_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
)

func TestInterrupted(t *testing.T) {
	for signal, want := range map[os.Signal]string{
		os.Interrupt: "cancelled by SIGINT", syscall.SIGTERM: "cancelled by SIGTERM", syscall.SIGHUP: "cancelled by SIGHUP",
		syscall.SIGQUIT: "cancelled by signal: quit",
	} {
		if got := (&shutdown.Interrupted{Signal: signal}).Error(); got != want {
			t.Errorf("Error() of %v = %q, want %q", signal, got, want)
		}
	}
}

func TestBudget(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, cleansUp := range []bool{false, true} {
		b := shutdown.NewBudget(begin, cleansUp)
		if !(b.Recover.Before(b.Stop) && b.Stop.Before(b.Drain) && b.CleanUp.Before(begin.Add(shutdown.Time))) {
			t.Errorf("NewBudget() = %+v, want one part after the other, and some time after the last", b)
		}
		if left := b.CleanUp.Sub(b.Drain); cleansUp != (left >= time.Second) {
			t.Errorf("NewBudget(%t) has %s to clean up", cleansUp, left)
		}
	}
}

// After the timeout, the step waits until ECS has killed the containers. It always reserves time
// for their logs.
func TestFollowBudget(t *testing.T) {
	timeout := time.Unix(1000, 0)
	for killed, stop := range map[time.Duration]time.Duration{0: 10 * time.Second, 30 * time.Second: 40 * time.Second,
		2 * time.Minute: 45 * time.Second} {
		b := shutdown.NewFollowBudget(timeout, killed)
		if got := b.Stop.Sub(timeout); got != stop {
			t.Errorf("NewFollowBudget(%s) has %s to stop, want %s", killed, got, stop)
		}
		if !(b.Recover.Before(b.Stop) && b.Stop.Before(b.Drain) && b.Drain.Before(b.CleanUp)) ||
			b.CleanUp.Sub(timeout) > shutdown.FollowTime {
			t.Errorf("NewFollowBudget(%s) = %+v, want one part after the other, within %s", killed, b, shutdown.FollowTime)
		}
	}
}

func TestInterruption(t *testing.T) {
	signal := &shutdown.Interrupted{Signal: syscall.SIGTERM}
	for _, tt := range []struct {
		cause error
		want  *shutdown.Interrupted
	}{{signal, signal}, {errors.New("other"), nil}, {fmt.Errorf("wrapped: %w", signal), signal}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if got := shutdown.Interruption(ctx); got != nil {
			t.Errorf("Interruption() before the end = %v, want none", got)
		}
		cancel(tt.cause)
		if got := shutdown.Interruption(ctx); got != tt.want {
			t.Errorf("Interruption() after %v = %v, want %v", tt.cause, got, tt.want)
		}
	}
}
