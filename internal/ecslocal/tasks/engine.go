// Package tasks has the clusters of an account and the life of their tasks: placement on
// instances, states, containers with their dependencies and health checks, and the end.
//
// It does not know requests: the package ecslocal checks them, and calls [Engine.Start].
package tasks

import (
	"context"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/secrets"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// Delays are how long a task is in each state at least. 0 means 20 milliseconds; a negative
// duration means no delay. A task is RUNNING as long as its containers run, and STOPPING until
// they have ended.
type Delays struct {
	Provisioning, Pending, Activating, Running, Deactivating, Stopping, Deprovisioning time.Duration
}

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

// Options are what tasks run with.
type Options struct {
	Executor runtime.Executor // nil if no task can be started
	Output   func(taskARN, container string) io.Writer
	Buckets  fs.FS // of S3, for environment files; nil for none
	Delays   Delays
	Logs     *logs.Store
	Secrets  *secrets.Store
	Random   *rand.Rand // for ids; nil for random ones
}

// An Engine has clusters and runs tasks. Its lock guards all that changes, of clusters and
// tasks too; methods that need it say so.
type Engine struct {
	sync.Mutex
	wire.Account
	Clusters map[string]*ClusterState

	options Options
	tasks   []*Task // in the order in which they were started
	byARN   map[string]*Task
	closed  bool

	life context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // of every task
}

// New returns an engine without clusters. Close ends it.
func New(account wire.Account, o Options) *Engine {
	o.Delays = o.Delays.filled()
	e := &Engine{Account: account, options: o, Clusters: make(map[string]*ClusterState), byARN: make(map[string]*Task)}
	e.life, e.end = context.WithCancel(context.Background())
	if x, ok := o.Executor.(interface{ Recover(context.Context) }); ok {
		e.work.Go(func() { x.Recover(e.life) })
	}
	return e
}

// Close kills every container that still runs and waits for all of them. Start must not be
// called afterwards.
func (e *Engine) Close() {
	e.Lock()
	e.closed = true
	e.Unlock()
	e.end()
	e.work.Wait()
}

// Closed reports whether Close was called. The caller holds the lock.
func (e *Engine) Closed() bool { return e.closed }

// CanRun reports whether the engine has an executor.
func (e *Engine) CanRun() bool { return e.options.Executor != nil }

// Life ends with Close.
func (e *Engine) Life() context.Context { return e.life }

// AddCluster adds a cluster. The caller holds the lock.
func (e *Engine) AddCluster(configured Cluster) *ClusterState {
	c := &ClusterState{
		Cluster: configured, ARN: e.ARN("cluster/%s", configured.Name), zone: e.Region + "a",
		Created: time.Now(), Status: "ACTIVE",
	}
	for _, i := range configured.Instances {
		c.instances = append(c.instances, newInstance(e.Account, c, e.hexID, i))
	}
	e.Clusters[configured.Name] = c
	return c
}

// Forget drops the tasks that can no longer be described. The caller holds the lock.
func (e *Engine) Forget() {
	e.tasks = slices.DeleteFunc(e.tasks, func(t *Task) bool {
		if t.Gone() {
			delete(e.byARN, t.ARN)
		}
		return t.Gone()
	})
}

// Tasks returns the tasks in the order in which they were started. The caller holds the lock
// while it reads them.
func (e *Engine) Tasks() []*Task { return e.tasks }

// Counts returns how many tasks of a cluster run, and how many have not started yet. The
// caller holds the lock.
func (e *Engine) Counts(c *ClusterState) (running, pending int) {
	for _, t := range e.tasks {
		switch {
		case t.Cluster != c:
		case t.LastStatus == "RUNNING":
			running++
		case t.startedAt.IsZero() && t.LastStatus != "STOPPED":
			pending++
		}
	}
	return running, pending
}

// Find returns the task with an ARN; nil if there is none. The caller holds the lock.
func (e *Engine) Find(arn string) *Task { return e.byARN[arn] }

// Task returns the task of a cluster with an id or ARN; nil if there is none. The caller
// holds the lock.
func (e *Engine) Task(c *ClusterState, name string) *Task {
	if t := e.byARN[e.NamedARN("task/"+c.Name, name)]; t != nil && t.Cluster == c {
		return t
	}
	return nil
}

// hexID returns n bytes in hexadecimal. The caller holds the lock.
func (e *Engine) hexID(n int) string {
	if e.options.Random == nil {
		return wire.HexID(n)
	}
	const digits = "0123456789abcdef"
	id := make([]byte, 2*n)
	for i := range id {
		id[i] = digits[e.options.Random.IntN(16)]
	}
	return string(id)
}

func (e *Engine) uuid() string { return wire.FormatUUID(e.hexID(16)) }

// change changes a task as one event.
func (e *Engine) change(t *Task, f func()) {
	e.Lock()
	defer e.Unlock()
	f()
	t.touch()
}

// over reports whether a task is to stop.
func (e *Engine) over(t *Task) bool {
	select {
	case <-t.stopping:
		return true
	case <-e.life.Done():
		return true
	default:
		return false
	}
}

// hold waits. It returns false as soon as the task is to stop.
func (e *Engine) hold(t *Task, d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.stopping:
	case <-e.life.Done():
	}
	return !e.over(t)
}

// sleep waits unless the engine is closed.
func (e *Engine) sleep(d time.Duration) {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.life.Done():
	}
}
