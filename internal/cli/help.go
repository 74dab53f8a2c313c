package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// help sets the text to the help of a command. With the flag --all it has all flags.
func (p *parser) help(c *cobra.Command, _ []string) {
	all, _ := c.Flags().GetBool("all")
	p.command = Command{Name: "print", Text: p.usage(c, all)}
}

// helpCommand returns the command help.
func (p *parser) helpCommand(root *cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: "help [COMMAND]", Short: "Print the help of a command; with --all, all its flags",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return names(root), cobra.ShellCompDirectiveNoFileComp
		},
	}
	all := c.Flags().Bool("all", false, "all flags")
	c.RunE = func(_ *cobra.Command, args []string) error {
		of := root
		if len(args) > 0 {
			if of = child(root, args[0]); of == nil {
				p.fault("", "%s", unknownCommand(root, args[0]))
				return nil
			}
		}
		p.command = Command{Name: "print", Text: p.usage(of, *all)}
		return nil
	}
	return c
}

// usage returns the help of a command.
func (p *parser) usage(c *cobra.Command, all bool) string {
	var text strings.Builder
	isRoot := !c.HasParent()
	if isRoot {
		fmt.Fprintf(&text,
			"%s\n\nUsage:\n  ecs-run-task [flags]\n  ecs-run-task COMMAND [flags]\n\nCommands:\n", c.Long)
		for _, child := range c.Commands() {
			if !child.Hidden {
				fmt.Fprintf(&text, "  %-10s  %s\n", child.Name(), child.Short)
			}
		}
	} else {
		fmt.Fprintf(&text, "%s.\n\nUsage:\n  ecs-run-task %s", strings.TrimSuffix(c.Short, "."), c.Use)
		if len(c.Commands()) > 0 {
			var kinds []string
			for _, child := range c.Commands() {
				kinds = append(kinds, child.Name())
			}
			fmt.Fprintf(&text, " %s", strings.Join(kinds, "|"))
		}
		fmt.Fprintln(&text, " [flags]")
	}
	rows := slices.Clone(p.rows[c])
	const oneScreen = 30 // flags
	isLong := len(rows) > oneScreen
	if isLong && !all {
		rows = slices.DeleteFunc(rows, func(row input.Input) bool { return !row.Common })
	}
	writeFlags(&text, rows, isLong && all)
	switch {
	case !isLong:
	case all:
		fmt.Fprintf(&text,
			"\nEach flag, such as --file-paths, is also the variable INPUT_FILE_PATHS or PLUGIN_FILE_PATHS.\n")
	default:
		fmt.Fprintf(&text, "\nAll flags: ecs-run-task help %s --all\n", commandName(c))
	}
	return text.String()
}

// commandName returns the name of a command for the command help.
func commandName(c *cobra.Command) string {
	if !c.HasParent() {
		return "run"
	}
	return c.Name()
}

// writeFlags writes each flag with its description, under the names of the groups if groups
// is true.
func writeFlags(w io.Writer, rows []input.Input, groups bool) {
	if len(rows) == 0 {
		return
	}
	const column, width = 30, 100
	fmt.Fprintf(w, "\nFlags:\n")
	group := ""
	for _, row := range rows {
		if groups && row.Group != group {
			group = row.Group
			fmt.Fprintf(w, "\n %s\n", group)
		}
		name := "--" + row.Name
		switch {
		case len(row.Allowed) > 0:
			name += " " + strings.Join(row.Allowed, "|")
		case row.Type != "bool":
			name += " " + strings.ToUpper(row.Type)
		}
		text := row.Help
		if !groups {
			text, _, _ = strings.Cut(text, ". ")
		}
		text = strings.TrimSuffix(text, ".")
		if row.Default != "" && row.Default != "false" {
			text += " (default: " + row.Default + ")"
		}
		lines := wrap(text, width-column)
		if len(name) > column-3 {
			fmt.Fprintf(w, "  %s\n", name)
		} else {
			fmt.Fprintf(w, "  %-*s%s\n", column-2, name, lines[0])
			lines = lines[1:]
		}
		for _, line := range lines {
			fmt.Fprintf(w, "%*s%s\n", column, "", line)
		}
	}
}

// wrap breaks a text at blanks into lines of at most width bytes. Longer words are not broken.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
