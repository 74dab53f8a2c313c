package scaffold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// ImageTag is the variable for the tag of the image.
const ImageTag = "IMAGE_TAG"

// Definition is a task definition for a file in a repository.
type Definition struct {
	Text      string   // JSON, indented
	Variables []string // names of the variables in its expressions, without duplicates
	Network   bool     // its tasks need subnets
}

// Editable converts a request for RegisterTaskDefinition to a definition for a repository.
// Expressions replace the tag of each image, and the value of each environment variable,
// which may be secret. Image digests do not change. The definition gets the family.
func Editable(request *document.Node, family string) *Definition {
	e := editor{family: family}
	tree := e.definition(escape(request))
	var indented bytes.Buffer
	if err := json.Indent(&indented, tree.JSON(), "", "  "); err != nil {
		panic(fmt.Sprintf("document.Node.JSON returned invalid JSON: %v", err))
	}
	slices.Sort(e.variables)
	return &Definition{
		Text:      indented.String() + "\n",
		Variables: e.variables,
		Network:   text(request, "networkMode") == "awsvpc",
	}
}

// escape returns a copy of a tree in which the beginnings of expressions in strings are escaped.
func escape(n *document.Node) *document.Node {
	switch n.Kind {
	case document.String:
		return stringNode(strings.NewReplacer("${{", "$${{", "${workflow.", "$${workflow.").Replace(n.Text))
	case document.List:
		return mapItems(n, escape)
	case document.Map:
		return mapMembers(n, func(_ string, value *document.Node) *document.Node { return escape(value) })
	}
	return n
}

// editor collects the variables of the expressions that it adds.
type editor struct {
	family    string
	variables []string
}

func (e *editor) definition(n *document.Node) *document.Node {
	return mapMembers(n, func(key string, value *document.Node) *document.Node {
		switch key {
		case "family":
			return stringNode(e.family)
		case "containerDefinitions":
		default:
			return value
		}
		single := len(value.Items) == 1
		return mapItems(value, func(container *document.Node) *document.Node { return e.container(container, single) })
	})
}

func (e *editor) container(n *document.Node, single bool) *document.Node {
	tag := ImageTag
	if !single {
		tag = strings.ToUpper(notName.ReplaceAllString(text(n, "name"), "_")) + "_" + ImageTag
	}
	return mapMembers(n, func(key string, value *document.Node) *document.Node {
		switch key {
		case "image":
			return e.image(value, tag)
		case "environment":
			return mapItems(value, e.variable)
		}
		return value
	})
}

// image replaces the tag of an image. An image with a digest does not change.
func (e *editor) image(n *document.Node, variable string) *document.Node {
	slash := strings.LastIndex(n.Text, "/")
	colon := strings.LastIndex(n.Text, ":")
	if n.Kind != document.String || colon <= slash || strings.Contains(n.Text, "@") {
		return n
	}
	return stringNode(n.Text[:colon+1] + e.expression(variable))
}

func (e *editor) variable(n *document.Node) *document.Node {
	name := text(n, "name")
	return mapMembers(n, func(key string, value *document.Node) *document.Node {
		if key != "value" {
			return value
		}
		return stringNode(e.expression(name))
	})
}

// notName matches characters that are not allowed in a name after a dot in an expression.
var notName = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// expression returns the expression for a variable, and records the variable.
func (e *editor) expression(name string) string {
	name = notName.ReplaceAllString(name, "_")
	if !slices.Contains(e.variables, name) {
		e.variables = append(e.variables, name)
	}
	return "${{ vars." + name + " }}"
}

func stringNode(text string) *document.Node {
	return &document.Node{Kind: document.String, Text: text}
}

// text returns the value of a string member, or "" if there is none.
func text(n *document.Node, key string) string {
	if value := n.Member(key); value != nil && value.Kind == document.String {
		return value.Text
	}
	return ""
}

// mapMembers returns a copy of a map in which change replaces each value.
func mapMembers(n *document.Node, change func(key string, value *document.Node) *document.Node) *document.Node {
	changed := *n
	changed.Members = make([]document.Member, len(n.Members))
	for i, member := range n.Members {
		changed.Members[i] = document.Member{Key: member.Key, Value: change(member.Key.Text, member.Value)}
	}
	return &changed
}

// mapItems returns a copy of a list in which change replaces each item.
func mapItems(n *document.Node, change func(*document.Node) *document.Node) *document.Node {
	changed := *n
	changed.Items = make([]*document.Node, len(n.Items))
	for i, item := range n.Items {
		changed.Items[i] = change(item)
	}
	return &changed
}
