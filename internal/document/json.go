package document

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonParser is a recursive descent parser. Its methods return nil or false after a fault,
// which they record.
type jsonParser struct {
	*reader
	pos int
}

// fail records a syntax error at an offset.
func (p *jsonParser) fail(offset int, hint, format string, args ...any) bool {
	return p.fault(&Error{
		Place:   p.at.place(offset),
		Path:    p.where(),
		Message: fmt.Sprintf(format, args...),
		Hint:    hint,
	})
}

func (p *jsonParser) parse() []*Node {
	if !p.space() {
		return nil
	}
	if p.pos == len(p.text) {
		p.fail(0, "", "the text is empty: expected a JSON value")
		return nil
	}
	n := p.value()
	if n == nil || !p.space() {
		return nil
	}
	if p.pos < len(p.text) {
		hint := ""
		if c := p.text[p.pos]; c == '{' || c == '[' {
			hint = "write several definitions as one list: [{ … }, { … }]"
		}
		p.fail(p.pos, hint, "expected the end of the text, found %s", p.found(p.pos))
		return nil
	}
	return []*Node{n}
}

// space skips white space and comments.
func (p *jsonParser) space() bool {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		case '/':
			if !p.comment() {
				return false
			}
		default:
			return true
		}
	}
	return true
}

func (p *jsonParser) comment() bool {
	rest := p.text[p.pos:]
	switch {
	case strings.HasPrefix(rest, "//"):
		p.notice(p.pos, "comments ignored: JSON has no comments")
		if end := strings.IndexByte(rest, '\n'); end >= 0 {
			p.pos += end
		} else {
			p.pos = len(p.text)
		}
		return true
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			p.fail(p.pos, "", "the comment has no end: expected */")
			return false
		}
		p.notice(p.pos, "comments ignored: JSON has no comments")
		p.pos += 2 + end + 2
		return true
	}
	p.fail(p.pos, "", "expected a comment or a value, found %s", p.found(p.pos))
	return false
}

func (p *jsonParser) value() *Node {
	if !p.space() {
		return nil
	}
	start := p.pos
	if start == len(p.text) {
		p.fail(start, "", "expected a value, found the end of the text")
		return nil
	}
	switch c := p.text[start]; c {
	case '{', '[':
		if len(p.path) >= maxDepth {
			p.fault(&Error{Place: p.at.place(start), Message: tooDeep})
			return nil
		}
		if c == '{' {
			return p.object(p.at.place(start))
		}
		return p.array(p.at.place(start))
	case '"', '\'':
		place := p.at.place(start)
		text, ok := p.string()
		if !ok {
			return nil
		}
		return p.node(String, text, place)
	}
	if strings.HasPrefix(p.text[start:], "${{") {
		end := ExpressionEnd(p.text[start:])
		if end < 0 {
			p.fail(start, "", "the expression has no end: expected }}")
			return nil
		}
		p.pos += end
		return p.node(String, p.text[start:p.pos], p.at.place(start))
	}
	return p.literal()
}

func (p *jsonParser) literal() *Node {
	start, word := p.pos, p.word(p.pos)
	place := p.at.place(start)
	if word == "" {
		hint := ""
		if strings.HasPrefix(p.text[start:], "${") {
			hint = "quote it: \"${…}\""
		}
		p.fail(start, hint, "expected a value, found %s", p.found(p.pos))
		return nil
	}
	p.pos += len(word)
	switch word {
	case "true", "false":
		return p.node(Bool, word, place)
	case "null":
		return p.node(Null, "", place)
	}
	if len(word) > maxNumber {
		p.pos = start
		p.fail(start, "", "a number of %d characters: at most %d are supported", len(word), maxNumber)
		return nil
	}
	if isNumber(word) {
		return p.node(Number, word, place)
	}
	hint := fmt.Sprintf("quote it: %q", word)
	switch strings.ToLower(word) {
	case "true", "false", "null":
		hint = strings.ToLower(word)
	case "none", "nil", "undefined":
		hint = "null"
	}
	if !p.fail(start, hint, "expected a value, found %q, which is neither a number nor true, false or null",
		Shorten(word)) {
		return nil
	}
	return p.node(Null, "", place)
}

func (p *jsonParser) array(place Place) *Node {
	n := p.node(List, "", place)
	if n == nil {
		return nil
	}
	depth := len(p.path)
	p.pos++ // [
	for {
		p.path = p.path[:depth]
		end, ok := p.separator(']', len(n.Items) > 0)
		if !ok {
			return nil
		}
		if end {
			return n
		}
		p.path = append(p.path, step{index: len(n.Items)})
		item := p.value()
		if item == nil {
			return nil
		}
		n.Items = append(n.Items, item)
	}
}

func (p *jsonParser) object(place Place) *Node {
	n := p.node(Map, "", place)
	if n == nil {
		return nil
	}
	depth := len(p.path)
	p.pos++ // {
	for {
		p.path = p.path[:depth]
		end, ok := p.separator('}', len(n.Members) > 0)
		if !ok {
			return nil
		}
		if end {
			p.duplicates(n.Members, p.where)
			return n
		}
		key := p.key()
		if key == nil {
			return nil
		}
		p.path = append(p.path, step{key: key.Text, index: -1})
		if !p.space() {
			return nil
		}
		if p.pos == len(p.text) || p.text[p.pos] != ':' {
			p.fail(p.pos, "", "expected : after the key %q, found %s", Shorten(key.Text), p.found(p.pos))
			return nil
		}
		p.pos++
		value := p.value()
		if value == nil {
			return nil
		}
		n.Members = append(n.Members, Member{Key: key, Value: value})
	}
}

// separator reads the separator before the next entry of a list or map, or the
// closing bracket; end is true for the bracket. A trailing comma is accepted
// with a notice. A missing comma is a fault, after which parsing goes on.
func (p *jsonParser) separator(bracket byte, entries bool) (end, ok bool) {
	if !p.space() {
		return false, false
	}
	comma := -1
	if entries && p.pos < len(p.text) && p.text[p.pos] == ',' {
		comma = p.pos
		p.pos++
		if !p.space() {
			return false, false
		}
	}
	switch {
	case p.pos == len(p.text):
		p.fail(p.pos, "", "expected %c, found the end of the text", bracket)
		return false, false
	case p.text[p.pos] == bracket:
		if comma >= 0 {
			p.notice(comma, "trailing commas ignored: JSON does not allow them")
		}
		p.pos++
		return true, true
	case entries && comma < 0:
		if c := p.text[p.pos]; c != '"' && c != '{' {
			hint := ""
			if strings.HasSuffix(strings.TrimRight(p.text[:p.pos], " "), "}}") {
				hint = `an expression with text around it is quoted: "${{ … }}…"`
			}
			p.fail(p.pos, hint, "expected , or %c, found %s", bracket, p.found(p.pos))
			return false, false
		}
		return false, p.fail(p.pos, "", "expected , or %c, found %s: a comma is missing before it", bracket,
			p.found(p.pos))
	}
	return false, true
}

// key reads the key of a member. A key without quotes is a fault, after which
// parsing goes on.
func (p *jsonParser) key() *Node {
	start, place := p.pos, p.at.place(p.pos)
	if c := p.text[start]; c == '"' || c == '\'' {
		text, ok := p.string()
		if !ok {
			return nil
		}
		return p.node(String, text, place)
	}
	word := p.word(p.pos)
	if word == "" {
		p.fail(start, "", "expected a key in double quotes, found %s", p.found(p.pos))
		return nil
	}
	if !p.fail(start, fmt.Sprintf("%q", Shorten(word)), "expected a key in double quotes, found %q", Shorten(word)) {
		return nil
	}
	p.pos += len(word)
	return p.node(String, word, place)
}

// string reads a string. Single quotes are a fault, after which parsing goes on.
func (p *jsonParser) string() (string, bool) {
	start, quote := p.pos, p.text[p.pos]
	if quote == '\'' && !p.fail(start, `"…"`, "expected double quotes around a string, found a single one") {
		return "", false
	}
	p.pos++
	var decoded strings.Builder // used from the first escape on
	from := p.pos
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == quote:
			s := p.text[from:p.pos]
			p.pos++
			if decoded.Len() > 0 {
				decoded.WriteString(s)
				s = decoded.String()
			}
			return s, true
		case c == '\\':
			decoded.WriteString(p.text[from:p.pos])
			if !p.escape(&decoded) {
				return "", false
			}
			from = p.pos
		case c == '\n':
			p.fail(start, `a line break inside a string is written \n`, "the string is not closed on its line")
			return "", false
		case c == '\t':
			p.notice(p.pos, `tabs inside strings accepted: JSON requires \t`)
			p.pos++
		case c < ' ':
			if !p.fail(p.pos, fmt.Sprintf(`\u%04x`, c), "the string contains a control character") {
				return "", false
			}
			p.pos++
		default:
			p.pos++
		}
	}
	p.fail(start, "", "the string has no end: expected %c", quote)
	return "", false
}

// escapes maps the letter of each two-character escape of JSON to its character.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads the escape at the current offset. An unknown escape is a fault,
// after which parsing goes on.
func (p *jsonParser) escape(into *strings.Builder) bool {
	start := p.pos
	rest := p.text[start:]
	if len(rest) < 2 {
		p.fail(start, "", "the string has no end")
		return false
	}
	if c, known := escapes[rest[1]]; known {
		into.WriteByte(c)
		p.pos += 2
		return true
	}
	if rest[1] != 'u' {
		c, size := utf8.DecodeRuneInString(rest[1:])
		p.pos += 1 + size
		into.WriteRune(c)
		return p.fail(start, fmt.Sprintf(`a backslash itself is written \\%c`, c), `\%c is not an escape of JSON`, c)
	}
	c, ok := hex4(rest[2:])
	p.pos += 2
	if !ok {
		into.WriteByte('u')
		return p.fail(start, "", `expected four hexadecimal digits after \u`)
	}
	p.pos += 4
	if utf16.IsSurrogate(c) {
		low, ok := rune(0), false
		if strings.HasPrefix(p.text[p.pos:], `\u`) {
			low, ok = hex4(p.text[p.pos+2:])
		}
		pair := utf16.DecodeRune(c, low)
		if !ok || pair == utf8.RuneError {
			into.WriteRune(utf8.RuneError)
			return p.fail(start, "", `\u%04x is half of a surrogate pair: the other half must follow`, c)
		}
		p.pos += 6
		c = pair
	}
	into.WriteRune(c)
	return true
}
