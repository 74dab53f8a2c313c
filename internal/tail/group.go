package tail

import (
	"context"
	"sync"
	"time"
)

// Source is the log of one container.
type Source struct {
	Region string
	Stream Stream
}

// Position says how far a log has been read.
type Position struct {
	Source
	Token string // after the last event that was read; empty means the head
}

// Group follows the logs of many containers at the same time. It calls Lines and Ended on
// one goroutine per log. The goroutines end when their log is complete, or with the
// context of Follow. Its methods are safe for concurrent use.
type Group struct {
	// Client returns the client for the logs of a region.
	Client func(region string) API

	// Rule, Local and Every are those of the [Follower] of each log.
	Rule  Rule
	Local func(time.Time) time.Time
	Every time.Duration

	// Interval is that of the [Pacer] of each region.
	Interval time.Duration

	// Lines receives lines of a log. The slice is valid until Lines returns.
	Lines func(Source, []Event)

	// Ended receives the reason for which reading a log ended; nil if the log is complete.
	Ended func(Source, error)

	mu      sync.Mutex
	pacers  map[string]*Pacer // by region
	logs    map[Source]*log
	reading int // logs
	order   []*log
	idle    chan struct{} // closed when no log is being read; nil if none is
}

// log is the state of one log.
type log struct {
	position Position
	ends     chan End // buffers the latest End
	cancel   context.CancelFunc
	end      End // of its container
}

// Follow starts reading a log after a token, or from its head if the token is empty. It
// does nothing if the log is already followed. Reading ends when the log is complete, or
// with ctx.
func (g *Group) Follow(ctx context.Context, source Source, token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.logs[source] != nil {
		return
	}
	if g.logs == nil {
		g.logs, g.pacers = map[Source]*log{}, map[string]*Pacer{}
	}
	if g.pacers[source.Region] == nil {
		g.pacers[source.Region] = &Pacer{Interval: g.Interval}
	}
	l := &log{position: Position{source, token}, ends: make(chan End, 1)}
	ctx, l.cancel = context.WithCancel(ctx)
	g.logs[source], g.order = l, append(g.order, l)
	follower := Follower{
		API: g.Client(source.Region), Rule: g.Rule, Every: g.Every, Local: g.Local, Pacer: g.pacers[source.Region],
	}
	if g.reading++; g.reading == 1 {
		g.idle = make(chan struct{})
	}
	go func() {
		defer l.cancel()
		emit := func(events []Event) { g.Lines(source, events) }
		read, err := follower.Follow(ctx, source.Stream, token, l.ends, emit)
		g.Ended(source, err)
		g.mu.Lock()
		defer g.mu.Unlock()
		l.position.Token = read
		if g.reading--; g.reading == 0 {
			close(g.idle)
		}
	}()
}

// End sets the information about the end of a log's container.
func (g *Group) End(source Source, end End) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.logs[source]; l != nil {
		end.CutOff = l.end.CutOff
		l.stop(end)
	}
}

// CutOff announces that reading will be stopped soon. Every log is polled at once, and
// often from then on. A container whose end is not known counts as ended now.
func (g *Group) CutOff() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.order {
		end := l.end
		if end.At.IsZero() {
			end = End{At: time.Now(), Failed: true}
		}
		end.CutOff = true
		l.stop(end)
	}
}

// stop passes the information about the container's end to the follower.
func (l *log) stop(end End) {
	l.end = end
	select {
	case <-l.ends:
	default:
	}
	l.ends <- end
}

// Reading returns the number of logs that are being read.
func (g *Group) Reading() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reading
}

// Wait waits until no log is being read. If ctx ends before that, it stops reading the
// remaining logs.
func (g *Group) Wait(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, l := range g.order {
			l.cancel()
		}
	})
	defer stop()
	for {
		g.mu.Lock()
		reading, idle := g.reading, g.idle
		g.mu.Unlock()
		if reading == 0 {
			return
		}
		<-idle
	}
}

// Positions returns how far each log has been read, in the order of the calls of Follow. A
// log that is being read has the position at which reading started.
func (g *Group) Positions() []Position {
	g.mu.Lock()
	defer g.mu.Unlock()
	var positions []Position
	for _, l := range g.order {
		positions = append(positions, l.position)
	}
	return positions
}
