package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Changed prints the new state of a task. elapsed is the time since the launch.
func (r *Report) Changed(state *task.State, elapsed time.Duration) {
	r.showRunning(state)
	var text strings.Builder
	id, name := task.ID(aws.ToString(state.TaskArn)), task.Name(state.Definition)
	fmt.Fprintf(&text, "task %.8s of %s is %s", id, name, aws.ToString(state.LastStatus))
	if state.HealthStatus != "" && state.HealthStatus != "UNKNOWN" {
		fmt.Fprintf(&text, ", %s", state.HealthStatus)
	}
	if reason := aws.ToString(state.StoppedReason); reason != "" {
		fmt.Fprintf(&text, ": %s", reason)
	}
	if state.Verdict != nil {
		for _, end := range state.Ends() {
			if end.Reason == aws.ToString(state.StoppedReason) {
				end.Reason = "" // the first line has it
			}
			fmt.Fprintf(&text, "\n  container %s: %s", end.Name, endText(end))
		}
		for _, note := range state.Verdict.Notes {
			fmt.Fprintf(&text, "\n  %s", note)
		}
	}
	if r.isNew(aws.ToString(state.TaskArn), text.String()) {
		r.Printf("[%s] %s", event.Duration(elapsed), text.String())
	}
}

// isNew reports whether the text differs from the last one of the same task. Most changes
// of a container do not change the text.
func (r *Report) isNew(arn, text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastOf[arn] == text {
		return false
	}
	r.lastOf[arn] = text
	return true
}

func endText(end verdict.End) string {
	text := "no exit code"
	switch {
	case end.ExitCode != nil:
		text = fmt.Sprintf("exit code %d", *end.ExitCode)
	case end.Status != "" && end.Status != "STOPPED":
		text = "is " + end.Status
	}
	if end.Reason != "" {
		text += ": " + end.Reason
	}
	if !end.Essential {
		text += " (not essential)"
	}
	return text
}

// Final prints the verdict while logs are still being read.
func (r *Report) Final(res result.Result) { r.verdict(res, " (final)", "; the last log lines follow") }

// Finish prints what was dropped, and the verdict in one line.
func (r *Report) Finish(res result.Result) {
	r.reportDropped()
	r.verdict(res, "", "")
}

// verdict prints the verdict with a mark after the status and a text at the end.
func (r *Report) verdict(res result.Result, mark, after string) {
	line := fmt.Sprintf(": %s", res.Reason)
	word := string(res.Status)
	if res.Status == result.Errored {
		word, line = "error", ": the step could not do its work" // the errors are printed above
	}
	if len(res.Tasks) > 1 {
		line = fmt.Sprintf("%s (%d of %d tasks succeeded)", line, res.Succeeded(), len(res.Tasks))
	}
	colour := red
	if res.ExitCode == 0 {
		colour = green
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print(colour, word, fmt.Sprintf("%s%s; exit status %d%s", mark, line, res.ExitCode, after))
}
