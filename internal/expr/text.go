package expr

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// text builds a string up to a limit of memory.
type text struct {
	strings.Builder
	limit int // of size
	size  int // bytes of memory, as GitHub counts: two for each character
	full  bool
}

// write adds s, or nothing if the limit has been or would be exceeded.
func (t *text) write(s string) {
	if t.full {
		return
	}
	size := 2 * utf8.RuneCountInString(s)
	if size > t.limit-t.size {
		t.full = true
		return
	}
	t.size += size
	t.WriteString(s)
}

// upper returns s in upper case for comparisons: character by character, except those
// outside of ASCII that would become ASCII letters.
func upper(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'a' && c <= 'z' || c >= utf8.RuneSelf {
			return strings.Map(upperRune, s)
		}
	}
	return s
}

func upperRune(r rune) rune {
	if r == 'ı' || r == 'ſ' {
		return r
	}
	return unicode.ToUpper(r)
}

// compareUTF16 orders strings by their UTF-16 code units.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			return orderUTF16(x, y)
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}

// orderUTF16 orders two different characters by their first code unit, or by the second if
// the first is the same.
func orderUTF16(x, y rune) int {
	first := func(r rune) rune {
		if high, _ := utf16.EncodeRune(r); high != unicode.ReplacementChar {
			return high
		}
		return r
	}
	if a, b := first(x), first(y); a != b {
		return int(a - b)
	}
	return int(x - y)
}
