package tail

import "time"

// Rule says how long after the end of its container a log is read on. AWS's log
// drivers send what they hold after the container's end, and CloudWatch Logs shows a
// line about a second after it has taken it in. The zero value waits for nothing.
type Rule struct {
	Success time.Duration // after the end of a container that succeeded
	Failure time.Duration // after the end of any other, whose last lines say why
	Quiet   time.Duration // without a new line, after which no more are expected

	// SuccessLimit and FailureLimit bound the wait for lines that go on coming, from
	// the end of the container.
	SuccessLimit time.Duration
	FailureLimit time.Duration

	// Gone is how long after its machine is gone the log of a container that failed is
	// complete, if that is earlier; 0 if the machine does not matter.
	Gone time.Duration
}

// Default is the rule for AWS. The awslogs driver sends what it holds when its
// container stops; Fargate's log shim takes up to 5 s for that, at most 12 s
// (https://github.com/aws/shim-loggers-for-containerd, cleanup-time).
var Default = Rule{
	Success: 5 * time.Second, Failure: 12 * time.Second, Quiet: 2 * time.Second,
	SuccessLimit: 12 * time.Second, FailureLimit: 30 * time.Second, Gone: 1500 * time.Millisecond,
}

// For returns the rule for a wait of d after every container, however it ended.
func For(d time.Duration) Rule {
	return Rule{
		Success: d, Failure: d, Quiet: min(Default.Quiet, d),
		SuccessLimit: max(Default.SuccessLimit, d), FailureLimit: max(Default.FailureLimit, d),
	}
}

// End is what is known of the end of a container.
type End struct {
	At     time.Time // by this machine's clock; zero while the container runs
	Failed bool      // false if it ended well
	Gone   time.Time // when its machine was gone; zero if it is there, or that is not known
	CutOff bool      // the reading is cut off soon
}

// lastPoll returns when the last poll may begin: if it brings nothing, the log is
// complete. The time of the last line is when CloudWatch Logs had it; zero if there was
// none.
func (r Rule) lastPoll(end End, lastLine time.Time) time.Time {
	wait, limit := r.Success, r.SuccessLimit
	if end.Failed {
		wait, limit = r.Failure, r.FailureLimit
	}
	at := end.At.Add(wait)
	if quiet := lastLine.Add(r.Quiet); r.Quiet > 0 && !lastLine.IsZero() && quiet.After(at) {
		at = earlier(quiet, end.At.Add(max(limit, wait)))
	}
	if end.Failed && r.Gone > 0 && !end.Gone.IsZero() {
		at = earlier(at, end.Gone.Add(r.Gone))
	}
	return at
}

// limit returns the time from which new lines are not waited for any more.
func (r Rule) limit(end End) time.Time {
	if end.Failed {
		return end.At.Add(max(r.FailureLimit, r.Failure))
	}
	return end.At.Add(max(r.SuccessLimit, r.Success))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
