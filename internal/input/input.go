// Package input reads what a user asks for, from the flags and the environment, into one
// [Config].
//
// An input file-paths is the flag --file-paths, else the variable
// INPUT_FILE-PATHS (GitHub's spelling, which keeps hyphens), else
// INPUT_FILE_PATHS, else PLUGIN_FILE_PATHS (Drone, Woodpecker, Harness). Empty
// means not given, as runners export every declared input.
//
// The package opens no file and no connection, and never puts a value into an
// error: values may be secret. Names of variables it does.
package input

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sethvargo/go-githubactions"

	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// Check are the settings of the command check, which looks for faults in files.
type Check struct {
	Values
	AWSAccess
	Files          []string `argument:""` // paths or globs
	Family         string   `help:"Family for a definition that names none."`
	UnknownMembers string   `default:"error" oneof:"error,pass" help:"A member that the known ECS API lacks: an error, or a warning."`
	Format         string   `default:"text" oneof:"text,json,sarif,github" help:"How to print what is found."`
	Diff           bool     `default:"false" help:"Print what each definition changes about the newest active revision of its family, which AWS is asked for."`
	Explain        bool     `default:"false" help:"Print each expression with its place and its value; secrets as ***."`
}

// Leftover are the settings of the commands stop and reap, which find tasks that
// steps have left and stop them.
type Leftover struct {
	AWSAccess
	Cluster     string        `default:"default" help:"Name or ARN of the cluster."`
	StartedBy   string        `help:"Only tasks of steps with this input started-by."`
	Run         string        `help:"Only tasks of the CI run with this id. stop without it: of the job that it is part of."`
	Matrix      string        `help:"JSON object of the job's matrix (stop): only tasks of this leg of it. Needed in a job with a matrix."`
	OlderThan   time.Duration `default:"6h" help:"Only tasks that were created this long ago (reap)."`
	IncludeLeft bool          `default:"false" help:"Stop tasks too that were left on purpose: of skip-steady-state-check, steady-state running or healthy, and on-interrupt leave."`
	DryRun      bool          `default:"false" help:"Name the tasks and leave them."`
}

// Init are the settings of the command init, which writes the first files of a repository.
type Init struct {
	AWSAccess
	From   string `help:"Family, family:revision or ARN of a registered task definition to begin with."`
	Family string `help:"Family of the definition; else that of the registered one, or the name of this folder."`
}

// LocalECS are the settings of the command local-ecs.
type LocalECS struct {
	Listen   string   `default:"127.0.0.1:0" help:"Address to listen on; port 0 takes a free one."`
	Region   string   `help:"Region to be; else AWS_REGION or us-east-1."`
	Executor string   `default:"process" oneof:"docker,process" help:"How containers run: by the docker command, or their command as a process of this machine."`
	Exposed  bool     `default:"false" help:"Allow an address that other machines can reach: whoever reaches it runs commands on this machine."`
	Hosts    []string `help:"Names of this machine in the Host header of requests, besides localhost, names without a dot, and addresses."`
	Secrets  string   `help:"File of secrets and parameters: a JSON or YAML map from a name or ARN to a text, or to a map where JSON keys are read."`
	Buckets  string   `help:"Folder that has a folder for each S3 bucket, from which environmentFiles are read."`
	Scenario string   `help:"File that says which tasks and calls go wrong, and how: see docs/local.md."`
	Seed     string   `help:"Text that makes ids, and the chances of a scenario, the same in every run."`
}

// Error is a fault in one input.
type Error struct {
	Input   string // its name, as file-paths; empty if it is not about one input
	Message string
	Hint    string // a form to write instead; empty if there is none
}

func (e *Error) Error() string {
	if e.Input == "" {
		return e.Message
	}
	return e.Input + ": " + e.Message
}

// Read fills a pointer to a struct of inputs: from what the command line gave, by the names
// of the inputs, else from the environment, else with the defaults. lookup may be nil, for no
// environment. The error joins an [*Error] for each fault.
func Read(config any, given map[string]string, lookup func(string) (string, bool)) error {
	r := &reader{}
	for _, f := range fieldsOf(config) {
		text := strings.TrimSpace(given[f.Name])
		if text == "" && lookup != nil {
			text = environment(f.Name, lookup)
		}
		r.decode(f, cmp.Or(text, f.Default))
	}
	return errors.Join(r.faults...)
}

// reader gathers faults: all are reported at once.
type reader struct{ faults []error }

func (r *reader) fault(input, format string, args ...any) {
	r.faults = append(r.faults, &Error{Input: input, Message: fmt.Sprintf(format, args...)})
}

// environment returns an input's value from the environment, "" if it has none.
func environment(name string, lookup func(string) (string, bool)) string {
	getenv := func(name string) string {
		value, _ := lookup(name)
		return value
	}
	action := githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(io.Discard))
	plain := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	return cmp.Or(action.GetInput(name), strings.TrimSpace(getenv("INPUT_"+plain)),
		strings.TrimSpace(getenv("PLUGIN_"+plain)))
}

// Misspelled returns a message for each variable of an environment, a list of NAME=value,
// that is like the variable of an input and is not one.
func Misspelled(environ []string) []string {
	var known []string
	for _, row := range Table() {
		known = append(known, row.Name)
	}
	var messages []string
	for _, variable := range environ {
		variable, value, _ := strings.Cut(variable, "=")
		name, isInput := strings.CutPrefix(variable, "INPUT_")
		prefix := "INPUT_"
		if !isInput {
			prefix = "PLUGIN_"
			name, isInput = strings.CutPrefix(variable, prefix)
		}
		name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
		if !isInput || value == "" || slices.Contains(known, name) {
			continue
		}
		if meant := nearest.Name(name, known); meant != "" {
			meant = prefix + strings.ToUpper(strings.ReplaceAll(meant, "-", "_"))
			messages = append(messages,
				fmt.Sprintf("%s is not read: no input has this name%s", variable, nearest.Meant(meant)))
		}
	}
	slices.Sort(messages)
	return messages
}
