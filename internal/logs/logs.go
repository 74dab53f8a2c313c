// Package logs follows the logs of a run's containers: it finds their streams, reads them
// while the containers run, labels their lines, and stores the last lines for the diagnosis
// and the result. The verdict never waits for a log and never fails because of one.
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

// Options configures how logs are read and shown.
type Options struct {
	Shown     bool      // lines are shown, not only addresses
	MultiTask bool      // there may be several tasks; lines have a label of the task
	Rule      tail.Rule // for the end of a log

	// Outputs is the name of the container whose log contains outputs, empty if there is
	// none. Markers are the markers for tasks whose overrides contain none.
	Outputs string
	Markers outputs.Markers

	// URL returns the address of a stream in the AWS console.
	URL func(region, group, stream string) string
}

// Logs reads the logs of a run's containers. Its methods are safe for concurrent use.
type Logs struct {
	options Options
	emit    event.Sink
	clients *session.Clients
	group   *tail.Group

	ctx    context.Context // for all reading
	cancel context.CancelFunc

	mu       sync.Mutex
	follows  map[string]*follow // by task ARN and container name
	names    map[tail.Source]*follow
	reported map[string]bool // keys of reports that are printed once
	all      []*containerLog // in the order in which they were found
}

// containerLog is the content that was read of one container's log.
type containerLog struct {
	task, container, url string
	last                 lastLines
	outputs              capture
}

// follow is the log stream of one container.
type follow struct {
	source tail.Source
	name   string // of the container, with its task if there are several
	log    *containerLog
	begun  bool
	end    tail.End // of the container, as far as it is known
}

// New returns an empty set of logs. Reading does not stop when ctx is cancelled, so that
// the last lines are shown after a signal.
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
	if clients.Local { // no delay, and calls are free
		l.group.Rule, l.group.Every, l.group.Interval = tail.For(0), 50*time.Millisecond, time.Millisecond
	}
	return l
}

// Update reads the logs of a task's containers as soon as they run, and passes on when the
// containers end. The label distinguishes the task from others; it is empty if there is
// only one task.
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

// endAt sets the end of a log's container.
func (l *Logs) endAt(f *follow, end tail.End) {
	f.end = end
	l.group.End(f.source, f.log.outputs.awaited(end))
}

// endOf returns what is known about the end of a task's container.
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

// containerOf returns the container of a task from the response of ECS, or the zero value
// if the response does not contain it.
func containerOf(state *task.State, name string) types.Container {
	i := slices.IndexFunc(state.Containers, func(c types.Container) bool { return aws.ToString(c.Name) == name })
	if i < 0 {
		return types.Container{}
	}
	return state.Containers[i]
}

// find returns a container's log. It returns nil if the stream is unknown, or not known
// yet. It prints the address of a new log.
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
	f := &follow{source: source, name: name + label,
		log: l.addLog(aws.ToString(state.TaskArn), name, markersOf(state, name))}
	if !l.clients.Local {
		f.log.url = l.options.URL(source.Region, stream.Group, stream.Name)
		l.emit.Printf("log of %s: %s", f.name, f.log.url)
		l.emit(event.LogAddress{State: state, Container: f.log.container, URL: f.log.url})
	}
	l.follows[key], l.names[source] = f, f
	return f
}

// streamOf returns the log stream of a container with awslogs. It returns false if the
// stream is not known yet: without a prefix in the definition, its name is the runtime id
// of the container.
func streamOf(config *types.LogConfiguration, container, taskID, runtimeID string) (tail.Stream, bool) {
	stream := tail.Stream{Group: config.Options["awslogs-group"], Name: runtimeID}
	if prefix := config.Options["awslogs-stream-prefix"]; prefix != "" {
		stream.Name = prefix + "/" + container + "/" + taskID
	}
	return stream, stream.Group != "" && stream.Name != ""
}

// of returns the log of a stream.
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

// ended reports why a log is not completely shown.
func (l *Logs) ended(source tail.Source, err error) {
	l.setOver(l.of(source).log, err)
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	l.reportError(l.of(source).log.container, source.Region, source.Stream, err)
}

func (l *Logs) show(log *containerLog, name string, lines []string) {
	l.store(log, lines)
	l.emit(event.Log{Container: name, Lines: lines})
}

// store stores the last lines and outputs, whether the lines can be shown or not.
func (l *Logs) store(log *containerLog, lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log.last.add(lines)
	log.outputs.add(lines)
}

// addLog adds the log of a container. Its outputs have the markers.
func (l *Logs) addLog(task, container string, markers outputs.Markers) *containerLog {
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

// cannotShow reports once for each container why its output can't be shown.
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
		Hint: `only logs of the driver awslogs can be read: "logConfiguration": {"logDriver": "awslogs", ` +
			`"options": {"awslogs-group": "...", "awslogs-region": "...", "awslogs-stream-prefix": "..."}}`,
	})
}

// reportError reports why a log is not, or not completely, shown. It reports an error that
// affects a whole log group once.
func (l *Logs) reportError(name, region string, stream tail.Stream, err error) {
	if errors.Is(err, tail.ErrNoStream) {
		l.emit.Printf("no log of container %s has appeared (%s): the container wrote nothing, or CloudWatch Logs is delayed",
			name, stream)
		return
	}
	what := "the log of container " + name
	if errors.Is(err, tail.ErrDenied) || errors.Is(err, tail.ErrNoGroup) {
		what = "the logs of " + stream.Group
		if l.alreadyWarned("group " + region + " " + stream.Group) {
			return
		}
	}
	l.emit.Warning(event.Note{
		Title:  "log not shown",
		Text:   fmt.Sprintf("%s: %v", what, explain.Refusal(err, region, l.clients.KnownAccount)),
		Advice: explain.Call(diagnose.Symptom{Container: name, LogGroup: stream.Group, Region: region}, err),
	})
}

// alreadyWarned reports whether it was called with the key before.
func (l *Logs) alreadyWarned(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.reported[key]
	l.reported[key] = true
	return before
}

// setOver records that a log is no longer read; err is why it was not read to its end, or
// nil.
func (l *Logs) setOver(log *containerLog, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log.outputs.end(err)
}

// Output returns a writer for the output of a container of the embedded ECS that has no
// awslogs. The output is shown like a log.
func (l *Logs) Output(taskARN, container string) io.Writer {
	name := container
	if l.options.MultiTask {
		name += fmt.Sprintf(" %.8s", task.ID(taskARN))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.addLog(taskARN, container, outputs.Markers{})
	if log.outputs.reader != nil {
		log.outputs.closed = make(chan struct{})
	}
	return &lineWriter{emit: func(lines []string) { l.show(log, name, lines) }, ended: func() { l.setOver(log, nil) }}
}
