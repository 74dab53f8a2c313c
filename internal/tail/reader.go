package tail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
)

const (
	callTimeout = 15 * time.Second

	// A page of this size has more behind it, and is followed by the next at once.
	fullEvents = 1000
	fullBytes  = 256 << 10
)

// found is what one call brought.
type found int

const (
	nothing found = iota // the same token is back: this is the end, for now
	absent               // neither the stream nor, perhaps, its group exists
	failure              // no answer, or one that can't be used
	gap                  // no lines, but a new token: there may be more behind it
	some                 // lines
	full                 // lines, and more behind them
)

// reader reads one stream page by page.
type reader struct {
	api    API
	pacer  *Pacer
	stream Stream
	local  func(time.Time) time.Time
	token  *string // of the next page; nil is the stream's head
	lines  joiner
	events []Event   // the whole lines of the last page; reused
	taken  time.Time // when CloudWatch Logs took in the last event of the last page; zero if it does not say
}

// next reads one page into r.events. Its error is nil unless it found absent or
// failure.
func (r *reader) next(ctx context.Context) (found, error) {
	r.events, r.taken = r.events[:0], time.Time{}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	page, err := r.api.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName:  &r.stream.Group,
		LogStreamName: &r.stream.Name,
		NextToken:     r.token,
		StartFromHead: aws.Bool(true),
	}, withoutRetries)
	if err != nil {
		return r.fault(err)
	}
	if page.NextForwardToken == nil || (r.token != nil && *r.token == *page.NextForwardToken && len(page.Events) > 0) {
		// Events without a token that leads past them: to take them would
		// be to get them again with the next call.
		r.pacer.slower()
		return failure, errors.New("answer without a next token")
	}
	r.pacer.faster()
	if r.token != nil && *r.token == *page.NextForwardToken {
		return nothing, nil
	}
	r.token = page.NextForwardToken
	return r.take(page.Events), nil
}

// take turns a page's events into whole lines.
func (r *reader) take(page []types.OutputLogEvent) found {
	size := 0
	for i := range page {
		e := Event{Message: aws.ToString(page[i].Message)}
		if ms := page[i].Timestamp; ms != nil {
			e.Time = time.UnixMilli(*ms)
		}
		size += len(e.Message)
		r.events = r.lines.add(r.events, e)
		if ms := page[i].IngestionTime; ms != nil {
			r.taken = r.local(time.UnixMilli(*ms))
		}
	}
	switch {
	case len(page) == 0:
		return gap
	case len(page) >= fullEvents || size >= fullBytes:
		return full
	}
	return some
}

// fault sorts an error of the service. What is not known to be final is not.
func (r *reader) fault(err error) (found, error) {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		switch answer.ErrorCode() {
		case "AccessDeniedException", "AccessDenied", "UnauthorizedException":
			return failure, fmt.Errorf("%w: %w", ErrDenied, err)
		case "ResourceNotFoundException":
			r.pacer.faster()
			if strings.Contains(answer.ErrorMessage(), "log group") {
				return absent, fmt.Errorf("%w: %w", ErrNoGroup, err)
			}
			return absent, fmt.Errorf("%w: %w", ErrNoStream, err)
		}
	}
	r.pacer.slower()
	return failure, err
}

// withoutRetries leaves all retries to the pace, which the followers share; the
// client's own would spend the quota in spite of it.
func withoutRetries(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} }
