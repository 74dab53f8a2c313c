package cluster

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Find returns a registered task definition. The name is a family:revision, an ARN, or a family,
// which means its newest active revision. A definition that is not active is an error, because ECS
// cannot run a task of it.
func (c Client) Find(ctx context.Context, name string) (*types.TaskDefinition, error) {
	definition, _, err := c.FindText(ctx, name)
	return definition, err
}

// FindText is like [Client.Find] and also returns the JSON of ECS's response, with the definition's
// tags. The JSON includes members that this version of the SDK does not know.
func (c Client) FindText(ctx context.Context, name string) (*types.TaskDefinition, []byte, error) {
	definition, answer, err := c.Describe(ctx, name)
	if err == nil && definition.Status != types.TaskDefinitionStatusActive {
		return nil, nil, fmt.Errorf("describe task definition %s: %s has the status %q, expected ACTIVE", name,
			task.Name(definition), definition.Status)
	}
	return definition, answer, err
}

// Describe returns a registered task definition with any status, because the definition of a
// running task may no longer be active. It also returns the JSON of ECS's response, with the
// definition's tags.
func (c Client) Describe(ctx context.Context, name string) (*types.TaskDefinition, []byte, error) {
	var answer []byte
	out, err := call(ctx, c.API.DescribeTaskDefinition, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}, saveBody(&answer))
	if err != nil {
		return nil, nil, fmt.Errorf("describe task definition %s: %w", name, err)
	}
	return out.TaskDefinition, answer, nil
}

// DescribeIfAny is like [Client.Describe], but returns nil and no error if the definition does not
// exist.
func (c Client) DescribeIfAny(ctx context.Context, name string) (*types.TaskDefinition, []byte, error) {
	definition, answer, err := c.Describe(ctx, name)
	if awserr.Code(err) == "ClientException" {
		return nil, nil, nil
	}
	return definition, answer, err
}
