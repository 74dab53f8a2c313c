package taskdef

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// describeOnly are the members that DescribeTaskDefinition adds to a definition.
var describeOnly = []string{
	"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities",
	"registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt",
}

// plain converts a definition of any form into the form of the request: the members that
// belong to it, as the API spells them. It also returns the user's own member x-run-task.
// The result is nil if the form is not known.
func (d *decoder) plain(n *document.Node, path string) (tree, run *document.Node) {
	if n.Kind != document.Map {
		d.Fault(n.Place, path, "form", "", "expected a task definition, found %s", apischema.KindOf(n))
		return nil, nil
	}
	if isContainer(n) {
		d.Fault(n.Place, path, "form", `{ "family": "…", "containerDefinitions": [ { … } ] }`,
			"expected a task definition, found a single container: put it in the list containerDefinitions")
		return nil, nil
	}
	n = d.withoutOwn(n, path, &run)
	var outerTags *document.Node
	if inner := n.Member("taskDefinition"); inner != nil && n.Member("containerDefinitions") == nil {
		if inner.Kind != document.Map {
			d.Fault(inner.Place, document.MemberPath(path, "taskDefinition"), "form", "",
				"expected a task definition, found a request that names one: give its name as the definition")
			return nil, nil
		}
		outerTags = d.wrapper(n, path)
		n = d.withoutOwn(inner, path, &run)
	}
	if n = d.resource(n, path); n == nil {
		return nil, nil
	}
	n = d.cloudFormation(d.withoutOwn(n, path, &run), path)
	n = d.withoutDescribed(n, path)
	n = d.mergeOuterTags(n, outerTags, path)
	return d.withoutEmpty(n, path), run
}

// runMember is the user's own member that says how the tasks are run.
const runMember = "x-run-task"

// withoutOwn returns a definition, or the map around it, without the user's own members:
// top-level members that begin with x-, and the $schema that editors use. It sets run to
// the value of x-run-task, and warns of a name that is nearly x-run-task.
func (d *decoder) withoutOwn(n *document.Node, path string, run **document.Node) *document.Node {
	return n.Without(func(m document.Member) bool {
		key := m.Key.Text
		if !strings.HasPrefix(key, "x-") {
			return key == "$schema"
		}
		inner := document.MemberPath(path, key)
		switch {
		case key == runMember && *run != nil:
			d.Fault(m.Key.Place, inner, "duplicate-key", "", "%s is given twice, first at %d:%d", runMember, (*run).Place.Line,
				(*run).Place.Column)
		case key == runMember:
			*run = m.Value
		case nearest.Name(key, []string{runMember}) != "":
			d.Warn(m.Key.Place, inner, "own-member", "", "left out, as all members are that begin with x-%s",
				nearest.Suggestion(runMember))
		}
		return true
	})
}

// wrapper checks the members beside the definition in the response of
// DescribeTaskDefinition, and returns the tags, nil if there are none.
func (d *decoder) wrapper(n *document.Node, path string) *document.Node {
	for _, m := range n.Members {
		switch m.Key.Text {
		case "taskDefinition", "tags", "ResponseMetadata":
		default:
			d.Fault(m.Key.Place, document.MemberPath(path, m.Key.Text), "unknown-member", "",
				"unknown member: beside taskDefinition there are only tags")
		}
	}
	return n.Member("tags")
}

// resource returns the properties of a resource of CloudFormation, and any other definition
// unchanged. It returns nil for a template or another resource.
func (d *decoder) resource(n *document.Node, path string) *document.Node {
	if resources := n.Member("Resources"); resources != nil && n.Member("containerDefinitions") == nil {
		d.Fault(n.Place, path, "form", "",
			"expected a task definition, found a CloudFormation template: give the Properties of its AWS::ECS::TaskDefinition")
		return nil
	}
	properties, t := n.Member("Properties"), n.Member("Type")
	if properties == nil || properties.Kind != document.Map || t == nil {
		return n
	}
	if t.Text != "AWS::ECS::TaskDefinition" {
		d.Fault(t.Place, document.MemberPath(path, "Type"), "form", "",
			"expected the resource type AWS::ECS::TaskDefinition, found %q", t.Text)
		return nil
	}
	beside := n.Without(func(m document.Member) bool { return m.Value == properties || m.Value == t })
	if len(beside.Members) > 0 {
		d.Notice(beside.Members[0].Key.Place, path, "cloudformation", "left out what is beside the Properties: %s",
			document.Keys(beside.Members))
	}
	return properties
}

// cloudFormation converts CloudFormation's spelling of a definition into the API's. It
// returns other definitions unchanged.
func (d *decoder) cloudFormation(n *document.Node, path string) *document.Node {
	if n.Member("ContainerDefinitions") == nil || n.Member("containerDefinitions") != nil {
		return n
	}
	d.Notice(n.Place, path, "cloudformation", "CloudFormation's spelling of the members taken as the API's")
	return d.respell(n, schemas.RegisterTaskDefinitionRequest, path)
}

// respell returns a tree with the members of its structures as schema spells
// them. The keys of free-form maps stay as they are.
func (d *decoder) respell(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	c := *n
	switch {
	case schema.Type() == smithy.ShapeTypeList && n.Kind == document.List:
		c.Items = make([]*document.Node, len(n.Items))
		for i, item := range n.Items {
			c.Items[i] = d.respell(item, schema.ListMember(), document.ItemPath(path, i))
		}
	case apischema.IsStructure(schema) && n.Kind == document.Map:
		c.Members = make([]document.Member, 0, len(n.Members))
		seen := make(map[string]bool, len(n.Members))
		known := append(apischema.MemberNames(schema), describeOnly...)
		for _, m := range n.Members {
			m.Key = respellKey(m.Key, known)
			if m.Key.Text == "ProxyConfigurationProperties" && schema.Member("properties") != nil {
				m.Key = respelt(m.Key, "properties") // the only one with another name
			}
			inner := document.MemberPath(path, m.Key.Text)
			if seen[m.Key.Text] {
				d.Fault(m.Key.Place, inner, "duplicate-key", "", "duplicate key %q", document.Shorten(m.Key.Text))
				continue
			}
			seen[m.Key.Text] = true
			if s := schema.Member(m.Key.Text); s != nil {
				m.Value = d.respell(m.Value, s, inner)
			}
			c.Members = append(c.Members, m)
		}
	}
	return &c
}

// respellKey returns the known key that is equal to key but for the case of letters, or key
// itself.
func respellKey(key *document.Node, known []string) *document.Node {
	for _, name := range known {
		if strings.EqualFold(name, key.Text) {
			return respelt(key, name)
		}
	}
	return key
}

func respelt(key *document.Node, name string) *document.Node {
	c := *key
	c.Text = name
	return &c
}

// withoutDescribed drops what only DescribeTaskDefinition has, with one notice.
func (d *decoder) withoutDescribed(n *document.Node, path string) *document.Node {
	var dropped []document.Member
	n = n.Without(func(m document.Member) bool {
		if !slices.Contains(describeOnly, m.Key.Text) {
			return false
		}
		dropped = append(dropped, m)
		return true
	})
	if len(dropped) > 0 {
		d.Notice(dropped[0].Key.Place, path, "describe-only", "left out what ECS itself adds to a registered definition: %s",
			document.Keys(dropped))
	}
	return n
}

// withoutEmpty drops empty members of the definition: they say nothing, and ECS refuses
// several of them. It adds one notice for all empty strings.
func (d *decoder) withoutEmpty(n *document.Node, path string) *document.Node {
	var blank []document.Member
	n = n.Without(func(m document.Member) bool {
		v := m.Value
		switch {
		case m.Key.Text == "containerDefinitions", schemas.RegisterTaskDefinitionRequest.Member(m.Key.Text) == nil:
			return false // reported by the checks of shapes or rules
		case v.Kind == document.String && v.Text == "":
			blank = append(blank, m)
			return true
		}
		return v.Kind == document.List && len(v.Items) == 0 || v.Kind == document.Map && len(v.Members) == 0
	})
	if len(blank) > 0 {
		d.Notice(blank[0].Key.Place, path, "empty", "left out what is empty: %s", document.Keys(blank))
	}
	return n
}

// isContainer reports whether a map is a container, in the API's spelling or in that of
// CloudFormation, and no task definition.
func isContainer(n *document.Node) bool {
	for _, key := range []string{"containerDefinitions", "ContainerDefinitions", "taskDefinition", "Properties",
		"Resources"} {
		if n.Member(key) != nil {
			return false
		}
	}
	return n.Member("image") != nil || n.Member("Image") != nil
}
