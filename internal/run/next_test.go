package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// state is a task with a verdict of one letter: good, failed, lost host, no room; or
// open.
func state(arn string, letter byte) *task.State {
	s := &task.State{Task: types.Task{TaskArn: aws.String(arn)}}
	switch letter {
	case 'g':
		s.Verdict = &verdict.Verdict{Outcome: verdict.Succeeded}
	case 'f':
		s.Verdict = &verdict.Verdict{Outcome: verdict.Failed}
	case 'l':
		s.Verdict = &verdict.Verdict{HostLost: true}
	case 'n':
		s.Verdict = &verdict.Verdict{NoRoom: true}
	}
	return s
}

func TestNext(t *testing.T) {
	start := time.Unix(0, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	// attempt is an attempt of a job with tasks that are named by their verdicts.
	attempt := func(l run.Launch, verdicts string) run.Attempt {
		a := run.Attempt{Launch: l, Started: start}
		for i := range verdicts {
			a.Tasks = append(a.Tasks, state(fmt.Sprintf("%d%d%d%s", l.Job, l.Rerun, l.Wait/time.Second, verdicts[i:i+1]), verdicts[i]))
		}
		return a
	}
	by := at(300)
	for _, tt := range []struct {
		name     string
		retries  int
		now      int
		deadline int // 0 is none
		done     []run.Attempt
		want     []run.Launch
		wait     time.Duration
	}{
		{name: "nothing"},
		{name: "good and failed", retries: 3, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gf")}},
		{name: "lost, and no retries", done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gl")}},
		{name: "lost", retries: 1, now: 100, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gl")},
			want: []run.Launch{{Count: 1, Lost: []string{"000l"}, Rerun: 1, LaunchBy: at(400)}}},
		{name: "lost again, and too often", retries: 1, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gl"), attempt(run.Launch{Lost: []string{"000l"}, Rerun: 1, LaunchBy: by}, "l")}},
		{name: "lost again", retries: 2, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gl"), attempt(run.Launch{Lost: []string{"000l"}, Rerun: 1, LaunchBy: by}, "l")},
			want: []run.Launch{{Count: 1, Lost: []string{"010l"}, Rerun: 2, LaunchBy: at(300)}}},
		{name: "two jobs", retries: 1, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "l"), attempt(run.Launch{Job: 1, LaunchBy: by}, "g"), attempt(run.Launch{Job: 2, LaunchBy: by}, "ln")},
			want: []run.Launch{
				{Count: 1, Lost: []string{"000l"}, Rerun: 1, LaunchBy: by, Wait: 5 * time.Second},
				{Job: 2, Count: 2, Lost: []string{"200l"}, NoRoom: []string{"200n"}, Rerun: 1, LaunchBy: by, Wait: 5 * time.Second},
			}, wait: 5 * time.Second},
		{name: "no room", now: 295, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gn")},
			want: []run.Launch{{Count: 1, NoRoom: []string{"000n"}, LaunchBy: by, Wait: 5 * time.Second}}, wait: 5 * time.Second},
		{name: "no room, and too late for it", now: 296, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gn")}},
		{name: "no room, and the time-out before", now: 10, deadline: 14, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "gn")}},
		{name: "no room again", now: 10, done: []run.Attempt{attempt(run.Launch{LaunchBy: by}, "n"), attempt(run.Launch{NoRoom: []string{"000n"}, LaunchBy: by, Wait: 5 * time.Second}, "n")},
			want: []run.Launch{{Count: 1, NoRoom: []string{"005n"}, LaunchBy: by, Wait: 10 * time.Second}}, wait: 10 * time.Second},
		{name: "the longest wait", now: 10, done: []run.Attempt{attempt(run.Launch{LaunchBy: by, Wait: 50 * time.Second}, "n")},
			want: []run.Launch{{Count: 1, NoRoom: []string{"0050n"}, LaunchBy: by, Wait: time.Minute}}, wait: time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var deadline time.Time
			if tt.deadline > 0 {
				deadline = at(tt.deadline)
			}
			got, wait := run.Next(plan.EndPolicy{Retries: tt.retries, LaunchTimeout: 300 * time.Second}, at(tt.now), deadline, tt.done)
			if fmt.Sprint(got) != fmt.Sprint(tt.want) || wait != tt.wait {
				t.Errorf("Next() = %+v, %s, want %+v, %s", got, wait, tt.want, tt.wait)
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	out := run.Outcome{Attempts: []run.Attempt{
		{Launch: run.Launch{Job: 0}, Tasks: []*task.State{state("a", 'l'), state("b", 'g')}},
		{Launch: run.Launch{Job: 1}, Tasks: []*task.State{state("c", 'n')}},
		{Launch: run.Launch{Job: 0, Lost: []string{"a"}}, Tasks: []*task.State{state("d", 'g')}},
	}}
	names := func(states []*task.State) (all string) {
		for _, s := range states {
			all += *s.TaskArn
		}
		return all
	}
	for job, want := range []string{"bd a", "c "} {
		if got := names(out.Deciding(job)) + " " + names(out.Replaced(job)); got != want {
			t.Errorf("job %d has the deciding and replaced tasks %q, want %q", job, got, want)
		}
	}
}

func TestSuperfluous(t *testing.T) {
	arn := func(names ...string) []string {
		var all []string
		for _, name := range names {
			all = append(all, "arn:aws:ecs:eu-central-1:123456789012:task-definition/"+name)
		}
		return all
	}
	revisions := map[string][]string{"a": arn("a:3", "a:2", "a:1"), "b": arn("b:1"), "m": arn("m:2", "m:1"), "n": arn("n:12", "n:11", "n:10", "n:9")}
	for _, tt := range []struct {
		name       string
		when       string
		keep       int
		failed     bool
		own, good  []string // of the run; those that succeeded
		want, kept []string // that go; that are named as good
		unknown    string
	}{
		{name: "never", when: "never", failed: true, own: arn("a:3")},
		{name: "on failure, which it is", when: "on-failure", failed: true, own: arn("a:3", "b:1"), want: arn("a:3", "b:1")},
		{name: "on failure, of which one succeeded", when: "on-failure", failed: true, own: arn("a:3", "b:1"), good: arn("b:1"), want: arn("a:3"), kept: arn("b:1")},
		{name: "on failure, which it is not", when: "on-failure", own: arn("a:3"), good: arn("a:3")},
		{name: "always, and it failed", when: "always", failed: true, own: arn("a:3"), want: arn("a:3")},
		{name: "always, and it succeeded", when: "always", own: arn("a:3"), good: arn("a:3"), kept: arn("a:3")},
		{name: "always, two of a family", when: "always", own: arn("a:2", "a:3"), good: arn("a:2", "a:3"), want: arn("a:2"), kept: arn("a:3")},
		{name: "always, the newer of two failed", when: "always", failed: true, own: arn("a:2", "a:3"), good: arn("a:2"), want: arn("a:3"), kept: arn("a:2")},
		{name: "the newest two", when: "never", keep: 2, own: arn("a:3", "b:1"), good: arn("a:3", "b:1"), want: arn("a:1")},
		{name: "more than there are", when: "never", keep: 9, own: arn("a:3"), good: arn("a:3")},
		{name: "both", when: "always", keep: 1, own: arn("a:3"), good: arn("a:3"), want: arn("a:2", "a:1"), kept: arn("a:3")},
		{name: "none registered", when: "always", keep: 1},
		{name: "two of a family, the newest one", when: "never", keep: 1, own: arn("a:2", "a:3"), good: arn("a:2", "a:3"), want: arn("a:2", "a:1")},
		{name: "the first succeeded, the second failed", when: "on-failure", keep: 1, failed: true, own: arn("m:2"), want: arn("m:2")},
		{name: "a failure that stays takes nothing", when: "never", keep: 1, failed: true, own: arn("m:2"), unknown: "m"},
		{name: "not waited for", when: "never", keep: 1, own: arn("a:3"), unknown: "a"},
		{name: "newer ones of other runs", when: "never", keep: 1, own: arn("n:10"), good: arn("n:10"), want: arn("n:9")},
		{name: "numbers, not letters", when: "always", own: arn("n:9", "n:10"), good: arn("n:9", "n:10"), want: arn("n:9"), kept: arn("n:10")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := run.Superfluous(run.CleanUp{When: tt.when, Keep: tt.keep}, tt.failed, tt.own, tt.good, revisions)
			if !slices.Equal(got.Deregister, tt.want) || !slices.Equal(got.Good, tt.kept) || strings.Join(got.Unknown, " ") != tt.unknown {
				t.Errorf("Superfluous() = %+v, want that %v go, %v are good, and %q is not known", got, tt.want, tt.kept, tt.unknown)
			}
		})
	}
}
