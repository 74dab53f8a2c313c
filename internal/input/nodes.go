package input

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// contentOf returns the nodes inside a text that is one map, or one list, in YAML or
// JSON. It returns false for any other text. It drops the library's error, which quotes
// the text, because the text may be secret.
func contentOf(text string, kind yaml.Kind) ([]*yaml.Node, bool) {
	var document yaml.Node
	if yaml.Load([]byte(text), &document) != nil || len(document.Content) != 1 || document.Content[0].Kind != kind {
		return nil, false
	}
	return document.Content[0].Content, true
}

// scalar returns the source text of a scalar, or "" for null.
func scalar(node *yaml.Node) string {
	if node.ShortTag() == "!!null" {
		return ""
	}
	return node.Value
}

// isSequence reports whether a text has the beginning of a list in JSON or YAML.
func isSequence(text string) bool {
	return strings.HasPrefix(text, "[") || strings.HasPrefix(text, "- ")
}

// parseSequence parses a list in JSON or YAML. It returns false for any other text.
// An item is nil if it is not a string, number or boolean.
func parseSequence(text string) ([]*string, bool) {
	if !isSequence(text) {
		return nil, false
	}
	nodes, ok := contentOf(text, yaml.SequenceNode)
	if !ok {
		return nil, false
	}
	var items []*string
	for _, node := range nodes {
		var item *string
		if node.Kind == yaml.ScalarNode && node.ShortTag() != "!!null" {
			item = &node.Value
		}
		items = append(items, item)
	}
	return items, true
}
