package cli

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// Command is a parsed command line.
type Command struct {
	// Name is run, check, policy, schema, post, stop, reap, local-ecs, init, version, or
	// print, for which the program only prints Text.
	Name string
	Text string

	Run      input.Config   // of run, policy and post
	Check    input.Check    // of check
	Leftover input.Leftover // of stop and reap
	LocalECS input.LocalECS // of local-ecs
	Init     input.Init     // of init
	Schema   string         // of schema: the name of the document
}

// parser collects the faults, so that all are reported at once, and the command.
type parser struct {
	lookup  func(string) (string, bool)
	faults  []error
	command Command
	rows    map[*cobra.Command][]input.Input // of the flags
}

func (p *parser) fault(name, format string, args ...any) {
	p.faults = append(p.faults, &input.Error{Input: name, Message: fmt.Sprintf(format, args...)})
}

// schemas are the documents for which the command schema prints a schema.
var schemas = []string{"result", "definition"}

// child returns a subcommand by its name, or nil if there is none.
func child(root *cobra.Command, name string) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func unknownCommand(root *cobra.Command, name string) string {
	if asFile(name) != "" {
		return fmt.Sprintf("unknown command %q; a file of definitions is given by --file-paths%s", name, asFile(name))
	}
	return fmt.Sprintf("unknown command %q%s", name, nearest.DidYouMean(name, names(root)))
}

func names(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return names
}

// asFile returns a word with a blank before it if it is the name of a file of definitions.
func asFile(word string) string {
	if ending := strings.TrimPrefix(path.Ext(word), "."); slices.Contains(definitionFiles, strings.ToLower(ending)) {
		return " " + word
	}
	return ""
}
