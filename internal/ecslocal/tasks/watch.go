package tasks

// Watch makes the engine send to changed when one of the tasks of a cluster changes, until
// stop is called. known are versions by task ids. It returns nil for stop if there is nothing
// to wait for: a task is unknown or has another version, or all are STOPPED. The caller holds
// the lock; stop takes it.
func (e *Engine) Watch(c *ClusterState, names []string, known map[string]int, changed chan<- struct{}) (stop func()) {
	var watched []*Task
	stopped := 0
	for _, name := range names {
		t := e.Task(c, name)
		if t == nil {
			return nil
		}
		if version, given := known[t.ID]; given && version != t.Version {
			return nil
		}
		if t.Stopped() {
			stopped++
		}
		watched = append(watched, t)
	}
	if stopped == len(watched) {
		return nil
	}
	for _, t := range watched {
		if t.waiting == nil {
			t.waiting = make(map[chan<- struct{}]bool)
		}
		t.waiting[changed] = true
	}
	return func() {
		e.Lock()
		defer e.Unlock()
		for _, t := range watched {
			delete(t.waiting, changed)
		}
	}
}
