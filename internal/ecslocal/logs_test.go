package ecslocal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
)

// talker is an executor whose containers print their arguments, one a second, the
// first at once. An argument that begins with "xN" is N lines of 10,000 bytes.
type talker struct{ actor }

func (*talker) Run(_ context.Context, c runtime.Container, started func(), _ <-chan struct{}) (runtime.Exit, error) {
	started()
	for i, text := range c.Command {
		if i > 0 {
			time.Sleep(time.Second)
		}
		if lines := 0; strings.HasPrefix(text, "x") {
			if n, _ := fmt.Sscanf(text, "x%d", &lines); n == 1 {
				text = strings.Repeat(strings.Repeat("x", 10000)+"\n", lines)
			}
		}
		fmt.Fprint(c.Output, text)
	}
	return runtime.Exit{}, nil
}

func talk(texts ...string) object {
	return with(act("a", texts...), logged("g"))
}

// TestLines holds how output becomes events.
func TestLines(t *testing.T) {
	long := strings.Repeat("x", 16<<10)
	for _, c := range []struct {
		name  string
		texts []string
		want  []string
	}{
		{"lines over writes", []string{"a\nb", "c\nd\n", "e"}, []string{"a", "bc", "d", "e"}},
		{"a line of 16 KiB", []string{long + "\n"}, []string{long}},
		{"a longer line", []string{long + "y\nz\n"}, []string{long, "y", "z"}},
		{"a longer line over writes", []string{long[:16000], long[:16000] + "\n"}, []string{long, long[:32000-16384]}},
		{"no UTF-8", []string{"a\xffb\n"}, []string{"a\uFFFDb"}},
		{"carriage returns stay", []string{"a\rb\r\n"}, []string{"a\rb\r"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, ecslocal.Execute(&talker{}))
				arn := s.start(talk(c.texts...))
				time.Sleep(time.Minute)
				got := s.lines("g", "p/a/"+taskID(arn))
				if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
					t.Errorf("lines = %.200q, want %.200q", got, c.want)
				}
			})
		})
	}
}

// TestGetLogEvents reads a stream in every way.
func TestGetLogEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&talker{}))
		var texts []string
		for i := range 10 {
			texts = append(texts, fmt.Sprintln(i))
		}
		began := time.Now().UnixMilli()
		arn := s.start(talk(texts...))
		time.Sleep(time.Minute)
		in := func(more object) object {
			return with(object{"logGroupName": "g", "logStreamName": "p/a/" + taskID(arn)}, more)
		}
		read := func(more object) (string, object) {
			answer := s.do("logs:GetLogEvents", in(more))
			text := ""
			for i := range answer["events"].([]any) {
				text += str(answer, "events", i, "message")
			}
			return text, answer
		}
		var pages []string
		head := object{"startFromHead": true, "limit": 4}
		for range 5 {
			text, answer := read(head)
			pages = append(pages, text)
			head["nextToken"] = answer["nextForwardToken"]
		}
		if got, want := fmt.Sprint(pages), "[0123 4567 89  ]"; got != want {
			t.Errorf("pages forwards = %s, want %s", got, want)
		}
		pages = nil
		tail := object{"limit": 4}
		for range 4 {
			text, answer := read(tail)
			pages = append(pages, text)
			tail["nextToken"] = answer["nextBackwardToken"]
		}
		if got, want := fmt.Sprint(pages), "[6789 2345 01 ]"; got != want {
			t.Errorf("pages backwards = %s, want %s", got, want)
		}
		first := num(s.do("logs:GetLogEvents", in(object{"startFromHead": true})), "events", 0, "timestamp")
		if first < float64(began)+5000 || first > float64(began)+6000 {
			t.Errorf("first timestamp = %v, want within a second of the end of the pull, 5 s after %v", first, began)
		}
		if got, _ := read(object{"startTime": int(first) + 3000, "endTime": int(first) + 6000,
			"startFromHead": true}); got != "345" {
			t.Errorf("three seconds of it = %q, want 345", got)
		}
		for _, c := range []struct {
			in   object
			want string
		}{
			{object{"logGroupName": "x", "logStreamName": "x"},
				"ResourceNotFoundException: The specified log group does not exist."},
			{object{"logGroupName": "g", "logStreamName": "x"},
				"ResourceNotFoundException: The specified log stream does not exist."},
			{in(object{"nextToken": "f/1/s"}), "InvalidParameterException: The specified nextToken is invalid."},
			{in(object{"limit": 10001}), "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' " +
				"failed to satisfy constraint: Member must have value between 1 and 10000"},
		} {
			if got := s.refused("logs:GetLogEvents", c.in); got != c.want {
				t.Errorf("GetLogEvents(%v) = %q, want %q", c.in, got, c.want)
			}
		}
		const group = "arn:aws:logs:us-east-1:123456789012:log-group:g"
		for _, id := range []string{"g", group, group + ":*"} {
			s.do("logs:GetLogEvents", object{"logGroupIdentifier": id, "logStreamName": in(nil)["logStreamName"]})
		}
		s.region = "eu-west-1"
		if got := s.refused("logs:GetLogEvents",
			in(nil)); got != "ResourceNotFoundException: The specified log group does not exist." {
			t.Errorf("in another region: %s", got)
		}
	})
}

// TestLogPages holds the limit of a page in bytes.
func TestLogPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&talker{}))
		arn := s.start(talk("x250"))
		time.Sleep(time.Minute)
		in := object{"logGroupName": "g", "logStreamName": "p/a/" + taskID(arn), "startFromHead": true}
		var sizes []int
		for range 4 {
			answer := s.do("logs:GetLogEvents", in)
			sizes = append(sizes, len(answer["events"].([]any)))
			in["nextToken"] = answer["nextForwardToken"]
		}
		if got, want := fmt.Sprint(sizes), "[104 104 42 0]"; got != want {
			t.Errorf("events of pages = %s, want %s", got, want)
		}
	})
}

// TestStreams names streams by prefix and by runtime id, and makes groups only
// where that is allowed.
func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := func(name string, more object) object {
			return object{"logConfiguration": object{"logDriver": "awslogs",
				"options": with(object{"awslogs-group": name, "awslogs-region": "us-east-1"}, more)}}
		}
		s := newServer(t, ecslocal.Execute(&talker{}), ecslocal.LogGroups("there"))
		arn := s.start(with(act("a", "x\n"), options("there", nil)))
		time.Sleep(time.Minute)
		if got := s.lines("there", str(s.describe(arn), "containers", 0, "runtimeId")); fmt.Sprint(got) != "[x]" {
			t.Errorf("lines by runtimeId = %q, want x", got)
		}
		arn = s.start(with(act("a", "x\n"), options("not", nil)))
		time.Sleep(time.Minute)
		const want = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: " +
			"failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : " +
			"exit status 1"
		if task := s.describe(arn); str(task, "stopCode") != "TaskFailedToStart" || str(task, "stoppedReason") != want {
			t.Errorf("a task without its log group = %v, want TaskFailedToStart", task)
		}
		arn = s.start(with(act("a", "x\n"),
			options("made", object{"awslogs-create-group": "true", "awslogs-stream-prefix": "p"})))
		s.do("logs:CreateLogGroup", object{"logGroupName": "empty"})
		time.Sleep(time.Minute)
		var names []string
		groups := s.do("logs:DescribeLogGroups", object{})
		for i := range groups["logGroups"].([]any) {
			names = append(names, str(groups, "logGroups", i, "logGroupName"))
		}
		if got, want := fmt.Sprint(names), "[empty made there]"; got != want {
			t.Errorf("groups = %s, want %s", got, want)
		}
		page := s.do("logs:DescribeLogGroups", object{"limit": 2})
		if page = s.do("logs:DescribeLogGroups", object{"limit": 2, "nextToken": page["nextToken"]}); str(page, "logGroups",
			0, "logGroupName") != "there" || page["nextToken"] != nil {
			t.Errorf("second page of groups = %v, want there alone", page)
		}
		streams := s.do("logs:DescribeLogStreams",
			object{"logGroupName": "made", "orderBy": "LastEventTime", "descending": true})
		if got, want := str(streams, "logStreams", 0, "logStreamName"), "p/a/"+taskID(arn); got != want {
			t.Errorf("stream = %q, want %q", got, want)
		}
	})
}
