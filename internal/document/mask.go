package document

import "strings"

// The characters that end a plain scalar of YAML or begin a comment, and what
// stands for each of them inside an expression while the library reads the
// text: a character of the private use area each, so that columns stay.
const (
	meaningful = "{}[],:#"
	firstMask  = '\uf8f0'
	lastMask   = firstMask + rune(len(meaningful)) - 1
)

// maskExpressions hides what YAML would misread inside the ${{ … }} and the
// ${name.…} that begin and end on one line, so that they need no quotes.
func maskExpressions(text string) string {
	if !strings.Contains(text, "${") || strings.ContainsFunc(text, isMask) {
		return text
	}
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

// spanOf returns the length of the expression that s begins with, or of its
// first two characters if it has none that ends on the line.
func spanOf(s string) int {
	end := -1
	if strings.HasPrefix(s, "${{") {
		end = expressionEnd(s)
	} else if i := strings.IndexByte(s, '}'); i > 0 && strings.Trim(s[2:i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == "" {
		end = i + 1
	}
	if end < 0 || strings.ContainsRune(s[:end], '\n') {
		return len("$")
	}
	return end
}

func isMask(c rune) bool {
	return firstMask <= c && c <= lastMask
}

// unmask undoes maskExpressions in a piece of the text.
func (p *yamlParser) unmask(s string) string {
	if !p.masked || !strings.ContainsFunc(s, isMask) {
		return s
	}
	return strings.Map(func(c rune) rune {
		if isMask(c) {
			return rune(meaningful[c-firstMask])
		}
		return c
	}, s)
}
