package expand

import (
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

type partKind uint8

const (
	partText partKind = iota
	partExpression
	partPlaceholder
)

// part is a part of a string: text, an expression or a placeholder.
type part struct {
	kind   partKind
	text   string // the text, or what is between the braces
	source string // as it is written
	at     int    // bytes from the start of the string
	offset int    // bytes from there to text
}

// cut splits a string at its expressions and, if placeholders is true, its placeholders, and
// replaces escapes. It returns nil if there is nothing to replace.
func cut(s string, placeholders bool) ([]part, *expr.Error) {
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
			err.Offset = at
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

// escapeIn returns the length of the $${{ or $${ with which s begins, or 0.
func escapeIn(s string) int {
	for _, escape := range []string{"$${{", "$${"} {
		if strings.HasPrefix(s, escape) {
			return len(escape)
		}
	}
	return 0
}

// partIn returns the expression or the placeholder with which s begins, or text.
func partIn(s string, placeholders bool) (part, *expr.Error) {
	if strings.HasPrefix(s, "${{") {
		end := document.ExpressionEnd(s)
		if end < 0 {
			return part{}, &expr.Error{Kind: expr.Parsing,
				Message: "the expression is not closed: expected }} after " + shorten(s), Hint: "$${{ stands for ${{ in text"}
		}
		p := part{kind: partExpression, text: s[len("${{") : end-len("}}")], source: s[:end], offset: len("${{")}
		if strings.TrimSpace(p.text) == "" {
			return part{}, &expr.Error{Kind: expr.Parsing, Message: "expected an expression in " + p.source}
		}
		return p, nil
	}
	if !placeholders || !isPlaceholder(s) {
		return part{}, nil
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return part{}, &expr.Error{Kind: expr.Parsing,
			Message: "the placeholder is not closed: expected } after " + shorten(s), Hint: "$${ stands for ${ in text"}
	}
	return part{kind: partPlaceholder, text: s[len("${"):end], source: s[:end+1], offset: len("${")}, nil
}

// shorten cuts a long expression.
func shorten(source string) string {
	const most = 120
	if len(source) <= most {
		return source
	}
	return strings.ToValidUTF8(source[:most], "") + "…"
}
