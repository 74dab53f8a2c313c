package leftover

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
)

var step = ci.Run{ID: "7", Attempt: "1", Job: "build", Step: "migrate", Repository: "o/r",
	ServerURL: "https://github.com"}

// with returns a copy of step after change.
func with(change func(*ci.Run)) ci.Run {
	other := step
	change(&other)
	return other
}

func TestSelection(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	var tasks []types.Task
	add := func(name, startedBy, tag string, age time.Duration) {
		task := types.Task{TaskArn: aws.String(name), StartedBy: aws.String(startedBy), CreatedAt: aws.Time(now.Add(-age))}
		if tag != "" {
			task.Tags = []types.Tag{{Key: aws.String(ownership.Tag), Value: aws.String(tag)}}
		}
		tasks = append(tasks, task)
	}
	other := with(func(r *ci.Run) { r.Step = "seed" })
	elsewhere := with(func(r *ci.Run) { r.Repository = "o/s" })
	later := with(func(r *ci.Run) { r.ID = "8" })
	add("own", ownership.Text(step, "", false), "", time.Minute)
	add("old", ownership.Text(other, "", false), "", time.Hour)
	add("left", ownership.Text(step, "", true), "", time.Minute)
	add("leg", ownership.Text(step, `{"os":"linux"}`, false), "", time.Minute)
	add("named", "nightly", ownership.Text(step, "", false), time.Minute)
	add("elsewhere", ownership.Text(elsewhere, "", false), "", time.Minute)
	add("later", ownership.Text(later, "", false), "", time.Minute)
	add("by hand", "ecs-run-task", "", time.Hour)
	add("service", "ecs-svc/1", "", time.Hour)
	tasks = append(tasks,
		types.Task{TaskArn: aws.String("of no age"), StartedBy: aws.String(ownership.Text(step, "", false))})

	for _, tt := range []struct {
		name               string
		run                ci.Run
		command            string
		c                  input.Leftover
		stop, spared, legs []string
	}{
		{"stop in a job", step, "stop", input.Leftover{}, []string{"own", "old", "named"}, []string{"left"}, []string{"leg"}},
		{"stop in a leg", step, "stop", input.Leftover{Matrix: `{"os":"linux"}`}, []string{"leg"}, []string{"left"}, nil},
		{"stop of what was left on purpose", step, "stop", input.Leftover{IncludeLeft: true},
			[]string{"own", "old", "left", "named"}, nil, []string{"leg"}},
		{"stop of this run", step, "stop", input.Leftover{Run: "7"}, []string{"own", "old", "leg", "named"}, []string{"left"},
			nil},
		{"stop of a run of any repository", ci.Run{}, "stop", input.Leftover{Run: "7"},
			[]string{"own", "old", "leg", "named", "elsewhere"}, []string{"left"}, nil},
		{"stop of a startedBy", ci.Run{}, "stop", input.Leftover{StartedBy: "nightly"}, []string{"named"}, nil, nil},
		{"an age is of reap alone", step, "stop", input.Leftover{Run: "8", OlderThan: time.Hour}, []string{"later"}, nil,
			nil},
		{"reap", ci.Run{}, "reap", input.Leftover{OlderThan: 30 * time.Minute}, []string{"old", "by hand"}, nil, nil},
		{"reap of a run", ci.Run{}, "reap", input.Leftover{Run: "7", OlderThan: 30 * time.Minute}, []string{"old"}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := selectionOf(tt.run, tt.command, tt.c)
			if err != nil {
				t.Fatal(err)
			}
			got := s.of(tasks, now)
			for _, part := range []struct {
				name string
				got  []types.Task
				want []string
			}{{"stop", got.stop, tt.stop}, {"spared", got.spared, tt.spared}, {"legs", got.legs, tt.legs}} {
				if arns := cluster.ARNs(part.got); !slices.Equal(arns, part.want) {
					t.Errorf("%s = %q, want %q", part.name, arns, part.want)
				}
			}
		})
	}
	if _, err := selectionOf(ci.Run{}, "stop", input.Leftover{}); err == nil {
		t.Error("stop outside of a CI chose tasks, want an error")
	}
}
