package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
)

// services answers DescribeServices.
type services struct {
	cluster.API
	answer []types.Service
}

func (s services) DescribeServices(context.Context, *ecs.DescribeServicesInput,
	...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error) {
	return &ecs.DescribeServicesOutput{Services: s.answer}, nil
}

func TestService(t *testing.T) {
	network := func(subnet string) *types.NetworkConfiguration {
		return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{subnet}}}
	}
	strategy := []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT"), Weight: 1}}
	for _, tt := range []struct {
		name   string
		answer []types.Service
		want   cluster.Place
		err    string
	}{
		{"rolling updates", []types.Service{{Status: aws.String("ACTIVE"), LaunchType: types.LaunchTypeFargate,
			PlatformVersion: aws.String("1.4.0"), NetworkConfiguration: network("subnet-1")}},
			cluster.Place{LaunchType: types.LaunchTypeFargate, PlatformVersion: "1.4.0",
				Network: network("subnet-1").AwsvpcConfiguration}, ""},
		{"the primary task set", []types.Service{{Status: aws.String("ACTIVE"), TaskSets: []types.TaskSet{
			{Status: aws.String("ACTIVE"), LaunchType: types.LaunchTypeEc2},
			{Status: aws.String("PRIMARY"), CapacityProviderStrategy: strategy, NetworkConfiguration: network("subnet-2")},
		}}}, cluster.Place{Strategy: strategy, Network: network("subnet-2").AwsvpcConfiguration}, ""},
		{"no primary one", []types.Service{{TaskSets: []types.TaskSet{{Status: aws.String("ACTIVE"),
			LaunchType: types.LaunchTypeEc2}}}}, cluster.Place{LaunchType: types.LaunchTypeEc2}, ""},
		{"none", nil, cluster.Place{}, "describe service api: there is no such service on the cluster web"},
		{"deleted", []types.Service{{Status: aws.String("INACTIVE")}}, cluster.Place{},
			"describe service api: there is no such service on the cluster web"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := cluster.Client{API: services{answer: tt.answer}, Cluster: "web"}.Service(t.Context(), "api")
			if text := fmt.Sprint(err); tt.err == "" && err != nil || tt.err != "" && text != tt.err {
				t.Errorf("Service() = %v, want %q", err, tt.err)
			}
			ignore := cmpopts.IgnoreUnexported(types.AwsVpcConfiguration{}, types.CapacityProviderStrategyItem{})
			if diff := cmp.Diff(tt.want, got, ignore); diff != "" {
				t.Errorf("Service() (-want +got)\n%s", diff)
			}
		})
	}
}

func TestBody(t *testing.T) {
	request := map[string]json.RawMessage{"group": json.RawMessage(`"<a&b>"`), "newMember": json.RawMessage(`{"n": 1.50}`)}
	in := &ecs.RunTaskInput{TaskDefinition: aws.String("web:1"), Cluster: aws.String("c"), Count: aws.Int32(3),
		ClientToken: aws.String("t")}
	got, err := cluster.Body(request, in)
	if want := `{"clientToken":"t","cluster":"c","count":3,"group":"<a&b>","newMember":{"n":1.50},` +
		`"taskDefinition":"web:1"}`; err != nil || string(got) != want {
		t.Errorf("Body() = %s, %v, want %s", got, err, want)
	}
}
