// Package shellwords splits a command line into words as a POSIX shell does, and
// finds commands in which a shell gets its script in several words, of which it
// runs only the first.
//
// It expands nothing and runs nothing. It is a parser of our own since it has to
// refuse what only a shell can do, with its place: google/shlex takes operators
// and line breaks for parts of words and # for a comment, and mvdan.cc/sh reads
// the whole language, of which all but the words would have to be refused again.
package shellwords

import (
	"fmt"
	"strings"
)

// A Word is one word of a command line.
type Word struct {
	Text string // without its quotes and backslashes

	// Expansion is the first part outside single quotes that a shell would
	// replace, as written: $HOME, ${A}, $(date) or `date`. Empty if there is none.
	Expansion string

	// Pattern reports whether a shell would do more with an unquoted character of
	// the word: replace * ? [ or ~, or begin a comment with #.
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

// operators are what a shell takes for more than a part of a word.
const operators = "|&;<>()"

// Split splits a line into words by blanks, quotes and backslashes. Nothing is
// expanded, and what only a shell could do is an error: an operator, and a line
// break outside of quotes with more after it, unless a backslash stands before it.
// The error names the place and quotes nothing of the line, which may be secret.
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

// scanner reads words from a line.
type scanner struct {
	line    string
	at      int // the next byte
	skipped int // characters before line
	text    strings.Builder
	out     Word
}

// place counts the characters before a byte, from 1.
func (s *scanner) place(at int) int { return s.skipped + len([]rune(s.line[:at])) + 1 }

// word reads the next word and the blank after it; it reports whether there is one.
func (s *scanner) word() (word Word, found bool, err error) {
	s.text.Reset()
	s.out = Word{}
	for ; s.at < len(s.line); s.at++ {
		switch c := s.line[s.at]; {
		case (c == '\n' || c == '\r' && lineBreak(s.line[s.at:]) == 0) && strings.Trim(s.line[s.at:], " \t\r\n") != "":
			return Word{}, false, fmt.Errorf("character %d is a line break, which ends a command in a shell, "+
				"and there is no shell: "+
				`give one program as the list of its words, as in ["rake", "db:migrate"], run several `+
				`commands as in sh -c 'first && second', `+
				`or continue the line by a backslash at its end`, s.place(s.at))
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.at++
			return s.end(found)
		case strings.IndexByte(operators, c) >= 0:
			return Word{}, false, fmt.Errorf("character %d is the shell operator %c, and there is no shell: "+
				"quote it, or run one as in sh -c '…'", s.place(s.at), c)
		case c == '\'' || c == '"':
			end := Closing(s.line, s.at)
			if end < 0 {
				return Word{}, false, fmt.Errorf("the quote at character %d is not closed", s.place(s.at))
			}
			found = true
			s.quoted(s.line[s.at+1:end], c)
			s.at = end
		case c == '\\':
			if n := lineBreak(s.line[s.at+1:]); n > 0 { // which continues the line
				s.at += n
				continue
			}
			if s.at++; s.at == len(s.line) {
				return Word{}, false, fmt.Errorf("a backslash at the end has nothing to quote")
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

// lineBreak returns the length of the line break that a text begins with, or 0.
func lineBreak(text string) int {
	switch {
	case strings.HasPrefix(text, "\n"):
		return 1
	case strings.HasPrefix(text, "\r\n"):
		return 2
	}
	return 0
}

// Closing returns where the quote that opens at i is closed, -1 if it is not.
// Between double quotes a backslash quotes the character after it.
func Closing(line string, i int) int {
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

// quoted takes in what stands between quotes: between double ones a backslash
// quotes $ ` " \ and the end of a line, and is itself before anything else.
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

// expansion takes in what a shell would replace at the beginning of a text, if it
// is the first such part of the word.
func (s *scanner) expansion(text string) {
	if s.out.Expansion == "" {
		s.out.Expansion = Expansion(text)
	}
}

// Expansion returns the part at the beginning of a text that a shell replaces,
// such as $HOME, ${A:-b}, $(date) or `date`; empty if there is none.
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
