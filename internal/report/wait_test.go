package report_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/result/resulttest"
)

// A console that is no terminal gets a line after each minute without other output, and
// only then.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(bytes.Buffer)
		r := report.New(out, environment("CI=true", "TERM=xterm"), true)
		start := time.Now()
		wait := func(w event.Waiting) {
			if w.Since.IsZero() && w.Total > 0 {
				w.Since = start
			}
			r.Emit(w)
		}
		wait(event.Waiting{Open: 3, Total: 4, Statuses: map[string]int{"RUNNING": 2, "PENDING": 1},
			Deadline: start.Add(10 * time.Minute)})
		time.Sleep(90 * time.Second) // once
		r.Log("app", "line")
		time.Sleep(59 * time.Second)
		r.Log("app", "line")
		wait(event.Waiting{Open: 1, Total: 1, Statuses: map[string]int{"RUNNING": 1}})
		time.Sleep(61 * time.Second) // once
		wait(event.Waiting{Total: 1})
		time.Sleep(time.Minute) // once
		wait(event.Waiting{})
		time.Sleep(time.Hour)
		wait(event.Waiting{What: "the end of 1 other task of family migrate", Since: time.Now()})
		time.Sleep(61 * time.Second) // once
		wait(event.Waiting{})
		want := "[1m0s] waiting for 3 of 4 tasks (1 PENDING, 2 RUNNING), 9m0s left\n" +
			"[app] line\n[app] line\n" +
			"[3m29s] waiting for 1 of 1 task (1 RUNNING)\n" +
			"[4m29s] reading the logs to their end\n" +
			"[1m0s] waiting for the end of 1 other task of family migrate\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// The status line shows the elapsed time, the limit and the statuses of the tasks. No other
// lines repeat these.
func TestWaitingLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(bytes.Buffer)
		r := report.New(out, environment("TERM=xterm"), true)
		start := time.Now()
		r.Emit(event.Waiting{Open: 2, Total: 3, Statuses: map[string]int{"RUNNING": 1, "PROVISIONING": 1}, Since: start,
			Deadline: start.Add(10 * time.Minute)})
		time.Sleep(2*time.Minute + 50*time.Millisecond)
		r.Emit(event.Waiting{})
		want := " waiting for 2 of 3 tasks (1 PROVISIONING, 1 RUNNING), 2m0s of 10m0s\r\x1b[K"
		if !strings.HasSuffix(out.String(), want) {
			t.Errorf("the last status is %q, want %q", out.String()[max(0, out.Len()-120):], want)
		}
		if strings.Contains(out.String(), "\n") {
			t.Errorf("printed lines:\n%q", out.String())
		}
	})
}

// Each container's name has its own colour, the same in every run. The environment can turn
// colours off or on.
func TestNameColours(t *testing.T) {
	names := []string{"app", "db", "proxy", "migrate", "app 1f2e3d4c", "app 77ab77ab"}
	printed := func(terminal bool, env ...string) string {
		out := new(bytes.Buffer)
		r := report.New(out, environment(env...), terminal)
		for _, name := range names {
			r.Log(name, "a")
			r.Log(name, "b")
		}
		return out.String()
	}
	got := printed(true, "TERM=xterm")
	colours := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	for i, line := range lines {
		code, rest, _ := strings.Cut(strings.TrimPrefix(line, "\x1b["), "m[")
		name, rest, _ := strings.Cut(rest, "]")
		if want := "\x1b[0m " + string("ab"[i%2]); rest != want || name != names[i/2] {
			t.Errorf("line %q of %s has %q after its name, want %q", line, name, rest, want)
		}
		if other, ok := colours[code]; ok && other != name || code == "31" {
			t.Errorf("%s has the colour %s, of %q", name, code, other)
		}
		colours[code] = name
	}
	if len(colours) != len(names) {
		t.Errorf("%d colours for %d names", len(colours), len(names))
	}
	if again := printed(true, "TERM=xterm"); again != got {
		t.Errorf("another run prints %q, and not %q", again, got)
	}
	for _, tt := range []struct {
		name     string
		terminal bool
		env      []string
		colours  bool
	}{
		{"a CI's log", false, []string{"CI=true"}, false},
		{"a CI with a terminal", true, []string{"CI=true", "TERM=xterm"}, false},
		{"a file", false, nil, false},
		{"NO_COLOR", true, []string{"NO_COLOR=1"}, false},
		{"NO_COLOR and CLICOLOR_FORCE", true, []string{"NO_COLOR=1", "CLICOLOR_FORCE=1"}, false},
		{"CLICOLOR=0", true, []string{"CLICOLOR=0"}, false},
		{"CLICOLOR_FORCE", false, []string{"CI=true", "CLICOLOR_FORCE=1"}, true},
		{"CLICOLOR_FORCE=0", false, []string{"CLICOLOR_FORCE=0"}, false},
	} {
		if text := printed(tt.terminal, tt.env...); strings.Contains(text, "\x1b") != tt.colours {
			t.Errorf("%s: printed %q, want colours: %v", tt.name, text, tt.colours)
		}
	}
}

// The state of a task is printed only when its text changes.
func TestChangedOnce(t *testing.T) {
	r, out := console()
	state := resulttest.GoodTask("fedcba9876543210fedcba9876543210")
	state.Verdict, state.LastStatus = nil, aws.String("RUNNING")
	r.Changed(state, time.Second)
	r.Changed(state, 2*time.Second)
	state.HealthStatus = "HEALTHY"
	r.Changed(state, 3*time.Second)
	want := "[1.0s] task fedcba98 of web:1 is RUNNING\n[3.0s] task fedcba98 of web:1 is RUNNING, HEALTHY\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
