package turn_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/turn"
)

func startedBy(name, tag string) types.Task {
	t := types.Task{StartedBy: &name}
	if tag != "" {
		t.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("db")},
			{Key: aws.String(ownership.Tag), Value: &tag}}
	}
	return t
}

func TestNotAdopted(t *testing.T) {
	first, second := ci.Run{ID: "7", Attempt: "1", Job: "deploy"}, ci.Run{ID: "7", Attempt: "2", Job: "deploy"}
	own := ownership.Text(first, "", false)
	for _, tt := range []struct {
		name string
		run  ci.Run
		task types.Task
		want string // part of the reason; empty if the step adopts the task
	}{
		{"an earlier attempt", second, startedBy(own, ""), ""},
		{"an earlier attempt, left on purpose", second, startedBy(own+"/left", ""), ""},
		{"an earlier attempt by its tag", second, startedBy("nightly", own), ""},
		{"a constant name", second, startedBy("nightly", ""), "started by nightly, and has no tag ecs-run-task:owner"},
		{"a constant name, and the tag of another run", second,
			startedBy("nightly", ownership.Text(ci.Run{ID: "8", Job: "deploy"}, "", false)), "another step or run"},
		{"another job", ci.Run{ID: "7", Attempt: "2", Job: "test"}, startedBy(own, ""), "another step or run"},
		{"a person", second, types.Task{}, "does not say who started it"},
		{"outside of a CI", ci.Run{}, startedBy("ecs-run-task", ""), "outside of a CI"},
	} {
		owner := ownership.Owner{}
		if tt.run.ID != "" {
			owner = ownership.Of(tt.run, "")
		}
		got := turn.NotAdopted(owner, tt.task)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: NotAdopted() = %q, want %q in it", tt.name, got, tt.want)
		}
	}
}

func TestEarlier(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	created := func(arn string, after time.Duration) types.Task {
		return types.Task{TaskArn: &arn, CreatedAt: aws.Time(at.Add(after))}
	}
	tasks := []types.Task{created("c", time.Second), created("b", 0), created("a", 0), created("d", -time.Second)}
	slices.SortFunc(tasks, turn.Earlier)
	var got []string
	for _, task := range tasks {
		got = append(got, *task.TaskArn)
	}
	if want := []string{"d", "a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("in the order of Earlier: %v, want %v", got, want)
	}
}

func TestOfService(t *testing.T) {
	for _, tt := range []struct {
		group, startedBy string
		want             bool
	}{
		{"service:web", "ecs-svc/1234", true},
		{"service:web", "", true},
		{"", "ecs-svc/1234", true},
		{"family:web", "nightly", false},
		{"", "", false},
	} {
		if got := turn.OfService(types.Task{Group: &tt.group, StartedBy: &tt.startedBy}); got != tt.want {
			t.Errorf("OfService(group %q, started by %q) = %v, want %v", tt.group, tt.startedBy, got, tt.want)
		}
	}
}
