package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sethvargo/go-githubactions"
)

// fileTime is how long a file may take what is written to it: it may be a pipe that nobody
// reads, or on a file server that does not answer.
const fileTime = 2 * time.Second

// files are the runner's files that could not be written, by their variables.
type files struct {
	mu     sync.Mutex
	failed map[string]error
}

// ErrNotWritten is what a write to a file is refused with once one has failed.
var ErrNotWritten = errors.New("not written, as the file could not be written before")

// writeFile writes to the file that a variable of the runner names. After a failure it
// takes back what was written in part, and does not try that file again.
func (r *Report) writeFile(variable string, write func(*githubactions.Action)) error {
	r.files.mu.Lock()
	defer r.files.mu.Unlock()
	if before := r.files.failed[variable]; before != nil {
		return fmt.Errorf("%s: %w: %w", variable, ErrNotWritten, before)
	}
	name := r.getenv(variable)
	size := int64(0)
	if before, err := os.Stat(name); err == nil {
		size = before.Size()
	}
	err := Within(func() error {
		err := unpanic(func() { write(r.actions(io.Discard)) })
		if after, statErr := os.Stat(name); err != nil && statErr == nil && after.Mode().IsRegular() {
			err = errors.Join(err, os.Truncate(name, size))
		}
		return err
	})
	if err == nil {
		return nil
	}
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		err = pathError
	}
	if r.files.failed == nil {
		r.files.failed = map[string]error{}
	}
	r.files.failed[variable] = err
	return fmt.Errorf("%s: %w", variable, err)
}

// Within calls what writes to a file, and returns its error, or that the file took
// nothing for too long: write then ends later, or never.
func Within(write func() error) error {
	done := make(chan error, 1)
	go func() { done <- write() }()
	select {
	case err := <-done:
		return err
	case <-time.After(fileTime):
		return fmt.Errorf("the file has not taken what was written for %s; is it a pipe that nothing reads?", fileTime)
	}
}

// Outputs sets the step's outputs where the runner takes them.
func (r *Report) Outputs(outputs []Output) error {
	if r.getenv("GITHUB_OUTPUT") == "" {
		return nil
	}
	hidden := make([]string, len(outputs))
	for i, output := range outputs {
		// The delimiter of a value in the runner's file is fixed, so that a
		// value of several lines could forge another.
		hidden[i] = oneLine(r.Hide(output.Value))
	}
	return r.writeFile("GITHUB_OUTPUT", func(action *githubactions.Action) {
		for i, output := range outputs {
			action.SetOutput(output.Name, hidden[i])
		}
	})
}

// HasState reports whether the runner takes values for the post stage.
func (r *Report) HasState() bool {
	return r.getenv("GITEA_ACTIONS") == "true" || r.getenv("GITHUB_STATE") != ""
}

// State saves a value for the post stage, where the runner takes one.
func (r *Report) State(name, value string) error {
	if r.getenv("GITEA_ACTIONS") == "true" { // whose state file is lost when the job is cancelled
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
	return r.writeFile("GITHUB_STATE", func(a *githubactions.Action) { a.SaveState(name, oneLine(value)) })
}

// Summary adds the result to the job's summary where the runner takes one.
func (r *Report) Summary(result Result) error {
	name := r.getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	r.mu.Lock()
	r.clearRunning()
	room := summaryLimit
	if before, err := os.Stat(name); err == nil { // the runner drops a summary that is too long as a whole
		room -= int(min(before.Size(), summaryLimit))
	}
	text := summary{masks: r.masks}.write(result, room)
	r.mu.Unlock()
	return r.writeFile("GITHUB_STEP_SUMMARY", func(a *githubactions.Action) { a.AddStepSummary(text) })
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
