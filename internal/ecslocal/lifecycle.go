package ecslocal

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

// Delays is how long a task stays in each state at least. 0 means 20
// milliseconds; a negative duration means that the state is passed through
// without a stay. A task stays RUNNING for as long as its containers run, and
// STOPPING until they have ended.
type Delays struct {
	Provisioning, Pending, Activating, Running, Deactivating, Stopping, Deprovisioning time.Duration
}

// Delay sets the delays.
func Delay(d Delays) Option { return func(s *Server) { s.delays = d } }

func (d Delays) filled() Delays {
	for _, delay := range []*time.Duration{
		&d.Provisioning, &d.Pending, &d.Activating, &d.Running, &d.Deactivating, &d.Stopping, &d.Deprovisioning,
	} {
		if *delay == 0 {
			*delay = 20 * time.Millisecond
		}
	}
	return d
}

const (
	startFailed      = "TaskFailedToStart"
	essentialExited  = "EssentialContainerExited"
	closedReason     = "The local ECS was closed."
	essentialMessage = "Essential container in task exited"
)

// live takes a task from its first state to its last.
func (s *Server) live(t *task) {
	var containers sync.WaitGroup
	s.bringUp(t, &containers)
	s.mu.Lock()
	t.halt("UserInitiated", closedReason) // if nothing else ended it, Close did
	s.mu.Unlock()
	s.bringDown(t, &containers)
}

// bringUp starts the task's containers and returns when the task is to stop.
func (s *Server) bringUp(t *task, containers *sync.WaitGroup) {
	if !s.hold(t, s.delays.Provisioning) {
		return
	}
	s.change(t, func() {
		t.lastStatus = "PENDING"
		t.connectivityAt = time.Now()
		if t.attachment != nil {
			t.attachment.status = "ATTACHED"
		}
	})
	if !s.hold(t, max(s.delays.Pending, t.faults.pending)) {
		return
	}
	if reason := t.faults.startFault; reason != "" {
		s.change(t, func() { t.halt(startFailed, reason) })
		return
	}
	s.change(t, func() { t.lastStatus = "ACTIVATING" })
	if !s.hold(t, s.delays.Activating) || !s.prepare(t) {
		return
	}
	for _, c := range t.containers {
		if !c.injected {
			containers.Go(func() { s.runContainer(t, c) })
		}
	}
	if !s.allStarted(t) {
		return
	}
	s.change(t, func() { t.lastStatus, t.startedAt = "RUNNING", time.Now() })
	s.sleep(s.delays.Running)
	s.awaitStop(t)
}

// prepare reads the secrets and pulls the images.
func (s *Server) prepare(t *task) bool {
	s.change(t, func() { t.pullStartedAt = time.Now() })
	if err := s.executor.Begin(s.life, t.forExecutor()); err != nil {
		s.failStart(t, nil, err.Error())
		return false
	}
	for _, c := range t.containers {
		if c.injected {
			continue
		}
		if s.over(t) {
			return false
		}
		if err := s.provide(t, c); err != nil {
			s.failStart(t, nil, "ResourceInitializationError: "+err.Error())
			return false
		}
		if _, scripted := t.faults.ending(c.Name); scripted {
			continue
		}
		if err := s.executor.Pull(s.life, c.Container); err != nil {
			if c.essential {
				s.failStart(t, c, err.Error())
				return false
			}
			s.change(t, func() { c.reason = err.Error() })
		}
	}
	s.change(t, func() { t.pullStoppedAt = time.Now() })
	return true
}

// failStart ends a task because of a container that can't start, or because of
// no certain one.
func (s *Server) failStart(t *task, c *container, reason string) {
	s.change(t, func() {
		if c != nil {
			c.reason = reason
		}
		t.halt(startFailed, reason)
	})
}

// allStarted waits until every container was started or never will be. It
// reports whether the essential ones were.
func (s *Server) allStarted(t *task) bool {
	all := true
	for _, c := range t.containers {
		if c.injected {
			s.change(t, func() { c.lastStatus, c.runs = "RUNNING", true })
			continue
		}
		select {
		case <-c.started:
		case <-c.ended:
			s.mu.Lock()
			all = all && (c.runs || !c.essential)
			s.mu.Unlock()
		}
	}
	return all
}

// awaitStop waits until the task is to stop, and stops it itself where a fault
// wants that.
func (s *Server) awaitStop(t *task) {
	var interrupted <-chan time.Time
	var first interruption
	for i, stop := range t.faults.stops {
		if i == 0 || stop.after < first.after {
			first = stop
		}
	}
	if len(t.faults.stops) > 0 {
		timer := time.NewTimer(first.after)
		defer timer.Stop()
		interrupted = timer.C
	}
	select {
	case <-t.stopping:
	case <-s.life.Done():
	case <-interrupted:
		s.change(t, func() { t.halt(first.code, first.reason) })
	}
}

// bringDown ends what runs of the task and takes it to STOPPED.
func (s *Server) bringDown(t *task, containers *sync.WaitGroup) {
	s.mu.Lock()
	begun, ran := !t.pullStartedAt.IsZero(), !t.pullStoppedAt.IsZero()
	s.mu.Unlock()
	if ran {
		s.change(t, func() { t.lastStatus = "DEACTIVATING" })
		s.sleep(s.delays.Deactivating)
		s.change(t, func() {
			t.lastStatus = "STOPPING"
			t.terminate()
		})
		s.sleep(s.delays.Stopping)
		containers.Wait()
	}
	s.change(t, func() {
		t.lastStatus = "DEPROVISIONING"
		t.executionStoppedAt = t.lastExit
		for _, c := range t.containers {
			c.lastStatus = "STOPPED"
		}
	})
	if begun {
		s.executor.End(t.forExecutor())
	}
	s.sleep(s.delays.Deprovisioning)
	s.change(t, func() {
		t.lastStatus, t.stoppedAt = "STOPPED", time.Now()
		if t.attachment != nil {
			t.attachment.status = "DELETED"
		}
		if t.instance != nil {
			t.instance.release(t)
		}
	})
}

// change changes a task as one state change event.
func (s *Server) change(t *task, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	t.touch()
}

// hold waits, and reports false as soon as the task is to stop.
func (s *Server) hold(t *task, d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.stopping:
	case <-s.life.Done():
	}
	return !s.over(t)
}

// over reports whether a task is to stop.
func (s *Server) over(t *task) bool {
	select {
	case <-t.stopping:
		return true
	case <-s.life.Done():
		return true
	default:
		return false
	}
}

// sleep waits unless the server is closed.
func (s *Server) sleep(d time.Duration) {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.life.Done():
	}
}

// runContainer runs one container, from its dependencies to its end.
func (s *Server) runContainer(t *task, c *container) {
	defer close(c.ended)
	s.mu.Lock()
	reason := c.reason // its image could not be pulled
	s.mu.Unlock()
	if reason == "" {
		reason = s.awaitDependencies(t, c)
	}
	if reason == "" && s.over(t) {
		s.change(t, func() { c.lastStatus, t.lastExit = "STOPPED", time.Now() })
		return
	}
	var exit runtime.Exit
	var err error
	if reason == "" {
		if exit, err = s.execute(t, c); err != nil {
			reason = err.Error()
		}
	}
	ended := time.Now()
	s.sleep(t.faults.reportDelay)
	s.mu.Lock()
	defer s.mu.Unlock()
	t.touch()
	t.lastExit = ended
	c.lastStatus, c.reason = "STOPPED", reason
	if c.runs && err == nil && !t.faults.losesCode(c.Name) {
		c.exitCode, c.reason = &exit.Code, exit.Reason
	}
	switch {
	case !c.essential:
	case c.runs:
		t.halt(essentialExited, essentialMessage)
	default:
		t.halt(startFailed, reason)
	}
}

// awaitDependencies waits for what a container depends on. It returns the
// reason why the container never starts, empty if it may, or if the task is to
// stop.
func (s *Server) awaitDependencies(t *task, c *container) string {
	for _, d := range rules.Dependencies(c.Definition) {
		for _, on := range t.containers {
			if on.Name != d.On {
				continue
			}
			reason := s.awaitDependency(t, c, on, d.Condition)
			if s.over(t) {
				return "" // what ended the task has its own reason
			}
			if reason != "" {
				return reason
			}
		}
	}
	return ""
}

func (s *Server) awaitDependency(t *task, c, on *container, condition string) string {
	name := fmt.Sprintf("container ordering dependency [%s] for target [%s]", on.Name, c.Name)
	select {
	case <-on.started:
	case <-on.ended:
	case <-t.stopping:
		return ""
	}
	s.mu.Lock()
	ran, since := on.runs, on.runningSince
	s.mu.Unlock()
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if condition == "HEALTHY" {
		return fmt.Sprintf("dependency graph: failed to resolve %s as dependency will never be healthy", name)
	}
	if condition == "SUCCESS" && (on.exitCode == nil || *on.exitCode != 0) {
		return fmt.Sprintf("dependency graph: failed to resolve %s as dependency did not exit successfully", name)
	}
	return ""
}

// execute runs a container that may start, again where its restart policy says
// so. The error is the reason why it has no exit code.
func (s *Server) execute(t *task, c *container) (runtime.Exit, error) {
	output, err := s.openOutput(t, c)
	if err != nil {
		return runtime.Exit{}, err
	}
	defer output.Close()
	spec := c.Container
	spec.Output = output

	ctx, kill := context.WithCancel(s.life)
	stop, over := make(chan struct{}), make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() { s.stopContainer(t, c, stop, kill, over) })
	if wire.Member(c.Definition, "healthCheck") != nil {
		helpers.Go(func() { s.watchHealth(ctx, t, c, over) })
	}
	defer func() {
		close(over)
		kill() // ends a health check that is under way
		helpers.Wait()
	}()

	for ; ; spec.Restarts++ {
		began := time.Now()
		exit, err := s.runOnce(ctx, t, c, spec, stop)
		if err != nil || !restarts(c.Definition, exit.Code, time.Since(began)) || s.over(t) {
			return exit, err
		}
	}
}

// runOnce runs a container to its end, or does as if.
func (s *Server) runOnce(ctx context.Context, t *task, c *container, spec runtime.Container, stop <-chan struct{}) (runtime.Exit, error) {
	started := func() { s.containerStarted(t, c) }
	if ending, scripted := t.faults.ending(c.Name); scripted {
		return ending.run(ctx, spec, started, stop), nil
	}
	return s.executor.Run(ctx, spec, started, stop)
}

// restarts reports whether a container's restart policy wants it to run again.
func restarts(definition object, exitCode int, ran time.Duration) bool {
	policy := wire.Member(definition, "restartPolicy")
	if !wire.Bool(policy, "enabled", false) || ran < time.Duration(wire.Int(policy, "restartAttemptPeriod", 300))*time.Second {
		return false
	}
	ignored, _ := policy["ignoredExitCodes"].([]any)
	for i := range ignored {
		if wire.Int(object{"code": ignored[i]}, "code", -1) == exitCode {
			return false
		}
	}
	return true
}

func (s *Server) containerStarted(t *task, c *container) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.runs {
		return // again
	}
	c.runs, c.lastStatus, c.runningSince = true, "RUNNING", time.Now()
	t.touch()
	close(c.started)
}

// stopContainer asks a container to end when its time has come, after those
// that depend on it, and kills it when it takes too long.
func (s *Server) stopContainer(t *task, c *container, stop chan<- struct{}, kill context.CancelFunc, over <-chan struct{}) {
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

// watchHealth runs a container's health check until the container is over.
func (s *Server) watchHealth(ctx context.Context, t *task, c *container, over <-chan struct{}) {
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
		healthy := s.probe(ctx, c, wire.Texts(check, "command"), seconds("timeout", 5))
		switch {
		case healthy:
			failed = 0
			s.setHealth(t, c, "HEALTHY")
		case time.Since(began) > seconds("startPeriod", 0):
			if failed++; failed >= wire.Int(check, "retries", 3) {
				s.setHealth(t, c, "UNHEALTHY")
			}
		}
	}
}

func (s *Server) probe(ctx context.Context, c *container, command []string, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	program, err := runtime.ProbeCommand(command)
	if err != nil {
		return false
	}
	code, err := s.executor.Probe(ctx, c.Container, program)
	return err == nil && code == 0
}

func (s *Server) setHealth(t *task, c *container, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// openOutput returns where a container's output goes.
func (s *Server) openOutput(t *task, c *container) (io.WriteCloser, error) {
	configuration := wire.Member(c.Definition, "logConfiguration")
	if wire.Text(configuration, "logDriver") == "awslogs" {
		options := wire.Member(configuration, "options")
		stream := c.ID
		if prefix := wire.Text(options, "awslogs-stream-prefix"); prefix != "" {
			stream = prefix + "/" + c.Name + "/" + t.id
		}
		return s.logs.Open(wire.Text(options, "awslogs-region"), wire.Text(options, "awslogs-group"), stream,
			wire.Text(options, "awslogs-create-group") == "true", t.faults.logDelay)
	}
	var w io.Writer
	if s.output != nil {
		w = s.output(t.arn, c.Name)
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
