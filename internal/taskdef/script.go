package taskdef

import (
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

// scriptSplit tells of shells that run only the first word of what is certainly
// their script, and scriptArguments warns of those that most likely do: the task
// would end well without having done its work.
func scriptSplit(t *task, tell telling) { splitScripts(t, true, tell) }

func scriptArguments(t *task, tell telling) {
	splitScripts(t, false, tell)
	for _, c := range t.containers {
		splitHealthCheck(c.get("healthCheck").get("command"), tell)
	}
}

// splitHealthCheck warns of a health check of which a shell runs the first word only.
// After CMD-SHELL Docker gives sh -c all the words (github.com/moby/moby,
// daemon/health.go).
func splitHealthCheck(command object, tell telling) {
	words := command.texts()
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
		tell(command, brief(`"command": `+wordList(fixed)), "%s", found)
	}
}

func splitScripts(t *task, certain bool, tell telling) {
	for _, c := range t.containers {
		entryPoint, command := c.get("entryPoint"), c.get("command")
		found, ok := shellwords.FindSplitScript(entryPoint.texts(), command.texts())
		if !ok || found.Certain != certain {
			continue
		}
		at, key := command, "command"
		if found.InEntryPoint {
			at, key = entryPoint, "entryPoint"
		}
		tell(at, brief(`"`+key+`": `+wordList(found.Fixed)), "%s", found)
	}
}

// texts returns the strings of a list.
func (o object) texts() []string {
	var texts []string
	for item := range o.each() {
		texts = append(texts, item.text())
	}
	return texts
}

// wordList returns words as a list in JSON.
func wordList(words []string) string {
	list := document.Node{Kind: document.List}
	for _, word := range words {
		list.Items = append(list.Items, &document.Node{Kind: document.String, Text: word})
	}
	return string(list.JSON())
}
