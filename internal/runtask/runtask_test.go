package runtask_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/taskdeftest"
)

var (
	bridge = runtask.Definition{Name: "job", Containers: []string{"app"}}
	two    = runtask.Definition{Name: "two", Containers: []string{"app", "proxy"}}
	awsvpc = runtask.Definition{Name: "web", NetworkMode: "awsvpc", Containers: []string{"app"}}

	api = &runtask.Service{LaunchType: "FARGATE", PlatformVersion: "1.4.0", Subnets: []string{"subnet-a"},
		SecurityGroups: []string{"sg-a"}, AssignPublicIP: "ENABLED"}
)

// settings parses the inputs of a command line.
func settings(t *testing.T, args ...string) runtask.Settings {
	t.Helper()
	given := map[string]string{}
	for _, arg := range args {
		name, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		given[name] = value
	}
	var launch input.Launch
	err := errors.Join(input.Read(&launch, given, nil), launch.Check())
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := runtask.Parse(launch, taskdef.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRequest(t *testing.T) {
	common := runtask.Common{StartedBy: "ci"}
	for _, tt := range []struct {
		name       string
		args       []string
		definition runtask.Definition
		service    *runtask.Service
		tags       input.Pairs
		want       string // without startedBy
	}{
		{name: "nothing", definition: bridge, want: `{}`},
		{name: "launch-type", args: []string{"--launch-type=EC2"}, definition: bridge, want: `{"launchType":"EC2"}`},
		{name: "capacity-provider-strategy", args: []string{"--capacity-provider-strategy=Spot:4,Own:1:base=1"},
			definition: bridge,
			want: `{"capacityProviderStrategy":[{"capacityProvider":"Spot","weight":4,"base":0},{"capacityProvider":"Own",` +
				`"weight":1,"base":1}]}`},
		{name: "platform-version", args: []string{"--platform-version=1.4.0", "--launch-type=FARGATE", "--service=api"},
			definition: awsvpc, want: `{"launchType":"FARGATE","platformVersion":"1.4.0"}`},
		{name: "network", args: []string{"--subnets=subnet-1,subnet-2", "--security-groups=sg-1",
			"--assign-public-ip=ENABLED"}, definition: awsvpc,
			want: `{"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1","subnet-2"],` +
				`"securityGroups":["sg-1"],"assignPublicIp":"ENABLED"}}}`},
		{name: "tags", definition: bridge, tags: input.Pairs{{Name: "A", Value: "<b>"}},
			want: `{"tags":[{"key":"A","value":"<b>"}]}`},
		{name: "command", args: []string{"--command=sh -c 'exit 3'"}, definition: bridge,
			want: `{"overrides":{"containerOverrides":[{"name":"app","command":["sh","-c","exit 3"]}]}}`},
		{name: "environment", args: []string{"--environment=A=1\nB="}, definition: bridge,
			want: `{"overrides":{"containerOverrides":[{"name":"app","environment":[{"name":"A","value":"1"},{"name":"B",` +
				`"value":""}]}]}}`},
		{name: "container", args: []string{"--command=true", "--container=proxy"}, definition: two,
			want: `{"overrides":{"containerOverrides":[{"name":"proxy","command":["true"]}]}}`},
		{name: "a container without an override", args: []string{"--container=proxy"}, definition: two, want: `{}`},
		{name: "cpu", args: []string{"--cpu=512"}, definition: bridge, want: `{"overrides":{"cpu":"512"}}`},
		{name: "memory", args: []string{"--memory=1 GB"}, definition: bridge, want: `{"overrides":{"memory":"1 GB"}}`},
		{name: "task-role-arn", args: []string{"--task-role-arn=arn:aws:iam::123456789012:role/a"}, definition: bridge,
			want: `{"overrides":{"taskRoleArn":"arn:aws:iam::123456789012:role/a"}}`},
		{name: "execution-role-arn", args: []string{"--execution-role-arn=arn:aws:iam::123456789012:role/a"},
			definition: bridge, want: `{"overrides":{"executionRoleArn":"arn:aws:iam::123456789012:role/a"}}`},
		{name: "ephemeral-storage", args: []string{"--ephemeral-storage=30"}, definition: bridge,
			want: `{"overrides":{"ephemeralStorage":{"sizeInGiB":30}}}`},
		{name: "overrides", args: []string{`--overrides={"containerOverrides":[{"name":"proxy","cpu":"64"},{"name":"app",` +
			`"environment":[{"name":"A","value":"low"},{"name":"B","value":"b"}]}],"cpu":"1024"}`, "--container=app",
			"--environment=A=high", "--cpu=512"}, definition: two,
			want: `{"overrides":{"containerOverrides":[{"name":"proxy","cpu":64},{"name":"app","environment":[{"name":"A",` +
				`"value":"high"},{"name":"B","value":"b"}]}],"cpu":"512"}}`},
		{name: "run-task-request", args: []string{"--run-task-request=group: g\nenableExecuteCommand: " +
			"true\nplacementConstraints: [{type: distinctInstance}]"}, definition: bridge,
			want: `{"group":"g","enableExecuteCommand":true,"placementConstraints":[{"type":"distinctInstance"}]}`},
		{name: "inputs go before run-task-request",
			args: []string{`--run-task-request={"launchType":"EC2","overrides":{"cpu":"256","memory":"512"},` +
				`"tags":[{"key":"A","value":"low"}],"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-9"],` +
				`"assignPublicIp":"DISABLED"}}}`, "--capacity-provider-strategy=FARGATE", "--cpu=512", "--subnets=subnet-1"},
			definition: awsvpc, tags: input.Pairs{{Name: "A", Value: "high"}},
			want: `{"overrides":{"cpu":"512","memory":"512"},"tags":[{"key":"A","value":"high"}],` +
				`"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"],"assignPublicIp":"DISABLED"}},` +
				`"capacityProviderStrategy":[{"capacityProvider":"FARGATE","weight":1,"base":0}]}`},
		{name: "service", args: []string{"--service=api"}, definition: awsvpc, service: api,
			want: `{"launchType":"FARGATE","platformVersion":"1.4.0",` +
				`"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-a"],"securityGroups":["sg-a"],` +
				`"assignPublicIp":"ENABLED"}}}`},
		{name: "inputs and run-task-request go before a service",
			args: []string{"--service=api", "--subnets=subnet-1",
				`--run-task-request={"networkConfiguration":{"awsvpcConfiguration":{"securityGroups":["sg-2"],` +
					`"subnets":["subnet-2"]}}}`}, definition: awsvpc, service: api,
			want: `{"launchType":"FARGATE","platformVersion":"1.4.0",` +
				`"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"],"securityGroups":["sg-2"],` +
				`"assignPublicIp":"ENABLED"}}}`},
		{name: "Fargate's providers keep a service's platform version",
			args: []string{"--service=api", "--capacity-provider-strategy=FARGATE_SPOT"}, definition: awsvpc,
			service: &runtask.Service{LaunchType: "FARGATE", PlatformVersion: "1.4.0", Subnets: []string{"subnet-a"}},
			want: `{"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1,"base":0}],` +
				`"platformVersion":"1.4.0","networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-a"]}}}`},
		{name: "instances have none", args: []string{"--service=api", "--launch-type=EC2"}, definition: bridge, service: api,
			want: `{"launchType":"EC2"}`},
		{name: "the network of a service that is not known yet", args: []string{"--service=api"}, definition: awsvpc,
			want: `{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			common.Tags = tt.tags
			got, err := settings(t, tt.args...).Request(tt.definition, tt.service, common)
			if err != nil {
				t.Fatalf("Request() = %v", err)
			}
			if string(got["startedBy"]) != `"ci"` {
				t.Errorf("startedBy = %s", got["startedBy"])
			}
			delete(got, "startedBy")
			var want map[string]json.RawMessage
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
				t.Errorf("Request() (-want +got)\n%s", diff)
			}
		})
	}
}

// texts returns the exact bytes of members as strings.
func texts(members map[string]json.RawMessage) map[string]string {
	all := map[string]string{}
	for name, value := range members {
		all[name] = string(value)
	}
	return all
}

func TestRequestFaults(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		definition runtask.Definition
		service    *runtask.Service
		want       string
	}{
		{"several containers", []string{"--command=true"}, two, nil,
			`container: two has several containers: give the one that command is for, of "app" and "proxy"`},
		{"for several inputs", []string{"--command=true", "--environment=A=1"}, two, nil,
			`container: two has several containers: give the one that command and environment are for, of "app" and "proxy"`},
		{"no such container", []string{"--command=true", "--container=prxy"}, two, nil,
			`container: two has no container "prxy" (did you mean "proxy"?)`},
		{"no such container, and no command", []string{"--container=db"}, two, nil,
			`container: two has no container "db": it has "app" and "proxy"`},
		{"in overrides", []string{`--overrides={"containerOverrides":[{"name":"app"},{"name":"proxi"},{"cpu":1}]}`}, two, nil,
			"input overrides:1:47: containerOverrides[1].name: two has no container \"proxi\" (did you mean " +
				"\"proxy\"?)\ninput overrides:1:56: containerOverrides[2].name: missing: an override is for one container, by " +
				"its name"},
		{"too long", []string{"--environment=A=" + strings.Repeat("ä", 8200)}, bridge, nil,
			"overrides: they have 8279 characters as JSON, and ECS takes 8192"},
		{"no subnets", nil, awsvpc, nil,
			"subnets: web has the network mode awsvpc, which takes subnets: give them, or a service to take them from"},
		{"no subnets in the service", []string{"--service=x"}, awsvpc, &runtask.Service{LaunchType: "EC2"},
			"subnets: web has the network mode awsvpc, which takes subnets, and the service x has none: give them"},
		{"subnets for another mode", []string{"--subnets=subnet-1"}, bridge, nil,
			"subnets: job has the network mode bridge: only tasks of mode awsvpc have subnets"},
		{"a network for another mode",
			[]string{`--run-task-request={"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"]}}}`}, bridge,
			nil, "input run-task-request:1:25: networkConfiguration: job has the network mode bridge: only tasks of mode " +
				"awsvpc have a network configuration"},
		{"Fargate for another mode", []string{"--launch-type=FARGATE"}, bridge, nil,
			"launch-type: job has the network mode bridge: Fargate runs tasks of mode awsvpc only"},
		{"Fargate's providers for another mode", []string{"--capacity-provider-strategy=FARGATE"}, bridge, nil,
			"capacity-provider-strategy: job has the network mode bridge: Fargate runs tasks of mode awsvpc only"},
		{"a service on Fargate for another mode", []string{"--service=api"}, bridge, api,
			"service: job has the network mode bridge: Fargate runs tasks of mode awsvpc only"},
		{"Fargate of the request for another mode",
			[]string{`--run-task-request={"capacityProviderStrategy":[{"capacityProvider":"FARGATE"}]}`}, bridge, nil,
			"input run-task-request:1:29: capacityProviderStrategy: job has the network mode bridge: Fargate runs tasks of " +
				"mode awsvpc only"},
		{"the same container twice", []string{`--overrides={"containerOverrides":[{"name":"app","cpu":1},{"name":"app",` +
			`"memory":64}]}`}, bridge, nil,
			`input overrides:1:55: containerOverrides[1].name: the container "app" has an override before this one`},
		{"an empty list of subnets",
			[]string{`--run-task-request={"networkConfiguration":{"awsvpcConfiguration":{"subnets":[]}}}`}, awsvpc, nil,
			"subnets: web has the network mode awsvpc, which takes subnets: give them, or a service to take them from"},
		{"a platform version elsewhere", []string{"--launch-type=EC2", "--platform-version=1.4.0"}, bridge, nil,
			"platform-version: only Fargate has platform versions, and the tasks are to run elsewhere"},
		{"a platform version of the request elsewhere",
			[]string{"--launch-type=EC2", `--run-task-request={"launchType":"FARGATE","platformVersion":"1.4.0"}`}, bridge, nil,
			"input run-task-request:1:43: platformVersion: only Fargate has platform versions, and the tasks are to run " +
				"elsewhere"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := settings(t, tt.args...).Request(tt.definition, tt.service, runtask.Common{})
			if err == nil || err.Error() != tt.want {
				t.Errorf("Request() = %v, want %s", err, tt.want)
			}
		})
	}
}

// The limit applies to the sum of the tags in the inputs and in run-task-request.
func TestTagLimit(t *testing.T) {
	s := settings(t, `--run-task-request={tags: [{key: own}]}`)
	var tags input.Pairs
	for i := range 50 {
		_, err := s.Request(bridge, nil, runtask.Common{Tags: tags})
		if err != nil {
			t.Fatalf("Request() with %d tags and one of run-task-request = %v", len(tags), err)
		}
		tags = append(tags, input.Pair{Name: strconv.Itoa(i)})
	}
	const want = "tags: with those of run-task-request there are 51, more than the 50 that a task can have"
	if _, err := s.Request(bridge, nil, runtask.Common{Tags: tags}); err == nil || err.Error() != want {
		t.Errorf("Request() with 51 tags = %v, want %s", err, want)
	}
}

// The limit of overrides counts characters, not bytes, and is exact.
func TestOverridesLimit(t *testing.T) {
	frame := len(`{"containerOverrides":[{"name":"app","environment":[{"name":"A","value":""}]}]}`)
	for _, tt := range []struct {
		length int
		good   bool
	}{{8192, true}, {8193, false}} {
		s := settings(t, "--environment=A="+strings.Repeat("ß", tt.length-frame))
		_, err := s.Request(bridge, nil, runtask.Common{})
		var fault *document.Error
		if (err == nil) != tt.good || err != nil && (!errors.As(err, &fault) || fault.Hint == "") {
			t.Errorf("Request() with %d characters of overrides = %v, want good: %v", tt.length, err, tt.good)
		}
	}
}

func TestParseFaults(t *testing.T) {
	for _, tt := range []struct{ name, request, overrides, want string }{
		{"unknown members", `{"grup": 1}`, `{"cpus": "1"}`,
			"input run-task-request:1:2: grup: unknown member (did you mean \"group\"?)\ninput overrides:1:2: cpus: unknown " +
				"member (did you mean \"cpu\"?)"},
		{"members with inputs of their own",
			`{"cluster": "c", "count": 1, "taskDefinition": "d", "startedBy": "me", "clientToken": "t"}`, "",
			"input run-task-request:1:2: cluster: give it by the input cluster\ninput run-task-request:1:18: count: give it " +
				"by the input count\ninput run-task-request:1:30: taskDefinition: give it by the input definition or " +
				"file-paths\ninput run-task-request:1:53: startedBy: give it by the input started-by\ninput " +
				"run-task-request:1:72: clientToken: is not for users to set"},
		{"both computes", `{"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "x"}]}`, "",
			"input run-task-request:1:2: launchType: cannot be used together with capacityProviderStrategy"},
		{"an image", `{"overrides": {"containerOverrides": [{"name": "app", "image": "x"}]}}`,
			`{"containerOverrides": [{"name": "app", "image": "x"}]}`,
			"input run-task-request:1:55: overrides.containerOverrides[0].image: ECS can't override the image\ninput " +
				"overrides:1:41: containerOverrides[0].image: ECS can't override the image"},
		{"tags of a service", `{"propagateTags": "SERVICE"}`, "",
			"input run-task-request:1:2: propagateTags: tasks that no service starts take the tags of TASK_DEFINITION only"},
		{"several documents", "group: a\n---\ngroup: b", "",
			"input run-task-request:3:1: expected one document, found several"},
		{"tags", `{"tags": [{"key": "aws:a"}, {"key": "B", "value": "100%"}, {"key": "B"}]}`, "",
			"input run-task-request:1:11: tags: the key \"aws:a\" begins with aws:, which only AWS may use\ninput " +
				"run-task-request:1:29: tags: the value of \"B\" has other characters than letters, digits, spaces and _ . : / = " +
				"+ - @\ninput run-task-request:1:60: tags: the tag \"B\" is given twice"},
		{"a provider without a name", `{"capacityProviderStrategy": [{"weight": 1}]}`, "",
			"input run-task-request:1:31: capacityProviderStrategy[0].capacityProvider: missing: capacityProvider must be " +
				"given"},
		{"no map", "[]", "", "input run-task-request:1:1: expected a map, found a list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			launch := input.Launch{Placement: input.Placement{Count: 1, RunTaskRequest: tt.request},
				Overrides: input.Overrides{Overrides: tt.overrides}}
			_, _, err := runtask.Parse(launch, taskdef.Options{})
			if err == nil || err.Error() != tt.want {
				t.Errorf("Parse() = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestWith(t *testing.T) {
	s := settings(t, "--launch-type=EC2", "--command=false", "--count=3", "--run-task-request={group: a}")
	got, _, err := s.With(documenttest.Parse(t, "job.yaml",
		`{count: 2, capacity-provider-strategy: [{capacityProvider: FARGATE}], command: [echo, 1.10],
environment: {A: 1.10}, subnets: [subnet-1], run-task-request: {group: b}, overrides: {cpu: "256"}, container: null}`))
	if err != nil {
		t.Fatal(err)
	}
	request, err := got.Request(awsvpc, nil, runtask.Common{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"group":                    `"b"`,
		"capacityProviderStrategy": `[{"capacityProvider":"FARGATE","weight":1,"base":0}]`,
		"networkConfiguration":     `{"awsvpcConfiguration":{"subnets":["subnet-1"]}}`,
		"overrides": `{"cpu":"256","containerOverrides":[{"name":"app","command":["echo","1.10"],` +
			`"environment":[{"name":"A","value":"1.10"}]}]}`,
	}
	if diff := cmp.Diff(want, texts(request)); diff != "" || got.Count != 2 {
		t.Errorf("With() has the count %d, want 2, and the request (-want +got)\n%s", got.Count, diff)
	}
	if again, err := s.Request(bridge, nil, runtask.Common{}); err != nil || string(again["group"]) != `"a"` ||
		s.Count != 3 {
		t.Errorf("With() changed what it was called on: %v, %v", texts(again), err)
	}
}

func TestWithFaults(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"{comand: x}", `job.yaml:1:2: x-run-task.comand: unknown input (did you mean "command"?)`},
		{"{timeout: 5m}", "job.yaml:1:2: x-run-task.timeout: unknown input"},
		{"{count: many}", "job.yaml:1:9: x-run-task.count: expected a whole number of 0 or more"},
		{"{count: 0}", "job.yaml:1:9: x-run-task.count: expected 1 to 5000"},
		{"{cpu: fast, count: many, launch-type: EC2, capacity-provider-strategy: own}",
			"job.yaml:1:20: x-run-task.count: expected a whole number of 0 or more\njob.yaml:1:39: x-run-task.launch-type: " +
				"cannot be used together with capacity-provider-strategy\n" +
				"job.yaml:1:7: x-run-task.cpu: expected CPU units, as in 512, or a number of vCPUs, as in 0.5 vCPU"},
		{`{environment: [A]}`, `job.yaml:1:15: x-run-task.environment: item 1: expected a map, NAME=value lines,` +
			` or the API's list of {"name": …, "value": …}`},
		{`{overrides: [{name: app}]}`,
			"job.yaml:1:13: x-run-task.overrides: expected a map with the member containerOverrides, found a list"},
		{`{overrides: {overrides: {cpu: 1}}}`,
			"job.yaml:1:14: x-run-task.overrides.overrides: unknown member: leave it out and give what is in it"},
		{`{overrides: {taskRoleArn: "arn:aws:iam::${ACCOUNT}:role/a"}}`,
			`job.yaml:1:27: x-run-task.overrides.taskRoleArn: the placeholder "${ACCOUNT}" was not replaced,` +
				` and AWS does not take its characters here`},
		{`{run-task-request: {volumeConfigurations: [{name: a, managedEBSVolume: {roleArn: r, kmsKeyId: __KEY__}}]}}`,
			`job.yaml:1:95: x-run-task.run-task-request.volumeConfigurations[0].managedEBSVolume.kmsKeyId: the placeholder ` +
				`"__KEY__" was not replaced, and AWS does not take its characters here`},
		{"{run-task-request: x}", "job.yaml:1:20: x-run-task.run-task-request: expected a map, found a string"},
		{"{overrides: {cpus: 1}}", `job.yaml:1:14: x-run-task.overrides.cpus: unknown member (did you mean "cpu"?)`},
		{"[]", "job.yaml:1:1: x-run-task: expected a map of inputs, found a list"},
	} {
		_, _, err := settings(t).With(documenttest.Parse(t, "job.yaml", tt.in))
		if err == nil || err.Error() != tt.want {
			t.Errorf("With(%s) = %v, want %s", tt.in, err, tt.want)
		}
	}
}

// CheckDefinition reports what RunTask would refuse before the definition is registered.
func TestCheckDefinition(t *testing.T) {
	const (
		fargate = `{family: web, requiresCompatibilities: [FARGATE], networkMode: awsvpc, cpu: "256", memory: "512",` +
			` containerDefinitions: [{name: app, image: a}]}`
		ec2 = `{family: job, requiresCompatibilities: [EC2], networkMode: awsvpc, containerDefinitions: [{name: app,` +
			` image: a, memory: 64}]}`
		volume = `{family: disk, volumes: [{name: d, configuredAtLaunch: true}], containerDefinitions: [{name: app,` +
			` image: a, memory: 64}]}`
	)
	for _, tt := range []struct {
		definition, want string
		args             []string
	}{
		{fargate, "", []string{"--launch-type=FARGATE"}},
		{fargate, "", []string{"--capacity-provider-strategy=FARGATE_SPOT"}},
		{fargate, "", []string{"--service=api"}},
		{fargate, "launch-type: web does not support EC2: its requiresCompatibilities has FARGATE",
			[]string{"--launch-type=EC2"}},
		{fargate, "input run-task-request:1:14: launchType: web does not support EC2: its requiresCompatibilities has " +
			"FARGATE", []string{"--run-task-request={launchType: EC2}"}},
		{ec2, "", []string{"--launch-type=EC2"}},
		{ec2, "", []string{"--capacity-provider-strategy=Own"}},
		{ec2, "launch-type: job does not support FARGATE: its requiresCompatibilities has EC2",
			[]string{"--launch-type=FARGATE"}},
		{ec2, "capacity-provider-strategy: job does not support FARGATE: its requiresCompatibilities has EC2",
			[]string{"--capacity-provider-strategy=FARGATE_SPOT"}},
		{ec2, "", []string{"--run-task-request={placementConstraints: [{type: distinctInstance}]}"}},
		{fargate, "input run-task-request:1:24: placementConstraints: tasks on Fargate run on no container instances that " +
			"placementConstraints could choose",
			[]string{"--launch-type=FARGATE", "--run-task-request={placementConstraints: [{type: distinctInstance}]}"}},
		{ec2, "input overrides:1:56: containerOverrides[0].environment[0].name: a variable must have a name",
			[]string{`--overrides={containerOverrides: [{name: app, environment: [{name: "", value: x}]}]}`}},
		{ec2, "input overrides:1:72: containerOverrides[0].environmentFiles[0].value: expected the ARN of an object in S3 " +
			"whose name ends with .env",
			[]string{`--overrides={containerOverrides: [{name: app, environmentFiles: [{type: s3, value: "s3://b/a.env"}]}]}`}},
		{ec2, "", []string{`--overrides={containerOverrides: [{name: app, environmentFiles: [{type: s3,` +
			` value: "arn:aws:s3:::b/a.env"}]}]}`}},
		{volume, `input run-task-request:1:43: volumeConfigurations[1].name: the volume "d" has a configuration before ` +
			`this one`,
			[]string{"--run-task-request={volumeConfigurations: [{name: d}, {name: d}]}"}},
	} {
		definition := taskdeftest.Decode(t, "job.yaml", tt.definition)
		if _, err := settings(t, tt.args...).CheckDefinition(definition); (err == nil) != (tt.want == "") || err != nil &&
			err.Error() != tt.want {
			t.Errorf("CheckDefinition(%s) with %q = %v, want %s", tt.definition, tt.args, err, tt.want)
		}
	}
}

// The owner tag is added if the request has other tags, or if it is always added.
func TestRequestOwner(t *testing.T) {
	var many input.Pairs
	for i := range 50 {
		many = append(many, input.Pair{Name: strconv.Itoa(i), Value: "x"})
	}
	for _, tt := range []struct {
		name   string
		args   []string
		tags   input.Pairs
		always bool
		want   string // the tags; empty means none
	}{
		{name: "no tags"},
		{name: "an empty list", args: []string{`--run-task-request={"tags":[]}`}, want: `[]`},
		{name: "no tags, always", always: true, want: `[{"key":"owner","value":"o"}]`},
		{name: "tags", tags: input.Pairs{{Name: "A", Value: "b"}},
			want: `[{"key":"A","value":"b"},{"key":"owner","value":"o"}]`},
		{name: "tags of the request", args: []string{`--run-task-request={"tags":[{"key":"A","value":"b"}]}`},
			want: `[{"key":"A","value":"b"},{"key":"owner","value":"o"}]`},
		{name: "as many as there can be", tags: many, always: true, want: "50"},
	} {
		request, err := settings(t, tt.args...).Request(bridge, nil,
			runtask.Common{Tags: tt.tags, Owner: runtask.OwnerTag{Key: "owner", Value: "o", Always: tt.always}})
		got := string(request["tags"])
		if tt.want == "50" {
			got = strconv.Itoa(strings.Count(got, `"key"`))
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: Request() has the tags %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}
