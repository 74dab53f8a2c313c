// Package diagnose explains failures: from what ECS, another AWS service or the
// container itself said, it finds the likely cause and what to do about it.
//
// It is one table of symptoms. It never decides whether anything failed, since AWS
// may change its texts at any time; a text that it does not know gives no advice,
// or general advice, and nothing else. No text from outside gets into the advice:
// only names that hold nothing but harmless characters do.
package diagnose

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Symptom is what is known of one failure. Every field may be empty; a field that
// is not helps to find the cause, or to name what it is about.
type Symptom struct {
	// An error of an AWS call: its code, such as ClientException, its message,
	// and the operation, such as RunTask.
	ErrorCode    string
	ErrorMessage string
	Operation    string

	// An entry of failures[] in the answer of RunTask or DescribeTasks.
	FailureReason string
	FailureDetail string

	// The task, as DescribeTasks shows it.
	StopCode      string
	StoppedReason string
	Fargate       bool // it ran there

	// How the step ended, where that was no end of a task: one of the Ends.
	End End

	// One container of the task, its exit code (nil if it has none), and the last
	// lines of its log, oldest first.
	Container       string
	ContainerReason string
	ExitCode        *int32
	LastLines       []string

	// Finished is another container that decides as well, and ended with code 0. It is
	// not known which of the two ended first, unless EndedFirst is true: this one did.
	Finished   string
	EndedFirst bool

	// Together is true if another container whose end ends the task has ended as well.
	Together bool

	// What to name in the advice: the container's image, secrets, log group and
	// its region (empty if it is Region); the task's roles (names or ARNs) and
	// subnets; where it runs.
	Image         string
	Architecture  string // of the task, as ECS spells it; empty for X86_64
	Secrets       []string
	LogGroup      string
	LogRegion     string
	TaskRole      string
	ExecutionRole string
	Subnets       []string
	Cluster       string
	Region        string
	Account       string

	// CI is how things are done on the CI that the step runs in. Its texts are the
	// project's own.
	CI CI

	// Local is how the containers of a local run are run: docker or process. It is
	// empty if they ran on AWS, whose networks and roles are then to be looked at.
	Local string
}

// CI has lines without a full stop. Empty ones are as of any CI.
type CI struct {
	Credentials string // how a step gets credentials for AWS
	Subject     string // what a trust policy's condition on sub is like
	Lock        string // how one run waits for another
}

// End is how a step ended that is no end of a task.
type End string

// The ends.
const (
	TimedOutRunning  End = "timed out while running"  // the containers ran
	TimedOutStarting End = "timed out while starting" // they did not, or not all
	TimedOutHealth   End = "timed out before healthy" // their health checks did not pass
	Cancelled        End = "cancelled"                // by a signal
	Lost             End = "lost"                     // ECS no longer shows the task
)

// Retry says whether to run the same again is of any use.
type Retry string

// The kinds of Retry.
const (
	RetryUnknown Retry = ""      // it depends on what the program did
	RetryNo      Retry = "no"    // it would fail again
	RetryMaybe   Retry = "maybe" // it may have been a passing fault
	RetryLater   Retry = "later" // it would fail again now
	RetryYes     Retry = "yes"   // it was none of the task's fault
)

// Advice is a likely cause and what to do about it. Its texts are single lines of
// harmless characters, of 3000 bytes at the most.
type Advice struct {
	// Code names the cause, such as image-not-found. It is the same in every
	// version.
	Code string

	Cause  string // a sentence
	Advice string // a few sentences, with commands between backquotes

	// Statement is JSON: the IAM policy statement that is missing, or a list of
	// several; empty if that is not the cure.
	Statement string

	Retry Retry
}

// Explain returns what is likely behind a symptom, best first, at most one for each
// thing said: the error, the failure, the stop code, the container's reason and the
// task's; only if none of these tells, what the exit code and the log do; and only if
// these don't either, one general advice. It is empty if nothing is known.
func Explain(s Symptom) []Advice {
	said := s.said()
	for _, group := range [][]place{
		{inContainerName, inError, inFailure, inEnd, inStopCode, inContainer, inTask},
		{inExit, inLog},
	} {
		var all []Advice
		for _, p := range group {
			if advice, ok := s.first(said, p, false); ok && !slices.ContainsFunc(all, advice.same) {
				all = append(all, advice)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	for _, p := range []place{inError, inFailure, inContainer, inExit, inTask, inStopCode} {
		if advice, ok := s.first(said, p, true); ok {
			return []Advice{advice}
		}
	}
	return nil
}

func (a Advice) same(b Advice) bool { return a.Code == b.Code }

// place is where something was said.
type place int

const (
	inContainerName place = 1 << iota
	inError
	inFailure
	inStopCode
	inContainer
	inTask
	inExit
	inLog
	inEnd

	inReasons = inContainer | inTask
	inStart   = inReasons | inFailure | inError // the start of a task may fail in any of these
)

// saying is one text and where it was said. Its folded form is what the table is
// written in: lower case, with plain apostrophes.
type saying struct {
	place  place
	text   string
	folded string
}

const (
	maxText  = 8 << 10 // bytes of a text that are looked at
	maxLines = 50      // last lines of a log that are looked at
)

// said returns all that the symptom says, the last line of the log first.
func (s Symptom) said() []saying {
	var all []saying
	add := func(p place, text string) {
		if text = text[:min(len(text), maxText)]; text != "" {
			all = append(all, saying{p, text, strings.ReplaceAll(strings.ToLower(text), "\u2019", "'")})
		}
	}
	add(inContainerName, s.Container)
	if s.ErrorCode != "" || s.ErrorMessage != "" {
		add(inError, s.ErrorCode+": "+s.ErrorMessage)
	}
	add(inFailure, s.FailureReason)
	add(inFailure, s.FailureDetail)
	add(inEnd, string(s.End))
	add(inStopCode, s.StopCode)
	add(inContainer, s.ContainerReason)
	add(inTask, s.StoppedReason)
	if s.ExitCode != nil {
		code := strconv.Itoa(int(*s.ExitCode))
		add(inExit, code)
		switch {
		case s.Finished != "" && s.EndedFirst:
			add(inExit, code+" before")
		case s.Finished != "":
			add(inExit, code+" beside")
		case s.Together:
			add(inExit, code+" stopped")
		}
		if s.Fargate {
			add(inExit, code+" fargate")
		}
	}
	for _, line := range slices.Backward(s.LastLines[max(0, len(s.LastLines)-maxLines):]) {
		add(inLog, line)
	}
	return all
}

// first returns the advice of the first row that fits something said in a place.
func (s Symptom) first(said []saying, p place, general bool) (Advice, bool) {
	r, what := match(said, p, general)
	if r == nil {
		return Advice{}, false
	}
	if s.Local != "" {
		return r.adviseLocally(s.names(what), s.Local), true
	}
	return r.advise(s.names(what)), true
}

// match returns the first row that fits something said in a place, and what was
// said; nil if none does.
func match(said []saying, p place, general bool) (*row, saying) {
	for i := range table {
		r := &table[i]
		if r.in&p == 0 || r.general != general {
			continue
		}
		for _, what := range said {
			if what.place == p && r.fits(what.folded) {
				return r, what
			}
		}
	}
	return nil, saying{}
}

// row is one symptom with its cause and cure. Phrases are folded; one that starts
// with "=" is a whole text, others are parts of one, and "" is part of any.
type row struct {
	code    string
	in      place
	any     []string // one of these is said
	also    []string // and one of these, if there are any
	general bool     // nothing better is known
	retry   Retry
	cause   string // with {names}, see fill
	advice  string
	local   string                  // the advice in a local run; empty if it is the same
	process string                  // the cause in a local run with processes; empty if it is the same
	allow   func(names) []statement // nil if no permission is missing
}

func (r *row) fits(folded string) bool {
	said := func(phrase string) bool {
		if whole, ok := strings.CutPrefix(phrase, "="); ok {
			return strings.TrimPrefix(folded, "taskfailedtostart: ") == whole
		}
		return strings.Contains(folded, phrase)
	}
	return slices.ContainsFunc(r.any, said) &&
		(len(r.also) == 0 || slices.ContainsFunc(r.also, said))
}

func (r *row) advise(n names) Advice {
	a := Advice{Code: r.code, Cause: n.fill(r.cause), Advice: n.fill(r.advice), Retry: r.retry}
	if r.allow != nil {
		a.Statement = encode(r.allow(n))
	}
	return a
}

// adviseLocally is advise for a local run, which needs no permission.
func (r *row) adviseLocally(n names, executor string) Advice {
	a := Advice{Code: r.code, Cause: n.fill(r.cause), Advice: n.fill(cmp.Or(r.local, r.advice)), Retry: r.retry}
	if executor == "process" && r.process != "" {
		a.Cause, a.Advice = n.fill(r.process), processAdvice
	}
	return a
}
