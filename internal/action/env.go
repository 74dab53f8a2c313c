package action

import (
	"io"
	"os"

	"github.com/ecs-run-task/ecs-run-task/internal/embedded"
)

// Env is the interface of the step to the operating system.
type Env struct {
	Args           []string // starts with the name of the program
	LookupEnv      func(string) (string, bool)
	Unsetenv       func(string) error // needed because the AWS SDK reads the environment directly
	Environ        func() []string
	Getwd          func() (string, error) // the workspace
	Stdin          io.Reader              // read only if the inputs name it; nil means empty
	Stdout, Stderr io.Writer
	Terminal       bool             // whether Stdout is a terminal
	Signals        <-chan os.Signal // signals that end the step; may be nil
}

// getenv returns the value of a variable. It returns "" if the variable is not set.
func (e Env) getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// embedded returns the environment of the embedded ECS.
func (e Env) embedded() embedded.Env {
	return embedded.Env{Args: e.Args, LookupEnv: e.LookupEnv, Environ: e.Environ, Stdout: e.Stdout, Stderr: e.Stderr}
}
