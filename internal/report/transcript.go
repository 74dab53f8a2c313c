package report

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Since returns a time since the launch as the transcript writes it.
func Since(d time.Duration) string { return event.Duration(d) }

// Changed tells the state of a task at a time since the launch.
func (r *Report) Changed(state *task.State, since time.Duration) {
	r.showRunning(state)
	var text strings.Builder
	fmt.Fprintf(&text, "task %.8s of %s is %s", task.ID(aws.ToString(state.TaskArn)), task.Name(state.Definition), aws.ToString(state.LastStatus))
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
		r.Printf("[%s] %s", Since(since), text.String())
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

func endText(end task.End) string {
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
func (r *Report) Final(result Result) { r.verdict(result, " (final)", "; the last log lines follow") }

// Finish tells the verdict in one line.
func (r *Report) Finish(result Result) {
	r.reportDropped()
	r.verdict(result, "", "")
}

// verdict prints the verdict, with what it is and what comes after it.
func (r *Report) verdict(result Result, mark, after string) {
	good := 0
	for _, state := range result.Tasks {
		if isGood(state) {
			good++
		}
	}
	line := fmt.Sprintf(": %s", result.Reason)
	word := string(result.Status)
	if result.Status == Errored {
		word, line = "error", ": the step could not do its work" // the errors stand above
	}
	if len(result.Tasks) > 1 {
		line = fmt.Sprintf("%s (%d of %d tasks good)", line, good, len(result.Tasks))
	}
	colour := red
	if result.ExitCode == 0 {
		colour = green
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print(colour, word, fmt.Sprintf("%s%s; exit status %d%s", mark, line, result.ExitCode, after))
}

// isGood reports whether nothing is wrong with a task that is done.
func isGood(state *task.State) bool {
	return state.Verdict != nil && state.Verdict.Outcome == task.Succeeded || state.Reached
}

// LogURL returns the address of a log stream in the AWS console, which wants
// names encoded twice and $ for %.
func LogURL(region, group, stream string) string {
	twice := func(name string) string {
		return strings.ReplaceAll(url.QueryEscape(url.QueryEscape(name)), "%", "$")
	}
	return fmt.Sprintf("%s/cloudwatch/home?region=%s#logsV2:log-groups/log-group/%s/log-events/%s", consoleURL(region), region, twice(group), twice(stream))
}

// TaskURL returns the address of a task in the AWS console, or "" if the ARN is
// not one of a task in a cluster.
func TaskURL(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	path := strings.Split(parts[5], "/")
	if len(path) != 3 {
		return ""
	}
	region := url.PathEscape(parts[3])
	return fmt.Sprintf("%s/ecs/v2/clusters/%s/tasks/%s/configuration?region=%s", consoleURL(region), url.PathEscape(path[1]), url.PathEscape(path[2]), region)
}

func consoleURL(region string) string {
	domain := "console.aws.amazon.com"
	switch {
	case strings.HasPrefix(region, "cn-"):
		domain = "console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		domain = "console.amazonaws-us-gov.com"
	}
	return "https://" + region + "." + domain
}
