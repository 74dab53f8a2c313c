package lookup

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

// regionOf returns the region of an ARN, "" for a name.
func regionOf(name string) string {
	parsed, _ := arn.Parse(name) // the zero value of a name
	return parsed.Region
}

// Cluster makes sure that a cluster, given by name or ARN, exists and is active.
// The error is a [*NotFoundError] if it is not.
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

// Trust returns the trust policy of a role, given by name or ARN, as JSON. The
// error is a [*NotFoundError] if there is no such role.
func (c *Client) Trust(ctx context.Context, role string) (string, error) {
	var answer struct {
		Policy string `xml:"GetRoleResult>Role>AssumeRolePolicyDocument"`
	}
	name := role[strings.LastIndexByte(role, '/')+1:]
	err := c.query(ctx, call{service: iamService, operation: "GetRole"}, url.Values{"RoleName": {name}}, &answer)
	if code(err) == "NoSuchEntity" {
		return "", &NotFoundError{"role", role}
	}
	if err != nil {
		return "", fmt.Errorf("find the role %s: %w", role, err)
	}
	return url.QueryUnescape(answer.Policy)
}

// Secret makes sure that what a container's secret is taken from exists: a
// secret in Secrets Manager or a parameter in Parameter Store, by its ARN, or a
// parameter of the client's region by its name. The error is a [*NotFoundError]
// if it does not.
func (c *Client) Secret(ctx context.Context, valueFrom string) error {
	if secret, err := awsfacts.ParseSecret(valueFrom); err == nil && secret.Manager {
		return c.Managed(ctx, secret.ARN)
	}
	return c.parameter(ctx, valueFrom)
}

// Managed makes sure that a secret in Secrets Manager exists, given by its ARN, or
// in the client's region by its name. The error is a [*NotFoundError] if it does
// not.
func (c *Client) Managed(ctx context.Context, name string) error {
	var answer struct{ DeletedDate any }
	in := map[string]any{"SecretId": name}
	err := c.json(ctx, call{secretsService, regionOf(name), "DescribeSecret"}, in, &answer)
	if code(err) == "ResourceNotFoundException" || err == nil && answer.DeletedDate != nil {
		return &NotFoundError{"secret", name}
	}
	if err != nil {
		return fmt.Errorf("find the secret %s: %w", name, err)
	}
	return nil
}

// SecretARN returns the ARN of the secret that a valueFrom is a part of, which
// can go on with a JSON key, a version stage and a version id. Any other valueFrom
// it returns as it is.
func SecretARN(valueFrom string) string {
	if secret, err := awsfacts.ParseSecret(valueFrom); err == nil && secret.Manager {
		return secret.ARN
	}
	return valueFrom
}

func (c *Client) parameter(ctx context.Context, name string) error {
	// Without decryption, and the values are not even decoded.
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

// LogGroup makes sure that a log group of a region exists; an empty region is
// the client's own. The error is a [*NotFoundError] if it does not.
func (c *Client) LogGroup(ctx context.Context, region, name string) error {
	var answer struct {
		LogGroups []struct{ LogGroupName string }
	}
	in := map[string]any{"logGroupNamePrefix": name} // of names that begin so, the name itself is the first
	if err := c.json(ctx, call{logsService, region, "DescribeLogGroups"}, in, &answer); err != nil {
		return fmt.Errorf("find the log group %s: %w", name, err)
	}
	if !slices.ContainsFunc(answer.LogGroups, func(g struct{ LogGroupName string }) bool { return g.LogGroupName == name }) {
		return &NotFoundError{"log group", name}
	}
	return nil
}
