package document

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// What the library would misread, and the characters of the private use area
// that stand for it while it reads the text, in the same order: one for one, so
// that columns stay. Inside an expression it is what ends a plain scalar or
// begins a comment. Everywhere it is what ended a line before YAML 1.2, and the
// backslash of a \uD83D that is half of a character, as JSON writes those above
// U+FFFF.
const (
	meaningful = "{}[],:#"
	oldBreaks  = "\u0085\u2028\u2029"

	firstMask  = '\uf8f0'
	firstBreak = firstMask + rune(len(meaningful))
	halfMask   = firstBreak + 3
)

// mask hides from the library what it would misread. A text that holds one of
// the characters that would stand for it is left alone.
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

// maskExpressions hides what is inside the ${{ … }} and the ${name.…} that
// begin and end on one line, so that they need no quotes.
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
		n := spanOf(text)
		for _, c := range text[:n] {
			if at := strings.IndexRune(meaningful, c); at >= 0 {
				c = firstMask + rune(at)
			}
			b.WriteRune(c)
		}
		text = text[n:]
	}
}

// maskHalves hides the backslash of each half of a character. One after another
// backslash is that one's text.
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

// joinHalves makes characters of the halves in a text of double quotes. The
// text it returns as its second value is the first half that has no other.
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

// spanOf returns the length of the expression that s begins with, or of its
// first two characters if it has none that ends on the line.
func spanOf(s string) int {
	end := -1
	if strings.HasPrefix(s, "${{") {
		end = expressionEnd(s)
	} else if i := strings.IndexByte(s,
		'}'); i > 0 && strings.Trim(s[2:i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == "" {
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

// unmask undoes mask in a piece of the text.
func (p *yamlParser) unmask(s string) string {
	if !p.masked || !strings.ContainsFunc(s, isMask) {
		return s
	}
	return strings.Map(func(c rune) rune {
		switch {
		case !isMask(c):
			return c
		case c == halfMask:
			return '\\'
		case c >= firstBreak:
			return []rune(oldBreaks)[c-firstBreak]
		}
		return rune(meaningful[c-firstMask])
	}, s)
}
