package summary_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/golden"
	"github.com/ecs-run-task/ecs-run-task/internal/masks"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/result/resulttest"
	"github.com/ecs-run-task/ecs-run-task/internal/summary"
)

// summaryOf returns the summary of a result; no text is a secret.
func summaryOf(r result.Result, secrets ...string) string {
	var hidden masks.Masks
	for _, secret := range secrets {
		hidden.Add(secret)
	}
	return summary.Write(r, summary.Limit, hidden.Hide)
}

func TestSummary(t *testing.T) {
	golden.Compare(t, "summary.md", summaryOf(resulttest.Failed("container app ended with code 3")))
}

// A step that fails before it starts tasks has a summary too.
func TestSummaryOfError(t *testing.T) {
	got := summaryOf(result.Result{Status: result.Errored, ExitCode: 125, Reason: "no region",
		Faults: []event.Note{{Text: "no region"}}})
	want := "### ❌ error\n\nno region; exit status 125\n\n#### Diagnosis\n\n- no region\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The summary of a run on the embedded ECS has no links.
func TestSummaryLocal(t *testing.T) {
	r := resulttest.Failed("x")
	r.Local, r.Logs = true, nil
	if got := summaryOf(r); strings.Contains(got, "href") {
		t.Errorf("a link in\n%s", got)
	}
}

func TestSummarySecrets(t *testing.T) {
	const secret = `s3<r|e"t`
	got := summaryOf(resulttest.Failed("here: "+secret), secret)
	for _, form := range []string{secret, "s3", "e&#34;t"} {
		if strings.Contains(got, form) {
			t.Errorf("%q is in\n%s", form, got)
		}
	}
}

var hostileTexts = []string{
	"plain", "a | b | c", "<script>alert(1)</script>", "</pre></details><h1>x", "```\n# heading\n```",
	"[x](javascript:alert(1)) ![y](http://z)", "**a** _b_ ~~c~~ `d`",
	"@everyone #1 www.example.com https://example.com a@example.com", "line\nbreak\r\n\n- item\n\n| a |\n| --- |\n| b |",
	"&lt;b&gt; &#60;", "\x1b[31mred\x1b[0m \x00\u202e\u2066",
	"\\| \\<b> \\`", "    indented", "# h", "1. a", "- b", "<!-- ", "$$x$$",
	"section x\n click a href \"javascript:1\" %%{init: {}}%%; end", ":warning:", "\u2028\u0085", "```mermaid\ngantt",
}

var (
	preformatted = regexp.MustCompile(`(?s)<pre>\n[^<]*\n</pre>\n`)
	section      = regexp.MustCompile(`(?m)^  section [\w-]+ \d+ task \w+$`)
	entity       = regexp.MustCompile(`&#\d+;`)
	meaning      = regexp.MustCompile("[^-\n<>|`*_~#&\\[\\]!\\\\$@={}\"]+")
)

// skeleton returns the parts of a summary that are special in Markdown or HTML.
func skeleton(summary string) string {
	for _, harmless := range []*regexp.Regexp{preformatted, section, entity} {
		summary = harmless.ReplaceAllString(summary, ".")
	}
	return regexp.MustCompile(`\.+`).ReplaceAllString(meaning.ReplaceAllString(summary, "."), ".")
}

// Text from outside never changes the structure of the summary.
func FuzzSummary(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" || len(text) > 1000 {
			t.Skip() // empty texts leave lines out
		}
		step := func(text string) result.Result {
			r := resulttest.Failed(text)
			bad := r.Tasks[1]
			bad.Definition.Family = aws.String(text)
			bad.Definition.ContainerDefinitions[0].Name = aws.String(text + "0") // is not the name of the other
			bad.Containers[0].Name, bad.Verdict.Container = aws.String(text+"0"), text+"0"
			r.Logs[0].Container = text + "0"
			r.Logs[0].Last = []string{"1", text}
			fault := &r.Faults[0]
			fault.File, fault.Hint = "a"+text, "a"
			advice := &fault.Advice[0]
			advice.Cause, advice.Advice, advice.Statement = text, strings.ReplaceAll(text, "`", ""), "a"+text
			return r
		}
		got, want := skeleton(summaryOf(step(text))), skeleton(summaryOf(step("word")))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the form with %q differs (-want +got):\n%s", text, diff)
		}
	})
}

// A summary is never longer than the limit of the runner, and says if parts are left out.
func TestSummaryLimit(t *testing.T) {
	r := resulttest.Failed("x")
	long := strings.Repeat("<|long|> ", 300)
	for i := range 3000 {
		bad := resulttest.FailedTask(long)
		bad.TaskArn = aws.String(fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:task/jobs/%032x", i))
		r.Tasks = append(r.Tasks, bad)
		r.Faults = append(r.Faults, event.Note{Text: long})
		r.Logs = append(r.Logs, result.Log{TaskARN: *bad.TaskArn, Container: "app", Last: slices.Repeat([]string{long}, 50)})
	}
	got := summaryOf(r)
	if len(got) >= 1<<20 {
		t.Errorf("%d bytes, want less than %d", len(got), 1<<20)
	}
	if len(got) < 1<<19 {
		t.Errorf("only %d bytes", len(got))
	}
	for _, want := range []string{
		"_Shortened: ", "more containers are in the log", "more tasks are not shown", "```mermaid",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the summary does not contain %q", want)
		}
	}
}
