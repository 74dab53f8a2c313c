package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
)

func TestLedger(t *testing.T) {
	var l ledger.Ledger
	var saved [][]string
	l.OnTasks(func(arns []string) { saved = append(saved, arns) })
	var revisions [][]string
	l.OnRevisions(func(arns []string) { revisions = append(revisions, arns) })
	l.Registered("r1")
	l.Registered("r2")
	l.Started("t1", "t2")
	l.Adopted("t3")
	l.Ended("t1")
	l.Deregistered("r2")
	if got := l.NotStopping([]string{"t2", "t3"}); len(got) != 2 {
		t.Errorf("NotStopping() = %v, want both", got)
	}
	l.Stopping("t2", "unknown")
	l.Ended("t2")
	if got, want := l.Running(), []string{"t3"}; !slices.Equal(got, want) {
		t.Errorf("Running() = %v, want %v", got, want)
	}
	if !l.IsStopping("t2") || l.IsStopping("t3") {
		t.Errorf("IsStopping() = %v and %v, want of t2 alone, also when it has ended", l.IsStopping("t2"), l.IsStopping("t3"))
	}
	if want := [][]string{{"t1", "t2"}, {"t1", "t2", "t3"}}; fmt.Sprint(saved) != fmt.Sprint(want) {
		t.Errorf("saved %v, want %v", saved, want)
	}
	if want := [][]string{{"r1"}, {"r1", "r2"}, {"r1"}}; fmt.Sprint(revisions) != fmt.Sprint(want) {
		t.Errorf("saved the revisions %v, want %v", revisions, want)
	}
	var out strings.Builder
	launch := ledger.UnansweredLaunch{
		Definition: "job:1", Count: 2, Region: "eu-central-1", Cluster: "main",
		StartedBy: "ecs-run-task/7", ClientToken: "A", Since: time.Unix(1000, 0),
	}
	l.Launching(launch)
	launch.ClientToken = "B"
	l.Launching(launch)
	l.Answered("A")
	if _, ok := l.Unanswered("A"); ok {
		t.Error("Unanswered() has the launch that was answered")
	}
	if got, ok := l.Unanswered("B"); !ok || got != launch {
		t.Errorf("Unanswered() = %v, %v, want %v", got, ok, launch)
	}
	l.Report(&out, "over")
	const want = "over\nthis step registered r1\nthis task may still run: t3\n" +
		"2 tasks of job:1 may have started: ECS has not answered RunTask since 00:16:40 UTC (client token B); to look:\n" +
		"  aws ecs list-tasks --region eu-central-1 --cluster main --started-by ecs-run-task/7\n"
	if out.String() != want {
		t.Errorf("Report() = %q, want %q", out.String(), want)
	}
	if got := l.Running(); len(got) != 1 {
		t.Errorf("Running() = %v, want no launches in it", got)
	}
}

// TestOurs checks that a followed task never becomes a task of the run, even after it has ended.
func TestOurs(t *testing.T) {
	var l ledger.Ledger
	saves := 0
	l.OnTasks(func([]string) { saves++ })
	l.Followed("theirs")
	l.Started("ours")
	l.Ended("theirs")
	if got := l.Ours([]string{"theirs", "ours", "unknown"}); !slices.Equal(got, []string{"ours", "unknown"}) {
		t.Errorf("Ours() = %v, want all but theirs", got)
	}
	if !l.Has("theirs") || l.Has("unknown") || saves != 1 {
		t.Errorf("Has() = %v and %v with %d saves, want true and false with the one of ours", l.Has("theirs"),
			l.Has("unknown"), saves)
	}
}

// TestReportPlace checks that the command which stops a task has the region and the cluster of the
// task's ARN. There is no command if the ARN does not have them.
func TestReportPlace(t *testing.T) {
	var l ledger.Ledger
	l.Started("arn:aws:ecs:eu-west-1:123456789012:task/blue/1f2e", "arn:aws:ecs:eu-west-1:123456789012:task/1f2e",
		"no ARN")
	var text strings.Builder
	l.Report(&text, "over")
	if got := strings.Count(text.String(), "aws ecs stop-task"); got != 1 || !strings.Contains(text.String(),
		"--region eu-west-1 --cluster blue ") {
		t.Errorf("Report() = %s, want a command for the first task alone", text.String())
	}
}
