// Package cli parses the command line: the command and the values of its flags. It also
// creates the texts of help and completion.
//
// The flags are the inputs of package input. The package never runs a command, opens a file
// or prints: [Command.Text] is the text to print.
package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/joined"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// Parse parses the arguments, without the program's name, and the inputs in the environment.
// The error joins one [*input.Error] for each fault.
func Parse(args []string, lookup func(string) (string, bool)) (Command, error) {
	p := &parser{lookup: lookup, rows: map[*cobra.Command][]input.Input{}}
	root := p.tree()
	var text strings.Builder
	root.SetOut(&text)
	root.SetErr(io.Discard) // the library writes debug texts of completions there
	args, known := p.normalize(root, args)
	if !known {
		return Command{}, errors.Join(p.faults...)
	}
	root.SetArgs(append([]string{}, args...)) // for nil, cobra uses the arguments of the process
	if err := root.Execute(); err != nil {
		p.fault("", "%v", err)
	}
	switch {
	case p.command.Name == "" && len(p.faults) == 0: // help, or a completion
		return Command{Name: "print", Text: text.String()}, nil
	case p.command.Name == "print", p.command.Name == "version", p.command.Name == "post":
		return p.command, nil // the command run has already reported the faults of the step
	}
	return p.command, errors.Join(p.faults...)
}

// tree returns the commands, each with its flags.
func (p *parser) tree() *cobra.Command {
	c := &p.command
	run := p.configCommand("run", "Run tasks on ECS and follow them to their end (the default command)",
		&c.Run, func([]string) {
			p.faults = append(p.faults, joined.Errors(c.Run.Check())...)
		})
	root := p.configCommand("ecs-run-task", "", &c.Run, run.run)
	root.cobra.Long = "Runs tasks on Amazon ECS as a step of a CI workflow, and exits with their containers' " +
		"exit codes."
	commands := []command{
		run,
		p.configCommand("check", "Check task definition files for faults; with --diff, for changes too",
			&c.Check, func(args []string) {
				for _, arg := range args {
					c.Check.Files = append(c.Check.Files, input.List(arg)...)
				}
				if len(args) == 0 {
					p.fault("", "give the files to check, such as: ecs-run-task check ecs/*.json")
				}
				p.faults = append(p.faults, joined.Errors(c.Check.Check())...)
			}),
		p.configCommand("policy", "Print the IAM policy that run needs for the same inputs, as JSON",
			&c.Run, func([]string) {
				p.faults = append(p.faults, joined.Errors(c.Run.Check())...)
			}),
		p.configCommand("schema", "Print the JSON Schema of a document: result or definition", &struct{}{},
			func(args []string) {
				if len(args) != 1 || !slices.Contains(schemas, args[0]) {
					p.fault("", "give the document whose schema to print: schema %s",
						strings.Join(schemas, " or schema "))
					return
				}
				c.Schema = args[0]
			}),
		p.configCommand("stop", "Stop the tasks that this job, or a CI run, left running", &c.Leftover, nil),
		p.configCommand("reap", "Stop the tasks of any step that are older than a time", &c.Leftover, nil),
		p.configCommand("post",
			"Stop what the run command of this step left running (the action's post stage)", &c.Run, nil),
		p.configCommand("local-ecs", "Serve the embedded ECS and CloudWatch Logs to other programs", &c.LocalECS, nil),
		p.configCommand("init",
			"Write a task definition and the CI's file that runs it, for this repository", &c.Init, func([]string) {
				p.faults = append(p.faults, joined.Errors(c.Init.Check())...)
			}),
		p.configCommand("version", "Print the version, the commit, and what it was built with and for",
			&struct{}{}, nil),
	}
	commands[1].cobra.Use += " FILE..."
	commands[1].cobra.ValidArgsFunction = fileCompletion(definitionFiles)
	commands[3].cobra.Use += " DOCUMENT"
	commands[3].cobra.ValidArgs = schemas
	for _, command := range commands {
		root.cobra.AddCommand(command.cobra)
	}
	root.cobra.SetHelpFunc(p.help)
	root.cobra.SetHelpCommand(p.helpCommand(root.cobra))
	return root.cobra
}

// command is a command with the function for its arguments, which are the words that are not flags.
type command struct {
	cobra *cobra.Command
	run   func(args []string)
}

// configCommand returns a command whose flags are the inputs in config, a pointer to a
// struct, and which fills config. It then calls run with the arguments, if run is not nil.
func (p *parser) configCommand(name, short string, config any, run func(args []string)) command {
	values := map[string]*value{}
	c := &cobra.Command{
		Use: name, Short: short, Args: cobra.ArbitraryArgs,
		SilenceErrors: true, SilenceUsage: true, DisableSuggestions: true,
	}
	c.RunE = func(_ *cobra.Command, args []string) error {
		p.command.Name = name
		if name == "ecs-run-task" {
			p.command.Name = "run"
		}
		if values["version"].text == "true" {
			p.command.Name = "version"
		}
		if p.command.Name == "version" {
			return nil
		}
		given := map[string]string{}
		for flag, value := range values {
			given[flag] = value.text
		}
		lookup := p.lookup
		if name == "local-ecs" {
			lookup = nil // the server is not a step, so it ignores the inputs of a step in the environment
		}
		p.faults = append(p.faults, joined.Errors(input.Read(config, given, lookup))...)
		if run != nil {
			run(args)
		}
		return nil
	}
	p.rows[c] = input.Rows(config)
	for _, row := range p.rows[c] {
		values[row.Name] = addFlag(c, row, "")
	}
	values["version"] = addFlag(c, input.Input{Name: "version", Type: "bool", Help: "Print the version."}, "v")
	c.Flags().Bool("all", false, "with --help: all flags")
	return command{c, run}
}

// value is the value of a flag. If the flag is repeated, it is the last one.
type value struct {
	text string
	kind string
}

func (v *value) Set(text string) error {
	v.text = strings.TrimSpace(text)
	return nil
}
func (v *value) String() string { return v.text }
func (v *value) Type() string   { return v.kind }

// addFlag adds the flag for an input, with the completion of its values.
func addFlag(c *cobra.Command, row input.Input, letter string) *value {
	v := &value{kind: row.Type}
	flag := c.Flags().VarPF(v, row.Name, letter, row.Help)
	completion := cobra.NoFileCompletions
	switch {
	case row.Type == "bool":
		flag.NoOptDefVal = "true"
		completion = cobra.FixedCompletions([]string{"true", "false"}, cobra.ShellCompDirectiveNoFileComp)
	case len(row.Allowed) > 0:
		completion = cobra.FixedCompletions(row.Allowed, cobra.ShellCompDirectiveNoFileComp)
	case row.Name == "file-paths":
		completion = fileCompletion(definitionFiles)
	case row.File:
		completion = fileCompletion(nil)
	}
	if err := c.RegisterFlagCompletionFunc(row.Name, completion); err != nil {
		panic(err) // two inputs with the same name
	}
	return v
}

// definitionFiles are the file name endings of task definitions.
var definitionFiles = []string{"json", "yaml", "yml"}

// fileCompletion completes names of files with one of the endings; nil means all files.
func fileCompletion(endings []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if endings == nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}

// normalize returns the arguments in the form that the library expects. It records invalid
// arguments as faults and removes them, because the library would stop at the first one. A
// flag may have a single hyphen. The value of a boolean flag may be the next word if that is
// true or false. known is false if the command does not exist; this is then the only fault.
func (p *parser) normalize(root *cobra.Command, args []string) (normal []string, known bool) {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args, true
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	command, first := root, 0
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command = child(root, args[0])
		if command == nil {
			p.fault("", "%s", unknownCommand(root, args[0]))
			return nil, false
		}
		normal, first = args[:1:1], 1
	}
	switch command.Name() {
	case "help":
		return args, true
	case "completion":
		if len(args) > 1 && !strings.HasPrefix(args[1], "-") && child(command, args[1]) == nil {
			p.fault("", "unknown shell %q: give %s", args[1], strings.Join(names(command), ", "))
			return nil, false
		}
		return args, true
	}
	takesArguments := strings.Contains(command.Use, " ")
	command.InitDefaultHelpFlag()
	for i := first; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		name, text, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if !isFlag || name == "" {
			if takesArguments {
				normal = append(normal, args[i])
			} else {
				p.fault("", "argument %d: expected a flag, such as --file-paths%s", i+1, asFile(args[i]))
			}
			continue
		}
		flag := lookup(command, name)
		if flag == nil {
			p.fault("--"+name, "unknown flag%s", nearest.DidYouMean("--"+name, flagNames(command)))
			if !hasValue && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // probably the value of the flag
			}
			continue
		}
		switch {
		case hasValue:
		case i+1 < len(args) && (flag.NoOptDefVal == "" || isBool(args[i+1])):
			i++
			text, hasValue = args[i], true
		case flag.NoOptDefVal == "":
			p.fault("--"+flag.Name, "expected a value")
			continue
		}
		if hasValue {
			normal = append(normal, "--"+flag.Name+"="+text)
		} else {
			normal = append(normal, "--"+flag.Name)
		}
	}
	return normal, true
}

// isBool reports whether the word after a boolean flag is its value.
func isBool(word string) bool { return word == "true" || word == "false" }

// lookup returns a flag of a command by its name or letter, or nil if there is none.
func lookup(c *cobra.Command, name string) *pflag.Flag {
	if len(name) == 1 {
		return c.Flags().ShorthandLookup(name)
	}
	return c.Flags().Lookup(name)
}

func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return names
}
