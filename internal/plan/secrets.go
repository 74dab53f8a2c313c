package plan

import (
	"fmt"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/localrun"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// localSecrets returns the values of the secrets of a local run. It emits a notice about secrets
// without a value. Logs mask all values in the file of the input local-secrets.
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
	values, empty := localrun.SecretValues(texts(jobs), given)
	if len(empty) > 0 {
		l.emit.Notice(event.Note{Title: "secrets without a value", Text: fmt.Sprintf(
			"a local run asks AWS for no secret: %s empty; give values by local-secrets, a file of NAME=value lines",
			isOrAre(empty))})
	}
	return values, nil
}

// localEnvironment returns the content that a local run uses for each of the environmentFiles.
// It emits a notice if they are empty.
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
	if files := localrun.EnvironmentFiles(texts(jobs)); len(files) > 0 {
		l.emit.Notice(event.Note{Title: "environment files without content", Text: fmt.Sprintf(
			"a local run reads nothing of S3: %s empty; give local-environment-file, a file of NAME=value lines",
			isOrAre(files))})
	}
	return "", nil
}

// texts returns the definitions of jobs whose content is known.
func texts(jobs []DraftJob) []*taskdef.Definition {
	var definitions []*taskdef.Definition
	for _, job := range jobs {
		if text := TextOf(job.Definition); text != nil {
			definitions = append(definitions, text)
		}
	}
	return definitions
}

// isOrAre returns "A is" for one name, and "A, B are" for several.
func isOrAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return strings.Join(names, ", ") + " are"
}
