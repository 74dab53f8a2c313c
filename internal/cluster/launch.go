package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// PerCall is the maximum number of tasks that one RunTask can start.
const PerCall = 10

// Launch describes the tasks that [Client.Launch] starts.
type Launch struct {
	Definition *types.TaskDefinition
	Count      int // number of tasks, 1 or more

	// Request holds the other members of the RunTask request in the API's JSON, by their names.
	// [Body] adds the members that differ from call to call.
	Request map[string]json.RawMessage

	// Capacity is how long Launch retries while AWS has no capacity. 0 means no retry.
	Capacity time.Duration

	// Calling, if not nil, is called before each call of RunTask with the client token and the
	// number of tasks of the call. Calling, Answered and Waiting run on the goroutine that called
	// [Client.Launch].
	Calling func(token string, count int)

	// Answered, if not nil, is called as soon as the tasks that a call started are known. The tasks
	// are nil if ECS refused the call. Answered does not wait for the other calls of the launch,
	// because they may take long or fail.
	Answered func(token string, tasks []types.Task)

	// Waiting, if not nil, is called before each wait for capacity.
	Waiting func(failures []types.Failure, wait time.Duration)
}

// Launched is the result of a launch, complete or not.
type Launched struct {
	Definition *types.TaskDefinition
	Tasks      []types.Task
	Failures   []types.Failure // why tasks did not start, from the last response

	// Unconfirmed is the client token of a call that failed after ECS did not answer at least one
	// of its attempts. ECS may have started tasks that are not in Tasks. It is empty if there was
	// no such call.
	Unconfirmed string

	// At is when the last call without an error returned, by this machine's clock. It is zero if
	// there was none.
	At time.Time
}

// States returns a state for each launched task, with the data from the response of RunTask.
func States(launched ...Launched) []*task.State {
	var states []*task.State
	for _, l := range launched {
		for _, t := range l.Tasks {
			states = append(states, task.New(t, l.Definition, l.At))
		}
	}
	return states
}

// FailedLaunchError is the error if ECS answered RunTask but did not start every task.
type FailedLaunchError struct {
	Definition string // family:revision
	Asked      int    // number of tasks of the launch
	Started    int
	Failures   []types.Failure // from the last response; may be empty
}

func (e *FailedLaunchError) Error() string {
	var reasons []string
	for _, failure := range e.Failures {
		reason := aws.ToString(failure.Reason)
		if detail := aws.ToString(failure.Detail); detail != "" {
			reason += ": " + detail
		}
		if arn := aws.ToString(failure.Arn); arn != "" {
			reason += " (" + arn + ")"
		}
		reasons = append(reasons, reason)
	}
	if len(reasons) == 0 {
		reasons = []string{"ECS gave no reason"}
	}
	return fmt.Sprintf("run task %s: %d of %d tasks started: %s", e.Definition, e.Started, e.Asked,
		strings.Join(slices.Compact(reasons), "; "))
}

// Launch starts tasks with calls of RunTask for at most [PerCall] tasks each. The result contains
// every task that ECS reported as started, even if there is an error. The error is a
// [*FailedLaunchError] if ECS answered but did not start every task.
//
// Each call has its own client token. If ECS does not answer or has an internal error, the retry
// has the same token, so that ECS returns the tasks of the first attempt instead of starting more
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html). After a
// response with failures the next call has a new token, because ECS would return the same failures
// for the old one.
func (c Client) Launch(ctx context.Context, l Launch) (Launched, error) {
	launched := Launched{Definition: l.Definition}
	deadline := time.Now().Add(l.Capacity)
	wait := 5 * time.Second
	for len(launched.Tasks) < l.Count {
		missing := min(l.Count-len(launched.Tasks), PerCall)
		token := rand.Text()
		if l.Calling != nil {
			l.Calling(token, missing)
		}
		out, unconfirmed, err := c.runTask(ctx, l, token, missing)
		// After an unconfirmed call, a new token could start the tasks twice.
		if refused := refusedForCapacity(err); refused != nil && !unconfirmed {
			out, err = &ecs.RunTaskOutput{Failures: refused}, nil
		}
		if err != nil && unconfirmed {
			launched.Unconfirmed = token
		} else if l.Answered != nil {
			l.Answered(token, tasksOf(out))
		}
		if err != nil {
			return launched, fmt.Errorf("run task %s: %w", task.Name(l.Definition), err)
		}
		launched.At = time.Now()
		launched.Tasks = append(launched.Tasks, out.Tasks...)
		launched.Failures = out.Failures
		if len(out.Tasks) >= missing {
			continue
		}
		failed := &FailedLaunchError{task.Name(l.Definition), l.Count, len(launched.Tasks), out.Failures}
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

// tasksOf returns the tasks of a response. It returns nil if out is nil.
func tasksOf(out *ecs.RunTaskOutput) []types.Task {
	if out == nil {
		return nil
	}
	return out.Tasks
}

// unconfirmedBudget is how long runTask retries temporary errors.
const unconfirmedBudget = 5 * time.Minute

// runTask calls RunTask and retries temporary errors with the same client token. unconfirmed is
// true if ECS did not answer at least one attempt, even if it answered the last one.
func (c Client) runTask(ctx context.Context, l Launch, token string, count int) (out *ecs.RunTaskOutput,
	unconfirmed bool, err error) {
	in := &ecs.RunTaskInput{
		TaskDefinition: l.Definition.TaskDefinitionArn, Cluster: c.cluster(),
		Count: aws.Int32(int32(count)), ClientToken: &token,
	}
	body, err := Body(l.Request, in)
	if err != nil {
		return nil, false, err
	}
	var noted atomic.Int32
	start := time.Now()
	for wait := time.Second; ; wait = min(2*wait, 15*time.Second) {
		out, err = change(ctx, c.API.RunTask, in, WithBody(body), observe(ctx, &noted))
		unconfirmed = unconfirmed || noted.Load() > 0 || awserr.Unconfirmed(err)
		took := time.Since(start)
		again := awserr.Transient(err) && took < unconfirmedBudget || awserr.UnseenRole(err) && took < unseenBudget
		if err == nil || !again || !pause(ctx, wait) {
			return out, unconfirmed, explainConflict(err)
		}
	}
}

// Body returns the JSON body of a RunTask call. It has the members of request, and the cluster, the
// task definition, the count and the client token of in unless they are nil.
func Body(request map[string]json.RawMessage, in *ecs.RunTaskInput) ([]byte, error) {
	members := map[string]any{}
	for name, value := range request {
		members[name] = value
	}
	for name, value := range map[string]*string{"cluster": in.Cluster, "taskDefinition": in.TaskDefinition,
		"clientToken": in.ClientToken} {
		if value != nil {
			members[name] = value
		}
	}
	if in.Count != nil {
		members["count"] = in.Count
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(members); err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), nil
}

// explainConflict adds the existing tasks to a ConflictException. It does not change other errors.
func explainConflict(err error) error {
	var conflict *types.ConflictException
	if errors.As(err, &conflict) && len(conflict.ResourceIds) > 0 {
		return fmt.Errorf("%w (existing tasks: %s)", err, strings.Join(conflict.ResourceIds, ", "))
	}
	return err
}

// refusedForCapacity converts an error about missing capacity to a failure. ECS may refuse the
// whole call with such an error instead of returning failures. The result is nil for other errors.
func refusedForCapacity(err error) []types.Failure {
	var refusal smithy.APIError
	if awserr.Code(err) != "ClientException" || !errors.As(err, &refusal) || !strings.Contains(refusal.ErrorMessage(),
		"Capacity is unavailable") {
		return nil
	}
	return []types.Failure{{Reason: aws.String(refusal.ErrorMessage())}}
}

// forWantOfCapacity reports whether a lack of capacity caused every failure. It is false if there
// are no failures.
func forWantOfCapacity(failures []types.Failure) bool {
	for _, failure := range failures {
		if !verdict.NoRoom(aws.ToString(failure.Reason)) {
			return false
		}
	}
	return len(failures) > 0
}
