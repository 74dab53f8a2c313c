package input

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

// parseEnvironment reads variables, or the path of a file of them.
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

// assignment is the beginning of a variable in a .env file.
var assignment = regexp.MustCompile(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*`)

// ParseDotenv reads a .env file: NAME=value lines, which may begin with export,
// and comments from # on. A value in single quotes is what stands between them,
// over several lines too; in double quotes \n, \r and \t stand for a line break,
// a return and a tab, and \ before any other character for that character.
// Nothing is expanded. A file that begins with { or [ is one in JSON, as the input
// itself takes it. The error names a line, and no value.
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
		if current, after, _ := strings.Cut(rest, "\n"); isRemark(current) {
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
			return nil, fmt.Errorf("line %d: the name stands before already", line)
		}
		seen[name[1]] = true
		pairs = append(pairs, Pair{name[1], value})
		line += strings.Count(rest[:len(rest)-len(after)], "\n")
		rest = after
	}
	return pairs, nil
}

// isRemark reports whether a line says nothing.
func isRemark(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// dotenvValue reads a value and returns it with what follows its line.
func dotenvValue(text string) (value, after string, err error) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		value, after, _ = strings.Cut(text, "\n")
		if i := strings.IndexByte(value, '#'); i == 0 || i > 0 && (value[i-1] == ' ' || value[i-1] == '\t') {
			value = value[:i]
		}
		return strings.TrimSpace(value), after, nil
	}
	end := shellwords.Closing(text, 0)
	if end < 0 {
		return "", "", errors.New("the quote is not closed")
	}
	value = text[1:end]
	if text[0] == '"' {
		value = unescape(value)
	}
	rest, after, _ := strings.Cut(text[end+1:], "\n")
	if !isRemark(rest) {
		return "", "", errors.New("expected the end of the line after the quote")
	}
	return value, after, nil
}

// unescape replaces what a backslash stands before.
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
