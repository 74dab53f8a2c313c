package tail

import "time"

const (
	// brisk is the longest time from poll to poll while lines come, so that each is
	// shown within 2 s; slow is the same where there was none for settled, within 5 s.
	brisk   = 1900 * time.Millisecond
	slow    = 4900 * time.Millisecond
	settled = 10 * time.Second

	// dense is the time from poll to poll when the reading is cut off soon.
	dense = 500 * time.Millisecond

	// The longest pause after calls that fail, while the container runs and after.
	slowError       = 10 * time.Second
	slowEndingError = 5 * time.Second
)

// pace says when the next call is due, and when it is enough.
type pace struct {
	rule     Rule
	every    time.Duration // from poll to poll; 0 follows the lines that come
	patience time.Duration // for calls that fail and pages that do not settle
	end      End

	lastLine time.Time // when the last line came, as far as is known; zero if none has
	still    time.Time // when the last call began that found nothing; zero if none has
	progress time.Time // when the end was learned of, or when lines were last read
	gaps     int       // calls in a row that found a gap
	backoff  time.Duration
}

// ended reports whether the container has ended.
func (p *pace) ended() bool { return !p.end.At.IsZero() }

// stop takes in what is known of the container's end.
func (p *pace) stop(end End) {
	if !p.ended() {
		p.progress = time.Now()
	}
	p.end = end
	if end.CutOff {
		p.every = dense
	}
}

// after takes in what a call that began at a time has found, and returns when the next
// one is due. Lines were taken in by CloudWatch Logs at the time taken, zero if it does
// not say.
func (p *pace) after(began time.Time, what found, taken time.Time) time.Time {
	now := time.Now()
	if what != gap {
		p.gaps = 0
	}
	if what != failure {
		p.backoff = 0
	}
	switch what {
	case failure:
		longest := slowError
		if p.ended() {
			longest = slowEndingError
		}
		p.backoff = min(max(time.Second, p.backoff*2), longest)
		return now.Add(p.backoff)
	case gap:
		// Read on, but ever slower, should every page turn out to be one.
		p.gaps++
		return now.Add(min(time.Duration(p.gaps)*100*time.Millisecond, 2*time.Second))
	case some, full:
		p.progress = now
		// What was not there at the last call that found nothing came after it.
		p.lastLine = earlier(later(taken, p.still), began)
		if p.lastLine.IsZero() {
			p.lastLine = began
		}
		if what == full {
			return now
		}
	case nothing, absent:
		p.still = began
	}
	return p.next(began)
}

// next returns when the call after one that began at a time is due.
func (p *pace) next(began time.Time) time.Time {
	pause := brisk
	switch {
	case p.every > 0:
		pause = p.every
	case began.Sub(p.lastLine) >= settled:
		pause = slow
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

// complete reports whether a call that began at a time and found what it did has seen
// the end of the log.
func (p *pace) complete(began time.Time, what found) bool {
	switch {
	case !p.ended():
		return false
	case what == nothing, what == absent:
		return !began.Before(p.rule.lastPoll(p.end, p.lastLine))
	case what == some:
		return p.lastLine.After(p.rule.limit(p.end))
	}
	return false
}

// overdue reports whether the end should have come by now.
func (p *pace) overdue() bool {
	return p.ended() && time.Since(p.progress) >= p.patience && time.Now().After(p.rule.lastPoll(p.end, time.Time{}))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
