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

// heartbeatInterval is the time without output after which a console without a status line
// prints what the step waits for. CIs end jobs that print nothing for 10 minutes or more.
const heartbeatInterval = time.Minute

// wait shows what the step waits for: in the status line of a terminal, otherwise in a line
// after each minute without other output.
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
		r.endWait = r.startHeartbeat()
	}
}

// status returns the text of the status line.
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

// startHeartbeat prints what the step waits for after each minute without other output. It
// does so on a goroutine that ends when the returned function is called.
func (r *Report) startHeartbeat() (end func()) {
	return background(func(stop <-chan struct{}) {
		for {
			timer := time.NewTimer(r.heartbeat())
			select {
			case <-timer.C:
			case <-stop:
				timer.Stop()
				return
			}
		}
	})
}

// background runs work on its own goroutine. The function that it returns closes stop, and returns
// when work has returned.
func background(work func(stop <-chan struct{})) (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		work(stop)
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// heartbeat prints the line if it is due, and returns the time until it is due next.
func (r *Report) heartbeat() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waiting
	since := w.Since
	if r.printed.After(since) {
		since = r.printed
	}
	left := heartbeatInterval - time.Since(since)
	switch {
	case left > 0:
		return left
	case r.queue != nil && r.queue.busy(): // the reader would not see the line
		return heartbeatInterval
	}
	text := fmt.Sprintf("[%s] %s", event.Duration(time.Since(w.Since)), waitText(w))
	if left := time.Until(w.Deadline); left > 0 {
		text += fmt.Sprintf(", %s left", event.Duration(left))
	}
	r.print("", "", text)
	return heartbeatInterval
}

// waitText describes what the step waits for.
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

// statusOrder holds the statuses of a task in the order of its life cycle.
var statusOrder = []string{
	"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
}

func compareStatuses(a, b string) int {
	return cmp.Or(cmp.Compare(slices.Index(statusOrder, a), slices.Index(statusOrder, b)), cmp.Compare(a, b))
}

// Live shows a status line below the transcript if the console is a terminal without a CI:
// a spinner and the result of status. It calls status ten times a second on its own
// goroutine. The function that Live returns removes the line and ends the goroutine.
func (r *Report) Live(status func() string) (end func()) {
	if !r.screen.live {
		return func() {}
	}
	return background(func(stop <-chan struct{}) {
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
	})
}

// show changes the status line; an empty status removes it. It leaves the line unchanged
// while the terminal is slow.
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
