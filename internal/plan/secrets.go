package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// localSecrets returns the values of a local run's secrets, and reports those that are empty.
// The values in the file that the inputs name are masked.
func (l *loader) localSecrets(jobs []DraftJob) (map[string]string, error) {
	if l.config.Local == "" {
		return nil, nil
	}
	var given input.Pairs
	if file := l.config.LocalSecrets; file != "" {
		var err error
		if given, err = environmentFile(l.workspace, file); err != nil {
			return nil, &input.Error{Input: "local-secrets", Message: err.Error()}
		}
	}
	var masked event.Secrets
	for _, pair := range given {
		masked = append(masked, event.Secret{Name: "local-secrets." + pair.Name, Value: pair.Value})
	}
	l.emit(masked)
	values, empty := secretValues(texts(jobs), given)
	if len(empty) > 0 {
		l.emit.Notice(event.Note{Title: "secrets without a value", Text: fmt.Sprintf(
			"a local run asks AWS for no secret: %s empty; give values by local-secrets, a file of NAME=value lines", isOrAre(empty))})
	}
	return values, nil
}

// localEnvironment returns what a local run takes for environmentFiles, and reports those that
// are empty.
func (l *loader) localEnvironment(jobs []DraftJob) (string, error) {
	if l.config.Local == "" {
		return "", nil
	}
	if file := l.config.LocalEnvironmentFile; file != "" {
		given, err := environmentFile(l.workspace, file)
		if err != nil {
			return "", &input.Error{Input: "local-environment-file", Message: err.Error()}
		}
		var text strings.Builder
		for _, pair := range given {
			fmt.Fprintf(&text, "%s=%s\n", pair.Name, strings.ReplaceAll(pair.Value, "\n", " "))
		}
		return text.String(), nil
	}
	if files := environmentFiles(texts(jobs)); len(files) > 0 {
		l.emit.Notice(event.Note{Title: "environment files without content", Text: fmt.Sprintf(
			"a local run reads nothing of S3: %s empty; give local-environment-file, a file of NAME=value lines",
			isOrAre(files))})
	}
	return "", nil
}

// texts returns the definitions of jobs whose texts are known.
func texts(jobs []DraftJob) []*taskdef.Definition {
	var definitions []*taskdef.Definition
	for _, job := range jobs {
		if text := TextOf(job.Definition); text != nil {
			definitions = append(definitions, text)
		}
	}
	return definitions
}

// environmentFiles returns the ARNs of the containers' environmentFiles, sorted, each once.
func environmentFiles(definitions []*taskdef.Definition) []string {
	var arns []string
	for _, d := range definitions {
		for _, container := range items(d.Node, "containerDefinitions") {
			for _, file := range items(container, "environmentFiles") {
				if value := file.Member("value"); value != nil {
					arns = append(arns, value.Text)
				}
			}
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

// isOrAre returns "A is", or "A, B are".
func isOrAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return strings.Join(names, ", ") + " are"
}

// secretValues returns the values that a local run gives for the secrets of definitions' containers,
// by what the embedded ECS looks them up with: a secret's ARN or a parameter's name or ARN.
// given has them by the names of the environment variables. A secret that is not given is
// empty; the names of those are returned too, sorted.
func secretValues(definitions []*taskdef.Definition, given input.Pairs) (values map[string]string, empty []string) {
	values = map[string]string{}
	keys := map[string]map[string]string{} // of the secrets whose values are JSON objects
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

// containerSecrets yields the name and the valueFrom of each secret of the containers.
func containerSecrets(definitions []*taskdef.Definition) func(yield func(name, valueFrom string) bool) {
	return func(yield func(name, valueFrom string) bool) {
		for _, d := range definitions {
			for _, container := range items(d.Node, "containerDefinitions") {
				for _, secret := range items(container, "secrets") {
					name, valueFrom := secret.Member("name"), secret.Member("valueFrom")
					if name != nil && valueFrom != nil && !yield(name.Text, valueFrom.Text) {
						return
					}
				}
			}
		}
	}
}

// items returns the items of a member that is a list.
func items(n *document.Node, key string) []*document.Node {
	if list := n.Member(key); list != nil {
		return list.Items
	}
	return nil
}
