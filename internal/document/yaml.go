package document

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits on YAML text besides those on every text. The library makes of each
// mark something many times as large, and compares each directive with all
// before it.
const (
	maxYAMLMarks      = 100_000 // line breaks and characters with a meaning
	maxYAMLDirectives = 1000    // lines that begin with a percent sign
)

// A yamlParser makes nodes of what the YAML library read. Its methods return
// nil when there is no going on; the fault is then recorded.
type yamlParser struct {
	*reader
	masked  bool             // something is hidden from the library
	anchors map[string]*Node // of the document being read
	lines   []int            // offsets that the library's lines begin at
	cursor  cursor           // at the place that was asked for last
	depth   int              // of lists and maps that are open
}

// A cursor is a place as the library counts it, with its offset in the text.
type cursor struct{ line, column, offset int }

func (p *yamlParser) parse() []*Node {
	if !p.bounded() {
		return nil
	}
	text := mask(lowerVersion(p.text))
	p.masked = text != p.text
	p.lines = lineStarts(p.text)
	loader, err := yaml.NewLoader(strings.NewReader(text), yaml.WithPlugin(policy{}))
	if err != nil {
		p.syntax(err)
		return nil
	}
	var nodes []*Node
	for {
		document, err := load(loader)
		if err == io.EOF {
			break
		}
		if err != nil {
			p.syntax(err)
			return nil
		}
		if isEmpty(document) {
			continue
		}
		p.swallowed(document.Content[0])
		p.anchors = map[string]*Node{}
		if n := p.node(document.Content[0]); n != nil {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 && len(p.faults) == 0 {
		p.fault(&Error{Place: p.at.place(0), Message: "the text is empty: expected a YAML document"})
	}
	return nodes
}

// lowerVersion writes the directive %YAML 1.2 as 1.1: the library takes no other,
// and reads both alike.
func lowerVersion(text string) string {
	if !strings.Contains(text, "%YAML") {
		return text
	}
	var b strings.Builder
	directives := true // where directives can stand
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case directives && len(fields) > 1 && fields[0] == "%YAML" && fields[1] == "1.2":
			line = strings.Replace(line, "1.2", "1.1", 1)
		case len(fields) > 0 && !strings.HasPrefix(fields[0], "#") && line[0] != '%':
			directives = fields[0] == "..."
		}
		b.WriteString(line)
	}
	return b.String()
}

// load returns the next document, or io.EOF.
func load(loader *yaml.Loader) (document *yaml.Node, err error) {
	// The library is not ours: a fault of its own must not end the process.
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("this YAML can't be read (%v)", v)
		}
	}()
	document = new(yaml.Node)
	return document, loader.Load(document)
}

// isEmpty reports whether a document has nothing in it.
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

// swallowed records a fault if a document is a block scalar whose text begins at
// the left edge and goes on over a --- or ... that would end it: the library
// takes those for text.
func (p *yamlParser) swallowed(body *yaml.Node) {
	if body.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 ||
		!strings.Contains(body.Value, "---") && !strings.Contains(body.Value, "...") {
		return
	}
	start, _ := p.start(body)
	_, text, _ := strings.Cut(p.text[start:], "\n")
	if text = strings.TrimLeft(text, "\r\n"); strings.HasPrefix(text, " ") {
		return
	}
	at := len(p.text) - len(text)
	for line := range strings.Lines(text) {
		if end := strings.TrimRight(line, " \t\r\n"); end == "---" || end == "..." || strings.HasPrefix(line, "--- ") {
			p.fault(&Error{
				Place:   p.at.place(at),
				Message: "this line is part of the text above, which begins at the left edge",
				Hint:    "indent that text",
			})
			return
		}
		at += len(line)
	}
}

func isQuoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// isTagged reports whether the text gives n a tag; else the library did.
func isTagged(n *yaml.Node) bool {
	return n.Style&yaml.TaggedStyle != 0 || n.Tag == "!"
}

// A policy is what the library leaves to its caller: how deep it may go, and
// what an alias stands for. That is found later, so that every alias without an
// anchor is told of.
type policy struct{}

// CheckDepth ends the library's recursion where no tree is nested too deep yet.
func (policy) CheckDepth(depth int, _ *yaml.DepthContext) error {
	if depth > 2*maxDepth {
		return errors.New(tooDeep)
	}
	return nil
}

func (policy) CheckAlias(int, int) error { return nil }

func (policy) NewAliasDataContext(yaml.AliasDataServices) (yaml.AliasDataContext, error) {
	return policy{}, nil
}

func (policy) BeginDocument() error                  { return nil }
func (policy) DefineAnchor(string, *yaml.Node) error { return nil }
func (policy) EndDocument() error                    { return nil }

func (policy) ResolveAlias(string) (*yaml.Node, bool, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}, true, nil
}

// bounded reports whether the library can be given the text.
func (p *yamlParser) bounded() bool {
	if strings.Count(p.text, "\n%") > maxYAMLDirectives {
		p.fault(&Error{
			Place:   Place{Name: p.at.name},
			Message: fmt.Sprintf("the text has more than %d directives", maxYAMLDirectives),
		})
		return false
	}
	marks := 0
	for i := range len(p.text) {
		switch p.text[i] {
		case '\n', '[', ']', '{', '}', ',', ':', '-', '?', '&', '*', '!', '#', '\'', '"', '%', '|', '>', '@', '`':
			if marks++; marks > maxYAMLMarks {
				p.fault(&Error{
					Place:   p.at.place(i),
					Message: fmt.Sprintf("the text has more than %d lines and characters with a meaning to YAML", maxYAMLMarks),
				})
				return false
			}
		}
	}
	return true
}

// lineStarts returns the offset that each line begins at. Unlike our own lines,
// YAML's end at a lone carriage return too.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' && !strings.HasPrefix(text[i+1:], "\n") {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// offset returns the offset in the text of a place that the library tells of.
// Asking in rising order costs one pass over the text in all.
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

// start returns the offset of a node, and the one of its tag if it has one: the
// library's place of a node is the one of its tag or anchor.
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

// skipBlanks returns the offset of what follows the blanks, line ends and
// comments at an offset.
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

// fail records a fault of the value being read.
func (p *yamlParser) fail(place Place, hint, format string, args ...any) {
	p.fault(&Error{Place: place, Path: p.where(), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// node makes a node of what the library read.
func (p *yamlParser) node(from *yaml.Node) *Node {
	if len(p.faults) >= maxFaults || p.count > maxNodes {
		return nil
	}
	var n *Node
	switch from.Kind {
	case yaml.MappingNode:
		n = p.mapping(from)
	case yaml.SequenceNode:
		n = p.sequence(from)
	case yaml.AliasNode:
		return p.alias(from)
	default:
		n = p.scalar(from)
	}
	if n != nil && isTagged(from) {
		n = p.tagged(from, n)
	}
	if n != nil && from.Anchor != "" {
		p.anchors[from.Anchor] = n
	}
	return n
}

// scalar makes a node of a scalar, without quotes as YAML's core schema reads it.
func (p *yamlParser) scalar(from *yaml.Node) *Node {
	place := p.place(from)
	text := from.Value
	if p.masked && from.Style&yaml.DoubleQuotedStyle != 0 {
		var half string
		if text, half = joinHalves(text); half != "" {
			p.fail(place, "", "%s is half of a character: the other half must follow", half)
			return nil
		}
	}
	text = p.unmask(text)
	if isQuoted(from) || from.Tag == "!" || from.Tag == "!!str" && isTagged(from) {
		return p.reader.node(String, text, place)
	}
	kind, literal := resolve(text)
	if kind == Number && len(literal) > maxNumber {
		p.fail(place, "", "a number of %d characters is longer than the %d that are read", len(text), maxNumber)
		return nil
	}
	if kind == Number && literal == "" {
		p.fail(place, fmt.Sprintf("%q", text), "expected a value that JSON has too, found %s", text)
		return nil
	}
	n := p.reader.node(kind, literal, place)
	if n != nil && kind != String && text != literal && text != "null" {
		n.Written = text
	}
	return n
}

// syntax records the fault that the library found.
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
		message, hint = "a tab stands where YAML takes spaces only", "indent with spaces"
	}
	p.fault(&Error{Place: p.at.place(at), Message: "not YAML: " + message, Hint: hint})
}

// explain returns the offset of the fault that the library found, what to say of
// it in place of the library's words, and what helps.
func (p *yamlParser) explain(e *yaml.LoadError) (at int, message, hint string) {
	at, opened := p.offset(e.Mark.Line, e.Mark.Column), p.offset(e.ContextMark.Line, e.ContextMark.Column)
	begins := p.at.place(opened)
	afterValue := strings.TrimLeft(p.text[p.offset(e.Mark.Line, 1):at], " -") != "" // on its line
	expected := func(format string, args ...any) {
		message = "expected " + fmt.Sprintf(format, args...) + ", found " + p.found(at)
	}
	switch e.Message {
	case "mapping values are not allowed in this context":
		message, hint = "a key stands where none can", `indent it as the keys beside it; a text with ": " in `+
			`it needs quotes`
	case "block sequence entries are not allowed in this context":
		message, hint = "an item of a list stands where none can", "write it on a line of its own; a text "+
			"that begins with - needs quotes"
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
		message, hint = p.text[at:min(at+1+escaped, len(p.text))]+
			" is no escape of YAML", `a backslash itself is written \\ in double quotes`
	case "found incompatible YAML document":
		message = "expected version 1.1 or 1.2 of YAML"
	case "did not find expected alphabetic or numeric character":
		expected("the name of an anchor")
	default:
		message = p.unmask(e.Message)
	}
	return at, message, hint
}

// forbidden records the first character that YAML does not take at all.
func (p *yamlParser) forbidden() {
	at := strings.IndexFunc(p.text, func(c rune) bool {
		return c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff
	})
	c, _ := utf8.DecodeRuneInString(p.text[max(at, 0):])
	p.fault(&Error{
		Place:   p.at.place(max(at, 0)),
		Message: fmt.Sprintf("not YAML: the character %U can't stand in it", c),
		Hint:    fmt.Sprintf("write it as \\u%04x in double quotes", c),
	})
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

// inside makes a node of what the library read at a step further down the path.
func (p *yamlParser) inside(s step, from *yaml.Node) *Node {
	p.path = append(p.path, s)
	n := p.node(from)
	p.path = p.path[:len(p.path)-1]
	return n
}

func (p *yamlParser) sequence(from *yaml.Node) *Node {
	return p.container(List, p.place(from), func(list *Node) {
		list.Items = make([]*Node, 0, len(from.Content))
		for i, value := range from.Content {
			if n := p.inside(step{index: i}, value); n != nil {
				list.Items = append(list.Items, n)
			}
		}
	})
}

func (p *yamlParser) mapping(from *yaml.Node) *Node {
	return p.container(Map, p.place(from), func(made *Node) {
		made.Members = make([]Member, 0, len(from.Content)/2)
		var merges []Member
		for i := 0; i+1 < len(from.Content); i += 2 {
			if isMerge(from.Content[i]) {
				merges = append(merges, p.merge(from.Content[i], from.Content[i+1])...)
				continue
			}
			key := p.key(from.Content[i])
			if key == nil {
				continue
			}
			if value := p.inside(step{key: key.Text, index: -1}, from.Content[i+1]); value != nil {
				made.Members = append(made.Members, Member{Key: key, Value: value})
			}
		}
		p.duplicates(made.Members, p.where)
		addMerged(made, merges)
	})
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && !isQuoted(key) && !isTagged(key)
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
func (p *yamlParser) merge(key, value *yaml.Node) []Member {
	n := p.inside(step{key: "<<", index: -1}, value)
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
			p.fail(p.place(key), "", "the merge key << takes a map or a list of maps, not a %s", m.Kind)
			return nil
		}
		members = append(members, m.Members...)
	}
	return members
}

// key makes the key of a member: JSON has only strings there, so any scalar is
// taken as it is written.
func (p *yamlParser) key(from *yaml.Node) *Node {
	n := p.node(from)
	if n == nil {
		return nil
	}
	switch n.Kind {
	case List, Map, Null:
		p.fail(n.Place, "", "expected a string as a key, found a %s", n.Kind)
		return nil
	case Bool, Number:
		return p.reader.node(String, spelling(n), n.Place)
	}
	return n
}

// alias makes a copy of what an alias names, so that all of its nodes count.
func (p *yamlParser) alias(from *yaml.Node) *Node {
	n, known := p.anchors[from.Value]
	if !known {
		p.fail(p.place(from), "", "no anchor &%s stands before this alias", Shorten(p.unmask(from.Value)))
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

// cloudFormationTags are the short forms of CloudFormation's functions, which its
// templates are full of (CloudFormation user guide, "Intrinsic function reference").
var cloudFormationTags = []string{
	"!And", "!Base64", "!Cidr", "!Condition", "!Equals", "!FindInMap", "!GetAtt", "!GetAZs", "!If",
	"!ImportValue", "!Join", "!Not", "!Or",
	"!Ref", "!Select", "!Split", "!Sub", "!Transform",
}

// tagged gives a node the kind that its tag demands.
func (p *yamlParser) tagged(from *yaml.Node, n *Node) *Node {
	fail := func(hint, format string, args ...any) *Node {
		_, tag := p.start(from)
		p.fail(p.at.place(tag), hint, format, args...)
		return nil
	}
	if from.Tag == "!" { // whatever it is without quotes; a scalar is a string already
		return n
	}
	kind, known := coreTags[from.Tag]
	switch {
	case !known && slices.Contains(cloudFormationTags, from.Tag):
		return fail("write the value itself, or an expression: ${{ … }}",
			"the CloudFormation function %s can't be resolved here", from.Tag)
	case !known:
		return fail("write the value itself", "the tag %s is not one of YAML's core schema",
			Shorten(p.unmask(from.Tag)))
	}
	if n.Kind == String && kind != String {
		if resolved, literal := resolve(n.Text); resolved == kind && (literal != "" || kind == Null) {
			n.Kind, n.Text = kind, literal
		}
	}
	if n.Kind != kind {
		return fail("", "the tag %s does not fit a %s", from.Tag, n.Kind)
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
