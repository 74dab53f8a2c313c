package input

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

// parseEnvironment parses variables, or @ and the path of a file with them.
func parseEnvironment(text string) (Environment, error) {
	if path, isFile := strings.CutPrefix(text, "@"); isFile {
		if path = strings.TrimSpace(path); path == "" {
			return Environment{}, errors.New("expected the path of a file after the @")
		}
		return Environment{File: path}, nil
	}
	if areLines(text) && !shorthand.MatchString(text) {
		if err := checkJoined(text); err != nil {
			return Environment{}, err
		}
	}
	pairs, err := parsePairs(text)
	return Environment{Pairs: pairs}, err
}

// assignment matches the name and equals sign of a variable in a .env file.
var assignment = lazyregexp.New(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*`)

// ParseDotenv parses a .env file: NAME=value lines, which may begin with export, and
// comments from # on. A value in quotes can have several lines. In single quotes
// every character stands for itself. In double quotes \n, \r and \t are a line feed,
// a carriage return and a tab; a backslash before any other character is removed.
// Variables are not expanded. A file that begins with { or [ is JSON in the format
// of the input environment. The error contains a line number and no value.
func ParseDotenv(text string) (Pairs, error) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	if start := strings.TrimSpace(text); start != "" && (start[0] == '{' || start[0] == '[') && utf8.ValidString(text) {
		return parsePairs(start)
	}
	number := 0
	for line := range strings.Lines(text) {
		if number++; !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			return nil, fmt.Errorf("line %d: expected text in UTF-8, without NUL", number)
		}
	}
	var pairs Pairs
	seen := map[string]bool{}
	for rest, line := text, 1; rest != ""; {
		if rest[0] == '\n' {
			rest, line = rest[1:], line+1
			continue
		}
		if current, after, _ := strings.Cut(rest, "\n"); isBlankOrComment(current) {
			rest, line = after, line+1
			continue
		}
		start := strings.TrimLeft(rest, " \t")
		name := assignment.FindStringSubmatch(start)
		if name == nil {
			return nil, fmt.Errorf("line %d: expected NAME=value", line)
		}
		value, after, err := dotenvValue(start[len(name[0]):])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if seen[name[1]] {
			return nil, fmt.Errorf("line %d: duplicate name", line)
		}
		seen[name[1]] = true
		pairs = append(pairs, Pair{name[1], value})
		line += strings.Count(rest[:len(rest)-len(after)], "\n")
		rest = after
	}
	return pairs, nil
}

// isBlankOrComment reports whether a line has no content.
func isBlankOrComment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// dotenvValue returns the value at the start of text, and the text after its line.
func dotenvValue(text string) (value, after string, err error) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		value, after, _ = strings.Cut(text, "\n")
		if i := strings.IndexByte(value, '#'); i == 0 || i > 0 && (value[i-1] == ' ' || value[i-1] == '\t') {
			value = value[:i]
		}
		return strings.TrimSpace(value), after, nil
	}
	end := shellwords.ClosingQuote(text, 0)
	if end < 0 {
		return "", "", errors.New("the quote is not closed")
	}
	value = text[1:end]
	if text[0] == '"' {
		value = unescape(value)
	}
	rest, after, _ := strings.Cut(text[end+1:], "\n")
	if !isBlankOrComment(rest) {
		return "", "", errors.New("expected the end of the line after the quote")
	}
	return value, after, nil
}

// unescape replaces the escapes of a double-quoted value.
func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			i++
			switch c = text[i]; c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			}
		}
		out.WriteByte(c)
	}
	return out.String()
}
