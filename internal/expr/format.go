package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// piece is a part of a format string: text, or the index of an argument.
type piece struct {
	text      string
	argument  int // -1 for text
	specifier string
}

// callFormat inserts its arguments into a format string. It evaluates only those that
// appear in it, once each.
func callFormat(e *Evaluator, args []*node) (any, *Error) {
	v, err := e.value(args[0])
	if err != nil {
		return nil, err
	}
	pieces, err := parseFormat(ToString(v), len(args)-1)
	if err != nil {
		return nil, err
	}
	out := e.text()
	values := map[int]any{}
	for _, p := range pieces {
		if p.argument < 0 {
			out.write(p.text)
			continue
		}
		value, evaluated := values[p.argument]
		if !evaluated {
			if value, err = e.value(args[p.argument+1]); err != nil {
				return nil, err
			}
			values[p.argument] = value
		}
		if p.specifier != "" {
			return nil, EvaluationError(fmt.Sprintf("The format specifiers '%s' are not valid for objects of type '%s'",
				p.specifier, kindOf(value)))
		}
		out.write(ToString(value))
	}
	return e.finish(out)
}

// parseFormat splits a format string into pieces: {0} is the first argument, and two equal
// braces are a brace.
func parseFormat(format string, arguments int) ([]piece, *Error) {
	var pieces []piece
	for rest := format; rest != ""; {
		brace := strings.IndexAny(rest, "{}")
		if brace < 0 {
			return append(pieces, piece{text: rest, argument: -1}), nil
		}
		if strings.HasPrefix(rest[brace+1:], rest[brace:brace+1]) {
			pieces = append(pieces, piece{text: rest[:brace+1], argument: -1})
			rest = rest[brace+2:]
			continue
		}
		p, length, valid := parsePlaceholder(rest[brace:])
		if !valid {
			return nil, EvaluationError("The following format string is invalid: " + format)
		}
		if p.argument >= arguments {
			return nil, EvaluationError("The following format string references more arguments than were supplied: " + format)
		}
		pieces = append(pieces, piece{text: rest[:brace], argument: -1}, p)
		rest = rest[brace+length:]
	}
	return pieces, nil
}

// parsePlaceholder reads {index} or {index:specifier} and returns its length.
func parsePlaceholder(s string) (piece, int, bool) {
	if s[0] != '{' {
		return piece{}, 0, false
	}
	digits, rest := cutDigits(s[1:])
	index, err := strconv.ParseUint(s[1:1+digits], 10, 8)
	if err != nil || rest == "" {
		return piece{}, 0, false
	}
	p := piece{argument: int(index)}
	switch rest[0] {
	case '}':
		return p, len(s) - len(rest) + 1, true
	case ':':
		specifier, rest, closed := cutSpecifier(rest[1:])
		p.specifier = specifier
		return p, len(s) - len(rest), closed
	}
	return piece{}, 0, false
}

// cutSpecifier returns the text before a single closing brace and the text after it. Two
// closing braces are one in the text.
func cutSpecifier(s string) (specifier, rest string, closed bool) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "}")
		b.WriteString(before)
		if !found || !strings.HasPrefix(after, "}") {
			return b.String(), after, found
		}
		b.WriteByte('}')
		s = after[1:]
	}
}
