// Package documenttest has documents for tests.
package documenttest

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// Parse returns the only document of a text. It ends the test on an error.
func Parse(t testing.TB, name, text string) *document.Node {
	t.Helper()
	nodes, _, err := document.Parse(name, []byte(text))
	if err != nil || len(nodes) != 1 {
		t.Fatalf("Parse(%q) = %d nodes, %v", text, len(nodes), err)
	}
	return nodes[0]
}

// Messages returns the messages of warnings, one per line.
func Messages(warnings []document.Warning) string {
	var lines []string
	for _, w := range warnings {
		lines = append(lines, w.Error.Error())
	}
	return strings.Join(lines, "\n")
}
