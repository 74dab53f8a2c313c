package document

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on YAML text besides those on every text. The scanner's time and
// memory grow with what they count, and its recursion is not bounded.
const (
	maxYAMLMarks  = 100_000 // line breaks and characters with a meaning
	maxYAMLOpen   = 1000    // brackets opened and not closed, in strings and comments too
	maxYAMLBlanks = 1000    // line breaks in a row
	maxYAMLLine   = 500     // dashes, question marks, anchors and tags on one line
	maxYAMLKeys   = 8000    // keys of one document: the library's time grows with their square
)

// A yamlParser makes nodes of what the YAML library read. Its methods return
// nil when there is no going on; the fault is then recorded.
type yamlParser struct {
	*reader
	above   int              // lines above the document being read
	widths  []int            // of the document's lines, in characters
	masked  bool             // expressions are hidden from the library
	anchors map[string]*Node // of the document being read
	depth   int
}

func (p *yamlParser) parse() []*Node {
	if !p.bounded() {
		return nil
	}
	var nodes []*Node
	for above, text := range yamlDocuments(p.text) {
		p.above = above
		p.anchors = map[string]*Node{}
		body := p.read(text)
		if body == nil || body.GetToken().Type == token.ImplicitNullType {
			continue
		}
		if n := p.node(body, ""); n != nil {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 && len(p.faults) == 0 {
		p.fault(&Error{Place: p.at.place(0), Message: "the text is empty: expected a YAML document"})
	}
	return nodes
}

// yamlDocuments yields each document of a text with the number of lines above
// it. The library is given one at a time because it loses the document after an
// empty one.
func yamlDocuments(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		line, above, from, blank := 0, 0, 0, true
		for at := 0; at < len(text); line++ {
			end := len(text)
			if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
				end = at + i + 1
			}
			mark := documentMark(text[at:end])
			if mark != "" {
				if !blank && !yield(above, text[from:at]) {
					return
				}
				above, from, blank = line, at, true
				if mark == "..." {
					above, from = line+1, end
				}
			}
			if content := strings.TrimSpace(text[at+len(mark) : end]); content != "" && content[0] != '#' && text[at] != '%' {
				blank = false
			}
			at = end
		}
		if !blank {
			yield(above, text[from:])
		}
	}
}

// documentMark returns the --- or ... that a line begins with, or "".
func documentMark(line string) string {
	for _, mark := range []string{"---", "..."} {
		if rest, found := strings.CutPrefix(line, mark); found && (rest == "" || strings.ContainsRune(" \t\r\n", rune(rest[0]))) {
			return mark
		}
	}
	return ""
}

// read has the library read one document. The result is nil if it is empty.
func (p *yamlParser) read(text string) (body ast.Node) {
	// The library is not ours: a fault of its own must not end the process.
	defer func() {
		if v := recover(); v != nil {
			p.fault(&Error{Place: p.place(nil), Message: fmt.Sprintf("this YAML can't be read (%v)", v)})
			body = nil
		}
	}()
	p.widths = p.widths[:0]
	for line := range strings.Lines(text) {
		p.widths = append(p.widths, utf8.RuneCountInString(strings.TrimRight(line, "\r\n")))
	}
	masked := maskExpressions(text)
	p.masked = masked != text
	tokens := lexer.Tokenize(masked)
	if !p.shallow(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		p.syntax(err)
		return nil
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			p.fail(doc.Body.GetToken(), "", "", "expected --- before another document")
			return nil
		}
		body = doc.Body
	}
	return body
}

// syntax records the fault that the library found.
func (p *yamlParser) syntax(err error) {
	var at interface {
		GetToken() *token.Token
		GetMessage() string
	}
	var t *token.Token
	message, hint := err.Error(), ""
	if errors.As(err, &at) {
		t, message = at.GetToken(), at.GetMessage()
	}
	if strings.Contains(message, "\t") || strings.Contains(message, "tab character") {
		message, hint = "a tab stands where YAML takes spaces only", "indent with spaces"
	}
	p.fail(t, "", hint, "not YAML: %.200s", p.unmask(message))
}

// bounded reports whether the library can be given the text.
func (p *yamlParser) bounded() bool {
	marks, open, blanks := 0, 0, 0
	for i := range len(p.text) {
		switch p.text[i] {
		case '[', '{':
			marks++
			open++
		case ']', '}':
			marks++
			open--
		case '\n':
			marks++
			if blanks++; blanks > maxYAMLBlanks {
				p.fault(&Error{Place: p.at.place(i), Message: fmt.Sprintf("more than %d empty lines in a row", maxYAMLBlanks)})
				return false
			}
			continue
		case ' ', '\t', '\r':
			continue
		case ',', ':', '-', '?', '&', '*', '!', '#', '\'', '"', '%', '|', '>', '@', '`':
			marks++
		}
		blanks = 0
		switch {
		case open > maxYAMLOpen:
			p.fault(&Error{Place: p.at.place(i), Message: tooDeep})
			return false
		case marks > maxYAMLMarks:
			p.fault(&Error{Place: p.at.place(i), Message: fmt.Sprintf("the text has more than %d lines and characters with a meaning to YAML", maxYAMLMarks)})
			return false
		}
	}
	return true
}

// shallow reports whether the tokens are nested no deeper than is read, so that
// the library's recursion ends.
func (p *yamlParser) shallow(tokens token.Tokens) bool {
	open, line, inLine, keys := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, inLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			inLine++
		case token.MappingValueType:
			if keys++; keys > maxYAMLKeys {
				p.fail(t, "", "", "the document has more than %d keys", maxYAMLKeys)
				return false
			}
		}
		if open > maxDepth || inLine > maxYAMLLine {
			p.fail(t, "", "", tooDeep)
			return false
		}
	}
	return true
}

// place returns the place of a token, inside the text whatever the library says.
func (p *yamlParser) place(t *token.Token) Place {
	if t == nil || t.Position == nil || len(p.widths) == 0 {
		return Place{Name: p.at.name, Line: p.above + 1, Column: 1}
	}
	line := min(max(t.Position.Line, 1), len(p.widths))
	return Place{Name: p.at.name, Line: p.above + line, Column: min(max(t.Position.Column, 1), p.widths[line-1]+1)}
}

func (p *yamlParser) fail(t *token.Token, path, hint, format string, args ...any) {
	p.fault(&Error{Place: p.place(t), Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// node makes a node of what the library read at path.
func (p *yamlParser) node(from ast.Node, path string) *Node {
	if len(p.faults) >= maxFaults || p.count > maxNodes {
		return nil
	}
	switch from := from.(type) {
	case *ast.MappingNode:
		return p.mapping(from.Start, from.Values, path)
	case *ast.MappingValueNode:
		return p.mapping(from.Start, []*ast.MappingValueNode{from}, path)
	case *ast.SequenceNode:
		return p.sequence(from, path)
	case *ast.AnchorNode:
		n := p.node(from.Value, path)
		if n != nil {
			p.anchors[from.Name.GetToken().Value] = n
		}
		return n
	case *ast.AliasNode:
		return p.alias(from, path)
	case *ast.TagNode:
		return p.tagged(from, path)
	case *ast.LiteralNode:
		return p.reader.node(String, p.unmask(from.Value.Value), p.place(from.Start))
	case nil:
		return p.reader.node(Null, "", p.place(nil))
	}
	t := from.GetToken()
	if t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType {
		return p.reader.node(String, p.unmask(t.Value), p.place(t))
	}
	return p.plain(t, path)
}

// plain makes a node of a scalar without quotes, as YAML's core schema reads it.
func (p *yamlParser) plain(t *token.Token, path string) *Node {
	text := p.unmask(t.Value)
	kind, literal := resolve(text)
	if t.Type == token.ImplicitNullType {
		kind, text = Null, "null"
	}
	if kind == Number && len(literal) > maxNumber {
		p.fail(t, path, "", "a number of %d characters is longer than the %d that are read", len(text), maxNumber)
		return nil
	}
	if kind == Number && literal == "" {
		p.fail(t, path, fmt.Sprintf("%q", text), "expected a value that JSON has too, found %s", text)
		return nil
	}
	n := p.reader.node(kind, literal, p.place(t))
	if n != nil && (kind == Number || kind == Bool) && literal != text || kind == Null && text != "null" {
		n.Written = text
	}
	return n
}

// container makes a list or map and fills it, unless it is nested too deep.
func (p *yamlParser) container(kind Kind, place Place, fill func(*Node)) *Node {
	if p.depth == maxDepth {
		p.fault(&Error{Place: place, Message: tooDeep})
		return nil
	}
	n := p.reader.node(kind, "", place)
	if n == nil {
		return nil
	}
	p.depth++
	fill(n)
	p.depth--
	return n
}

func (p *yamlParser) sequence(from *ast.SequenceNode, path string) *Node {
	return p.container(List, p.place(from.Start), func(list *Node) {
		list.Items = make([]*Node, 0, len(from.Values))
		for i, value := range from.Values {
			if n := p.node(value, ItemPath(path, i)); n != nil {
				list.Items = append(list.Items, n)
			}
		}
	})
}

func (p *yamlParser) mapping(start *token.Token, values []*ast.MappingValueNode, path string) *Node {
	if len(values) > 0 && start.Type != token.MappingStartType {
		start = values[0].Key.GetToken()
	}
	return p.container(Map, p.place(start), func(made *Node) {
		made.Members = make([]Member, 0, len(values))
		var merges []Member
		for _, v := range values {
			if v.Key.IsMergeKey() {
				merges = append(merges, p.merge(v, path)...)
				continue
			}
			key := p.key(v.Key, path)
			if key == nil {
				continue
			}
			if value := p.node(v.Value, MemberPath(path, key.Text)); value != nil {
				made.Members = append(made.Members, Member{Key: key, Value: value})
			}
		}
		p.duplicates(made.Members, func() string { return path })
		addMerged(made, merges)
	})
}

// addMerged adds to a map the merged members whose keys it lacks. The first of
// several wins.
func addMerged(n *Node, merges []Member) {
	if len(merges) == 0 {
		return
	}
	has := make(map[string]bool, len(n.Members)+len(merges))
	for _, m := range n.Members {
		has[m.Key.Text] = true
	}
	for _, m := range merges {
		if !has[m.Key.Text] {
			has[m.Key.Text] = true
			n.Members = append(n.Members, m)
		}
	}
}

// merge returns the members that a merge key brings.
func (p *yamlParser) merge(v *ast.MappingValueNode, path string) []Member {
	n := p.node(v.Value, MemberPath(path, "<<"))
	if n == nil {
		return nil
	}
	maps := []*Node{n}
	if n.Kind == List {
		maps = n.Items
	}
	var members []Member
	for _, m := range maps {
		if m.Kind != Map {
			p.fail(v.Key.GetToken(), path, "", "the merge key << takes a map or a list of maps, not a %s", m.Kind)
			return nil
		}
		members = append(members, m.Members...)
	}
	return members
}

// key makes the key of a member: JSON has only strings there, so any scalar is
// taken as it is written.
func (p *yamlParser) key(from ast.Node, path string) *Node {
	if k, explicit := from.(*ast.MappingKeyNode); explicit {
		from = k.Value
	}
	if from == nil {
		p.fail(nil, path, "", "expected a key, found nothing")
		return nil
	}
	n := p.node(from, path)
	if n == nil {
		return nil
	}
	switch n.Kind {
	case List, Map, Null:
		p.fail(from.GetToken(), path, "", "expected a string as a key, found a %s", n.Kind)
		return nil
	case Bool, Number:
		return p.reader.node(String, spelling(n), n.Place)
	}
	return n
}

// alias makes a copy of what an alias names, so that all of its nodes count.
func (p *yamlParser) alias(from *ast.AliasNode, path string) *Node {
	name := from.Value.GetToken().Value
	n, known := p.anchors[name]
	if !known {
		p.fail(from.Start, path, "", "no anchor &%s stands before this alias", shorten(name))
		return nil
	}
	return p.copy(n)
}

// copy returns a copy of a tree.
func (p *yamlParser) copy(n *Node) *Node {
	if n.Kind != List && n.Kind != Map {
		c := p.reader.node(n.Kind, n.Text, n.Place)
		if c != nil {
			c.Written = n.Written
		}
		return c
	}
	return p.container(n.Kind, n.Place, func(c *Node) {
		for _, item := range n.Items {
			if item = p.copy(item); item != nil {
				c.Items = append(c.Items, item)
			}
		}
		for _, m := range n.Members {
			if value := p.copy(m.Value); value != nil {
				c.Members = append(c.Members, Member{Key: m.Key, Value: value})
			}
		}
	})
}

// coreTags are the tags of YAML's core schema with the kind that each demands.
var coreTags = map[string]Kind{
	"!!map": Map, "!!seq": List, "!!str": String, "!!int": Number, "!!float": Number, "!!bool": Bool, "!!null": Null,
}

// tagged makes a node of a value with a tag of the core schema.
func (p *yamlParser) tagged(from *ast.TagNode, path string) *Node {
	tag := from.Start.Value
	if from.Value == nil {
		p.fail(from.Start, path, "", "the tag %s has no value", shorten(tag))
		return nil
	}
	n := p.node(from.Value, path)
	if n == nil {
		return nil
	}
	if tag == "!" { // whatever it is without quotes, a scalar is a string
		if n.Kind == List || n.Kind == Map {
			return n
		}
		tag = "!!str"
	}
	kind, known := coreTags[tag]
	if !known {
		p.fail(from.Start, path, "write the value itself", "the tag %s is not one of YAML's core schema", shorten(tag))
		return nil
	}
	switch {
	case kind == String && n.Kind != List && n.Kind != Map:
		n.Kind, n.Text, n.Written = String, spelling(n), ""
	case n.Kind == String:
		if resolved, literal := resolve(n.Text); resolved == kind && (literal != "" || kind == Null) {
			n.Kind, n.Text = kind, literal
		}
	}
	if n.Kind != kind {
		p.fail(from.Start, path, "", "the tag %s does not fit a %s", tag, n.Kind)
		return nil
	}
	return n
}

// spelling returns a scalar as the text spells it.
func spelling(n *Node) string {
	if n.Written != "" {
		return n.Written
	}
	return n.Text
}
