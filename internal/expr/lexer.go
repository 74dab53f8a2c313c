package expr

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenNone       tokenKind = iota // before the first token
	tokenStartGroup                  // ( of a group
	tokenStartCall                   // ( of a function call
	tokenStartIndex                  // [
	tokenEndGroup                    // ) of a group
	tokenEndCall                     // ) of a function call
	tokenEndIndex                    // ]
	tokenComma                       // ,
	tokenDot                         // .
	tokenStar                        // *
	tokenOperator                    // ! == != < <= > >= && ||
	tokenLiteral                     // null, true, 1, 'text'
	tokenProperty                    // a name after a dot
	tokenFunction                    // a name before a parenthesis
	tokenName                        // any other name
	tokenEnd                         // after the last token
)

type token struct {
	kind  tokenKind
	text  string // as it is written
	at    int    // bytes from the start of the expression
	value any    // of a literal
}

// lexer splits an expression into tokens. It knows which token may follow which, so that
// its tokens nest properly and every operator has its operands. Only the end may come too
// early.
type lexer struct {
	source string
	at     int // in bytes
	last   tokenKind
	open   []tokenKind // the parentheses and brackets not closed yet
}

// next returns the next token, tokenEnd after the last one.
func (l *lexer) next() (token, *Error) {
	l.skipSpace()
	if l.at == len(l.source) {
		return token{kind: tokenEnd, at: l.at}, nil
	}
	t, known := l.scan()
	if !known {
		return t, l.fault(Lexing, "Unexpected symbol", t)
	}
	if !l.fits(t) {
		return t, l.fault(Parsing, "Unexpected symbol", t)
	}
	switch t.kind {
	case tokenStartGroup, tokenStartCall, tokenStartIndex:
		l.open = append(l.open, t.kind)
	case tokenEndGroup, tokenEndCall, tokenEndIndex:
		l.open = l.open[:len(l.open)-1]
	}
	l.last = t.kind
	return t, nil
}

// scan reads the token at l.at, and reports whether the language has it.
func (l *lexer) scan() (token, bool) {
	switch c := l.source[l.at]; c {
	case '(':
		if l.last == tokenFunction {
			return l.take(tokenStartCall, 1), true
		}
		return l.take(tokenStartGroup, 1), true
	case ')':
		if l.innermost() == tokenStartCall {
			return l.take(tokenEndCall, 1), true
		}
		return l.take(tokenEndGroup, 1), true
	case '[':
		return l.take(tokenStartIndex, 1), true
	case ']':
		return l.take(tokenEndIndex, 1), true
	case ',':
		return l.take(tokenComma, 1), true
	case '*':
		return l.take(tokenStar, 1), true
	case '\'':
		return l.text()
	case '!', '<', '>', '=', '&', '|':
		return l.operator()
	case '.':
		if l.wantsOperand() {
			return l.number()
		}
		return l.take(tokenDot, 1), true
	case '+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return l.number()
	}
	return l.word()
}

// take returns the token of the next n bytes.
func (l *lexer) take(kind tokenKind, n int) token {
	t := token{kind: kind, text: l.source[l.at : l.at+n], at: l.at}
	l.at += n
	return t
}

func (l *lexer) operator() (token, bool) {
	rest := l.source[l.at:]
	if len(rest) > 1 {
		switch rest[:2] {
		case "!=", ">=", "<=", "==", "&&", "||":
			return l.take(tokenOperator, 2), true
		}
	}
	switch rest[0] {
	case '!', '<', '>':
		return l.take(tokenOperator, 1), true
	}
	return l.take(tokenNone, 1+upToBoundary(rest[1:], false)), false
}

// text reads a string in single quotes. Two quotes in it are one.
func (l *lexer) text() (token, bool) {
	rest := l.source[l.at+1:]
	for i := 0; i < len(rest); i++ {
		if rest[i] != '\'' {
			continue
		}
		if i+1 < len(rest) && rest[i+1] == '\'' {
			i++
			continue
		}
		t := l.take(tokenLiteral, i+2)
		t.value = strings.ReplaceAll(rest[:i], "''", "'")
		return t, true
	}
	return l.take(tokenNone, 1+len(rest)), false
}

func (l *lexer) number() (token, bool) {
	t := l.take(tokenLiteral, 1+upToBoundary(l.source[l.at+1:], true))
	n := parseNumber(t.text)
	t.value = n
	return t, n == n
}

// word reads a keyword, a property, or the name of a function or a context.
func (l *lexer) word() (token, bool) {
	_, first := utf8.DecodeRuneInString(l.source[l.at:])
	t := l.take(tokenName, first+upToBoundary(l.source[l.at+first:], false))
	if !isName(t.text) {
		return t, false
	}
	if l.last == tokenDot {
		t.kind = tokenProperty
		return t, true
	}
	if value, is := keyword(t.text); is {
		t.kind, t.value = tokenLiteral, value
		return t, true
	}
	if rest := strings.TrimLeftFunc(l.source[l.at:], unicode.IsSpace); strings.HasPrefix(rest, "(") {
		t.kind = tokenFunction
	}
	return t, true
}

// fits reports whether the token may follow the last one, inside of the open parentheses.
func (l *lexer) fits(t token) bool {
	switch t.kind {
	case tokenStartGroup, tokenLiteral, tokenFunction, tokenName:
		return l.wantsOperand()
	case tokenOperator:
		if t.text == "!" {
			return l.wantsOperand()
		}
		return l.hasOperand()
	case tokenStartCall:
		return l.last == tokenFunction
	case tokenStartIndex, tokenDot:
		return l.hasOperand() && l.last != tokenLiteral
	case tokenStar:
		return l.last == tokenStartIndex || l.last == tokenDot
	case tokenProperty:
		return l.last == tokenDot
	case tokenEndGroup:
		return l.hasOperand() && l.innermost() == tokenStartGroup
	case tokenEndIndex:
		return l.hasOperand() && l.innermost() == tokenStartIndex
	case tokenEndCall:
		return l.hasOperand() || l.last == tokenStartCall
	case tokenComma:
		return l.hasOperand() && l.innermost() == tokenStartCall
	}
	return false
}

// wantsOperand reports whether an operand must come next.
func (l *lexer) wantsOperand() bool {
	switch l.last {
	case tokenNone, tokenComma, tokenStartGroup, tokenStartCall, tokenStartIndex, tokenOperator:
		return true
	}
	return false
}

// hasOperand reports whether an operand has just ended.
func (l *lexer) hasOperand() bool {
	switch l.last {
	case tokenEndGroup, tokenEndCall, tokenEndIndex, tokenStar, tokenLiteral, tokenProperty, tokenName:
		return true
	}
	return false
}

func (l *lexer) innermost() tokenKind {
	if len(l.open) == 0 {
		return tokenNone
	}
	return l.open[len(l.open)-1]
}

func (l *lexer) skipSpace() {
	l.at = len(l.source) - len(strings.TrimLeftFunc(l.source[l.at:], unicode.IsSpace))
}

// fault returns an error at a token in the words of GitHub's runner.
func (l *lexer) fault(kind Kind, what string, t token) *Error {
	return located(kind, what, t, l.source)
}

// upToBoundary counts the bytes before the first character that ends a word, or, if dots is
// true, a number.
func upToBoundary(s string, dots bool) int {
	i := strings.IndexFunc(s, func(r rune) bool {
		switch r {
		case '(', '[', ')', ']', ',', '!', '>', '<', '=', '&', '|':
			return true
		case '.':
			return !dots
		}
		return unicode.IsSpace(r)
	})
	if i < 0 {
		return len(s)
	}
	return i
}

// isName reports whether s may be the name of a context, a function or, without
// quotes, a property.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// located returns an error at a token in the words of GitHub's runner.
func located(kind Kind, what string, t token, source string) *Error {
	position := utf16Length(source[:t.at]) + 1
	return &Error{
		Kind:     kind,
		Message:  fmt.Sprintf("%s: '%s'. Located at position %d within expression: %s", what, t.text, position, source),
		Position: position,
		Offset:   t.at,
	}
}

// keyword returns the value of a word that is a literal. Case counts.
func keyword(word string) (any, bool) {
	switch word {
	case "null":
		return nil, true
	case "true":
		return true, true
	case "false":
		return false, true
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	}
	return nil, false
}

// utf16Length counts UTF-16 code units, as GitHub's runner does.
func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}
