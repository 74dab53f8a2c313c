package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/git"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/source"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Env is the part of the operating system and of the CI that a plan reads.
type Env struct {
	Getenv  func(string) string
	Environ func() []string
	Getwd   func() (string, error) // the workspace
	Stdin   io.Reader              // read only if the inputs name it; nil means empty
	CI      ci.Run

	// NothingRuns is true if no task will run. The plan then does not need a network.
	NothingRuns bool

	// CodeCommit returns the credentials for a repository in AWS CodeCommit.
	CodeCommit func(context.Context) (git.AWSCredentials, error)
}

// Draft describes a run as far as it is known without AWS.
type Draft struct {
	Jobs   []DraftJob
	Commit string // of the repository of the definitions; empty without a repository

	// LocalSecrets are the values of the containers' secrets in a local run, by their ARNs or
	// names. It is nil for a run on AWS.
	LocalSecrets map[string]string

	// LocalEnvironment is the content of each of the containers' environmentFiles in a local
	// run, as lines NAME=value.
	LocalEnvironment string

	config input.Config
	tags   []taskdef.Tag   // of the tasks and definitions
	files  map[string]bool // as in loader
	common runtask.Common
	mark   string // as in Plan.Mark

	outputs Outputs
}

// DraftJob is one definition with the settings of its tasks.
type DraftJob struct {
	Definition Source // ToRegister or Named
	Settings   runtask.Settings
	Request    map[string]json.RawMessage // without values from AWS; nil for Named
}

// loader builds a draft, or checks files.
type loader struct {
	config    input.Config
	env       Env
	emit      event.Sink
	workspace string
	commit    string
	tags      []taskdef.Tag
	files     map[string]bool // by the names of the texts; false for stdin
	outputs   Outputs
}

// environmentFile reads and parses a .env file in the workspace.
func environmentFile(workspace, name string) (input.Pairs, error) {
	text, err := source.File(workspace, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	pairs, err := input.ParseDotenv(string(text.Bytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return pairs, nil
}

// folder returns the name that messages use for the folder of the files.
func (l *loader) folder() string {
	if l.env.CI.System == "" {
		return "the current folder"
	}
	return "the workspace"
}
