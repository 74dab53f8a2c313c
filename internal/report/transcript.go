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

// Changed tells the state of a task at a time since the launch.
func (r *Report) Changed(state *task.State, since time.Duration) {
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
				end.Reason = "" // it stands above
			}
			fmt.Fprintf(&text, "\n  container %s: %s", end.Name, endText(end))
		}
		for _, note := range state.Verdict.Notes {
			fmt.Fprintf(&text, "\n  %s", note)
		}
	}
	if r.isNews(aws.ToString(state.TaskArn), text.String()) {
		r.Printf("[%s] %s", event.Duration(since), text.String())
	}
}

// isNews reports whether a text is another one than the last of the same task: a container
// that changes leaves most of what is said of its task as it was.
func (r *Report) isNews(arn, text string) bool {
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

// Final prints the verdict as soon as it is known, while logs are still read.
func (r *Report) Final(res result.Result) { r.verdict(res, " (final)", "; the last log lines follow") }

// Finish tells the verdict in one line.
func (r *Report) Finish(res result.Result) {
	r.reportDropped()
	r.verdict(res, "", "")
}

// verdict prints the verdict, with what it is and what comes after it.
func (r *Report) verdict(res result.Result, mark, after string) {
	good := 0
	for _, state := range res.Tasks {
		if result.Good(state) {
			good++
		}
	}
	line := fmt.Sprintf(": %s", res.Reason)
	word := string(res.Status)
	if res.Status == result.Errored {
		word, line = "error", ": the step could not do its work" // the errors stand above
	}
	if len(res.Tasks) > 1 {
		line = fmt.Sprintf("%s (%d of %d tasks good)", line, good, len(res.Tasks))
	}
	colour := red
	if res.ExitCode == 0 {
		colour = green
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print(colour, word, fmt.Sprintf("%s%s; exit status %d%s", mark, line, res.ExitCode, after))
}
