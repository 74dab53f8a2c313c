package report_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/result/resulttest"
)

// The job summary shows the running tasks until the summary of the result replaces them.
// Text that other processes write to the runner's file remains.
func TestRunningSummary(t *testing.T) {
	name := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(name, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	start := func() *report.Report {
		return report.New(io.Discard, func(variable string) string {
			return map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": name}[variable]
		}, false)
	}
	r := start()
	r.Mask("hidden-name")
	state := resulttest.GoodTask("fedcba9876543210fedcba9876543210")
	state.Verdict, state.LastStatus, state.Definition.Family = nil, aws.String("PENDING"), aws.String("web-hidden-name")
	r.Changed(state, time.Second)
	got, want := read(), "before\n### ⏳ running\n\n- task <code>fedcba98</code> of "+
		"<code>web&#45;&#42;&#42;&#42;&#58;1</code>: PENDING\n"
	if strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
		t.Errorf("the summary is %q, want %q", got, want)
	}
	state.LastStatus = aws.String("RUNNING")
	r.Changed(state, 2*time.Second)
	r.Emit(event.LogAddress{State: state, Container: "app", URL: "https://example.com/log"})
	got = read()
	for _, want := range []string{"before\n", ": RUNNING, <a href=", ">log of <code>app</code></a>",
		`<a href="https&#58;//eu&#45;west&#45;1.console`} {
		if !strings.Contains(strings.ReplaceAll(got, "&#46;", "."), want) {
			t.Errorf("the summary has no %s: %s", want, got)
		}
	}
	if strings.Count(got, "running\n") != 1 || strings.Contains(got, "PENDING") {
		t.Errorf("the summary has more than the current state: %s", got)
	}
	if err := r.Summary(resulttest.Failed("reason")); err != nil {
		t.Fatal(err)
	}
	if got := read(); !strings.HasPrefix(got, "before\n### ❌") || strings.Contains(got, "⏳") {
		t.Errorf("the summary of the result is %s", got)
	}

	if err := os.WriteFile(name, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r = start()
	r.Changed(state, time.Second)
	if err := os.WriteFile(name, []byte(read()+"of another\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.Changed(state, time.Second)
	if err := r.Summary(resulttest.Failed("reason")); err != nil {
		t.Fatal(err)
	}
	if got := read(); !strings.HasPrefix(got, "before\n") || strings.Count(got, "of another\n") != 1 ||
		!strings.Contains(got, "### ❌") {
		t.Errorf("after another has written to it, the summary is %s", got)
	}
}
