// Package sleep waits for a time that a context can cut short. It never decides how long.
package sleep

import (
	"context"
	"time"
)

// For waits for d. It returns false as soon as ctx ends.
func For(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
