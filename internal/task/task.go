// Package task registers task definitions on Amazon ECS, launches tasks of them,
// watches the tasks to their end, judges and stops them, and deregisters what
// was registered.
//
// It owns time: when to ask again, and for how long. It prints nothing, reads no
// logs and knows no texts of definitions. AWS's own rules are the documentation
// of the API operations that it calls.
package task

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go/middleware"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// API is the part of ECS that the package calls; [*ecs.Client] satisfies it.
type API interface {
	RegisterTaskDefinition(context.Context, *ecs.RegisterTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.RegisterTaskDefinitionOutput, error)
	DescribeTaskDefinition(context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
	DeregisterTaskDefinition(context.Context, *ecs.DeregisterTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DeregisterTaskDefinitionOutput, error)
	ListTaskDefinitions(context.Context, *ecs.ListTaskDefinitionsInput, ...func(*ecs.Options)) (*ecs.ListTaskDefinitionsOutput, error)
	ListServices(context.Context, *ecs.ListServicesInput, ...func(*ecs.Options)) (*ecs.ListServicesOutput, error)
	DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
	RunTask(context.Context, *ecs.RunTaskInput, ...func(*ecs.Options)) (*ecs.RunTaskOutput, error)
	DescribeTasks(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
	ListTasks(context.Context, *ecs.ListTasksInput, ...func(*ecs.Options)) (*ecs.ListTasksOutput, error)
	StopTask(context.Context, *ecs.StopTaskInput, ...func(*ecs.Options)) (*ecs.StopTaskOutput, error)
}

// Runner runs tasks on one cluster.
type Runner struct {
	API     API
	Cluster string // name or ARN; empty is the cluster named default

	// Hurry is for the last seconds: calls that only ask are made again at once where
	// the client would wait first.
	Hurry bool
}

// options are those of calls that only ask.
func (r Runner) options() []func(*ecs.Options) {
	if !r.Hurry {
		return nil
	}
	return []func(*ecs.Options){func(o *ecs.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 20, 200*time.Millisecond, ratelimit.None
			RetryBroken(o)
		})
	}}
}

// RetryBroken has the SDK make a call again whose answer broke off on its way,
// which it would take for the end of it.
func RetryBroken(o *retry.StandardOptions) {
	o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return aws.TrueTernary
		}
		return aws.UnknownTernary
	}))
}

// callTimeout bounds each call with its retries: the SDK has no time-out of its
// own for an endpoint that accepts and never answers.
const callTimeout = 30 * time.Second

// call makes one call of the API with a bound on its time.
func call[In, Out any](ctx context.Context, operation func(context.Context, In, ...func(*ecs.Options)) (Out, error), in In, options ...func(*ecs.Options)) (Out, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return operation(ctx, in, options...)
}

// change is call for an operation that changes something: it is not given up the
// moment ctx ends, since an answer that is not heard is a task that nobody knows
// of.
func change[In, Out any](ctx context.Context, operation func(context.Context, In, ...func(*ecs.Options)) (Out, error), in In, options ...func(*ecs.Options)) (Out, error) {
	const grace = 3 * time.Second // fits into the 7 s that a cancelled step has
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if Sleep(late, grace) {
			cancel()
		}
	})
	defer stop()
	return call(late, operation, in, options...)
}

// ID returns the last part of a task's ARN, which is the task's id.
func ID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// ShortID returns the first characters of a task's id, as messages name it.
func ShortID(state *State) string {
	id := ID(aws.ToString(state.TaskArn))
	return id[:min(len(id), 8)]
}

// Family returns the family in the name of a registered definition, which is family,
// family:revision or ARN.
func Family(name string) string {
	family, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return family
}

// Name returns family:revision of a definition.
func Name(definition *types.TaskDefinition) string {
	return fmt.Sprintf("%s:%d", aws.ToString(definition.Family), definition.Revision)
}

// Transient reports whether a call that ended in err may well succeed if it is
// made again as it was: throttled, failed inside AWS, or lost on its way.
func Transient(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if throttled(err) {
		return true
	}
	switch status := httpStatus(err); status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	default:
		var refusal smithy.APIError // without one there was no answer, or one that broke off
		return status >= http.StatusInternalServerError || !errors.As(err, &refusal) && status < http.StatusMultipleChoices
	}
}

// Unconfirmed reports whether a call that ended in err may have done what it was to
// do all the same: AWS never said that it has not.
func Unconfirmed(err error) bool {
	if err == nil {
		return false
	}
	var failed *FailedLaunchError
	if errors.As(err, &failed) {
		return false
	}
	var refusal smithy.APIError
	return !errors.As(err, &refusal) || httpStatus(err) >= http.StatusInternalServerError
}

// observe has a call count in unanswered those of its attempts that may have done what
// the call is for without an answer: the SDK makes several, and returns the error of
// the last alone. Once wanted has ended, no other attempt is made: what the first did
// not start is not to be started by a second.
func observe(wanted context.Context, unanswered *atomic.Int32) func(*ecs.Options) {
	attempts := 0
	count := middleware.DeserializeMiddlewareFunc("CountUnanswered", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
	) {
		if attempts++; attempts > 1 && wanted.Err() != nil {
			return out, metadata, context.Cause(wanted)
		}
		out, metadata, err = next.HandleDeserialize(ctx, in)
		if Unconfirmed(err) {
			unanswered.Add(1)
		}
		return out, metadata, err
	})
	return ecs.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(count, middleware.Before)
	})
}

// httpStatus returns the status of the answer, 0 if there was none.
func httpStatus(err error) int {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

func throttled(err error) bool {
	switch code(err) {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException":
		return true
	}
	return false
}

// Expired reports whether AWS refused a call since the credentials are no
// longer, or not yet, good.
func Expired(err error) bool {
	switch code(err) {
	case "ExpiredTokenException", "ExpiredToken", "RequestExpired":
		return true
	}
	return false
}

// Denied reports whether AWS refused a call for want of a permission.
func Denied(err error) bool {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		return true
	}
	return false
}

// unseenRole reports whether AWS does not see a role: for some seconds it may not
// see one that was just made.
func unseenRole(err error) bool {
	if code(err) != "ClientException" {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "Role is not valid") || strings.Contains(text, "unable to assume the role")
}

// unseenBudget is how long a call is made again for the sake of such a role.
const unseenBudget = 20 * time.Second

// code returns the code of AWS's refusal, or "" where there is none.
func code(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	return ""
}

// pause waits for d, give or take a fifth so that many steps don't ask in step.
// It returns false at once when ctx ends.
func pause(ctx context.Context, d time.Duration) bool { return Sleep(ctx, jitter(d)) }

// Sleep waits for d. It returns false at once when ctx ends.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}
