package task

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Revisions returns the ARNs of the active revisions of a family, the newest
// first.
func (r Runner) Revisions(ctx context.Context, family string) ([]string, error) {
	in := &ecs.ListTaskDefinitionsInput{FamilyPrefix: &family, Status: types.TaskDefinitionStatusActive, Sort: types.SortOrderDesc}
	var arns []string
	for {
		out, err := call(ctx, r.API.ListTaskDefinitions, in)
		if err != nil {
			return nil, fmt.Errorf("list task definitions of family %s: %w", family, err)
		}
		for _, arn := range out.TaskDefinitionArns {
			if Revision(arn) > 0 && strings.HasSuffix(arn[:strings.LastIndexByte(arn, ':')], "/"+family) { // the filter is a prefix
				arns = append(arns, arn)
			}
		}
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	slices.SortStableFunc(arns, func(a, b string) int { return Revision(b) - Revision(a) })
	return arns, nil
}

// Revision returns the number at the end of a definition's ARN, 0 if there is
// none.
func Revision(arn string) int {
	n, _ := strconv.Atoi(arn[strings.LastIndexByte(arn, ':')+1:])
	return n
}

// InUse returns the ARNs of the definitions that a task on the cluster which is
// to run, or a service on it, has.
func (r Runner) InUse(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	tasks, err := r.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		used[aws.ToString(t.TaskDefinitionArn)] = true
	}
	in := &ecs.ListServicesInput{Cluster: r.cluster(), MaxResults: aws.Int32(100)}
	for {
		out, err := call(ctx, r.API.ListServices, in)
		if err != nil {
			return nil, fmt.Errorf("list services: %w", err)
		}
		for chunk := range slices.Chunk(out.ServiceArns, 10) {
			if err := r.usedByServices(ctx, chunk, used); err != nil {
				return nil, err
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return used, nil
		}
		in.NextToken = out.NextToken
	}
}

func (r Runner) usedByServices(ctx context.Context, services []string, used map[string]bool) error {
	out, err := call(ctx, r.API.DescribeServices, &ecs.DescribeServicesInput{Cluster: r.cluster(), Services: services})
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

// Newest returns the newest active revision of a family, and ECS's whole answer
// about it, tags included, as JSON; nil if the family has no active revision.
func (r Runner) Newest(ctx context.Context, family string) (*types.TaskDefinition, []byte, error) {
	arns, err := r.Revisions(ctx, family)
	if err != nil || len(arns) == 0 {
		return nil, nil, err
	}
	return r.Describe(ctx, arns[0])
}

// Latest is [Runner.Newest] by one call, of DescribeTaskDefinition, which alone has to
// be allowed.
func (r Runner) Latest(ctx context.Context, family string) (*types.TaskDefinition, []byte, error) {
	return r.DescribeIfAny(ctx, family)
}

// DescribeIfAny is [Runner.Describe] that returns nil, and no error, where there is no
// such definition.
func (r Runner) DescribeIfAny(ctx context.Context, name string) (*types.TaskDefinition, []byte, error) {
	definition, answer, err := r.Describe(ctx, name)
	if code(err) == "ClientException" {
		return nil, nil, nil
	}
	return definition, answer, err
}

// keepBody keeps the body of an answer as it came, with the members that this
// version of the SDK does not know.
func keepBody(body *[]byte) func(*ecs.Options) {
	keep := middleware.DeserializeMiddlewareFunc("KeepBody", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && response.Body != nil {
			text, readErr := io.ReadAll(response.Body)
			response.Body.Close()
			response.Body = io.NopCloser(bytes.NewReader(text))
			*body, err = text, readErr
		}
		return out, metadata, err
	})
	return ecs.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(keep, middleware.After)
	})
}
