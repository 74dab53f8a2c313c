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

// ErrNotRead says that a log was not read to its end.
var ErrNotRead = errors.New("its log was not read to its end")

// Outputs returns the outputs in the log of a task's container. The error wraps
// [ErrNotRead] unless all of the log was read.
func (l *Logs) Outputs(taskARN string) (outputs.Values, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, log := range l.all {
		if log.task != taskARN || log.outputs == nil {
			continue
		}
		switch {
		case errors.Is(log.err, tail.ErrNoStream):
			return nil, fmt.Errorf("%w, as CloudWatch Logs has no log of it", outputs.ErrNoBlock)
		case log.err != nil && !errors.Is(log.err, context.Canceled):
			return nil, fmt.Errorf("%w: %w", ErrNotRead, log.err)
		case log.err != nil || !log.over:
			return nil, ErrNotRead
		}
		return log.outputs.Values()
	}
	return nil, ErrNotRead
}

// setOver takes in that a log is not read any more, and why it was not read to its end.
func (l *Logs) setOver(log *containerLog, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log.over, log.err = true, err
	if log.closed != nil {
		close(log.closed)
	}
}

// writers are closed when the logs with outputs are over that containers write themselves:
// those that are not over.
func (l *Logs) writers() []<-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	var open []<-chan struct{}
	for _, log := range l.all {
		if log.closed != nil && !log.over {
			open = append(open, log.closed)
		}
	}
	return open
}

// waitForWriters waits for the end of those logs, until ctx ends.
func (l *Logs) waitForWriters(ctx context.Context) {
	for _, closed := range l.writers() {
		select {
		case <-closed:
		case <-ctx.Done():
			return
		}
	}
}

// awaited is the end of a log's container, for its reader: where outputs are missing, the
// log is waited for as long as that of a container that failed, wherever it ran.
func (f *follow) awaited() tail.End {
	end := f.end
	if f.log.outputs != nil && !f.log.outputs.Complete() {
		end.Failed, end.Gone = true, time.Time{}
	}
	return end
}

// markersOf returns the markers that a task shows of a container; the zero value if it
// shows none. A task that was started by another run has those of that run.
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
