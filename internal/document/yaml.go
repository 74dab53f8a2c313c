package document

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (p *yamlParser) parse() []*Node {
	if !p.withinLimits() {
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
		p.checkUnindented(document.Content[0])
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

// lowerVersion replaces the directive %YAML 1.2 by 1.1: the library accepts no other, and
// reads both in the same way.
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
	// A panic of the library must not end the process.
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("this YAML can't be read (%v)", v)
		}
	}()
	document = new(yaml.Node)
	return document, loader.Load(document)
}

// checkUnindented records a fault if a document is a block scalar whose text is not indented and
// has a line --- or ..., which would end the document: the library reads it as text.
func (p *yamlParser) checkUnindented(body *yaml.Node) {
	if body.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 || !strings.Contains(body.Value, "---") &&
		!strings.Contains(body.Value, "...") {
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
			p.fault(&Error{Place: p.at.place(at),
				Message: "this line is part of the block text above, which is not indented",
				Hint:    "indent that text"})
			return
		}
		at += len(line)
	}
}

// A policy limits the depth for the library, and resolves no alias: alias does that later,
// so that every alias without an anchor is reported.
type policy struct{}

// CheckDepth limits the recursion of the library. The limit on documents is lower.
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

// node converts a node of the library.
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

// scalar converts a scalar. One without quotes has the kind of YAML's core schema.
func (p *yamlParser) scalar(from *yaml.Node) *Node {
	place := p.place(from)
	text := from.Value
	if p.masked && from.Style&yaml.DoubleQuotedStyle != 0 {
		var half string
		if text, half = joinHalves(text); half != "" {
			p.fail(place, "", "%s is half of a surrogate pair: the other half must follow", half)
			return nil
		}
	}
	text = p.unmask(text)
	if isQuoted(from) || from.Tag == "!" || from.Tag == "!!str" && isTagged(from) {
		return p.reader.node(String, text, place)
	}
	kind, literal := resolve(text)
	if kind == Number && len(literal) > maxNumber {
		p.fail(place, "", "a number of %d characters: at most %d are supported", len(text), maxNumber)
		return nil
	}
	if kind == Number && literal == "" {
		p.fail(place, fmt.Sprintf("%q", text), "expected a value that JSON can hold, found %s", text)
		return nil
	}
	n := p.reader.node(kind, literal, place)
	if n != nil && kind != String && text != literal && text != "null" {
		n.Written = text
	}
	return n
}

// container returns a new list or map and fills it, unless it is nested too deep.
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

// inside converts a node that is one step below the current path.
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
	return p.container(Map, p.place(from), func(mapping *Node) {
		mapping.Members = make([]Member, 0, len(from.Content)/2)
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
				mapping.Members = append(mapping.Members, Member{Key: key, Value: value})
			}
		}
		p.duplicates(mapping.Members, p.where)
		addMerged(mapping, merges)
	})
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && !isQuoted(key) && !isTagged(key)
}

// addMerged adds to a map the merged members whose keys it does not have. Of several with
// one key, the first counts.
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

// merge returns the members that a merge key adds.
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

// key converts the key of a member. Keys of JSON are strings, so any scalar becomes the text
// by which it is written.
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

// alias returns a copy of the anchor of an alias, so that all of its nodes count.
func (p *yamlParser) alias(from *yaml.Node) *Node {
	n, known := p.anchors[from.Value]
	if !known {
		p.fail(p.place(from), "", "no anchor &%s is defined before this alias", Shorten(p.unmask(from.Value)))
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

// coreTags are the tags of YAML's core schema with their kinds.
var coreTags = map[string]Kind{
	"!!map": Map, "!!seq": List, "!!str": String, "!!int": Number, "!!float": Number, "!!bool": Bool, "!!null": Null,
}

// cloudFormationTags are the short forms of CloudFormation's functions (CloudFormation user
// guide, "Intrinsic function reference").
var cloudFormationTags = []string{
	"!And", "!Base64", "!Cidr", "!Condition", "!Equals", "!FindInMap", "!GetAtt", "!GetAZs", "!If", "!ImportValue",
	"!Join", "!Not", "!Or", "!Ref", "!Select", "!Split", "!Sub", "!Transform",
}

// tagged gives a node the kind of its tag.
func (p *yamlParser) tagged(from *yaml.Node, n *Node) *Node {
	fail := func(hint, format string, args ...any) *Node {
		_, tag := p.start(from)
		p.fail(p.at.place(tag), hint, format, args...)
		return nil
	}
	if from.Tag == "!" { // of a scalar: it is a string already
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
