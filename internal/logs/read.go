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
	URL                string   // in the AWS console; empty if it has none
	Last               []string // the last lines, oldest first; nil if they were not read
}

// Wait waits until every log was read to its end, but not longer than limit. If ctx ends,
// it waits at most one more second.
func (l *Logs) Wait(ctx context.Context, limit time.Duration) {
	late, cancel := context.WithCancel(l.ctx)
	defer cancel()
	timer := time.AfterFunc(max(limit, 0), cancel)
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { timer.Reset(min(max(limit, 0), time.Second)) })
	defer stop()
	// Reading a log could not end while its lines wait for the console.
	release := context.AfterFunc(late, func() { l.emit(event.LogsOver{}) })
	defer release()
	l.group.Wait(late)
	l.waitForWriters(late)
}

// waitForWriters waits for the end of the logs from [Logs.Output], or of ctx.
func (l *Logs) waitForWriters(ctx context.Context) {
	for _, closed := range l.writers() {
		select {
		case <-closed:
		case <-ctx.Done():
			return
		}
	}
}

// CutOff reads the available lines and then stops reading.
func (l *Logs) CutOff() { l.group.CutOff() }

// Reading reports whether a log is still being read.
func (l *Logs) Reading() bool { return l.group.Reading() > 0 || len(l.writers()) > 0 }

// writers returns a channel for each open log from [Logs.Output] with outputs. The channel
// is closed at the end of the log.
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

// All returns what was read of each log, in the order in which the logs were found.
func (l *Logs) All() []Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Log
	for _, log := range l.all {
		all = append(all, Log{log.task, log.container, log.url, log.last.all()})
	}
	return all
}

// Positions returns how far each log was read.
func (l *Logs) Positions() []Position {
	var all []Position
	for _, at := range l.group.Positions() {
		all = append(all, Position{l.of(at.Source).name, at})
	}
	return all
}

// Position is how far a log was read.
type Position struct {
	Name string // the label of its lines
	tail.Position
}

// Last returns the last lines of a container's log, or nil if there are none.
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
// [ErrNotRead] if the log was not read to its end.
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
