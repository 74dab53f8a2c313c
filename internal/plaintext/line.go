package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// AppendLines appends text line by line, each after the prefix. No line can then be a
// command to a runner, and the only escape sequences for a terminal are those for colours.
//
// GitHub ends a line at LF, CR LF and a lone CR. It reads :: as a command if only blanks
// come before it in the line, and ##[ anywhere
// (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs). Azure
// and TeamCity read ##vso[ and ##teamcity[ anywhere. GitLab reads section_start: before a
// lone CR and an escape.
func AppendLines(to []byte, prefix, text string) []byte {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	for {
		line, rest, more := CutLine(text)
		to = append(to, prefix...)
		to = AppendLine(to, prefix == "", line)
		to = append(to, '\n')
		if !more {
			return to
		}
		text = rest
	}
}

// CutLine cuts a text at its first LF, CR LF or CR. more is false if there is none.
func CutLine(text string) (line, rest string, more bool) {
	end := strings.IndexAny(text, "\r\n")
	if end < 0 {
		return text, "", false
	}
	line, rest = text[:end], text[end:]
	if after, both := strings.CutPrefix(rest, "\r\n"); both {
		return line, after, true
	}
	return line, rest[1:], true
}

// invisible is a character that breaks a command without changing how its line looks.
const invisible = "\u200b"

// AppendLine appends one line. first is true if nothing comes before the text in that line.
func AppendLine(to []byte, first bool, line string) []byte {
	if first && strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") {
		to = append(to, invisible...)
	}
	done := 0 // bytes of the line that are already appended
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c >= ' ' && c != '#' && c != del && c != 0xC2 || c == '\t' {
			continue
		}
		switch {
		case c == '#':
			if isCommand(line[i:]) {
				to = append(append(to, line[done:i+1]...), invisible...)
				done = i + 1
			}
		case c == escape && colourLength(line[i:]) > 0:
			i += colourLength(line[i:]) - 1
		case c == 0xC2:
			if i+1 < len(line) && 0x80 <= line[i+1] && line[i+1] < 0xA0 { // U+0080 to U+009F: C1 controls
				to = utf8.AppendRune(append(to, line[done:i]...), utf8.RuneError)
				done = i + 2
			}
		default:
			to = utf8.AppendRune(append(to, line[done:i]...), symbol(c))
			done = i + 1
		}
	}
	return append(to, line[done:]...)
}

const (
	escape = 0x1B
	del    = 0x7F
)

// symbol returns the visible symbol of a control character.
func symbol(c byte) rune {
	if c == del {
		return '␡'
	}
	return '␀' + rune(c)
}

// isCommand reports whether a text begins with ##, letters or none, and [, which runners
// read as a command.
func isCommand(text string) bool {
	rest, ok := strings.CutPrefix(text, "##")
	return ok && strings.HasPrefix(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), "[")
}

// colourLength returns the length, in bytes, of the escape sequence for colours at the
// start of the text. It returns 0 if there is none; other sequences move the cursor, set
// the clipboard or open links.
func colourLength(text string) int {
	rest, ok := strings.CutPrefix(text, "\x1b[")
	if !ok {
		return 0
	}
	end := strings.IndexFunc(rest, func(c rune) bool { return (c < '0' || c > '9') && c != ';' && c != ':' })
	if end < 0 || rest[end] != 'm' {
		return 0
	}
	return len("\x1b[") + end + 1
}
