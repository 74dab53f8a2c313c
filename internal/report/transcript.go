package report

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"ecs-run-task/internal/task"
)

// Since returns a time since the launch as the transcript writes it.
func Since(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	}
	return d.Round(time.Second).String()
}

// Changed tells the state of a task at a time since the launch.
func (r *Report) Changed(state *task.State, since time.Duration) {
	var text strings.Builder
	fmt.Fprintf(&text, "[%s] task %.8s of %s is %s", Since(since), task.ID(aws.ToString(state.TaskArn)), task.Name(state.Definition), aws.ToString(state.LastStatus))
	if state.HealthStatus != "" && state.HealthStatus != "UNKNOWN" {
		fmt.Fprintf(&text, ", %s", state.HealthStatus)
	}
	if reason := aws.ToString(state.StoppedReason); reason != "" {
		fmt.Fprintf(&text, ": %s", reason)
	}
	if state.Verdict != nil {
		for _, end := range state.Ends() {
			fmt.Fprintf(&text, "\n  container %s: %s", end.Name, endText(end))
		}
		for _, note := range state.Verdict.Notes {
			fmt.Fprintf(&text, "\n  %s", note)
		}
	}
	r.Printf("%s", text.String())
}

func endText(end task.End) string {
	text := "no exit code"
	if end.ExitCode != nil {
		text = fmt.Sprintf("exit code %d", *end.ExitCode)
	}
	if end.Reason != "" {
		text += ": " + end.Reason
	}
	if !end.Essential {
		text += " (not essential)"
	}
	return text
}

// Finish tells the verdict in one line, after what there is to say of each task
// that failed.
func (r *Report) Finish(result Result) {
	good := 0
	for _, state := range result.Tasks {
		if state.Verdict != nil && state.Verdict.Outcome == task.Succeeded || state.Reached {
			good++
		}
	}
	for _, state := range result.Tasks {
		if state.Verdict != nil && state.Verdict.Outcome != task.Succeeded && result.Status == Failed {
			r.Error(Note{
				Title: fmt.Sprintf("%s %s", task.Name(state.Definition), state.Verdict.Outcome),
				Text:  fmt.Sprintf("task %.8s of %s: %s", task.ID(aws.ToString(state.TaskArn)), task.Name(state.Definition), state.Verdict.Reason),
			})
		}
	}
	line := fmt.Sprintf("%s: %s", result.Status, result.Reason)
	if result.Status == Errored {
		line = "error: the step could not do its work" // the errors stand above
	}
	if len(result.Tasks) > 1 {
		line = fmt.Sprintf("%s (%d of %d tasks good)", line, good, len(result.Tasks))
	}
	r.Printf("%s; exit status %d", line, result.ExitCode)
}

// Hide returns the text without the registered secrets.
func (r *Report) Hide(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.masks.hide(text)
}

// LogURL returns the address of a log stream in the AWS console, which wants
// names encoded twice and $ for %.
func LogURL(region, group, stream string) string {
	twice := func(name string) string {
		return strings.ReplaceAll(url.QueryEscape(url.QueryEscape(name)), "%", "$")
	}
	domain := "console.aws.amazon.com"
	switch {
	case strings.HasPrefix(region, "cn-"):
		domain = "console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		domain = "console.amazonaws-us-gov.com"
	}
	return fmt.Sprintf("https://%s.%s/cloudwatch/home?region=%s#logsV2:log-groups/log-group/%s/log-events/%s", region, domain, region, twice(group), twice(stream))
}

// Writer returns a writer of a container's output, which prints whole lines
// behind the name. Close prints the last one if it has no end. It is not safe for
// several goroutines.
func (r *Report) Writer(name string) io.WriteCloser {
	return &lineWriter{report: r, name: name}
}

type lineWriter struct {
	report *Report
	name   string
	rest   []byte // of a line that has not ended
}

func (w *lineWriter) Write(text []byte) (int, error) {
	w.rest = append(w.rest, text...)
	if end := bytes.LastIndexByte(w.rest, '\n') + 1; end > 0 {
		w.report.Log(w.name, string(w.rest[:end]))
		w.rest = append(w.rest[:0], w.rest[end:]...)
	}
	return len(text), nil
}

func (w *lineWriter) Close() error {
	if len(w.rest) > 0 {
		w.report.Log(w.name, string(w.rest))
		w.rest = nil
	}
	return nil
}
