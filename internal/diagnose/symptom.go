package diagnose

import (
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

// textAt is a text with its place. The table is matched against its folded form: lower
// case, with plain apostrophes.
type textAt struct {
	place  place
	text   string
	folded string
}

// place is the source of a text.
type place int

// Retry says whether running the same task again can succeed.
type Retry string

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

// The values of End.
const (
	TimedOutRunning  End = "timed out while running"  // all containers were running
	TimedOutStarting End = "timed out while starting" // not all containers were running
	TimedOutHealth   End = "timed out before healthy" // their health checks did not pass
	Cancelled        End = "cancelled"                // by a signal
	Lost             End = "lost"                     // ECS no longer shows the task
)

// The values of Retry.
const (
	RetryUnknown Retry = ""      // it depends on what the program did
	RetryNo      Retry = "no"    // it would fail again
	RetryMaybe   Retry = "maybe" // the fault may have been transient
	RetryLater   Retry = "later" // it would fail again now
	RetryYes     Retry = "yes"   // the task did not cause the failure
)

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

const (
	maxText  = 8 << 10 // bytes of a text that are searched
	maxLines = 50      // last lines of a log that are searched
)
