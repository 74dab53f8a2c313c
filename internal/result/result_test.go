package result_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/golden"
	"github.com/ecs-run-task/ecs-run-task/internal/masks"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/result/resulttest"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

func same(text string) string { return text }

func TestResultJSON(t *testing.T) {
	var pretty strings.Builder
	encoder := json.NewEncoder(&pretty)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(json.RawMessage(resulttest.Failed(`what "happened"`).JSON(same))); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "result.json", pretty.String())
}

func TestDotenv(t *testing.T) {
	text, tasks := resulttest.Failed("two\nlines").Dotenv(same)
	golden.Compare(t, "result.env", string(text))
	if tasks != 2 {
		t.Errorf("Dotenv() has %d tasks, want 2", tasks)
	}
}

// GitLab takes no dotenv report that is too long: then the lists are shortened, and nothing
// that the tasks gave.
func TestDotenvLimit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		tasks   int
		outputs int // bytes that the tasks gave
		most    int // tasks in the lists
		fits    bool
	}{
		{"few", 3, 0, 3, true},
		{"as many as fit", 16, 0, 15, true},
		{"a thousand", 1000, 0, 20, true},
		{"with outputs", 16, 3000, 8, true},
		{"with too many outputs", 16, 8 << 10, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := resulttest.Failed("why")
			r.TaskOutputs = map[string]string{"version": strings.Repeat("x", tt.outputs)}
			r.Tasks, r.Logs = nil, nil
			for i := range tt.tasks {
				state := resulttest.FailedTask("why")
				state.TaskArn = aws.String(fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:task/jobs/%032x", i))
				r.Tasks = append(r.Tasks, state)
				r.Logs = append(r.Logs, result.Log{
					TaskARN: *state.TaskArn, Container: "app",
					URL: fmt.Sprintf("https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:"+
						"log-groups/log-group/$252Fecs$252Fmigrate/log-events/ecs$252Fapp$252F%032x", i),
				})
			}
			text, tasks := r.Dotenv(same)
			got := string(text)
			if fits := len(got) <= result.DotenvLimit; fits != tt.fits || tasks > tt.most || tasks < tt.most/2 {
				t.Errorf("%d bytes with %d tasks, want %d tasks at the most", len(got), tasks, tt.most)
			}
			if short := strings.Contains(got, "\nECS_RUN_TASK_SHORTENED=true\n"); short != (tasks < tt.tasks) {
				t.Errorf("shortened: %v, with %d of %d tasks", short, tasks, tt.tasks)
			}
			if want := "\nTASK_OUTPUT_VERSION=" + strings.Repeat("x", tt.outputs) + "\n"; !strings.Contains(got, want) {
				t.Error("what the tasks gave is not whole")
			}
			ids := strings.Count(got, fmt.Sprintf("task/jobs/%026x", 0))
			if strings.Contains(got, "\nECS_RUN_TASK_TASK_IDS=\n") != (tasks == 0) || ids < tasks {
				t.Errorf("%d tasks are named, want %d", ids, tasks)
			}
		})
	}
}

// No output contains a secret. A secret that is a word of JSON does not make JSON invalid.
func TestResultSecrets(t *testing.T) {
	var secrets masks.Masks
	for _, secret := range []string{"hidden", "true", "null", "status", "failed", "name"} {
		secrets.Add(secret)
	}
	r := resulttest.Failed("this is hidden")
	for _, output := range r.Outputs(secrets.Hide) {
		if strings.Contains(output.Value, "hidden") {
			t.Errorf("%s = %s", output.Name, output.Value)
		}
		if strings.HasPrefix(output.Value, "[") || strings.HasPrefix(output.Value, "{") {
			if !json.Valid([]byte(output.Value)) {
				t.Errorf("%s is no JSON: %s", output.Name, output.Value)
			}
		}
	}
	if problems := validate(t, result.Schema(), r.JSON(secrets.Hide)); len(problems) > 0 {
		t.Errorf("%q", problems)
	}
}

// Secrets in the requests of a dry run are hidden in strings only, because the rest is JSON
// syntax.
func TestResultRequests(t *testing.T) {
	var secrets masks.Masks
	for _, secret := range []string{"hidden", "true", `quo"te\`} {
		secrets.Add(secret)
	}
	r := result.Result{Status: result.Succeeded, Requests: []result.Request{
		{Operation: "RunTask", Input: json.RawMessage(`{"a":["hidden","x","quo\"te\\ \u00e4"],"b":true,"hidden":1.10}`)},
	}}
	const want = `"requests":[{"operation":"RunTask","input":{"a":["***","x","*** ä"],"b":true,"***":1.10}}]}`
	if got := string(r.JSON(secrets.Hide)); !strings.HasSuffix(got, want) {
		t.Errorf("JSON = %s, want %s at its end", got, want)
	}
	if problems := validate(t, result.Schema(), r.JSON(same)); len(problems) > 0 {
		t.Errorf("%q", problems)
	}
}

func TestOutputValues(t *testing.T) {
	got := map[string]string{}
	for _, output := range resulttest.Failed("why").Outputs(same) {
		got[output.Name] = output.Value
	}
	delete(got, "result")
	const succeeded = "arn:aws:ecs:eu-west-1:123456789012:task/jobs/fedcba9876543210fedcba9876543210"
	want := map[string]string{
		"status": "failed", "exit-code": "3", "stopped-reason": "why", "definition-commit": "0123abc",
		"exit-codes": `{"0123456789abcdef0123456789abcdef":{"app":3,"proxy":143},` +
			`"fedcba9876543210fedcba9876543210":{"web":0}}`,
		"task-arn": succeeded, "task-arns": `["` + succeeded + `","` + resulttest.FirstTask + `"]`,
		"task-ids":            `["fedcba9876543210fedcba9876543210","0123456789abcdef0123456789abcdef"]`,
		"task-definition-arn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:7",
		"task-definition-arns": `["arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:7",` +
			`"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"]`,
		"task-definitions": `["migrate:7","web:1"]`, "task-outputs": `{"empty":"","version":"why"}`,
		"log-urls": `["https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fmigrate/log-events/m$252Fapp$252F0123"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Outputs fit the limit of GitHub. The output result contains as many tasks as fit, failed
// tasks first. The lists contain all tasks if they fit.
func TestFittingOutputs(t *testing.T) {
	for _, tt := range []struct {
		name                string
		tasks               int
		text                string
		allTasks, allListed bool // result has all the tasks; the lists have
		outputs             int  // bytes that the tasks gave
	}{
		{"few", 10, "why", true, true, 0},
		{"a thousand", 1000, "why", false, true, 0},
		{"a thousand with long reasons", 1000, strings.Repeat("ä<", 500), false, true, 0},
		{"as many as ECS can run", 5000, "why", false, false, 0},
		{"few with outputs", 2, "why", true, true, 64 << 10},
		{"as many as ECS can run, with outputs", 5000, "why", false, false, 64 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := resulttest.Failed(tt.text)
			fault := r.Faults[0]
			r.TaskOutputs["version"] = strings.Repeat("x", tt.outputs)
			for i := range tt.tasks {
				state := resulttest.FailedTask(tt.text)
				if i%3 > 0 {
					state.Verdict = &verdict.Verdict{Outcome: verdict.Succeeded}
				}
				state.TaskArn = aws.String(fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:task/jobs/%032x", i))
				r.Tasks = append(r.Tasks, state)
				r.Faults = append(r.Faults, fault)
				r.Logs = append(r.Logs, result.Log{TaskARN: *state.TaskArn, Container: "app", URL: r.Logs[0].URL})
			}
			outputs, shown := r.FittingOutputs(same)
			size := 0
			got := map[string]string{}
			for _, output := range outputs {
				size += len(utf16.Encode([]rune(output.Name + output.Value)))
				got[output.Name] = output.Value
			}
			if 2*size > 1<<20 {
				t.Errorf("%d bytes in UTF-16, want %d at the most", 2*size, 1<<20)
			}
			if !tt.allTasks && 4*size < 1<<20 {
				t.Errorf("only %d bytes in UTF-16", 2*size)
			}
			var lists []string
			var parsed struct {
				Shortened bool
				Tasks     []struct{ Outcome string }
			}
			if err := errors.Join(json.Unmarshal([]byte(got["result"]), &parsed),
				json.Unmarshal([]byte(got["task-arns"]), &lists)); err != nil {
				t.Fatal(err)
			}
			if len(parsed.Tasks) != shown || parsed.Shortened == tt.allTasks || (shown == len(r.Tasks)) != tt.allTasks ||
				(len(lists) == len(r.Tasks)) != tt.allListed {
				t.Errorf("result has %d tasks (shown %d, shortened %v), the lists %d, of %d", len(parsed.Tasks), shown,
					parsed.Shortened, len(lists), len(r.Tasks))
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

// The schema describes every member and is valid for results.
func TestSchema(t *testing.T) {
	golden.Compare(t, "schema.json", string(result.Schema()))
	for name, r := range map[string]result.Result{
		"empty": {Status: result.Errored}, "failed": resulttest.Failed("text"), "running": {Status: result.Started,
			Tasks: []*task.State{{Definition: &types.TaskDefinition{}}}},
	} {
		if problems := validate(t, result.Schema(), r.JSON(same)); len(problems) > 0 {
			t.Errorf("%s: %q", name, problems)
		}
	}
	for name, bad := range map[string]string{
		"a member is missing": `{"status":"failed"}`,
		"a wrong status":      strings.Replace(string(resulttest.Failed("").JSON(same)), `"failed"`, `"lost"`, 1),
		"a wrong type":        strings.Replace(string(resulttest.Failed("").JSON(same)), `"exitCode":3`, `"exitCode":"3"`, 1),
		"an unknown member": strings.Replace(string(resulttest.Failed("").JSON(same)), `"exitCode":3`,
			`"exitCode":3,"more":1`, 1),
	} {
		if len(validate(t, result.Schema(), []byte(bad))) == 0 {
			t.Errorf("%s: no problem found", name)
		}
	}
}

// validate returns where a document differs from a schema. Members that the schema does not
// have are differences too.
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
	if kind := kindOf(value); !slices.Contains(kinds, any(kind)) &&
		!(kind == "integer" && slices.Contains(kinds, any("number"))) {
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

func TestURLs(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{result.LogURL("eu-west-1", "/ecs/web", "a/app/1"),
			"https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fweb/log-events/a$252Fapp$252F1"},
		{result.LogURL("cn-north-1", "g", "s"),
			"https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#logsV2:log-groups/log-group/g/log-events/s"},
		{result.TaskURL("arn:aws:ecs:eu-west-1:123456789012:task/jobs/0123"),
			"https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/jobs/tasks/0123/configuration?region=eu-west-1"},
		{result.TaskURL("arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task/jobs/0123"),
			"https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/v2/clusters/jobs/tasks/0123/configuration?region=us-gov-west-1"},
		{result.TaskURL("arn:aws:ecs:eu-west-1:123456789012:task/0123"), ""}, // the old form names no cluster
		{result.TaskURL("task"), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
