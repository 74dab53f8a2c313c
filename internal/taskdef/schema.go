package taskdef

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// Check checks a document against the schema of a structure of the API, such as
// schemas.RunTaskRequest, and returns it as the API takes it: harmless slips
// mended, each with a notice, and nulls left out. Of the options it heeds
// UnknownMembers. Members that are required inside of the structure must be
// there; those that it requires itself are left to the caller, who may know
// them from elsewhere.
//
// The error joins a [*document.Error] for each fault. With an error there is no
// document.
func Check(n *document.Node, schema *smithy.Schema, o Options) (*document.Node, []document.Warning, error) {
	var f findings
	c := checker{findings: &f, pass: o.UnknownMembers == "pass", root: schema}
	checked := c.value(n, schema, "")
	c.noteNulls()
	f.sort()
	if len(f.faults) > 0 {
		return nil, f.warnings, f.err()
	}
	return checked, f.warnings, nil
}

// A checker walks a tree along a schema. Its methods return the value as the
// API takes it, or with a fault the value as it is.
type checker struct {
	*findings
	pass  bool // unknown members and enum values are passed on
	root  *smithy.Schema
	nulls []document.Member // left out
}

func (c *checker) noteNulls() {
	if len(c.nulls) > 0 {
		c.notice(c.nulls[0].Key.Place, "", "null", "left out what is null: %s", names(c.nulls))
	}
}

func (c *checker) value(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	if name := function(n); name != "" && schema.Type() != smithy.ShapeTypeMap && schema.Member(name) == nil {
		c.fault(n.Place, path, "cloudformation-function", "write the value itself, or an expression: ${{ … }}",
			"the CloudFormation function %s can't be resolved here", name)
		return n
	}
	switch schema.Type() {
	case smithy.ShapeTypeStructure:
		return c.structure(n, schema, path)
	case smithy.ShapeTypeUnion:
		return c.union(n, schema, path)
	case smithy.ShapeTypeList:
		return c.list(n, schema, path)
	case smithy.ShapeTypeMap:
		return c.stringMap(n, schema, path)
	case smithy.ShapeTypeBoolean:
		return c.boolean(n, path)
	case smithy.ShapeTypeInteger, smithy.ShapeTypeLong:
		return c.integer(n, schema, path)
	case smithy.ShapeTypeEnum:
		return c.enum(n, schema, path)
	case smithy.ShapeTypeString:
		return c.text(n, schema, path)
	}
	return n // no request that is checked has another type
}

// function returns the name of the CloudFormation function that a value is, or "".
func function(n *document.Node) string {
	if n.Kind != document.Map || len(n.Members) != 1 {
		return ""
	}
	if key := n.Members[0].Key.Text; key == "Ref" || strings.HasPrefix(key, "Fn::") {
		return key
	}
	return ""
}

func (c *checker) structure(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	if n.Kind != document.Map {
		c.wrongType(n, path, "a map", itemHint(n, schema))
		return n
	}
	made := *n
	made.Members = make([]document.Member, 0, len(n.Members))
	var meant []string // by unknown members
	for _, m := range n.Members {
		inner := document.MemberPath(path, m.Key.Text)
		s := schema.Member(m.Key.Text)
		switch {
		case s == nil:
			meant = append(meant, c.unknownMember(m, schema, inner))
		case m.Value.Kind == document.Null:
			c.nulls = append(c.nulls, m)
			continue
		default:
			if m.Key.Text == "value" && schema.TargetID().Name == "KeyValuePair" {
				m.Value = c.free(m.Value, inner)
			}
			m.Value = c.value(m.Value, s, inner)
		}
		made.Members = append(made.Members, m)
	}
	for _, name := range required[schema.TargetID().Name] {
		if member(&made, name) == nil && !slices.Contains(meant, name) {
			c.fault(n.Place, document.MemberPath(path, name), "missing-member", "", "missing: %s must be given", name)
		}
	}
	return &made
}

// unknownMember tells of an unknown member, and returns the known one that is
// likely to be meant, or "".
func (c *checker) unknownMember(m document.Member, schema *smithy.Schema, path string) string {
	if c.full(c.pass) {
		return "" // advice takes time
	}
	near := near(m.Key.Text, memberNames(schema))
	if meant := habits[m.Key.Text]; schema.Member(meant) != nil {
		near = meant
	}
	advice := nearest.Meant(near)
	if c.pass {
		c.warn(m.Key.Place, path, "unknown-member", "", "unknown member%s, passed on to ECS as it is", advice)
		return ""
	}
	hint := ""
	if near == "" {
		if home := homeOf(m.Key.Text, c.root); home != "" {
			hint = "it is a member of another place: " + home
		}
	}
	c.fault(m.Key.Place, path, "unknown-member", hint, "unknown member%s", advice)
	return near
}

// habits are members that people know from elsewhere, with the API's name.
var habits = map[string]string{
	"args": "command", "cmd": "command", "env": "environment", "labels": "dockerLabels",
	"ports": "portMappings", "volumeMounts": "mountPoints", "containers": "containerDefinitions",
	"key": "name", "name": "key", // of pairs, which are tags or variables
}

// homeOf returns the path of the member nearest to the root with that name,
// with [] for any item of a list, or "" if there is none.
func homeOf(name string, root *smithy.Schema) string {
	type place struct {
		schema *smithy.Schema
		path   string
	}
	for level := []place{{root, ""}}; len(level) > 0; {
		var next []place
		for _, p := range level {
			for p.schema.Type() == smithy.ShapeTypeList {
				p.schema, p.path = p.schema.ListMember(), p.path+"[]"
			}
			if !isStructure(p.schema) {
				continue
			}
			if p.schema.Member(name) != nil {
				return document.MemberPath(p.path, name)
			}
			for _, key := range memberNames(p.schema) {
				next = append(next, place{p.schema.Member(key), document.MemberPath(p.path, key)})
			}
		}
		level = next
	}
	return ""
}

func (c *checker) union(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	made := c.structure(n, schema, path)
	if made.Kind == document.Map && len(made.Members) != 1 {
		c.fault(n.Place, path, "union", "", "expected exactly one of %s, found %d members", strings.Join(memberNames(schema), ", "), len(made.Members))
	}
	return made
}

func (c *checker) list(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	if n.Kind != document.List {
		return c.notList(n, schema, path)
	}
	made := *n
	made.Items = make([]*document.Node, len(n.Items))
	for i, item := range n.Items {
		made.Items[i] = c.value(item, schema.ListMember(), document.ItemPath(path, i))
	}
	return &made
}

// stringMap checks one of the free-form maps. Its keys are the user's.
func (c *checker) stringMap(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	if n.Kind != document.Map {
		c.wrongType(n, path, "a map", mapHint(n))
		return n
	}
	made := *n
	made.Members = make([]document.Member, len(n.Members))
	for i, m := range n.Members {
		inner := document.MemberPath(path, m.Key.Text)
		m.Value = c.value(c.free(m.Value, inner), schema.MapValue(), inner)
		made.Members[i] = m
	}
	return &made
}

func (c *checker) enum(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	values := enumValues(schema)
	switch {
	case n.Kind != document.String:
		c.wrongType(n, path, "one of "+strings.Join(values, ", "), "")
	case slices.Contains(values, n.Text):
	case c.pass:
		c.warn(n.Place, path, "enum", "", "unknown value %q, passed on to ECS as it is", shorten(n.Text))
	default:
		c.fault(n.Place, path, "enum", "", "expected one of %s, found %q%s", strings.Join(values, ", "), shorten(n.Text), didYouMean(n.Text, values))
	}
	return n
}

// near returns the known name that one is likely to stand for, or "": there is
// none for a name that is longer than a slip of the pen would make it.
func near(name string, known []string) string {
	if len(name) > 2*maxName {
		return ""
	}
	return nearest.Name(name, known)
}

// didYouMean returns advice for a name that is none of the known ones, or "".
func didYouMean(name string, known []string) string { return nearest.Meant(near(name, known)) }

// didYouMeanOf is didYouMean for one of a few names, which it enumerates if none
// is near.
func didYouMeanOf(name string, few []string) string {
	advice := didYouMean(name, few)
	few = slices.DeleteFunc(few, func(name string) bool { return name == "" })
	if advice != "" || len(few) == 0 {
		return advice
	}
	return shorten(": there is " + strings.Join(few, ", "))
}

// wrongType records that a value is of another kind than the one wanted.
func (c *checker) wrongType(n *document.Node, path, wanted, hint string) {
	c.fault(n.Place, path, "type", hint, "expected %s, found %s", wanted, kindOf(n))
}

// wrongText records that a value that is no free text has another kind than the
// one wanted.
func (c *checker) wrongText(n *document.Node, path, wanted, hint string) {
	if n.Kind != document.String {
		c.wrongType(n, path, wanted, hint)
		return
	}
	c.fault(n.Place, path, "type", hint, "expected %s, found %s", wanted, quoted(shorten(n.Text)))
}

// kindOf names the kind of a value with its article, and a value of few
// possible ones itself.
func kindOf(n *document.Node) string {
	switch n.Kind {
	case document.Null:
		return "null"
	case document.Bool:
		return n.Text
	case document.Number:
		return "the number " + shorten(written(n))
	}
	return "a " + n.Kind.String()
}

// written returns a scalar as it was written.
func written(n *document.Node) string {
	if n.Written != "" {
		return n.Written
	}
	if n.Kind == document.Null {
		return "null"
	}
	return n.Text
}

// shorten cuts a long text for a message.
func shorten(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

func isStructure(schema *smithy.Schema) bool {
	return schema.Type() == smithy.ShapeTypeStructure || schema.Type() == smithy.ShapeTypeUnion
}

// memberNames returns the names of the members of a structure, sorted.
func memberNames(schema *smithy.Schema) []string {
	return slices.Sorted(maps.Keys(schema.Members()))
}

// quoted returns s as a JSON string.
func quoted(s string) string {
	return string((&document.Node{Kind: document.String, Text: s}).JSON())
}

// pairsHint returns a map as the list of pairs that the API has instead.
func pairsHint(n *document.Node, key, value string) string {
	var b strings.Builder
	for i, m := range n.Members {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{ "%s": %s, "%s": %s }`, key, quoted(m.Key.Text), value, quoted(written(m.Value)))
	}
	return brief("[ " + b.String() + " ]")
}

// brief returns a hint, or "" if it is too long to be of use.
func brief(hint string) string {
	if len(hint) > 400 {
		return ""
	}
	return hint
}
