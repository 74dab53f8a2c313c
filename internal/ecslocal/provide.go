package ecslocal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// provide adds what the definition takes from elsewhere to a container's environment.
func (s *Server) provide(t *task, c *container) error {
	files := wire.Objects(c.Definition, "environmentFiles")
	if given := wire.Objects(t.override(c.Name), "environmentFiles"); len(given) > 0 {
		files = given
	}
	for _, file := range files {
		variables, err := s.environmentFile(wire.Text(file, "value"))
		if err != nil {
			return fmt.Errorf("failed to download env files: %w", err)
		}
		for _, v := range variables {
			name, value, _ := strings.Cut(v, "=")
			if !hasVariable(c.Environment, name) { // environment, and an earlier file, win
				c.Environment = setVariable(c.Environment, name, value)
			}
		}
	}
	for _, secret := range wire.Objects(c.Definition, "secrets") {
		from := wire.Text(secret, "valueFrom")
		value, err := s.secrets.Value(from)
		if err != nil {
			return fmt.Errorf("unable to pull secrets or registry auth: unable to retrieve secret %s: %w", from, err)
		}
		c.Environment = setVariable(c.Environment, wire.Text(secret, "name"), value)
	}
	return nil
}

// environmentFile returns the variables, NAME=value, of a file of a bucket, in the
// format of Docker's --env-file that ECS takes: blank lines and those that begin with
// "#" are left out, nothing is unquoted.
func (s *Server) environmentFile(arn string) ([]string, error) {
	_, object, found := strings.Cut(arn, ":s3:::")
	switch {
	case s.buckets == nil:
		return nil, fmt.Errorf("the local ECS was given no folder of buckets: %s", arn)
	case !found || !fs.ValidPath(object):
		return nil, fmt.Errorf("%s is no ARN of an object: want arn:aws:s3:::BUCKET/KEY", arn)
	}
	text, err := fs.ReadFile(s.buckets, object)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("NoSuchKey: the folder of buckets has no file %s", object)
	}
	if err != nil {
		return nil, err
	}
	var variables []string
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	lines.Buffer(nil, maxBody)
	for lines.Scan() {
		line := strings.TrimLeftFunc(strings.TrimSuffix(lines.Text(), "\r"), unicode.IsSpace)
		if name, _, found := strings.Cut(line, "="); found && name != "" && !strings.HasPrefix(line, "#") {
			variables = append(variables, line)
		}
	}
	return variables, lines.Err()
}
