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
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/sethvargo/go-githubactions"

	"ecs-run-task/internal/nearest"
)

// Command is what the command line asks for.
type Command struct {
	// Name is the command: run, local-ecs; or help or version, when Text is what
	// to print.
	Name string
	Text string

	Run      Config
	LocalECS LocalECS
}

// LocalECS are the settings of the command local-ecs.
type LocalECS struct {
	Listen   string `default:"127.0.0.1:0" help:"Address to listen on; port 0 takes a free one."`
	Region   string `help:"Region to be; else AWS_REGION or us-east-1."`
	Executor string `default:"process" oneof:"docker,process" help:"How containers run: by the docker command, or their command as a process of this machine."`
	Exposed  bool   `help:"Allow an address that other machines can reach: whoever reaches it runs commands on this machine."`
}

// commands is the command line as kong sees it.
type commands struct {
	Help    bool `short:"h" help:"Show what can be given, and end."`
	Version bool `help:"Show the version, and end."`

	Run      Config   `cmd:"" default:"withargs" help:"Run tasks on ECS and follow them to their end (the default command)."`
	LocalECS LocalECS `cmd:"" name:"local-ecs" help:"Serve the embedded ECS and CloudWatch Logs to other programs."`
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
	var cli commands
	reader := &reader{lookup: lookup}
	parser, err := kong.New(&cli,
		kong.Name("ecs-run-task"),
		kong.Description("Runs tasks on Amazon ECS as a step of a CI workflow, and passes or fails with their exit codes."),
		kong.NoDefaultHelp(),
		kong.KindMapper(reflect.String, reader),
		kong.KindMapper(reflect.Int, reader),
		kong.KindMapper(reflect.Slice, reader),
		kong.KindMapper(reflect.Bool, boolReader{reader}),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), reader),
		kong.Resolvers(kong.ResolverFunc(reader.environment)),
		kong.ValueFormatter(func(value *kong.Value) string {
			row := Input{Help: value.Help}
			if allowed := value.Tag.Get("oneof"); allowed != "" {
				row.Allowed = strings.Split(allowed, ",")
			}
			return row.Description()
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		return Command{}, err
	}
	args = reader.known(parser.Model, args)
	ctx, err := parser.Parse(args)
	if err != nil {
		reader.fault("", "%s", strings.ReplaceAll(err.Error(), `"`, ""))
		return Command{}, errors.Join(reader.faults...)
	}
	if cli.Help || cli.Version {
		return about(parser, ctx, cli.Help)
	}
	command := Command{Name: ctx.Command(), Run: cli.Run, LocalECS: cli.LocalECS}
	if command.Name == "run" {
		reader.check(command.Run)
	}
	return command, errors.Join(reader.faults...)
}

func about(parser *kong.Kong, ctx *kong.Context, help bool) (Command, error) {
	if !help {
		return Command{Name: "version"}, nil
	}
	var text strings.Builder
	parser.Stdout = &text
	if err := ctx.PrintUsage(false); err != nil {
		return Command{}, err
	}
	text.WriteString("\nCommands, each with its own --help:\n")
	for _, command := range parser.Model.Children {
		fmt.Fprintf(&text, "  %-10s %s\n", command.Name, command.Help)
	}
	return Command{Name: "help", Text: text.String()}, nil
}

// reader decodes values for kong. It gathers faults instead of returning them,
// since kong ends at the first.
type reader struct {
	lookup func(string) (string, bool)
	faults []error
}

func (r *reader) fault(input, format string, args ...any) {
	r.faults = append(r.faults, &Error{Input: input, Message: fmt.Sprintf(format, args...)})
}

// environment gives kong the value of a flag that is not on the command line.
// Only the step's inputs are read so: another command's flags are not inputs.
func (r *reader) environment(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	if parent.Command == nil || parent.Command.Name != "run" {
		return nil, nil
	}
	getenv := func(name string) string {
		value, _ := r.lookup(name)
		return value
	}
	if value := githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(io.Discard)).GetInput(flag.Name); value != "" {
		return value, nil
	}
	name := strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
	for _, prefix := range []string{"INPUT_", "PLUGIN_"} {
		if value := strings.TrimSpace(getenv(prefix + name)); value != "" {
			return value, nil
		}
	}
	return nil, nil
}

// known reports the unknown flags among the arguments and returns the others,
// less the flags that are given an empty value, which is none.
func (r *reader) known(app *kong.Application, args []string) []string {
	names := map[string]*kong.Flag{}
	for _, group := range append(app.AllFlags(true), commandFlags(app)...) {
		for _, flag := range group {
			names[flag.Name] = flag
		}
	}
	var kept []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(kept, args[i:]...)
		}
		name, isFlag := strings.CutPrefix(arg, "--")
		if !isFlag {
			kept = append(kept, arg)
			continue
		}
		name, value, hasValue := strings.Cut(name, "=")
		flag, ok := names[name]
		switch {
		case !ok:
			r.fault("--"+name, "unknown flag%s", nearest.DidYouMean("--"+name, flagNames(names)))
			if next := i + 1; !hasValue && next < len(args) && !strings.HasPrefix(args[next], "-") {
				i = next // most likely its value
			}
		case hasValue && value == "":
		case !hasValue && !flag.IsBool() && i+1 < len(args) && args[i+1] == "":
			i++
		default:
			kept = append(kept, arg)
		}
	}
	return kept
}

func commandFlags(app *kong.Application) [][]*kong.Flag {
	var all [][]*kong.Flag
	for _, command := range app.Children {
		all = append(all, command.Flags)
	}
	return all
}

func flagNames(flags map[string]*kong.Flag) []string {
	var names []string
	for name := range flags {
		names = append(names, "--"+name)
	}
	slices.Sort(names)
	return names
}

// Decode implements [kong.Mapper] for every kind of input.
func (r *reader) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue(ctx.Value.Name)
	if err != nil {
		return err
	}
	r.decode(ctx.Value, strings.TrimSpace(token.String()), target)
	return nil
}

// boolReader is the reader for true and false, which need no value on the
// command line.
type boolReader struct{ *reader }

// IsBool implements [kong.BoolMapper].
func (boolReader) IsBool() bool { return true }

// Decode implements [kong.Mapper].
func (r boolReader) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		target.SetBool(true)
		return nil
	}
	return r.reader.Decode(ctx, target)
}

// decode sets target to what text says.
func (r *reader) decode(value *kong.Value, text string, target reflect.Value) {
	var decoded any
	var err error
	switch target.Interface().(type) {
	case string:
		decoded = text
		if allowed := value.Tag.Get("oneof"); allowed != "" {
			decoded, err = oneOf(text, strings.Split(allowed, ","))
		}
	case bool:
		decoded, err = parseBool(text)
	case int:
		decoded, err = parseCount(text)
	case time.Duration:
		decoded, err = parseDuration(text)
	case []string:
		decoded = parseList(text)
	case Pairs:
		decoded, err = parsePairs(text)
	case Strategy:
		decoded, err = parseStrategy(text)
	}
	if err != nil {
		r.fault(value.Name, "%v", err)
		if text != value.Default && value.HasDefault { // so that no other rule is broken by it
			r.decode(value, value.Default, target)
		}
		return
	}
	target.Set(reflect.ValueOf(decoded))
	if value.Tag.Has("planned") && !planned(value, text) {
		r.fault(value.Name, "not available in this version")
	}
}

// planned reports whether an input that is not available yet is left at a value
// that asks for nothing.
func planned(value *kong.Value, text string) bool {
	if refused := value.Tag.Get("planned"); refused != "" && refused != "*" {
		return text != refused
	}
	return text == value.Default
}
