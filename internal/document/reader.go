package document

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on one text. They are far above the needs of any definition, and limit the time
// and the memory that a hostile text can take.
const (
	maxSize   = 1 << 20 // bytes
	maxDepth  = 100     // lists and maps inside each other
	maxNodes  = 250_000 // values and keys, counting those behind a YAML alias each time
	maxNumber = 1000    // digits and signs of a number
	maxFaults = 100     // faults reported of one text
)

const (
	byteOrderMark = "\ufeff"
	tooDeep       = "lists and maps are nested deeper than 100"
)

// A reader is what the parsers of both formats share: the text, and its faults and
// warnings.
type reader struct {
	text     string
	at       locator
	faults   []*Error
	warnings []Warning
	path     []step // of the value being read
	count    int    // nodes so far
	slab     []Node // allocated nodes that are not used yet
}

// A step is one part of a path: the key of a member, or the index of an item.
type step struct {
	key   string
	index int // -1 for a member
}

// where renders the path of the value being read.
func (r *reader) where() string {
	path := ""
	for _, s := range r.path {
		if s.index >= 0 {
			path = ItemPath(path, s.index)
		} else {
			path = MemberPath(path, s.key)
		}
	}
	return path
}

// found returns the word or character at an offset for a message.
func (r *reader) found(offset int) string {
	if offset >= len(r.text) {
		return "the end of the text"
	}
	if word := r.word(offset); word != "" {
		return fmt.Sprintf("%q", Shorten(word))
	}
	rest := r.text[offset:]
	if rest[0] == '"' {
		if end := strings.IndexAny(rest[1:], "\"\n"); end >= 0 {
			return Shorten(rest[:1+end]) + `"`
		}
	}
	c, _ := utf8.DecodeRuneInString(rest)
	return fmt.Sprintf("%q", string(c))
}

// word returns the run of letters, digits, signs and dots at an offset.
func (r *reader) word(offset int) string {
	end := offset
	for end < len(r.text) {
		c := r.text[end]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '+' || c == '-' ||
			c == '_') {
			break
		}
		end++
	}
	return r.text[offset:end]
}

// lfsPointer is the beginning of a file that stands for one in Git LFS
// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
const lfsPointer = "version https://git-lfs.github.com/spec/"

// open checks the size and the encoding of the text.
func (r *reader) open(text []byte) error {
	name := Place{Name: r.at.name}
	switch {
	case len(text) > maxSize:
		return &Error{Place: name, Message: fmt.Sprintf("the text has %d bytes: at most %d are supported", len(text),
			maxSize)}
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return &Error{Place: name, Message: "the text is UTF-16", Hint: "save it as UTF-8"}
	}
	r.text = string(text)
	r.at.text = r.text
	if strings.HasPrefix(r.text, byteOrderMark) {
		r.notice(0, "byte order mark ignored")
		r.text = r.text[len(byteOrderMark):]
		r.at.text = r.text
	}
	if i := invalidUTF8(r.text); i >= 0 {
		return &Error{Place: r.at.place(i), Message: fmt.Sprintf("byte %#02x is not valid UTF-8", r.text[i]),
			Hint: "save it as UTF-8"}
	}
	if strings.HasPrefix(r.text, lfsPointer) {
		return &Error{Place: r.at.place(0), Message: "the file is a Git LFS pointer, not the content",
			Hint: "git lfs pull, or lfs: true for actions/checkout"}
	}
	if i := strings.IndexByte(r.text, 0); i >= 0 {
		return &Error{Place: r.at.place(i), Message: "the text contains a NUL byte"}
	}
	return nil
}

// invalidUTF8 returns the place of the first byte that is not UTF-8, or -1.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, c := range s {
		if c == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return i
		}
	}
	return -1
}

// fault records a fault and reports whether there may be more.
func (r *reader) fault(e *Error) bool {
	r.faults = append(r.faults, e)
	return len(r.faults) < maxFaults
}

// err joins the faults in the order of the text.
func (r *reader) err() error {
	slices.SortStableFunc(r.faults, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Column, b.Place.Column))
	})
	errs := make([]error, 0, len(r.faults)+1)
	for _, fault := range r.faults {
		errs = append(errs, fault)
	}
	if len(errs) >= maxFaults {
		errs = append(errs, &Error{Place: r.faults[len(r.faults)-1].Place, Code: "more",
			Message: "there may be more: only the first 100 are reported"})
	}
	return errors.Join(errs...)
}

// notice records a notice at an offset, once for each message.
func (r *reader) notice(offset int, message string) {
	for _, w := range r.warnings {
		if w.Message == message {
			return
		}
	}
	r.warnings = append(r.warnings, Warning{Notice: true, Error: Error{Place: r.at.place(offset), Message: message}})
}

// node returns a new node; nil if there are too many, the first time with a fault.
func (r *reader) node(kind Kind, text string, place Place) *Node {
	if r.count > maxNodes {
		return nil
	}
	if r.count++; r.count > maxNodes {
		r.fault(&Error{Place: place, Message: fmt.Sprintf("the text has more than %d values and keys", maxNodes)})
		return nil
	}
	if len(r.slab) == 0 {
		r.slab = make([]Node, min(max(16, r.count), 256))
	}
	n := &r.slab[0]
	r.slab = r.slab[1:]
	n.Kind, n.Text, n.Place = kind, text, place
	return n
}

// duplicates records a fault for each key that a map has twice.
func (r *reader) duplicates(members []Member, path func() string) {
	const few = 12 // comparing is faster than hashing
	var seen map[string]*Node
	if len(members) > few {
		seen = make(map[string]*Node, len(members))
	}
	for i, m := range members {
		var first *Node
		if seen != nil {
			if first = seen[m.Key.Text]; first == nil {
				seen[m.Key.Text] = m.Key
			}
		} else {
			for _, before := range members[:i] {
				if before.Key.Text == m.Key.Text {
					first = before.Key
					break
				}
			}
		}
		if first != nil && !r.fault(&Error{
			Place: m.Key.Place, Path: MemberPath(path(), m.Key.Text), Code: "duplicate-key",
			Message: fmt.Sprintf("duplicate key %q, first written at %d:%d", Shorten(m.Key.Text), first.Place.Line,
				first.Place.Column),
		}) {
			return
		}
	}
}

// A locator returns the places of offsets. For offsets in ascending order it reads the text
// once.
type locator struct {
	name, text   string
	offset       int
	line, column int // of offset, counting from 0
}

// place returns the place of an offset in bytes.
func (l *locator) place(offset int) Place {
	if offset < l.offset {
		l.offset, l.line, l.column = 0, 0, 0
	}
	between := l.text[l.offset:offset]
	if i := strings.LastIndexByte(between, '\n'); i >= 0 {
		l.line += strings.Count(between, "\n")
		l.column = 0
		between = between[i+1:]
	}
	l.column += utf8.RuneCountInString(between)
	l.offset = offset
	return Place{Name: l.name, Line: l.line + 1, Column: l.column + 1}
}
