package ecslocal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

var vpc = object{"awsvpcConfiguration": object{"subnets": []string{"subnet-1"}}}

// registerAll registers the definitions that the tests of RunTask run.
func (s server) registerAll() {
	s.t.Helper()
	s.do("RegisterTaskDefinition", object{
		"family": "ec2", "tags": []object{{"key": "team", "value": "blue"}, {"key": "a", "value": "1"}},
		"containerDefinitions": []object{
			with(act("a", "1h", "0", "0"),
				object{"cpu": 100, "environment": []object{{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}}}),
			with(act("b", "1h", "0", "0"), nonEssential),
		},
	})
	s.do("RegisterTaskDefinition", object{
		"family": "fargate", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"requiresCompatibilities": []string{"FARGATE"},
		"containerDefinitions":    []object{act("a", "1h", "0", "0")},
	})
	s.do("RegisterTaskDefinition", object{
		"family": "either", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": []string{"EC2",
			"FARGATE"},
		"containerDefinitions": []object{act("a", "1h", "0", "0")},
	})
	s.do("RegisterTaskDefinition", object{
		"family": "port", "containerDefinitions": []object{
			with(act("a", "1h", "0", "0"), object{"portMappings": []object{{"containerPort": 80, "hostPort": 80}}}),
		},
	})
	s.do("RegisterTaskDefinition", object{
		"family": "volume", "volumes": []object{{"name": "v", "configuredAtLaunch": true}},
		"containerDefinitions": []object{act("a", "1h", "0", "0")},
	})
	s.do("RegisterTaskDefinition", object{"family": "gone", "containerDefinitions": []object{act("a", "1h", "0")}})
	s.do("DeregisterTaskDefinition", object{"taskDefinition": "gone:1"})
}

func testClusters() ecslocal.Option {
	return ecslocal.Clusters(
		ecslocal.Cluster{Name: "none"},
		ecslocal.Cluster{Name: "small", Instances: []ecslocal.Instance{{CPU: 250, Memory: 1000}},
			CapacityProviders: []string{"mine"}},
		ecslocal.Cluster{Name: "spot", DefaultStrategy: []ecslocal.Provider{{Name: "FARGATE_SPOT", Weight: 1}}},
	)
}

const runTask = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"

func TestRunTaskRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), testClusters())
		s.registerAll()
		spot := []object{{"capacityProvider": "FARGATE_SPOT", "weight": 1}}
		for _, c := range []struct {
			in           object
			want, source string
		}{
			{object{"taskDefinition": "ec2", "cluster": "x"}, "ClusterNotFoundException: Cluster not found.", runTask},
			{object{"taskDefinition": "x"}, "ClientException: TaskDefinition not found.",
				"https://github.com/getmoto/moto/blob/5.2.1/moto/ecs/models.py"},
			{object{"taskDefinition": "ec2:2"}, "ClientException: TaskDefinition not found.",
				"https://github.com/getmoto/moto/blob/5.2.1/moto/ecs/models.py"},
			{object{"taskDefinition": "gone:1"}, "ClientException: TaskDefinition is inactive", runTask + reworded},
			{object{"taskDefinition": "ec2", "count": 11}, "InvalidParameterException: count must be between 1 and 10.",
				runTask + reworded},
			{object{"taskDefinition": "ec2", "count": 0}, "InvalidParameterException: count must be between 1 and 10.",
				runTask + reworded},
			{object{"taskDefinition": "ec2", "launchType": "FARGATE"},
				"InvalidParameterException: Task definition does not support launch_type FARGATE.", issue("aws/aws-cli#3983")},
			{object{"taskDefinition": "ec2", "launchType": "EC2", "capacityProviderStrategy": spot},
				"InvalidParameterException: Specifying both a launch type and capacity provider strategy is not supported. " +
					"Remove one and try again.", page("fargate-capacity-providers") + reworded},
			{object{"taskDefinition": "ec2", "networkConfiguration": vpc},
				"InvalidParameterException: Network Configuration is not valid for the given networkMode of this task definition.",
				"https://github.com/getmoto/moto/blob/5.2.1/moto/ecs/models.py"},
			{object{"taskDefinition": "fargate", "launchType": "FARGATE"},
				"InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified.",
				"https://github.com/getmoto/moto/blob/5.2.1/moto/ecs/models.py"},
			{object{"taskDefinition": "fargate", "launchType": "FARGATE",
				"networkConfiguration": object{"awsvpcConfiguration": object{"subnets": []string{}}}},
				"InvalidParameterException: subnets can not be empty.", runTask + reworded},
			{object{"taskDefinition": "either",
				"networkConfiguration": object{"awsvpcConfiguration": object{"subnets": []string{"subnet-1"},
					"assignPublicIp": "ENABLED"}}},
				"InvalidParameterException: Assign public IP is not supported for this launch type.", runTask + reworded},
			{object{"taskDefinition": "either", "cluster": "none", "networkConfiguration": vpc},
				"InvalidParameterException: No Container Instances were found in your cluster.", issue("aws/amazon-ecs-cli#1122")},
			{object{"taskDefinition": "ec2", "platformVersion": "LATEST"},
				"InvalidParameterException: The platform version must be null when specifying an EC2 launch type.",
				runTask + reworded},
			{object{"taskDefinition": "fargate", "launchType": "FARGATE", "platformVersion": "9", "networkConfiguration": vpc},
				"PlatformUnknownException: The specified platform does not exist.", runTask + reworded},
			{object{"taskDefinition": "ec2", "capacityProviderStrategy": []object{{"capacityProvider": "mine"}}},
				"InvalidParameterException: The specified capacity provider strategy cannot contain a capacity provider that is " +
					"not associated with the cluster. Associate the capacity provider with the cluster and try again.",
				page("fargate-capacity-providers") + reworded},
			{object{"taskDefinition": "ec2", "cluster": "small",
				"capacityProviderStrategy": append(spot, object{"capacityProvider": "mine"})},
				"InvalidParameterException: A capacity provider strategy cannot contain a mix of capacity providers using Auto " +
					"Scaling groups and Fargate providers. Specify one or the other and try again.",
				page("fargate-capacity-providers") + reworded},
			{object{"taskDefinition": "ec2", "overrides": object{"containerOverrides": []object{{"name": "z"}}}},
				"InvalidParameterException: Override for container named z is not a container in the TaskDefinition.",
				"https://github.com/getmoto/moto/blob/5.2.1/moto/ecs/models.py"},
			{object{"taskDefinition": "ec2",
				"overrides": object{"containerOverrides": []object{{"name": "a", "command": []string{strings.Repeat("x", 8192)}}}}},
				"InvalidParameterException: Container Overrides length must be at most 8192", runTask + reworded},
			{object{"taskDefinition": "ec2", "volumeConfigurations": []object{{"name": "v"}}},
				"InvalidParameterException: The volume v is not configured at launch in the task definition.", runTask + reworded},
			{object{"taskDefinition": "volume"},
				"InvalidParameterException: The volume v of the task definition must be configured at launch.", runTask + reworded},
			{object{"taskDefinition": "fargate", "launchType": "FARGATE", "placementStrategy": []object{{"type": "random"}},
				"networkConfiguration": vpc},
				"InvalidParameterException: placementStrategy is not supported with the FARGATE launch type.", runTask + reworded},
			{object{"taskDefinition": "either",
				"networkConfiguration": object{"awsvpcConfiguration": object{"subnets": []string{"x"}}}},
				"InvalidParameterException: Error retrieving subnet information for [x]: The subnet ID 'x' does not exist " +
					"(ErrorCode: InvalidSubnetID.NotFound)", runTask + reworded},
			{object{"taskDefinition": "either",
				"networkConfiguration": object{"awsvpcConfiguration": object{"subnets": []string{"subnet-1"},
					"securityGroups": []string{"1", "2", "3", "4", "5", "6"}}}},
				"InvalidParameterException: securityGroups can have at most 5 items.", runTask + reworded},
			{object{"taskDefinition": "fargate", "networkConfiguration": vpc,
				"capacityProviderStrategy": []object{{"capacityProvider": "FARGATE", "base": 1},
					{"capacityProvider": "FARGATE_SPOT", "base": 1, "weight": 1}}},
				"InvalidParameterException: Only one capacity provider in a strategy can have a base defined.",
				page("fargate-capacity-providers") + reworded},
			{object{"taskDefinition": "fargate", "networkConfiguration": vpc,
				"capacityProviderStrategy": []object{{"capacityProvider": "FARGATE"}, {"capacityProvider": "FARGATE_SPOT"}}},
				"InvalidParameterException: At least one capacity provider in a strategy must have a weight greater than 0.",
				page("fargate-capacity-providers") + reworded},
			{object{"taskDefinition": "fargate", "networkConfiguration": vpc},
				"InvalidParameterException: Task definition does not support launch_type EC2.", issue("aws/aws-cli#3983")},
			{object{"taskDefinition": "ec2", "enableExecuteCommand": true},
				"InvalidParameterException: The execute command failed because a valid task role is not being used. Specify a " +
					"valid task role in your task definition or as a task override and try again.", issue("boto/boto3#3173")},
			{object{"taskDefinition": "ec2", "placementConstraints": []object{{"type": "memberOf", "expression": "x"}}},
				`InvalidParameterException: Invalid placement constraint expression 'x': "x" is no subject: want attribute:NAME,` +
					` agentConnected, agentVersion, ec2InstanceId, registeredAt, runningTasksCount, task:group`, runTask + reworded},
			{object{"taskDefinition": "ec2", "propagateTags": "SERVICE"},
				"InvalidParameterException: Propagating tags is only supported from the task definition.", runTask + reworded},
			{object{"taskDefinition": "ec2", "startedBy": "a:b"},
				"InvalidParameterException: startedBy must be at most 128 letters, numbers, hyphens, slashes and underscores.",
				runTask + reworded},
			{object{"taskDefinition": "ec2", "clientToken": "a b"},
				"InvalidParameterException: The client token must be at most 64 ASCII characters from 33 to 126.",
				runTask + reworded},
		} {
			if got := s.refused("RunTask", c.in); got != c.want {
				t.Errorf("RunTask(%.300v) = %q\nwant %q (%s)", c.in, got, c.want, c.source)
			}
		}
		if got := s.do("ListTasks", object{}); len(got["taskArns"].([]any)) != 0 {
			t.Errorf("tasks after refusals: %v, want none", got)
		}
	})
}

func TestRunTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), testClusters())
		s.registerAll()
		answer := s.do("RunTask", object{
			"taskDefinition": "ec2", "count": 2, "startedBy": "ci/1", "group": "g", "enableECSManagedTags": true,
			"propagateTags": "TASK_DEFINITION",
			"tags":          []object{{"key": "team", "value": "red"}},
			"overrides": object{"cpu": "512", "containerOverrides": []object{{
				"name": "a", "command": []string{"2h", "0", "0"}, "memory": 99,
				"environment": []object{{"name": "Y", "value": "3"}},
			}}},
		})
		task, _ := at(answer, "tasks", 1).(object)
		if len(answer["tasks"].([]any)) != 2 || task == nil {
			t.Fatalf("RunTask = %v, want two tasks", answer)
		}
		for name, want := range map[string]any{
			"lastStatus": "PROVISIONING", "desiredStatus": "RUNNING", "launchType": "EC2", "group": "g", "startedBy": "ci/1",
			"cpu": "512", "memory": "163", "version": 1.0, "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
			"taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/ec2:1",
		} {
			if task[name] != want {
				t.Errorf("%s = %v, want %v", name, task[name], want)
			}
		}
		var tags []string
		for i := range task["tags"].([]any) {
			tags = append(tags, str(task, "tags", i, "key")+"="+str(task, "tags", i, "value"))
		}
		slices.Sort(tags)
		if want := []string{"a=1", "aws:ecs:clusterName=default", "team=red"}; !slices.Equal(tags, want) {
			t.Errorf("tags = %q, want %q", tags, want)
		}
		arn := str(task, "taskArn")
		id := taskID(arn)
		if want := "arn:aws:ecs:us-east-1:123456789012:task/default/"; len(id) != 32 || arn != want+id {
			t.Errorf("taskArn = %q, want %s and 32 hexadecimal digits", arn, want)
		}
		container := containerOf(task, "a")
		for name, want := range map[string]any{"lastStatus": "PENDING", "cpu": "100", "memory": "99", "taskArn": arn,
			"image": "x", "healthStatus": "UNKNOWN"} {
			if container[name] != want {
				t.Errorf("%s of a = %v, want %v", name, container[name], want)
			}
		}
		// By id, by ARN, with and without tags.
		described := s.do("DescribeTasks", object{"tasks": []string{id, arn, "0"}, "include": []string{"TAGS"}})
		if got := len(described["tasks"].([]any)); got != 2 || str(described, "tasks", 0, "tags", 0, "key") == "" {
			t.Errorf("DescribeTasks = %v, want the task twice, with tags", described)
		}
		if got, want := str(described, "failures", 0, "arn"),
			"arn:aws:ecs:us-east-1:123456789012:task/default/0"; got != want ||
			str(described, "failures", 0, "reason") != "MISSING" {
			t.Errorf("failure = %v, want %s MISSING", at(described, "failures", 0), want)
		}
		if got := s.describe(arn)["tags"].([]any); len(got) != 0 {
			t.Errorf("tags without TAGS = %v, want none", got)
		}
	})
}

func TestFargate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), testClusters())
		s.registerAll()
		arn := str(s.do("RunTask", object{"taskDefinition": "fargate", "cluster": "spot", "networkConfiguration": vpc}),
			"tasks", 0, "taskArn")
		time.Sleep(time.Minute)
		task, _ := at(s.do("DescribeTasks", object{"cluster": "spot", "tasks": []string{arn}}), "tasks", 0).(object)
		for name, want := range map[string]any{
			"launchType": "FARGATE", "capacityProviderName": "FARGATE_SPOT", "platformVersion": "1.4.0",
			"platformFamily": "Linux",
			"cpu":            "256", "memory": "512", "containerInstanceArn": nil, "lastStatus": "RUNNING",
			"availabilityZone": "us-east-1a",
		} {
			if task[name] != want {
				t.Errorf("%s = %v, want %v", name, task[name], want)
			}
		}
		if got := at(task, "attachments", 0, "details", 0, "value"); got != "subnet-1" {
			t.Errorf("attachments = %v, want one in subnet-1", task["attachments"])
		}
		if got := at(task, "containers", 0, "networkInterfaces", 0, "attachmentId"); got != at(task, "attachments", 0, "id") {
			t.Errorf("networkInterfaces of the container = %v, want the attachment's", got)
		}
	})
}

// TestCapacity holds that instances fill up, and get free again.
func TestCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), testClusters())
		s.registerAll()
		run := func(in object) (arns []string, reasons string) {
			answer := s.do("RunTask", in)
			for i := range answer["tasks"].([]any) {
				arns = append(arns, str(answer, "tasks", i, "taskArn"))
			}
			var all []string
			for i := range answer["failures"].([]any) {
				all = append(all, str(answer, "failures", i, "reason"))
				if str(answer, "failures", i, "arn") == "" {
					t.Errorf("failure %v has no instance", at(answer, "failures", i))
				}
			}
			return arns, strings.Join(all, " ")
		}
		arns, reasons := run(object{"taskDefinition": "ec2", "cluster": "small", "count": 3})
		if len(arns) != 2 || reasons != "RESOURCE:CPU" {
			t.Errorf("three tasks of 100 units on 250: %d started, %s", len(arns), reasons)
		}
		_, reasons = run(object{"taskDefinition": "ec2", "cluster": "small",
			"overrides": object{"cpu": "1", "memory": "999"}})
		if reasons != "RESOURCE:MEMORY" {
			t.Errorf("a task of 999 MiB: %s, want RESOURCE:MEMORY", reasons)
		}
		s.do("StopTask", object{"cluster": "small", "task": arns[0]})
		time.Sleep(time.Minute)
		if arns, reasons = run(object{"taskDefinition": "ec2", "cluster": "small"}); len(arns) != 1 {
			t.Errorf("a task after one has stopped: %s", reasons)
		}
		arns, reasons = run(object{"taskDefinition": "port", "cluster": "small", "count": 2})
		if len(arns) != 1 || reasons != "RESOURCE:PORTS" {
			t.Errorf("two tasks with port 80: %d started, %s", len(arns), reasons)
		}
		// With a capacity provider it is the task that fails.
		arns, reasons = run(object{"taskDefinition": "ec2", "cluster": "small",
			"capacityProviderStrategy": []object{{"capacityProvider": "mine", "weight": 1}}})
		if len(arns) != 1 || reasons != "" {
			t.Fatalf("a task by provider: %d started, %s", len(arns), reasons)
		}
		time.Sleep(time.Minute)
		task := at(s.do("DescribeTasks", object{"cluster": "small", "tasks": arns}), "tasks", 0)
		if str(task, "stopCode") != "TaskFailedToStart" || str(task, "stoppedReason") != "TaskFailedToStart: RESOURCE:CPU" {
			t.Errorf("task = %v, want TaskFailedToStart for RESOURCE:CPU", task)
		}
	})
}

func TestStrategy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}))
		s.registerAll()
		for _, c := range []struct {
			strategy []object
			want     map[string]int
		}{
			{[]object{{"capacityProvider": "FARGATE", "weight": 1, "base": 2},
				{"capacityProvider": "FARGATE_SPOT", "weight": 3}}, map[string]int{"FARGATE": 4, "FARGATE_SPOT": 6}},
			{[]object{{"capacityProvider": "FARGATE"}}, map[string]int{"FARGATE": 10}},
			{[]object{{"capacityProvider": "FARGATE", "base": 20}, {"capacityProvider": "FARGATE_SPOT", "weight": 1}},
				map[string]int{"FARGATE": 10}},
			{[]object{{"capacityProvider": "FARGATE"}, {"capacityProvider": "FARGATE_SPOT", "weight": 1}},
				map[string]int{"FARGATE_SPOT": 10}},
		} {
			answer := s.do("RunTask", object{"taskDefinition": "fargate", "count": 10, "networkConfiguration": vpc,
				"capacityProviderStrategy": c.strategy})
			got := make(map[string]int)
			for i := range answer["tasks"].([]any) {
				got[str(answer, "tasks", i, "capacityProviderName")]++
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("strategy %v spread 10 tasks as %v, want %v", c.strategy, got, c.want)
			}
		}
	})
}

func TestClientToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), testClusters())
		s.registerAll()
		request := object{"taskDefinition": "ec2", "clientToken": "t", "count": 2}
		first := s.do("RunTask", request)
		if got := s.do("RunTask", request); str(got, "tasks", 1, "taskArn") != str(first, "tasks", 1, "taskArn") {
			t.Errorf("the same request again = %v, want the same tasks", got)
		}
		other := object{"taskDefinition": "ec2", "clientToken": "t", "count": 1}
		_, answer := s.send("RunTask", other)
		if str(answer, "__type") != "ConflictException" ||
			str(answer, "resourceIds", 0) != str(first, "tasks", 0, "taskArn") {
			t.Errorf("another request with the token = %v, want ConflictException with the tasks", answer)
		}
		other["cluster"] = "small"
		if got := s.do("RunTask", other); str(got, "tasks", 0, "taskArn") == str(first, "tasks", 0, "taskArn") {
			t.Errorf("the token in another cluster = %v, want another task", got)
		}
		for i := range 2 {
			s.do("StopTask", object{"task": str(first, "tasks", i, "taskArn")})
		}
		time.Sleep(30 * time.Minute)
		if got := s.do("RunTask", request); len(at(got, "tasks", 0).(object)) != 3 {
			t.Errorf("the same request after its tasks have stopped = %v, want them named only", got)
		}
		time.Sleep(time.Hour)
		if got := s.do("RunTask", request); str(got, "tasks", 0, "taskArn") == str(first, "tasks", 0, "taskArn") {
			t.Errorf("the token an hour after its tasks = %v, want new tasks", got)
		}
	})
}

func TestListTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), testClusters())
		s.registerAll()
		var arns []string
		for i := range 10 {
			answer := s.do("RunTask", object{"taskDefinition": "ec2", "startedBy": fmt.Sprint("by", i%2)})
			arns = append(arns, str(answer, "tasks", 0, "taskArn"))
		}
		s.do("RunTask", object{"taskDefinition": "ec2", "cluster": "small"})
		s.do("StopTask", object{"task": arns[3]})
		list := func(in object) (found []string) {
			for {
				answer := s.do("ListTasks", in)
				for i := range answer["taskArns"].([]any) {
					found = append(found, str(answer, "taskArns", i))
				}
				if answer["nextToken"] == nil {
					return found
				}
				in["nextToken"] = answer["nextToken"]
			}
		}
		running := slices.Concat(arns[:3], arns[4:])
		for _, c := range []struct {
			in   object
			want []string
		}{
			{object{}, running},
			{object{"maxResults": 2}, running},
			{object{"family": "ec2"}, running},
			{object{"family": "port"}, nil},
			{object{"launchType": "FARGATE"}, nil},
			{object{"startedBy": "by1"}, []string{arns[1], arns[5], arns[7], arns[9]}},
			{object{"desiredStatus": "STOPPED"}, []string{arns[3]}},
			{object{"desiredStatus": "PENDING"}, nil},
		} {
			want := fmt.Sprint(c.in)
			if got := list(c.in); !slices.Equal(got, c.want) {
				t.Errorf("ListTasks(%s) = %q, want %q", want, got, c.want)
			}
		}
		// A task that stops between two pages leaves no gap.
		first := s.do("ListTasks", object{"maxResults": 2})
		s.do("StopTask", object{"task": arns[1]})
		rest := list(object{"nextToken": first["nextToken"]})
		if want := running[2:]; !slices.Equal(rest, want) {
			t.Errorf("the rest = %q, want %q", rest, want)
		}
		if got, want := s.refused("ListTasks", object{"startedBy": "x", "family": "ec2"}),
			"InvalidParameterException: cannot specify startedBy with other arguments"; got != want {
			t.Errorf("startedBy and family: %s, want %s", got, want)
		}
	})
}

func TestTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}))
		s.registerAll()
		arn := str(s.do("RunTask", object{"taskDefinition": "ec2", "tags": []object{{"key": "a", "value": "1"}}}), "tasks", 0,
			"taskArn")
		s.do("TagResource", object{"resourceArn": arn,
			"tags": []object{{"key": "b", "value": "2"}, {"key": "c", "value": "3"}}})
		s.do("UntagResource", object{"resourceArn": arn, "tagKeys": []string{"a", "b"}})
		got := s.do("ListTagsForResource", object{"resourceArn": arn})
		if len(got["tags"].([]any)) != 1 || str(got, "tags", 0, "key") != "c" {
			t.Errorf("tags = %v, want c=3", got)
		}
		s.do("StopTask", object{"task": arn})
		if got := s.do("ListTagsForResource", object{"resourceArn": arn}); len(got["tags"].([]any)) != 0 {
			t.Errorf("tags after StopTask = %v, want none", got)
		}
	})
}

func TestRefusedElsewhere(t *testing.T) {
	s := newServer(t)
	many := make([]string, 101)
	for i := range many {
		many[i] = "t"
	}
	for _, c := range []struct {
		operation string
		in        object
		want      string
	}{
		{"DescribeTasks", object{}, "InvalidParameterException: Tasks cannot be empty."},
		{"DescribeTasks", object{"tasks": many}, "InvalidParameterException: Tasks cannot be more than 100."},
		{"DescribeTasks", object{"tasks": []string{"t"}, "cluster": "x"}, "ClusterNotFoundException: Cluster not found."},
		{"StopTask", object{"task": "t"}, "InvalidParameterException: The referenced task was not found."},
		{"ListTasks", object{"desiredStatus": "DONE"},
			"InvalidParameterException: desiredStatus must be RUNNING, PENDING or STOPPED."},
		{"ListTasks", object{"maxResults": 101}, "InvalidParameterException: maxResults must be between 1 and 100."},
		{"DescribeTaskDefinition", object{"taskDefinition": "x"}, "ClientException: Unable to describe task definition."},
		{"DeregisterTaskDefinition", object{"taskDefinition": "x:1"},
			"ClientException: The specified task definition does not exist. Specify a valid account, family, revision and try " +
				"again."},
		{"DescribeServices", object{}, "InvalidParameterException: Services cannot be empty."},
	} {
		if got := s.refused(c.operation, c.in); got != c.want {
			t.Errorf("%s(%.100v) = %q, want %q", c.operation, c.in, got, c.want)
		}
	}
}

// TestEmptyLists sends what clients send that give every list.
func TestEmptyLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}))
		s.registerAll()
		s.do("RunTask", object{
			"taskDefinition": "ec2", "tags": []object{}, "capacityProviderStrategy": []object{},
			"placementConstraints": []object{}, "placementStrategy": []object{},
			"volumeConfigurations": []object{}, "overrides": object{"containerOverrides": []object{},
				"inferenceAcceleratorOverrides": []object{}},
		})
		s.do("RunTask", object{
			"taskDefinition": "fargate", "launchType": "FARGATE", "tags": []object{},
			"networkConfiguration": object{"awsvpcConfiguration": object{"subnets": []string{"subnet-1"},
				"securityGroups": []string{}}},
		})
	})
}

// TestPlacementConstraints runs tasks that no instance, or another one, suits. The
// reasons are in https://github.com/aws/amazon-ecs-agent/pull/3044 and, as an answer
// of RunTask, in several public logs.
func TestPlacementConstraints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}),
			ecslocal.Clusters(ecslocal.Cluster{Name: "c", Instances: []ecslocal.Instance{
				{}, {Attributes: map[string]string{"ecs.instance-type": "g5.xlarge", "stack": "blue"}},
			}}))
		s.registerAll()
		s.do("RegisterTaskDefinition", object{
			"family": "gpu", "containerDefinitions": []object{act("a", "1h", "0", "0")},
			"placementConstraints": []object{{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ g5.*"}},
		})
		run := func(family string, constraints ...object) (instance string, reasons string) {
			answer := s.do("RunTask", object{"cluster": "c", "taskDefinition": family, "placementConstraints": constraints})
			for i := range answer["failures"].([]any) {
				reasons += str(answer, "failures", i, "reason") + "|"
			}
			return str(answer, "tasks", 0, "containerInstanceArn"), reasons
		}
		memberOf := func(expression string) object { return object{"type": "memberOf", "expression": expression} }
		distinct := object{"type": "distinctInstance"}
		const unsatisfied = "MemberOf placement constraint unsatisfied."
		first, _ := run("port")
		if gpu, reasons := run("gpu"); gpu == "" || gpu == first {
			t.Errorf("gpu runs on %q, want the other instance than %q: %s", gpu, first, reasons)
		}
		if _, reasons := run("gpu", memberOf("attribute:stack == green")); reasons != unsatisfied+"|"+unsatisfied+"|" {
			t.Errorf("reasons = %s, want %s twice", reasons, unsatisfied)
		}
		if instance, reasons := run("ec2", memberOf("attribute:stack exists"),
			memberOf("task:group == family:gpu")); instance == "" || instance == first {
			t.Errorf("instance = %q, want the one of gpu: %s", instance, reasons)
		}
		if instance, reasons := run("ec2", distinct); instance != first {
			t.Errorf("instance = %q, want %q: %s", instance, first, reasons)
		}
		want := strings.Repeat("DistinctInstance placement constraint unsatisfied.|", 2)
		if _, reasons := run("ec2", distinct); reasons != want {
			t.Errorf("reasons = %s, want %s", reasons, want)
		}
	})
}
