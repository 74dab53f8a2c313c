package lookup

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

// regionOf returns the region of an ARN, or "" for a name.
func regionOf(name string) string {
	parsed, _ := arn.Parse(name) // the zero value for a name
	return parsed.Region
}

// Cluster checks that a cluster, given by name or ARN, exists and is active. If not,
// the error is a [*NotFoundError].
func (c *Client) Cluster(ctx context.Context, name string) error {
	var answer struct{ Clusters []struct{ Status string } }
	in := map[string]any{"clusters": []string{name}}
	if err := c.json(ctx, call{service: ecsService, operation: "DescribeClusters"}, in, &answer); err != nil {
		return fmt.Errorf("find the cluster %s: %w", name, err)
	}
	if len(answer.Clusters) == 0 || answer.Clusters[0].Status == "INACTIVE" {
		return &NotFoundError{"cluster", name}
	}
	return nil
}

// TrustPolicy returns the trust policy of a role as JSON. The role is given by name or ARN.
// If it does not exist, the error is a [*NotFoundError].
func (c *Client) TrustPolicy(ctx context.Context, role string) (string, error) {
	var answer struct {
		Policy string `xml:"GetRoleResult>Role>AssumeRolePolicyDocument"`
	}
	name := role[strings.LastIndexByte(role, '/')+1:]
	err := c.query(ctx, call{service: iamService, operation: "GetRole"}, url.Values{"RoleName": {name}}, &answer)
	if awserr.Code(err) == "NoSuchEntity" {
		return "", &NotFoundError{"role", role}
	}
	if err != nil {
		return "", fmt.Errorf("find the role %s: %w", role, err)
	}
	return url.QueryUnescape(answer.Policy)
}

// Secret checks that the valueFrom of a container's secret exists: the ARN of a secret
// in Secrets Manager or of a parameter in Parameter Store, or the name of a parameter in
// the client's region. If not, the error is a [*NotFoundError].
func (c *Client) Secret(ctx context.Context, valueFrom string) error {
	if secret, err := awsfacts.ParseSecret(valueFrom); err == nil && secret.Manager {
		return c.ManagedSecret(ctx, secret.ARN)
	}
	return c.parameter(ctx, valueFrom)
}

// ManagedSecret checks that a secret in Secrets Manager exists, given by its ARN, or by its
// name in the client's region. If not, or if it is scheduled for deletion, the error is
// a [*NotFoundError].
func (c *Client) ManagedSecret(ctx context.Context, name string) error {
	var answer struct{ DeletedDate any }
	in := map[string]any{"SecretId": name}
	err := c.json(ctx, call{secretsService, regionOf(name), "DescribeSecret"}, in, &answer)
	if awserr.Code(err) == "ResourceNotFoundException" || err == nil && answer.DeletedDate != nil {
		return &NotFoundError{"secret", name}
	}
	if err != nil {
		return fmt.Errorf("find the secret %s: %w", name, err)
	}
	return nil
}

// SecretARN returns the ARN of a secret in Secrets Manager without the JSON key, version
// stage and version id that a valueFrom can have. It returns any other valueFrom
// unchanged.
func SecretARN(valueFrom string) string {
	if secret, err := awsfacts.ParseSecret(valueFrom); err == nil && secret.Manager {
		return secret.ARN
	}
	return valueFrom
}

func (c *Client) parameter(ctx context.Context, name string) error {
	// The call does not decrypt, and answer has no field for the values.
	in := map[string]any{"Names": []string{name}, "WithDecryption": false}
	var answer struct{ InvalidParameters []string }
	err := c.json(ctx, call{ssmService, regionOf(name), "GetParameters"}, in, &answer)
	if err != nil {
		return fmt.Errorf("find the parameter %s: %w", name, err)
	}
	if len(answer.InvalidParameters) > 0 {
		return &NotFoundError{"parameter", name}
	}
	return nil
}

// LogGroup checks that a log group exists in a region. An empty region means the
// client's own. If the log group does not exist, the error is a [*NotFoundError].
func (c *Client) LogGroup(ctx context.Context, region, name string) error {
	var answer struct {
		LogGroups []struct{ LogGroupName string }
	}
	in := map[string]any{"logGroupNamePrefix": name} // an exact match comes first
	if err := c.json(ctx, call{logsService, region, "DescribeLogGroups"}, in, &answer); err != nil {
		return fmt.Errorf("find the log group %s: %w", name, err)
	}
	for _, group := range answer.LogGroups {
		if group.LogGroupName == name {
			return nil
		}
	}
	return &NotFoundError{"log group", name}
}
