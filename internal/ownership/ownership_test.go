package ownership_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
)

var step = ci.Run{
	ID:         "7",
	Attempt:    "1",
	Job:        "build",
	Step:       "migrate",
	Runner:     "r1",
	Repository: "o/r",
	ServerURL:  "https://github.com",
}

// with returns the step with one change.
func with(change func(*ci.Run)) ci.Run {
	other := step
	change(&other)
	return other
}

func TestSame(t *testing.T) {
	for _, tt := range []struct {
		name      string
		other     ci.Run
		matrix    string
		job, step bool
		leg       bool
	}{
		{"itself", step, "", true, true, true},
		{"without a matrix", step, "null", true, true, true},
		{"another leg of the matrix", step, `{"os":"linux"}`, true, false, false},
		{"another step", with(func(r *ci.Run) { r.Step = "seed" }), "", true, false, true},
		{"another job", with(func(r *ci.Run) { r.Job = "test" }), "", false, false, true},
		{"another runner", with(func(r *ci.Run) { r.Runner = "r2" }), "", false, false, true},
		{"a later attempt", with(func(r *ci.Run) { r.Attempt = "2" }), "", false, true, true},
		{"a later attempt on another runner", with(func(r *ci.Run) { r.Attempt, r.Runner = "2", "r2" }), "",
			false, true, true},
		{"a later attempt of another step", with(func(r *ci.Run) { r.Attempt, r.Step = "2", "seed" }), "",
			false, false, true},
		{"an attempt that is not counted", with(func(r *ci.Run) { r.Attempt = "" }), "", true, true, true},
		{"another run", with(func(r *ci.Run) { r.ID = "8" }), "", false, false, true},
		{"the same run of another repository", with(func(r *ci.Run) { r.Repository = "o/s" }), "", false, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own, ok := ownership.Parse(ownership.Of(step, "").String())
			if !ok {
				t.Fatalf("Parse(%s) = false", ownership.Of(step, ""))
			}
			other := ownership.Of(tt.other, tt.matrix)
			job, step, leg := other.SameJob(own), other.SameStep(own), other.SameLeg(own)
			if job != tt.job || step != tt.step || leg != tt.leg {
				t.Errorf("%s is of the same job: %v, step: %v, leg: %v, want %v, %v, %v", other, job, step,
					leg, tt.job, tt.step, tt.leg)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, startedBy := range []string{
		"",
		"me",
		ownership.Marker,
		ownership.Marker + "/7/1/a-b-c-d",
		"other/7/1/a-b-c-d-e",
		ownership.Marker + "/left",
	} {
		if o, ok := ownership.Parse(startedBy); ok {
			t.Errorf("Parse(%q) = %v, true, want false", startedBy, o)
		}
	}
}

func TestMarkOf(t *testing.T) {
	own := ownership.Text(step, "", false)
	for _, tt := range []struct {
		name, startedBy, tag string
		step, left, known    bool
	}{
		{"a step", own, "", true, false, true},
		{"a step that leaves its tasks", ownership.Text(step, "", true), "", true, true, true},
		{"outside of a CI", ownership.Text(ci.Run{}, "", false), "", true, false, false},
		{"outside of a CI, left", ownership.Text(ci.Run{}, "", true), "", true, true, false},
		{"a name of the user's", "nightly", "", false, false, false},
		{"a name of the user's, with the tag", "nightly", own, true, false, true},
		{"a name of the user's, with the tag of a task that is left", "nightly", own + "/left", true, true, true},
		{"the started-by counts more than the tag", own, "ecs-run-task/left", true, false, true},
		{"a service", "ecs-svc/123", "", false, false, false},
		{"a name that only begins alike", "ecs-run-tasks", "", false, false, false},
		{"another form", "ecs-run-task/77/1/a-b-c-d", "", true, false, false},
		{"nothing", "", "", false, false, false},
	} {
		got := ownership.MarkOf(tt.startedBy, tt.tag)
		if got.Step != tt.step || got.Left != tt.left || got.Known != tt.known {
			t.Errorf("%s: MarkOf(%q, %q) = %+v, want step %v, left %v, known %v", tt.name, tt.startedBy,
				tt.tag, got, tt.step, tt.left, tt.known)
		}
		if tt.known && got.Owner != ownership.Of(step, "") {
			t.Errorf("%s: MarkOf(%q, %q) = %+v, want the owner %+v", tt.name, tt.startedBy, tt.tag, got,
				ownership.Of(step, ""))
		}
	}
}

// TestTextFits checks that startedBy has at most 128 characters, and only those that ECS accepts.
func TestTextFits(t *testing.T) {
	run := with(func(r *ci.Run) { r.ID, r.Attempt = strings.Repeat("ü/", 100), strings.Repeat("9", 30) })
	text := ownership.Text(run, strings.Repeat("m", 1000), true)
	if len(text) > 128 ||
		strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/") != "" {
		t.Errorf("Text() = %q, %d characters, want at most 128 of those that ECS accepts", text, len(text))
	}
	if mark := ownership.MarkOf(text, ""); !mark.Known || !mark.Left || mark.Owner.Run != ownership.RunID(run.ID) {
		t.Errorf("MarkOf(%q) = %+v, want the run %q, left", text, mark, ownership.RunID(run.ID))
	}
	other := with(func(r *ci.Run) { r.ID = run.ID + "8" })
	if ownership.RunID(run.ID) == ownership.RunID(other.ID) {
		t.Error("two long ids that differ at their ends are the same")
	}
}
