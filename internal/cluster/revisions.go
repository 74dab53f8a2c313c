package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Revisions returns the ARNs of the active revisions of a family, the newest first. It returns nil
// if there are none.
func (c Client) Revisions(ctx context.Context, family string) ([]string, error) {
	in := &ecs.ListTaskDefinitionsInput{FamilyPrefix: &family, Status: types.TaskDefinitionStatusActive,
		Sort: types.SortOrderDesc}
	var arns []string
	for {
		out, err := call(ctx, c.API.ListTaskDefinitions, in)
		if err != nil {
			return nil, fmt.Errorf("list task definitions of family %s: %w", family, err)
		}
		for _, arn := range out.TaskDefinitionArns {
			if task.Revision(arn) > 0 && strings.HasSuffix(arn[:strings.LastIndexByte(arn, ':')],
				"/"+family) { // the filter is a prefix
				arns = append(arns, arn)
			}
		}
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	slices.SortStableFunc(arns, func(a, b string) int { return task.Revision(b) - task.Revision(a) })
	return arns, nil
}

// InUse returns the ARNs of the task definitions that are in use on the cluster: those of tasks
// with the desired status RUNNING, and those of services.
func (c Client) InUse(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	tasks, err := c.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		used[aws.ToString(t.TaskDefinitionArn)] = true
	}
	in := &ecs.ListServicesInput{Cluster: c.cluster(), MaxResults: aws.Int32(100)}
	for {
		out, err := call(ctx, c.API.ListServices, in)
		if err != nil {
			return nil, fmt.Errorf("list services: %w", err)
		}
		for chunk := range slices.Chunk(out.ServiceArns, 10) {
			if err := c.usedByServices(ctx, chunk, used); err != nil {
				return nil, err
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return used, nil
		}
		in.NextToken = out.NextToken
	}
}

func (c Client) usedByServices(ctx context.Context, services []string, used map[string]bool) error {
	out, err := call(ctx, c.API.DescribeServices, &ecs.DescribeServicesInput{Cluster: c.cluster(), Services: services})
	if err != nil {
		return fmt.Errorf("describe services: %w", err)
	}
	for _, service := range out.Services {
		used[aws.ToString(service.TaskDefinition)] = true
		for _, deployment := range service.Deployments {
			used[aws.ToString(deployment.TaskDefinition)] = true
		}
		for _, set := range service.TaskSets {
			used[aws.ToString(set.TaskDefinition)] = true
		}
	}
	return nil
}

// Newest returns the newest active revision of a family and the JSON of ECS's response about it,
// with tags. Both are nil if the family has no active revision. It also needs the permission for
// ListTaskDefinitions; [Client.DescribeIfAny] of the family does not.
func (c Client) Newest(ctx context.Context, family string) (*types.TaskDefinition, []byte, error) {
	arns, err := c.Revisions(ctx, family)
	if err != nil || len(arns) == 0 {
		return nil, nil, err
	}
	return c.Describe(ctx, arns[0])
}
