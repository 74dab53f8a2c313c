package runtask

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// CheckDefinition checks that the settings are compatible with a definition, before the
// definition is registered. The values of a service are not known here. The error joins an
// [*input.Error] or a [*document.Error] for each fault.
func (s Settings) CheckDefinition(d *taskdef.Definition) ([]document.Warning, error) {
	definition := Definition{Name: d.Family, NetworkMode: d.NetworkMode}
	for _, c := range d.Containers {
		definition.Containers = append(definition.Containers, c.Name)
	}
	own, err := s.own(definition, Common{})
	if err != nil {
		return nil, nil // Request reports it
	}
	request := layer(s.request, own)
	warnings, fault := checkSizes(d, request.Member("overrides"))
	if w := s.launchTypeMissing(d, request); w != nil {
		warnings = append(warnings, *w)
	}
	return warnings, errors.Join(fault, s.checkCompatible(d, request), s.checkConstraints(request),
		checkContainers(request.Member("overrides")), s.checkExec(d, request), s.checkVolumes(d, request))
}

// checkSizes checks the sizes of the definition after the overrides are applied: CPU, memory and
// ephemeral storage.
func checkSizes(d *taskdef.Definition, overrides *document.Node) (warnings []document.Warning, err error) {
	var faults []error
	for _, m := range d.CheckSizes(overrides) {
		fault := document.Error{Place: m.Value.Place, Path: "overrides", Code: m.Code, Hint: m.Hint,
			Message: fmt.Sprintf("with the override, %s: %s", m.Path, m.Message)}
		name := ""
		for key, of := range map[string]string{"cpu": "cpu", "memory": "memory", "ephemeralStorage": "ephemeral-storage"} {
			if overrides.Member(key) == m.Value {
				name = of
			}
		}
		switch {
		case m.Warning:
			if fault.Place == (document.Place{}) {
				fault.Place, fault.Path = document.Place{Name: "input " + name}, ""
			}
			warnings = append(warnings, document.Warning{Error: fault})
		case fault.Place == (document.Place{}):
			faults = append(faults, &input.Error{Input: name, Message: fault.Message})
		default:
			faults = append(faults, &fault)
		}
	}
	return append(warnings, unchangedLimits(d, overrides)...), errors.Join(faults...)
}

// unchangedLimits returns notices about containers that have a memory limit. If an override
// raises the memory of the task, it does not raise these limits.
func unchangedLimits(d *taskdef.Definition, overrides *document.Node) []document.Warning {
	memory := overrides.Member("memory")
	if memory == nil || d.Memory == "" {
		return nil
	}
	before, ok := awsfacts.ParseMemory(d.Memory)
	now, okNow := awsfacts.ParseMemory(memory.Text)
	if !ok || !okNow || now <= before {
		return nil
	}
	var notices []document.Warning
	for i, c := range d.Node.List("containerDefinitions") {
		limit := c.Member("memory")
		if limit == nil || i >= len(d.Containers) || overridden(overrides, d.Containers[i].Name) {
			continue
		}
		notices = append(notices, document.Warning{Notice: true, Error: document.Error{
			Place: limit.Place, Path: document.ItemPath("containerDefinitions", i) + ".memory", Code: "memory-kept",
			Message: fmt.Sprintf("the container %s keeps its own limit of %s MiB, with %d MiB for the task",
				d.Containers[i].Name, limit.Text, now),
		}})
	}
	return notices
}

// overridden reports whether overrides set the memory of a container.
func overridden(overrides *document.Node, container string) bool {
	return slices.ContainsFunc(overrides.List("containerOverrides"), func(o *document.Node) bool {
		name := o.Member("name")
		return name != nil && name.Text == container && o.Member("memory") != nil
	})
}

// checkCompatible reports a launch type that the definition does not support. RunTask refuses
// the launch type: "Task definition does not support launch_type FARGATE."
// (github.com/aws/aws-cli/issues/3983).
func (s Settings) checkCompatible(d *taskdef.Definition, request *document.Node) error {
	launchType, member := "", "launchType"
	if n := request.Member(member); n != nil {
		launchType = n.Text
	} else if fargate, _ := onFargate(request); fargate {
		launchType, member = "FARGATE", "capacityProviderStrategy"
	}
	if launchType == "" || len(d.RequiresCompatibilities) == 0 || slices.Contains(d.RequiresCompatibilities, launchType) {
		return nil
	}
	return fault(request, member, s.computeInput(),
		fmt.Sprintf("%s does not support %s: its requiresCompatibilities has %s",
			d.Family, launchType, strings.Join(d.RequiresCompatibilities, ", ")))
}

// checkConstraints reports placement constraints and strategies for tasks on Fargate, which has
// no container instances (API reference, RunTask: placementConstraints; developer guide, "Amazon
// ECS task definition differences for Fargate").
func (s Settings) checkConstraints(request *document.Node) error {
	var faults []error
	for _, member := range []string{"placementConstraints", "placementStrategy"} {
		if fargate, _ := onFargate(request); fargate && len(request.List(member)) > 0 {
			faults = append(faults, fault(request, member, "run-task-request",
				"tasks on Fargate run on no container instances that "+member+" could choose"))
		}
	}
	return errors.Join(faults...)
}

// checkContainers checks environment and environmentFiles in overrides by the rules for a
// definition.
func checkContainers(overrides *document.Node) error {
	var faults []error
	for i, container := range overrides.List("containerOverrides") {
		path := document.ItemPath("containerOverrides", i)
		for j, variable := range container.List("environment") {
			if name := variable.Member("name"); name != nil && name.Text == "" {
				faults = append(faults, &document.Error{Place: name.Place, Code: "environment-name",
					Message: "a variable must have a name",
					Path:    document.MemberPath(document.ItemPath(document.MemberPath(path, "environment"), j), "name")})
			}
		}
		for j, file := range container.List("environmentFiles") {
			if value := file.Member("value"); value != nil &&
				!(awsfacts.IsObject(value.Text) && strings.HasSuffix(value.Text, ".env")) {
				faults = append(faults, &document.Error{Place: value.Place, Code: "environment-file",
					Hint:    "arn:aws:s3:::bucket/name.env",
					Path:    document.MemberPath(document.ItemPath(document.MemberPath(path, "environmentFiles"), j), "value"),
					Message: "expected the ARN of an object in S3 whose name ends with .env"})
			}
		}
	}
	return errors.Join(faults...)
}

// checkExec reports ECS Exec without a task role. RunTask refuses such a request (ECS developer
// guide, "Monitor Amazon ECS containers with ECS Exec": prerequisites;
// github.com/boto/boto3/issues/3173).
func (s Settings) checkExec(d *taskdef.Definition, request *document.Node) error {
	exec := request.Member("enableExecuteCommand")
	if s.partial || exec == nil || exec.Text != "true" || d.TaskRoleARN != "" ||
		request.Member("overrides", "taskRoleArn") != nil {
		return nil
	}
	const message = "ECS Exec needs a task role, which the definition lacks: give it a taskRoleArn, or the input " +
		"task-role-arn"
	return fault(request, "enableExecuteCommand", "run-task-request", message)
}

// checkVolumes checks that each volume with configuredAtLaunch has exactly one configuration, and
// that no other volume has one (API reference, RunTask: volumeConfigurations, and Volume:
// configuredAtLaunch).
func (s Settings) checkVolumes(d *taskdef.Definition, request *document.Node) error {
	var faults []error
	var atLaunch []string
	configurations := request.Member("volumeConfigurations")
	named := func(name string) func(*document.Node) bool {
		return func(n *document.Node) bool { own := n.Member("name"); return own != nil && own.Text == name }
	}
	for i, volume := range d.Node.List("volumes") {
		name, launch := volume.Member("name"), volume.Member("configuredAtLaunch")
		if name == nil || launch == nil || launch.Text != "true" {
			continue
		}
		atLaunch = append(atLaunch, name.Text)
		if !s.partial && !slices.ContainsFunc(configurations.List(), named(name.Text)) {
			faults = append(faults, &document.Error{
				Place: volume.Place, Path: document.ItemPath("volumes", i), Code: "volume-configuration",
				Message: fmt.Sprintf("the volume %q is configured at the launch, and run-task-request has no "+
					"volumeConfigurations for it", name.Text),
				Hint: fmt.Sprintf(`run-task-request: {"volumeConfigurations": [{"name": %q,`+
					` "managedEBSVolume": {"roleArn": "arn:aws:iam::123456789012:role/ecsInfrastructureRole", "sizeInGiB": 20}}]}`,
					name.Text),
			})
		}
	}
	var before []string
	for i, configuration := range configurations.List() {
		name := configuration.Member("name")
		if name != nil && slices.Contains(before, name.Text) {
			faults = append(faults, &document.Error{
				Place: name.Place, Path: document.MemberPath(document.ItemPath("volumeConfigurations", i), "name"),
				Code:    "volume-configuration",
				Message: fmt.Sprintf("the volume %q has a configuration before this one", name.Text),
			})
			continue
		}
		if name != nil {
			before = append(before, name.Text)
		}
		if name == nil || slices.Contains(atLaunch, name.Text) {
			continue
		}
		faults = append(faults, &document.Error{
			Place: name.Place, Path: document.MemberPath(document.ItemPath("volumeConfigurations", i), "name"),
			Code:    "volume-configuration",
			Message: fmt.Sprintf("%s has no volume %q that is configured at the launch", d.Family, name.Text),
		})
	}
	return errors.Join(faults...)
}

// launchTypeMissing returns a notice if a definition supports only Fargate and its request has
// neither a launch type nor a strategy. ECS then uses the default strategy of the cluster, and
// refuses the tasks if the cluster has none. It returns nil otherwise.
func (s Settings) launchTypeMissing(d *taskdef.Definition, request *document.Node) *document.Warning {
	_, given := onFargate(request)
	if given || s.partial || s.Service != "" || !slices.Equal(d.RequiresCompatibilities, []string{"FARGATE"}) {
		return nil
	}
	return &document.Warning{Notice: true, Error: document.Error{
		Place: d.Place, Code: "launch-type",
		Message: d.Family + " is for Fargate alone, and nothing says that its tasks run there: ECS refuses them unless " +
			"the cluster has a default capacity provider strategy",
		Hint: "launch-type: FARGATE",
	}}
}
