package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rule selects the containers of a task definition that decide the verdict of its tasks. The zero
// value selects the essential containers.
type Rule struct {
	All   bool     // every container of the definition decides, unless Names is set
	Names []string // if not empty, only these containers decide, essential or not
	Job   string   // the container that runs the command; empty if the user did not name one
}

// Decides reports whether the rule selects the container.
func (r Rule) Decides(container types.ContainerDefinition) bool {
	if len(r.Names) > 0 {
		return slices.Contains(r.Names, aws.ToString(container.Name))
	}
	return r.All || Essential(container)
}

// Order records in which order the containers of a task ended. A key {first, second} is true if ECS
// once showed the first container as STOPPED and the second as not STOPPED. The zero value has no
// records.
type Order map[[2]string]bool

// Observe adds the records of one description from ECS. It does not change copies of the order.
func (o *Order) Observe(task types.Task) {
	*o = maps.Clone(*o)
	for _, first := range task.Containers {
		if aws.ToString(first.LastStatus) != "STOPPED" {
			continue
		}
		for _, second := range task.Containers {
			if aws.ToString(second.LastStatus) == "STOPPED" {
				continue
			}
			if *o == nil {
				*o = Order{}
			}
			(*o)[[2]string{aws.ToString(first.Name), aws.ToString(second.Name)}] = true
		}
	}
}

// before reports whether ECS showed the first container as STOPPED before the second had ended.
func (o Order) before(first, second string) bool { return o[[2]string{first, second}] }

// dependencies returns the names of the containers that a container needs while it runs: those in
// dependsOn with START or HEALTHY, those in links and volumesFrom, and the log router of
// awsfirelens. ECS starts them before the container. At the end of the task it stops them after the
// container.
func dependencies(definition *types.TaskDefinition, of types.ContainerDefinition) []string {
	var names []string
	for _, on := range of.DependsOn {
		if on.Condition == types.ContainerConditionStart || on.Condition == types.ContainerConditionHealthy {
			names = append(names, aws.ToString(on.ContainerName))
		}
	}
	for _, link := range of.Links { // name, or name:alias
		name, _, _ := strings.Cut(link, ":")
		names = append(names, name)
	}
	for _, volume := range of.VolumesFrom {
		names = append(names, aws.ToString(volume.SourceContainer))
	}
	if of.LogConfiguration != nil && of.LogConfiguration.LogDriver == types.LogDriverAwsfirelens {
		for _, router := range definition.ContainerDefinitions {
			if router.FirelensConfiguration != nil {
				names = append(names, aws.ToString(router.Name))
			}
		}
	}
	return names
}

// dependants returns the helpers of a definition. A helper is a container that a deciding container
// depends on. The value for each helper is the names of the deciding containers that depend on it,
// directly or through other helpers, and are not helpers themselves.
func (r Rule) dependants(definition *types.TaskDefinition) map[string][]string {
	defined := map[string]types.ContainerDefinition{}
	for _, container := range definition.ContainerDefinitions {
		defined[aws.ToString(container.Name)] = container
	}
	helpers := map[string][]string{}
	reaches := map[string][]string{} // the helpers of each deciding container
	for _, container := range definition.ContainerDefinitions {
		name := aws.ToString(container.Name)
		if !r.Decides(container) {
			continue
		}
		reached := map[string]bool{name: true}
		for next := dependencies(definition, container); len(next) > 0; next = next[1:] {
			helper, ok := defined[next[0]]
			if !ok || reached[next[0]] {
				continue
			}
			reached[next[0]] = true
			helpers[next[0]] = nil
			reaches[name] = append(reaches[name], next[0])
			next = append(next, dependencies(definition, helper)...)
		}
	}
	for _, container := range definition.ContainerDefinitions {
		name := aws.ToString(container.Name)
		if _, helper := helpers[name]; helper {
			continue
		}
		for _, helper := range reaches[name] {
			helpers[helper] = append(helpers[helper], name)
		}
	}
	return helpers
}

// endedFirst reports whether a container ran that depends on the end of the named container, by
// COMPLETE or SUCCESS. In that case the named container ended before ECS stopped the task.
func endedFirst(definition *types.TaskDefinition, task types.Task, name string) bool {
	for _, container := range definition.ContainerDefinitions {
		for _, on := range container.DependsOn {
			awaits := on.Condition == types.ContainerConditionComplete || on.Condition == types.ContainerConditionSuccess
			if awaits && aws.ToString(on.ContainerName) == name {
				if code, _ := ending(task, aws.ToString(container.Name)); code != nil {
					return true
				}
			}
		}
	}
	return false
}

// excuse returns why code 137 or 143 of a deciding container does not decide, or "" if it decides.
// The code does not decide if all of these are true:
//   - The definition or the input container says that the end of another container matters.
//   - The other container ended with code 0.
//   - No description showed this container as STOPPED before the other one ended.
//
// DescribeTasks does not report in which order containers ended, so no other case is an excuse. Two
// cases have the same codes: a container was killed and another ended after SIGTERM with code 0, or
// a container finished with code 0 and ECS stopped the other.
func (r Rule) excuse(definition *types.TaskDefinition, task types.Task, order Order, name string) string {
	if code, reason := ending(task, name); code == nil || !collateral(*code, reason) ||
		endedFirst(definition, task, name) {
		return ""
	}
	after := func(finished string) bool {
		code, _ := ending(task, finished)
		return code != nil && *code == 0 && !order.before(name, finished)
	}
	dependants := r.dependants(definition)[name]
	if len(dependants) > 0 && !slices.ContainsFunc(dependants, func(d string) bool { return !after(d) }) {
		return fmt.Sprintf("it is a helper of %s", strings.Join(dependants, " and "))
	}
	named := slices.ContainsFunc(definition.ContainerDefinitions,
		func(c types.ContainerDefinition) bool { return aws.ToString(c.Name) == r.Job })
	if named && r.Job != name && after(r.Job) {
		return "the command is for " + r.Job
	}
	return ""
}

// settled reports whether a container has ended and will not start again, so that its exit code is
// final. Before the task is stopping, a restart policy may start the container again.
func settled(task types.Task, defined types.ContainerDefinition) bool {
	container := Container(task, aws.ToString(defined.Name))
	if container == nil || aws.ToString(container.LastStatus) != "STOPPED" {
		return false
	}
	switch code := container.ExitCode; {
	case Stopping(task):
		return code != nil
	case code == nil:
		// A container without a code but with a reason could not be started.
		return aws.ToString(container.Reason) != "" && !Restarts(defined)
	}
	return !Restarts(defined) || slices.Contains(defined.RestartPolicy.IgnoredExitCodes, *container.ExitCode)
}
