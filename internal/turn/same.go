package turn

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// definitionDifference says how the revision of a running task differs from the job's definition.
// It returns an empty string if they are the same. answer is the JSON with which ECS described the
// revision.
func definitionDifference(j plan.Job, revision *types.TaskDefinition, answer []byte) (string, error) {
	existing, ok := j.Definition.(plan.Existing)
	if ok && aws.ToString(existing.Revision.TaskDefinitionArn) == aws.ToString(revision.TaskDefinitionArn) {
		return "", nil
	}
	text := plan.TextOf(j.Definition)
	if text == nil {
		return "this step runs " + task.Name(existing.Revision), nil
	}
	same, err := text.SameAs(answer)
	if err != nil || same {
		return "", err
	}
	return "its definition is not the same as " + text.Place.Name + " is now", nil
}

// RequestDifference names the settings in which a running task differs from a RunTask request, as
// far as ECS shows them. It returns an empty string if they are the same. It ignores tags and who
// started the task.
func RequestDifference(request map[string]json.RawMessage, t types.Task) string {
	var asked struct {
		Overrides                types.TaskOverride
		LaunchType               types.LaunchType
		CapacityProviderStrategy []struct{ CapacityProvider string }
		PlatformVersion, Group   string
		EnableExecuteCommand     *bool
		NetworkConfiguration     struct{ AwsvpcConfiguration struct{ Subnets []string } }
	}
	text, err := json.Marshal(request)
	if err == nil {
		err = json.Unmarshal(text, &asked)
	}
	if err != nil {
		return "its request can't be compared: " + err.Error()
	}
	shown := types.TaskOverride{}
	if t.Overrides != nil {
		shown = *t.Overrides
	}
	provider := func(item struct{ CapacityProvider string }) bool {
		return item.CapacityProvider == aws.ToString(t.CapacityProviderName)
	}
	subnet := subnetOf(t)
	var parts []string
	for _, part := range []struct {
		name  string
		other bool
	}{
		{"overrides", !reflect.DeepEqual(plainOverride(asked.Overrides), plainOverride(shown))},
		{"launch type", asked.LaunchType != "" && asked.LaunchType != t.LaunchType},
		{"capacity provider", len(asked.CapacityProviderStrategy) > 0 &&
			!slices.ContainsFunc(asked.CapacityProviderStrategy, provider)},
		{"platform version", asked.PlatformVersion != "" && asked.PlatformVersion != "LATEST" &&
			asked.PlatformVersion != aws.ToString(t.PlatformVersion)},
		{"group", asked.Group != "" && asked.Group != aws.ToString(t.Group)},
		{"enableExecuteCommand", asked.EnableExecuteCommand != nil && *asked.EnableExecuteCommand != t.EnableExecuteCommand},
		{"subnet", len(asked.NetworkConfiguration.AwsvpcConfiguration.Subnets) > 0 && subnet != "" &&
			!slices.Contains(asked.NetworkConfiguration.AwsvpcConfiguration.Subnets, subnet)},
	} {
		if part.other {
			parts = append(parts, part.name)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "it was started with other settings than this step asks for: " + strings.Join(parts, ", ")
}

// subnetOf returns the subnet of a task. It returns an empty string if ECS does not show it yet.
func subnetOf(t types.Task) string {
	for _, attachment := range t.Attachments {
		for _, detail := range attachment.Details {
			if aws.ToString(detail.Name) == "subnetId" {
				return aws.ToString(detail.Value)
			}
		}
	}
	return ""
}

// plainOverride returns overrides without empty members and with sorted lists. ECS shows each
// container of a task, also without overrides, and its lists have no fixed order.
func plainOverride(o types.TaskOverride) types.TaskOverride {
	o.Cpu, o.Memory = plainSize(o.Cpu, awsfacts.ParseCPU), plainSize(o.Memory, awsfacts.ParseMemory)
	var containers []types.ContainerOverride
	for _, c := range o.ContainerOverrides {
		if len(c.Command) == 0 {
			c.Command = nil
		}
		c.Environment = withoutNonce(c.Environment)
		c.Environment = sorted(c.Environment, func(v types.KeyValuePair) string { return aws.ToString(v.Name) })
		c.EnvironmentFiles = sorted(c.EnvironmentFiles, func(f types.EnvironmentFile) string { return aws.ToString(f.Value) })
		c.ResourceRequirements = sorted(c.ResourceRequirements,
			func(r types.ResourceRequirement) string { return string(r.Type) })
		if !reflect.DeepEqual(c, types.ContainerOverride{Name: c.Name}) {
			containers = append(containers, c)
		}
	}
	o.ContainerOverrides = sorted(containers, func(c types.ContainerOverride) string { return aws.ToString(c.Name) })
	//lint:ignore SA1019 ECS still returns the deprecated member, as an empty list
	o.InferenceAcceleratorOverrides = sorted(o.InferenceAcceleratorOverrides,
		func(i types.InferenceAcceleratorOverride) string { return aws.ToString(i.DeviceName) })
	return o
}

// withoutNonce returns variables without the values of the output markers, which differ in every
// run.
func withoutNonce(variables []types.KeyValuePair) []types.KeyValuePair {
	variables = slices.Clone(variables)
	for i, v := range variables {
		if name := aws.ToString(v.Name); name == outputs.BeginVariable || name == outputs.EndVariable {
			variables[i].Value = nil
		}
	}
	return variables
}

// plainSize returns a size without its unit. It returns sizes that it cannot parse unchanged.
func plainSize(size *string, read func(string) (int64, bool)) *string {
	n, ok := read(aws.ToString(size))
	if !ok {
		return size
	}
	return aws.String(strconv.FormatInt(n, 10))
}

// sorted returns a copy of items in the order of their keys. It returns nil if there are none.
func sorted[T any](items []T, key func(T) string) []T {
	if len(items) == 0 {
		return nil
	}
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return items
}
