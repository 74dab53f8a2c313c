package wire

import (
	"fmt"
	"strings"
)

// An Account is one account of AWS in one region.
type Account struct{ Region, ID string }

// ARN returns the ARN of an ECS resource.
func (a Account) ARN(format string, args ...any) string {
	return fmt.Sprintf("arn:%s:ecs:%s:%s:", Partition(a.Region), a.Region, a.ID) + fmt.Sprintf(format, args...)
}

// NamedARN returns the ARN of an ECS resource that a caller names by its ARN or its name.
func (a Account) NamedARN(kind, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return a.ARN("%s/%s", kind, name)
}

// IAM returns the ARN of a user or role.
func (a Account) IAM(resource string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s", Partition(a.Region), a.ID, resource)
}

// Partition returns the partition of AWS that has a region.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
