package input

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

// parseCommand parses a list in JSON or YAML, or a line with shell quoting. A text
// that begins with "[ " may be a line: [ is also a program.
func parseCommand(text string) (CommandLine, error) {
	words, ok := parseSequence(text)
	if !ok && strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "[ ") {
		return CommandLine{}, errors.New("expected a list in JSON or YAML, since it begins with a bracket")
	}
	if ok {
		for i, word := range words {
			if word == nil {
				return CommandLine{}, fmt.Errorf("item %d: expected text, a number, true or false", i+1)
			}
		}
		return commandOf(words)
	}
	line, err := shellwords.Split(text)
	if err != nil {
		return CommandLine{}, err
	}
	if len(line) == 0 {
		return CommandLine{}, errors.New("expected at least one word")
	}
	command := CommandLine{Words: shellwords.Texts(line)}
	for _, word := range line {
		command.Expansion = cmp.Or(command.Expansion, word.Expansion)
	}
	return command, nil
}

func commandOf(words []*string) (CommandLine, error) {
	if len(words) == 0 {
		return CommandLine{}, errors.New("expected at least one item")
	}
	var command CommandLine
	for _, word := range words {
		command.Words = append(command.Words, *word)
	}
	return command, nil
}
