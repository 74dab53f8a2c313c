package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// stopReasonLimit is how long the reason of a StopTask may be.
const stopReasonLimit = 255

// stopBudget bounds the time in which tasks are stopped.
const stopBudget = 30 * time.Second

// stopTry bounds one attempt to stop a task: where no answer comes it is better
// to ask again than to wait.
const stopTry = 2 * time.Second

// Stop asks ECS to stop tasks, all at once, and returns when it has answered for
// every one, with the errors joined. What fails for a passing reason is asked
// again until ctx ends. ECS sends each container its stop signal, and kills it
// after its stop time-out.
func (c Client) Stop(ctx context.Context, arns []string, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, stopBudget)
	defer cancel()
	if characters := []rune(reason); len(characters) > stopReasonLimit {
		reason = string(characters[:stopReasonLimit])
	}
	faults := make(chan error)
	for _, arn := range arns {
		go func() { faults <- c.stop(ctx, arn, reason) }()
	}
	var all []error
	for range arns {
		all = append(all, <-faults)
	}
	return errors.Join(all...)
}

func (c Client) stop(ctx context.Context, arn, reason string) error {
	in := &ecs.StopTaskInput{Cluster: c.cluster(), Task: &arn, Reason: &reason}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := c.stopOnce(ctx, in)
		if err == nil {
			return nil
		}
		if !awserr.Transient(err) && !awserr.Expired(err) || !pause(ctx, wait) {
			return fmt.Errorf("stop task %s: %w", task.ID(arn), err)
		}
	}
}

// stopOnce makes one attempt. The client's own retries would wait too long, and
// share a quota that the watch may have used up.
func (c Client) stopOnce(ctx context.Context, in *ecs.StopTaskInput) error {
	ctx, cancel := context.WithTimeout(ctx, stopTry)
	defer cancel()
	_, err := c.API.StopTask(ctx, in, func(o *ecs.Options) { o.Retryer = aws.NopRetryer{} })
	return err
}
