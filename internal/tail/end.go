package tail

import "time"

// Rule says how long a log is read after the end of its container. The log drivers of AWS
// send buffered lines after the end, and CloudWatch Logs returns a line about a second
// after it ingested it. The zero value does not wait.
type Rule struct {
	Success time.Duration // after the end of a container that succeeded
	Failure time.Duration // after the end of a container that failed
	Quiet   time.Duration // time without a new line after which the log is complete

	// SuccessLimit and FailureLimit bound the wait if new lines keep coming. They count
	// from the end of the container.
	SuccessLimit time.Duration
	FailureLimit time.Duration

	// Gone is the time after the end of the machine at which the log of a failed
	// container is complete, if that is earlier. 0 means that the machine is ignored.
	Gone time.Duration
}

// Default is the rule for AWS. The awslogs driver sends its buffer when the container
// stops. On Fargate this takes up to 5 s by default, and at most 12 s
// (https://github.com/aws/shim-loggers-for-containerd, cleanup-time).
var Default = Rule{
	Success: 5 * time.Second, Failure: 12 * time.Second, Quiet: 2 * time.Second,
	SuccessLimit: 12 * time.Second, FailureLimit: 30 * time.Second, Gone: 1500 * time.Millisecond,
}

// For returns a rule that waits d after every container, whether it succeeded or failed.
func For(d time.Duration) Rule {
	return Rule{
		Success: d, Failure: d, Quiet: min(Default.Quiet, d),
		SuccessLimit: max(Default.SuccessLimit, d), FailureLimit: max(Default.FailureLimit, d),
	}
}

// End is the information about the end of a container.
type End struct {
	At     time.Time // on this machine's clock; zero while the container runs
	Failed bool      // false if it succeeded
	Gone   time.Time // when its machine ended; zero if it still exists or this is not known
	CutOff bool      // reading will be stopped soon
}

// lastPoll returns the earliest start of the last poll: if that poll returns no lines, the
// log is complete. lastLine is when CloudWatch Logs ingested the last line; zero if there
// was none.
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

// limit returns the time after which new lines do not extend the wait.
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
