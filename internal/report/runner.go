package report

import (
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/sethvargo/go-githubactions"

	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/summary"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Outputs writes the outputs of the step to the file at GITHUB_OUTPUT. It does nothing if
// the variable is not set.
func (r *Report) Outputs(outputs []result.Output) error {
	if r.getenv("GITHUB_OUTPUT") == "" {
		return nil
	}
	hidden := make([]string, len(outputs))
	for i, output := range outputs {
		// The delimiter of a value in the runner's file is fixed, so that a value of
		// several lines could forge another output.
		hidden[i] = plaintext.OneLine(r.Hide(output.Value))
	}
	return r.files.write("GITHUB_OUTPUT", func(action *githubactions.Action) {
		for i, output := range outputs {
			action.SetOutput(output.Name, hidden[i])
		}
	})
}

// HasState reports whether the runner saves state for the post stage.
func (r *Report) HasState() bool {
	return r.getenv("GITEA_ACTIONS") == "true" || r.getenv("GITHUB_STATE") != ""
}

// State saves a value for the post stage. It does nothing if the runner has no state.
func (r *Report) State(name, value string) error {
	if r.getenv("GITEA_ACTIONS") == "true" { // it loses the state file when the job is cancelled
		r.mu.Lock()
		r.command(func(a *githubactions.Action) {
			a.IssueCommand(&githubactions.Command{
				Name: "save-state", Message: value, Properties: githubactions.CommandProperties{"name": name},
			})
		})
		r.mu.Unlock()
	}
	if r.getenv("GITHUB_STATE") == "" {
		return nil
	}
	return r.files.write("GITHUB_STATE", func(a *githubactions.Action) { a.SaveState(name, plaintext.OneLine(value)) })
}

// Summary adds the result to the job summary. It does nothing if the runner has none.
func (r *Report) Summary(res result.Result) error {
	name := r.getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	r.mu.Lock()
	r.running.clear(name)
	room := summary.Limit
	if before, err := os.Stat(name); err == nil { // GitHub drops a summary that is too long
		room -= int(min(before.Size(), summary.Limit))
	}
	text := summary.Write(res, room, r.masks.Hide)
	r.mu.Unlock()
	return r.files.write("GITHUB_STEP_SUMMARY", func(a *githubactions.Action) { a.AddStepSummary(text) })
}

// showLog adds a link to a container's log in the AWS console to the summary of the running
// step.
func (r *Report) showLog(state *task.State, container, url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.running.of(state); t != nil {
		t.Logs = append(t.Logs, summary.RunningLog{Container: container, URL: url})
		r.writeRunning()
	}
}

// showRunning updates the status of a task in the summary of the running step.
func (r *Report) showRunning(state *task.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.running.of(state); t != nil {
		t.Status = aws.ToString(state.LastStatus)
		r.writeRunning()
	}
}

// writeRunning replaces its previous text in the job summary with the current state of the
// step. It ignores errors, because the summary of the result comes later.
func (r *Report) writeRunning() {
	name := r.getenv("GITHUB_STEP_SUMMARY")
	if name == "" || !r.running.clear(name) {
		return
	}
	text := summary.Running(r.running.tasks, r.masks.Hide)
	if r.files.write("GITHUB_STEP_SUMMARY", func(a *githubactions.Action) { a.AddStepSummary(text) }) == nil {
		if info, err := os.Stat(name); err == nil {
			r.running.written = info.Size() - r.running.before
		}
	}
}
