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

// Env is what a plan takes from around it.
type Env struct {
	Getenv  func(string) string
	Environ func() []string
	Getwd   func() (string, error) // the workspace
	Stdin   io.Reader              // read only if the inputs ask for it; nil is an empty one
	CI      ci.Run

	// NothingRuns is true if the plan is not for a run, so that it may lack a network.
	NothingRuns bool

	// CodeCommit returns the credentials for a repository there.
	CodeCommit func(context.Context) (git.AWSCredentials, error)
}

// Draft is what is to be run, as far as it is known without AWS.
type Draft struct {
	Jobs   []DraftJob
	Commit string // that the definitions were taken from; empty if from no repository

	// LocalSecrets are the values that a local run gives for the containers' secrets, by
	// their ARNs or names; nil for a run on AWS.
	LocalSecrets map[string]string

	// LocalEnvironment is what a local run takes for each of the containers'
	// environmentFiles, in their format.
	LocalEnvironment string

	config input.Config
	tags   []taskdef.Tag // of the tasks and definitions
	files  map[string]bool
	common runtask.Common
	mark   string // of the tasks

	outputs Outputs
}

// DraftJob is one definition with what its tasks are run with.
type DraftJob struct {
	Definition Source // ToRegister or Named
	Settings   runtask.Settings
	Request    map[string]json.RawMessage // without what AWS is asked for; nil for Named
}

// loader makes a draft, or checks files.
type loader struct {
	config    input.Config
	env       Env
	emit      event.Sink
	workspace string
	commit    string
	tags      []taskdef.Tag
	files     map[string]bool // the names of the texts of definitions
	outputs   Outputs
}

// environmentFile reads a .env file of the workspace.
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

// folder is what messages call the folder that files are read from.
func (l *loader) folder() string {
	if l.env.CI.System == "" {
		return "the current folder"
	}
	return "the workspace"
}
