package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rule says which containers of a definition decide the verdict of its tasks. The
// zero value is that the essential ones do.
type Rule struct {
	All   bool     // every container of the definition
	Names []string // these alone, essential or not; none: see All
	Job   string   // the container that the command is for; empty if none was named
}

// Decides reports whether the container decides.
func (r Rule) Decides(container types.ContainerDefinition) bool {
	if len(r.Names) > 0 {
		return slices.Contains(r.Names, aws.ToString(container.Name))
	}
	return r.All || Essential(container)
}

// Order is which containers of a task were STOPPED while which others had not
// ended, as far as answers of ECS showed it. The zero value knows of none.
type Order map[[2]string]bool

// Observe takes in an answer of ECS. It leaves copies of the order as they are.
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

// before reports whether a container was seen STOPPED before another had ended.
func (o Order) before(first, second string) bool { return o[[2]string{first, second}] }

// dependencies returns the containers that a container needs for as long as it
// runs: those that dependsOn names with START or HEALTHY, the targets of links and
// volumesFrom, and the log router of awsfirelens. ECS starts them before it and,
// at the end of the task, stops them after it.
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

// dependants returns, for each helper by its name, the deciding containers that
// depend on it, directly or through other helpers, and are no helpers themselves.
// A helper is a container that a deciding one depends on.
func (r Rule) dependants(definition *types.TaskDefinition) map[string][]string {
	defined := map[string]types.ContainerDefinition{}
	for _, container := range definition.ContainerDefinitions {
		defined[aws.ToString(container.Name)] = container
	}
	helpers := map[string][]string{}
	reaches := map[string][]string{} // of each deciding container
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

// endedFirst reports whether something ran that the definition lets start only
// after the container's end: it was not stopped with the task then.
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

// excuse returns why code 137 or 143 of a deciding container does not decide: the
// definition, or the input container, says that another container is the one whose
// end matters, that one ended with code 0, and no answer showed this one STOPPED
// before it. It is empty where there is no excuse.
//
// DescribeTasks does not say in which order containers ended, so nothing else is
// one: a container that was killed and one that heeded the SIGTERM that followed
// look the same as one that finished and one that was stopped after it.
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

// settled reports whether a container has ended for good, with its code. Until ECS
// means the task to end, a restart policy may start it again.
func settled(task types.Task, defined types.ContainerDefinition) bool {
	container := Container(task, aws.ToString(defined.Name))
	if container == nil || aws.ToString(container.LastStatus) != "STOPPED" {
		return false
	}
	switch code := container.ExitCode; {
	case Stopping(task):
		return code != nil
	case code == nil:
		return aws.ToString(container.Reason) != "" && !Restarts(defined) // it could not be started
	}
	return !Restarts(defined) || slices.Contains(defined.RestartPolicy.IgnoredExitCodes, *container.ExitCode)
}
