package summary

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// RunningTask is a task of a running step.
type RunningTask struct {
	ARN, Name, Status string
	Logs              []RunningLog // logs in the AWS console
}

// RunningLog is the link to a container's log in the AWS console.
type RunningLog struct{ Container, URL string }

// Running returns the Markdown for a running step. hide removes secrets from a text.
func Running(tasks []*RunningTask, hide func(string) string) string {
	safe := texts{hide}
	var text strings.Builder
	text.WriteString("### ⏳ running\n\n")
	for _, t := range tasks {
		address := ""
		if len(t.Logs) > 0 { // without a log, the AWS console may not show the task
			address = result.TaskURL(t.ARN)
		}
		id := link(code(fmt.Sprintf("%.8s", task.ID(t.ARN))), address)
		fmt.Fprintf(&text, "- task %s of %s: %s", id, code(safe.hide(t.Name)), plain(cmp.Or(t.Status, "started")))
		for _, log := range t.Logs {
			text.WriteString(", " + link("log of "+code(safe.hide(log.Container)), log.URL))
		}
		text.WriteString("\n")
	}
	return text.String()
}
