package report

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sethvargo/go-githubactions"
)

// Outputs sets the step's outputs where the runner takes them.
func (r *Report) Outputs(outputs []Output) error {
	if r.getenv("GITHUB_OUTPUT") == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return unpanic(func() {
		action := r.actions(io.Discard)
		for _, output := range outputs {
			// The delimiter of a value in the runner's file is fixed, so that a
			// value of several lines could forge another.
			action.SetOutput(output.Name, oneLine(r.masks.hide(output.Value)))
		}
	})
}

// HasState reports whether the runner takes values for the post stage.
func (r *Report) HasState() bool {
	return r.getenv("GITEA_ACTIONS") == "true" || r.getenv("GITHUB_STATE") != ""
}

// State saves a value for the post stage, where the runner takes one.
func (r *Report) State(name, value string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.getenv("GITEA_ACTIONS") == "true" { // whose state file is lost when the job is cancelled
		r.command(func(a *githubactions.Action) {
			a.IssueCommand(&githubactions.Command{
				Name: "save-state", Message: value, Properties: githubactions.CommandProperties{"name": name},
			})
		})
	}
	if r.getenv("GITHUB_STATE") == "" {
		return nil
	}
	return unpanic(func() { r.actions(io.Discard).SaveState(name, oneLine(value)) })
}

// Summary adds the result to the job's summary where the runner takes one.
func (r *Report) Summary(result Result) error {
	name := r.getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clearRunning()
	room := summaryLimit
	if before, err := os.Stat(name); err == nil { // the runner drops a summary that is too long as a whole
		room -= int(min(before.Size(), summaryLimit))
	}
	return unpanic(func() {
		r.actions(io.Discard).AddStepSummary(summary{masks: r.masks}.write(result, room))
	})
}

// unpanic turns the panics of go-githubactions, which has no errors, into
// errors.
func unpanic(write func()) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			var ok bool
			if err, ok = fault.(error); !ok {
				err = errors.New(fmt.Sprint(fault))
			}
		}
	}()
	write()
	return nil
}
