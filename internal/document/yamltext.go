package document

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits on YAML text besides those on every text. The library needs many times the memory
// of each mark, and compares each directive with all earlier ones.
const (
	maxYAMLMarks      = 100_000 // line breaks and characters with a meaning
	maxYAMLDirectives = 1000    // lines that begin with a percent sign
)

// A yamlParser converts the nodes of the YAML library. Its methods return nil after a fault,
// which they record.
type yamlParser struct {
	*reader
	masked  bool             // mask has replaced characters
	anchors map[string]*Node // of the document being read
	lines   []int            // offsets of the lines as the library counts them
	cursor  cursor           // at the last result of offset
	depth   int              // of lists and maps that are open
}

// A cursor is a place as the library counts it, with its offset in the text.
type cursor struct{ line, column, offset int }

// isEmpty reports whether a document has no content.
func isEmpty(document *yaml.Node) bool {
	if len(document.Content) == 0 {
		return true
	}
	body := document.Content[0]
	return isAbsent(body) && body.Anchor == "" && !isTagged(body)
}

// isAbsent reports whether n is the scalar that stands for no text at all.
func isAbsent(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && !isQuoted(n)
}

func isQuoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// isTagged reports whether the tag of n is in the text, and not added by the library.
func isTagged(n *yaml.Node) bool {
	return n.Style&yaml.TaggedStyle != 0 || n.Tag == "!"
}

// withinLimits reports whether the text is within the limits for the library.
func (p *yamlParser) withinLimits() bool {
	if strings.Count(p.text, "\n%") > maxYAMLDirectives {
		p.fault(&Error{Place: Place{Name: p.at.name},
			Message: fmt.Sprintf("the text has more than %d directives", maxYAMLDirectives)})
		return false
	}
	marks := 0
	for i := range len(p.text) {
		switch p.text[i] {
		case '\n', '[', ']', '{', '}', ',', ':', '-', '?', '&', '*', '!', '#', '\'', '"', '%', '|', '>', '@', '`':
			if marks++; marks > maxYAMLMarks {
				p.fault(&Error{Place: p.at.place(i),
					Message: fmt.Sprintf("the text has more than %d line breaks and special characters", maxYAMLMarks)})
				return false
			}
		}
	}
	return true
}

// lineStarts returns the offset of each line. The library ends a line at a carriage return
// without a line feed too, other than the places in messages.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' && !strings.HasPrefix(text[i+1:], "\n") {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// offset returns the offset of a place of the library. For places in ascending order it
// reads the text once.
func (p *yamlParser) offset(line, column int) int {
	if line > len(p.lines) {
		return len(p.text)
	}
	line = max(line, 1)
	c := &p.cursor
	if line != c.line || column < c.column {
		*c = cursor{line: line, column: 1, offset: p.lines[line-1]}
	}
	for c.column < column && c.offset < len(p.text) && p.text[c.offset] != '\n' {
		_, n := utf8.DecodeRuneInString(p.text[c.offset:])
		c.column++
		c.offset += n
	}
	return c.offset
}

// start returns the offsets of a node and of its tag: the library's place of a node is that
// of its tag or anchor, if it has one.
func (p *yamlParser) start(n *yaml.Node) (node, tag int) {
	node = p.offset(n.Line, n.Column)
	tag = node
	properties := 0
	if n.Anchor != "" {
		properties++
	}
	if isTagged(n) {
		properties++
	}
	for range properties {
		node = p.skipBlanks(node)
		if strings.HasPrefix(p.text[node:], "!") {
			tag = node
		}
		length := strings.IndexAny(p.text[node:], " \t\r\n,[]{}")
		if strings.HasPrefix(p.text[node:], "!<") {
			length = strings.IndexByte(p.text[node:], '>') + 1
		}
		if length < 0 {
			return len(p.text), tag
		}
		node += length
	}
	if properties > 0 && !isAbsent(n) {
		node = p.skipBlanks(node)
	}
	return node, tag
}

// skipBlanks returns the offset after the blanks, line ends and comments at an offset.
func (p *yamlParser) skipBlanks(offset int) int {
	for {
		rest := strings.TrimLeft(p.text[offset:], " \t\r\n")
		offset = len(p.text) - len(rest)
		if !strings.HasPrefix(rest, "#") {
			return offset
		}
		end := strings.IndexAny(rest, "\r\n")
		if end < 0 {
			return len(p.text)
		}
		offset += end
	}
}

func (p *yamlParser) place(n *yaml.Node) Place {
	offset, _ := p.start(n)
	return p.at.place(offset)
}

// fail records a fault of the current value.
func (p *yamlParser) fail(place Place, hint, format string, args ...any) {
	p.fault(&Error{Place: place, Path: p.where(), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// syntax records an error of the library.
func (p *yamlParser) syntax(err error) {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		p.fault(&Error{Place: p.at.place(0), Message: fmt.Sprintf("not YAML: %.200s", p.unmask(err.Error()))})
		return
	}
	if e.Stage == yaml.ReaderStage {
		p.forbidden()
		return
	}
	if e.Message == tooDeep {
		p.fault(&Error{Place: p.at.place(p.offset(e.Mark.Line, e.Mark.Column)), Message: tooDeep})
		return
	}
	at, message, hint := p.explain(e)
	if strings.HasPrefix(p.text[at:], "\t") || strings.Contains(e.Message, "tab character") {
		message, hint = "YAML does not allow a tab for indentation", "indent with spaces"
	}
	p.fault(&Error{Place: p.at.place(at), Message: "not YAML: " + message, Hint: hint})
}

// explain returns the offset of an error of the library, a message in place of its own, and
// a hint.
func (p *yamlParser) explain(e *yaml.LoadError) (at int, message, hint string) {
	at, opened := p.offset(e.Mark.Line, e.Mark.Column), p.offset(e.ContextMark.Line, e.ContextMark.Column)
	begins := p.at.place(opened)
	afterValue := strings.TrimLeft(p.text[p.offset(e.Mark.Line, 1):at], " -") != "" // on its line
	expected := func(format string, args ...any) {
		message = "expected " + fmt.Sprintf(format, args...) + ", found " + p.found(at)
	}
	switch e.Message {
	case "mapping values are not allowed in this context":
		message = "a key is not allowed here"
		hint = `indent it as the keys beside it; a text with ": " in it needs quotes`
	case "block sequence entries are not allowed in this context":
		message = "a list item is not allowed here"
		hint = "write it on a line of its own; a text that begins with - needs quotes"
	case "did not find expected ',' or ']'":
		expected("a comma or ] in the list that begins at %d:%d", begins.Line, begins.Column)
	case "did not find expected ',' or '}'":
		expected("a comma or } in the map that begins at %d:%d", begins.Line, begins.Column)
	case "did not find expected key", "did not find expected '-' indicator":
		switch {
		case afterValue:
			expected("the end of the line")
		case strings.HasSuffix(e.Message, "key"):
			expected("a key of the map that begins at %d:%d", begins.Line, begins.Column)
		default:
			expected("a - as the next item of the list that begins at %d:%d", begins.Line, begins.Column)
		}
	case "did not find expected <document start>":
		expected("--- before another document")
	case "did not find expected node content":
		expected("a value")
	case "found character that cannot start any token":
		expected("a value")
		hint = "a text that begins with this character needs quotes"
	case "could not find expected ':'":
		at = opened
		message = "expected a colon after the key " + p.found(at)
	case "found unexpected end of stream", "found unexpected document indicator":
		at = opened
		message = "the text in quotes has no end"
	case "found unknown escape character":
		_, escaped := utf8.DecodeRuneInString(strings.TrimPrefix(p.text[at:], `\`))
		message = p.text[at:min(at+1+escaped, len(p.text))] + " is not an escape of YAML"
		hint = `a backslash itself is written \\ in double quotes`
	case "found incompatible YAML document":
		message = "expected version 1.1 or 1.2 of YAML"
	case "did not find expected alphabetic or numeric character":
		expected("the name of an anchor")
	default:
		message = p.unmask(e.Message)
	}
	return at, message, hint
}

// forbidden records the first character that YAML does not allow.
func (p *yamlParser) forbidden() {
	at := strings.IndexFunc(p.text, func(c rune) bool {
		return c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff
	})
	c, _ := utf8.DecodeRuneInString(p.text[max(at, 0):])
	p.fault(&Error{
		Place:   p.at.place(max(at, 0)),
		Message: fmt.Sprintf("not YAML: the character %U is not allowed in it", c),
		Hint:    fmt.Sprintf("write it as \\u%04x in double quotes", c),
	})
}

// unmask returns a part of the text as it was before [mask].
func (p *yamlParser) unmask(s string) string {
	if !p.masked {
		return s
	}
	return unmask(s)
}
