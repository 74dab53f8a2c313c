// Package cluster calls Amazon ECS. It registers and deregisters task definitions. It starts,
// finds, describes and stops tasks on one cluster.
//
// The package decides when to retry a call, and for how long. It prints nothing, reads no logs and
// does not parse task definition files. AWS documents the rules of each call in the ECS API
// reference.
package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go/middleware"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// API has the operations of ECS that the package calls. [*ecs.Client] implements it.
type API interface {
	RegisterTaskDefinition(context.Context, *ecs.RegisterTaskDefinitionInput,
		...func(*ecs.Options)) (*ecs.RegisterTaskDefinitionOutput, error)
	DescribeTaskDefinition(context.Context, *ecs.DescribeTaskDefinitionInput,
		...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
	DeregisterTaskDefinition(context.Context, *ecs.DeregisterTaskDefinitionInput,
		...func(*ecs.Options)) (*ecs.DeregisterTaskDefinitionOutput, error)
	ListTaskDefinitions(context.Context, *ecs.ListTaskDefinitionsInput,
		...func(*ecs.Options)) (*ecs.ListTaskDefinitionsOutput, error)
	ListServices(context.Context, *ecs.ListServicesInput, ...func(*ecs.Options)) (*ecs.ListServicesOutput, error)
	DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput,
		error)
	RunTask(context.Context, *ecs.RunTaskInput, ...func(*ecs.Options)) (*ecs.RunTaskOutput, error)
	DescribeTasks(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
	ListTasks(context.Context, *ecs.ListTasksInput, ...func(*ecs.Options)) (*ecs.ListTasksOutput, error)
	StopTask(context.Context, *ecs.StopTaskInput, ...func(*ecs.Options)) (*ecs.StopTaskOutput, error)
}

// Client calls ECS for one cluster.
type Client struct {
	API     API
	Cluster string // name or ARN; empty means the cluster named default

	// FastRetry makes the retries of list and describe calls of tasks fast: there are up to 20
	// attempts with at most 200 ms between them. It is meant for the last seconds of a step.
	FastRetry bool
}

// options returns the options of calls that change nothing in AWS.
func (c Client) options() []func(*ecs.Options) {
	if !c.FastRetry {
		return nil
	}
	return []func(*ecs.Options){func(o *ecs.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 20, 200*time.Millisecond, ratelimit.None
			awserr.RetryBroken(o)
		})
	}}
}

// cluster returns the member of a request. The API takes nil for the cluster named default.
func (c Client) cluster() *string {
	if c.Cluster == "" {
		return nil
	}
	return &c.Cluster
}

// callTimeout is the timeout of each call with its retries. The SDK has no timeout of its own for
// an endpoint that accepts the connection and never answers.
const callTimeout = 30 * time.Second

// call makes one call of the API with the timeout callTimeout.
func call[In, Out any](ctx context.Context, operation func(context.Context, In, ...func(*ecs.Options)) (Out, error),
	in In, options ...func(*ecs.Options)) (Out, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return operation(ctx, in, options...)
}

// change is call for an operation that changes something in AWS. After ctx has ended, the call has
// a short grace period to finish. Without the response, the step would not know which tasks it
// started.
func change[In, Out any](ctx context.Context, operation func(context.Context, In, ...func(*ecs.Options)) (Out, error),
	in In, options ...func(*ecs.Options)) (Out, error) {
	const grace = 3 * time.Second // less than the 7 s that a cancelled step has
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if sleep.For(late, grace) {
			cancel()
		}
	})
	defer stop()
	return call(late, operation, in, options...)
}

// observe returns an option that counts in unanswered the attempts of a call that AWS did not
// answer. Each such attempt may have done its work. The count is needed because the SDK makes
// several attempts and returns only the error of the last one.
//
// After wanted has ended, the option makes further attempts fail, so that a retry does not start
// tasks for a cancelled step.
func observe(wanted context.Context, unanswered *atomic.Int32) func(*ecs.Options) {
	attempts := 0
	count := middleware.DeserializeMiddlewareFunc("CountUnanswered",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
		) {
			if attempts++; attempts > 1 && wanted.Err() != nil {
				return out, metadata, context.Cause(wanted)
			}
			out, metadata, err = next.HandleDeserialize(ctx, in)
			if awserr.Unconfirmed(err) {
				unanswered.Add(1)
			}
			return out, metadata, err
		})
	return ecs.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(count, middleware.Before)
	})
}

// unseenBudget is how long a call is retried after [awserr.UnseenRole].
const unseenBudget = 20 * time.Second

// pause waits for d with a random change of up to 20%, so that parallel steps do not call ECS at
// the same time. It returns false as soon as ctx ends.
func pause(ctx context.Context, d time.Duration) bool { return sleep.For(ctx, jitter(d)) }

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// Watch updates states until every task is done. See [task.Watch.Wait], also for the error.
func (c Client) Watch(ctx context.Context, states []*task.State, w task.Watch) error {
	return w.Wait(ctx, c.describeStates, states)
}

// WatchEnding updates states of tasks that already have verdicts. See [task.Watch.WaitForEnd].
func (c Client) WatchEnding(ctx context.Context, states []*task.State, w task.Watch) error {
	return w.WaitForEnd(ctx, c.describeStates, states)
}

func (c Client) describeStates(ctx context.Context, arns []string,
	options ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	out, err := call(ctx, c.API.DescribeTasks, &ecs.DescribeTasksInput{Cluster: c.cluster(), Tasks: arns},
		append(c.options(), options...)...)
	if err != nil {
		return nil, fmt.Errorf("describe tasks: %w", err)
	}
	return out, nil
}
