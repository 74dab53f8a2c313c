package tail

import (
	"context"
	"sync"
	"time"
)

// Source is one container's log.
type Source struct {
	Region string
	Stream Stream
}

// Position is how far a log has been read.
type Position struct {
	Source
	Token string // after the last event that was read; empty for the head
}

// Group follows the logs of many containers at the same time. What it reads goes to
// the functions Lines and Ended, which it calls on several goroutines, one at a time
// for each log. Its methods may be called from several goroutines.
type Group struct {
	// Client returns what reads the logs of a region.
	Client func(region string) API

	// Rule, Local and Every are those of a Follower.
	Rule  Rule
	Local func(time.Time) time.Time
	Every time.Duration

	// Interval is that of the Pacer of each region.
	Interval time.Duration

	// Lines takes the lines of a log. The slice is only good until it returns.
	Lines func(Source, []Event)

	// Ended takes why the reading of a log ended, nil if the log is complete.
	Ended func(Source, error)

	mu      sync.Mutex
	pacers  map[string]*Pacer // by region
	logs    map[Source]*log
	reading int // logs
	order   []*log
	idle    chan struct{} // closed when no log is being read; nil if none is
}

// log is one log on its way.
type log struct {
	position Position
	ends     chan End // holds the latest
	cancel   context.CancelFunc
	end      End // of its container
}

// Follow begins to read a log after a token, or from its head if that is empty, unless
// it has begun before. The reading ends when the log is complete, or with ctx.
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
		read, err := follower.Follow(ctx, source.Stream, token, l.ends, func(events []Event) { g.Lines(source, events) })
		g.Ended(source, err)
		g.mu.Lock()
		defer g.mu.Unlock()
		l.position.Token = read
		if g.reading--; g.reading == 0 {
			close(g.idle)
		}
	}()
}

// End takes in what is known of the end of a log's container.
func (g *Group) End(source Source, end End) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.logs[source]; l != nil {
		end.CutOff = l.end.CutOff
		l.stop(end)
	}
}

// CutOff says that the reading is cut off soon: every log is polled at once, and often
// from then on. Containers whose end is not known end now.
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

// stop hands on what is known of the end of the log's container.
func (l *log) stop(end End) {
	l.end = end
	select {
	case <-l.ends:
	default:
	}
	l.ends <- end
}

// Reading returns how many logs are being read.
func (g *Group) Reading() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reading
}

// Wait returns when no log is being read any more. If ctx ends before, the reading of
// the others is ended.
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

// Positions returns how far each log has been read, in the order in which Follow was
// called. A log that is being read is where the reading began.
func (g *Group) Positions() []Position {
	g.mu.Lock()
	defer g.mu.Unlock()
	var positions []Position
	for _, l := range g.order {
		positions = append(positions, l.position)
	}
	return positions
}
