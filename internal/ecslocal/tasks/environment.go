package tasks

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// environment returns a container's environment: ECS's own variables, those of
// the definition, and overrides.
func (e *Engine) environment(t *Task, d, override wire.Object) []string {
	environment := []string{"AWS_EXECUTION_ENV=AWS_ECS_EC2"}
	if t.launchType == "FARGATE" {
		environment = []string{"AWS_EXECUTION_ENV=AWS_ECS_FARGATE", "AWS_REGION=" + e.Region,
			"AWS_DEFAULT_REGION=" + e.Region}
	}
	for _, v := range append(wire.Objects(d, "environment"), wire.Objects(override, "environment")...) {
		environment = setVariable(environment, wire.Text(v, "name"), wire.Text(v, "value"))
	}
	return environment
}

func hasVariable(environment []string, name string) bool {
	return slices.ContainsFunc(environment, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
}

func setVariable(environment []string, name, value string) []string {
	environment = slices.DeleteFunc(environment, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	return append(environment, name+"="+value)
}

// provide adds the values of environment files and secrets to the environment of a container.
func (e *Engine) provide(t *Task, c *Container) error {
	files := wire.Objects(c.Definition, "environmentFiles")
	if given := wire.Objects(t.override(c.Name), "environmentFiles"); len(given) > 0 {
		files = given
	}
	for _, file := range files {
		variables, err := e.environmentFile(wire.Text(file, "value"))
		if err != nil {
			return fmt.Errorf("failed to download env files: %w", err)
		}
		for _, v := range variables {
			name, value, _ := strings.Cut(v, "=")
			if !hasVariable(c.Environment, name) { // environment and earlier files take precedence
				c.Environment = setVariable(c.Environment, name, value)
			}
		}
	}
	for _, secret := range wire.Objects(c.Definition, "secrets") {
		from := wire.Text(secret, "valueFrom")
		value, err := e.options.Secrets.Value(from)
		if err != nil {
			return fmt.Errorf("unable to pull secrets or registry auth: unable to retrieve secret %s: %w", from, err)
		}
		c.Environment = setVariable(c.Environment, wire.Text(secret, "name"), value)
	}
	return nil
}

// environmentFile returns the variables, NAME=value, of a file of a bucket. Its format is that
// of Docker's --env-file: blank lines and those that begin with "#" are skipped, and quotes
// are part of the value.
func (e *Engine) environmentFile(arn string) ([]string, error) {
	_, key, found := strings.Cut(arn, ":s3:::")
	switch {
	case e.options.Buckets == nil:
		return nil, fmt.Errorf("the local ECS was given no folder of buckets: %s", arn)
	case !found || !fs.ValidPath(key):
		return nil, fmt.Errorf("%s is no ARN of an object: want arn:aws:s3:::BUCKET/KEY", arn)
	}
	text, err := fs.ReadFile(e.options.Buckets, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("NoSuchKey: the folder of buckets has no file %s", key)
	}
	if err != nil {
		return nil, err
	}
	var variables []string
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	lines.Buffer(nil, wire.MaxBody)
	for lines.Scan() {
		line := strings.TrimLeftFunc(strings.TrimSuffix(lines.Text(), "\r"), unicode.IsSpace)
		if name, _, found := strings.Cut(line, "="); found && name != "" && !strings.HasPrefix(line, "#") {
			variables = append(variables, line)
		}
	}
	return variables, lines.Err()
}
