package tasks

import (
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// live runs a task from its first state to its last.
func (e *Engine) live(t *Task) {
	var containers sync.WaitGroup
	e.bringUp(t, &containers)
	e.Lock()
	t.Stop("UserInitiated", closedReason) // Close ended it if nothing else did
	e.Unlock()
	e.bringDown(t, &containers)
}

// bringUp starts the task's containers and returns when the task is to stop.
func (e *Engine) bringUp(t *Task, containers *sync.WaitGroup) {
	if !e.hold(t, e.options.Delays.Provisioning) {
		return
	}
	e.change(t, func() {
		t.LastStatus = "PENDING"
		t.connectivityAt = time.Now()
		if t.attachment != nil {
			t.attachment.status = "ATTACHED"
		}
	})
	if !e.hold(t, max(e.options.Delays.Pending, t.Faults.Pending)) {
		return
	}
	if reason := t.Faults.StartFault; reason != "" {
		e.change(t, func() { t.Stop(startFailed, reason) })
		return
	}
	e.change(t, func() { t.LastStatus = "ACTIVATING" })
	if !e.hold(t, e.options.Delays.Activating) || !e.prepare(t) {
		return
	}
	for _, c := range t.containers {
		if !c.injected {
			containers.Go(func() { e.runContainer(t, c) })
		}
	}
	if !e.allStarted(t) {
		return
	}
	e.change(t, func() { t.LastStatus, t.startedAt = "RUNNING", time.Now() })
	e.sleep(e.options.Delays.Running)
	e.awaitStop(t)
}

// prepare reads the secrets and pulls the images.
func (e *Engine) prepare(t *Task) bool {
	e.change(t, func() { t.pullStartedAt = time.Now() })
	if err := e.options.Executor.Begin(e.life, t.forExecutor()); err != nil {
		e.failStart(t, nil, err.Error())
		return false
	}
	for _, c := range t.containers {
		if c.injected {
			continue
		}
		if e.over(t) {
			return false
		}
		if err := e.provide(t, c); err != nil {
			e.failStart(t, nil, "ResourceInitializationError: "+err.Error())
			return false
		}
		if _, scripted := t.Faults.ending(c.Name); scripted {
			continue
		}
		if err := e.options.Executor.Pull(e.life, c.Container); err != nil {
			if c.essential {
				e.failStart(t, c, err.Error())
				return false
			}
			e.change(t, func() { c.reason = err.Error() })
		}
	}
	e.change(t, func() { t.pullStoppedAt = time.Now() })
	return true
}

// failStart ends a task because of a container that can't start; c is nil if it is not one of
// them.
func (e *Engine) failStart(t *Task, c *Container, reason string) {
	e.change(t, func() {
		if c != nil {
			c.reason = reason
		}
		t.Stop(startFailed, reason)
	})
}

// allStarted waits until every container has started or never will. It reports whether the
// essential ones have.
func (e *Engine) allStarted(t *Task) bool {
	all := true
	for _, c := range t.containers {
		if c.injected {
			e.change(t, func() { c.lastStatus, c.runs = "RUNNING", true })
			continue
		}
		select {
		case <-c.started:
		case <-c.ended:
			e.Lock()
			all = all && (c.runs || !c.essential)
			e.Unlock()
		}
	}
	return all
}

// awaitStop waits until the task is to stop, and stops it at the time that a fault sets.
func (e *Engine) awaitStop(t *Task) {
	var interrupted <-chan time.Time
	var first Stop
	for i, stop := range t.Faults.Stops {
		if i == 0 || stop.After < first.After {
			first = stop
		}
	}
	if len(t.Faults.Stops) > 0 {
		timer := time.NewTimer(first.After)
		defer timer.Stop()
		interrupted = timer.C
	}
	select {
	case <-t.stopping:
	case <-e.life.Done():
	case <-interrupted:
		e.change(t, func() { t.Stop(first.Code, first.Reason) })
	}
}

// bringDown ends the containers of the task and brings it to STOPPED.
func (e *Engine) bringDown(t *Task, containers *sync.WaitGroup) {
	e.Lock()
	begun, ran := !t.pullStartedAt.IsZero(), !t.pullStoppedAt.IsZero()
	e.Unlock()
	if ran {
		e.change(t, func() { t.LastStatus = "DEACTIVATING" })
		e.sleep(e.options.Delays.Deactivating)
		e.change(t, func() {
			t.LastStatus = "STOPPING"
			t.terminate()
		})
		e.sleep(e.options.Delays.Stopping)
		containers.Wait()
	}
	e.change(t, func() {
		t.LastStatus = "DEPROVISIONING"
		t.executionStoppedAt = t.lastExit
		for _, c := range t.containers {
			c.lastStatus = "STOPPED"
		}
	})
	if begun {
		e.options.Executor.End(t.forExecutor())
	}
	e.sleep(e.options.Delays.Deprovisioning)
	e.change(t, func() {
		t.LastStatus, t.stoppedAt = "STOPPED", time.Now()
		if t.attachment != nil {
			t.attachment.status = "DELETED"
		}
		if t.instance != nil {
			t.instance.release(t.tenant)
		}
	})
}

// Start starts a task. If no instance has room for it, it returns the failures of RunTask
// instead. The caller holds the lock.
func (e *Engine) Start(s Spec) (*Task, []wire.Object) {
	t := e.newTask(s)
	if s.LaunchType != "FARGATE" {
		var reasons []wire.Object
		t.instance, t.tenant, reasons = s.Cluster.place(needs{t.cpu, t.memory, t.ports, t.group}, s.Placement)
		switch {
		case t.instance != nil:
		case t.provider != "" && len(reasons) == 0:
			t.Faults.StartFault = "TaskFailedToStart: NO ACTIVE INSTANCES"
		case t.provider != "":
			t.Faults.StartFault = "TaskFailedToStart: " + wire.Text(reasons[0], "reason")
		default:
			return nil, reasons
		}
	}
	e.tasks = append(e.tasks, t)
	e.byARN[t.ARN] = t
	e.work.Go(func() { e.live(t) })
	return t, nil
}
