package task

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// PerCall is how many tasks one RunTask starts at the most.
const PerCall = 10

// Launch is what is to be started.
type Launch struct {
	Definition *types.TaskDefinition
	Count      int // of tasks, 1 or more

	// Request is the rest of the RunTask request. Its task definition, cluster,
	// count and client token are set for each call.
	Request ecs.RunTaskInput

	// Capacity is how long to go on asking when AWS has no room at the moment;
	// 0 asks once.
	Capacity time.Duration

	// Waiting, if not nil, is called before each such wait, on the goroutine of
	// the caller of [Runner.Launch].
	Waiting func(failures []types.Failure, wait time.Duration)
}

// Launched is what was started, also where not all of it was.
type Launched struct {
	Definition *types.TaskDefinition
	Tasks      []types.Task
	Failures   []types.Failure // why tasks are missing, from the last answer
	At         time.Time       // when ECS accepted the last of the tasks
}

// FailedLaunchError says that ECS answered but did not start every task.
type FailedLaunchError struct {
	Definition string // family:revision
	Asked      int
	Started    int
	Failures   []types.Failure
}

func (e *FailedLaunchError) Error() string {
	var reasons []string
	for _, failure := range e.Failures {
		reason := join(aws.ToString(failure.Reason), aws.ToString(failure.Detail))
		if arn := aws.ToString(failure.Arn); arn != "" {
			reason += " (" + arn + ")"
		}
		reasons = append(reasons, reason)
	}
	if len(reasons) == 0 {
		reasons = []string{"ECS gave no reason"}
	}
	return fmt.Sprintf("run task %s: %d of %d tasks started: %s", e.Definition, e.Started, e.Asked, strings.Join(slices.Compact(reasons), "; "))
}

// Launch starts tasks, in calls of ten at the most. Whatever the error, what it
// returns names every task that ECS said it started.
//
// Each call has a client token of its own. A call that gets no answer, or a
// fault inside AWS for one, is made again with the same token, so that ECS
// answers with the tasks of the first if there was one
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html);
// after an answer with failures the token is new, since the old one would only
// bring the same failures back. The error is a [*FailedLaunchError] if ECS
// answered but tasks are missing.
func (r Runner) Launch(ctx context.Context, l Launch) (Launched, error) {
	launched := Launched{Definition: l.Definition}
	deadline := time.Now().Add(l.Capacity)
	wait := 5 * time.Second
	for len(launched.Tasks) < l.Count {
		missing := min(l.Count-len(launched.Tasks), PerCall)
		out, err := r.runTask(ctx, l, missing)
		if err != nil {
			return launched, fmt.Errorf("run task %s: %w", Name(l.Definition), err)
		}
		launched.At = time.Now()
		launched.Tasks = append(launched.Tasks, out.Tasks...)
		launched.Failures = out.Failures
		if len(out.Tasks) >= missing {
			continue
		}
		failed := &FailedLaunchError{Name(l.Definition), l.Count, len(launched.Tasks), out.Failures}
		if !forWantOfCapacity(out.Failures) || time.Until(deadline) < wait {
			return launched, failed
		}
		if l.Waiting != nil {
			l.Waiting(out.Failures, wait)
		}
		if !pause(ctx, wait) {
			return launched, failed
		}
		wait = min(2*wait, time.Minute)
	}
	return launched, nil
}

// runTask makes one logical call, as often as it takes to get an answer.
func (r Runner) runTask(ctx context.Context, l Launch, count int) (*ecs.RunTaskOutput, error) {
	in := l.Request
	in.TaskDefinition = l.Definition.TaskDefinitionArn
	in.Cluster = r.cluster()
	in.Count = aws.Int32(int32(count))
	in.ClientToken = aws.String(rand.Text())
	for try := 0; ; try++ {
		out, err := change(ctx, r.API.RunTask, &in)
		if err == nil || !Transient(err) || try == 5 || !pause(ctx, time.Second<<try) {
			return out, explainConflict(err)
		}
	}
}

// explainConflict names the tasks that ECS says exist already.
func explainConflict(err error) error {
	var conflict *types.ConflictException
	if errors.As(err, &conflict) && len(conflict.ResourceIds) > 0 {
		return fmt.Errorf("%w (existing tasks: %s)", err, strings.Join(conflict.ResourceIds, ", "))
	}
	return err
}

// forWantOfCapacity reports whether every failure is for want of room.
func forWantOfCapacity(failures []types.Failure) bool {
	for _, failure := range failures {
		if !noRoom(aws.ToString(failure.Reason)) {
			return false
		}
	}
	return len(failures) > 0
}
