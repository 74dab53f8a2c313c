package summary

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
)

const (
	longestText = 2000 // characters of a text, or of a line of a log
	longestCell = 300  // characters of a cell in a table
)

// texts writes text from outside.
type texts struct{ hideSecrets func(string) string }

// hide takes secrets and colours out of outside text, and cuts it.
func (t texts) hide(text string) string {
	return plaintext.Clip(plaintext.WithoutColours(t.hideSecrets(text)), longestText)
}

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
		case plaintext.Invisible(c):
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

// link returns a link with a text of our own; the text alone if there is no
// address.
func link(text, address string) string {
	if address == "" {
		return text
	}
	return fmt.Sprintf(`<a href="%s">%s</a>`, plain(address), text)
}
