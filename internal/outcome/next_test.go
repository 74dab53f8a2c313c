package outcome_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// state returns a task whose verdict depends on a letter: g is succeeded, f is failed, l is a lost
// host, n is no capacity. Any other letter is a task without a verdict.
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
	// attempt returns an attempt with one task for each letter in verdicts. An ARN of a task
	// consists of the job, the rerun, the wait in seconds, and the letter.
	attempt := func(l outcome.Launch, verdicts string) outcome.Attempt {
		a := outcome.Attempt{Launch: l, Started: start}
		for i := range verdicts {
			a.Tasks = append(a.Tasks, state(fmt.Sprintf("%d%d%d%s", l.Job, l.Rerun, l.Wait/time.Second, verdicts[i:i+1]),
				verdicts[i]))
		}
		return a
	}
	by := at(300)
	for _, tt := range []struct {
		name     string
		retries  int
		now      int
		deadline int // in seconds; 0 means no deadline
		done     []outcome.Attempt
		want     []outcome.Launch
		wait     time.Duration
	}{
		{name: "nothing"},
		{name: "good and failed", retries: 3, done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gf")}},
		{name: "lost, and no retries", done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gl")}},
		{name: "lost", retries: 1, now: 100, done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gl")},
			want: []outcome.Launch{{Count: 1, Lost: []string{"000l"}, Rerun: 1, LaunchBy: at(400)}}},
		{name: "lost again, and too often", retries: 1,
			done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gl"),
				attempt(outcome.Launch{Lost: []string{"000l"}, Rerun: 1, LaunchBy: by}, "l")}},
		{name: "lost again", retries: 2, done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gl"),
			attempt(outcome.Launch{Lost: []string{"000l"}, Rerun: 1, LaunchBy: by}, "l")},
			want: []outcome.Launch{{Count: 1, Lost: []string{"010l"}, Rerun: 2, LaunchBy: at(300)}}},
		{name: "two jobs", retries: 1, done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "l"),
			attempt(outcome.Launch{Job: 1, LaunchBy: by}, "g"), attempt(outcome.Launch{Job: 2, LaunchBy: by}, "ln")},
			want: []outcome.Launch{
				{Count: 1, Lost: []string{"000l"}, Rerun: 1, LaunchBy: by, Wait: 5 * time.Second},
				{Job: 2, Count: 2, Lost: []string{"200l"}, NoRoom: []string{"200n"}, Rerun: 1, LaunchBy: by, Wait: 5 * time.Second},
			}, wait: 5 * time.Second},
		{name: "no room", now: 295, done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gn")},
			want: []outcome.Launch{{Count: 1, NoRoom: []string{"000n"}, LaunchBy: by,
				Wait: 5 * time.Second}}, wait: 5 * time.Second},
		{name: "no room, and too late for it", now: 296,
			done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gn")}},
		{name: "no room, and the time-out before", now: 10, deadline: 14,
			done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "gn")}},
		{name: "no room again", now: 10, done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by}, "n"),
			attempt(outcome.Launch{NoRoom: []string{"000n"}, LaunchBy: by, Wait: 5 * time.Second}, "n")},
			want: []outcome.Launch{{Count: 1, NoRoom: []string{"005n"}, LaunchBy: by,
				Wait: 10 * time.Second}}, wait: 10 * time.Second},
		{name: "the longest wait", now: 10,
			done: []outcome.Attempt{attempt(outcome.Launch{LaunchBy: by, Wait: 50 * time.Second}, "n")},
			want: []outcome.Launch{{Count: 1, NoRoom: []string{"0050n"}, LaunchBy: by, Wait: time.Minute}}, wait: time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var deadline time.Time
			if tt.deadline > 0 {
				deadline = at(tt.deadline)
			}
			got, wait := outcome.Next(plan.EndPolicy{Retries: tt.retries, LaunchTimeout: 300 * time.Second}, at(tt.now),
				deadline, tt.done)
			if fmt.Sprint(got) != fmt.Sprint(tt.want) || wait != tt.wait {
				t.Errorf("Next() = %+v, %s, want %+v, %s", got, wait, tt.want, tt.wait)
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	out := outcome.Outcome{Attempts: []outcome.Attempt{
		{Launch: outcome.Launch{Job: 0}, Tasks: []*task.State{state("a", 'l'), state("b", 'g')}},
		{Launch: outcome.Launch{Job: 1}, Tasks: []*task.State{state("c", 'n')}},
		{Launch: outcome.Launch{Job: 0, Lost: []string{"a"}}, Tasks: []*task.State{state("d", 'g')}},
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
