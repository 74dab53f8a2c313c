package ecslocal_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// TestRefusals holds the effects that are an answer by themselves.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		effect ecslocal.Effect
		status int
		want   string
	}{
		{ecslocal.Throttle(), 400, "ThrottlingException: Rate exceeded"},
		{ecslocal.Unavailable(503), 503, "ServerException: Service Unavailable. Please try again later."},
		{ecslocal.ExpiredToken(), 400, "ExpiredTokenException: The security token included in the request is expired"},
		{ecslocal.Denied("*"), 400, "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/ci/session is not " +
			"authorized to perform: ecs:ListTasks on resource: * because no identity-based policy allows the ecs:ListTasks " +
			"action"},
		{ecslocal.Refuse(400, "ClientException",
			"Too many concurrent attempts to create a new revision of the specified family."), 400,
			"ClientException: Too many concurrent attempts to create a new revision of the specified family."},
	} {
		s := newServer(t, ecslocal.Faults(ecslocal.On("ListTasks", c.effect, 2)))
		var statuses []int
		for range 3 {
			status, answer := s.send("ListTasks", object{})
			statuses = append(statuses, status)
			if got := str(answer, "__type") + ": " + str(answer, "message"); status != 200 && got != c.want {
				t.Errorf("answer = %q, want %q", got, c.want)
			}
		}
		if want := []int{200, c.status, 200}; !slices.Equal(statuses, want) {
			t.Errorf("statuses = %v, want %v", statuses, want)
		}
	}
	s := newServer(t, ecslocal.Faults(ecslocal.First("logs:GetLogEvents", 1, ecslocal.Denied("arn"))))
	if got := s.refused("logs:GetLogEvents", object{"logStreamName": "x"}); !strings.Contains(got,
		"perform: logs:GetLogEvents on resource: arn") {
		t.Errorf("denied: %s", got)
	}
}

// TestCuts drops connections before and after the effect and within the answer,
// in process and over a socket.
func TestCuts(t *testing.T) {
	definition := `{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":64}]}`
	for _, c := range []struct {
		name      string
		effect    ecslocal.Effect
		cut       bool
		revisions int
	}{
		{"before", ecslocal.Cut(), true, 0},
		{"after", ecslocal.CutAfter(), true, 1},
		{"within", ecslocal.CutWithin(), true, 1},
		{"lost", ecslocal.Lose(500), false, 1},
	} {
		s := newServer(t, ecslocal.Faults(ecslocal.On("RegisterTaskDefinition", c.effect)))
		listening := httptest.NewServer(s)
		defer listening.Close()
		for i, transport := range []http.RoundTripper{ecslocal.Transport(s), http.DefaultTransport} {
			r := newRequest("RegisterTaskDefinition", definition)
			outgoing, err := http.NewRequest(http.MethodPost, listening.URL, r.Body)
			if err != nil {
				t.Fatal(err)
			}
			outgoing.Header = r.Header
			response, err := transport.RoundTrip(outgoing)
			if err == nil && response.StatusCode == http.StatusOK { // the answer began
				_, err = io.ReadAll(response.Body)
				response.Body.Close()
			}
			if (err != nil) != c.cut {
				t.Errorf("%s: error = %v, want one: %t", c.name, err, c.cut)
			}
			if err == nil {
				if body, _ := io.ReadAll(response.Body); response.StatusCode != 500 {
					t.Errorf("%s: %d %s, want 500", c.name, response.StatusCode, body)
				}
				response.Body.Close()
			}
			if got, want := len(s.do("ListTaskDefinitions", object{})["taskDefinitionArns"].([]any)),
				c.revisions*(i+1); got != want {
				t.Errorf("%s: %d revisions registered, want %d", c.name, got, want)
			}
		}
	}
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Faults(ecslocal.On("ListTasks",
			ecslocal.All(ecslocal.Stall(time.Minute), ecslocal.Throttle()))))
		began := time.Now()
		if got := s.refused("ListTasks", object{}); got != "ThrottlingException: Rate exceeded" ||
			time.Since(began) != time.Minute {
			t.Errorf("a stalled throttle = %s after %v", got, time.Since(began))
		}
	})
}

// TestTaskFaults holds the effects on the tasks that a call starts.
func TestTaskFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		effect ecslocal.Effect
		want   map[string]any // of the task
		exits  map[string]any
	}{
		{
			"fail to start", ecslocal.FailToStart("ResourceInitializationError: unable to pull secrets"),
			map[string]any{"stopCode": "TaskFailedToStart",
				"stoppedReason": "ResourceInitializationError: unable to pull secrets", "startedAt": nil},
			map[string]any{"a": nil},
		},
		{
			"sidecar", ecslocal.Sidecar("aws-guardduty-agent-x"),
			map[string]any{"stopCode": "EssentialContainerExited"},
			map[string]any{"a": 3.0, "aws-guardduty-agent-x": nil},
		},
		{
			"no exit code", ecslocal.NoExitCode("a"),
			map[string]any{"stopCode": "EssentialContainerExited"},
			map[string]any{"a": nil},
		},
		{
			"spot", ecslocal.SpotInterruption(time.Minute),
			map[string]any{"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."},
			map[string]any{"a": 143.0},
		},
		{
			"host", ecslocal.HostLost(time.Minute),
			map[string]any{"stopCode": "TerminationNotice",
				"stoppedReason": "Host EC2 (instance i-0123456789abcdef0) terminated."},
			map[string]any{"a": nil},
		},
		{
			"the first of two", ecslocal.All(ecslocal.Interrupt(2*time.Minute, "SpotInterruption", "2"),
				ecslocal.Interrupt(time.Minute, "ServiceSchedulerInitiated", "1")),
			map[string]any{"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "1"},
			map[string]any{"a": 143.0},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, ecslocal.Execute(&actor{}), ecslocal.Faults(ecslocal.First("RunTask", 1, c.effect)))
				for i := range 2 {
					arn := s.start(act("a", "10m", "3", "143"))
					time.Sleep(time.Hour)
					task := s.describe(arn)
					if i == 1 { // the effect was the first task's
						c.want, c.exits = map[string]any{"stopCode": "EssentialContainerExited"}, map[string]any{"a": 3.0}
					}
					for name, want := range c.want {
						if task[name] != want {
							t.Errorf("%s = %v, want %v", name, task[name], want)
						}
					}
					if got := len(task["containers"].([]any)); got != len(c.exits) {
						t.Errorf("%d containers, want %d", got, len(c.exits))
					}
					for name, want := range c.exits {
						if got := containerOf(task, name)["exitCode"]; got != want {
							t.Errorf("exit code of %s = %v, want %v", name, got, want)
						}
					}
				}
			})
		})
	}
}

func TestUnknownStopCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}),
			ecslocal.Faults(ecslocal.On("RunTask", ecslocal.Interrupt(time.Second, "SolarFlare", "x"))))
		arn := s.start(act("a", "10m", "3", "143"))
		time.Sleep(time.Minute)
		if _, answer := s.send("DescribeTasks", object{"tasks": []string{arn}}); str(answer, "tasks", 0,
			"stopCode") != "SolarFlare" {
			t.Errorf("DescribeTasks = %v, want the stop code SolarFlare", answer)
		}
	})
}

func TestMissingAndRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}),
			ecslocal.Faults(ecslocal.First("DescribeTasks", 2, ecslocal.Missing())),
			ecslocal.Faults(ecslocal.On("RunTask", ecslocal.Room(1, "AGENT"), 1)))
		s.registerAll()
		answer := s.do("RunTask", object{"taskDefinition": "ec2", "count": 3})
		if tasks, failures := len(answer["tasks"].([]any)), len(answer["failures"].([]any)); tasks != 1 || failures != 2 ||
			str(answer, "failures", 1, "reason") != "AGENT" {
			t.Errorf("RunTask = %d tasks, %v, want 1 and two failures of AGENT", tasks, answer["failures"])
		}
		var seen []bool
		for range 3 {
			seen = append(seen, s.describe(str(answer, "tasks", 0, "taskArn")) != nil)
		}
		if got, want := fmt.Sprint(seen), "[false false true]"; got != want {
			t.Errorf("seen = %s, want %s", got, want)
		}
	})
}

// TestLogFaults holds that no line is lost by pages that are empty, repeated or
// late.
func TestLogFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&talker{}),
			ecslocal.Faults(ecslocal.On("RunTask", ecslocal.LateLogs(time.Minute))),
			ecslocal.Faults(ecslocal.First("logs:GetLogEvents", 2, ecslocal.NoLogStream())),
			ecslocal.Faults(ecslocal.On("logs:GetLogEvents", ecslocal.EmptyPage(), 4, 5)),
			ecslocal.Faults(ecslocal.On("logs:GetLogEvents", ecslocal.RepeatedToken(), 8)))
		arn := s.start(talk("1\n2\n3\n4\n", "5\n"))
		time.Sleep(30 * time.Second)
		in := object{"logGroupName": "g", "logStreamName": "p/a/" + taskID(arn), "startFromHead": true, "limit": 2}
		var seen []string
		for range 10 {
			status, answer := s.send("logs:GetLogEvents", in)
			if status != 200 {
				seen = append(seen, str(answer, "__type"))
				continue
			}
			page := ""
			for i := range answer["events"].([]any) {
				page += str(answer, "events", i, "message")
			}
			if answer["nextForwardToken"] == in["nextToken"] {
				page += "="
			}
			in["nextToken"] = answer["nextForwardToken"]
			seen = append(seen, page)
			time.Sleep(10 * time.Second)
		}
		want := "[ResourceNotFoundException ResourceNotFoundException    = 12 = 34 5]"
		if got := fmt.Sprint(seen); got != want {
			t.Errorf("pages = %s\nwant    %s", got, want)
		}
	})
}

// TestRecord sees each call once, in order, with its number.
func TestRecord(t *testing.T) {
	var calls []string
	s := newServer(t,
		ecslocal.Record(func(c ecslocal.Call) { calls = append(calls, fmt.Sprint(c.Operation, " ", c.N, " ", c.Request)) }),
		ecslocal.Faults(ecslocal.On("ListTasks",
			ecslocal.Rewrite(func(answer map[string]any) { answer["taskArns"] = []any{"made up"} }))))
	s.do("ListTasks", object{"maxResults": 5})
	s.send("DescribeTasks", object{})
	got := s.do("ListTasks", object{})
	if str(got, "taskArns", 0) != "made up" {
		t.Errorf("ListTasks = %v, want it rewritten", got)
	}
	want := []string{"ListTasks 1 map[maxResults:5]", "DescribeTasks 1 map[]", "ListTasks 2 map[]"}
	if !slices.Equal(calls, want) {
		t.Errorf("calls = %q, want %q", calls, want)
	}
}
