package ecslocal_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// TestRegisterTaskDefinition holds what AWS fills in and what it keeps.
func TestRegisterTaskDefinition(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{
			"EC2",
			`{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":64,"portMappings":[{"containerPort":80}],` +
				`"newMember":{"deep":[1.50,null]}}],"newer":"x"}`,
			`{"family":"f","newer":"x","revision":1,"status":"ACTIVE",
			"taskDefinitionArn":"arn:aws:ecs:us-east-1:123456789012:task-definition/f:1",
			  "volumes":[],"placementConstraints":[],"compatibilities":["EXTERNAL","EC2"],"requiresAttributes":[],
			  "containerDefinitions":[{"name":"a","image":"b","memory":64,"newMember":{"deep":[1.50,null]},
			    "portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp"}],
			    "cpu":0,"essential":true,"environment":[],"mountPoints":[],"volumesFrom":[],"systemControls":[]}]}`,
		},
		{
			"Fargate",
			`{"family":"f","networkMode":"awsvpc","cpu":"256","memory":"512","requiresCompatibilities":["FARGATE"],
			"executionRoleArn":"arn:aws:iam::123456789012:role/r",
			  "containerDefinitions":[{"name":"a","image":"b","essential":true,"cpu":10,"portMappings":[{"containerPort":80,
			  "protocol":"udp"}],
			    "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"r",
			    "awslogs-stream-prefix":"p"}}}]}`,
			`{"family":"f","networkMode":"awsvpc","cpu":"256","memory":"512","requiresCompatibilities":["FARGATE"],
			"executionRoleArn":"arn:aws:iam::123456789012:role/r",
			  "revision":1,"status":"ACTIVE","taskDefinitionArn":"arn:aws:ecs:us-east-1:123456789012:task-definition/f:1",
			  "volumes":[],"placementConstraints":[],"compatibilities":["EC2","FARGATE"],
			  "requiresAttributes":[{"name":"com.amazonaws.ecs.capability.logging-driver.awslogs"},
			  {"name":"ecs.capability.task-eni"}],
			  "containerDefinitions":[{"name":"a","image":"b","essential":true,"cpu":10,"portMappings":[{"containerPort":80,
			  "hostPort":80,"protocol":"udp"}],
			    "environment":[],"mountPoints":[],"volumesFrom":[],"systemControls":[],
			    "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"r",
			    "awslogs-stream-prefix":"p"}}}]}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			status, answer := s.send("RegisterTaskDefinition", c.in)
			got, _ := answer["taskDefinition"].(object)
			if status != 200 || got == nil {
				t.Fatalf("RegisterTaskDefinition = %d %v", status, answer)
			}
			_, described := s.send("DescribeTaskDefinition", object{"taskDefinition": "f"})
			if !reflect.DeepEqual(described["taskDefinition"], answer["taskDefinition"]) {
				t.Errorf("DescribeTaskDefinition = %v, want what was registered, %v", described, got)
			}
			if got["registeredAt"] == nil || got["registeredBy"] == nil {
				t.Errorf("registeredAt, registeredBy = %v, %v", got["registeredAt"], got["registeredBy"])
			}
			delete(got, "registeredAt")
			delete(got, "registeredBy")
			var want object
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// Where a refusal is known from. The words are those of the source, except where the
// source has the rule alone.
const (
	api      = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"
	reworded = " (the rule; the words are ours)"
	decoder  = "errors of AWS's JSON decoder, in public reports of several services"
)

func issue(name string) string {
	repository, number, _ := strings.Cut(name, "#")
	return "https://github.com/" + repository + "/issues/" + number
}

func page(name string) string {
	return "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/" + name + ".html"
}

// TestDefinitionRules registers definitions that AWS refuses.
func TestDefinitionRules(t *testing.T) {
	const fargate = `"networkMode":"awsvpc","cpu":"256","memory":"512","requiresCompatibilities":["FARGATE"],`
	one := func(members string) string {
		return `"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":64` + members + `}]`
	}
	manyTags := strings.Repeat(`{"key":"k","value":"v"},`, 50)
	for _, c := range []struct{ in, want, source string }{
		{`"containerDefinitions":[{"name":"a","image":"b","memory":64}]`,
			"ClientException: Family should not be null or empty.", api + reworded},
		{`"family":"a b","containerDefinitions":[{"name":"a","image":"b","memory":64}]`,
			"ClientException: Family contains invalid characters.", api + reworded},
		{`"family":"f"`, "ClientException: Container list cannot be empty.", api + reworded},
		{`"family":"f","containerDefinitions":[{"image":"b","memory":64}]`,
			"ClientException: Container.name should not be null or empty.", api + reworded},
		{`"family":"f","containerDefinitions":[{"name":"a.b","image":"b","memory":64}]`,
			"ClientException: Container.name contains invalid characters.", api + reworded},
		{`"family":"f","containerDefinitions":[{"name":"a","memory":64}]`,
			"ClientException: Container.image should not be null or empty.", api + reworded},
		{`"family":"f","containerDefinitions":[{"name":"a","image":"b:$TAG","memory":64}]`,
			"ClientException: Container.image contains invalid characters.", api + reworded},
		{`"family":"f","containerDefinitions":[{"name":"a","image":"b ","memory":64}]`,
			"ClientException: Container.image contains invalid characters.", api + reworded},
		{`"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":64},{"name":"a","image":"b","memory":64}]`,
			"ClientException: Container names must be unique: a", api + reworded},
		{one(`,"essential":false`), "ClientException: All tasks must have at least one essential container.", api + reworded},
		{`"family":"f","containerDefinitions":[{"name":"a","image":"b"}]`,
			"ClientException: Invalid setting for container 'a'. At least one of 'memory' or 'memoryReservation' must be " +
				"specified.", issue("cuttlesoft/ecs-deploy.py#17")},
		{one(`,"memoryReservation":65`),
			"ClientException: Invalid setting for container 'a'. 'memory' must not be less than 'memoryReservation'.",
			api + reworded},
		{one(`,"logConfiguration":{"logDriver":"awslogs"}`),
			"ClientException: Log driver awslogs requires options: awslogs-region, awslogs-group",
			issue("klothoplatform/klotho#892")},
		{one(`,"dependsOn":[{"containerName":"a","condition":"START"}]`),
			"ClientException: There is a circular dependency between containers: a",
			page("task_definition_parameters") + reworded},
		{one(`,"dependsOn":[{"containerName":"z","condition":"START"}]`),
			"ClientException: Invalid setting for container 'a'. It needs container 'z', which the task definition does not " +
				"have.", api + reworded},
		{one(`,"links":["z:y"]`), "ClientException: Invalid setting for container 'a'. It needs container 'z', which the " +
			"task definition does not have.", api + reworded},
		{one(`},{"name":"c","image":"b","memory":64,"dependsOn":[{"containerName":"a","condition":"SUCCESS"}]`),
			"ClientException: A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
			page("task_definition_parameters") + reworded},
		{one(`},{"name":"c","image":"b","memory":64,"dependsOn":[{"containerName":"a","condition":"HEALTHY"}]`),
			"ClientException: A dependency container with HEALTHY condition must have a health check: a",
			page("task_definition_parameters") + reworded},
		{one(`},{"name":"c","image":"b","memory":64,"dependsOn":[{"containerName":"a","condition":"DONE"}]`),
			"ClientException: Invalid setting for container 'c'. A dependency's condition must be START, COMPLETE, SUCCESS or " +
				"HEALTHY.", page("task_definition_parameters") + reworded},
		{one(`,"mountPoints":[{"sourceVolume":"v","containerPath":"/v"}]`), "ClientException: Unknown volume 'v'.",
			api + reworded},
		{one(`,"healthCheck":{"command":["CMD","x"],"interval":1}`),
			"ClientException: Invalid setting for container 'a'. healthCheck.interval must be between 5 and 300.",
			api + reworded},
		{`"volumes":[{"name":"a b"}],` + one(""), "ClientException: Volume.name contains invalid characters.",
			api + reworded},
		{`"volumes":[{"name":"v"},{"name":"v"}],` + one(""), "ClientException: Volume names must be unique: v",
			api + reworded},
		{one(`,"healthCheck":{}`), "ClientException: Invalid setting for container 'a'. healthCheck.command should not be " +
			"null or empty.", api + reworded},
		{`"requiresCompatibilities":["LAMBDA"],` + one(""),
			"ClientException: Invalid compatibility 'LAMBDA'. Valid values are EC2, FARGATE, EXTERNAL and MANAGED_INSTANCES.",
			api + reworded},
		{fargate + `"volumes":[{"name":"v","host":{"sourcePath":"/x"}}],` + one(""),
			"ClientException: Fargate does not support host volumes with a source path.",
			page("fargate-tasks-services") + reworded},
		{fargate + `"placementConstraints":[{"type":"memberOf","expression":"runningTasksCount == 1"}],` + one(""),
			"ClientException: Fargate does not support placement constraints.", page("fargate-tasks-services") + reworded},
		{fargate + one(`,"stopTimeout":121`),
			"ClientException: Invalid setting for container 'a'. stopTimeout must be between 2 and 120 seconds on Fargate.",
			page("fargate-tasks-services") + reworded},
		{`"networkMode":"vpc",` + one(""),
			"ClientException: Invalid networkMode 'vpc'. Valid values are bridge, host, awsvpc and none.", api + reworded},
		{`"networkMode":"awsvpc",` + one(`,"portMappings":[{"containerPort":80,"hostPort":81}]`),
			"ClientException: When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
			issue("klothoplatform/klotho#892")},
		{`"networkMode":"awsvpc",` + one(`,"hostname":"h"`),
			"ClientException: hostname is not supported on container when networkMode=awsvpc", api + reworded},
		{`"networkMode":"awsvpc",` + one(`,"links":["a"]`),
			"ClientException: Links are not supported when networkMode=awsvpc.", api + reworded},
		{`"cpu":"x",` + one(""), "ClientException: Invalid 'cpu' setting for task.", page("task-cpu-memory-error")},
		{`"cpu":"128",` + one(`,"cpu":129`),
			"ClientException: The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
			issue("klothoplatform/klotho#892")},
		{`"memory":"63",` + one(""), "ClientException: The 'memory' setting for container 'a' is greater than for the task.",
			issue("pulumi/pulumi-awsx#1220")},
		{`"taskRoleArn":"arn:aws:iam::1:role/r",` + one(""), "ClientException: Role is not valid",
			issue("aws-samples/aws-modern-application-workshop#9")},
		{`"requiresCompatibilities":["FARGATE"],` + one(""), "ClientException: Fargate only supports network mode 'awsvpc'.",
			page("fargate-tasks-services") + reworded},
		{`"networkMode":"awsvpc","memory":"512","requiresCompatibilities":["FARGATE"],` + one(""),
			"ClientException: Fargate requires that 'cpu' be defined at the task level.",
			issue("mongodb/terraform-aws-ecs-task-definition#38")},
		{`"networkMode":"awsvpc","cpu":"256","memory":"513","requiresCompatibilities":["FARGATE"],` + one(""),
			"ClientException: No Fargate configuration exists for given values.", page("task-cpu-memory-error")},
		{fargate + one(`,"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"r"}}`),
			"ClientException: Fargate requires task definition to have execution role ARN to support log driver awslogs.",
			issue("jenkinsci/amazon-ecs-plugin#53")},
		{fargate + one(`,"logConfiguration":{"logDriver":"json-file"}`),
			"ClientException: Log driver json-file is not supported by Fargate.", page("fargate-tasks-services") + reworded},
		{fargate + `"family":"f","containerDefinitions":[{"name":"a",` +
			`"image":"123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"}]`,
			"ClientException: Fargate requires task definition to have execution role ARN to support ECR images.",
			issue("jenkinsci/amazon-ecs-plugin#53")},
		{fargate + one(`,"privileged":true`), "ClientException: Fargate does not support 'privileged'.",
			page("fargate-tasks-services") + reworded},
		{fargate + one(`,"extraHosts":[{"hostname":"h","ipAddress":"i"}]`),
			"ClientException: Fargate does not support 'extraHosts'.", page("fargate-tasks-services") + reworded},
		{fargate + one(`,"linuxParameters":{"tmpfs":[]}`),
			"ClientException: Fargate does not support 'linuxParameters.tmpfs'.", page("fargate-tasks-services") + reworded},
		{fargate + one(`,"linuxParameters":{"capabilities":{"add":["ALL"]}}`),
			"ClientException: Fargate does not support adding the capability 'ALL'.", page("fargate-tasks-services") + reworded},
		{`"tags":[],` + one(""), "ClientException: Tags can not be empty.", issue("fabfuel/ecs-deploy#146")},
		{`"tags":[` + manyTags + `{"key":"k","value":"v"}],` + one(""),
			"InvalidParameterException: The number of tags must not exceed 50.", page("ecs-using-tags") + reworded},
		{`"tags":[{"key":"k"},{"key":"k"}],` + one(""), "InvalidParameterException: Duplicate tag keys found: k",
			page("ecs-using-tags") + reworded},
		{`"tags":[{"key":"AWS:k"}],` + one(""),
			"InvalidParameterException: Tag keys and values that begin with 'aws:' are reserved: AWS:k",
			page("ecs-using-tags") + reworded},
		{`"tags":[{"key":"a\tb"}],` + one(""),
			"InvalidParameterException: Tag key or value contains invalid characters: a\tb", page("ecs-using-tags") + reworded},
		{one(`,"secrets":[{"name":"S","valueFrom":"x"}]`),
			"ClientException: When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
			issue("fabfuel/ecs-deploy#87")},
		{`"placementConstraints":[{"type":"distinctInstance"}],` + one(""),
			"ClientException: constraint.type 'distinctInstance' is not supported.", issue("aws-samples/aws-cdk-examples#628")},
		{one(`,"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"","awslogs-region":"r"}}`),
			"ClientException: Log driver awslogs option 'awslogs-group' should not be null or empty.",
			issue("terraform-aws-modules/terraform-aws-ecs#206")},
		{one(`,"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"r",` +
			`"awslogs-create-group":"false"}}`),
			"ClientException: Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option.",
			issue("terraform-linters/tflint-ruleset-aws#348")},
		{`"cpu":256,` + one(""), "SerializationException: NUMBER_VALUE can not be converted to a String", decoder},
		{one(`,"cpu":"256"`), "SerializationException: STRING_VALUE can not be converted to an Integer", decoder},
		{one(`,"command":"a"`), "SerializationException: STRING_VALUE can not be converted to a list", decoder},
		{one(`,"environment":{"A":"1"}`), "SerializationException: Start of structure or map found where not expected",
			decoder},
		{one(`,"command":["` + strings.Repeat("x", 64<<10) + `"]`),
			"ClientException: Task definition size must be at most 64 KiB.", page("service-quotas") + reworded},
	} {
		s := newServer(t)
		if got := s.refused("RegisterTaskDefinition", "{"+c.in+"}"); got != c.want {
			t.Errorf("RegisterTaskDefinition({%.200s}) = %q, want %q (%s)", c.in, got, c.want, c.source)
		}
		if got := s.do("ListTaskDefinitions", object{}); len(got["taskDefinitionArns"].([]any)) != 0 {
			t.Errorf("RegisterTaskDefinition({%.200s}) was refused, and is there", c.in)
		}
	}
}

// TestFargateSizes tries sizes as people spell them.
func TestFargateSizes(t *testing.T) {
	for _, c := range []struct {
		cpu, memory string
		good        bool
	}{
		{"256", "512", true}, {".25 vCPU", "0.5GB", true}, {"1 vcpu", "2 GB", true}, {"256", "3072", false},
		{"512", "4096", true}, {"2048", "16384", true}, {"4096", "8192", true}, {"4096", "31 GB", false},
		{"8192", "16384", true}, {"8192", "18 GB", false}, {"16384", "32 GB", true}, {"32768", "244 GB", true}, {"300", "512",
			false},
	} {
		s := newServer(t)
		status, _ := s.send("RegisterTaskDefinition", fmt.Sprintf(
			`{"family":"f","networkMode":"awsvpc","cpu":%q,"memory":%q,"requiresCompatibilities":["FARGATE"],`+
				`"containerDefinitions":[{"name":"a","image":"b"}]}`, c.cpu, c.memory))
		if good := status == 200; good != c.good {
			t.Errorf("a Fargate task of %s and %s is good: %t, want %t", c.cpu, c.memory, good, c.good)
		}
	}
}

func TestRevisions(t *testing.T) {
	s := newServer(t, ecslocal.Region("eu-central-1"), ecslocal.Account("000000000001"))
	s.region = "eu-central-1"
	register := func() string {
		return str(s.do("RegisterTaskDefinition",
			object{"family": "f", "containerDefinitions": []object{shell("a", "x")},
				"tags": []object{{"key": "k", "value": "v"}}}),
			"taskDefinition", "taskDefinitionArn")
	}
	describe := func(name string) object {
		return s.do("DescribeTaskDefinition", object{"taskDefinition": name, "include": []string{"TAGS"}})
	}
	first, second := register(), register()
	if want := "arn:aws:ecs:eu-central-1:000000000001:task-definition/f:1"; first != want {
		t.Fatalf("first ARN = %q, want %q", first, want)
	}
	for _, name := range []string{"f", "f:2", second} {
		if got := describe(name); str(got, "taskDefinition", "taskDefinitionArn") != second ||
			str(got, "tags", 0, "value") != "v" {
			t.Errorf("DescribeTaskDefinition(%s) = %v, want %s", name, got, second)
		}
	}
	s.do("DeregisterTaskDefinition", object{"taskDefinition": "f:2"})
	if got := str(describe("f"), "taskDefinition", "taskDefinitionArn"); got != first {
		t.Errorf("newest active revision = %s, want %s", got, first)
	}
	if got := describe("f:2"); str(got, "taskDefinition", "status") != "INACTIVE" ||
		num(got, "taskDefinition", "deregisteredAt") == 0 {
		t.Errorf("DescribeTaskDefinition(f:2) = %v, want INACTIVE", got)
	}
	deleted := s.do("DeleteTaskDefinitions", object{"taskDefinitions": []string{"f:1", "f:2", "g:1"}})
	if str(deleted, "taskDefinitions", 0, "status") != "DELETE_IN_PROGRESS" || len(deleted["failures"].([]any)) != 2 {
		t.Errorf("DeleteTaskDefinitions = %v, want f:2 deleted, f:1 and g:1 not", deleted)
	}
	if third := register(); !strings.HasSuffix(third, "f:3") {
		t.Errorf("revision after a deletion = %s, want f:3", third)
	}
}

func TestListTaskDefinitions(t *testing.T) {
	s := newServer(t)
	for _, family := range []string{"b", "a", "ab"} {
		for range 11 {
			s.do("RegisterTaskDefinition", object{"family": family, "containerDefinitions": []object{shell("a", "x")}})
		}
	}
	s.do("DeregisterTaskDefinition", object{"taskDefinition": "a:3"})
	list := func(in object) string {
		var names []string
		for {
			answer := s.do("ListTaskDefinitions", in)
			for i := range answer["taskDefinitionArns"].([]any) {
				arn := str(answer, "taskDefinitionArns", i)
				names = append(names, arn[strings.LastIndex(arn, "/")+1:])
			}
			if answer["nextToken"] == nil {
				return strings.Join(names, " ")
			}
			in["nextToken"] = answer["nextToken"]
		}
	}
	for _, c := range []struct {
		in   object
		want string
	}{
		{object{"familyPrefix": "a", "maxResults": 3}, "a:1 a:2 a:4 a:5 a:6 a:7 a:8 a:9 a:10 a:11"},
		{object{"familyPrefix": "a", "sort": "DESC", "maxResults": 4}, "a:11 a:10 a:9 a:8 a:7 a:6 a:5 a:4 a:2 a:1"},
		{object{"status": "INACTIVE"}, "a:3"},
		{object{"familyPrefix": "none"}, ""},
	} {
		want := c.want
		if got := list(c.in); got != want {
			t.Errorf("ListTaskDefinitions(%v) = %s, want %s", c.in, got, want)
		}
	}
	if got := strings.Fields(list(object{})); len(got) != 32 || got[0] != "a:1" || got[31] != "b:11" {
		t.Errorf("ListTaskDefinitions = %v, want a:1 to b:11 without a:3", got)
	}
	families := s.do("ListTaskDefinitionFamilies", object{"familyPrefix": "a"})
	if got := fmt.Sprint(families["families"]); got != "[a ab]" {
		t.Errorf("ListTaskDefinitionFamilies = %s, want [a ab]", got)
	}
	if got := s.refused("ListTaskDefinitions",
		object{"nextToken": "x"}); got != "InvalidParameterException: Invalid token" {
		t.Errorf("a wrong token: %s", got)
	}
}

// TestNormalised registers what AWS stores in another form than it was written.
func TestNormalised(t *testing.T) {
	for _, c := range []struct{ in, member, want, source string }{
		{`"cpu":"1 vCPU","memory":"2GB"`, "cpu", "1024", page("task-cpu-memory-error")},
		{`"cpu":"1 vCPU","memory":"2GB"`, "memory", "2048", page("task-cpu-memory-error")},
		{`"cpu":".25 vcpu","memory":"0.5 GB"`, "cpu", "256", page("task-cpu-memory-error")},
		{`"cpu":".25 vcpu","memory":"0.5 GB"`, "memory", "512", page("task-cpu-memory-error")},
		{`"taskRoleArn":"app"`, "taskRoleArn", "arn:aws:iam::123456789012:role/app",
			issue("aws-actions/amazon-ecs-render-task-definition#19")},
		{`"executionRoleArn":"pull"`, "executionRoleArn", "arn:aws:iam::123456789012:role/pull",
			issue("aws-actions/amazon-ecs-render-task-definition#19")},
		{`"executionRoleArn":"arn:aws:iam::1:role/x/y"`, "executionRoleArn", "arn:aws:iam::123456789012:role/x/y",
			"unchanged"},
	} {
		s := newServer(t)
		in := strings.Replace(c.in, "::1:", "::123456789012:", 1)
		answer := s.do("RegisterTaskDefinition",
			`{"family":"f",`+in+`,"containerDefinitions":[{"name":"a","image":"b","memory":64}]}`)
		described := s.do("DescribeTaskDefinition", object{"taskDefinition": "f"})
		for _, got := range []object{answer, described} {
			if got := str(got, "taskDefinition", c.member); got != c.want {
				t.Errorf("%s: %s = %q, want %q (%s)", c.in, c.member, got, c.want, c.source)
			}
		}
	}
}
