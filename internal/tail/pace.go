package tail

import "time"

const (
	quick     = time.Second      // pause after lines
	slow      = 5 * time.Second  // longest pause while the stream is quiet
	slowDrain = 2 * time.Second  // the same, after the container stopped
	slowError = 10 * time.Second // longest pause between calls that fail

	// stillPolls is how many polls in a row must find nothing new at the end.
	// One is not enough: the service is eventually consistent.
	stillPolls = 2
)

// pace says how long to pause after each call, and when it is enough.
type pace struct {
	quiet, limit time.Duration
	stopped      time.Time // when the container stopped; zero while it runs
	progress     time.Time // when that was learned, or when lines last came
	still        int       // calls in a row that found nothing
	gaps         int       // calls in a row that found a gap
	pause        time.Duration
}

// stop notes that the container stopped at a time, by the clock of AWS. A poll
// before now does not count towards the end.
func (p *pace) stop(at time.Time) {
	p.progress = time.Now()
	p.stopped = p.progress
	if !at.IsZero() && at.Before(p.stopped) {
		p.stopped = at
	}
	p.still, p.pause = 0, 0
}

// after counts what a call found and returns how long to pause after it.
func (p *pace) after(what found) time.Duration {
	draining := !p.stopped.IsZero()
	slow, slowError := slow, slowError
	if draining {
		slow, slowError = slowDrain, slow
	}
	if what != nothing && what != absent {
		p.still = 0
	}
	if what != gap {
		p.gaps = 0
	}
	switch what {
	case nothing, absent:
		p.still++
		p.pause = min(max(quick, p.pause*3/2), slow)
	case failure:
		p.pause = min(max(quick, p.pause*2), slowError)
	case gap:
		// Read on, but ever slower, should every page turn out to be one.
		p.gaps++
		return min(time.Duration(p.gaps)*100*time.Millisecond, slow)
	case some, full:
		p.progress, p.pause = time.Now(), 0
		if what == full || draining {
			return 0
		}
		return quick
	}
	return p.pause
}

// ended reports whether a call that began at a time, and found nothing, has
// seen the end.
func (p *pace) ended(began time.Time) bool {
	return !p.stopped.IsZero() && p.still >= stillPolls && !began.Before(p.stopped.Add(p.quiet))
}

// overdue reports whether the end should have come by now.
func (p *pace) overdue() bool {
	return !p.stopped.IsZero() && time.Since(p.progress) >= max(p.limit, p.quiet)
}
