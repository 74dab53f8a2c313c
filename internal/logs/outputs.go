package logs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// ErrNotRead means that a log was not read to its end.
var ErrNotRead = errors.New("its log was not read to its end")

// capture reads the outputs of one log. The zero value is for a log without outputs.
type capture struct {
	reader *outputs.Reader // nil if the log has none
	closed chan struct{}   // closed at the end of a log from [Logs.Output]; nil for other logs
	over   bool            // the log is no longer read
	err    error           // why it was not read to its end, or nil
}

func (c *capture) add(lines []string) {
	if c.reader == nil {
		return
	}
	for _, line := range lines {
		c.reader.Add(line)
	}
}

// end records that the log is no longer read; err is why it was not read to its end, or
// nil.
func (c *capture) end(err error) {
	c.over, c.err = true, err
	if c.closed != nil {
		close(c.closed)
	}
}

// awaited returns the end of the log's container for the reader of the log. If outputs are
// missing, the reader waits as long as for the log of a failed container, on any launch
// type.
func (c *capture) awaited(end tail.End) tail.End {
	if c.reader != nil && !c.reader.Complete() {
		end.Failed, end.Gone = true, time.Time{}
	}
	return end
}

// values returns the outputs.
func (c *capture) values() (outputs.Values, error) {
	switch {
	case c.reader == nil:
		return nil, ErrNotRead
	case errors.Is(c.err, tail.ErrNoStream):
		return nil, fmt.Errorf("%w, because CloudWatch Logs has no log of the container", outputs.ErrNoBlock)
	case c.err != nil && !errors.Is(c.err, context.Canceled):
		return nil, fmt.Errorf("%w: %w", ErrNotRead, c.err)
	case c.err != nil || !c.over:
		return nil, ErrNotRead
	}
	return c.reader.Values()
}

// markersOf returns the markers in a task's overrides for a container, or the zero value. A
// task of another run has the markers of that run.
func markersOf(state *task.State, container string) outputs.Markers {
	if state.Overrides == nil {
		return outputs.Markers{}
	}
	for _, override := range state.Overrides.ContainerOverrides {
		if aws.ToString(override.Name) != container {
			continue
		}
		m, ok := outputs.MarkersIn(func(name string) string {
			for _, variable := range override.Environment {
				if aws.ToString(variable.Name) == name {
					return aws.ToString(variable.Value)
				}
			}
			return ""
		})
		if ok {
			return m
		}
	}
	return outputs.Markers{}
}
