package report

import (
	"fmt"
	"strings"
	"unicode"
)

// plain returns outside text for a line of Markdown, without blanks around it,
// which may have a meaning too.
func plain(text string) string { return strings.TrimSpace(entities(text)) }

// entities writes every character that Markdown or HTML gives a meaning to by
// its number, which has none
// (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references).
func entities(text string) string {
	const meaningless = ",()/;'?%"
	var safe strings.Builder
	for _, c := range text {
		switch {
		case c == '\n' || c == '\r' || c == '\t':
			safe.WriteByte(' ')
		case unseen(c):
		case c < 0x80 && (unicode.IsPunct(c) || unicode.IsSymbol(c)) && !strings.ContainsRune(meaningless, c):
			fmt.Fprintf(&safe, "&#%d;", c)
		default:
			safe.WriteRune(c)
		}
	}
	return safe.String()
}

// code returns outside text as code in the middle of a line, where GitHub makes
// no links of names and numbers; "" for an empty text.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "<code>" + plain(text) + "</code>"
}

// name is code for what is most likely a plain name, which stays readable as it is.
func name(text string) string {
	for _, c := range text {
		if c != '-' && !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return code(text)
		}
	}
	return "<code>" + text + "</code>"
}

// block returns outside text as a block of its own. Markdown ends it at nothing
// but its end tag, which the text can't have.
func block(lines []string) string {
	escaper := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var text strings.Builder
	text.WriteString("<pre>\n")
	for _, line := range lines {
		line = strings.Map(func(c rune) rune {
			if c != '\t' && unseen(c) {
				return -1
			}
			return c
		}, line)
		text.WriteString(escaper.Replace(line) + "\n")
	}
	text.WriteString("</pre>\n")
	return text.String()
}

// unseen reports whether a character is one that is not seen but may change how
// others are: a control character, or one for the direction of writing.
func unseen(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == unicode.ReplacementChar
}

// link returns a link with a text of our own; the text alone if there is no
// address.
func link(text, address string) string {
	if address == "" {
		return text
	}
	return fmt.Sprintf(`<a href="%s">%s</a>`, plain(address), text)
}

// withoutColours takes the escape sequences for colours out of a line.
func withoutColours(line string) string {
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
