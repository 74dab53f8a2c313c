package lookup

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

// A Network is a subnet or a security group.
type Network struct {
	ID   string
	Name string // the tag Name of a subnet; the name or tag Name of a security group; may be empty
	VPC  string
	Zone string // the availability zone of a subnet
}

// String returns the id, with name, zone and VPC in parentheses if they are known.
func (n Network) String() string {
	var more []string
	for _, what := range []string{n.Name, n.Zone, n.VPC} {
		if what != "" {
			more = append(more, what)
		}
	}
	return n.ID + " (" + strings.Join(more, ", ") + ")"
}

// NotFoundError means that a resource of a kind, such as "role", does not exist.
type NotFoundError struct{ Kind, Name string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s %s", e.Kind, e.Name) }

// filters returns the filters of an EC2 request for an item: an id, filters name=value
// joined by &, or a value of the tag Name. id is the name of the filter for ids.
func filters(item, id string) url.Values {
	parameters := url.Values{}
	add := func(name, value string) {
		n := fmt.Sprintf("Filter.%d.", len(parameters)/2+1)
		parameters.Set(n+"Name", name)
		parameters.Set(n+"Value.1", value)
	}
	switch {
	case awsfacts.IsNetworkID(item):
		add(id, item)
	case strings.Contains(item, "="):
		for filter := range strings.SplitSeq(item, "&") {
			name, value, _ := strings.Cut(filter, "=")
			add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	default:
		add("tag:Name", item)
	}
	return parameters
}

// network is a subnet or a security group in a response of EC2.
type network struct {
	SubnetID  string `xml:"subnetId"`
	GroupID   string `xml:"groupId"`
	GroupName string `xml:"groupName"`
	VPC       string `xml:"vpcId"`
	Zone      string `xml:"availabilityZone"`
	Tags      []struct {
		Key   string `xml:"key"`
		Value string `xml:"value"`
	} `xml:"tagSet>item"`
}

func (n network) network() Network {
	name := n.GroupName
	for _, tag := range n.Tags {
		if tag.Key == "Name" {
			name = cmp.Or(name, tag.Value)
		}
	}
	return Network{ID: n.SubnetID + n.GroupID, Name: name, VPC: n.VPC, Zone: n.Zone}
}

// Subnets returns the subnets that match an item: an id, a value of the tag Name, or
// filters of EC2 such as tag:Tier=private or tag:Tier=private&vpc-id=vpc-1. They are
// sorted by id. If there are none, the error is a [*NotFoundError].
func (c *Client) Subnets(ctx context.Context, item string) ([]Network, error) {
	return c.networks(ctx, "DescribeSubnets", "subnet", item, "subnet-id")
}

// SecurityGroups returns the security groups that match an item, like [Client.Subnets].
func (c *Client) SecurityGroups(ctx context.Context, item string) ([]Network, error) {
	return c.networks(ctx, "DescribeSecurityGroups", "security group", item, "group-id")
}

func (c *Client) networks(ctx context.Context, operation, what, item, id string) ([]Network, error) {
	parameters := filters(item, id)
	var all []Network
	for {
		var answer struct {
			Subnets   []network `xml:"subnetSet>item"`
			Groups    []network `xml:"securityGroupInfo>item"`
			NextToken string    `xml:"nextToken"`
		}
		if err := c.query(ctx, call{service: ec2Service, operation: operation}, parameters, &answer); err != nil {
			return nil, fmt.Errorf("find the %s %s: %w", what, item, err)
		}
		for _, n := range slices.Concat(answer.Subnets, answer.Groups) {
			all = append(all, n.network())
		}
		if answer.NextToken == "" {
			break
		}
		parameters.Set("NextToken", answer.NextToken)
	}
	if len(all) == 0 {
		if !awsfacts.IsNetworkID(item) && !strings.Contains(item, "=") {
			item = "with the tag Name " + item
		}
		return nil, &NotFoundError{what, item}
	}
	slices.SortFunc(all, func(a, b Network) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}
