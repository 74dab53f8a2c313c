package tail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// API is the part of CloudWatch Logs that a Follower calls. *cloudwatchlogs.Client
// implements it.
type API interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput,
		...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// Stream names a log stream. Its region and account are those of the client.
type Stream struct {
	Group string
	Name  string
}

// String returns the names of the stream and its group.
func (s Stream) String() string { return fmt.Sprintf("%s of log group %s", s.Name, s.Group) }

// Event is one line of a log. With a multi-line pattern, or from a program that calls
// CloudWatch Logs itself, the message may contain line breaks.
type Event struct {
	Time    time.Time // when the line was written, with a precision of milliseconds
	Message string
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

var (
	// ErrDenied is returned at once if the credentials may not read the stream. The
	// wrapped error names the missing action.
	ErrDenied = errors.New("access denied")

	// ErrNoGroup is returned after the container ended if the log group does not exist.
	ErrNoGroup = errors.New("no such log group")

	// ErrNoStream is returned after the container ended if the stream does not exist:
	// the container never ran, or could not reach CloudWatch Logs.
	ErrNoStream = errors.New("no such log stream")

	// ErrIncomplete is returned after the container ended if the end of the stream was
	// not reached in time. The wrapped error says why. The events that were emitted
	// before are valid.
	ErrIncomplete = errors.New("the end of the log was not reached")
)
