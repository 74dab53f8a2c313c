package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

// registerBudget is how long register retries after throttling, or while another registration of
// the same family is in progress. The SDK does not retry the second case, because AWS reports it as
// a client error. The retries may take long: the rate limit of an account is one registration a
// second.
const registerBudget = 5 * time.Minute

// Register registers a task definition. It sends request, which is the JSON of a
// RegisterTaskDefinition call, without changes. It then checks that the new revision is active and
// belongs to the family. If the check fails, Register returns the definition with the error, so
// that the caller can report it and clean it up.
//
// unanswered is the number of attempts that ECS did not answer. Each of them may have created a
// revision, because RegisterTaskDefinition has no client token.
func (c Client) Register(ctx context.Context, family string, request []byte) (definition *types.TaskDefinition,
	unanswered int, err error) {
	out, unanswered, err := c.register(ctx, family, request)
	if err == nil {
		definition = out.TaskDefinition
		err = registered(definition, family)
	}
	if err != nil {
		err = fmt.Errorf("register task definition %s: %w", family, err)
	}
	return definition, unanswered, err
}

func (c Client) register(ctx context.Context, family string, request []byte) (out *ecs.RegisterTaskDefinitionOutput,
	unanswered int, err error) {
	var noted atomic.Int32
	start := time.Now()
	for wait := time.Second; ; wait = min(2*wait, 8*time.Second) {
		out, err = change(ctx, c.API.RegisterTaskDefinition, registration(family), WithBody(request), observe(ctx, &noted))
		next := jitter(wait)
		took := time.Since(start) + next
		again := (collided(err) || awserr.Throttled(err)) && took < registerBudget || awserr.UnseenRole(err) &&
			took < unseenBudget || awserr.Transient(err) && took < callTimeout
		if !again || !sleep.For(ctx, next) {
			return out, int(noted.Load()), err
		}
	}
}

// registration returns the smallest input that the SDK accepts. [WithBody] replaces its JSON.
func registration(family string) *ecs.RegisterTaskDefinitionInput {
	return &ecs.RegisterTaskDefinitionInput{Family: &family, ContainerDefinitions: []types.ContainerDefinition{}}
}

// collided reports whether ECS refused a registration because another one of the same family was
// in progress.
func collided(err error) bool {
	return awserr.Code(err) == "ClientException" && strings.Contains(err.Error(),
		"Too many concurrent attempts to create a new revision")
}

// registered checks the task definition in the response to a registration.
func registered(definition *types.TaskDefinition, family string) error {
	switch {
	case definition == nil || definition.TaskDefinitionArn == nil:
		return errors.New("the answer of ECS has no task definition")
	case definition.Status != types.TaskDefinitionStatusActive:
		return fmt.Errorf("%s has the status %q, expected ACTIVE", *definition.TaskDefinitionArn, definition.Status)
	case aws.ToString(definition.Family) != family:
		return fmt.Errorf("%s is of the family %q, expected %q", *definition.TaskDefinitionArn,
			aws.ToString(definition.Family), family)
	case definition.Revision < 1:
		return fmt.Errorf("%s has the revision %d, expected 1 or more", *definition.TaskDefinitionArn, definition.Revision)
	}
	return nil
}

// deregisterBurst is the number of deregistrations that Deregister makes without a wait. AWS counts
// them together with the registrations of the whole account: it allows a burst of 20, and one a
// second after that.
const deregisterBurst = 10

// Deregister deregisters revisions one after the other, within AWS's rate limit. It continues after
// an error, but not after ctx has ended. It returns the ARNs of the deregistered revisions and all
// errors, joined.
func (c Client) Deregister(ctx context.Context, arns []string) ([]string, error) {
	var done []string
	var faults []error
	for i, arn := range arns {
		if i >= deregisterBurst && !sleep.For(ctx, time.Second) || ctx.Err() != nil {
			faults = append(faults, fmt.Errorf("deregister %d more task definitions, from %s on: %w", len(arns)-i, arn,
				context.Cause(ctx)))
			break
		}
		if err := c.deregister(ctx, arn); err != nil {
			faults = append(faults, fmt.Errorf("deregister task definition %s: %w", arn, err))
			continue
		}
		done = append(done, arn)
	}
	return done, errors.Join(faults...)
}

func (c Client) deregister(ctx context.Context, arn string) error {
	for wait := time.Second; ; wait *= 2 {
		_, err := call(ctx, c.API.DeregisterTaskDefinition, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn})
		if err == nil || !awserr.Transient(err) || wait > 8*time.Second || !pause(ctx, wait) {
			return err
		}
	}
}

// Population is the number of tasks of a family on the cluster, by their desired status.
type Population struct{ Running, Stopped int }

// Count counts the tasks of a family with the desired status RUNNING and those with STOPPED. ECS
// lists stopped tasks for about an hour.
func (c Client) Count(ctx context.Context, family string) (Population, error) {
	var p Population
	var running, stopped error
	var both sync.WaitGroup
	both.Go(func() { p.Running, running = c.count(ctx, family, types.DesiredStatusRunning) })
	both.Go(func() { p.Stopped, stopped = c.count(ctx, family, types.DesiredStatusStopped) })
	both.Wait()
	return p, cmp.Or(running, stopped) // both errors usually have the same cause
}

func (c Client) count(ctx context.Context, family string, status types.DesiredStatus) (int, error) {
	arns, err := c.list(ctx, &ecs.ListTasksInput{Family: &family, DesiredStatus: status})
	return len(arns), err
}
