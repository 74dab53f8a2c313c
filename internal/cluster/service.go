package cluster

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Place describes how and where a service runs its tasks. A field is zero if the service does not
// set it.
type Place struct {
	LaunchType      types.LaunchType
	Strategy        []types.CapacityProviderStrategyItem
	PlatformVersion string
	Network         *types.AwsVpcConfiguration // nil if the service has none
}

// Service returns the place of a service of the cluster. The name is a name or an ARN. A service
// that does not exist or is INACTIVE is an error. If the service has the deployment controller
// CODE_DEPLOY or EXTERNAL, the place is that of its primary task set.
func (c Client) Service(ctx context.Context, name string) (Place, error) {
	out, err := call(ctx, c.API.DescribeServices,
		&ecs.DescribeServicesInput{Cluster: c.cluster(), Services: []string{name}})
	if err != nil {
		return Place{}, fmt.Errorf("describe service %s: %w", name, err)
	}
	if len(out.Services) == 0 || aws.ToString(out.Services[0].Status) == "INACTIVE" {
		return Place{}, fmt.Errorf("describe service %s: there is no such service on the cluster %s", name,
			aws.ToString(c.cluster()))
	}
	service := out.Services[0]
	if set := primary(service.TaskSets); set != nil {
		return Place{set.LaunchType, set.CapacityProviderStrategy, aws.ToString(set.PlatformVersion),
			awsvpc(set.NetworkConfiguration)}, nil
	}
	return Place{service.LaunchType, service.CapacityProviderStrategy, aws.ToString(service.PlatformVersion),
		awsvpc(service.NetworkConfiguration)}, nil
}

// primary returns the task set with the status PRIMARY, or the first one if none has it. It returns
// nil if there are no task sets.
func primary(sets []types.TaskSet) *types.TaskSet {
	for i := range sets {
		if aws.ToString(sets[i].Status) == "PRIMARY" {
			return &sets[i]
		}
	}
	if len(sets) > 0 {
		return &sets[0]
	}
	return nil
}

func awsvpc(network *types.NetworkConfiguration) *types.AwsVpcConfiguration {
	if network == nil {
		return nil
	}
	return network.AwsvpcConfiguration
}
