// Package runtime runs containers: as processes of the host or on a Docker engine.
// It knows nothing of the API but the task definition.
package runtime

import (
	"context"
	"fmt"
	"io"
	"time"
)

// An Executor is what containers run on. Its methods are called from several
// goroutines at once. What its errors say becomes a reason that ECS shows, so
// they begin with AWS's name of the fault: "CannotStartContainerError: ...".
type Executor interface {
	// Begin makes what the containers of a task share. End, which is called
	// for every Begin, removes it and whatever is left of the containers.
	Begin(ctx context.Context, t Task) error
	End(t Task)

	// Pull makes a container's image available.
	Pull(ctx context.Context, c Container) error

	// Run runs a container to its end. It calls started once when the container
	// runs; an error before that is why it could not start, one after it why
	// its exit code is not known. When stop is closed it asks the container to
	// end (SIGTERM), when ctx ends it kills it. Nothing that the container
	// started runs any more when Run returns.
	Run(ctx context.Context, c Container, started func(), stop <-chan struct{}) (Exit, error)

	// Probe runs a command beside a running container's own, for its health
	// check, and returns its exit code.
	Probe(ctx context.Context, c Container, command []string) (exitCode int, err error)
}

// An Exit is how a container ended.
type Exit struct {
	Code   int    // 128+n if signal n ended it
	Reason string // such as "OutOfMemoryError: ...", mostly empty
}

// A Task is what an executor gets to know of a task.
type Task struct {
	ID      string // 32 hexadecimal digits
	ARN     string
	Cluster string // name

	// Definition is the task definition as DescribeTaskDefinition answers it.
	// It must not be changed. Its numbers are json.Number.
	Definition map[string]any
}

// A Container is what an executor is to run: a container of the definition with
// the task's overrides.
type Container struct {
	Task             Task
	ID               string // 64 hexadecimal digits
	Name             string
	Image            string
	EntryPoint       []string // empty: the image's own
	Command          []string // empty: the image's own
	WorkingDirectory string   // empty: the image's own
	Environment      []string // NAME=value, each name once
	CPU, Memory      int      // units and MiB; 0 if the container has none of its own
	StopTimeout      time.Duration
	Restarts         int       // how often it ran before
	Output           io.Writer // for both streams, one Write at a time

	// Definition is the container's definition, for all that is not above. It
	// must not be changed. Its numbers are json.Number.
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
