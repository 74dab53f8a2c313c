package report_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a golden file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), which go test ./internal/report -update rewrites:\n%s", name, diff)
	}
}

var launch = time.Date(2026, 11, 24, 23, 59, 30, 0, time.UTC)

// at is a time after the launch.
func at(seconds float64) *time.Time {
	return aws.Time(launch.Add(time.Duration(seconds * float64(time.Second))))
}

const firstTask = "arn:aws:ecs:eu-west-1:123456789012:task/jobs/0123456789abcdef0123456789abcdef"

// failedTask is a task of two containers, the essential one of which failed; what
// comes from outside is text.
func failedTask(text string) *task.State {
	return &task.State{
		Definition: &types.TaskDefinition{
			TaskDefinitionArn: aws.String("arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:7"), Family: aws.String("migrate"), Revision: 7,
			ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app")}, {Name: aws.String("proxy"), Essential: aws.Bool(false)}},
		},
		Task: types.Task{
			TaskArn: aws.String(firstTask), LastStatus: aws.String("STOPPED"), DesiredStatus: aws.String("STOPPED"),
			StopCode: types.TaskStopCodeEssentialContainerExited, StoppedReason: aws.String(text), Cpu: aws.String("1024"), Memory: aws.String("2048"),
			CreatedAt: at(0), PullStartedAt: at(12), PullStoppedAt: at(30.5), StartedAt: at(31), ExecutionStoppedAt: at(91), StoppedAt: at(102),
			Containers: []types.Container{
				{Name: aws.String("app"), LastStatus: aws.String("STOPPED"), ExitCode: aws.Int32(3), Reason: aws.String(text)},
				{Name: aws.String("proxy"), LastStatus: aws.String("STOPPED"), ExitCode: aws.Int32(143)},
			},
		},
		Verdict: &task.Verdict{Outcome: task.Failed, Container: "app", ExitCode: aws.Int32(3), Reason: text},
	}
}

// goodTask is a task that ended well, as far as it is known that early.
func goodTask(id string) *task.State {
	return &task.State{
		Definition: &types.TaskDefinition{
			TaskDefinitionArn: aws.String("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"), Family: aws.String("web"), Revision: 1,
			ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Cpu: 512, MemoryReservation: aws.Int32(1024), Memory: aws.Int32(4096)}},
		},
		Task: types.Task{
			TaskArn: aws.String("arn:aws:ecs:eu-west-1:123456789012:task/jobs/" + id), LastStatus: aws.String("DEPROVISIONING"),
			CreatedAt: at(1), PullStartedAt: at(5), PullStoppedAt: at(15), StartedAt: at(16), StoppingAt: at(40),
			Containers: []types.Container{{Name: aws.String("web"), LastStatus: aws.String("STOPPED"), ExitCode: aws.Int32(0)}},
		},
		Verdict: &task.Verdict{Outcome: task.Succeeded},
	}
}

// failedResult is a step with two tasks, one of which failed, and with one that
// did not start.
func failedResult(text string) report.Result {
	bad, good := failedTask(text), goodTask("fedcba9876543210fedcba9876543210")
	return report.Result{
		Status: report.Failed, ExitCode: 3, Reason: text, Commit: "0123abc", Ended: *at(120),
		Families: []string{"migrate", "web"}, Cluster: "jobs", Region: "eu-west-1", NotRun: []string{"report:3"},
		Definitions: []*types.TaskDefinition{bad.Definition, good.Definition},
		Registered:  []string{*bad.Definition.TaskDefinitionArn},
		Tasks:       []*task.State{good, bad},
		TaskOutputs: outputs.Values{"version": text, "empty": ""},
		OutputsOf:   map[string]outputs.Values{*good.TaskArn: {"version": text}, *bad.TaskArn: {"empty": ""}},
		Failures:    []types.Failure{{Arn: aws.String("arn:aws:ecs:eu-west-1:123456789012:container-instance/1"), Reason: aws.String("RESOURCE:CPU"), Detail: aws.String(text)}},
		Logs: []report.Log{
			{TaskARN: firstTask, Container: "app", URL: "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fmigrate/log-events/m$252Fapp$252F0123", Last: []string{"connecting", text}},
			{TaskARN: firstTask, Container: "proxy", Last: []string{"stopped"}},
		},
		Faults: []report.Note{{
			File: "ecs/migrate.json", Line: 12, Column: 5, InWorkspace: true, Aside: true, Title: "migrate:7 failed", Text: text, Hint: text,
			Advice: []diagnose.Advice{{Code: "out-of-memory", Cause: "Container app ran out of memory.", Advice: "Raise `memory`, or see `aws logs tail`.", Statement: `{"Effect":"Allow","Action":["ecs:RunTask"],"Resource":"*"}`, Retry: diagnose.RetryNo}},
		}},
	}
}

func same(text string) string { return text }

func TestResultJSON(t *testing.T) {
	var pretty strings.Builder
	encoder := json.NewEncoder(&pretty)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(json.RawMessage(failedResult(`what "happened"`).JSON(same))); err != nil {
		t.Fatal(err)
	}
	golden(t, "result.json", pretty.String())
}

func TestDotenv(t *testing.T) {
	golden(t, "result.env", string(failedResult("two\nlines").Dotenv(same)))
}

// A secret is in no output, and one that is a word of JSON breaks none.
func TestResultSecrets(t *testing.T) {
	r, _ := console()
	r.Mask("hidden", "true", "null", "status", "failed", "name")
	result := failedResult("this is hidden")
	for _, output := range result.Outputs(r.Hide) {
		if strings.Contains(output.Value, "hidden") {
			t.Errorf("%s = %s", output.Name, output.Value)
		}
		if strings.HasPrefix(output.Value, "[") || strings.HasPrefix(output.Value, "{") {
			if !json.Valid([]byte(output.Value)) {
				t.Errorf("%s is no JSON: %s", output.Name, output.Value)
			}
		}
	}
	if problems := validate(t, report.Schema(), result.JSON(r.Hide)); len(problems) > 0 {
		t.Errorf("%q", problems)
	}
}

// The requests of a dry run are JSON from outside: their strings are hidden, and
// nothing else is.
func TestResultRequests(t *testing.T) {
	r, _ := console()
	r.Mask("hidden", "true", `quo"te\`)
	result := report.Result{Status: report.Succeeded, Requests: []report.Request{
		{Operation: "RunTask", Input: json.RawMessage(`{"a":["hidden","x","quo\"te\\ \u00e4"],"b":true,"hidden":1.10}`)},
	}}
	if got, want := string(result.JSON(r.Hide)), `"requests":[{"operation":"RunTask","input":{"a":["***","x","*** ä"],"b":true,"***":1.10}}]}`; !strings.HasSuffix(got, want) {
		t.Errorf("JSON = %s, want %s at its end", got, want)
	}
	if problems := validate(t, report.Schema(), result.JSON(same)); len(problems) > 0 {
		t.Errorf("%q", problems)
	}
}

func TestOutputValues(t *testing.T) {
	got := map[string]string{}
	for _, output := range failedResult("why").Outputs(same) {
		got[output.Name] = output.Value
	}
	delete(got, "result")
	const good = "arn:aws:ecs:eu-west-1:123456789012:task/jobs/fedcba9876543210fedcba9876543210"
	want := map[string]string{
		"status": "failed", "exit-code": "3", "stopped-reason": "why", "definition-commit": "0123abc",
		"exit-codes": `{"0123456789abcdef0123456789abcdef":{"app":3,"proxy":143},"fedcba9876543210fedcba9876543210":{"web":0}}`,
		"task-arn":   good, "task-arns": `["` + good + `","` + firstTask + `"]`,
		"task-ids":            `["fedcba9876543210fedcba9876543210","0123456789abcdef0123456789abcdef"]`,
		"task-definition-arn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:7", "task-definition-arns": `["arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:7","arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"]`,
		"task-definitions": `["migrate:7","web:1"]`, "task-outputs": `{"empty":"","version":"why"}`,
		"log-urls": `["https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fmigrate/log-events/m$252Fapp$252F0123"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Outputs stay below what GitHub takes, whatever is run: result has as many tasks as
// fit, those that failed before others, and the lists have all as long as they fit.
func TestFittingOutputs(t *testing.T) {
	for _, tt := range []struct {
		name        string
		tasks       int
		text        string
		whole, some bool // result has all the tasks; the lists have
		outputs     int  // bytes that the tasks gave
	}{
		{"few", 10, "why", true, true, 0},
		{"a thousand", 1000, "why", false, true, 0},
		{"a thousand with long reasons", 1000, strings.Repeat("ä<", 500), false, true, 0},
		{"as many as ECS can run", 5000, "why", false, false, 0},
		{"few with outputs", 2, "why", true, true, 64 << 10},
		{"as many as ECS can run, with outputs", 5000, "why", false, false, 64 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			result := failedResult(tt.text)
			fault := result.Faults[0]
			result.TaskOutputs["version"] = strings.Repeat("x", tt.outputs)
			for i := range tt.tasks {
				state := failedTask(tt.text)
				if i%3 > 0 {
					state.Verdict = &task.Verdict{Outcome: task.Succeeded}
				}
				state.TaskArn = aws.String(fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:task/jobs/%032x", i))
				result.Tasks = append(result.Tasks, state)
				result.Faults = append(result.Faults, fault)
				result.Logs = append(result.Logs, report.Log{TaskARN: *state.TaskArn, Container: "app", URL: result.Logs[0].URL})
			}
			outputs, shown := result.FittingOutputs(same)
			size := 0
			got := map[string]string{}
			for _, output := range outputs {
				size += len(utf16.Encode([]rune(output.Name + output.Value)))
				got[output.Name] = output.Value
			}
			if 2*size > 1<<20 {
				t.Errorf("%d bytes in UTF-16, want %d at the most", 2*size, 1<<20)
			}
			if !tt.whole && 4*size < 1<<20 {
				t.Errorf("only %d bytes in UTF-16", 2*size)
			}
			var lists []string
			var parsed struct {
				Shortened bool
				Tasks     []struct{ Outcome string }
			}
			if err := errors.Join(json.Unmarshal([]byte(got["result"]), &parsed), json.Unmarshal([]byte(got["task-arns"]), &lists)); err != nil {
				t.Fatal(err)
			}
			if len(parsed.Tasks) != shown || parsed.Shortened == tt.whole || (shown == len(result.Tasks)) != tt.whole || (len(lists) == len(result.Tasks)) != tt.some {
				t.Errorf("result has %d tasks (shown %d, shortened %v), the lists %d, of %d", len(parsed.Tasks), shown, parsed.Shortened, len(lists), len(result.Tasks))
			}
			failed := 0
			for _, one := range parsed.Tasks {
				if one.Outcome == "failed" {
					failed++
				}
			}
			if all := (tt.tasks+2)/3 + 1; failed < min(shown, all) {
				t.Errorf("%d of %d shown tasks failed, want all %d that did first", failed, shown, all)
			}
			if got["status"] != "failed" || got["exit-code"] != "3" {
				t.Errorf("status %s, exit code %s", got["status"], got["exit-code"])
			}
		})
	}
}

// The schema says of every member what it is, and holds for results.
func TestSchema(t *testing.T) {
	golden(t, "schema.json", string(report.Schema()))
	for name, result := range map[string]report.Result{
		"empty": {Status: report.Errored}, "failed": failedResult("text"), "running": {Status: report.Started, Tasks: []*task.State{{Definition: &types.TaskDefinition{}}}},
	} {
		if problems := validate(t, report.Schema(), result.JSON(same)); len(problems) > 0 {
			t.Errorf("%s: %q", name, problems)
		}
	}
	for name, bad := range map[string]string{
		"a member is missing": `{"status":"failed"}`,
		"a wrong status":      strings.Replace(string(failedResult("").JSON(same)), `"failed"`, `"lost"`, 1),
		"a wrong type":        strings.Replace(string(failedResult("").JSON(same)), `"exitCode":3`, `"exitCode":"3"`, 1),
		"an unknown member":   strings.Replace(string(failedResult("").JSON(same)), `"exitCode":3`, `"exitCode":3,"more":1`, 1),
	} {
		if len(validate(t, report.Schema(), []byte(bad))) == 0 {
			t.Errorf("%s: no problem found", name)
		}
	}
}

// validate returns where a document differs from a schema. Members that the
// schema does not have are differences: it is to describe all.
func validate(t *testing.T, schema, document []byte) []string {
	t.Helper()
	var s map[string]any
	var d any
	for text, into := range map[string]any{string(schema): &s, string(document): &d} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	return differences(s, d, "$")
}

func differences(schema map[string]any, value any, path string) []string {
	var all []string
	kinds, several := schema["type"].([]any)
	if !several {
		kinds = []any{schema["type"]}
	}
	if kind := kindOf(value); !slices.Contains(kinds, any(kind)) && !(kind == "integer" && slices.Contains(kinds, any("number"))) {
		return []string{fmt.Sprintf("%s is %s, want %v", path, kind, kinds)}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
		all = append(all, fmt.Sprintf("%s is %v, want one of %v", path, value, enum))
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			all = append(all, differences(schema["items"].(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		properties, closed := schema["properties"].(map[string]any)
		if !closed {
			return all // any object
		}
		for _, name := range schema["required"].([]any) {
			if _, ok := value[name.(string)]; !ok {
				all = append(all, fmt.Sprintf("%s.%s is missing", path, name))
			}
		}
		for name, member := range value {
			property, ok := properties[name].(map[string]any)
			if !ok || property["description"] == "" {
				all = append(all, fmt.Sprintf("%s.%s is not described", path, name))
				continue
			}
			all = append(all, differences(property, member, path+"."+name)...)
		}
	}
	return all
}

func kindOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	}
	return "object"
}

// summaryOf returns the summary that the runner's file has then.
func summaryOf(t testing.TB, result report.Result, secrets ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "summary.md")
	r, _ := console(github, "GITHUB_STEP_SUMMARY="+name)
	r.Mask(secrets...)
	if err := r.Summary(result); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSummary(t *testing.T) {
	golden(t, "summary.md", summaryOf(t, failedResult("container app ended with code 3")))
}

// A step that did not come as far as tasks has a summary too.
func TestSummaryOfError(t *testing.T) {
	got := summaryOf(t, report.Result{Status: report.Errored, ExitCode: 125, Reason: "no region", Faults: []report.Note{{Text: "no region"}}})
	want := "### ❌ error\n\nno region; exit status 125\n\n#### Diagnosis\n\n- no region\n\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// On the embedded ECS there is nothing that a link could lead to.
func TestSummaryLocal(t *testing.T) {
	result := failedResult("x")
	result.Local, result.Logs = true, nil
	if got := summaryOf(t, result); strings.Contains(got, "href") {
		t.Errorf("a link in\n%s", got)
	}
}

func TestSummarySecrets(t *testing.T) {
	const secret = `s3<r|e"t`
	got := summaryOf(t, failedResult("here: "+secret), secret)
	for _, form := range []string{secret, "s3", "e&#34;t"} {
		if strings.Contains(got, form) {
			t.Errorf("%q is in\n%s", form, got)
		}
	}
}

var hostileTexts = []string{
	"plain", "a | b | c", "<script>alert(1)</script>", "</pre></details><h1>x", "```\n# heading\n```", "[x](javascript:alert(1)) ![y](http://z)", "**a** _b_ ~~c~~ `d`",
	"@everyone #1 www.example.com https://example.com a@example.com", "line\nbreak\r\n\n- item\n\n| a |\n| --- |\n| b |", "&lt;b&gt; &#60;", "\x1b[31mred\x1b[0m \x00\u202e\u2066",
	"\\| \\<b> \\`", "    indented", "# h", "1. a", "- b", "<!-- ", "$$x$$", "section x\n click a href \"javascript:1\" %%{init: {}}%%; end", ":warning:", "\u2028\u0085", "```mermaid\ngantt",
}

var (
	preformatted = regexp.MustCompile(`(?s)<pre>\n[^<]*\n</pre>\n`)
	section      = regexp.MustCompile(`(?m)^  section [\w-]+ \d+ task \w+$`)
	entity       = regexp.MustCompile(`&#\d+;`)
	meaning      = regexp.MustCompile("[^-\n<>|`*_~#&\\[\\]!\\\\$@={}\"]+")
)

// skeleton is what of a summary has a meaning in Markdown or HTML.
func skeleton(summary string) string {
	for _, harmless := range []*regexp.Regexp{preformatted, section, entity} {
		summary = harmless.ReplaceAllString(summary, ".")
	}
	return regexp.MustCompile(`\.+`).ReplaceAllString(meaning.ReplaceAllString(summary, "."), ".")
}

// Whatever the text from outside is, the summary's form is the same.
func FuzzSummary(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" || len(text) > 1000 {
			t.Skip() // empty texts leave lines out
		}
		result := func(text string) report.Result {
			result := failedResult(text)
			bad := result.Tasks[1]
			bad.Definition.Family = aws.String(text)
			bad.Definition.ContainerDefinitions[0].Name = aws.String(text + "0") // is not the name of the other
			bad.Containers[0].Name, bad.Verdict.Container = aws.String(text+"0"), text+"0"
			result.Logs[0].Container = text + "0"
			result.Logs[0].Last = []string{"1", text}
			fault := &result.Faults[0]
			fault.File, fault.Hint = "a"+text, "a"
			fault.Advice[0].Cause, fault.Advice[0].Advice, fault.Advice[0].Statement = text, strings.ReplaceAll(text, "`", ""), "a"+text
			return result
		}
		got, want := skeleton(summaryOf(t, result(text))), skeleton(summaryOf(t, result("word")))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the form with %q differs (-want +got):\n%s", text, diff)
		}
	})
}

// A summary is never longer than what the runner takes, and says what it lacks.
func TestSummaryLimit(t *testing.T) {
	result := failedResult("x")
	long := strings.Repeat("<|long|> ", 300)
	for i := range 3000 {
		bad := failedTask(long)
		bad.TaskArn = aws.String(fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:task/jobs/%032x", i))
		result.Tasks = append(result.Tasks, bad)
		result.Faults = append(result.Faults, report.Note{Text: long})
		result.Logs = append(result.Logs, report.Log{TaskARN: *bad.TaskArn, Container: "app", Last: slices.Repeat([]string{long}, 50)})
	}
	got := summaryOf(t, result)
	if len(got) >= 1<<20 {
		t.Errorf("%d bytes, want less than %d", len(got), 1<<20)
	}
	if len(got) < 1<<19 {
		t.Errorf("only %d bytes", len(got))
	}
	for _, want := range []string{"_Cut: ", "more containers are in the log", "more tasks are not shown", "```mermaid"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

// Only as much is added to a file as it has room for.
func TestSummaryAppends(t *testing.T) {
	name := filepath.Join(t.TempDir(), "summary.md")
	for _, before := range []int{0, 1<<20 - 3000, 1<<20 - 10, 2 << 20} {
		if err := os.WriteFile(name, make([]byte, before), 0o644); err != nil {
			t.Fatal(err)
		}
		r, _ := console(github, "GITHUB_STEP_SUMMARY="+name)
		if err := r.Summary(failedResult("x")); err != nil {
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
