package ecslocal_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

func TestDescribeClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), seconds, testClusters())
		s.registerAll()
		run := func() { s.do("RunTask", object{"taskDefinition": "ec2", "cluster": "small"}) }
		run()
		time.Sleep(time.Minute)
		run()
		answer := s.do("DescribeClusters",
			object{"clusters": []string{"small", "arn:aws:ecs:us-east-1:123456789012:cluster/spot", "x"},
				"include": []string{"TAGS", "SETTINGS"}})
		small := at(answer, "clusters", 0)
		for name, want := range map[string]any{
			"clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/small", "clusterName": "small", "status": "ACTIVE",
			"registeredContainerInstancesCount": 1.0, "runningTasksCount": 1.0, "pendingTasksCount": 1.0,
			"activeServicesCount": 0.0,
		} {
			if got := at(small, name); got != want {
				t.Errorf("%s = %v, want %v", name, got, want)
			}
		}
		if got := at(small, "capacityProviders", 2); got != "mine" {
			t.Errorf("capacityProviders = %v, want mine to be the third", at(small, "capacityProviders"))
		}
		if got := at(answer, "clusters", 1, "defaultCapacityProviderStrategy", 0, "capacityProvider"); got != "FARGATE_SPOT" {
			t.Errorf("default strategy of spot = %v, want FARGATE_SPOT", got)
		}
		if got, want := str(answer, "failures", 0, "arn"), "arn:aws:ecs:us-east-1:123456789012:cluster/x"; got != want {
			t.Errorf("failure = %q, want %q", got, want)
		}
		if got := str(s.do("DescribeClusters", object{}), "clusters", 0, "clusterName"); got != "default" {
			t.Errorf("DescribeClusters without names = %q, want default", got)
		}
		if got := s.do("ListClusters", object{"maxResults": 3}); len(got["clusterArns"].([]any)) != 3 ||
			got["nextToken"] == nil {
			t.Errorf("ListClusters = %v, want three and a token", got)
		}
	})
}

func TestDescribeServices(t *testing.T) {
	placement := ecslocal.Placement{
		Providers:      []ecslocal.Provider{{Name: "FARGATE_SPOT", Weight: 4, Base: 1}, {Name: "FARGATE", Weight: 1}},
		Subnets:        []string{"subnet-1", "subnet-2"},
		SecurityGroups: []string{"sg-1"},
	}
	s := newServer(t, ecslocal.Clusters(ecslocal.Cluster{Name: "c", Services: []ecslocal.Service{
		{Name: "plain", Placement: ecslocal.Placement{LaunchType: "EC2"},
			TaskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/f:1", DesiredCount: 2},
		{Name: "spot", Placement: placement},
		{Name: "sets", TaskSets: []ecslocal.Placement{placement, {LaunchType: "FARGATE", PlatformVersion: "1.4.0"}}},
		{Name: "blue-green", Controller: "CODE_DEPLOY", TaskSets: []ecslocal.Placement{placement}},
	}}))
	answer := s.do("DescribeServices", object{"cluster": "c", "services": []string{
		"plain", "arn:aws:ecs:us-east-1:123456789012:service/c/spot", "sets", "blue-green",
		"arn:aws:ecs:us-east-1:123456789012:service/default/spot",
	}})
	for _, c := range []struct {
		path []any
		want any
	}{
		{[]any{"services", 0, "launchType"}, "EC2"},
		{[]any{"services", 0, "networkConfiguration"}, nil},
		{[]any{"services", 0, "platformVersion"}, nil},
		{[]any{"services", 0, "deployments", 0, "status"}, "PRIMARY"},
		{[]any{"services", 0, "deployments", 0, "desiredCount"}, 2.0},
		{[]any{"services", 1, "launchType"}, nil},
		{[]any{"services", 1, "capacityProviderStrategy", 0, "base"}, 1.0},
		{[]any{"services", 1, "platformVersion"}, "LATEST"},
		{[]any{"services", 1, "networkConfiguration", "awsvpcConfiguration", "subnets", 1}, "subnet-2"},
		{[]any{"services", 1, "networkConfiguration", "awsvpcConfiguration", "assignPublicIp"}, "DISABLED"},
		{[]any{"services", 2, "deploymentController", "type"}, "EXTERNAL"},
		{[]any{"services", 2, "networkConfiguration"}, nil},
		{[]any{"services", 2, "taskSets", 0, "status"}, "PRIMARY"},
		{[]any{"services", 2, "taskSets", 0, "networkConfiguration", "awsvpcConfiguration", "securityGroups", 0}, "sg-1"},
		{[]any{"services", 2, "taskSets", 1, "status"}, "ACTIVE"},
		{[]any{"services", 2, "taskSets", 1, "platformVersion"}, "1.4.0"},
		{[]any{"services", 3, "deploymentController", "type"}, "CODE_DEPLOY"},
		{[]any{"failures", 0, "arn"}, "arn:aws:ecs:us-east-1:123456789012:service/default/spot"},
	} {
		if got := at(answer, c.path...); got != c.want {
			t.Errorf("%v = %v, want %v", c.path, got, c.want)
		}
	}
}
