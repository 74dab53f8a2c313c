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

// registerBudget is how long a registration is tried again that met another one
// of the same family, which AWS calls a client's fault, so that the SDK gives up,
// or that was throttled: an account's bucket is refilled with one registration a
// second.
const registerBudget = 5 * time.Minute

// Register registers the definition whose RegisterTaskDefinition request is
// given as the API's JSON, to the letter, and checks what ECS answers: the
// revision is active and of the family. A definition that ECS did register is
// returned even if the check fails, so that it can be named and cleaned up.
//
// Unanswered is how many attempts had no answer: each may have registered the definition
// as well, as they have no token by which ECS would know that they are one.
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

// registration is the least that the SDK takes for a request; its body is
// replaced.
func registration(family string) *ecs.RegisterTaskDefinitionInput {
	return &ecs.RegisterTaskDefinitionInput{Family: &family, ContainerDefinitions: []types.ContainerDefinition{}}
}

// collided reports whether another registration of the family was under way.
func collided(err error) bool {
	return awserr.Code(err) == "ClientException" && strings.Contains(err.Error(),
		"Too many concurrent attempts to create a new revision")
}

// registered checks the answer to a registration.
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

// deregisterBurst is how many deregistrations are made as fast as they can be.
// The bucket that AWS counts them in, together with the registrations of the
// whole account, holds 20 and is refilled with one a second.
const deregisterBurst = 10

// Deregister makes revisions inactive, one after the other, at the pace that AWS
// allows. It goes on after an error, but not when ctx has ended, and returns the
// ARNs that it did deregister with all errors.
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

// Population is how many tasks of a family there are on the cluster.
type Population struct{ Running, Stopped int }

// Count counts the tasks of a family whose desired status is RUNNING and
// STOPPED. ECS forgets stopped tasks after about an hour.
func (c Client) Count(ctx context.Context, family string) (Population, error) {
	var p Population
	var running, stopped error
	var both sync.WaitGroup
	both.Go(func() { p.Running, running = c.count(ctx, family, types.DesiredStatusRunning) })
	both.Go(func() { p.Stopped, stopped = c.count(ctx, family, types.DesiredStatusStopped) })
	both.Wait()
	return p, cmp.Or(running, stopped) // the same reason, as a rule
}

func (c Client) count(ctx context.Context, family string, status types.DesiredStatus) (int, error) {
	arns, err := c.list(ctx, &ecs.ListTasksInput{Family: &family, DesiredStatus: status})
	return len(arns), err
}
