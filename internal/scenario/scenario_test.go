package scenario_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/scenario"
)

func TestParse(t *testing.T) {
	got, err := scenario.Parse("s.yaml", []byte(`
tasks:
  - family: nightly-*
    skip: 1
    first: 2
    chance: 0.5
    spot-after: 90s
    report-late: 10s
    logs-late: 1s
    pending: 2m
    containers:
      app: {exit-code: 3, after: 5s, output: "one\ntwo", reason: "OutOfMemoryError: x"}
      "*": {exit-code: null}
  - {no-room: RESOURCE:MEMORY}
  - {fail-to-start: "CannotPullContainerError: x"}
  - {lost-after: 1s}
calls:
  - {operation: RunTask, first: 2, error: ThrottlingException, message: Rate exceeded}
  - {operation: "logs:GetLogEvents", stall: 5s}
  - {operation: RunTask, answer-lost: true}
instances:
  - {cpu: 2048, memory: 4096, attributes: {stack: blue}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []ecslocal.Rule{
		{
			Family: "nightly-*", Skip: 1, First: 2, Chance: 0.5, SpotAfter: 90 * time.Second,
			ReportLate: 10 * time.Second,
			LogsLate:   time.Second, Pending: 2 * time.Minute, Endings: map[string]ecslocal.Ending{
				"app": {Code: 3, After: 5 * time.Second, Output: "one\ntwo\n", Reason: "OutOfMemoryError: x"},
				"*":   {NoCode: true},
			},
		},
		{NoRoom: "RESOURCE:MEMORY"},
		{FailToStart: "CannotPullContainerError: x"},
		{LostAfter: time.Second},
	}
	if !reflect.DeepEqual(got.Tasks, want) {
		t.Errorf("tasks = %+v\nwant %+v", got.Tasks, want)
	}
	throttled := got.Calls[0]
	for n, faulty := range map[int]bool{1: true, 2: true, 3: false} {
		if effect := throttled(ecslocal.Call{Operation: "RunTask", N: n}); (effect != nil) != faulty {
			t.Errorf("call %d fails: %t, want %t", n, effect != nil, faulty)
		}
	}
	if instances := []ecslocal.Instance{{
		CPU:        2048,
		Memory:     4096,
		Attributes: map[string]string{"stack": "blue"},
	}}; !reflect.DeepEqual(got.Instances, instances) {
		t.Errorf("instances = %+v, want %+v", got.Instances, instances)
	}
}

// TestFaults checks that all faults are reported at once, with their places.
func TestFaults(t *testing.T) {
	_, err := scenario.Parse("s.yaml", []byte(`tasks:
  - spot-afte: 3s
    first: 0
    chance: 2
    pending: 5
    family: "["
    containers: {app: {exit-code: 256}}
calls:
  - operation: RunTasks
    error: x
  - {}
tsks: 1
`))
	want := `s.yaml:2:5: tasks[0].spot-afte: unknown member (did you mean "spot-after"?)
s.yaml:3:12: tasks[0].first: expected a number from 1 to 1073741824
s.yaml:4:13: tasks[0].chance: expected a number above 0 and up to 1
s.yaml:5:14: tasks[0].pending: expected a duration such as 5s or 1m30s
s.yaml:6:13: tasks[0].family: expected a family, or a pattern of families such as nightly-*
s.yaml:7:35: tasks[0].containers.app.exit-code: expected a number from 0 to 255
s.yaml:9:16: calls[0].operation: "RunTasks" is not an operation (did you mean "RunTask"?)
s.yaml:11:5: calls[1]: operation is missing: the name of the call, such as RunTask or logs:GetLogEvents
s.yaml:11:5: calls[1]: error, stall or answer-lost is missing: how the call fails
s.yaml:12:1: tsks: unknown member (did you mean "tasks"?)`
	if err == nil || err.Error() != want {
		t.Errorf("faults =\n%v\nwant\n%s", err, want)
	}
}

func TestSecrets(t *testing.T) {
	got, err := scenario.Secrets("s.yaml", []byte("/app/key: k\nn: 007\nport: 5432\napp/db: {user: u, port: 1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"/app/key": "k", "n": "007", "port": "5432", "app/db": `{"user":"u","port":1}`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("secrets = %q, want %q", got, want)
	}
	if _, err := scenario.Secrets("s.yaml", []byte("a:\n")); err == nil {
		t.Error("a secret without a value is taken")
	}
}
