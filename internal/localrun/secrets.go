package localrun

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// EnvironmentFiles returns the ARNs of the containers' environmentFiles, sorted and without
// duplicates.
func EnvironmentFiles(definitions []*taskdef.Definition) []string {
	var arns []string
	for _, d := range definitions {
		for _, container := range d.Node.List("containerDefinitions") {
			for _, file := range container.List("environmentFiles") {
				if value := file.Member("value"); value != nil {
					arns = append(arns, value.Text)
				}
			}
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

// SecretValues returns the values of the containers' secrets in a local run. The keys of values
// are the ARNs of secrets and the names or ARNs of parameters, as in ECS. given has the values by
// the names of the environment variables. A secret without a given value is empty. empty has the
// sorted names of the environment variables of these secrets.
func SecretValues(definitions []*taskdef.Definition, given input.Pairs) (values map[string]string, empty []string) {
	values = map[string]string{}
	keys := map[string]map[string]string{} // of secrets that are JSON objects, by ARN
	for name, valueFrom := range containerSecrets(definitions) {
		value, found := valueOf(given, name)
		if !found {
			empty = append(empty, name)
		}
		secret, err := awsfacts.ParseSecret(valueFrom)
		switch {
		case err != nil || secret.Key == "":
			values[strings.TrimSuffix(valueFrom, ":::")] = value
		case keys[secret.ARN] == nil:
			keys[secret.ARN] = map[string]string{secret.Key: value}
		default:
			keys[secret.ARN][secret.Key] = value
		}
	}
	for arn, members := range keys {
		text, err := json.Marshal(members)
		if err != nil {
			panic(fmt.Sprintf("a map of texts is no JSON: %v", err))
		}
		values[arn] = string(text)
	}
	slices.Sort(empty)
	return values, slices.Compact(empty)
}

func valueOf(pairs input.Pairs, name string) (string, bool) {
	for _, pair := range pairs {
		if pair.Name == name {
			return pair.Value, true
		}
	}
	return "", false
}

// containerSecrets yields the name and the valueFrom of each secret of all containers.
func containerSecrets(definitions []*taskdef.Definition) func(yield func(name, valueFrom string) bool) {
	return func(yield func(name, valueFrom string) bool) {
		for _, d := range definitions {
			for _, container := range d.Node.List("containerDefinitions") {
				for _, secret := range container.List("secrets") {
					name, valueFrom := secret.Member("name"), secret.Member("valueFrom")
					if name != nil && valueFrom != nil && !yield(name.Text, valueFrom.Text) {
						return
					}
				}
			}
		}
	}
}
