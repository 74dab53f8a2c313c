package runtask

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

// splitScript returns a fault if a shell would run only the first word of the script in the
// command of an override, and nil otherwise. index is the position of the override. certain is
// false if this is only likely.
func splitScript(d Definition, index int, override *document.Node) (fault *document.Error, certain bool) {
	command, name := override.Member("command"), override.Member("name")
	if command == nil || name == nil {
		return nil, false
	}
	var words []string
	for _, item := range command.Items {
		words = append(words, item.Text)
	}
	found, ok := shellwords.FindSplitScript(d.EntryPoints[name.Text], words)
	if !ok {
		return nil, false
	}
	fault = &document.Error{
		Place: command.Place, Path: document.MemberPath(document.ItemPath("containerOverrides", index), "command"),
		Code: "script-split", Message: found.String(),
	}
	fixed := string(texts(found.Fixed).JSON())
	switch {
	case found.InEntryPoint:
		fault.Message += fmt.Sprintf("; the script stands in the entryPoint of %s", d.Name)
		fault.Hint = `"entryPoint": ` + fixed
	case command.Place == (document.Place{}): // from the input command
		fault.Hint = fixed
	default:
		fault.Hint = `"command": ` + fixed
	}
	return fault, found.Certain
}

// checkCommand reports a command in an override if a shell would certainly run only the first
// word of its script.
func checkCommand(d Definition, index int, override *document.Node) error {
	fault, certain := splitScript(d, index, override)
	switch {
	case fault == nil || !certain:
		return nil
	case fault.Place == (document.Place{}):
		return &input.Error{Input: "command", Message: fault.Message, Hint: fault.Hint}
	}
	return fault
}

// Warnings returns warnings about the commands in the overrides. They are about a shell that
// most likely runs only the first word of its script, and about variables that no shell expands.
// run is the member x-run-task. It may be nil.
func (s Settings) Warnings(d Definition, run *document.Node) []document.Warning {
	overrides, err := s.ownOverrides(d)
	if err != nil {
		return nil // Request reports it
	}
	var warnings []document.Warning
	warn := func(fault document.Error) {
		if fault.Place == (document.Place{}) {
			fault.Place, fault.Path = document.Place{Name: "input command"}, ""
			if own := run.Member("command"); own != nil {
				fault.Place, fault.Path = own.Place, document.MemberPath(runPath, "command")
			}
		}
		warnings = append(warnings, document.Warning{Error: fault})
	}
	containers := overrides.Member("containerOverrides")
	if containers == nil {
		return nil
	}
	for i, container := range containers.Items {
		if fault, certain := splitScript(d, i, container); fault != nil && !certain {
			fault.Code = "script-arguments"
			warn(*fault)
		}
	}
	if expansion := s.Command.Expansion; expansion != "" {
		if name, err := s.Chosen(d); err == nil && !shellwords.RunsShell(d.EntryPoints[name], s.Command.Words) {
			warn(document.Error{
				Code: "command-expansion",
				Message: fmt.Sprintf("nothing expands %s, since no shell reads the command: run one, or put it in single quotes "+
					"if it is meant as it is", expansion),
				Hint: string(texts([]string{"sh", "-c", shellwords.Script(s.Command.Words)}).JSON()),
			})
		}
	}
	return warnings
}
