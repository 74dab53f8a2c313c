package turn_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/turn"
)

func TestRequestDifference(t *testing.T) {
	shown := types.Task{
		LaunchType: types.LaunchTypeFargate, CapacityProviderName: aws.String("FARGATE"),
		PlatformVersion: aws.String("1.4.0"), Group: aws.String("family:job"),
		Attachments: []types.Attachment{{Details: []types.KeyValuePair{{Name: aws.String("subnetId"),
			Value: aws.String("subnet-1")}}}},
		Overrides: &types.TaskOverride{
			Cpu: aws.String("512"),
			//lint:ignore SA1019 ECS still returns the deprecated member, as an empty list
			InferenceAcceleratorOverrides: []types.InferenceAcceleratorOverride{},
			ContainerOverrides: []types.ContainerOverride{
				{Name: aws.String("proxy")},
				{Name: aws.String("app"), Command: []string{"migrate", "up"}, Environment: []types.KeyValuePair{
					{Name: aws.String("B"), Value: aws.String("2")}, {Name: aws.String("A"), Value: aws.String("1")},
				}},
			},
		},
	}
	const overrides = `{"cpu":"512","containerOverrides":[{"name":"app","command":["migrate","up"],` +
		`"environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}]}`
	none := types.Task{}
	for _, tt := range []struct {
		name, request string
		task          types.Task
		want          string // the settings that differ
	}{
		{"nothing", `{}`, none, ""},
		{"what does not count", `{"startedBy":"x","tags":[{"key":"sha","value":"1"}]}`, none, ""},
		{"the same", `{"overrides":` + overrides +
			`,"launchType":"FARGATE","platformVersion":"LATEST",` +
			`"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-2","subnet-1"]}}}`, shown, ""},
		{"a provider of the strategy",
			`{"overrides":` + overrides +
				`,"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1},{"capacityProvider":"FARGATE",` +
				`"weight":1}]}`, shown, ""},
		{"a size in another unit", `{"overrides":` + strings.Replace(overrides, `"512"`, `"0.5 vCPU"`, 1) + `}`, shown, ""},
		{"no overrides", `{}`, shown, "overrides"},
		{"overrides that the task has not", `{"overrides":` + overrides + `}`, none, "overrides"},
		{"another value", `{"overrides":` + strings.Replace(overrides, `"2"`, `"3"`, 1) + `}`, shown, "overrides"},
		{"another command", `{"overrides":` + strings.Replace(overrides, `"up"`, `"down"`, 1) + `}`, shown, "overrides"},
		{"another size", `{"overrides":` + strings.Replace(overrides, `"512"`, `"256"`, 1) + `}`, shown, "overrides"},
		{"elsewhere", `{"overrides":` + overrides +
			`,"launchType":"EC2","group":"g","enableExecuteCommand":true,` +
			`"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-2"]}}}`, shown,
			"launch type, group, enableExecuteCommand, subnet"},
		{"another provider and version",
			`{"overrides":` + overrides + `,"capacityProviderStrategy":[{"capacityProvider":"x"}],"platformVersion":"1.3.0"}`,
			shown, "capacity provider, platform version"},
	} {
		var request map[string]json.RawMessage
		if err := json.Unmarshal([]byte(tt.request), &request); err != nil {
			t.Fatal(err)
		}
		want := tt.want
		if want != "" {
			want = "it was started with other settings than this step asks for: " + want
		}
		if got := turn.RequestDifference(request, tt.task); got != want {
			t.Errorf("%s: RequestDifference() = %q, want %q", tt.name, got, want)
		}
	}
}

// The output markers differ in each run. Whether a run has markers is a setting.
func TestRequestDifferenceOfOutputs(t *testing.T) {
	request := func(variables string) map[string]json.RawMessage {
		return map[string]json.RawMessage{"overrides": []byte(`{"containerOverrides":[{"name":"app","environment":[` +
			variables + `]}]}`)}
	}
	const markers = `{"name":"ECS_RUN_TASK_OUTPUTS_BEGIN","value":"1"},{"name":"ECS_RUN_TASK_OUTPUTS_END","value":"2"}`
	shown := types.Task{Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{
		Name: aws.String("app"),
		Environment: []types.KeyValuePair{
			{Name: aws.String("ECS_RUN_TASK_OUTPUTS_END"), Value: aws.String("4")},
			{Name: aws.String("ECS_RUN_TASK_OUTPUTS_BEGIN"), Value: aws.String("3")},
		},
	}}}}
	if got := turn.RequestDifference(request(markers), shown); got != "" {
		t.Errorf("other markers: RequestDifference() = %q, want none", got)
	}
	for _, variables := range []string{``, `{"name":"A","value":"1"}`, markers + `,{"name":"A","value":"1"}`} {
		if turn.RequestDifference(request(variables), shown) == "" {
			t.Errorf("variables [%s]: RequestDifference() is empty, want one", variables)
		}
	}
	if turn.RequestDifference(request(markers), types.Task{}) == "" {
		t.Error("a task without markers: RequestDifference() is empty, want one")
	}
}
