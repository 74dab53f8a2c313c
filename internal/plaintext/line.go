package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// AppendLines appends text line by line, each behind the prefix, so that no
// runner takes a line for a command and no terminal does more than colour it.
//
// GitHub ends a line at LF, CR LF and a lone CR; takes :: for a command where it
// is the first of a line but blanks, and ##[ anywhere
// (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs).
// Azure and TeamCity take ##vso[ and ##teamcity[ anywhere; GitLab takes
// section_start: before a lone CR and an escape.
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

// CutLine cuts a text at its first line break, of whichever kind.
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

// invisible breaks a command without changing how its line looks.
const invisible = "\u200b"

// AppendLine appends one line; first says that nothing stands before it.
func AppendLine(to []byte, first bool, line string) []byte {
	if first && strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") {
		to = append(to, invisible...)
	}
	done := 0 // bytes of the line that are appended
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c >= ' ' && c != '#' && c != rubout && c != 0xC2 || c == '\t' {
			continue
		}
		switch {
		case c == '#':
			if command(line[i:]) {
				to = append(append(to, line[done:i+1]...), invisible...)
				done = i + 1
			}
		case c == escape && colour(line[i:]) > 0:
			i += colour(line[i:]) - 1
		case c == 0xC2:
			if i+1 < len(line) && 0x80 <= line[i+1] && line[i+1] < 0xA0 { // U+0080 to U+009F: controls of eight bits
				to = utf8.AppendRune(append(to, line[done:i]...), utf8.RuneError)
				done = i + 2
			}
		default:
			to = utf8.AppendRune(append(to, line[done:i]...), picture(c))
			done = i + 1
		}
	}
	return append(to, line[done:]...)
}

const (
	escape = 0x1B
	rubout = 0x7F
)

// picture returns the character that shows a control character.
func picture(c byte) rune {
	if c == rubout {
		return '␡'
	}
	return '␀' + rune(c)
}

// command reports whether a text begins with ## and a bracket, with a word
// between them or not, which makes a command of it.
func command(text string) bool {
	rest, ok := strings.CutPrefix(text, "##")
	return ok && strings.HasPrefix(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), "[")
}

// colour returns the length of the escape sequence for colours and the like that
// a text begins with, 0 if it begins with another one. Others move the cursor,
// set the clipboard or open links.
func colour(text string) int {
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
