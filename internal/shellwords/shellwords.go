// Package shellwords splits a command line into words as a POSIX shell does. It also finds
// commands in which a shell gets its script in several words and runs only the first.
//
// It never expands and never runs anything. It has its own parser because it must reject
// syntax that only a shell can handle, with the position. google/shlex accepts operators
// and line breaks as parts of words, and # as a comment. mvdan.cc/sh parses the whole
// language, of which everything except words would have to be rejected again.
package shellwords

import (
	"fmt"
	"strings"
)

// A Word is a word of a command line.
type Word struct {
	Text string // without its quotes and backslashes

	// Expansion is the first part outside single quotes that a shell would expand, such
	// as $HOME, ${A}, $(date) or `date`. It is empty if there is none.
	Expansion string

	// Pattern is true if the word has an unquoted character with a special meaning in a
	// shell: * ? [ or ~, or # at its beginning.
	Pattern bool
}

// Texts returns the texts of words.
func Texts(words []Word) []string {
	texts := make([]string, 0, len(words))
	for _, word := range words {
		texts = append(texts, word.Text)
	}
	return texts
}

// operators are the unquoted characters that end a word in a shell.
const operators = "|&;<>()"

// Split splits a line into words at blanks. It handles quotes and backslashes, and expands
// nothing. Syntax that only a shell can handle is an error: an operator, and a line break
// outside of quotes that is followed by more text and has no backslash before it. The
// error has the position and no text of the line, which may be secret.
func Split(line string) ([]Word, error) {
	var words []Word
	s := scanner{line: strings.TrimLeft(line, " \t\r\n")}
	s.skipped = len([]rune(line)) - len([]rune(s.line))
	for s.at < len(s.line) {
		word, found, err := s.word()
		if err != nil {
			return nil, err
		}
		if found {
			words = append(words, word)
		}
	}
	return words, nil
}

// scanner splits a line into words.
type scanner struct {
	line    string
	at      int // offset of the next byte
	skipped int // number of characters removed before line
	text    strings.Builder
	out     Word
}

// place returns the position of the character at a byte offset, which counts from 1.
func (s *scanner) place(at int) int { return s.skipped + len([]rune(s.line[:at])) + 1 }

// word reads the next word and the blank after it. found is false if there is no word.
func (s *scanner) word() (word Word, found bool, err error) {
	s.text.Reset()
	s.out = Word{}
	for ; s.at < len(s.line); s.at++ {
		switch c := s.line[s.at]; {
		case (c == '\n' || c == '\r' && lineBreak(s.line[s.at:]) == 0) && strings.Trim(s.line[s.at:], " \t\r\n") != "":
			return Word{}, false, fmt.Errorf("character %d is a line break, but no shell runs the command: "+
				`write one program as a list of words, such as ["rake", "db:migrate"], `+
				"several commands as sh -c 'first && second', or end the line with a backslash to continue it",
				s.place(s.at))
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.at++
			return s.end(found)
		case strings.IndexByte(operators, c) >= 0:
			return Word{}, false, fmt.Errorf("character %d is the shell operator %c, but no shell runs the command: "+
				"quote it, or use sh -c '…'", s.place(s.at), c)
		case c == '\'' || c == '"':
			end := ClosingQuote(s.line, s.at)
			if end < 0 {
				return Word{}, false, fmt.Errorf("the quote at character %d is not closed", s.place(s.at))
			}
			found = true
			s.quoted(s.line[s.at+1:end], c)
			s.at = end
		case c == '\\':
			if n := lineBreak(s.line[s.at+1:]); n > 0 { // the line continues
				s.at += n
				continue
			}
			if s.at++; s.at == len(s.line) {
				return Word{}, false, fmt.Errorf("nothing follows the backslash at the end")
			}
			found = true
			s.text.WriteByte(s.line[s.at])
		default:
			s.expansion(s.line[s.at:])
			s.out.Pattern = s.out.Pattern || strings.IndexByte("*?[~", c) >= 0 || c == '#' && !found
			found = true
			s.text.WriteByte(c)
		}
	}
	return s.end(found)
}

func (s *scanner) end(found bool) (Word, bool, error) {
	s.out.Text = s.text.String()
	return s.out, found, nil
}

// lineBreak returns the length of the line break at the start of text, or 0.
func lineBreak(text string) int {
	switch {
	case strings.HasPrefix(text, "\n"):
		return 1
	case strings.HasPrefix(text, "\r\n"):
		return 2
	}
	return 0
}

// ClosingQuote returns the index of the closing quote for the quote at i, or -1 if there is
// none. Inside double quotes, a backslash quotes the next character.
func ClosingQuote(line string, i int) int {
	quote := line[i]
	for i++; i < len(line); i++ {
		switch {
		case line[i] == quote:
			return i
		case line[i] == '\\' && quote == '"':
			i++
		}
	}
	return -1
}

// quoted adds the text between quotes to the word. Inside double quotes, a backslash quotes
// $ ` " \ and a line break; before any other character it stands for itself.
func (s *scanner) quoted(text string, quote byte) {
	for i := 0; i < len(text); i++ {
		if quote == '"' && text[i] == '\\' && i+1 < len(text) && strings.IndexByte("$`\"\\\n", text[i+1]) >= 0 {
			if i++; text[i] == '\n' {
				continue
			}
		} else if quote == '"' {
			s.expansion(text[i:])
		}
		s.text.WriteByte(text[i])
	}
}

// expansion records the expansion at the start of text, if the word has none before it.
func (s *scanner) expansion(text string) {
	if s.out.Expansion == "" {
		s.out.Expansion = Expansion(text)
	}
}

// Expansion returns the part at the start of text that a shell would expand, such as
// $HOME, ${A:-b}, $(date) or `date`. It is empty if there is none.
func Expansion(text string) string {
	if len(text) < 2 {
		return ""
	}
	closed := func(end string) string {
		if n := strings.Index(text[1:], end); n >= 0 {
			return text[:1+n+len(end)]
		}
		return ""
	}
	switch {
	case text[0] == '`':
		return closed("`")
	case text[0] != '$':
		return ""
	case text[1] == '{':
		return closed("}")
	case text[1] == '(':
		return closed(")")
	case strings.IndexByte("0123456789@*#?$!-", text[1]) >= 0:
		return text[:2]
	}
	n := 1
	for n < len(text) && (text[n] == '_' || isLetter(text[n]) || n > 1 && '0' <= text[n] && text[n] <= '9') {
		n++
	}
	if n == 1 {
		return ""
	}
	return text[:n]
}

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
