package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
)

// quiet is how long nothing is printed before a console without a status line gets a line
// that says what the step waits for. CIs end jobs that print nothing, after 10 minutes and
// more.
const quiet = time.Minute

// wait shows what the step waits for: in the status line where a person watches, and else
// in a line whenever nothing else was printed for a minute.
func (r *Report) wait(e event.Waiting) {
	r.mu.Lock()
	r.waiting = e
	shown := r.endWait != nil
	r.mu.Unlock()
	switch {
	case e.Since.IsZero() && shown:
		r.endWait()
		r.endWait = nil
	case e.Since.IsZero() || shown:
	case r.screen.live:
		r.endWait = r.Live(r.status)
	default:
		r.endWait = r.beat()
	}
}

// status is what the status line says of the wait.
func (r *Report) status() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waiting
	text := waitText(w) + ", " + event.Duration(time.Since(w.Since))
	if !w.Deadline.IsZero() {
		text += " of " + event.Duration(w.Deadline.Sub(w.Since))
	}
	return text
}

// beat prints what the step waits for whenever nothing was printed for a minute, on a
// goroutine of its own, until the function that it returns is called.
func (r *Report) beat() (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			timer := time.NewTimer(r.heartbeat())
			select {
			case <-timer.C:
			case <-stop:
				timer.Stop()
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// heartbeat prints the line if it is time to, and returns when it may be time next.
func (r *Report) heartbeat() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waiting
	since := w.Since
	if r.printed.After(since) {
		since = r.printed
	}
	left := quiet - time.Since(since)
	switch {
	case left > 0:
		return left
	case r.queue != nil && r.queue.busy(): // nothing would be seen of it
		return quiet
	}
	text := fmt.Sprintf("[%s] %s", event.Duration(time.Since(w.Since)), waitText(w))
	if left := time.Until(w.Deadline); left > 0 {
		text += fmt.Sprintf(", %s left", event.Duration(left))
	}
	r.print("", "", text)
	return quiet
}

// waitText says what is waited for.
func waitText(w event.Waiting) string {
	switch {
	case w.What != "":
		return "waiting for " + w.What
	case w.Open == 0:
		return "reading the logs to their end"
	}
	tasks := "1 task"
	if w.Total != 1 {
		tasks = fmt.Sprintf("%d tasks", w.Total)
	}
	text := fmt.Sprintf("waiting for %d of %s", w.Open, tasks)
	var statuses []string
	for _, status := range slices.SortedFunc(maps.Keys(w.Statuses), compareStatuses) {
		statuses = append(statuses, fmt.Sprintf("%d %s", w.Statuses[status], status))
	}
	if len(statuses) > 0 {
		text += " (" + strings.Join(statuses, ", ") + ")"
	}
	return text
}

// life is the statuses of a task in their order.
var life = []string{
	"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
}

func compareStatuses(a, b string) int {
	return cmp.Or(cmp.Compare(slices.Index(life, a), slices.Index(life, b)), cmp.Compare(a, b))
}

// Live shows a status line below the transcript, if a person watches: a spinner
// and what status returns, which is asked ten times a second on a goroutine of
// its own. It is gone when the function that Live returns has returned.
func (r *Report) Live(status func() string) (end func()) {
	if !r.screen.live {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			r.show(status())
			select {
			case <-ticker.C:
			case <-stop:
				r.show("")
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// show changes the status line; empty takes it away. A terminal that is behind keeps the
// one that it has.
func (r *Report) show(status string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if status != "" && r.queue != nil && r.queue.busy() {
		return
	}
	r.screen.clear(r.out)
	r.screen.status = strings.TrimSpace(r.masks.Hide(status))
	r.screen.frame++
	r.screen.draw(r.out)
}
