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
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// logs follows the containers' logs beside the watch. A verdict never waits for
// a log, and never fails by one.
type logs struct {
	console *report.Report
	clients *clients
	shown   bool // the lines are wanted, not only the links

	ctx    context.Context // of all followers
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu      sync.Mutex
	follows map[string]*follow     // by task ARN and container name
	pacers  map[string]*tail.Pacer // by region
	told    map[string]bool        // what has been said once
	seen    []*seen                // in the order of their beginning
}

// seen is what has been seen of one container's log.
type seen struct {
	task, container, url string
	last                 lastLines
}

// follow is one container's log on its way.
type follow struct {
	done   chan time.Time // takes when the container stopped
	ended  bool
	cancel context.CancelFunc
}

// newLogs returns logs that end with wait. They outlive a signal, so that the
// last lines are seen.
func newLogs(ctx context.Context, console *report.Report, clients *clients, shown bool) *logs {
	l := &logs{
		console: console, clients: clients, shown: shown,
		follows: map[string]*follow{}, pacers: map[string]*tail.Pacer{}, told: map[string]bool{},
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return l
}

// update starts to follow the logs of a task's containers as soon as their
// streams are known, and tells their followers when the containers have stopped.
// The label tells the task from others; it is empty if there is only one.
func (l *logs) update(state *task.State, label string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, defined := range state.Definition.ContainerDefinitions {
		name := aws.ToString(defined.Name)
		container := containerOf(state, name)
		key := aws.ToString(state.TaskArn) + " " + name
		f := l.follows[key]
		if f == nil {
			if f = l.start(state, defined, container, label); f == nil {
				continue
			}
			l.follows[key] = f
		}
		over := state.Verdict != nil
		if !f.ended && (over || aws.ToString(container.LastStatus) == "STOPPED") {
			f.ended = true
			f.done <- aws.ToTime(state.ExecutionStoppedAt)
		}
		if over && container.ExitCode == nil && container.RuntimeId == nil {
			f.cancel() // it never ran
		}
	}
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

// start begins to follow a container's log. It returns nil if the stream is not
// known, yet or at all.
func (l *logs) start(state *task.State, defined types.ContainerDefinition, container types.Container, label string) *follow {
	name := aws.ToString(defined.Name)
	config := defined.LogConfiguration
	if config == nil || config.LogDriver != types.LogDriverAwslogs {
		l.cannotShow(state, name, config)
		return nil
	}
	stream, ok := streamOf(config, name, task.ID(aws.ToString(state.TaskArn)), aws.ToString(container.RuntimeId))
	if !ok {
		return nil
	}
	region := cmp.Or(config.Options["awslogs-region"], l.clients.config.Region)
	log := l.see(aws.ToString(state.TaskArn), name)
	if !l.clients.local {
		log.url = report.LogURL(region, stream.Group, stream.Name)
		l.console.Printf("log of %s: %s", name+label, log.url)
	}
	ctx, cancel := context.WithCancel(l.ctx)
	f := &follow{done: make(chan time.Time, 1), cancel: cancel}
	if !l.shown {
		return f
	}
	follower := l.follower(region)
	l.group.Go(func() {
		err := follower.Follow(ctx, stream, f.done, func(events []tail.Event) {
			l.print(log, name+label, events)
		})
		if err != nil && ctx.Err() == nil {
			l.trouble(name, region, stream, err)
		}
	})
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

// follower returns what reads the streams of a region. All of a region share its
// pace.
func (l *logs) follower(region string) tail.Follower {
	f := tail.Follower{API: l.clients.logsOf(region)}
	if l.pacers[region] == nil {
		l.pacers[region] = new(tail.Pacer)
		if l.clients.local {
			l.pacers[region].Interval = time.Millisecond
		}
	}
	f.Pacer = l.pacers[region]
	if l.clients.local {
		f.Quiet = time.Millisecond // the embedded service has no delay
	}
	return f
}

func (l *logs) print(log *seen, name string, events []tail.Event) {
	lines := make([]string, len(events))
	for i, event := range events {
		lines[i] = event.Message
	}
	l.tell(log, name, lines)
}

func (l *logs) tell(log *seen, name string, lines []string) {
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
	if l.told[key] || !l.shown || l.clients.local {
		return
	}
	l.told[key] = true
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
		if l.toldBefore("group " + region + " " + stream.Group) {
			return
		}
	}
	l.console.Warning(report.Note{
		Title:  "log not shown",
		Text:   fmt.Sprintf("%s: %v", what, explain(err, region, l.clients.knownAccount)),
		Advice: explainCall(diagnose.Symptom{Container: name, LogGroup: stream.Group, Region: region}, err),
	})
}

// toldBefore reports whether it was called with the key before.
func (l *logs) toldBefore(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := l.told[key]
	l.told[key] = true
	return told
}

// wait returns when every log has been read to its end, at the latest after
// limit, and soon after ctx ends.
func (l *logs) wait(ctx context.Context, limit time.Duration) {
	timer := time.AfterFunc(max(limit, 0), l.cancel)
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { timer.Reset(min(max(limit, 0), logTime)) })
	defer stop()
	l.group.Wait()
	if l.ctx.Err() != nil { // later tasks have logs too
		l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(l.ctx))
	}
}

// end tells the followers of tasks that nobody watches any more to come to an
// end.
func (l *logs) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.follows {
		if !f.ended {
			f.ended = true
			f.done <- time.Now()
		}
	}
}

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

// containerOutput takes what a container of the embedded ECS prints that has no
// awslogs, so that it is seen too.
func (s *step) containerOutput(taskARN, container string) io.Writer {
	if !s.config.Logs {
		return nil
	}
	name := container
	if s.several {
		name += fmt.Sprintf(" %.8s", task.ID(taskARN))
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	log := s.logs.see(taskARN, container)
	return &lineWriter{emit: func(lines []string) { s.logs.tell(log, name, lines) }}
}
