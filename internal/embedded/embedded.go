// Package embedded runs the ECS inside this command: for the tasks of a local run, and as
// the server that the command local-ecs is.
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

// Env is what the embedded ECS has of the operating system.
type Env struct {
	Args           []string // the program's name first
	LookupEnv      func(string) (string, bool)
	Environ        func() []string
	Stdout, Stderr io.Writer
}

// region is the region that the embedded ECS says it is.
func (e Env) region(given string) string {
	get := func(name string) string {
		value, _ := e.LookupEnv(name)
		return value
	}
	return cmp.Or(given, get("AWS_REGION"), get("AWS_DEFAULT_REGION"), "us-east-1")
}

// variables returns those of the variables that are set, as NAME=value.
func (e Env) variables(names ...string) []string {
	var set []string
	for _, name := range names {
		if value, ok := e.LookupEnv(name); ok {
			set = append(set, name+"="+value)
		}
	}
	return set
}

// executor returns the option for a kind of executor: docker or process. Containers get
// nothing of the step's environment but where programs and the home are: it may hold secrets.
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

// Run is what a local run gives the containers of its tasks, and takes of them.
type Run struct {
	Executor string // docker or process
	Region   string // empty is that of the environment
	Secrets  map[string]string
	File     string                                    // what each of the containers' environmentFiles holds
	Output   func(taskARN, container string) io.Writer // nil: output without awslogs is not wanted
}

// everyFile is S3 with the same text in every object.
type everyFile string

func (f everyFile) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid} // ReadFile is what is called
}

func (f everyFile) ReadFile(string) ([]byte, error) { return []byte(f), nil }

// engineTime is how long Docker's engine may take to answer.
const engineTime = 10 * time.Second

// NoDockerError says that containers are to be run by Docker, and why they can't.
type NoDockerError struct{ Why string }

func (e *NoDockerError) Error() string { return "local: docker: " + e.Why }

// findDocker makes sure that there are the docker command and an engine that it reaches.
func (e Env) findDocker(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, engineTime)
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

// Connect makes the clients of an ECS of this step's own. Closing them ends it. The error is
// a [*NoDockerError].
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

// Changes has the embedded ECS answer DescribeTasks as soon as a task changes.
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
