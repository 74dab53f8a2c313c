package tail

import (
	"context"
	"sync"
	"time"
)

// Pacer spaces the calls of all followers that share an account's quota, and
// spaces them further while the service can't keep up. The zero value is ready for
// use; it is safe for use by several goroutines.
type Pacer struct {
	// Interval is the least time between two calls. 0 means 100ms: GetLogEvents
	// may be called 10 times a second in the regions that allow least.
	Interval time.Duration

	mu      sync.Mutex
	current time.Duration // between two calls now; 0 means Interval
	next    time.Time     // when the next call is due
}

// slowest is the longest time between two calls that Pacer backs off to.
const slowest = time.Second

// wait returns when it is the caller's turn, or with the context's error.
func (p *Pacer) wait(ctx context.Context) error {
	p.mu.Lock()
	turn := time.Now()
	if p.next.After(turn) {
		turn = p.next
	}
	p.next = turn.Add(max(p.current, p.interval()))
	p.mu.Unlock()

	timer := time.NewTimer(time.Until(turn))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// slower doubles the time between calls, up to a limit.
func (p *Pacer) slower() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = min(max(p.current, p.interval())*2, max(slowest, p.interval()))
}

// faster goes back towards Interval by a quarter of the time between calls.
func (p *Pacer) faster() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = p.current * 3 / 4
}

func (p *Pacer) interval() time.Duration { return positive(p.Interval, 100*time.Millisecond) }
