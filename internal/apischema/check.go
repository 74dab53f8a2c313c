// Package apischema checks documents against the shapes of the ECS API: its members, their
// types and the values of its enums, as the SDK's schemas list them. It mends slips that
// can be meant in one way only, with a notice, and has advice for the others. A [Value] reads
// a checked tree.
//
// It knows the shapes only. The rules of ECS, which look at several members together, are
// those of the packages taskdef/rules and runtask.
package apischema

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// Check checks a document against a structure of the API, such as
// schemas.RunTaskRequest, and returns it as the API takes it: harmless slips mended, each
// with a notice, and nulls left out. passUnknown says that members and enum values which
// the SDK does not know are passed on with a warning each; else they are faults.
//
// Members that are required inside of the structure must be there; those that it requires
// itself are left to the caller, who may take them from elsewhere.
//
// The error joins a [*document.Error] for each fault. With an error there is no
// document.
func Check(n *document.Node, schema *smithy.Schema, passUnknown bool) (*document.Node, []document.Warning, error) {
	var f document.Findings
	c := checker{Findings: &f, pass: passUnknown, root: schema}
	checked := c.value(n, schema, "")
	c.noteNulls()
	f.Sort()
	if len(f.Faults) > 0 {
		return nil, f.Warnings, f.Err()
	}
	return checked, f.Warnings, nil
}

// CheckMap is [Check] for the map at a path of a larger document. It adds what it finds to
// findings. Values with faults stay as they are.
func CheckMap(
	findings *document.Findings, n *document.Node, schema *smithy.Schema, path string, passUnknown bool,
) *document.Node {
	c := checker{Findings: findings, pass: passUnknown, root: schema}
	checked := c.structure(n, schema, path)
	c.noteNulls()
	return checked
}

func (c *checker) noteNulls() {
	if len(c.nulls) > 0 {
		c.Notice(c.nulls[0].Key.Place, "", "null", "left out what is null: %s", document.Keys(c.nulls))
	}
}

func (c *checker) value(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	if name := function(n); name != "" && schema.Type() != smithy.ShapeTypeMap && schema.Member(name) == nil {
		c.Fault(n.Place, path, "cloudformation-function", "write the value itself, or an expression: ${{ … }}",
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
	return n // the checked requests have no other types
}

// function returns the name of a CloudFormation function, or "" if the value is none.
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
	result := *n
	result.Members = make([]document.Member, 0, len(n.Members))
	var meant []string // the members that unknown ones are likely to stand for
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
		result.Members = append(result.Members, m)
	}
	for _, name := range Required(schema) {
		if result.Member(name) == nil && !slices.Contains(meant, name) {
			c.Fault(n.Place, document.MemberPath(path, name), "missing-member", "", "missing: %s must be given", name)
		}
	}
	return &result
}

// unknownMember reports an unknown member, and returns the known one that is likely to be
// meant, or "".
func (c *checker) unknownMember(m document.Member, schema *smithy.Schema, path string) string {
	if c.pass && c.WarningsFull() || !c.pass && c.FaultsFull() {
		return "" // the search for advice takes time
	}
	near := nearest.Name(m.Key.Text, MemberNames(schema))
	if meant := habits[m.Key.Text]; schema.Member(meant) != nil {
		near = meant
	}
	advice := nearest.Suggestion(near)
	if c.pass {
		c.Warn(m.Key.Place, path, "unknown-member", "", "unknown member%s, passed on to ECS as it is", advice)
		return ""
	}
	hint := ""
	if near == "" {
		if home := homeOf(m.Key.Text, c.root); home != "" {
			hint = "it is a member of another place: " + home
		}
	}
	c.Fault(m.Key.Place, path, "unknown-member", hint, "unknown member%s", advice)
	return near
}

// habits are the names of members in Docker, Kubernetes and others, with those of the API.
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
			if !IsStructure(p.schema) {
				continue
			}
			if p.schema.Member(name) != nil {
				return document.MemberPath(p.path, name)
			}
			for _, key := range MemberNames(p.schema) {
				next = append(next, place{p.schema.Member(key), document.MemberPath(p.path, key)})
			}
		}
		level = next
	}
	return ""
}

func (c *checker) union(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	result := c.structure(n, schema, path)
	if result.Kind == document.Map && len(result.Members) != 1 {
		c.Fault(n.Place, path, "union", "", "expected exactly one of %s, found %d members",
			strings.Join(MemberNames(schema), ", "), len(result.Members))
	}
	return result
}

func (c *checker) list(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	if n.Kind != document.List {
		return c.notList(n, schema, path)
	}
	result := *n
	result.Items = make([]*document.Node, len(n.Items))
	for i, item := range n.Items {
		result.Items[i] = c.value(item, schema.ListMember(), document.ItemPath(path, i))
	}
	return &result
}

// stringMap checks a map whose keys the user chooses.
func (c *checker) stringMap(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	if n.Kind != document.Map {
		c.wrongType(n, path, "a map", mapHint(n))
		return n
	}
	result := *n
	result.Members = make([]document.Member, len(n.Members))
	for i, m := range n.Members {
		inner := document.MemberPath(path, m.Key.Text)
		m.Value = c.value(c.free(m.Value, inner), schema.MapValue(), inner)
		result.Members[i] = m
	}
	return &result
}

func (c *checker) enum(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	values := EnumValues(schema)
	switch {
	case n.Kind != document.String:
		c.wrongType(n, path, "one of "+strings.Join(values, ", "), "")
	case slices.Contains(values, n.Text):
	case c.pass:
		c.Warn(n.Place, path, "enum", "", "unknown value %q, passed on to ECS as it is", document.Shorten(n.Text))
	default:
		c.Fault(n.Place, path, "enum", "", "expected one of %s, found %q%s", strings.Join(values, ", "),
			document.Shorten(n.Text), nearest.DidYouMean(n.Text, values))
	}
	return n
}

// IsStructure reports whether a schema is that of a structure or a union.
func IsStructure(schema *smithy.Schema) bool {
	return schema.Type() == smithy.ShapeTypeStructure || schema.Type() == smithy.ShapeTypeUnion
}

// MemberNames returns the names of the members of a structure, sorted.
func MemberNames(schema *smithy.Schema) []string {
	return slices.Sorted(maps.Keys(schema.Members()))
}
