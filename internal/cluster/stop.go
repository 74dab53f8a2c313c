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

// stopReasonLimit is the maximum length of the reason of a StopTask, in characters.
const stopReasonLimit = 255

// stopBudget is the timeout of Stop for all tasks.
const stopBudget = 30 * time.Second

// stopTry is the timeout of one attempt to stop a task. It is short because a retry helps more than
// a longer wait if ECS does not answer.
const stopTry = 2 * time.Second

// Stop calls StopTask for all tasks in parallel and waits for all calls. It retries temporary
// errors until ctx ends, for 30 s at most, and returns the errors joined. It does not wait until
// the tasks have stopped: ECS sends each container its stop signal, and kills it after its stop
// timeout. A reason longer than 255 characters is cut.
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

// stopOnce makes one attempt without the SDK's retries. Those would wait too long, and the watch
// may have used up the retry quota of the SDK client.
func (c Client) stopOnce(ctx context.Context, in *ecs.StopTaskInput) error {
	ctx, cancel := context.WithTimeout(ctx, stopTry)
	defer cancel()
	_, err := c.API.StopTask(ctx, in, func(o *ecs.Options) { o.Retryer = aws.NopRetryer{} })
	return err
}
