package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// mostChanges is how many changes of a definition the summary shows.
const mostChanges = 100

// changes shows what definitions change, folded up.
func (s *summary) changes(result Result) {
	for _, c := range result.Compared {
		if len(c.Changes) == 0 {
			continue
		}
		var text strings.Builder
		title := fmt.Sprintf("What changes in %s, compared with %s", code(s.hide(c.Family)), code(s.hide(c.Against)))
		fmt.Fprintf(&text, "\n<details><summary>%s</summary>\n\n", title)
		for i, change := range c.Changes {
			if i == mostChanges {
				fmt.Fprintf(&text, "- %d more are in the log\n", len(c.Changes)-i)
				break
			}
			fmt.Fprintf(&text, "- %s\n", code(s.hide(change.String())))
		}
		text.WriteString("\n</details>\n")
		s.add(text.String())
	}
}

// outputs shows what the tasks gave as outputs.
func (s *summary) outputs(result Result) string {
	if len(result.TaskOutputs) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("\n| Output | Value |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(result.TaskOutputs)) {
		fmt.Fprintf(&text, "| %s | %s |\n", code(name), code(clip(s.hide(result.TaskOutputs[name]), longestCell)))
	}
	return text.String()
}
