// Package cluster makes the calls of Amazon ECS: it registers task definitions, launches,
// finds, describes and stops tasks on one cluster, and deregisters what was registered.
//
// It knows when to make a call again, and for how long. It prints nothing, reads no logs and
// knows no texts of definitions. AWS's own rules are the documentation of the API operations
// that it calls.
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

// API is the part of ECS that the package calls; [*ecs.Client] satisfies it.
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

// Runner runs tasks on one cluster.
type Client struct {
	API     API
	Cluster string // name or ARN; empty is the cluster named default

	// FastRetry is for the last seconds: calls that only ask are made again at once where
	// the client would wait first.
	FastRetry bool
}

// options are those of calls that only ask.
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

// cluster is nil for the cluster named default, as the API has it.
func (c Client) cluster() *string {
	if c.Cluster == "" {
		return nil
	}
	return &c.Cluster
}

// callTimeout bounds each call with its retries: the SDK has no time-out of its
// own for an endpoint that accepts and never answers.
const callTimeout = 30 * time.Second

// call makes one call of the API with a bound on its time.
func call[In, Out any](ctx context.Context, operation func(context.Context, In, ...func(*ecs.Options)) (Out, error),
	in In, options ...func(*ecs.Options)) (Out, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return operation(ctx, in, options...)
}

// change is call for an operation that changes something. It does not end at once with ctx:
// without the response there may be a task that is not known.
func change[In, Out any](ctx context.Context, operation func(context.Context, In, ...func(*ecs.Options)) (Out, error),
	in In, options ...func(*ecs.Options)) (Out, error) {
	const grace = 3 * time.Second // fits into the 7 s that a cancelled step has
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

// observe has a call count in unanswered those of its attempts that may have done what
// the call is for without an answer: the SDK makes several, and returns the error of
// the last alone. Once wanted has ended, no other attempt is made: what the first did
// not start is not to be started by a second.
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

// unseenBudget is how long a call is made again for the sake of such a role.
const unseenBudget = 20 * time.Second

// pause waits for d, give or take a fifth so that many steps don't ask in step.
// It returns false at once when ctx ends.
func pause(ctx context.Context, d time.Duration) bool { return sleep.For(ctx, jitter(d)) }

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// describeLimit is how many tasks one DescribeTasks names at the most.
const describeLimit = 100

// Watch asks ECS for the states of tasks; see [task.Watch.Wait].
func (c Client) Watch(ctx context.Context, states []*task.State, w task.Watch) error {
	return w.Wait(ctx, c.describeStates, states)
}

// WatchEnding asks ECS for the states of tasks that have their verdicts; see
// [task.Watch.WaitForEnd].
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
