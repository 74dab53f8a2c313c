package logs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwltypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// stream is a CloudWatch Logs API with one stream, whose lines appear at given times. Its
// tokens are the number of previous lines. A nil stream must not be read.
type stream struct {
	start time.Time
	lines []string
	at    []time.Duration // of each line
}

func (s *stream) GetLogEvents(_ context.Context, in *cloudwatchlogs.GetLogEventsInput,
	_ ...func(*cloudwatchlogs.Options)) (
	*cloudwatchlogs.GetLogEventsOutput, error,
) {
	if s == nil {
		return nil, &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "GetLogEvents",
			Err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}}
	}
	from := 0
	fmt.Sscan(aws.ToString(in.NextToken), &from)
	out := &cloudwatchlogs.GetLogEventsOutput{}
	for from < len(s.lines) && time.Since(s.start) >= s.at[from] {
		out.Events = append(out.Events, cwltypes.OutputLogEvent{Message: &s.lines[from]})
		from++
	}
	out.NextForwardToken = aws.String(fmt.Sprint(from))
	return out, nil
}

// The reader waits for outputs as long as for the last lines of a failed container. Without
// the end of the log there are no outputs.
func TestOutputsLate(t *testing.T) {
	own := outputs.NewMarkers()
	for _, tt := range []struct {
		name  string
		lines []string
		at    []time.Duration // after the end of the container
		want  outputs.Values
		err   error
		took  time.Duration
	}{
		{"there at the end", []string{own.Begin, "a=1", own.End}, []time.Duration{0, 0, 0}, outputs.Values{"a": "1"}, nil,
			5 * time.Second},
		{"late", []string{own.Begin, "a=1", own.End}, []time.Duration{0, 8, 9}, outputs.Values{"a": "1"}, nil,
			10 * time.Second},
		{"all late", []string{own.Begin, "a=1", own.End}, []time.Duration{9, 9, 9}, outputs.Values{"a": "1"}, nil,
			10 * time.Second},
		{"lines after it", []string{own.Begin, "a=1", own.End, "x"}, []time.Duration{0, 0, 0, 9}, outputs.Values{"a": "1"},
			nil, 5 * time.Second},
		{"too late", []string{own.Begin, "a=1", own.End}, []time.Duration{0, 0, 60}, nil, outputs.ErrNoEnd, 13 * time.Second},
		{"nothing", []string{"x"}, []time.Duration{0}, nil, outputs.ErrNoBlock, 13 * time.Second},
		{"not to be read", nil, nil, nil, ErrNotRead, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var api *stream
				if tt.lines != nil {
					api = &stream{start: time.Now(), lines: tt.lines}
					for _, at := range tt.at {
						api.at = append(api.at, at*time.Second)
					}
				}
				l := New(t.Context(), &session.Clients{}, Options{
					Shown: true, Rule: tail.Default, Outputs: "app", Markers: outputs.NewMarkers(),
					URL: func(_, _, stream string) string { return stream },
				}, func(event.Event) {})
				l.group.Client, l.group.Local = func(string) tail.API { return api }, nil
				state, ended := taskWith(own), time.Now()
				begin(l, state)
				l.Wait(t.Context(), time.Minute)
				got, err := l.Outputs("arn:task/1")
				if !maps.Equal(got, tt.want) || !errors.Is(err, tt.err) || (tt.err != nil) != (got == nil) {
					t.Errorf("Outputs() = %q, %v, want %q, %v", got, err, tt.want, tt.err)
				}
				if took := time.Since(ended); took < tt.took-time.Second || took > tt.took+time.Second {
					t.Errorf("read for %v after the end of the container, want %v", took, tt.took)
				}
				if _, err := l.Outputs("arn:task/2"); !errors.Is(err, ErrNotRead) {
					t.Errorf("Outputs() of another task: %v, want %v", err, ErrNotRead)
				}
			})
		})
	}
}

// taskWith returns an ended task whose container app was started with the markers.
func taskWith(m outputs.Markers) *task.State {
	log := &types.LogConfiguration{LogDriver: types.LogDriverAwslogs,
		Options: map[string]string{"awslogs-group": "g", "awslogs-stream-prefix": "p"}}
	variables := []types.KeyValuePair{
		{Name: aws.String(outputs.EndVariable), Value: &m.End}, {Name: aws.String(outputs.BeginVariable), Value: &m.Begin},
	}
	return &task.State{
		Definition: &types.TaskDefinition{ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"),
			LogConfiguration: log}}},
		Task: types.Task{TaskArn: aws.String("arn:task/1"),
			Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{
				{Name: aws.String("proxy")}, {Name: aws.String("app"), Environment: variables},
			}}},
	}
}

// begin starts to read the log of a task whose container ends now.
func begin(l *Logs, state *task.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.find(state, state.Definition.ContainerDefinitions[0], types.Container{}, "")
	f.begun = true
	l.group.Follow(l.ctx, f.source, "")
	l.endAt(f, tail.End{At: time.Now()})
}
