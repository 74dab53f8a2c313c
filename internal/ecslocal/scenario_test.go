package ecslocal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// scripted returns a server whose tasks do what rules say.
func scripted(t *testing.T, rules ...ecslocal.Rule) server {
	s := newServer(t, ecslocal.Execute(&actor{}), seconds, ecslocal.Seed(7), ecslocal.Scenario(rules...))
	for _, family := range []string{"migrate", "web"} {
		s.do("RegisterTaskDefinition",
			object{"family": family, "containerDefinitions": []object{with(act("app", "1s", "0", "0"), logged("g"))}})
	}
	return s
}

func (s server) runFamily(family string) (arn, failure string) {
	answer := s.do("RunTask", object{"taskDefinition": family})
	return str(answer, "tasks", 0, "taskArn"), str(answer, "failures", 0, "reason")
}

func TestScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scripted(t,
			ecslocal.Rule{Family: "migrate", First: 1, NoRoom: "RESOURCE:MEMORY"},
			ecslocal.Rule{Family: "migrate", First: 1, FailToStart: "CannotPullContainerError: no such image"},
			ecslocal.Rule{Family: "mig*", First: 1, SpotAfter: 3 * time.Second,
				Endings: map[string]ecslocal.Ending{"*": {After: time.Hour}}},
			ecslocal.Rule{Family: "migrate", Endings: map[string]ecslocal.Ending{
				"app": {Code: 137, After: 5 * time.Second, Output: "first\nsecond\n",
					Reason: "OutOfMemoryError: Container killed due to memory usage"},
			}, ReportLate: 10 * time.Second},
		)
		if _, reason := s.runFamily("migrate"); reason != "RESOURCE:MEMORY" {
			t.Errorf("failure = %q, want RESOURCE:MEMORY", reason)
		}
		ended := func(family string) object {
			arn, _ := s.runFamily(family)
			time.Sleep(2 * time.Minute)
			return s.describe(arn)
		}
		if task := ended("migrate"); str(task, "stopCode") != "TaskFailedToStart" ||
			str(task, "stoppedReason") != "CannotPullContainerError: no such image" {
			t.Errorf("second task = %v, want it not to start", task)
		}
		if task := ended("migrate"); str(task, "stopCode") != "SpotInterruption" ||
			num(task, "containers", 0, "exitCode") != 143 {
			t.Errorf("third task = %v, want a Spot interruption", task)
		}
		task := ended("migrate")
		if num(task, "containers", 0, "exitCode") != 137 ||
			!strings.HasPrefix(str(task, "containers", 0, "reason"), "OutOfMemoryError") {
			t.Errorf("fourth task = %v, want it out of memory", task)
		}
		if ran := num(task, "executionStoppedAt") - num(task, "startedAt"); ran < 0.9 || ran > 5.1 {
			t.Errorf("the container ran %.1fs after the task was RUNNING, want 5s at most, although it is reported late", ran)
		}
		if late := num(task, "stoppingAt") - num(task, "executionStoppedAt"); late < 9.9 || late > 10.1 {
			t.Errorf("the end was reported after %.1fs, want 10s", late)
		}
		if got, want := s.lines("g", "p/app/"+taskID(str(task, "taskArn"))), []string{"first", "second"}; !slices.Equal(got,
			want) {
			t.Errorf("lines = %q, want %q", got, want)
		}
		if task := ended("web"); num(task, "containers", 0, "exitCode") != 0 {
			t.Errorf("a task that no rule fits = %v, want it to run", task)
		}
	})
}

// TestSeed holds that chances and ids are the same in every run.
func TestSeed(t *testing.T) {
	run := func() string {
		var seen strings.Builder
		synctest.Test(t, func(t *testing.T) {
			s := scripted(t, ecslocal.Rule{Chance: 0.5, NoRoom: "AGENT"})
			for range 20 {
				arn, reason := s.runFamily("migrate")
				fmt.Fprintln(&seen, arn, reason)
			}
		})
		return seen.String()
	}
	first := run()
	if second := run(); first != second {
		t.Errorf("two runs of the same seed differ:\n%s\n%s", first, second)
	}
	if n := strings.Count(first, "AGENT"); n < 5 || n > 15 {
		t.Errorf("%d of 20 tasks have no room at a chance of 0.5", n)
	}
}
