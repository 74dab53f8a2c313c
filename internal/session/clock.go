package session

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithy "github.com/aws/smithy-go/middleware"
)

// clock estimates the current time of AWS from the responses to calls. Between responses it
// uses the elapsed time and not this machine's clock, which may be wrong or be changed. The
// zero value is ready to use; it uses this machine's clock until there is a response.
type clock struct {
	mu   sync.Mutex
	seen time.Time // time of the response, by this machine's clock
	says time.Time // time of AWS at that moment
}

// middleware reads the clock skew that the SDK measures for every response. Responses
// contain their time in whole seconds and arrive later; the one with the latest time is the
// most exact.
func (c *clock) middleware(stack *smithy.Stack) error {
	measure := func(ctx context.Context, in smithy.DeserializeInput, next smithy.DeserializeHandler) (
		out smithy.DeserializeOutput, metadata smithy.Metadata, err error,
	) {
		out, metadata, err = next.HandleDeserialize(ctx, in)
		if skew, ok := middleware.GetAttemptSkew(metadata); ok {
			c.measured(skew)
		}
		return out, metadata, err
	}
	return stack.Deserialize.Add(smithy.DeserializeMiddlewareFunc("Clock", measure), smithy.Before)
}

func (c *clock) measured(skew time.Duration) {
	now := time.Now()
	says := now.Round(0).Add(skew)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen.IsZero() || says.After(c.says.Add(now.Sub(c.seen))) {
		c.seen, c.says = now, says
	}
}

// local returns this machine's time for a time of AWS. It is never in the future.
func (c *clock) local(at time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	passed := now.Round(0).Sub(at)
	if !c.seen.IsZero() {
		passed = c.says.Add(now.Sub(c.seen)).Sub(at)
	}
	return now.Add(-max(passed, 0))
}
