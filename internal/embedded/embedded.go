// Package embedded runs the embedded ECS of package ecslocal in this process. It runs the tasks
// of a local run, and serves the command local-ecs.
package embedded

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Env is the interface of the embedded ECS to the operating system.
type Env struct {
	Args           []string // starts with the name of the program
	LookupEnv      func(string) (string, bool)
	Environ        func() []string
	Stdout, Stderr io.Writer
}

// region returns the region of the embedded ECS. An empty given means the region of the
// environment.
func (e Env) region(given string) string {
	get := func(name string) string {
		value, _ := e.LookupEnv(name)
		return value
	}
	return cmp.Or(given, get("AWS_REGION"), get("AWS_DEFAULT_REGION"), "us-east-1")
}

// variables returns the named environment variables that are set, in the form NAME=value.
func (e Env) variables(names ...string) []string {
	var set []string
	for _, name := range names {
		if value, ok := e.LookupEnv(name); ok {
			set = append(set, name+"="+value)
		}
	}
	return set
}

// executor returns the option for the executor docker or process. The docker command and the
// containers get only a few variables of the step's environment, such as PATH and HOME, because
// others may contain secrets.
func (e Env) executor(kind string) ecslocal.Option {
	if kind == "docker" {
		return ecslocal.Docker(e.dockerVariables())
	}
	return ecslocal.Process(e.processVariables()...)
}

func (e Env) dockerVariables() []string {
	return e.variables("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY",
		"DOCKER_CERT_PATH")
}

func (e Env) processVariables() []string { return e.variables("PATH", "HOME", "TMPDIR", "LANG") }

// Run has the options of the embedded ECS in a local run.
type Run struct {
	Executor string // docker or process
	Region   string // empty means the region of the environment
	Secrets  map[string]string
	File     string // the content of each of the containers' environmentFiles

	// Output returns the writer for a container without awslogs. nil discards the output.
	Output func(taskARN, container string) io.Writer
}

// everyFile is a file system for S3 in which every object has the same text.
type everyFile string

func (f everyFile) Open(name string) (fs.File, error) {
	// ecslocal calls only ReadFile.
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
}

func (f everyFile) ReadFile(string) ([]byte, error) { return []byte(f), nil }

// engineTimeout is the timeout for the answer of the Docker engine.
const engineTimeout = 10 * time.Second

// NoDockerError reports that Docker cannot run the containers. Why is the reason.
type NoDockerError struct{ Why string }

func (e *NoDockerError) Error() string { return "local: docker: " + e.Why }

// findDocker returns a [*NoDockerError] if there is no docker command or the engine does not
// answer.
func (e Env) findDocker(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}")
	cmd.Env = e.dockerVariables()
	var said bytes.Buffer
	cmd.Stderr = &said
	switch err := cmd.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return &NoDockerError{"there is no docker command"}
	case err != nil:
		why, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return &NoDockerError{fmt.Sprintf("the engine does not answer (%s)", cmp.Or(why, err.Error()))}
	}
	return nil
}

// Connect starts an embedded ECS and returns its clients. Closing the clients ends the ECS. The
// error is always a [*NoDockerError].
func Connect(ctx context.Context, env Env, r Run) (*session.Clients, error) {
	if r.Executor == "docker" {
		if err := env.findDocker(ctx); err != nil {
			return nil, err
		}
	}
	region := env.region(r.Region)
	server := ecslocal.New(env.executor(r.Executor), ecslocal.Region(region), ecslocal.AnyCluster(),
		ecslocal.Secrets(r.Secrets), ecslocal.Buckets(everyFile(r.File)), ecslocal.Output(r.Output))
	return session.Local(region, ecslocal.Transport(server), server.Close), nil
}

// Changes returns an option for DescribeTasks on the embedded ECS. The call then returns as soon
// as one of the tasks has changed, or after atMost.
func Changes(tasks []*task.State, atMost time.Duration) func(*ecs.Options) {
	var known []string
	for _, state := range tasks {
		known = append(known, fmt.Sprintf("%s=%d", task.ID(aws.ToString(state.TaskArn)), state.Version))
	}
	return func(o *ecs.Options) {
		o.APIOptions = append(slices.Clone(o.APIOptions),
			smithyhttp.SetHeaderValue(ecslocal.WaitHeader, strconv.FormatFloat(max(atMost.Seconds(), 0), 'f', 3, 64)),
			smithyhttp.SetHeaderValue(ecslocal.KnownHeader, strings.Join(known, ",")))
	}
}
