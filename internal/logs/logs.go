// Package logs follows the logs of a run's containers: it finds their streams, begins to
// read them when the containers run, names their lines, and holds the last ones for the
// diagnosis and the report. A verdict never waits for a log, and never fails by one.
package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Options say how logs are read and shown.
type Options struct {
	Shown     bool      // the lines are wanted, not only the addresses
	MultiTask bool      // there may be several tasks, whose lines are labelled
	Rule      tail.Rule // for the end of a log

	// Outputs is the container whose log has outputs, empty if there is none, with the
	// markers of tasks that do not show their own.
	Outputs string
	Markers outputs.Markers

	// URL returns the address of a stream in the AWS console.
	URL func(region, group, stream string) string
}

// Logs are the logs of a run's containers.
type Logs struct {
	options Options
	emit    event.Sink
	clients *session.Clients
	group   *tail.Group

	ctx    context.Context // of all reading
	cancel context.CancelFunc

	mu       sync.Mutex
	follows  map[string]*follow // by task ARN and container name
	names    map[tail.Source]*follow
	reported map[string]bool // what has been said once
	all      []*containerLog // in the order of their beginning
}

// containerLog is one container's log on its way.
type containerLog struct {
	task, container, url string
	last                 lastLines
	outputs              capture
}

// follow is one container's log on its way.
type follow struct {
	source tail.Source
	name   string // of the container, and of its task if there are several
	log    *containerLog
	begun  bool
	end    tail.End // of its container, as far as it is known
}

// New returns logs that are read to their ends. They outlive a signal, so that the last
// lines are shown.
func New(ctx context.Context, clients *session.Clients, o Options, emit event.Sink) *Logs {
	l := &Logs{
		options: o, emit: emit, clients: clients,
		follows: map[string]*follow{}, names: map[tail.Source]*follow{}, reported: map[string]bool{},
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.group = &tail.Group{
		Client: func(region string) tail.API { return clients.Logs(region) },
		Rule:   o.Rule, Local: clients.LocalTime, Lines: l.print, Ended: l.ended,
	}
	if clients.Local { // which has no delay, and whose answers cost nothing
		l.group.Rule, l.group.Every, l.group.Interval = tail.For(0), 50*time.Millisecond, time.Millisecond
	}
	return l
}

// Update begins to read the logs of a task's containers as soon as they run, and hands
// on what is known of the containers' ends. The label tells the task from others; it is
// empty if there is only one.
func (l *Logs) Update(state *task.State, label string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, defined := range state.Definition.ContainerDefinitions {
		name := aws.ToString(defined.Name)
		container := containerOf(state, name)
		f := l.find(state, defined, container, label)
		if f == nil || !l.options.Shown {
			continue
		}
		status := aws.ToString(container.LastStatus)
		ran := f.begun || container.ExitCode != nil || container.RuntimeId != nil
		end := endOf(state, container, name)
		if !f.begun && (status == "RUNNING" || ran && !end.At.IsZero()) {
			f.begun = true
			l.group.Follow(l.ctx, f.source, "")
		}
		if f.begun && !end.At.IsZero() {
			l.endAt(f, end)
		}
	}
}

// endAt takes in what is known of the end of a log's container.
func (l *Logs) endAt(f *follow, end tail.End) {
	f.end = end
	l.group.End(f.source, f.log.outputs.awaited(end))
}

// endOf returns what is known of the end of a task's container.
func endOf(state *task.State, container types.Container, name string) tail.End {
	end := tail.End{At: state.EndOf(name), Gone: state.Gone()}
	end.Failed = container.ExitCode == nil || *container.ExitCode != 0
	if v := state.Verdict; v != nil {
		end.Failed = v.Outcome != verdict.Succeeded
		if v.Outcome == verdict.Lost {
			end.At = time.Now()
		}
	}
	return end
}

// containerOf returns what ECS shows of a container of the task, the zero value
// if it does not show it.
func containerOf(state *task.State, name string) types.Container {
	i := slices.IndexFunc(state.Containers, func(c types.Container) bool { return aws.ToString(c.Name) == name })
	if i < 0 {
		return types.Container{}
	}
	return state.Containers[i]
}

// find returns a container's log, nil if the stream is not known, yet or at all. It
// says where the log is.
func (l *Logs) find(
	state *task.State, defined types.ContainerDefinition, container types.Container, label string,
) *follow {
	name := aws.ToString(defined.Name)
	key := aws.ToString(state.TaskArn) + " " + name
	if f := l.follows[key]; f != nil {
		return f
	}
	config := defined.LogConfiguration
	if config == nil || config.LogDriver != types.LogDriverAwslogs {
		l.cannotShow(state, name, config)
		return nil
	}
	stream, ok := streamOf(config, name, task.ID(aws.ToString(state.TaskArn)), aws.ToString(container.RuntimeId))
	if !ok {
		return nil
	}
	source := tail.Source{Region: cmp.Or(config.Options["awslogs-region"], l.clients.Config.Region), Stream: stream}
	f := &follow{source: source, name: name + label, log: l.see(aws.ToString(state.TaskArn), name, markersOf(state, name))}
	if !l.clients.Local {
		f.log.url = l.options.URL(source.Region, stream.Group, stream.Name)
		l.emit.Printf("log of %s: %s", f.name, f.log.url)
		l.emit(event.LogAddress{State: state, Container: f.log.container, URL: f.log.url})
	}
	l.follows[key], l.names[source] = f, f
	return f
}

// streamOf returns the stream of a container's awslogs; it is not known yet where
// the definition gives no prefix and the container no id of its runtime.
func streamOf(config *types.LogConfiguration, container, taskID, runtimeID string) (tail.Stream, bool) {
	stream := tail.Stream{Group: config.Options["awslogs-group"], Name: runtimeID}
	if prefix := config.Options["awslogs-stream-prefix"]; prefix != "" {
		stream.Name = prefix + "/" + container + "/" + taskID
	}
	return stream, stream.Group != "" && stream.Name != ""
}

// of returns whose log it is.
func (l *Logs) of(source tail.Source) *follow {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.names[source]
}

func (l *Logs) print(source tail.Source, events []tail.Event) {
	f := l.of(source)
	l.show(f.log, f.name, messages(events))
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.log.outputs.reader != nil && !f.end.At.IsZero() {
		l.group.End(f.source, f.log.outputs.awaited(f.end))
	}
}

// ended says why a log is not wholly shown.
func (l *Logs) ended(source tail.Source, err error) {
	l.setOver(l.of(source).log, err)
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	l.trouble(l.of(source).log.container, source.Region, source.Stream, err)
}

func (l *Logs) show(log *containerLog, name string, lines []string) {
	l.take(log, lines)
	l.emit(event.Log{Container: name, Lines: lines})
}

// take keeps what is needed of lines, whether they can be shown or not.
func (l *Logs) take(log *containerLog, lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log.last.add(lines)
	log.outputs.add(lines)
}

// see begins to keep what is seen of a container's log, whose outputs have the markers.
func (l *Logs) see(task, container string, markers outputs.Markers) *containerLog {
	log := &containerLog{task: task, container: container}
	if container == l.options.Outputs {
		if markers == (outputs.Markers{}) {
			markers = l.options.Markers
		}
		log.outputs.reader = outputs.NewReader(markers)
	}
	l.all = append(l.all, log)
	return log
}

// cannotShow says once of a container why its output is not seen.
func (l *Logs) cannotShow(state *task.State, name string, config *types.LogConfiguration) {
	key := task.Name(state.Definition) + " " + name
	if l.reported[key] || !l.options.Shown || l.clients.Local {
		return
	}
	l.reported[key] = true
	why := "it has no logConfiguration"
	if config != nil {
		why = "its log driver is " + string(config.LogDriver)
	}
	l.emit.Notice(event.Note{
		Text: fmt.Sprintf("the output of container %s can't be shown: %s", name, why),
		Hint: `only awslogs can be read back: "logConfiguration": {"logDriver": "awslogs", ` +
			`"options": {"awslogs-group": "...", "awslogs-region": "...", "awslogs-stream-prefix": "..."}}`,
	})
}

// trouble says why a log is not, or not wholly, shown; once, where that is so of a
// whole group.
func (l *Logs) trouble(name, region string, stream tail.Stream, err error) {
	if errors.Is(err, tail.ErrNoStream) {
		l.emit.Printf("no log of container %s has appeared (%s): it wrote none, or CloudWatch Logs shows it late",
			name, stream)
		return
	}
	what := "the log of container " + name
	if errors.Is(err, tail.ErrDenied) || errors.Is(err, tail.ErrNoGroup) {
		what = "the logs of " + stream.Group
		if l.warnOnce("group " + region + " " + stream.Group) {
			return
		}
	}
	l.emit.Warning(event.Note{
		Title:  "log not shown",
		Text:   fmt.Sprintf("%s: %v", what, explain.Refusal(err, region, l.clients.KnownAccount)),
		Advice: explain.Call(diagnose.Symptom{Container: name, LogGroup: stream.Group, Region: region}, err),
	})
}

// warnOnce reports whether it was called with the key before.
func (l *Logs) warnOnce(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.reported[key]
	l.reported[key] = true
	return before
}

// setOver takes in that a log is not read any more, and why it was not read to its end.
func (l *Logs) setOver(log *containerLog, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log.outputs.end(err)
}

// Output takes what a container of the embedded ECS prints that has no awslogs, so
// that it is seen too.
func (l *Logs) Output(taskARN, container string) io.Writer {
	name := container
	if l.options.MultiTask {
		name += fmt.Sprintf(" %.8s", task.ID(taskARN))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.see(taskARN, container, outputs.Markers{})
	if log.outputs.reader != nil {
		log.outputs.closed = make(chan struct{})
	}
	return &lineWriter{emit: func(lines []string) { l.show(log, name, lines) }, ended: func() { l.setOver(log, nil) }}
}
