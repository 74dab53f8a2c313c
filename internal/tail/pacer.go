package tail

import (
	"context"
	"sync"
	"time"
)

// Pacer spaces the calls of all followers that share an account's quota. It follows
// what the service takes: it slows down when calls are throttled, and speeds up when
// they are not and logs are to be completed. The zero value is ready for use; it is
// safe for use by several goroutines, whose turns come in the order in which they ask.
type Pacer struct {
	// Interval is the time between two calls at the beginning, and the least while
	// containers run. 0 means 100ms: GetLogEvents may be called 10 times a second in
	// the regions that allow least, 25 in others.
	Interval time.Duration

	// Least is the least time between two calls for logs whose containers have ended.
	// 0 means 40ms; more than Interval means Interval.
	Least time.Duration

	once sync.Once
	turn chan struct{} // holds the one whose turn is next

	mu      sync.Mutex
	current time.Duration // between two calls now; 0 means Interval
	floor   time.Duration // below which calls were throttled
	last    time.Time     // when the last call was let through
	slowed  time.Time     // when the calls were last slowed down
}

// slowest is the longest time between two calls that Pacer backs off to.
const slowest = time.Second

// reaction is how long after it has slowed down Pacer ignores throttles: they are the
// answers to calls that were on their way.
const reaction = 250 * time.Millisecond

// wait returns when it is the caller's turn, or with the context's error. Ending, which
// is called when only one turn is left to wait for, says whether the call is for the end
// of a log.
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
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	p.last = time.Now()
	p.mu.Unlock()
	return ctx.Err()
}

// between returns the time between two calls.
func (p *Pacer) between(ending bool) time.Duration {
	if ending {
		return p.now()
	}
	return max(p.now(), p.interval())
}

// slower doubles the time between calls, up to a limit, and notes that the service
// does not take them faster.
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

// faster takes a twentieth off the time between calls, a quarter while it is more than
// Interval.
func (p *Pacer) faster() {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.now() * 19 / 20
	if p.now() > p.interval() {
		next = p.now() * 3 / 4
	}
	p.current = max(next, p.floor, p.least())
}

// now returns the time between two calls for the end of a log.
func (p *Pacer) now() time.Duration {
	if p.current == 0 {
		return p.interval()
	}
	return p.current
}

func (p *Pacer) interval() time.Duration { return positive(p.Interval, 100*time.Millisecond) }

func (p *Pacer) least() time.Duration {
	return min(positive(p.Least, 40*time.Millisecond), p.interval())
}
