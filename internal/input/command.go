package input

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// parseCommand reads a list in JSON or YAML, or a line in shell quoting. A line
// may begin with [ where a blank follows, as it does after the program [.
func parseCommand(text string) (CommandLine, error) {
	words, ok := parseSequence(text)
	if !ok && strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "[ ") {
		return nil, errors.New("expected a list in JSON or YAML, since it begins with a bracket")
	}
	if ok {
		for i, word := range words {
			if word == nil {
				return nil, fmt.Errorf("item %d: expected text, a number, true or false", i+1)
			}
		}
		return commandOf(words)
	}
	line, err := splitLine(text)
	if err != nil {
		return nil, err
	}
	if len(line) == 0 {
		return nil, errors.New("expected a word at least")
	}
	return line, nil
}

func commandOf(words []*string) (CommandLine, error) {
	if len(words) == 0 {
		return nil, errors.New("expected an item at least")
	}
	var command CommandLine
	for _, word := range words {
		command = append(command, *word)
	}
	return command, nil
}

// isSequence reports whether a text begins as a list in JSON or YAML does.
func isSequence(text string) bool {
	return strings.HasPrefix(text, "[") || strings.HasPrefix(text, "- ")
}

// parseSequence reads a text that is a list in JSON or YAML; it reports false
// for any other. An item that is no text, number or truth value is nil.
func parseSequence(text string) ([]*string, bool) {
	if !isSequence(text) {
		return nil, false
	}
	nodes, ok := contentOf(text, yaml.SequenceNode)
	if !ok {
		return nil, false
	}
	var items []*string
	for _, node := range nodes {
		var item *string
		if node.Kind == yaml.ScalarNode && node.ShortTag() != "!!null" {
			item = &node.Value
		}
		items = append(items, item)
	}
	return items, true
}

// operators are what a shell takes for more than a part of a word.
const operators = "|&;<>()"

// splitLine splits a line into words as a POSIX shell does, by blanks, quotes and
// backslashes. Nothing is expanded, and what only a shell could do is an error:
// the words go to a program, with no shell in between.
func splitLine(line string) (CommandLine, error) {
	var words CommandLine
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		case strings.IndexByte(operators, c) >= 0:
			return nil, fmt.Errorf("character %d is the shell operator %c, and there is no shell: quote it, or run one as in sh -c '…'", characters(line[:i])+1, c)
		case c == '\'' || c == '"':
			end := closing(line, i)
			if end < 0 {
				return nil, fmt.Errorf("the quote at character %d is not closed", characters(line[:i])+1)
			}
			inWord = true
			writeQuoted(&word, line[i+1:end], c)
			i = end
		case c == '\\':
			if i++; i == len(line) {
				return nil, errors.New("a backslash at the end has nothing to quote")
			}
			if line[i] != '\n' { // which continues the line
				inWord = true
				word.WriteByte(line[i])
			}
		default:
			inWord = true
			word.WriteByte(c)
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

func characters(s string) int { return len([]rune(s)) }

// closing returns where the quote that opens at i is closed, -1 if it is not.
func closing(line string, i int) int {
	quote := line[i]
	for i++; i < len(line); i++ {
		switch {
		case line[i] == quote:
			return i
		case line[i] == '\\' && quote == '"':
			i++
		}
	}
	return -1
}

// writeQuoted writes what stands between quotes: between double ones a backslash
// quotes $ ` " \ and the end of a line, and is itself before anything else.
func writeQuoted(word *strings.Builder, text string, quote byte) {
	for i := 0; i < len(text); i++ {
		if quote == '"' && text[i] == '\\' && i+1 < len(text) && strings.IndexByte("$`\"\\\n", text[i+1]) >= 0 {
			if i++; text[i] == '\n' {
				continue
			}
		}
		word.WriteByte(text[i])
	}
}
