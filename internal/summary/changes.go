package summary

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
)

// maxChanges is the number of changes of a definition in the summary.
const maxChanges = 100

// changes returns the changes of a definition in a folded part; "" if there are none.
func (t texts) changes(c result.Comparison) string {
	if len(c.Changes) == 0 {
		return ""
	}
	var text strings.Builder
	title := fmt.Sprintf("What changes in %s, compared with %s", code(t.hide(c.Family)), code(t.hide(c.Against)))
	fmt.Fprintf(&text, "\n<details><summary>%s</summary>\n\n", title)
	for i, change := range c.Changes {
		if i == maxChanges {
			fmt.Fprintf(&text, "- %d more are in the log\n", len(c.Changes)-i)
			break
		}
		fmt.Fprintf(&text, "- %s\n", code(t.hide(change.String())))
	}
	text.WriteString("\n</details>\n")
	return text.String()
}

// outputs returns a table of the outputs of the tasks; "" if there are none.
func (t texts) outputs(values outputs.Values) string {
	if len(values) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("\n| Output | Value |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&text, "| %s | %s |\n", code(name), code(plaintext.Clip(t.hide(values[name]), maxCellWidth)))
	}
	return text.String()
}
