package logs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

func position(name, token string) logs.Position {
	return logs.Position{Name: name, Position: tail.Position{
		Source: tail.Source{Region: "eu-west-1", Stream: tail.Stream{Group: "/app", Name: "app/app/1"}}, Token: token,
	}}
}

func TestSave(t *testing.T) {
	for _, want := range [][]logs.Position{nil, {position("app", "f/1")},
		{position("app 1f2e3d4c", "f/1"), position(`a"b`, "")}} {
		if got := logs.Saved(logs.Save(want)); !slices.Equal(got, want) {
			t.Errorf("Saved(Save(%v)) = %v, want the same", want, got)
		}
	}
	var many []logs.Position
	for i := range 2000 {
		many = append(many, position(fmt.Sprint(i), strings.Repeat("t", 60)))
	}
	text := logs.Save(many)
	if got := logs.Saved(text); len(text) > 128<<10 || len(got) < 100 || !slices.Equal(got, many[:len(got)]) {
		t.Errorf("Save() of many has %d bytes with %d of them, want the first ones, in less than 128 KiB", len(text),
			len(got))
	}
}

// A line in a task's log can forge the saved state.
func TestSavedForged(t *testing.T) {
	for _, text := range []string{"", "x", "{}", `{"c":"app"}`} {
		if got := logs.Saved(text); got != nil {
			t.Errorf("Saved(%q) = %v, want none", text, got)
		}
	}
	if got := logs.Saved(`[{"c":"a\u001b[2Jb\n::error::c"}]`); len(got) != 1 || got[0].Name != "a[2Jb::error::c" {
		t.Errorf("Saved() = %q, want a name without control characters", got)
	}
}
