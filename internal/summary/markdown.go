package summary

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
)

const (
	maxTextWidth = 2000 // characters of a text or of a log line
	maxCellWidth = 300  // characters of a cell in a table
)

// texts formats text from outside.
type texts struct{ hideSecrets func(string) string }

// hide removes secrets and colours from a text, and shortens it.
func (t texts) hide(text string) string {
	return plaintext.Clip(plaintext.WithoutColours(t.hideSecrets(text)), maxTextWidth)
}

// plain returns text from outside for a line of Markdown. It also removes blanks at both
// ends, which Markdown can interpret.
func plain(text string) string { return strings.TrimSpace(entities(text)) }

// entities replaces every character that is special in Markdown or HTML by its numeric
// entity, which is not
// (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references).
func entities(text string) string {
	const plainPunctuation = ",()/;'?%"
	var safe strings.Builder
	for _, c := range text {
		switch {
		case c == '\n' || c == '\r' || c == '\t':
			safe.WriteByte(' ')
		case plaintext.Invisible(c):
		case c < 0x80 && (unicode.IsPunct(c) || unicode.IsSymbol(c)) && !strings.ContainsRune(plainPunctuation, c):
			fmt.Fprintf(&safe, "&#%d;", c)
		default:
			safe.WriteRune(c)
		}
	}
	return safe.String()
}

// code returns text from outside as inline code, in which GitHub creates no links for names
// and numbers. It returns "" for an empty text.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "<code>" + plain(text) + "</code>"
}

// name returns a name as inline code. A plain name has no entities, so that the Markdown
// stays readable.
func name(text string) string {
	for _, c := range text {
		if c != '-' && !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return code(text)
		}
	}
	return "<code>" + text + "</code>"
}

// block returns text from outside as a preformatted block. Only its end tag ends the block;
// the text can't contain one.
func block(lines []string) string {
	escaper := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var text strings.Builder
	text.WriteString("<pre>\n")
	for _, line := range lines {
		line = strings.Map(func(c rune) rune {
			if c != '\t' && plaintext.Invisible(c) {
				return -1
			}
			return c
		}, line)
		text.WriteString(escaper.Replace(line) + "\n")
	}
	text.WriteString("</pre>\n")
	return text.String()
}

// link returns a link with a trusted text, or the text alone if the address is empty.
func link(text, address string) string {
	if address == "" {
		return text
	}
	return fmt.Sprintf(`<a href="%s">%s</a>`, plain(address), text)
}
