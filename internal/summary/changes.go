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

// mostChanges is how many changes of a definition the summary shows.
const mostChanges = 100

// changes shows what a definition changes, folded up; "" if nothing.
func (t texts) changes(c result.Comparison) string {
	if len(c.Changes) == 0 {
		return ""
	}
	var text strings.Builder
	title := fmt.Sprintf("What changes in %s, compared with %s", code(t.hide(c.Family)), code(t.hide(c.Against)))
	fmt.Fprintf(&text, "\n<details><summary>%s</summary>\n\n", title)
	for i, change := range c.Changes {
		if i == mostChanges {
			fmt.Fprintf(&text, "- %d more are in the log\n", len(c.Changes)-i)
			break
		}
		fmt.Fprintf(&text, "- %s\n", code(t.hide(change.String())))
	}
	text.WriteString("\n</details>\n")
	return text.String()
}

// outputs shows what the tasks gave as outputs; "" if nothing.
func (t texts) outputs(values outputs.Values) string {
	if len(values) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("\n| Output | Value |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&text, "| %s | %s |\n", code(name), code(plaintext.Clip(t.hide(values[name]), longestCell)))
	}
	return text.String()
}
