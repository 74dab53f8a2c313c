package sleep_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		if first, second := sleep.For(ctx, time.Minute), sleep.For(ctx, time.Minute); !first || second ||
			time.Since(start) != 90*time.Second {
			t.Errorf("For() = %v and %v after %s, want true and, at the end of its context, false", first, second,
				time.Since(start))
		}
	})
}
