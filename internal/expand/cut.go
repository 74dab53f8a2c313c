package expand

import "strings"

type partKind uint8

const (
	partText partKind = iota
	partExpression
	partPlaceholder
)

// part is a piece of a string: text, or something to be replaced.
type part struct {
	kind   partKind
	text   string // the text, or what is between the braces
	source string // as it is written
	at     int    // bytes from the start of the string
	offset int    // bytes from there to text
}

// cut cuts a string at its expressions and, if they are asked for, its
// placeholders, and takes escapes for what they stand for. It returns nil if the
// string is nothing but text that stays as it is.
func cut(s string, placeholders bool) ([]part, *Error) {
	var parts []part
	var plain strings.Builder
	add := func(p part) {
		if plain.Len() > 0 {
			parts = append(parts, part{text: plain.String()})
			plain.Reset()
		}
		parts = append(parts, p)
	}
	escaped := false
	for at := 0; at < len(s); {
		rest := s[at:]
		if dollar := strings.IndexByte(rest, '$'); dollar != 0 {
			if dollar < 0 {
				dollar = len(rest)
			}
			plain.WriteString(rest[:dollar])
			at += dollar
			continue
		}
		if escape := escapeIn(rest); escape > 0 {
			plain.WriteString(rest[1:escape])
			at += escape
			escaped = true
			continue
		}
		p, err := partIn(rest, placeholders)
		if err != nil {
			err.at = at
			return nil, err
		}
		if p.kind == partText {
			plain.WriteByte('$')
			at++
			continue
		}
		p.at = at
		add(p)
		at += len(p.source)
	}
	if parts == nil && !escaped {
		return nil, nil
	}
	if plain.Len() > 0 || parts == nil {
		parts = append(parts, part{text: plain.String()})
	}
	return parts, nil
}

// escapeIn returns the length of the $${{ or $${ that s begins with, or 0.
func escapeIn(s string) int {
	for _, escape := range []string{"$${{", "$${"} {
		if strings.HasPrefix(s, escape) {
			return len(escape)
		}
	}
	return 0
}

// partIn returns what s begins with: an expression, a placeholder, or text.
func partIn(s string, placeholders bool) (part, *Error) {
	if strings.HasPrefix(s, "${{") {
		end := expressionEnd(s)
		if end < 0 {
			return part{}, &Error{Kind: Parsing, Message: "the expression is not closed: expected }} after " + shorten(s), Hint: "$${{ stands for ${{ in text"}
		}
		p := part{kind: partExpression, text: s[len("${{") : end-len("}}")], source: s[:end], offset: len("${{")}
		if strings.TrimSpace(p.text) == "" {
			return part{}, &Error{Kind: Parsing, Message: "expected an expression in " + p.source}
		}
		return p, nil
	}
	if !placeholders || !isPlaceholder(s) {
		return part{}, nil
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return part{}, &Error{Kind: Parsing, Message: "the placeholder is not closed: expected } after " + shorten(s), Hint: "$${ stands for ${ in text"}
	}
	return part{kind: partPlaceholder, text: s[len("${"):end], source: s[:end+1], offset: len("${")}, nil
}

// expressionEnd returns the length of the expression that s begins with, or -1
// if it has no end. Braces in its strings do not end it.
func expressionEnd(s string) int {
	quoted := false
	for i := len("${{"); i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], "}}"):
			return i + len("}}")
		}
	}
	return -1
}
