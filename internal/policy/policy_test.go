package policy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/policy"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/taskdeftest"
)

// tasks returns the task of a definition with the inputs c.
func tasks(t *testing.T, definition string, c input.Config) []policy.Task {
	t.Helper()
	settings, _, err := runtask.Parse(c.Launch, taskdef.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var request map[string]json.RawMessage
	if c.RunTaskRequest != "" {
		if err := json.Unmarshal([]byte(c.RunTaskRequest), &request); err != nil {
			t.Fatal(err)
		}
	}
	return []policy.Task{{Definition: taskdeftest.Decode(t, "job.json", definition), Settings: settings, Request: request}}
}

const job = `{"family": "job", "executionRoleArn": "pull", "containerDefinitions": [{"name": "app", "memory": 64,
 "image": "210987654321.dkr.ecr.us-west-2.amazonaws.com/team/app:1",
 "secrets": [{"name": "A", "valueFrom": "/app/key"},
    {"name": "B", "valueFrom": "arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf:password::"}],
 "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "jobs", "awslogs-region": "us-west-2"}}}]}`

// TestForResources checks that resources are as specific as the inputs and definitions allow.
func TestForResources(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config input.Config
		region string
		want   map[string]string // the resources of statements, by Sid
	}{
		{
			"nothing known",
			input.Config{AWS: input.AWS{Cluster: "default"}, Waiting: input.Waiting{Logs: true}},
			"",
			map[string]string{
				"Register": "arn:aws:ecs:*:*:task-definition/job:*", "Tasks": "arn:aws:ecs:*:*:task/default/*",
				"PassRoles": "arn:aws:iam::*:role/pull",
				"ReadLogs":  "arn:aws:logs:us-west-2:*:log-group:jobs:log-stream:*",
			},
		},
		{
			"the account by the cluster, in China",
			input.Config{AWS: input.AWS{Cluster: "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/web"}},
			"cn-north-1",
			map[string]string{
				"Register":  "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/job:*",
				"Tasks":     "arn:aws-cn:ecs:cn-north-1:123456789012:task/web/*",
				"PassRoles": "arn:aws-cn:iam::123456789012:role/pull",
			},
		},
		{"preflight", input.Config{AWS: input.AWS{Cluster: "web", Preflight: true}}, "eu-central-1", map[string]string{
			"CheckCluster": "arn:aws:ecs:eu-central-1:*:cluster/web", "CheckRoles": "arn:aws:iam::*:role/pull",
			"CheckImages":     "arn:aws:ecr:us-west-2:210987654321:repository/team/app",
			"CheckParameters": "arn:aws:ssm:eu-central-1:*:parameter/app/key",
			"CheckSecrets":    "arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf",
			"CheckLogGroups":  "arn:aws:logs:us-west-2:*:*",
		}},
		{"volumes", input.Config{AWS: input.AWS{Cluster: "web"}, Launch: input.Launch{Placement: input.Placement{
			RunTaskRequest: `{"volumeConfigurations":[{"name":"v",` +
				`"managedEBSVolume":{"roleArn":"arn:aws:iam::123456789012:role/ebs"}}]}`}}}, "eu-central-1",
			map[string]string{
				"PassVolumeRoles": "arn:aws:iam::123456789012:role/ebs", "PassRoles": "arn:aws:iam::*:role/pull",
			}},
		{
			"CodeCommit",
			input.Config{
				AWS: input.AWS{Cluster: "web"},
				Git: input.Git{Repository: "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/jobs"},
			},
			"eu-central-1",
			map[string]string{
				"FetchDefinitions": "arn:aws:codecommit:eu-west-1:*:jobs",
			},
		},
		{
			"named networks",
			input.Config{
				AWS:    input.AWS{Cluster: "web"},
				Launch: input.Launch{Placement: input.Placement{Subnets: []string{"tag:A=b"}}},
			},
			"eu-central-1",
			map[string]string{"Network": "*"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.OnInterrupt, tt.config.CleanUp = "stop", "never"
			got := map[string]string{}
			for _, s := range policy.For(tt.config, tt.region, tasks(t, job, tt.config)) {
				if _, wanted := tt.want[s.Sid]; wanted {
					got[s.Sid] = strings.Join(s.Resource, " ")
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("For() (-want +got)\n%s", diff)
			}
		})
	}
}

// TestVerdictNames checks that a step with on-interrupt leave may still stop a task that
// goes on running after the containers of the input verdict.
func TestVerdictNames(t *testing.T) {
	for _, tt := range []struct {
		verdict string
		stops   bool
	}{{"essential", false}, {"all", false}, {"app", true}} {
		config := input.Config{
			AWS:     input.AWS{Cluster: "web"},
			Ending:  input.Ending{OnInterrupt: "leave", CleanUp: "never"},
			Waiting: input.Waiting{Verdict: []string{tt.verdict}},
		}
		stops := false
		for _, s := range policy.For(config, "eu-central-1", tasks(t, job, config)) {
			stops = stops || slices.Contains(s.Action, "ecs:StopTask")
		}
		if stops != tt.stops {
			t.Errorf("verdict %s with on-interrupt leave: StopTask allowed = %v, want %v", tt.verdict, stops, tt.stops)
		}
	}
}

// TestIfRunning checks that a step that looks for running tasks may describe them and stop its own.
func TestIfRunning(t *testing.T) {
	for _, tt := range []struct{ ifRunning, want string }{
		{"", ""},
		{"start", ""},
		{"wait", "ecs:DescribeTasks ecs:StopTask"},
		{"fail", "ecs:DescribeTasks ecs:StopTask"},
		{"follow", "ecs:DescribeTaskDefinition ecs:DescribeTasks ecs:StopTask"},
	} {
		config := input.Config{
			AWS:     input.AWS{Cluster: "web"},
			Ending:  input.Ending{OnInterrupt: "leave", CleanUp: "never"},
			Waiting: input.Waiting{IfRunning: tt.ifRunning, SkipSteadyStateCheck: true},
		}
		registered := tasks(t, job, config)
		registered[0].Registered = true
		var got []string
		for _, s := range policy.For(config, "eu-central-1", registered) {
			for _, action := range s.Action {
				switch action {
				case "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:StopTask":
					got = append(got, action)
				}
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("if-running %s: %v allowed, want %s", tt.ifRunning, got, tt.want)
		}
	}
}
