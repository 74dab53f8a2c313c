package tail

import (
	"context"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

// Pacer limits the rate of calls of all followers that share a quota of an account. It
// slows down when calls are throttled. It speeds up again when they are not, and when
// logs have to be completed. The zero value is ready to use. It is safe for concurrent
// use; waiting goroutines get their turns in order.
type Pacer struct {
	// Interval is the initial time between two calls, and the minimum while containers
	// run. 0 means 100ms: the quota of GetLogEvents is 10 calls a second in some regions,
	// and 25 in others.
	Interval time.Duration

	// Least is the minimum time between two calls for logs of ended containers. 0 means
	// 40ms. It is at most Interval.
	Least time.Duration

	once sync.Once
	turn chan struct{} // held by the goroutine whose turn is next

	mu      sync.Mutex
	current time.Duration // between two calls now; 0 means Interval
	floor   time.Duration // minimum, because calls were throttled below it
	last    time.Time     // of the last call
	slowed  time.Time     // when slower last had an effect
}

// slowest is the maximum time between two calls.
const slowest = time.Second

// reaction is the time after slowing down in which Pacer ignores throttled calls: they
// started before it slowed down.
const reaction = 250 * time.Millisecond

// wait waits for the caller's turn, or returns the context's error. ending reports whether
// the call is for a log whose container ended. It is called just before the turn.
func (p *Pacer) wait(ctx context.Context, ending func() bool) error {
	p.once.Do(func() { p.turn = make(chan struct{}, 1) })
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()

	atEnd := ending()
	p.mu.Lock()
	due := p.last.Add(p.between(atEnd))
	p.mu.Unlock()
	if !sleep.For(ctx, time.Until(due)) {
		return ctx.Err()
	}
	p.mu.Lock()
	p.last = time.Now()
	p.mu.Unlock()
	return ctx.Err()
}

// between returns the current time between two calls.
func (p *Pacer) between(ending bool) time.Duration {
	if ending {
		return p.now()
	}
	return max(p.now(), p.interval())
}

// slower doubles the time between calls, up to a limit, and raises the minimum.
func (p *Pacer) slower() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.slowed) < reaction {
		return
	}
	p.slowed = time.Now()
	p.floor = min(p.now()*5/4, p.interval())
	p.current = min(p.now()*2, max(slowest, p.interval()))
}

// faster reduces the time between calls by a twentieth, or by a quarter while it is more
// than Interval.
func (p *Pacer) faster() {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.now() * 19 / 20
	if p.now() > p.interval() {
		next = p.now() * 3 / 4
	}
	p.current = max(next, p.floor, p.least())
}

// now returns the current time between two calls for logs of ended containers.
func (p *Pacer) now() time.Duration {
	if p.current == 0 {
		return p.interval()
	}
	return p.current
}

func (p *Pacer) interval() time.Duration { return orDefault(p.Interval, 100*time.Millisecond) }

func (p *Pacer) least() time.Duration {
	return min(orDefault(p.Least, 40*time.Millisecond), p.interval())
}
