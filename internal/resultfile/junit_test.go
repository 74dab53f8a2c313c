package resultfile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/resultfile"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// read returns the JUnit report of a result as read by Python. xmllint has to accept the
// report.
func read(t *testing.T, r result.Result) string {
	t.Helper()
	for _, program := range []string{"python3", "xmllint"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: apt-get install python3 libxml2-utils", program)
		}
	}
	text, err := resultfile.JUnit(r, same)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "junit.xml")
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if folder := os.Getenv("RESULT_FILES"); folder != "" {
		os.WriteFile(filepath.Join(folder, strings.ReplaceAll(t.Name(), "/", "-")+".xml"), text, 0o644)
	}
	if out, err := exec.Command("xmllint", "--noout", "--schema", "../../testdata/junit/junit.xsd",
		name).CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s\n%s", err, out, text)
	}
	out, err := exec.Command("python3", "../../testdata/junit/read.py", name).CombinedOutput()
	if err != nil {
		t.Errorf("python3: %v\n%s\n%s", err, out, text)
	}
	return string(out)
}

// The report has a failure or an error if and only if the step failed.
func TestJUnit(t *testing.T) {
	well := verdict.Verdict{Outcome: verdict.Succeeded}
	running := ended(firstID, well, nil, nil)
	running.Verdict, running.ExecutionStoppedAt, running.StoppedAt = nil, nil, nil
	reached := ended(firstID, well, nil, nil)
	reached.Verdict, reached.ExecutionStoppedAt, reached.StoppedAt, reached.Reached = nil, nil, nil, true
	notStarted := ended(firstID,
		verdict.Verdict{Outcome: verdict.NotStarted, Reason: "the task failed to start: CannotPullContainerError"}, nil, nil)
	notStarted.StartedAt = nil
	failed := ended(firstID,
		verdict.Verdict{Outcome: verdict.Failed, Container: "app", ExitCode: code(3),
			Reason: "container app ended with code 3"}, code(3), code(143))
	replaced := of(result.Succeeded, 0, "every deciding container ended with code 0",
		ended(firstID, verdict.Verdict{Outcome: verdict.Stopped, HostLost: true, Reason: "AWS took the Spot capacity back"},
			nil, nil), ended(secondID, well, code(0), code(0)))
	replaced.Replaced = []string{*replaced.Tasks[0].TaskArn}
	all := of(result.Failed, 4, "container proxy ended with code 4",
		ended(firstID, verdict.Verdict{Outcome: verdict.Failed, Container: "proxy", ExitCode: code(4),
			Reason: "container proxy ended with code 4"}, code(0), code(4)))
	all.Rule.All = true
	both := all
	both.Tasks = []*task.State{ended(firstID,
		verdict.Verdict{Outcome: verdict.Failed, Container: "app", ExitCode: code(3),
			Reason: "container app ended with code 3"}, code(3), code(4))}
	nothing := result.Result{Status: result.Errored, ExitCode: 125, Reason: "job.json:1:1: expected a definition",
		Faults: []event.Note{{File: "job.json", Line: 1, Column: 1, Text: "expected a definition"}}}
	twice := of(result.Succeeded, 0, "every deciding container ended with code 0", ended(firstID, well, code(0), code(0)),
		ended(secondID, well, code(0), code(0)))
	second := definition()
	second.Revision = 8
	sequence := of(result.Failed, 3, "container app ended with code 3", failed)
	sequence.Definitions = append(sequence.Definitions, second)
	partly := of(result.Errored, 125, "RESOURCE:CPU", failed)
	for _, tt := range []struct {
		name string
		in   result.Result
		want string
	}{
		{"succeeded", of(result.Succeeded, 0, "every deciding container ended with code 0",
			ended(firstID, well, code(0), code(143))),
			"migrate:7 tests=1 time=60.000\n  migrate app 60.000s passed\ngreen\n"},
		{"failed", of(result.Failed, 3, "container app ended with code 3", failed),
			"migrate:7 tests=1 time=60.000\n  migrate app 60.000s failure failed: container app ended with code 3\nred\n"},
		{"several tasks", twice,
			"migrate:7 tests=2 time=120.000\n  migrate app #1 60.000s passed\n  migrate app #2 60.000s passed\ngreen\n"},
		{"the last attempt only", replaced, "migrate:7 tests=1 time=60.000\n  migrate app 60.000s passed\ngreen\n"},
		{"every container decides", all,
			"migrate:7 tests=2 time=120.000\n  migrate app 60.000s passed\n" +
				"  migrate proxy 60.000s failure failed: container proxy ended with code 4\nred\n"},
		{"two containers failed", both,
			"migrate:7 tests=2 time=120.000\n  migrate app 60.000s failure failed: container app ended with code 3\n" +
				"  migrate proxy 60.000s failure failed: container proxy ended with code 4\nred\n"},
		{"did not start", of(result.Failed, 125, "the task failed to start", notStarted),
			"migrate:7 tests=1 time=0.000\n" +
				"  migrate app 0.000s error not-started: the task failed to start: CannotPullContainerError\nred\n"},
		{"timed out", of(result.TimedOut, 124, "timed out after 10m", running),
			"migrate:7 tests=1 time=89.000\n" +
				"  migrate app 89.000s error timed-out: the task had not ended: timed out after 10m\nred\n"},
		{"timed out while every task had ended",
			of(result.TimedOut, 124, "timed out after 10m", ended(firstID, well, code(0), code(0))),
			"migrate:7 tests=1 time=60.000\n  migrate app 60.000s passed\necs-run-task tests=1 time=0.000\n" +
				"  ecs-run-task step 0.000s error timed-out: timed out after 10m\nred\n"},
		{"not waited for", of(result.Started, 0, "started, and not waited for", running),
			"migrate:7 tests=1 time=89.000\n  migrate app 89.000s skipped: started, and not waited for\ngreen\n"},
		{"a server", of(result.Succeeded, 0, "every task is running", reached),
			"migrate:7 tests=1 time=89.000\n  migrate app 89.000s passed\ngreen\n"},
		{"nothing was started", nothing,
			"ecs-run-task tests=1 time=0.000\n  ecs-run-task step 0.000s error error: job.json:1:1: expected a definition\n" +
				"red\n"},
		{"registered and not run", sequence,
			"migrate:7 tests=1 time=60.000\n  migrate app 60.000s failure failed: container app ended with code 3\n" +
				"migrate:8 tests=1 time=0.000\n  migrate app 0.000s skipped: no task was started\nred\n"},
		{"some tasks were refused", partly,
			"migrate:7 tests=1 time=60.000\n  migrate app 60.000s failure failed: container app ended with code 3\n" +
				"ecs-run-task tests=1 time=0.000\n  ecs-run-task step 0.000s error error: RESOURCE:CPU\nred\n"},
		{"dry run", result.Result{Status: result.Succeeded, Reason: "dry run: nothing was changed"},
			"ecs-run-task tests=1 time=0.000\n  ecs-run-task step 0.000s passed\ngreen\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, read(t, tt.in)); diff != "" {
				t.Errorf("Python reads (-want +got):\n%s", diff)
			}
			if red := strings.HasSuffix(tt.want, "red\n"); red != (tt.in.ExitCode != 0) {
				t.Errorf("red is %t, and the exit status %d", red, tt.in.ExitCode)
			}
		})
	}
}

// Text from outside never changes the structure of the report.
func TestJUnitHostile(t *testing.T) {
	for _, text := range hostile {
		r := failedStep(text)
		r.Definitions[0].Family = aws.String("a" + text)
		r.Definitions[0].ContainerDefinitions = []types.ContainerDefinition{{Name: aws.String("b" + text)}}
		got := read(t, r)
		if !strings.HasSuffix(got, "red\n") || strings.Count(got, "tests=") != 2 {
			t.Errorf("Python reads %q in the report of %q", got, text)
		}
	}
}

// A failure contains its cause, what to do, and the last log lines.
func TestJUnitTexts(t *testing.T) {
	text, err := resultfile.JUnit(failedStep("container app ended with code 3"), same)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"task arn:aws:ecs:eu-west-1:123456789012:task/jobs/" + firstID,
		"place: ecs/migrate.json:12:5", "cause: Container app ran out of memory.",
		"advice: Raise `memory`.", "allow: {&#34;Effect&#34;:&#34;Allow&#34;}",
		"<system-out>connecting&#xA;container app ended with code 3</system-out>",
		`timestamp="2026-11-24T23:59:30"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no %s:\n%s", want, text)
		}
	}
}
