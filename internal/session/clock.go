package session

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithy "github.com/aws/smithy-go/middleware"
)

// clock is AWS's clock, as the answers to calls show it. It does not follow this
// machine's clock, which may be wrong or be set meanwhile, but the time that has passed
// since an answer. The zero value is ready for use, and takes this machine's clock for
// AWS's until there is an answer.
type clock struct {
	mu   sync.Mutex
	seen time.Time // when the answer came, by this machine
	says time.Time // what AWS's clock showed then
}

// middleware takes in the skew that the SDK measures by every answer. The answers give
// their time in whole seconds and are under way for a while: the one that shows the
// latest time is the nearest.
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

// local returns a time by this machine's clock for one by AWS's. It is not later than
// now.
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
