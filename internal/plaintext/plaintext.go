// Package plaintext removes harmful characters from text from outside: commands to a runner
// from console output, and invisible characters from documents. It never changes other
// characters.
package plaintext

import (
	"strings"
	"unicode"
)

// Readable returns text without colours and invisible characters. Line breaks and tabs
// remain.
func Readable(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && Invisible(c) {
			return -1
		}
		return c
	}, WithoutColours(text))
}

// Clip shortens a text to limit characters. The last character of a shortened text is an
// ellipsis.
func Clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	characters := []rune(text)
	if len(characters) <= limit {
		return text
	}
	return string(characters[:limit-1]) + "…"
}

// OneLine replaces line breaks in a value by blanks.
func OneLine(value string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' {
			return ' '
		}
		return c
	}, value)
}

// LastLines returns the last lines of a log's messages, at most maxLines, without secrets
// and colours. Each is shortened to maxWidth characters. hide removes secrets from a text.
func LastLines(hide func(string) string, messages []string, maxLines, maxWidth int) []string {
	var last []string
	for _, text := range messages[max(0, len(messages)-maxLines):] {
		for line, rest, more := CutLine(hide(text)); ; line, rest, more = CutLine(rest) {
			last = append(last, Clip(WithoutColours(line), maxWidth))
			if !more {
				break
			}
		}
	}
	return last[max(0, len(last)-maxLines):]
}

// WithoutColours removes the escape sequences for colours from a line, and every other
// escape character.
func WithoutColours(line string) string {
	var text strings.Builder
	for {
		i := strings.IndexByte(line, escape)
		if i < 0 {
			text.WriteString(line)
			return text.String()
		}
		text.WriteString(line[:i])
		line = line[i+max(colourLength(line[i:]), 1):]
	}
}

// Invisible reports whether a character is invisible but may change how others look: a
// control character, or one for the writing direction.
func Invisible(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == unicode.ReplacementChar
}
