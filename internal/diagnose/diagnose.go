// Package diagnose finds the likely cause of a failure, and what to do about it, from
// texts of ECS, of other AWS services and of the container's log.
//
// It is one table of symptoms. It never decides whether a task failed, because AWS may
// change its texts at any time: an unknown text has no advice, or only general advice.
// It never copies a text from outside into the advice, except for names that consist of
// harmless characters.
package diagnose

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Symptom is the information about one failure. Every field may be empty. A field that
// is set helps to find the cause, or is a name for the advice.
type Symptom struct {
	// An error of an AWS call: its code, such as ClientException, its message,
	// and the operation, such as RunTask.
	ErrorCode    string
	ErrorMessage string
	Operation    string

	// An entry of failures[] in the response of RunTask or DescribeTasks.
	FailureReason string
	FailureDetail string

	// The task as in DescribeTasks.
	StopCode      string
	StoppedReason string
	Fargate       bool // it ran on Fargate

	// End says how the step ended, if not by the end of a task.
	End End

	// One container of the task, its exit code (nil if it has none), and the last
	// lines of its log, oldest first.
	Container       string
	ContainerReason string
	ExitCode        *int32
	LastLines       []string

	// Finished is another container of the verdict, which ended with code 0. EndedFirst
	// is true if Container ended before it. If it is false, the order is not known.
	Finished   string
	EndedFirst bool

	// Together is true if another container whose end stops the task ended too.
	Together bool

	// Names for the advice: the container's image, secrets, log group and its region
	// (empty if it is Region); the task's roles (names or ARNs) and subnets; the place
	// where it runs.
	Image         string
	Architecture  string // of the task, with the name in ECS; empty means X86_64
	Secrets       []string
	LogGroup      string
	LogRegion     string
	TaskRole      string
	ExecutionRole string
	Subnets       []string
	Cluster       string
	Region        string
	Account       string

	// CI has advice for the CI that the step runs in. Its texts are not from outside.
	CI CI

	// Local is the executor of a local run: docker or process. It is empty if the
	// containers ran on AWS.
	Local string
}

// CI holds advice for one CI, without a full stop. An empty field means advice for any CI.
type CI struct {
	Credentials string // how a step gets AWS credentials
	Subject     string // the form of sub in a condition of a trust policy
	Lock        string // how a run waits for another run
}

// End says how a step ended, if not by the end of a task.
type End string

// The values of End.
const (
	TimedOutRunning  End = "timed out while running"  // all containers were running
	TimedOutStarting End = "timed out while starting" // not all containers were running
	TimedOutHealth   End = "timed out before healthy" // their health checks did not pass
	Cancelled        End = "cancelled"                // by a signal
	Lost             End = "lost"                     // ECS no longer shows the task
)

// Retry says whether running the same task again can succeed.
type Retry string

// The values of Retry.
const (
	RetryUnknown Retry = ""      // it depends on what the program did
	RetryNo      Retry = "no"    // it would fail again
	RetryMaybe   Retry = "maybe" // the fault may have been transient
	RetryLater   Retry = "later" // it would fail again now
	RetryYes     Retry = "yes"   // the task did not cause the failure
)

// Advice is a likely cause and what to do about it. Its texts are single lines of at most
// 3000 bytes, without control characters.
type Advice struct {
	// Code identifies the cause, such as image-not-found. It does not change between
	// versions.
	Code string

	Cause  string // a sentence
	Advice string // a few sentences, with commands between backquotes

	// Statement is JSON: the missing IAM policy statement, or a list of several. It is
	// empty if a statement does not help.
	Statement string

	Retry Retry
}

// Explain returns the likely causes of a symptom, the most likely first. There is at most
// one for each of these: the error, the failure, the stop code, the container's reason
// and the task's reason. If none of them is known, it uses the exit code and the log. If
// these are not known either, it returns at most one general advice, or nil.
func Explain(s Symptom) []Advice {
	texts := s.texts()
	for _, group := range [][]place{
		{inContainerName, inError, inFailure, inEnd, inStopCode, inContainer, inTask},
		{inExit, inLog},
	} {
		var all []Advice
		for _, p := range group {
			if advice, ok := s.first(texts, p, false); ok && !slices.ContainsFunc(all, advice.same) {
				all = append(all, advice)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	for _, p := range []place{inError, inFailure, inContainer, inExit, inTask, inStopCode} {
		if advice, ok := s.first(texts, p, true); ok {
			return []Advice{advice}
		}
	}
	return nil
}

func (a Advice) same(b Advice) bool { return a.Code == b.Code }

// place is the source of a text.
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

// textAt is a text with its place. The table is matched against its folded form: lower
// case, with plain apostrophes.
type textAt struct {
	place  place
	text   string
	folded string
}

const (
	maxText  = 8 << 10 // bytes of a text that are searched
	maxLines = 50      // last lines of a log that are searched
)

// texts returns all texts of the symptom. Lines of the log are in reverse order.
func (s Symptom) texts() []textAt {
	var all []textAt
	add := func(p place, text string) {
		if text = text[:min(len(text), maxText)]; text != "" {
			all = append(all, textAt{p, text, strings.ReplaceAll(strings.ToLower(text), "\u2019", "'")})
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

// first returns the advice of the first row that matches a text of a place.
func (s Symptom) first(texts []textAt, p place, general bool) (Advice, bool) {
	r, text := match(texts, p, general)
	if r == nil {
		return Advice{}, false
	}
	if s.Local != "" {
		return r.adviseLocally(s.names(text), s.Local), true
	}
	return r.advise(s.names(text)), true
}

// match returns the first row that matches a text of a place, with that text. It returns
// nil if no row matches.
func match(texts []textAt, p place, general bool) (*row, textAt) {
	for i := range table {
		r := &table[i]
		if r.in&p == 0 || r.general != general {
			continue
		}
		for _, t := range texts {
			if t.place == p && r.fits(t.folded) {
				return r, t
			}
		}
	}
	return nil, textAt{}
}

// row is a symptom with its cause and advice. Phrases are folded. A phrase that starts
// with "=" matches a whole text, any other phrase a part of a text.
type row struct {
	code    string
	in      place
	any     []string // one of these phrases matches
	also    []string // and one of these, if not empty
	general bool     // used only if no other row matches
	retry   Retry
	cause   string // with {names}; see fill
	advice  string
	local   string                  // the advice for a local run; empty if it is the same
	process string                  // the cause for a local run with processes; empty if it is the same
	allow   func(names) []statement // nil if no permission is missing
}

func (r *row) fits(folded string) bool {
	matches := func(phrase string) bool {
		if whole, ok := strings.CutPrefix(phrase, "="); ok {
			return strings.TrimPrefix(folded, "taskfailedtostart: ") == whole
		}
		return strings.Contains(folded, phrase)
	}
	return slices.ContainsFunc(r.any, matches) &&
		(len(r.also) == 0 || slices.ContainsFunc(r.also, matches))
}

func (r *row) advise(n names) Advice {
	a := Advice{Code: r.code, Cause: n.fill(r.cause), Advice: n.fill(r.advice), Retry: r.retry}
	if r.allow != nil {
		a.Statement = encode(r.allow(n))
	}
	return a
}

// adviseLocally is advise for a local run. It returns no statement.
func (r *row) adviseLocally(n names, executor string) Advice {
	a := Advice{Code: r.code, Cause: n.fill(r.cause), Advice: n.fill(cmp.Or(r.local, r.advice)), Retry: r.retry}
	if executor == "process" && r.process != "" {
		a.Cause, a.Advice = n.fill(r.process), processAdvice
	}
	return a
}
