package rules

import (
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

// scriptSplit reports shells that run only the first word of a text that is certainly their
// script, and scriptArguments warns of those that most likely do: the task would exit with
// 0 and not have done its work.
func scriptSplit(t *task, report reportFunc) { splitScripts(t, true, report) }

func scriptArguments(t *task, report reportFunc) {
	splitScripts(t, false, report)
	for _, c := range t.containers {
		splitHealthCheck(c.Get("healthCheck").Get("command"), report)
	}
}

// splitHealthCheck warns of a health check of which a shell runs the first word only.
// After CMD-SHELL Docker gives sh -c all the words (github.com/moby/moby,
// daemon/health.go).
func splitHealthCheck(command value, report reportFunc) {
	words := command.Texts()
	if len(words) < 2 {
		return
	}
	kind, words := words[0], words[1:]
	if kind == "CMD-SHELL" {
		words = append([]string{"sh", "-c"}, words...)
	} else if kind != "CMD" {
		return
	}
	if found, ok := shellwords.FindSplitScript(nil, words); ok {
		fixed := append([]string{kind}, found.Fixed...)
		if kind == "CMD-SHELL" {
			fixed = append([]string{kind}, found.Fixed[2:]...)
		}
		report(command, document.Brief(`"command": `+document.QuoteList(fixed)), "%s", found)
	}
}

func splitScripts(t *task, certain bool, report reportFunc) {
	for _, c := range t.containers {
		entryPoint, command := c.Get("entryPoint"), c.Get("command")
		found, ok := shellwords.FindSplitScript(entryPoint.Texts(), command.Texts())
		if !ok || found.Certain != certain {
			continue
		}
		at, key := command, "command"
		if found.InEntryPoint {
			at, key = entryPoint, "entryPoint"
		}
		report(at, document.Brief(`"`+key+`": `+document.QuoteList(found.Fixed)), "%s", found)
	}
}
