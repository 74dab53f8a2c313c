// Package runtime runs containers: as processes of the host or on a Docker engine. Of the API it
// knows the task definition only. It never decides when a container runs.
package runtime

import (
	"context"
	"fmt"
	"io"
	"time"
)

// An Executor runs containers. Its methods are called from several goroutines at once. The texts
// of its errors become reasons of ECS, so they begin with AWS's name of the fault:
// "CannotStartContainerError: ...".
type Executor interface {
	// Begin creates the resources that the containers of a task share. End, which is
	// called for every Begin, removes them and the rest of the containers.
	Begin(ctx context.Context, t Task) error
	End(t Task)

	// Pull pulls the image of a container if it is missing.
	Pull(ctx context.Context, c Container) error

	// Run runs a container to its end. It calls started once when the container runs. An
	// error before that is the reason why it could not start, one after it the reason why
	// its exit code is not known. When stop is closed, Run sends SIGTERM to the container;
	// when ctx ends, it kills it. When Run returns, no process of the container runs.
	Run(ctx context.Context, c Container, started func(), stop <-chan struct{}) (Exit, error)

	// Probe runs the command of a health check in a running container, and returns its
	// exit code.
	Probe(ctx context.Context, c Container, command []string) (exitCode int, err error)
}

// An Exit is how a container ended.
type Exit struct {
	Code   int    // 128+n if signal n ended it
	Reason string // such as "OutOfMemoryError: ...", mostly empty
}

// A Task is a task as an executor reads it.
type Task struct {
	ID      string // 32 hexadecimal digits
	ARN     string
	Cluster string // name

	// Definition is the task definition as DescribeTaskDefinition returns it. It must not
	// be changed. Its numbers are json.Number.
	Definition map[string]any
}

// A Container is a container of the definition with the overrides of its task.
type Container struct {
	Task             Task
	ID               string // 64 hexadecimal digits
	Name             string
	Image            string
	EntryPoint       []string // empty means that of the image
	Command          []string // empty means that of the image
	WorkingDirectory string   // empty means that of the image
	Environment      []string // NAME=value, each name once
	CPU, Memory      int      // units and MiB; 0 if the container has none of its own
	StopTimeout      time.Duration
	Restarts         int       // how often it ran before
	Output           io.Writer // for both streams, one Write at a time

	// Definition is the definition of the container, for all other members. It must not
	// be changed. Its numbers are json.Number.
	Definition map[string]any
}

// ProbeCommand returns a health check's command as a program and its arguments.
func ProbeCommand(command []string) ([]string, error) {
	switch {
	case len(command) > 1 && command[0] == "CMD":
		return command[1:], nil
	case len(command) == 2 && command[0] == "CMD-SHELL":
		return []string{"/bin/sh", "-c", command[1]}, nil
	}
	return nil, fmt.Errorf("health check %q: want CMD and a program, or CMD-SHELL and a line", command)
}
