package apischema

import (
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// A checker checks a tree against a schema. Its methods return the value as the API takes
// it, or, with a fault, the unchanged value.
type checker struct {
	*document.Findings
	pass  bool // unknown members and enum values are passed on
	root  *smithy.Schema
	nulls []document.Member // that were left out
}

// wrongType reports that a value has another kind than the wanted one.
func (c *checker) wrongType(n *document.Node, path, wanted, hint string) {
	c.Fault(n.Place, path, "type", hint, "expected %s, found %s", wanted, KindOf(n))
}

// wrongText is wrongType for a member that is no free text: it shows a string.
func (c *checker) wrongText(n *document.Node, path, wanted, hint string) {
	if n.Kind != document.String {
		c.wrongType(n, path, wanted, hint)
		return
	}
	c.Fault(n.Place, path, "type", hint, "expected %s, found %s", wanted, document.Quote(document.Shorten(n.Text)))
}

// KindOf names the kind of a value for a message: "a list", or the value itself if it is
// null, a boolean or a number.
func KindOf(n *document.Node) string {
	switch n.Kind {
	case document.Null:
		return "null"
	case document.Bool:
		return n.Text
	case document.Number:
		return "the number " + document.Shorten(written(n))
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

func quotedIfString(n *document.Node) string {
	if n.Kind == document.String {
		return document.Quote(document.Shorten(n.Text))
	}
	return document.Shorten(written(n))
}
