package lookup

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A Network is a subnet or a security group.
type Network struct {
	ID   string
	Name string // of a subnet its tag Name, of a security group its name or its tag Name; may be empty
	VPC  string
	Zone string // of a subnet
}

// String returns the id with the rest in brackets, as far as it is known.
func (n Network) String() string {
	var more []string
	for _, what := range []string{n.Name, n.Zone, n.VPC} {
		if what != "" {
			more = append(more, what)
		}
	}
	return n.ID + " (" + strings.Join(more, ", ") + ")"
}

// NotFoundError says that nothing is what was asked for.
type NotFoundError struct{ What, Asked string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s %s", e.What, e.Asked) }

var networkID = regexp.MustCompile(`^(subnet|sg)-[0-9a-f]+$`)

// IsID reports whether a subnet or a security group is named by its id, so that
// nobody needs to be asked for it.
func IsID(item string) bool { return networkID.MatchString(item) }

// filters returns what EC2 is asked for: an id, filters as name=value joined by
// &, or else a tag Name.
func filters(item, id string) url.Values {
	parameters := url.Values{}
	add := func(name, value string) {
		n := fmt.Sprintf("Filter.%d.", len(parameters)/2+1)
		parameters.Set(n+"Name", name)
		parameters.Set(n+"Value.1", value)
	}
	switch {
	case IsID(item):
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

// network is a subnet or a security group in an answer of EC2.
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

func (n network) found() Network {
	name := n.GroupName
	for _, tag := range n.Tags {
		if tag.Key == "Name" {
			name = cmp.Or(name, tag.Value)
		}
	}
	return Network{ID: n.SubnetID + n.GroupID, Name: name, VPC: n.VPC, Zone: n.Zone}
}

// Subnets returns the subnets that an item names: one by its id, or all that
// have it as their tag Name or that pass its filters, as in tag:Tier=private or
// tag:Tier=private&vpc-id=vpc-1. The error is a [*NotFoundError] if there are
// none.
func (c *Client) Subnets(ctx context.Context, item string) ([]Network, error) {
	return c.networks(ctx, "DescribeSubnets", "subnet", item, "subnet-id")
}

// SecurityGroups returns the security groups that an item names, as
// [Client.Subnets] does.
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
			all = append(all, n.found())
		}
		if answer.NextToken == "" {
			break
		}
		parameters.Set("NextToken", answer.NextToken)
	}
	if len(all) == 0 {
		if !IsID(item) && !strings.Contains(item, "=") {
			item = "with the tag Name " + item
		}
		return nil, &NotFoundError{what, item}
	}
	slices.SortFunc(all, func(a, b Network) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}
