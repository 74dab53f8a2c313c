package runtask

import (
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// ownOverrides merges the input overrides with inputs such as cpu and command. These take
// precedence.
func (s Settings) ownOverrides(d Definition) (*document.Node, error) {
	n := &document.Node{Kind: document.Map}
	for _, o := range []struct{ value, key string }{
		{s.CPU, "cpu"}, {s.Memory, "memory"}, {s.TaskRoleARN, "taskRoleArn"}, {s.ExecutionRoleARN, "executionRoleArn"},
	} {
		if o.value != "" {
			put(n, text(o.value), o.key)
		}
	}
	if s.EphemeralStorage > 0 {
		put(n, number(s.EphemeralStorage), "ephemeralStorage", "sizeInGiB")
	}
	container, err := s.containerOverride(d)
	if container != nil {
		put(n, &document.Node{Kind: document.List, Items: []*document.Node{container}}, "containerOverrides")
	}
	return merge(s.overrides, n, "overrides"), err
}

// containerOverride returns the override of the chosen container. It returns nil if the inputs
// set neither a command nor an environment.
func (s Settings) containerOverride(d Definition) (*document.Node, error) {
	if len(s.Command.Words) == 0 && len(s.Environment.Pairs) == 0 {
		if s.Container == "" {
			return nil, nil
		}
		return nil, d.has(s.Container, "container")
	}
	name, err := s.Chosen(d)
	if err != nil {
		return nil, err
	}
	n := &document.Node{Kind: document.Map}
	put(n, text(name), "name")
	if len(s.Command.Words) > 0 {
		put(n, texts(s.Command.Words), "command")
	}
	if len(s.Environment.Pairs) > 0 {
		put(n, variables(s.Environment.Pairs), "environment")
	}
	return n, nil
}

// Variables are environment variables for one container. They apply to all definitions that
// have this container. The zero value has no variables.
type Variables struct {
	Container string
	Pairs     input.Pairs
}

// override returns a request whose overrides set the variables. It returns nil if the
// definition does not have the container.
func (v Variables) override(d Definition) *document.Node {
	if !slices.Contains(d.Containers, v.Container) {
		return nil
	}
	container := &document.Node{Kind: document.Map}
	put(container, text(v.Container), "name")
	put(container, variables(v.Pairs), "environment")
	n := &document.Node{Kind: document.Map}
	put(n, &document.Node{Kind: document.List, Items: []*document.Node{container}}, "overrides", "containerOverrides")
	return n
}

func variables(p input.Pairs) *document.Node {
	return pairs(p, "name", "value", func(p input.Pair) (string, string) { return p.Name, p.Value })
}
