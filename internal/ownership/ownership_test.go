package ownership_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
)

var step = ci.Run{ID: "7", Attempt: "1", Job: "build", Step: "migrate", Runner: "r1", Repository: "o/r", ServerURL: "https://github.com"}

// with returns the step with one thing changed.
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
	}{
		{"itself", step, "", true, true},
		{"without a matrix", step, "null", true, true},
		{"another leg of the matrix", step, `{"os":"linux"}`, true, false},
		{"another step", with(func(r *ci.Run) { r.Step = "seed" }), "", true, false},
		{"another job", with(func(r *ci.Run) { r.Job = "test" }), "", false, false},
		{"another runner", with(func(r *ci.Run) { r.Runner = "r2" }), "", false, false},
		{"a later attempt", with(func(r *ci.Run) { r.Attempt = "2" }), "", false, true},
		{"a later attempt on another runner", with(func(r *ci.Run) { r.Attempt, r.Runner = "2", "r2" }), "", false, true},
		{"a later attempt of another step", with(func(r *ci.Run) { r.Attempt, r.Step = "2", "seed" }), "", false, false},
		{"an attempt that is not counted", with(func(r *ci.Run) { r.Attempt = "" }), "", true, true},
		{"another run", with(func(r *ci.Run) { r.ID = "8" }), "", false, false},
		{"the same run of another repository", with(func(r *ci.Run) { r.Repository = "o/s" }), "", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own, ok := ownership.Parse(ownership.Of(step, "").String())
			if !ok {
				t.Fatalf("Parse(%s) = false", ownership.Of(step, ""))
			}
			other := ownership.Of(tt.other, tt.matrix)
			if job, step := other.SameJob(own), other.SameStep(own); job != tt.job || step != tt.step {
				t.Errorf("%s is of the same job: %v, of the same step: %v, want %v, %v", other, job, step, tt.job, tt.step)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, startedBy := range []string{"", "me", ownership.Marker, ownership.Marker + "/7/1/a-b-c", "other/7/1/a-b-c-d"} {
		if o, ok := ownership.Parse(startedBy); ok {
			t.Errorf("Parse(%q) = %v, want that it is none of a step in a CI", startedBy, o)
		}
	}
}

func TestStartedBy(t *testing.T) {
	long := with(func(r *ci.Run) { r.ID = strings.Repeat("gid://app/7", 20) })
	for _, tt := range []struct {
		name, given string
		run         ci.Run
		prefix      string
	}{
		{"given", "me", step, "me"},
		{"no CI", "", ci.Run{}, "ecs-run-task"},
		{"a CI", "", step, "ecs-run-task/7/1/"},
		{"a long id", "", long, "ecs-run-task/gid---app-7"},
	} {
		got := ownership.StartedBy(tt.given, tt.run, "")
		if !strings.HasPrefix(got, tt.prefix) || len(got) > 128 || strings.ContainsAny(got, ":") {
			t.Errorf("%s: StartedBy() = %q, want %q and no more than ECS accepts", tt.name, got, tt.prefix)
		}
	}
	if ownership.RunID(long.ID) == ownership.RunID(long.ID+"8") {
		t.Error("two long ids that differ at their ends are the same")
	}
}
