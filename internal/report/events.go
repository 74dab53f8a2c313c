package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
)

// Emit shows an event. It is an [event.Sink].
func (r *Report) Emit(e event.Event) {
	switch e := e.(type) {
	case event.Text:
		r.Printf("%s", string(e))
	case event.Group:
		r.Group(e.Title, e.Text)
	case event.Log:
		r.Log(e.Container, e.Lines...)
	case event.LogsOver:
		r.DropLogs()
	case event.TaskChanged:
		r.Changed(e.State, e.Elapsed)
	case event.LogAddress:
		r.showLog(e.State, e.Container, e.URL)
	case event.Waiting:
		r.wait(e)
	case event.State:
		if err := r.State(e.Name, e.Value); err != nil && !errors.Is(err, ErrNotWritten) {
			r.Warning(event.Note{Title: "state not saved", Text: err.Error()})
		}
	case event.Secrets:
		r.maskSecrets(e)
	case event.Warning:
		note := event.NoteAt(&e.Error)
		note.InWorkspace = e.InWorkspace
		if e.Notice {
			r.Notice(note)
		} else {
			r.Warning(note)
		}
	case event.Note:
		switch e.Level {
		case event.Error:
			r.Error(e)
		case event.Warn:
			r.Warning(e)
		default:
			r.Notice(e)
		}
	}
}

// maskSecrets masks secrets and warns about values that are too short to be masked.
func (r *Report) maskSecrets(secrets event.Secrets) {
	var short []string
	for _, secret := range secrets {
		if r.Mask(secret.Value) > 0 && secret.Name != "" && !slices.Contains(short, secret.Name) {
			short = append(short, secret.Name)
		}
	}
	if len(short) > 0 {
		r.Warning(event.Note{
			Title: "secret too short",
			Text:  fmt.Sprintf("not masked, because the value is shorter than 4 characters: %s", strings.Join(short, ", ")),
			Hint:  "masking so few characters would make the log unreadable; pass values that are not secret as variables",
		})
	}
}
