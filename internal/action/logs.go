package action

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
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// logs follows the containers' logs beside the watch. A verdict never waits for
// a log, and never fails by one.
type logs struct {
	console *report.Report
	clients *session.Clients
	shown   bool // the lines are wanted, not only the links
	several bool // tasks, whose lines are told apart
	group   *tail.Group

	ctx    context.Context // of all reading
	cancel context.CancelFunc

	mu       sync.Mutex
	follows  map[string]*follow // by task ARN and container name
	names    map[tail.Source]*follow
	reported map[string]bool // what has been said once
	seen     []*seen         // in the order of their beginning
}

// seen is what has been seen of one container's log.
type seen struct {
	task, container, url string
	last                 lastLines
}

// follow is one container's log on its way.
type follow struct {
	source tail.Source
	name   string // of the container, and of its task if there are several
	log    *seen
	begun  bool
}

// newLogs returns logs that are read to their ends by a rule. They outlive a signal, so
// that the last lines are seen.
func newLogs(ctx context.Context, console *report.Report, clients *session.Clients, shown, several bool, rule tail.Rule) *logs {
	l := &logs{
		console: console, clients: clients, shown: shown, several: several,
		follows: map[string]*follow{}, names: map[tail.Source]*follow{}, reported: map[string]bool{},
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.group = &tail.Group{
		Client: func(region string) tail.API { return clients.Logs(region) },
		Rule:   rule, Local: clients.LocalTime, Lines: l.print, Ended: l.ended,
	}
	if clients.Local { // which has no delay, and whose answers cost nothing
		l.group.Rule, l.group.Every, l.group.Interval = tail.For(0), 50*time.Millisecond, time.Millisecond
	}
	return l
}

// logRule returns the rule for the end of a log that the inputs ask for.
func logRule(wait *time.Duration) tail.Rule {
	if wait == nil {
		return tail.Default
	}
	return tail.For(*wait)
}

// Update begins to read the logs of a task's containers as soon as they run, and hands
// on what is known of the containers' ends. The label tells the task from others; it is
// empty if there is only one.
func (l *logs) Update(state *task.State, label string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, defined := range state.Definition.ContainerDefinitions {
		name := aws.ToString(defined.Name)
		container := containerOf(state, name)
		f := l.find(state, defined, container, label)
		if f == nil || !l.shown {
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
			l.group.End(f.source, end)
		}
	}
}

// endOf returns what is known of the end of a task's container.
func endOf(state *task.State, container types.Container, name string) tail.End {
	end := tail.End{At: state.EndOf(name), Gone: state.Gone()}
	end.Failed = container.ExitCode == nil || *container.ExitCode != 0
	if v := state.Verdict; v != nil {
		end.Failed = v.Outcome != task.Succeeded
		if v.Outcome == task.Lost {
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
func (l *logs) find(state *task.State, defined types.ContainerDefinition, container types.Container, label string) *follow {
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
	f := &follow{source: source, name: name + label, log: l.see(aws.ToString(state.TaskArn), name)}
	if !l.clients.Local {
		f.log.url = report.LogURL(source.Region, stream.Group, stream.Name)
		l.console.Printf("log of %s: %s", f.name, f.log.url)
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
func (l *logs) of(source tail.Source) *follow {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.names[source]
}

func (l *logs) print(source tail.Source, events []tail.Event) {
	lines := make([]string, len(events))
	for i, e := range events {
		lines[i] = e.Message
	}
	f := l.of(source)
	l.show(f.log, f.name, lines)
}

// ended says why a log is not wholly shown.
func (l *logs) ended(source tail.Source, err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	l.trouble(l.of(source).log.container, source.Region, source.Stream, err)
}

func (l *logs) show(log *seen, name string, lines []string) {
	l.console.Log(name, lines...)
	l.mu.Lock()
	defer l.mu.Unlock()
	log.last.add(lines)
}

// see begins to keep what is seen of a container's log.
func (l *logs) see(task, container string) *seen {
	log := &seen{task: task, container: container}
	l.seen = append(l.seen, log)
	return log
}

// cannotShow says once of a container why its output is not seen.
func (l *logs) cannotShow(state *task.State, name string, config *types.LogConfiguration) {
	key := task.Name(state.Definition) + " " + name
	if l.reported[key] || !l.shown || l.clients.Local {
		return
	}
	l.reported[key] = true
	why := "it has no logConfiguration"
	if config != nil {
		why = "its log driver is " + string(config.LogDriver)
	}
	l.console.Notice(report.Note{
		Text: fmt.Sprintf("the output of container %s can't be shown: %s", name, why),
		Hint: `only awslogs can be read back: "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "...", "awslogs-region": "...", "awslogs-stream-prefix": "..."}}`,
	})
}

// trouble says why a log is not, or not wholly, shown; once, where that is so of a
// whole group.
func (l *logs) trouble(name, region string, stream tail.Stream, err error) {
	if errors.Is(err, tail.ErrNoStream) {
		l.console.Printf("container %s wrote no log (%s)", name, stream)
		return
	}
	what := "the log of container " + name
	if errors.Is(err, tail.ErrDenied) || errors.Is(err, tail.ErrNoGroup) {
		what = "the logs of " + stream.Group
		if l.warnOnce("group " + region + " " + stream.Group) {
			return
		}
	}
	l.console.Warning(report.Note{
		Title:  "log not shown",
		Text:   fmt.Sprintf("%s: %v", what, explain.Refusal(err, region, l.clients.KnownAccount)),
		Advice: explain.Call(diagnose.Symptom{Container: name, LogGroup: stream.Group, Region: region}, err),
	})
}

// warnOnce reports whether it was called with the key before.
func (l *logs) warnOnce(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.reported[key]
	l.reported[key] = true
	return before
}

// Wait returns when every log has been read to its end, at the latest after
// limit, and soon after ctx ends.
func (l *logs) Wait(ctx context.Context, limit time.Duration) {
	late, cancel := context.WithCancel(l.ctx)
	defer cancel()
	timer := time.AfterFunc(max(limit, 0), cancel)
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { timer.Reset(min(max(limit, 0), time.Second)) })
	defer stop()
	l.group.Wait(late)
}

// CutOff has what there is read before the reading is cut off.
func (l *logs) CutOff() { l.group.CutOff() }

// Reading reports whether a log is still being read.
func (l *logs) Reading() bool { return l.group.Reading() > 0 }

// results returns what has been seen of each log.
func (l *logs) results() []report.Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []report.Log
	for _, log := range l.seen {
		all = append(all, report.Log{TaskARN: log.task, Container: log.container, URL: log.url, Last: log.last.all()})
	}
	return all
}

// last returns the last lines of a container's log.
func (l *logs) last(task, container string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, log := range l.seen {
		if log.task == task && log.container == container {
			return log.last.all()
		}
	}
	return nil
}

// output takes what a container of the embedded ECS prints that has no awslogs, so
// that it is seen too.
func (l *logs) output(taskARN, container string) io.Writer {
	name := container
	if l.several {
		name += fmt.Sprintf(" %.8s", task.ID(taskARN))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.see(taskARN, container)
	return &lineWriter{emit: func(lines []string) { l.show(log, name, lines) }}
}
