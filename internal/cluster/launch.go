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

// PerCall is how many tasks one RunTask starts at the most.
const PerCall = 10

// Launch is what is to be started.
type Launch struct {
	Definition *types.TaskDefinition
	Count      int // of tasks, 1 or more

	// Request holds the other members of the RunTask request, by their names in
	// the API and as its JSON: [Body] adds what is set for each call.
	Request map[string]json.RawMessage

	// Capacity is how long to go on asking when AWS has no room at the moment;
	// 0 asks once.
	Capacity time.Duration

	// Calling, if not nil, is called before each call of RunTask, with its client token
	// and the number of tasks that it asks for. It is called on the goroutine of the
	// caller of [Client.Launch], as are the other two.
	Calling func(token string, count int)

	// Answered, if not nil, is called at once when it is certain what a call has
	// started: with the tasks of the answer, none if ECS refused the call. A later
	// call may take its time, and never come to an end.
	Answered func(token string, tasks []types.Task)

	// Waiting, if not nil, is called before each wait for room.
	Waiting func(failures []types.Failure, wait time.Duration)
}

// Launched is what was started, also where not all of it was.
type Launched struct {
	Definition *types.TaskDefinition
	Tasks      []types.Task
	Failures   []types.Failure // why tasks are missing, from the last answer

	// Unconfirmed is the client token of a call that came to an error and of which an
	// attempt had no answer: ECS may have started tasks that are not named here. It is
	// empty if there was none.
	Unconfirmed string

	At time.Time // when ECS accepted the last of the tasks
}

// States returns the states of launched tasks, as RunTask answered them.
func States(launched ...Launched) []*task.State {
	var states []*task.State
	for _, l := range launched {
		for _, t := range l.Tasks {
			states = append(states, task.New(t, l.Definition, l.At))
		}
	}
	return states
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
		if refused := refusedForCapacity(err); refused != nil && !unconfirmed { // else a new token might start them twice
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

// tasksOf returns the tasks of an answer, which is nil if there was none.
func tasksOf(out *ecs.RunTaskOutput) []types.Task {
	if out == nil {
		return nil
	}
	return out.Tasks
}

// unconfirmedBudget is how long one logical call is made again for an answer.
const unconfirmedBudget = 5 * time.Minute

// runTask makes one logical call, as often as it takes to get an answer. Unconfirmed
// is true if an attempt had none, whatever the answer to the last was.
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

// Body returns the body of a RunTask call: the members of a request, with the
// cluster, the task definition, the count and the client token of in, as far as
// it has them.
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

// explainConflict names the tasks that ECS says exist already.
func explainConflict(err error) error {
	var conflict *types.ConflictException
	if errors.As(err, &conflict) && len(conflict.ResourceIds) > 0 {
		return fmt.Errorf("%w (existing tasks: %s)", err, strings.Join(conflict.ResourceIds, ", "))
	}
	return err
}

// refusedForCapacity returns the failures that a refusal stands for: instead of listing
// failures ECS may refuse the call as a whole for want of room. It is nil for other errors.
func refusedForCapacity(err error) []types.Failure {
	var refusal smithy.APIError
	if awserr.Code(err) != "ClientException" || !errors.As(err, &refusal) || !strings.Contains(refusal.ErrorMessage(),
		"Capacity is unavailable") {
		return nil
	}
	return []types.Failure{{Reason: aws.String(refusal.ErrorMessage())}}
}

// forWantOfCapacity reports whether every failure is for want of room.
func forWantOfCapacity(failures []types.Failure) bool {
	for _, failure := range failures {
		if !verdict.NoRoom(aws.ToString(failure.Reason)) {
			return false
		}
	}
	return len(failures) > 0
}
