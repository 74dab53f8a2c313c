package run_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// state is a task with a verdict of one letter: good, failed, lost host, no room; or
// open.
func state(arn string, verdict byte) *task.State {
	s := &task.State{Task: types.Task{TaskArn: aws.String(arn)}}
	switch verdict {
	case 'g':
		s.Verdict = &task.Verdict{Outcome: task.Succeeded}
	case 'f':
		s.Verdict = &task.Verdict{Outcome: task.Failed}
	case 'l':
		s.Verdict = &task.Verdict{HostLost: true}
	case 'n':
		s.Verdict = &task.Verdict{NoRoom: true}
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
	revisions := map[string][]string{"a": arn("a:3", "a:2", "a:1"), "b": arn("b:1")}
	for _, tt := range []struct {
		name   string
		when   string
		keep   int
		failed bool
		own    []string
		want   []string
	}{
		{"never", "never", 0, true, arn("a:3"), nil},
		{"on failure, which it is", "on-failure", 0, true, arn("a:3", "b:1"), arn("a:3", "b:1")},
		{"on failure, which it is not", "on-failure", 0, false, arn("a:3"), nil},
		{"always", "always", 0, false, arn("a:3"), arn("a:3")},
		{"the newest two", "never", 2, false, arn("a:3", "b:1"), arn("a:1")},
		{"more than there are", "never", 9, false, arn("a:3"), nil},
		{"both", "always", 1, false, arn("a:3"), arn("a:3", "a:2", "a:1")},
		{"none registered", "always", 1, false, nil, nil},
		{"two of a family", "never", 1, false, arn("a:2", "a:3"), arn("a:2", "a:1")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run.Superfluous(run.CleanUp{When: tt.when, Keep: tt.keep}, tt.failed, tt.own, revisions); !slices.Equal(got, tt.want) {
				t.Errorf("Superfluous() = %v, want %v", got, tt.want)
			}
		})
	}
}
