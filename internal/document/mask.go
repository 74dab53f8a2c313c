package document

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Characters that the library would misread, and the characters of the private use area that
// replace them while it reads the text, in the same order. Each one replaces one, so that
// columns do not change. In an expression they are those that end a plain scalar or begin a
// comment. Everywhere they are those that ended a line before YAML 1.2, and the backslash of
// a \uD83D, half of a character, as JSON writes those above U+FFFF.
const (
	syntaxChars  = "{}[],:#"
	yaml11Breaks = "\u0085\u2028\u2029"

	firstMask  = '\uf8f0'
	firstBreak = firstMask + rune(len(syntaxChars))
	halfMask   = firstBreak + 3
)

// mask replaces the characters that the library would misread. It does not change a text
// that has one of the replacements.
func mask(text string) string {
	expressions, halves := strings.Contains(text, "${"), strings.Contains(text, `\u`)
	breaks := strings.Contains(text, "\u0085") || strings.Contains(text, "\u2028") || strings.Contains(text, "\u2029")
	if !expressions && !halves && !breaks || strings.ContainsFunc(text, isMask) {
		return text
	}
	if expressions {
		text = maskExpressions(text)
	}
	if halves {
		text = maskHalves(text)
	}
	if breaks {
		text = strings.NewReplacer("\u0085", string(firstBreak), "\u2028", string(firstBreak+1), "\u2029",
			string(firstBreak+2)).Replace(text)
	}
	return text
}

// maskExpressions replaces characters in each ${{ … }} and ${name.…} on one line, so that
// these need no quotes.
func maskExpressions(text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i:]
		n := expressionLength(text)
		for _, c := range text[:n] {
			if at := strings.IndexRune(syntaxChars, c); at >= 0 {
				c = firstMask + rune(at)
			}
			b.WriteRune(c)
		}
		text = text[n:]
	}
}

// maskHalves replaces the backslash of each half of a character. A backslash after another
// one begins no escape.
func maskHalves(text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for {
		i := strings.IndexByte(text, '\\')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i+1:]
		if c, ok := hex4(strings.TrimPrefix(text, "u")); ok && text[0] == 'u' && utf16.IsSurrogate(c) {
			b.WriteRune(halfMask)
			continue
		}
		b.WriteByte('\\')
		if strings.HasPrefix(text, `\`) {
			b.WriteByte('\\')
			text = text[1:]
		}
	}
}

// joinHalves joins the halves of characters in a text of double quotes. alone is the first
// half without its other half.
func joinHalves(s string) (joined, alone string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, string(halfMask))
		b.WriteString(before)
		if !found {
			return b.String(), ""
		}
		const half = len("ud83d")
		high, _ := hex4(after[1:])
		low, found := strings.CutPrefix(after[half:], string(halfMask)+"u")
		if !found {
			return "", `\` + after[:half]
		}
		second, _ := hex4(low)
		c := utf16.DecodeRune(high, second)
		if c == utf8.RuneError {
			return "", `\` + after[:half]
		}
		b.WriteRune(c)
		s = low[half-1:]
	}
}

// expressionLength returns the length of the expression or placeholder with which s begins, or 1 if
// it does not end on the line.
func expressionLength(s string) int {
	end := -1
	if strings.HasPrefix(s, "${{") {
		end = ExpressionEnd(s)
	} else if i := strings.IndexByte(s, '}'); i > 0 &&
		strings.Trim(s[2:i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == "" {
		end = i + 1
	}
	if end < 0 || strings.ContainsRune(s[:end], '\n') {
		return len("$")
	}
	return end
}

func isMask(c rune) bool {
	return firstMask <= c && c <= halfMask
}

// unmask undoes mask in a part of the text.
func unmask(s string) string {
	if !strings.ContainsFunc(s, isMask) {
		return s
	}
	return strings.Map(func(c rune) rune {
		switch {
		case !isMask(c):
			return c
		case c == halfMask:
			return '\\'
		case c >= firstBreak:
			return []rune(yaml11Breaks)[c-firstBreak]
		}
		return rune(syntaxChars[c-firstMask])
	}, s)
}
