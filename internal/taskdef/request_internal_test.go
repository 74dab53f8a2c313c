package taskdef

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// TestNothingIsLost holds that whatever good a definition has is in the request
// to the letter: it makes definitions at random, of all structures there are,
// and with members that are not known.
func TestNothingIsLost(t *testing.T) {
	_, structures := apischema.JSONSchema(schemas.RegisterTaskDefinitionRequest)
	made := map[string]bool{}
	for seed := range uint64(300) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 1)), made: made, unknown: seed%3 == 0}
		text := g.value(schemas.RegisterTaskDefinitionRequest, 0).JSON()
		for _, name := range []string{"f.json", "f.yaml"} {
			checkRequest(t, name, text, g.unknown)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for name := range structures {
		if !made[name] {
			t.Errorf("no definition had a %s", name)
		}
	}
}

// checkRequest holds the request for a definition to the definition's own text.
func checkRequest(t *testing.T, name string, text []byte, pass bool) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	nodes, _, err := document.Parse(name, indented.Bytes())
	if err != nil {
		t.Errorf("Parse(%s): %v in %s", name, err, text)
		return
	}
	d := decoder{}
	if pass {
		d.options.UnknownMembers = "pass"
	}
	def := d.request(nodes[0], "")
	if err := d.Err(); err != nil {
		t.Errorf("request: %v in %s", err, text)
		return
	}
	if !bytes.Equal(def.Body, text) {
		t.Errorf("the request of %s is\n%s\nwant\n%s", name, def.Body, text)
	}
}

// A generator makes values of schemas at random.
type generator struct {
	*rand.Rand
	made    map[string]bool // structures
	unknown bool            // add members that are not known
}

func (g *generator) value(s *smithy.Schema, depth int) *document.Node {
	switch s.Type() {
	case smithy.ShapeTypeStructure, smithy.ShapeTypeUnion:
		return g.structure(s, depth)
	case smithy.ShapeTypeList:
		n := &document.Node{Kind: document.List}
		for range g.size(depth) {
			item := g.value(s.ListMember(), depth+1)
			if s.TargetID().Name == "Tags" {
				item = g.tag(len(n.Items))
			}
			n.Items = append(n.Items, item)
		}
		return n
	case smithy.ShapeTypeMap:
		n := &document.Node{Kind: document.Map}
		for i := range g.size(depth) {
			n.Members = append(n.Members, member1(g.text()+strconv.Itoa(i), text1(g.text())))
		}
		return n
	case smithy.ShapeTypeBoolean:
		return &document.Node{Kind: document.Bool, Text: strconv.FormatBool(g.IntN(2) == 0)}
	case smithy.ShapeTypeInteger:
		return &document.Node{Kind: document.Number, Text: strconv.Itoa(int(int32(g.Uint32())))}
	case smithy.ShapeTypeEnum:
		values := apischema.EnumValues(s)
		return text1(values[g.IntN(len(values))])
	case smithy.ShapeTypeString:
		if depth == 1 {
			return text1("t" + g.text()) // an empty one is left out
		}
		return text1(g.text())
	}
	panic(fmt.Sprintf("a request has a shape of type %d", s.Type()))
}

// size returns the length of a list or map: not zero for a member of the
// definition itself, which is left out if it is empty.
func (g *generator) size(depth int) int {
	return g.IntN(3) + max(0, 2-depth)
}

func (g *generator) structure(s *smithy.Schema, depth int) *document.Node {
	g.made[s.TargetID().Name] = true
	names := apischema.MemberNames(s)
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	most := g.IntN(len(names) + 1)
	if s.Type() == smithy.ShapeTypeUnion {
		most = 1
	}
	needed := apischema.Required(s)
	if depth == 0 {
		needed = []string{"family", "containerDefinitions"}
	}
	n := &document.Node{Kind: document.Map}
	for i, name := range names {
		if i < most || depth == 1 && i == 0 || slices.Contains(needed, name) {
			n.Members = append(n.Members, member1(name, g.value(s.Member(name), depth+1)))
		}
	}
	if g.unknown && s.Type() != smithy.ShapeTypeUnion && g.IntN(4) == 0 {
		n.Members = append(n.Members, member1("future", &document.Node{Kind: document.List, Items: []*document.Node{
			{Kind: document.Null}, {Kind: document.Number, Text: "1.50"}, {Kind: document.Map}, text1(g.text()),
		}}))
	}
	return n
}

// tag returns a tag that keeps the rules of its own.
func (g *generator) tag(i int) *document.Node {
	g.made["Tag"] = true
	return &document.Node{Kind: document.Map, Members: []document.Member{
		member1("key", text1(fmt.Sprintf("Ключ %d", i))),
		member1("value", text1([]string{"", "v", " +-=._:/@ "}[g.IntN(3)])),
	}}
}

// text returns a string with letters that need care.
func (g *generator) text() string {
	letters := []rune("aZ09 -_:#,[]{}&*!|>'\"%@`\\/\n\t$é€😀\u2028\u0001~?=.")
	s := make([]rune, g.IntN(12))
	for i := range s {
		s[i] = letters[g.IntN(len(letters))]
	}
	return string(s)
}

func text1(s string) *document.Node {
	return &document.Node{Kind: document.String, Text: s}
}

func member1(key string, value *document.Node) document.Member {
	return document.Member{Key: text1(key), Value: value}
}
