package cluster

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Find returns the registered definition of a family (its newest active
// revision), family:revision or ARN. It is an error if that is not active: no
// task can be run of it.
func (c Client) Find(ctx context.Context, name string) (*types.TaskDefinition, error) {
	definition, _, err := c.FindText(ctx, name)
	return definition, err
}

// FindText is [Client.Find] that returns ECS's answer too, with the definition's
// tags, as it came: a member that this version of the SDK does not know is there.
func (c Client) FindText(ctx context.Context, name string) (*types.TaskDefinition, []byte, error) {
	definition, answer, err := c.Describe(ctx, name)
	if err == nil && definition.Status != types.TaskDefinitionStatusActive {
		return nil, nil, fmt.Errorf("describe task definition %s: %s has the status %q, expected ACTIVE", name,
			task.Name(definition), definition.Status)
	}
	return definition, answer, err
}

// Describe returns a registered definition whatever its status, as a running task
// may have one that is no longer active, and ECS's whole answer about it, tags
// included, as JSON.
func (c Client) Describe(ctx context.Context, name string) (*types.TaskDefinition, []byte, error) {
	var answer []byte
	out, err := call(ctx, c.API.DescribeTaskDefinition, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}, keepBody(&answer))
	if err != nil {
		return nil, nil, fmt.Errorf("describe task definition %s: %w", name, err)
	}
	return out.TaskDefinition, answer, nil
}

// DescribeIfAny is [Client.Describe] that returns nil, and no error, where there is no
// such definition.
func (c Client) DescribeIfAny(ctx context.Context, name string) (*types.TaskDefinition, []byte, error) {
	definition, answer, err := c.Describe(ctx, name)
	if awserr.Code(err) == "ClientException" {
		return nil, nil, nil
	}
	return definition, answer, err
}
