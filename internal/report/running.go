package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/sethvargo/go-githubactions"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// mostRunning is how many tasks the summary of a step that goes on names.
const mostRunning = 20

// running is what the summary says as long as the step goes on: what a step that its
// runner kills leaves there. The summary of the result replaces it.
type running struct {
	before  int64 // size of the runner's file without it
	written int64 // bytes of it
	tasks   []*runningTask
}

type runningTask struct {
	arn, name, status string
	logs              []runningLog
}

type runningLog struct{ container, url string }

// showLog takes in where the log of a task's container is to be seen in the AWS console.
func (r *Report) showLog(state *task.State, container, url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.running.of(state); t != nil {
		t.logs = append(t.logs, runningLog{container, url})
		r.writeRunning()
	}
}

// showRunning takes in the status of a task.
func (r *Report) showRunning(state *task.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.running.of(state); t != nil {
		t.status = aws.ToString(state.LastStatus)
		r.writeRunning()
	}
}

// of returns what is shown of a task, nil if it is one too many.
func (s *running) of(state *task.State) *runningTask {
	arn := aws.ToString(state.TaskArn)
	if i := slices.IndexFunc(s.tasks, func(t *runningTask) bool { return t.arn == arn }); i >= 0 {
		return s.tasks[i]
	}
	if len(s.tasks) == mostRunning {
		return nil
	}
	t := &runningTask{arn: arn, name: task.Name(state.Definition), status: aws.ToString(state.LastStatus)}
	s.tasks = append(s.tasks, t)
	return t
}

// writeRunning writes what goes on to the summary, in the place of what it wrote before.
// It is nothing to fail by.
func (r *Report) writeRunning() {
	if r.getenv("GITHUB_STEP_SUMMARY") == "" || !r.clearRunning() {
		return
	}
	text := r.runningText()
	if r.writeFile("GITHUB_STEP_SUMMARY", func(a *githubactions.Action) { a.AddStepSummary(text) }) == nil {
		if info, err := os.Stat(r.getenv("GITHUB_STEP_SUMMARY")); err == nil {
			r.running.written = info.Size() - r.running.before
		}
	}
}

// clearRunning takes what goes on out of the summary. It is false where that can't be
// done, since the file is none or somebody else has written to it meanwhile.
func (r *Report) clearRunning() bool {
	name := r.getenv("GITHUB_STEP_SUMMARY")
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true
	case err != nil || !info.Mode().IsRegular():
		return false
	case r.running.written == 0:
		r.running.before = info.Size()
		return r.running.before < summaryLimit/2
	case info.Size() != r.running.before+r.running.written:
		return false
	}
	r.running.written = 0
	return os.Truncate(name, r.running.before) == nil
}

func (r *Report) runningText() string {
	s := summary{masks: r.masks}
	var text strings.Builder
	text.WriteString("### ⏳ running\n\n")
	for _, t := range r.running.tasks {
		address := ""
		if len(t.logs) > 0 { // else it may be one that the AWS console does not show
			address = TaskURL(t.arn)
		}
		id := link(code(fmt.Sprintf("%.8s", task.ID(t.arn))), address)
		fmt.Fprintf(&text, "- task %s of %s: %s", id, code(s.hide(t.name)), plain(cmp.Or(t.status, "started")))
		for _, log := range t.logs {
			text.WriteString(", " + link("log of "+code(s.hide(log.container)), log.url))
		}
		text.WriteString("\n")
	}
	return text.String()
}
