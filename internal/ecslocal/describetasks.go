package ecslocal

import (
	"slices"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// forget drops the tasks, and the launches of tasks, that stopped too long ago to be described.
// The caller holds the lock.
func (s *Server) forget() {
	remembered := func(t *tasks.Task) bool { return !t.Gone() }
	for token, l := range s.launches {
		if time.Since(l.at) > 24*time.Hour || len(l.tasks) > 0 && !slices.ContainsFunc(l.tasks, remembered) {
			delete(s.launches, token)
		}
	}
	s.engine.Forget()
}

func (s *Server) describeTasks(in object, from caller) (any, error) {
	names := wire.Texts(in, "tasks")
	switch {
	case len(names) == 0:
		return nil, wire.InvalidParameter("Tasks cannot be empty.")
	case len(names) > 100:
		return nil, wire.InvalidParameter("Tasks cannot be more than 100.")
	}
	if err := s.awaitChange(in, names, from); err != nil {
		return nil, err
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	s.forget()
	tags := slices.Contains(wire.Texts(in, "include"), "TAGS")
	found, failures := []any{}, []any{}
	for _, name := range names {
		t := s.engine.Task(c, name)
		if t == nil || from.effect.missing {
			failures = append(failures, wire.Failure(s.account.NamedARN("task/"+c.Name, name), "MISSING", ""))
			continue
		}
		found = append(found, t.Response(tags))
	}
	return object{"tasks": found, "failures": failures}, nil
}

// awaitChange returns when one of the tasks has changed or the wait of the request is over; at
// once if the request does not wait or there is nothing to wait for.
func (s *Server) awaitChange(in object, names []string, from caller) error {
	if from.wait.atMost == 0 {
		return nil
	}
	changed := make(chan struct{}, 1)
	s.engine.Lock()
	c, err := s.cluster(in)
	var stop func()
	if err == nil {
		stop = s.engine.Watch(c, names, from.wait.known, changed)
	}
	s.engine.Unlock()
	if stop == nil {
		return err
	}
	defer stop()
	timer := time.NewTimer(from.wait.atMost)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-from.ctx.Done():
	case <-s.engine.Life().Done():
	}
	return nil
}

func (s *Server) listTasks(in object, _ caller) (any, error) {
	desired := wire.Text(in, "desiredStatus")
	switch desired {
	case "":
		desired = "RUNNING"
	case "RUNNING", "STOPPED":
	case "PENDING":
		// Allowed, and never the desired status of a task, as the API reference says.
	default:
		return nil, wire.InvalidParameter("desiredStatus must be RUNNING, PENDING or STOPPED.")
	}
	if wire.Text(in, "startedBy") != "" {
		for _, name := range []string{"family", "serviceName", "containerInstance", "launchType", "desiredStatus"} {
			if wire.Text(in, name) != "" {
				return nil, wire.InvalidParameter("cannot specify startedBy with other arguments")
			}
		}
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	s.forget()
	var all []wire.Item
	for _, t := range s.engine.Tasks() {
		listed := t.Cluster == c && t.DesiredStatus == desired && t.Matches(in)
		all = append(all, wire.Item{Name: t.ARN, Listed: listed})
	}
	return wire.Page(in, "taskArns", all)
}

func (s *Server) stopTask(in object, _ caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	s.forget()
	t := s.engine.Task(c, wire.Text(in, "task"))
	if t == nil {
		return nil, wire.InvalidParameter("The referenced task was not found.")
	}
	reason := wire.Text(in, "reason")
	if reason == "" {
		reason = "Task stopped by user"
	}
	t.Stop("UserInitiated", reason)
	t.Tags = nil // as AWS does
	return object{"task": t.Response(false)}, nil
}
