package document

import (
	"slices"
	"strings"
)

// Shorten cuts a text to its first 60 characters, with an ellipsis if it was longer.
func Shorten(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// Quote returns s as a JSON string.
func Quote(s string) string { return string(appendString(nil, s)) }

// QuoteList returns the texts as a list of JSON strings.
func QuoteList(texts []string) string {
	list := Node{Kind: List}
	for _, text := range texts {
		list.Items = append(list.Items, &Node{Kind: String, Text: text})
	}
	return string(list.JSON())
}

// Brief returns a hint, or "" if it has more than 400 bytes and is too long to be pasted.
func Brief(hint string) string {
	if len(hint) > 400 {
		return ""
	}
	return hint
}

// Keys lists the keys of members for a message, separated by commas, each key once.
func Keys(members []Member) string {
	var keys []string
	for _, m := range members {
		if key := Shorten(m.Key.Text); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ", ")
}

// ExpressionEnd returns the length of the ${{ … }} with which s begins, or -1 if it has no
// end. A }} inside of a '…' literal does not end it.
func ExpressionEnd(s string) int {
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

// isNumber reports whether s is a number in JSON.
func isNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, "0") {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		if !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}

// hex4 reads the four hexadecimal digits with which s begins.
func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	c := rune(0)
	for i := range 4 {
		digit := strings.IndexByte(hexDigits, s[i]|0x20)
		if digit < 0 || s[i] < '0' {
			return 0, false
		}
		c = c<<4 | rune(digit)
	}
	return c, true
}
