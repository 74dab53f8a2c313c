package tasks

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

const (
	startFailed      = "TaskFailedToStart"
	essentialExited  = "EssentialContainerExited"
	closedReason     = "The local ECS was closed."
	essentialMessage = "Essential container in task exited"
)

// runContainer runs one container, from its dependencies to its end.
func (e *Engine) runContainer(t *Task, c *Container) {
	defer close(c.ended)
	e.Lock()
	reason := c.reason // its image could not be pulled
	e.Unlock()
	if reason == "" {
		reason = e.awaitDependencies(t, c)
	}
	if reason == "" && e.over(t) {
		e.change(t, func() { c.lastStatus, t.lastExit = "STOPPED", time.Now() })
		return
	}
	var exit runtime.Exit
	var err error
	if reason == "" {
		if exit, err = e.execute(t, c); err != nil {
			reason = err.Error()
		}
	}
	ended := time.Now()
	e.sleep(t.Faults.ReportDelay)
	e.Lock()
	defer e.Unlock()
	t.touch()
	t.lastExit = ended
	c.lastStatus, c.reason = "STOPPED", reason
	if c.runs && err == nil && !t.Faults.losesCode(c.Name) {
		c.exitCode, c.reason = &exit.Code, exit.Reason
	}
	switch {
	case !c.essential:
	case c.runs:
		t.Stop(essentialExited, essentialMessage)
	default:
		t.Stop(startFailed, reason)
	}
}

// awaitDependencies waits for the containers on which one depends. It returns the reason why
// the container never starts; empty if it may start, or if the task is to stop.
func (e *Engine) awaitDependencies(t *Task, c *Container) string {
	for _, d := range rules.Dependencies(c.Definition) {
		for _, on := range t.containers {
			if on.Name != d.On {
				continue
			}
			reason := e.awaitDependency(t, c, on, d.Condition)
			if e.over(t) {
				return "" // the task has another reason to stop
			}
			if reason != "" {
				return reason
			}
		}
	}
	return ""
}

func (e *Engine) awaitDependency(t *Task, c, on *Container, condition string) string {
	name := fmt.Sprintf("container ordering dependency [%s] for target [%s]", on.Name, c.Name)
	select {
	case <-on.started:
	case <-on.ended:
	case <-t.stopping:
		return ""
	}
	e.Lock()
	ran, since := on.runs, on.runningSince
	e.Unlock()
	if !ran {
		return fmt.Sprintf("dependency graph: %s will never start", name)
	}
	if condition == "START" {
		return ""
	}
	var healthy <-chan struct{}
	if condition == "HEALTHY" {
		healthy = on.healthy
	}
	var timeout <-chan time.Time
	if limit := wire.Int(on.Definition, "startTimeout", 0); limit > 0 {
		timer := time.NewTimer(time.Until(since.Add(time.Duration(limit) * time.Second)))
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-healthy:
		return ""
	case <-on.ended:
	case <-timeout:
		return fmt.Sprintf("dependency graph: %s has timed out", name)
	case <-t.stopping:
		return ""
	}
	e.Lock()
	defer e.Unlock()
	if condition == "HEALTHY" {
		return fmt.Sprintf("dependency graph: failed to resolve %s as dependency will never be healthy", name)
	}
	if condition == "SUCCESS" && (on.exitCode == nil || *on.exitCode != 0) {
		return fmt.Sprintf("dependency graph: failed to resolve %s as dependency did not exit successfully", name)
	}
	return ""
}

// execute runs a container that may start, and again if its restart policy says so. The error
// is the reason why it has no exit code.
func (e *Engine) execute(t *Task, c *Container) (runtime.Exit, error) {
	output, err := e.openOutput(t, c)
	if err != nil {
		return runtime.Exit{}, err
	}
	defer output.Close()
	spec := c.Container
	spec.Output = output

	ctx, kill := context.WithCancel(e.life)
	stop, over := make(chan struct{}), make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() { e.stopContainer(t, c, stop, kill, over) })
	if wire.Member(c.Definition, "healthCheck") != nil {
		helpers.Go(func() { e.watchHealth(ctx, t, c, over) })
	}
	defer func() {
		close(over)
		kill() // ends a health check that runs
		helpers.Wait()
	}()

	for ; ; spec.Restarts++ {
		began := time.Now()
		exit, err := e.runOnce(ctx, t, c, spec, stop)
		if err != nil || !restarts(c.Definition, exit.Code, time.Since(began)) || e.over(t) {
			return exit, err
		}
	}
}

// runOnce runs a container to its end. A scripted ending replaces the run.
func (e *Engine) runOnce(ctx context.Context, t *Task, c *Container, spec runtime.Container,
	stop <-chan struct{}) (runtime.Exit, error) {
	started := func() { e.containerStarted(t, c) }
	if ending, scripted := t.Faults.ending(c.Name); scripted {
		return ending.run(ctx, spec, started, stop), nil
	}
	return e.options.Executor.Run(ctx, spec, started, stop)
}

// restarts reports whether the restart policy of a container makes it run again.
func restarts(definition wire.Object, exitCode int, ran time.Duration) bool {
	policy := wire.Member(definition, "restartPolicy")
	if !wire.Bool(policy, "enabled", false) ||
		ran < time.Duration(wire.Int(policy, "restartAttemptPeriod", 300))*time.Second {
		return false
	}
	ignored, _ := policy["ignoredExitCodes"].([]any)
	for i := range ignored {
		if wire.Int(wire.Object{"code": ignored[i]}, "code", -1) == exitCode {
			return false
		}
	}
	return true
}

func (e *Engine) containerStarted(t *Task, c *Container) {
	e.Lock()
	defer e.Unlock()
	if c.runs {
		return // a restart
	}
	c.runs, c.lastStatus, c.runningSince = true, "RUNNING", time.Now()
	t.touch()
	close(c.started)
}

// stopContainer makes a container end when the task ends, after the containers that depend on
// it, and kills it after its stop timeout.
func (e *Engine) stopContainer(t *Task, c *Container, stop chan<- struct{}, kill context.CancelFunc,
	over <-chan struct{}) {
	select {
	case <-t.term:
	case <-over:
		return
	}
	for _, other := range t.containers {
		for _, d := range rules.Dependencies(other.Definition) {
			if d.On == c.Name {
				select {
				case <-other.ended:
				case <-over:
					return
				}
			}
		}
	}
	close(stop)
	timer := time.NewTimer(c.StopTimeout)
	defer timer.Stop()
	select {
	case <-timer.C:
		kill()
	case <-over:
	}
}

// watchHealth runs the health check of a container until the container ends.
func (e *Engine) watchHealth(ctx context.Context, t *Task, c *Container, over <-chan struct{}) {
	check := wire.Member(c.Definition, "healthCheck")
	seconds := func(member string, absent int) time.Duration {
		return time.Duration(wire.Int(check, member, absent)) * time.Second
	}
	select {
	case <-c.started:
	case <-over:
		return
	}
	began, failed := time.Now(), 0
	ticker := time.NewTicker(seconds("interval", 30))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-over:
			return
		}
		healthy := e.probe(ctx, c, wire.Texts(check, "command"), seconds("timeout", 5))
		switch {
		case healthy:
			failed = 0
			e.setHealth(t, c, "HEALTHY")
		case time.Since(began) > seconds("startPeriod", 0):
			if failed++; failed >= wire.Int(check, "retries", 3) {
				e.setHealth(t, c, "UNHEALTHY")
			}
		}
	}
}

func (e *Engine) probe(ctx context.Context, c *Container, command []string, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	program, err := runtime.ProbeCommand(command)
	if err != nil {
		return false
	}
	code, err := e.options.Executor.Probe(ctx, c.Container, program)
	return err == nil && code == 0
}

func (e *Engine) setHealth(t *Task, c *Container, status string) {
	e.Lock()
	defer e.Unlock()
	if c.healthStatus == status {
		return
	}
	c.healthStatus = status
	t.touch()
	if status == "HEALTHY" {
		select {
		case <-c.healthy:
		default:
			close(c.healthy)
		}
	}
}

// openOutput returns the writer of the output of a container.
func (e *Engine) openOutput(t *Task, c *Container) (io.WriteCloser, error) {
	configuration := wire.Member(c.Definition, "logConfiguration")
	if wire.Text(configuration, "logDriver") == "awslogs" {
		options := wire.Member(configuration, "options")
		stream := c.ID
		if prefix := wire.Text(options, "awslogs-stream-prefix"); prefix != "" {
			stream = prefix + "/" + c.Name + "/" + t.ID
		}
		return e.options.Logs.Open(wire.Text(options, "awslogs-region"), wire.Text(options, "awslogs-group"), stream,
			wire.Text(options, "awslogs-create-group") == "true", t.Faults.LogDelay)
	}
	var w io.Writer
	if e.options.Output != nil {
		w = e.options.Output(t.ARN, c.Name)
	}
	switch w := w.(type) {
	case nil:
		return nopCloser{io.Discard}, nil
	case io.WriteCloser:
		return w, nil
	}
	return nopCloser{w}, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
