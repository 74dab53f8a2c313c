// Package ledger holds what exists in AWS because of a run: what is to be stopped, cleaned up
// and named at its end.
package ledger

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
)

// State is how far the run has come with something that it made in AWS.
type State int

// The states.
const (
	Registered   State = iota // a revision
	Deregistered              // a revision
	Followed                  // a task that others started
	Started                   // a task that the run started
	Adopted                   // a task that an earlier attempt started
	Ended                     // a task
	MaybeStarted              // a launch that ECS has not answered
)

// Entry is one revision, one task, or one launch that ECS has not answered.
type Entry struct {
	ARN      string // empty for a launch
	State    State
	Followed bool // others started the task
	Stopping bool // ECS accepted the run's order to stop the task

	Launch UnansweredLaunch // the zero value for a revision or a task
}

// UnansweredLaunch is a call of RunTask that ECS has not answered: it may have started
// tasks.
type UnansweredLaunch struct {
	Definition      string // family:revision
	Count           int    // of tasks
	Region, Cluster string
	StartedBy       string
	ClientToken     string
	Since           time.Time // when the call was made first
}

// ListCommand is the command that lists the tasks.
func (l UnansweredLaunch) ListCommand() string {
	return fmt.Sprintf("aws ecs list-tasks --region %s --cluster %s --started-by %s", l.Region, l.Cluster, l.StartedBy)
}

// Ledger holds what exists in AWS because of a run: the only value that its stages
// share and change. Its methods may be called from several goroutines. The zero value
// is empty.
type Ledger struct {
	mu      sync.Mutex
	entries []Entry

	saving        sync.Mutex // held while something is saved: in the order that it came to be
	saveTasks     func(arns []string)
	saveRevisions func(arns []string)
}

// OnTasks has save called with the ARNs of all tasks whenever there is a new one.
func (l *Ledger) OnTasks(save func(arns []string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saveTasks = save
}

// OnRevisions has save called with the ARNs of the revisions that are registered and not
// deregistered, whenever that changes.
func (l *Ledger) OnRevisions(save func(arns []string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saveRevisions = save
}

// Entries returns what there is, in the order it came to be.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// Registered adds a revision.
func (l *Ledger) Registered(arn string) { l.change(Registered, arn) }

// Deregistered says that a revision is no longer active.
func (l *Ledger) Deregistered(arn string) { l.change(Deregistered, arn) }

// Started adds tasks that the run started.
func (l *Ledger) Started(arns ...string) { l.change(Started, arns...) }

// Adopted adds a task that an earlier attempt started.
func (l *Ledger) Adopted(arn string) { l.change(Adopted, arn) }

// Followed adds a task that others started, which the run does not stop.
func (l *Ledger) Followed(arn string) { l.change(Followed, arn) }

// Ours returns those of the tasks that the run, or an earlier attempt of it, started.
func (l *Ledger) Ours(arns []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		i := l.index(arn)
		return i >= 0 && l.entries[i].Followed
	})
}

// Ended says that a task has ended.
func (l *Ledger) Ended(arn string) { l.change(Ended, arn) }

// Launching adds a launch, which ECS has not answered yet.
func (l *Ledger) Launching(launch UnansweredLaunch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, Entry{State: MaybeStarted, Launch: launch})
}

// Answered says that it is known what the launch with a client token has started: its
// tasks are entries of their own.
func (l *Ledger) Answered(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = slices.DeleteFunc(l.entries, func(e Entry) bool {
		return e.State == MaybeStarted && e.Launch.ClientToken == token
	})
}

// Unanswered returns the launch with a client token that ECS has not answered.
func (l *Ledger) Unanswered(token string) (launch UnansweredLaunch, ok bool) {
	for _, e := range l.Entries() {
		if e.State == MaybeStarted && e.Launch.ClientToken == token {
			return e.Launch, true
		}
	}
	return UnansweredLaunch{}, false
}

// Has reports whether there is an entry of a revision or a task.
func (l *Ledger) Has(arn string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.index(arn) >= 0
}

func (l *Ledger) change(state State, arns ...string) {
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	newTask := false
	for _, arn := range arns {
		if i := l.index(arn); i >= 0 {
			l.entries[i].State = state
			l.entries[i].Followed = l.entries[i].Followed || state == Followed
			continue
		}
		l.entries = append(l.entries, Entry{ARN: arn, State: state, Followed: state == Followed})
		newTask = newTask || state == Started || state == Adopted
	}
	saveTasks, tasks := l.saveTasks, l.arns(func(e Entry) bool { return e.isTask() && !e.Followed })
	saveRevisions, revisions := l.saveRevisions, l.arns(Entry.isRevision)
	l.mu.Unlock()
	if newTask && saveTasks != nil {
		saveTasks(tasks)
	}
	if revision := state == Registered || state == Deregistered; revision && saveRevisions != nil {
		saveRevisions(revisions)
	}
}

func (l *Ledger) index(arn string) int {
	return slices.IndexFunc(l.entries, func(e Entry) bool { return e.ARN == arn })
}

func (l *Ledger) arns(which func(Entry) bool) []string {
	var arns []string
	for _, e := range l.entries {
		if which(e) {
			arns = append(arns, e.ARN)
		}
	}
	return arns
}

// Running returns the ARNs of the tasks that run as far as is known.
func (l *Ledger) Running() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arns(Entry.runs)
}

func (e Entry) isRevision() bool { return e.State == Registered }

func (e Entry) isTask() bool { return e.State >= Followed && e.State <= Ended }

func (e Entry) runs() bool { return e.State == Started || e.State == Adopted }

// Stopping says that ECS accepted the order to stop tasks.
func (l *Ledger) Stopping(arns ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, arn := range arns {
		if i := l.index(arn); i >= 0 {
			l.entries[i].Stopping = true
		}
	}
}

// NotStopping returns those of the tasks that ECS was not asked to stop, or did not
// accept to.
func (l *Ledger) NotStopping(arns []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		i := l.index(arn)
		return i >= 0 && l.entries[i].Stopping
	})
}

// IsStopping reports whether ECS accepted the run's order to stop a task.
func (l *Ledger) IsStopping(arn string) bool { return len(l.NotStopping([]string{arn})) == 0 }

// Report writes why the step ends at once, what it registered, which tasks may still
// run, with the commands that stop them, and which launches ECS has not answered, with
// the commands that list their tasks.
func (l *Ledger) Report(out io.Writer, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text strings.Builder
	fmt.Fprintln(&text, why)
	for _, arn := range l.arns(Entry.isRevision) {
		fmt.Fprintf(&text, "this step registered %s\n", arn)
	}
	for _, arn := range l.arns(Entry.runs) {
		fmt.Fprintf(&text, "this task may still run: %s\n", arn)
		if region, cluster, ok := placeOf(arn); ok {
			fmt.Fprintf(&text, "  aws ecs stop-task --region %s --cluster %s --task %s\n", region, cluster, arn)
		}
	}
	for _, e := range l.entries {
		if launch := e.Launch; e.State == MaybeStarted {
			fmt.Fprintf(&text, "%s of %s may have started: ECS has not answered RunTask since %s (client token %s); to look:\n",
				event.Plural(launch.Count, "task"), launch.Definition, launch.Since.UTC().Format(time.TimeOnly+" "+
					"MST"), launch.ClientToken)
			fmt.Fprintf(&text, "  %s\n", launch.ListCommand())
		}
	}
	io.WriteString(out, text.String())
}

// placeOf returns the region and the cluster in a task's ARN:
// arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID. It has no cluster in the old form.
func placeOf(arn string) (region, cluster string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", "", false
	}
	path := strings.Split(parts[5], "/")
	if len(path) != 3 {
		return "", "", false
	}
	return parts[3], path[1], true
}
