package leftover

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

func TestMayHaveSucceeded(t *testing.T) {
	code := func(n int32) *int32 { return &n }
	revision := &types.TaskDefinition{ContainerDefinitions: []types.ContainerDefinition{
		{Name: aws.String("app")}, {Name: aws.String("proxy"), Essential: aws.Bool(false)}, {Name: aws.String("worker")},
	}}
	for _, tt := range []struct {
		name               string
		rule               verdict.Rule
		app, proxy, worker *int32
		want               bool
	}{
		{name: "all with 0", app: code(0), worker: code(0), want: true},
		{name: "a code", app: code(1), worker: code(0)},
		{name: "the other was stopped after it", app: code(0), worker: code(143), want: true},
		{name: "both were killed", app: code(137), worker: code(143)},
		{name: "none has ended"},
		{name: "one has", app: code(0), want: true},
		{name: "what does not decide", proxy: code(0)},
		{name: "a code that does not decide", app: code(0), proxy: code(3), want: true},
		{name: "a code that decides by the rule", rule: verdict.Rule{All: true}, app: code(0), proxy: code(3)},
		{name: "the one that the rule names", rule: verdict.Rule{Names: []string{"proxy"}}, app: code(1), proxy: code(0),
			want: true},
	} {
		states := types.Task{Containers: []types.Container{
			{Name: aws.String("app"), ExitCode: tt.app}, {Name: aws.String("proxy"), ExitCode: tt.proxy},
			{Name: aws.String("worker"), ExitCode: tt.worker},
		}}
		if got := mayHaveSucceeded(revision, states, tt.rule); got != tt.want {
			t.Errorf("%s: mayHaveSucceeded() = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestTasksKnown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		saved saved
		age   time.Duration
		shown []string
		want  bool
	}{
		{name: "nothing was to be launched", age: 5 * time.Hour, want: true},
		{name: "a new revision", saved: saved{Intent: "x"}, age: time.Minute, want: true},
		{name: "an old one without tasks", saved: saved{Intent: "x"}, age: 5 * time.Hour},
		{name: "an old one", saved: saved{Intent: "x", Tasks: []string{"a", "b"}}, age: 5 * time.Hour,
			shown: []string{"b", "c", "a"}, want: true},
		{name: "an old one, with a task that is forgotten", saved: saved{Intent: "x", Tasks: []string{"a", "b"}},
			age:   5 * time.Hour,
			shown: []string{"b"}},
	} {
		p := &post{saved: tt.saved}
		revision := &types.TaskDefinition{RegisteredAt: aws.Time(time.Now().Add(-tt.age))}
		if got := p.tasksKnown(revision, tt.shown); got != tt.want {
			t.Errorf("%s: tasksKnown() = %v, want %v", tt.name, got, tt.want)
		}
	}
}
