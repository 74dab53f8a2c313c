package tail

import "time"

const (
	// activeInterval is the time between polls while lines come, so that each line is
	// shown within 2 s. idleInterval is the time between polls after idleAfter without a
	// line; a line is then shown within 5 s.
	activeInterval = 1900 * time.Millisecond
	idleInterval   = 4900 * time.Millisecond
	idleAfter      = 10 * time.Second

	// cutOffInterval is the time between polls if reading will be stopped soon.
	cutOffInterval = 500 * time.Millisecond

	// The longest pauses after failed calls, while the container runs and after its end.
	maxBackoff      = 10 * time.Second
	maxBackoffAtEnd = 5 * time.Second
)

// pace decides when the next call is due, and when the log is complete.
type pace struct {
	rule     Rule
	every    time.Duration // between polls; 0 means that it depends on the lines
	patience time.Duration // for failed calls, and for pages without an end
	end      End

	lastLine time.Time // when the last line was ingested, approximately; zero if there was none
	still    time.Time // start of the last call that returned no lines; zero if there was none
	progress time.Time // when the end became known, or when lines were last read
	gaps     int       // number of consecutive gaps
	backoff  time.Duration
}

// ended reports whether the container has ended.
func (p *pace) ended() bool { return !p.end.At.IsZero() }

// stop sets the information about the container's end.
func (p *pace) stop(end End) {
	if !p.ended() {
		p.progress = time.Now()
	}
	p.end = end
	if end.CutOff {
		p.every = cutOffInterval
	}
}

// after records the result of a call that started at began, and returns when the next call
// is due. ingested is when CloudWatch Logs ingested the last line; zero if not known.
func (p *pace) after(began time.Time, r result, ingested time.Time) time.Time {
	now := time.Now()
	if r != gap {
		p.gaps = 0
	}
	if r != failure {
		p.backoff = 0
	}
	switch r {
	case failure:
		longest := maxBackoff
		if p.ended() {
			longest = maxBackoffAtEnd
		}
		p.backoff = min(max(time.Second, p.backoff*2), longest)
		return now.Add(p.backoff)
	case gap:
		// Read on, but slower each time, in case every page is a gap.
		p.gaps++
		return now.Add(min(time.Duration(p.gaps)*100*time.Millisecond, 2*time.Second))
	case lines, full:
		p.progress = now
		// The lines came after the last call that returned none.
		p.lastLine = earlier(later(ingested, p.still), began)
		if p.lastLine.IsZero() {
			p.lastLine = began
		}
		if r == full {
			return now
		}
	case nothing, absent:
		p.still = began
	}
	return p.next(began)
}

// next returns when the call after one that started at began is due.
func (p *pace) next(began time.Time) time.Time {
	pause := activeInterval
	switch {
	case p.every > 0:
		pause = p.every
	case began.Sub(p.lastLine) >= idleAfter:
		pause = idleInterval
	}
	due := began.Add(pause)
	if !p.ended() {
		return due
	}
	last := p.rule.lastPoll(p.end, p.lastLine)
	if last.Sub(began) <= pause+100*time.Millisecond {
		return last
	}
	return due
}

// complete reports whether a call that started at began has reached the end of the log.
func (p *pace) complete(began time.Time, r result) bool {
	switch {
	case !p.ended():
		return false
	case r == nothing, r == absent:
		return !began.Before(p.rule.lastPoll(p.end, p.lastLine))
	case r == lines:
		return p.lastLine.After(p.rule.limit(p.end))
	}
	return false
}

// overdue reports whether the end of the log was not reached in time.
func (p *pace) overdue() bool {
	return p.ended() && time.Since(p.progress) >= p.patience && time.Now().After(p.rule.lastPoll(p.end, time.Time{}))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
