package event_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:             "0.0s",
		0:                        "0.0s",
		40 * time.Millisecond:    "0.0s",
		50 * time.Millisecond:    "0.1s",
		9940 * time.Millisecond:  "9.9s",
		10 * time.Second:         "10s",
		89600 * time.Millisecond: "1m30s",
		time.Hour:                "1h0m0s",
	} {
		if got := event.Duration(d); got != want {
			t.Errorf("Duration(%d ns) = %q, want %q", d, got, want)
		}
	}
}

func TestSink(t *testing.T) {
	var got []event.Event
	sink := event.Sink(func(e event.Event) { got = append(got, e) })
	sink.Printf("%d of %s", 1, "100%")
	sink.Notice(event.Note{Text: "a"})
	sink.Warning(event.Note{Text: "b", Level: event.Error})
	sink.Error(event.Note{Text: "c"})
	want := []event.Event{
		event.Text("1 of 100%"), event.Note{Level: event.Notice, Text: "a"}, event.Note{Level: event.Warn, Text: "b"},
		event.Note{Level: event.Error, Text: "c"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

func TestNote(t *testing.T) {
	fault := &document.Error{Place: document.Place{Name: "job.json", Line: 2, Column: 3}, Path: "cpu", Code: "type",
		Message: "expected text", Hint: `"cpu": "256"`}
	advised := event.Note{Text: "no", Hint: "a\nb",
		Advice: []diagnose.Advice{{Cause: "c", Advice: "d", Statement: "e"}, {Advice: "f"}}}
	for _, tt := range []struct {
		name          string
		note          event.Note
		text, message string
	}{
		{name: "plain", note: event.Note{Text: "no"}, text: "no", message: "no"},
		{name: "with all that helps", note: advised, text: "no\n  a\n  b\n  cause: c\n  advice: d\n  allow: e\n  advice: f",
			message: "no\n  a\n  b\n  cause: c\n  advice: d\n  allow: e\n  advice: f"},
		{name: "about a file", note: event.Note{File: "job.json", Text: "no"}, text: "job.json: no", message: "no"},
		{name: "beside a file", note: event.Note{File: "job.json", Line: 1, Column: 1, Aside: true, Text: "no"}, text: "no",
			message: "no"},
		{name: "at a place", note: event.NoteAt(fault), text: "job.json:2:3: cpu: expected text\n  \"cpu\": \"256\"",
			message: "cpu: expected text\n  \"cpu\": \"256\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.note.String(); got != tt.text {
				t.Errorf("String() = %q, want %q", got, tt.text)
			}
			if got := tt.note.Message(); got != tt.message {
				t.Errorf("Message() = %q, want %q", got, tt.message)
			}
		})
	}
	if note := event.NoteAt(fault); note.Title != "type" {
		t.Errorf("the title is %q, want the code of the fault", note.Title)
	}
}

func TestShown(t *testing.T) {
	for _, tt := range []struct {
		note event.Note
		want bool
	}{
		{event.Note{InWorkspace: true, File: "job.json", Line: 1}, true},
		{event.Note{InWorkspace: true, File: "job.json"}, false},
		{event.Note{InWorkspace: true, Line: 1}, false},
		{event.Note{File: "job.json", Line: 1}, false},
	} {
		if got := tt.note.Shown(); got != tt.want {
			t.Errorf("Shown() of %+v = %v, want %v", tt.note, got, tt.want)
		}
	}
}
