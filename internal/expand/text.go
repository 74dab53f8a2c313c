package expand

import (
	"strings"
	"unicode/utf8"
)

// text is a string under construction that stops growing at a limit.
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
