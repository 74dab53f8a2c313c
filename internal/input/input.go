// Package input reads what a user asks for, from the command line and the
// environment, into one [Config].
//
// An input file-paths is the flag --file-paths, else the variable
// INPUT_FILE-PATHS (GitHub's spelling, which keeps hyphens), else
// INPUT_FILE_PATHS, else PLUGIN_FILE_PATHS (Drone, Woodpecker, Harness). Empty
// means not given, as runners export every declared input.
//
// The package opens no file and no connection, and never puts a value into an
// error: values may be secret.
package input

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sethvargo/go-githubactions"

	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// Command is what the command line asks for.
type Command struct {
	// Name is the command: run, check, policy, schema, post, stop, reap or
	// local-ecs; or help or version, when Text is what to print.
	Name string
	Text string

	Run      Config   // of run, policy and post
	Check    Check    // of check
	Leftover Leftover // of stop and reap
	LocalECS LocalECS // of local-ecs
}

// Check are the settings of the command check, which looks for faults in files.
type Check struct {
	Values
	Files          []string `argument:"" help:"Paths or globs of the files, separated by blanks or commas."`
	Family         string   `help:"Family for a definition that names none."`
	UnknownMembers string   `default:"error" oneof:"error,pass" help:"A member that the known ECS API lacks: an error, or a warning."`
	Format         string   `default:"text" oneof:"text,json,sarif,github" help:"How to print what is found."`
	Explain        bool     `default:"false" help:"Print each expression with its place and its value; secrets as ***."`
}

// Leftover are the settings of the commands stop and reap, which find tasks that
// steps have left and stop them.
type Leftover struct {
	AWSAccess
	Cluster   string        `default:"default" help:"Name or ARN of the cluster."`
	StartedBy string        `help:"Only tasks of steps with this input started-by."`
	Run       string        `help:"Only tasks of the CI run with this id. stop without it: of the job that it is part of."`
	OlderThan time.Duration `default:"6h" help:"Only tasks that were made this long ago (reap)."`
	DryRun    bool          `default:"false" help:"Name the tasks and leave them."`
}

// LocalECS are the settings of the command local-ecs.
type LocalECS struct {
	Listen   string `default:"127.0.0.1:0" help:"Address to listen on; port 0 takes a free one."`
	Region   string `help:"Region to be; else AWS_REGION or us-east-1."`
	Executor string `default:"process" oneof:"docker,process" help:"How containers run: by the docker command, or their command as a process of this machine."`
	Exposed  bool   `default:"false" help:"Allow an address that other machines can reach: whoever reaches it runs commands on this machine."`
}

// Error is a fault in one input.
type Error struct {
	Input   string // its name, as file-paths; empty if it is not about one input
	Message string
}

func (e *Error) Error() string {
	if e.Input == "" {
		return e.Message
	}
	return e.Input + ": " + e.Message
}

// Parse reads the arguments, without the program's name, and the environment.
// The error joins an [*Error] for each fault.
func Parse(args []string, lookup func(string) (string, bool)) (Command, error) {
	command := Command{Name: "run"}
	if len(args) > 0 && slices.ContainsFunc(commands, func(c about) bool { return c.name == args[0] }) {
		command.Name, args = args[0], args[1:]
	}
	r := &reader{}
	switch command.Name {
	case "local-ecs":
		r.read(&command.LocalECS, args, nil)
	case "stop", "reap":
		r.read(&command.Leftover, args, lookup)
	case "check":
		r.read(&command.Check, args, lookup)
		command.Check.Files = r.arguments
		if len(r.arguments) == 0 && !r.help && !r.version {
			r.fault("", "give the files to check")
		}
	case "schema":
		if len(args) > 0 && args[0] == "result" {
			args = args[1:]
		} else if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") }) {
			r.fault("", "expected what to print the schema of: schema result")
		}
		r.read(&struct{}{}, args, nil)
	default:
		r.read(&command.Run, args, lookup)
	}
	switch {
	case r.help:
		return Command{Name: "help", Text: usage(command.Name)}, nil
	case r.version:
		return Command{Name: "version"}, nil
	case command.Name == "run" || command.Name == "policy":
		r.check(command.Run)
	case command.Name == "post":
		return command, nil // what is wrong was told by run, and nothing was started then
	}
	return command, errors.Join(r.faults...)
}

// reader gathers faults: all are told at once.
type reader struct {
	takesFiles    bool
	arguments     []string // that are no flags, if takesFiles
	faults        []error
	help, version bool
}

func (r *reader) fault(input, format string, args ...any) {
	r.faults = append(r.faults, &Error{Input: input, Message: fmt.Sprintf(format, args...)})
}

// read fills a struct of inputs from flags, the environment, unless lookup is
// nil, and defaults.
func (r *reader) read(config any, args []string, lookup func(string) (string, bool)) {
	fields, arguments := fieldsOf(config)
	r.takesFiles = arguments
	given := map[string]string{}
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&r.help, "help", false, "")
	set.BoolVar(&r.help, "h", false, "")
	set.BoolVar(&r.version, "version", false, "")
	for _, f := range fields {
		keep := func(text string) error {
			given[f.Name] = strings.TrimSpace(text)
			return nil
		}
		if f.isBool() {
			set.BoolFunc(f.Name, "", keep)
		} else {
			set.Func(f.Name, "", keep)
		}
	}
	r.parse(set, args)
	for _, f := range fields {
		text := given[f.Name]
		if text == "" && lookup != nil {
			text = environment(f.Name, lookup)
		}
		r.decode(f, cmp.Or(text, f.Default))
	}
}

// parse gives the arguments to the flags, and reports those that are none.
func (r *reader) parse(set *flag.FlagSet, args []string) {
	var known []string
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		name, _, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		f := set.Lookup(name)
		switch {
		case r.takesFiles && (!isFlag || name == ""):
			r.arguments = append(r.arguments, parseList(args[i])...)
			continue
		case !isFlag || name == "":
			r.fault("", "expected a flag as argument %d, such as --file-paths", i+1)
			continue
		case f == nil:
			r.fault("--"+name, "unknown flag%s", nearest.DidYouMean("--"+name, flagNames(set)))
			if !hasValue && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // most likely its value
			}
			continue
		}
		known = append(known, args[i])
		if isBool, ok := f.Value.(interface{ IsBoolFlag() bool }); !hasValue && !(ok && isBool.IsBoolFlag()) && i+1 < len(args) {
			i++
			known = append(known, args[i])
		}
	}
	if err := set.Parse(known); err != nil {
		r.fault("", "%v", err)
	}
}

func flagNames(set *flag.FlagSet) []string {
	var names []string
	set.VisitAll(func(f *flag.Flag) { names = append(names, "--"+f.Name) })
	return names
}

// environment returns an input's value from the environment, "" if it has none.
func environment(name string, lookup func(string) (string, bool)) string {
	getenv := func(name string) string {
		value, _ := lookup(name)
		return value
	}
	action := githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(io.Discard))
	plain := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	return cmp.Or(action.GetInput(name), strings.TrimSpace(getenv("INPUT_"+plain)), strings.TrimSpace(getenv("PLUGIN_"+plain)))
}
