// Package awsfacts holds facts about AWS that several packages need: partitions and
// regions, the syntax of ARNs, secret references and image names, the hosts of ECR, and
// the task sizes of Fargate. Each fact names its source and the date on which it was read.
//
// It does not know task definitions, and never calls AWS.
package awsfacts

import (
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// A Partition is a part of AWS with separate accounts and regions.
type Partition struct {
	ID      string // as in ARNs
	Prefix  string // of region names; empty for aws, which has several
	DNS     string // suffix of host names
	Regions []string
}

// partitions are all partitions. AWS adds regions, so a region that is not listed belongs
// to the partition with its prefix. The last one, aws, has all others.
//
// Source: partitions.json of aws-sdk-go-v2 1.47.8, November 2026, which
// TestPartitions compares with the SDK in use.
var partitions = []Partition{
	{"aws-cn", "cn-", "amazonaws.com.cn", []string{"cn-north-1", "cn-northwest-1"}},
	{"aws-us-gov", "us-gov-", "amazonaws.com", []string{"us-gov-east-1", "us-gov-west-1"}},
	{"aws-eusc", "eusc-", "amazonaws.eu", []string{"eusc-de-east-1"}},
	{"aws-iso", "us-iso-", "c2s.ic.gov", []string{"us-iso-east-1", "us-iso-west-1"}},
	{"aws-iso-b", "us-isob-", "sc2s.sgov.gov", []string{"us-isob-east-1", "us-isob-west-1"}},
	{"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", []string{"eu-isoe-west-1"}},
	{"aws-iso-f", "us-isof-", "csp.hci.ic.gov", []string{"us-isof-east-1", "us-isof-south-1"}},
	{"aws", "", "amazonaws.com", []string{
		"us-east-1", "us-east-2", "us-west-1", "us-west-2", "af-south-1", "ap-east-1", "ap-east-2",
		"ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
		"ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
		"ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1",
		"eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
		"il-central-1", "me-central-1", "me-south-1", "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1",
	}},
}

// PartitionOf returns the partition of a region, which may be an unknown region.
func PartitionOf(region string) Partition {
	i := slices.IndexFunc(partitions, func(p Partition) bool { return strings.HasPrefix(region, p.Prefix) })
	return partitions[i] // the last has the empty prefix
}

// Regions returns the known regions, those of the partition aws first.
func Regions() []string {
	var all []string
	for _, p := range slices.Backward(partitions) {
		all = append(all, p.Regions...)
	}
	return all
}

// IsRegion reports whether a name is that of a known region.
func IsRegion(name string) bool { return slices.Contains(PartitionOf(name).Regions, name) }

var regionCharacters = lazyregexp.New(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// CanBeRegion reports whether a name has the syntax of a region name.
func CanBeRegion(name string) bool { return len(name) <= 63 && regionCharacters.MatchString(name) }

var networkID = lazyregexp.New(`^(subnet|sg)-[0-9a-f]+$`)

// IsNetworkID reports whether s is the id of a subnet or security group, and not another name
// for one.
func IsNetworkID(s string) bool { return networkID.MatchString(s) }
