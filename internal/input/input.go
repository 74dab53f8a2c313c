// Package input parses the inputs of the step, from flags and environment variables, into
// a [Config].
//
// The value of the input file-paths is that of the first of these that is not empty: the
// flag --file-paths, the variables INPUT_FILE-PATHS (from GitHub, which keeps the hyphen),
// INPUT_FILE_PATHS, and PLUGIN_FILE_PATHS (from Drone, Woodpecker and Harness). Empty means
// not given, because runners set a variable for every declared input.
//
// The package opens no files and no connections. It never puts a value into an error,
// because values may be secret.
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

// Check holds the settings of the command check, which finds faults in files.
type Check struct {
	Values
	AWSAccess
	Files          []string `argument:""` // paths or globs
	Family         string
	UnknownMembers string `default:"error" oneof:"error,pass"`
	Format         string `default:"text" oneof:"text,json,sarif,github"`
	Diff           bool   `default:"false"`
	Explain        bool   `default:"false"`
}

// Leftover holds the settings of the commands stop and reap, which stop tasks that steps
// left running.
type Leftover struct {
	AWSAccess
	Cluster     string `default:"default"`
	StartedBy   string
	Run         string
	Matrix      string
	OlderThan   time.Duration `default:"6h"`
	IncludeLeft bool          `default:"false"`
	DryRun      bool          `default:"false"`
}

// Init holds the settings of the command init, which writes the first files of a repository.
type Init struct {
	AWSAccess
	From   string
	Family string
}

// LocalECS holds the settings of the command local-ecs.
type LocalECS struct {
	Listen   string `default:"127.0.0.1:0"`
	Region   string
	Executor string `default:"process" oneof:"docker,process"`
	Exposed  bool   `default:"false"`
	Hosts    []string
	Secrets  string
	Buckets  string
	Scenario string
	Seed     string
}

// Read fills config, a pointer to a struct of inputs. A value comes from given, the flags by
// input name; otherwise from the environment; otherwise it is the default. lookup may be
// nil, which means an empty environment. The error joins one [*Error] for each fault.
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

// environment returns an input's value from the environment, or "" if there is none.
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
// whose name is similar to that of an input's variable but does not match one.
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
				fmt.Sprintf("%s is ignored: no input has this name%s", variable, nearest.Suggestion(meant)))
		}
	}
	slices.Sort(messages)
	return messages
}
