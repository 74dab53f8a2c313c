// Package plaintext makes text from outside harmless: for a console, where no line of it may
// be a command to a runner, and for documents, where no character may change others.
package plaintext

import (
	"strings"
	"unicode"
)

// Readable returns outside text without colours, and without characters that are
// not seen, other than line breaks and tabs.
func Readable(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && Unseen(c) {
			return -1
		}
		return c
	}, WithoutColours(text))
}

// Clip cuts a text to a number of characters, and says so.
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

// OneLine keeps a value from ending its line.
func OneLine(value string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' {
			return ' '
		}
		return c
	}, value)
}

// LastLines returns the last lines of a log's messages, without secrets and
// colours, each cut to a number of characters.
func LastLines(hide func(string) string, messages []string, most, longest int) []string {
	var last []string
	for _, text := range messages[max(0, len(messages)-most):] {
		for line, rest, more := CutLine(hide(text)); ; line, rest, more = CutLine(rest) {
			last = append(last, Clip(WithoutColours(line), longest))
			if !more {
				break
			}
		}
	}
	return last[max(0, len(last)-most):]
}

// WithoutColours takes the escape sequences for colours out of a line.
func WithoutColours(line string) string {
	var text strings.Builder
	for {
		i := strings.IndexByte(line, escape)
		if i < 0 {
			text.WriteString(line)
			return text.String()
		}
		text.WriteString(line[:i])
		line = line[i+max(colour(line[i:]), 1):]
	}
}

// Unseen reports whether a character is one that is not seen but may change how
// others are: a control character, or one for the direction of writing.
func Unseen(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == unicode.ReplacementChar
}
