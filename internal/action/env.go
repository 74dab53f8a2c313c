package action

import (
	"io"
	"os"

	"github.com/ecs-run-task/ecs-run-task/internal/embedded"
)

// Env is what the step has of the operating system.
type Env struct {
	Args           []string // the program's name first
	LookupEnv      func(string) (string, bool)
	Unsetenv       func(string) error // the AWS SDK reads the environment by itself
	Environ        func() []string
	Getwd          func() (string, error) // the workspace
	Stdin          io.Reader              // read only if the inputs ask for it; nil is an empty one
	Stdout, Stderr io.Writer
	Terminal       bool             // Stdout is one
	Signals        <-chan os.Signal // that ask the step to end; nil if there are none
}

// getenv returns the value of a variable, "" if it is not set.
func (e Env) getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// embedded is what the embedded ECS takes of it.
func (e Env) embedded() embedded.Env {
	return embedded.Env{Args: e.Args, LookupEnv: e.LookupEnv, Environ: e.Environ, Stdout: e.Stdout, Stderr: e.Stderr}
}
