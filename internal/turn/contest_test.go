package turn_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/turn"
)

func TestContest(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	created := func(arn, status string, after time.Duration) types.Task {
		return types.Task{TaskArn: &arn, LastStatus: &status, CreatedAt: aws.Time(at.Add(after))}
	}
	for _, tt := range []struct {
		name        string
		own, others []types.Task
		ahead       string // task IDs, comma-separated
		begun       bool
	}{
		{"the own is earlier", []types.Task{created("b", "PENDING", 0)},
			[]types.Task{created("a", "PENDING", time.Millisecond)}, "", false},
		{"the own is later", []types.Task{created("a", "PROVISIONING", 1)}, []types.Task{created("b", "PENDING", 0)}, "b",
			false},
		{"the same moment, the lower ARN", []types.Task{created("a", "PENDING", 0)},
			[]types.Task{created("b", "PENDING", 0)}, "", false},
		{"the same moment, the higher ARN", []types.Task{created("b", "PENDING", 0)},
			[]types.Task{created("a", "PENDING", 0)}, "a", false},
		{"several own, of which the first counts", []types.Task{created("d", "PENDING", 3), created("c", "PENDING", 1)},
			[]types.Task{created("b", "RUNNING", 2), created("a", "RUNNING", 0)}, "a", false},
		{"several others", []types.Task{created("c", "PENDING", 5)},
			[]types.Task{created("b", "PENDING", 2), created("a", "PENDING", 1)}, "a,b", false},
		{"the own has begun", []types.Task{created("b", "PENDING", 1), created("c", "ACTIVATING", 1)},
			[]types.Task{created("a", "PENDING", 0)}, "a", true},
		{"the own runs", []types.Task{created("b", "RUNNING", 1)}, []types.Task{created("a", "PENDING", 0)}, "a", true},
	} {
		got := turn.Contest(tt.own, tt.others)
		var ahead []string
		for _, task := range got.Ahead {
			ahead = append(ahead, *task.TaskArn)
		}
		if strings.Join(ahead, ",") != tt.ahead || got.Begun != tt.begun {
			t.Errorf("%s: Contest() = %v ahead, begun %v, want %s, %v", tt.name, ahead, got.Begun, tt.ahead, tt.begun)
		}
	}
}

func TestRanBeside(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ran := func(created, began, end int) types.Task { // in seconds; 0: not shown
		task := types.Task{CreatedAt: aws.Time(at.Add(time.Duration(created) * time.Second)),
			LastStatus: aws.String("PENDING")}
		if began > 0 {
			task.StartedAt, task.LastStatus = aws.Time(at.Add(time.Duration(began)*time.Second)), aws.String("RUNNING")
		}
		if end > 0 {
			task.ExecutionStoppedAt, task.LastStatus = aws.Time(at.Add(time.Duration(end)*time.Second)), aws.String("STOPPED")
		}
		return task
	}
	for _, tt := range []struct {
		name       string
		own, ended types.Task
		want       bool
	}{
		{"the other ended before", ran(20, 30, 0), ran(1, 5, 10), false},
		{"the other ended before it began", ran(5, 30, 0), ran(1, 5, 10), false},
		{"the other ended as it began", ran(5, 10, 0), ran(1, 5, 10), true},
		{"the other ended as it was created", ran(10, 11, 0), ran(1, 5, 10), false},
		{"both at once", ran(2, 6, 0), ran(1, 5, 10), true},
		{"both at once, and both have ended", ran(2, 6, 8), ran(1, 5, 10), true},
		{"it ended before the other began", ran(2, 6, 8), ran(3, 10, 12), false},
		{"it has not begun", ran(2, 0, 0), ran(1, 5, 10), false},
		{"the other never began", ran(2, 6, 0), ran(1, 0, 10), false},
	} {
		if got := turn.RanBeside(tt.own, tt.ended); got != tt.want {
			t.Errorf("%s: RanBeside() = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestOthers(t *testing.T) {
	task := func(arn, group string) types.Task { return types.Task{TaskArn: &arn, Group: &group} }
	got := turn.Others([]types.Task{task("d", "family:a"), task("a", "service:web"), task("b", "family:a"),
		task("c", "")}, []string{"b"})
	var arns []string
	for _, task := range got {
		arns = append(arns, *task.TaskArn)
	}
	if want := []string{"c", "d"}; !slices.Equal(arns, want) {
		t.Errorf("Others() = %v, want %v", arns, want)
	}
}

func TestBegan(t *testing.T) {
	code := int32(0)
	for _, tt := range []struct {
		name string
		task types.Task
		want bool
	}{
		{"pending", types.Task{LastStatus: aws.String("PENDING"), Containers: []types.Container{{}}}, false},
		{"started", types.Task{StartedAt: aws.Time(time.Unix(1, 0))}, true},
		{"a container has ended with a code", types.Task{Containers: []types.Container{{}, {ExitCode: &code}}}, true},
	} {
		if got := turn.Began(tt.task); got != tt.want {
			t.Errorf("Began() of a task that is %s = %v, want %v", tt.name, got, tt.want)
		}
	}
}
