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

	// After a page of this size the next page is read at once.
	fullEvents = 1000
	fullBytes  = 256 << 10
)

// result is the kind of result of one call.
type result int

const (
	nothing result = iota // no lines and the same token: the current end of the stream
	absent                // the stream or its group does not exist
	failure               // no response, or one that cannot be used
	gap                   // no lines, but a new token: more may follow
	lines                 // lines
	full                  // a full page of lines: more follow
)

// reader reads one stream page by page.
type reader struct {
	api      API
	pacer    *Pacer
	stream   Stream
	local    func(time.Time) time.Time
	token    *string // of the next page; nil means the head
	lines    joiner
	events   []Event   // complete lines of the last page; the slice is reused
	ingested time.Time // of the last event of the last page; zero if not known
}

// next reads one page into r.events. The error is nil unless the result is absent or
// failure.
func (r *reader) next(ctx context.Context) (result, error) {
	r.events, r.ingested = r.events[:0], time.Time{}
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
		// Without a token after these events, the next call would return them again.
		r.pacer.slower()
		return failure, errors.New("the response has no next token")
	}
	r.pacer.faster()
	if r.token != nil && *r.token == *page.NextForwardToken {
		return nothing, nil
	}
	r.token = page.NextForwardToken
	return r.take(page.Events), nil
}

// take converts the events of a page to complete lines.
func (r *reader) take(page []types.OutputLogEvent) result {
	size := 0
	for i := range page {
		e := Event{Message: aws.ToString(page[i].Message)}
		if ms := page[i].Timestamp; ms != nil {
			e.Time = time.UnixMilli(*ms)
		}
		size += len(e.Message)
		r.events = r.lines.add(r.events, e)
		if ms := page[i].IngestionTime; ms != nil {
			r.ingested = r.local(time.UnixMilli(*ms))
		}
	}
	switch {
	case len(page) == 0:
		return gap
	case len(page) >= fullEvents || size >= fullBytes:
		return full
	}
	return lines
}

// fault classifies an error of the service. Unknown errors count as transient.
func (r *reader) fault(err error) (result, error) {
	var apiError smithy.APIError
	if errors.As(err, &apiError) {
		switch apiError.ErrorCode() {
		case "AccessDeniedException", "AccessDenied", "UnauthorizedException":
			return failure, fmt.Errorf("%w: %w", ErrDenied, err)
		case "ResourceNotFoundException":
			r.pacer.faster()
			if strings.Contains(apiError.ErrorMessage(), "log group") {
				return absent, fmt.Errorf("%w: %w", ErrNoGroup, err)
			}
			return absent, fmt.Errorf("%w: %w", ErrNoStream, err)
		}
	}
	r.pacer.slower()
	return failure, err
}

// withoutRetries switches off the client's retries, which would ignore the shared
// [Pacer]. The follower retries itself.
func withoutRetries(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} }
