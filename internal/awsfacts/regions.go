// Package awsfacts holds what is known of AWS as plain data, each with its source and
// date. What is not in it may exist all the same: AWS adds to it.
package awsfacts

import (
	"regexp"
	"slices"
)

// Regions are those of the partitions in the AWS SDK for Go v1.47.8 (partitions.go of
// its endpoint rules) in November 2026.
var regions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2",
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
	"ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
	"ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1",
	"eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
	"il-central-1", "me-central-1", "me-south-1", "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1",
	"cn-north-1", "cn-northwest-1", "eusc-de-east-1", "us-gov-east-1", "us-gov-west-1",
	"us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "us-isof-east-1", "us-isof-south-1", "eu-isoe-west-1",
}

// Regions returns the known regions, the oldest first.
func Regions() []string { return slices.Clone(regions) }

// IsRegion reports whether a region is known.
func IsRegion(name string) bool { return slices.Contains(regions, name) }

var regionCharacters = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// CanBeRegion reports whether a name has the characters of a region's.
func CanBeRegion(name string) bool { return len(name) <= 63 && regionCharacters.MatchString(name) }
