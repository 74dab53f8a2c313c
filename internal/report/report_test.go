package report_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/result/resulttest"
)

// environment returns a getenv function for NAME=value pairs.
func environment(variables ...string) func(string) string {
	return func(name string) string {
		for _, variable := range variables {
			if key, value, _ := strings.Cut(variable, "="); key == name {
				return value
			}
		}
		return ""
	}
}

const github = "GITHUB_ACTIONS=true"

// console returns a report and a function for its output.
func console(variables ...string) (*report.Report, *bytes.Buffer) {
	out := new(bytes.Buffer)
	return report.New(out, environment(variables...), false), out
}

const zero = "\u200b" // breaks a command

var harmless = []struct{ name, in, want string }{
	{"a line", "hello", "[app] hello\n"},
	{"empty", "", "[app] \n"},
	{"one end of line", "hello\n", "[app] hello\n"},
	{"CR LF", "a\r\nb\r\n", "[app] a\n[app] b\n"},
	{"lone CR", "50%\r::set-output name=a::1", "[app] 50%\n[app] ::set-output name=a::1\n"},
	{"blank lines", "a\n\nb", "[app] a\n[app] \n[app] b\n"},
	{"command", "::set-output name=a::1", "[app] ::set-output name=a::1\n"},
	{"old command", "log ##[set-output name=a;]1", "[app] log #" + zero + "#[set-output name=a;]1\n"},
	{"old command after hashes", "###[add-mask]1", "[app] ##" + zero + "#[add-mask]1\n"},
	{"two old commands", "##[a]##[b]", "[app] #" + zero + "#[a]#" + zero + "#[b]\n"},
	{"Azure", "x ##vso[task.setvariable variable=a]1", "[app] x #" + zero + "#vso[task.setvariable variable=a]1\n"},
	{"TeamCity", "##teamcity[buildStop]", "[app] #" + zero + "#teamcity[buildStop]\n"},
	{"headings", "## Install", "[app] ## Install\n"},
	{"GitLab", "section_start:1:a\r\x1b[0Ktitle", "[app] section_start:1:a\n[app] ␛[0Ktitle\n"},
	{"colours", "\x1b[1;31mred\x1b[0m \x1b[38:5:1mx\x1b[m", "[app] \x1b[1;31mred\x1b[0m \x1b[38:5:1mx\x1b[m\n"},
	{"cursor", "a\x1b[2Jb\x1b[1;1Hc", "[app] a␛[2Jb␛[1;1Hc\n"},
	{"clipboard", "\x1b]52;c;ZWNobw==\a", "[app] ␛]52;c;ZWNobw==␇\n"},
	{"an escape at the end", "a\x1b", "[app] a␛\n"},
	{"half a colour", "a\x1b[3", "[app] a␛[3\n"},
	{"controls of eight bits", "a\u009b2Jb\u0085c", "[app] a\uFFFD2Jb\uFFFDc\n"},
	{"other controls", "a\x00b\bc\x7fd\te", "[app] a␀b␈c␡d\te\n"},
	{"letters of other alphabets", "für Ωμ 日本 🎉 £", "[app] für Ωμ 日本 🎉 £\n"},
	{"broken UTF-8", "a\xffb\xc2", "[app] a\xffb\xc2\n"},
	{"half a character", "a\xc2[b", "[app] a\xc2[b\n"},
}

func TestLog(t *testing.T) {
	for _, tt := range harmless {
		r, out := console(github)
		r.Log("app", tt.in)
		if got := out.String(); got != tt.want {
			t.Errorf("%s: Log(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// Lines without a prefix are no commands, whatever they begin with.
func TestPrintf(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"::error::x", zero + "::error::x\n"},
		{" \t::error::x", zero + " \t::error::x\n"},
		{"\u00a0\u3000::error::x", zero + "\u00a0\u3000::error::x\n"},
		{"ok\n::stop-commands::t\nb", "ok\n" + zero + "::stop-commands::t\nb\n"},
		{"ok\r ::stop-commands::t", "ok\n" + zero + " ::stop-commands::t\n"},
		{"a::b", "a::b\n"},
	} {
		r, out := console(github)
		r.Printf("%s", tt.in)
		if got := out.String(); got != tt.want {
			t.Errorf("Printf(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// A reason that ECS shows for the task and for its container is printed once.
func TestChanged(t *testing.T) {
	r, out := console()
	r.Changed(resulttest.FailedTask("CannotPullContainerError: no"), 12*time.Second)
	want := "[12s] task 01234567 of migrate:7 is STOPPED: CannotPullContainerError: no\n" +
		"  container app: exit code 3\n  container proxy: exit code 143 (not essential)\n"
	if got := out.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

var (
	oldCommand = regexp.MustCompile(`##[A-Za-z]*\[`)
	onlyColour = regexp.MustCompile(`\x1b\[[0-9;:]*m`)
)

// Text from outside contains no command to a runner, moves no cursor and is not lost,
// wherever it is printed.
func FuzzHarmless(f *testing.F) {
	for _, tt := range harmless {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, out := console()
		r.Printf("%s", text)
		r.Log("app", text)
		r.Error(event.Note{Title: text, Text: text, Hint: text})
		for line := range strings.FieldsFuncSeq(out.String(), func(c rune) bool { return c == '\n' || c == '\r' }) {
			if strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") || oldCommand.MatchString(line) {
				t.Errorf("%q printed a command: %q", text, line)
			}
			if strings.ContainsRune(onlyColour.ReplaceAllString(line, ""), '\x1b') {
				t.Errorf("%q printed an escape: %q", text, line)
			}
		}
		r, out = console()
		r.Log("app", text)
		visible := func(text string) string {
			return strings.Map(func(c rune) rune {
				if unicode.IsLetter(c) || unicode.IsDigit(c) {
					return c
				}
				return -1
			}, text)
		}
		if got, want := visible(strings.ReplaceAll(out.String(), "[app] ", "")), visible(text); got != want &&
			!strings.Contains(text, "app") {
			t.Errorf("Log(%q) printed %q, want %q", text, got, want)
		}
	})
}

// No output contains a secret.
func TestMask(t *testing.T) {
	r, out := console()
	if left := r.Mask("s3cr3t"); left != 0 {
		t.Fatalf("Mask = %d, want 0", left)
	}
	r.Printf("of s3cr3t")
	r.Log("app", "value=s3cr3t;", "again s3cr3t")
	r.Error(event.Note{Text: "s3cr3t", Hint: "s3cr3t"})
	want := "of ***\n[app] value=***;\n[app] again ***\nerror: ***\n  ***\n"
	if got := out.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if got := r.Hide("s3cr3t"); got != "***" {
		t.Errorf("Hide = %q, want ***", got)
	}
}

// Values are masked by the runner too. Values that are too short are ignored.
func TestMaskCommands(t *testing.T) {
	r, out := console(github)
	if left := r.Mask("", "abc", " ", "a%\nlonger"); left != 1 {
		t.Errorf("Mask left %d, want 1", left)
	}
	got := out.String()
	if want := "::add-mask::longer\n"; !strings.HasPrefix(got, want) {
		t.Errorf("printed %q, want %q first", got, want)
	}
	for line := range strings.Lines(got) {
		if !strings.HasPrefix(line, "::add-mask::") {
			t.Errorf("printed %q beside masks", line)
		}
	}
	r, out = console()
	r.Mask("longer")
	if got := out.String(); got != "" {
		t.Errorf("printed %q where no runner is, want nothing", got)
	}
}

var note = event.Note{
	File: "ecs/web.json", Line: 3, Column: 7, InWorkspace: true,
	Title: "title: a, b", Text: "what\n::error::happened 100%", Hint: "do this",
	Advice: []diagnose.Advice{{Code: "image-not-found", Cause: "The image is missing.", Advice: "Push it.",
		Statement: `{"Effect":"Allow"}`}},
}

func TestAnnotations(t *testing.T) {
	elsewhere, aside, plain := note, note, event.Note{Text: "just this"}
	elsewhere.InWorkspace = false
	aside.Aside = true
	const helps = `%0A  do this%0A  cause: The image is missing.%0A  advice: Push it.%0A  allow: {"Effect":"Allow"}`
	const lines = "\n  do this\n  cause: The image is missing.\n  advice: Push it.\n  allow: {\"Effect\":\"Allow\"}\n"
	for _, tt := range []struct {
		name string
		env  string
		note event.Note
		want string
	}{
		{"GitHub", github, note,
			"::error col=7,file=ecs/web.json,line=3,title=title a b::what%0A::error::happened 100%25" + helps + "\n"},
		{"GitHub, not in the workspace", github, elsewhere,
			"::error title=title a b::ecs/web.json:3:7: what%0A::error::happened 100%25" + helps + "\n"},
		{"GitHub, no place", github, plain, "::error::just this\n"},
		{"plain", "", note, "error: ecs/web.json:3:7: what\n" + zero + "::error::happened 100%" + lines},
		{"plain, aside", "", aside, "error: what\n" + zero + "::error::happened 100%" + lines},
		{"plain, no place", "", plain, "error: just this\n"},
		{"plain, no line", "", event.Note{File: "a.json", Text: "x"}, "error: a.json: x\n"},
	} {
		r, out := console(tt.env)
		r.Error(tt.note)
		if diff := cmp.Diff(tt.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	r, out := console(github)
	r.Warning(plain)
	r.Notice(plain)
	if got, want := out.String(), "::warning::just this\nnotice: just this\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

// GitHub shows ten annotations of each level and 4096 characters of each. The report prints
// how many others there are.
func TestAnnotationLimits(t *testing.T) {
	r, out := console(github)
	for range 13 {
		r.Error(event.Note{Text: "e"})
	}
	for range 10 {
		r.Warning(event.Note{Text: strings.Repeat("ä", 5000)})
	}
	r.Finish(result.Result{Status: result.Failed, ExitCode: 3, Reason: "so"})
	got := out.String()
	for what, want := range map[string]int{"::error::e\n": 10, "\nerror: e": 3,
		"::warning::" + strings.Repeat("ä", 4095) + "…\n": 10,
		"\n3 more errors are only in the lines above":     1, "more warnings": 0, "\nfailed: so; exit status 3\n": 1} {
		if n := strings.Count(got, what); n != want {
			t.Errorf("%.40q is there %d times, want %d", what, n, want)
		}
	}
}

func TestGroup(t *testing.T) {
	r, out := console(github)
	r.Group("RunTask\nrequest", "{\n::x\n}\n")
	if got, want := out.String(), "::group::RunTask request\n{\n"+zero+"::x\n}\n::endgroup::\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	r, out = console()
	r.Group("RunTask request", "{}")
	if got, want := out.String(), "RunTask request:\n{}\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

// A terminal has one status line. The report removes it before it prints anything else.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(bytes.Buffer)
		r := report.New(out, environment("TERM=xterm"), true)
		r.Mask("hidden")
		start := time.Now()
		end := r.Live(func() string { return "hidden " + event.Duration(time.Since(start)) + " ::error::\x1b[2J\n" })
		synctest.Wait()
		time.Sleep(150 * time.Millisecond)
		r.Log("app", "line")
		r.Error(event.Note{Text: "bad"})
		end()
		r.Printf("after")
		const clear = "\r\x1b[K"
		want := "⠙ *** 0.0s ::error::␛[2J" + clear + "⠹ *** 0.1s ::error::␛[2J" +
			clear + "\x1b[34m[app]\x1b[0m line\n" + "⠹ *** 0.1s ::error::␛[2J" +
			clear + "\x1b[31merror: \x1b[0mbad\n" + "⠹ *** 0.1s ::error::␛[2J" + clear + "after\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestNoLive(t *testing.T) {
	for _, tt := range []struct {
		name     string
		terminal bool
		env      string
		want     string
	}{
		{"no terminal", false, "TERM=xterm", "error: bad\n"},
		{"CI", true, "CI=true", "error: bad\n"},
		{"GitHub", true, github, "::error::bad\n"},
		{"a terminal that can't", true, "TERM=dumb", "error: bad\n"},
	} {
		out := new(bytes.Buffer)
		r := report.New(out, environment(tt.env), tt.terminal)
		end := r.Live(func() string { return "status" })
		r.Error(event.Note{Text: "bad"})
		end()
		if got := out.String(); got != tt.want {
			t.Errorf("%s: printed %q, want %q", tt.name, got, tt.want)
		}
	}
	out := new(bytes.Buffer)
	report.New(out, environment("NO_COLOR=1"), true).Error(event.Note{Text: "bad"})
	if got, want := out.String(), "error: bad\n"; got != want {
		t.Errorf("NO_COLOR: printed %q, want %q", got, want)
	}
}

func TestOutputs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "output")
	r, out := console(github, "GITHUB_OUTPUT="+name)
	r.Mask("hidden")
	out.Reset()
	if err := r.Outputs([]result.Output{{Name: "status", Value: "failed"},
		{Name: "reason", Value: "a\n_GitHubActionsFileCommandDelimeter_\r\nstatus=succeeded hidden"}}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const end = "_GitHubActionsFileCommandDelimeter_"
	want := "status<<" + end + "\nfailed\n" + end + "\nreason<<" + end + "\na " + end + "  status=succeeded ***\n" + end +
		"\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if out.Len() > 0 {
		t.Errorf("printed %q, want nothing", out)
	}
}

// Nothing is written if the runner provides no file. Nothing panics if a file can't be
// written or the console is closed.
func TestNoFiles(t *testing.T) {
	r, out := console(github)
	if err := errors.Join(r.Outputs([]result.Output{{Name: "a", Value: "b"}}), r.Summary(result.Result{})); err != nil ||
		out.Len() > 0 {
		t.Errorf("err %v, printed %q, want nothing", err, out)
	}
	nowhere := filepath.Join(t.TempDir(), "no", "file")
	r, _ = console(github, "GITHUB_OUTPUT="+nowhere, "GITHUB_STEP_SUMMARY="+nowhere)
	if err := r.Outputs([]result.Output{{Name: "a", Value: "b"}}); err == nil {
		t.Error("Outputs to a file that can't be there: no error")
	}
	if err := r.Summary(result.Result{}); err == nil {
		t.Error("Summary to a file that can't be there: no error")
	}
	r = report.New(gone{}, environment(github), true)
	r.Mask("secret")
	r.Group("a", "b")
	r.Error(event.Note{Text: "a"})
	r.Log("app", "a")
	r.Finish(result.Result{})
}

// gone is a closed console.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// State is written to the runner's file, and on Gitea printed as a command too.
func TestState(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	r, out := console(github, "GITEA_ACTIONS=true", "GITHUB_STATE="+name)
	if err := r.State("tasks", "a\nb"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const end = "_GitHubActionsFileCommandDelimeter_"
	if want := "tasks<<" + end + "\na b\n" + end + "\n"; string(got) != want {
		t.Errorf("saved %q, want %q", got, want)
	}
	if got, want := out.String(), "::save-state name=tasks::a%0Ab\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	r, out = console()
	if err := r.State("tasks", "a"); err != nil || out.Len() > 0 {
		t.Errorf("err %v, printed %q where no runner is, want nothing", err, out)
	}
}

// The summary is not longer than the room that is left in the file.
func TestSummaryAppends(t *testing.T) {
	name := filepath.Join(t.TempDir(), "summary.md")
	for _, before := range []int{0, 1<<20 - 3000, 1<<20 - 10, 2 << 20} {
		if err := os.WriteFile(name, make([]byte, before), 0o644); err != nil {
			t.Fatal(err)
		}
		r, _ := console(github, "GITHUB_STEP_SUMMARY="+name)
		if err := r.Summary(resulttest.Failed("x")); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Size(); got > max(1<<20, int64(before)+1) {
			t.Errorf("%d bytes after %d, want %d at the most", got, before, 1<<20)
		}
	}
}
