package logs

import (
	"context"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// Log is what was read of one container's log.
type Log struct {
	TaskARN, Container string
	URL                string   // in the AWS console; empty if it is not there
	Last               []string // the last lines, oldest first, where they were read
}

// Wait returns when every log has been read to its end, at the latest after
// limit, and soon after ctx ends.
func (l *Logs) Wait(ctx context.Context, limit time.Duration) {
	late, cancel := context.WithCancel(l.ctx)
	defer cancel()
	timer := time.AfterFunc(max(limit, 0), cancel)
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { timer.Reset(min(max(limit, 0), time.Second)) })
	defer stop()
	// A follower that waits for the console could not end.
	release := context.AfterFunc(late, func() { l.emit(event.LogsOver{}) })
	defer release()
	l.group.Wait(late)
	l.waitForWriters(late)
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

// CutOff has what there is read before the reading is cut off.
func (l *Logs) CutOff() { l.group.CutOff() }

// Reading reports whether a log is still being read.
func (l *Logs) Reading() bool { return l.group.Reading() > 0 || len(l.writers()) > 0 }

// writers are closed when the logs with outputs are over that containers write themselves:
// those that are not over.
func (l *Logs) writers() []<-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	var open []<-chan struct{}
	for _, log := range l.all {
		if log.outputs.closed != nil && !log.outputs.over {
			open = append(open, log.outputs.closed)
		}
	}
	return open
}

// All returns what was read of each log, in the order of their beginning.
func (l *Logs) All() []Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Log
	for _, log := range l.all {
		all = append(all, Log{log.task, log.container, log.url, log.last.all()})
	}
	return all
}

// Positions returns how far each log was read, with the name that its lines are shown
// by.
func (l *Logs) Positions() []Position {
	var all []Position
	for _, at := range l.group.Positions() {
		all = append(all, Position{l.of(at.Source).name, at})
	}
	return all
}

// Position is how far a log was read.
type Position struct {
	Name string // that its lines are shown by
	tail.Position
}

// Last returns the last lines of a container's log.
func (l *Logs) Last(task, container string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, log := range l.all {
		if log.task == task && log.container == container {
			return log.last.all()
		}
	}
	return nil
}

// Outputs returns the outputs in the log of a task's container. The error wraps
// [ErrNotRead] unless all of the log was read.
func (l *Logs) Outputs(taskARN string) (outputs.Values, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, log := range l.all {
		if log.task == taskARN && log.outputs.reader != nil {
			return log.outputs.values()
		}
	}
	return nil, ErrNotRead
}
