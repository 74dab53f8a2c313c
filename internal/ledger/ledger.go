// Package ledger records what a run created in AWS: revisions, tasks, and launches that ECS did
// not answer. At its end the run uses the record to stop tasks, to clean up, and to report what is
// left.
package ledger

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/awscli"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// State is the state of a revision, a task or a launch in the ledger.
type State int

// The states.
const (
	Registered   State = iota // a revision that is active
	Deregistered              // a revision that is no longer active
	Followed                  // a task that somebody else started
	Started                   // a task that the run started
	Adopted                   // a task that an earlier attempt of the CI run started
	Ended                     // a task that has ended
	MaybeStarted              // a launch that ECS did not answer
)

// Entry is one revision, one task, or one launch that ECS did not answer.
type Entry struct {
	ARN      string // empty for a launch
	State    State
	Followed bool // somebody else started the task
	Stopping bool // ECS accepted the run's StopTask for the task

	Launch UnansweredLaunch // zero for a revision or a task
}

// UnansweredLaunch is a call of RunTask that ECS did not answer. It may have started tasks.
type UnansweredLaunch struct {
	Definition      string // family:revision
	Count           int    // number of tasks in the call
	Region, Cluster string
	StartedBy       string
	ClientToken     string
	Since           time.Time // when the first attempt of the call began
}

// ListCommand returns the AWS CLI command that lists the tasks of the launch.
func (l UnansweredLaunch) ListCommand() string {
	return awscli.ListTasks(l.Region, l.Cluster, l.StartedBy)
}

// Ledger records what a run created in AWS. It is the only value that the stages of a run share
// and change. Several goroutines may call its methods at once. The zero value is an empty ledger.
type Ledger struct {
	mu      sync.Mutex
	entries []Entry

	saving        sync.Mutex // held during a change and its save, so that saves are in order
	saveTasks     func(arns []string)
	saveRevisions func(arns []string)
}

// OnTasks sets a function that is called after each new task. It gets the ARNs of all tasks that
// this run or an earlier attempt started. It runs on the goroutine that added the task.
func (l *Ledger) OnTasks(save func(arns []string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saveTasks = save
}

// OnRevisions sets a function that is called after each registration and deregistration. It gets
// the ARNs of the active revisions. It runs on the goroutine that made the change.
func (l *Ledger) OnRevisions(save func(arns []string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saveRevisions = save
}

// Entries returns a copy of all entries in the order in which they were added.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// Registered adds a revision that the run registered.
func (l *Ledger) Registered(arn string) { l.change(Registered, arn) }

// Deregistered records that a revision is no longer active.
func (l *Ledger) Deregistered(arn string) { l.change(Deregistered, arn) }

// Started adds tasks that the run started.
func (l *Ledger) Started(arns ...string) { l.change(Started, arns...) }

// Adopted adds a task that an earlier attempt of the CI run started.
func (l *Ledger) Adopted(arn string) { l.change(Adopted, arn) }

// Followed adds a task that somebody else started. The run does not stop it.
func (l *Ledger) Followed(arn string) { l.change(Followed, arn) }

// Ours returns the given ARNs without those of followed tasks.
func (l *Ledger) Ours(arns []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		i := l.index(arn)
		return i >= 0 && l.entries[i].Followed
	})
}

// Ended records that a task has ended.
func (l *Ledger) Ended(arn string) { l.change(Ended, arn) }

// Launching adds a launch before its call of RunTask. See [Ledger.Answered].
func (l *Ledger) Launching(launch UnansweredLaunch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, Entry{State: MaybeStarted, Launch: launch})
}

// Answered removes the launch with a client token, because its tasks are now known. The caller
// adds those tasks as entries.
func (l *Ledger) Answered(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = slices.DeleteFunc(l.entries, func(e Entry) bool {
		return e.State == MaybeStarted && e.Launch.ClientToken == token
	})
}

// Unanswered returns the launch with a client token. ok is false if the ledger does not have the
// launch, for example because ECS has answered it.
func (l *Ledger) Unanswered(token string) (launch UnansweredLaunch, ok bool) {
	for _, e := range l.Entries() {
		if e.State == MaybeStarted && e.Launch.ClientToken == token {
			return e.Launch, true
		}
	}
	return UnansweredLaunch{}, false
}

// Has reports whether the ledger has an entry with the ARN of a revision or a task.
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

// Running returns the ARNs of the started and adopted tasks that are not known to have ended.
func (l *Ledger) Running() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arns(Entry.runs)
}

func (e Entry) isRevision() bool { return e.State == Registered }

func (e Entry) isTask() bool { return e.State >= Followed && e.State <= Ended }

func (e Entry) runs() bool { return e.State == Started || e.State == Adopted }

// Stopping records that ECS accepted StopTask for tasks. It ignores unknown ARNs.
func (l *Ledger) Stopping(arns ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, arn := range arns {
		if i := l.index(arn); i >= 0 {
			l.entries[i].Stopping = true
		}
	}
}

// NotStopping returns the given ARNs without those for which ECS accepted StopTask.
func (l *Ledger) NotStopping(arns []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		i := l.index(arn)
		return i >= 0 && l.entries[i].Stopping
	})
}

// IsStopping reports whether ECS accepted the run's StopTask for a task.
func (l *Ledger) IsStopping(arn string) bool { return len(l.NotStopping([]string{arn})) == 0 }

// Report writes the text for a step that ends at once. The text has these parts:
//   - why, the reason
//   - the active revisions that the step registered
//   - the tasks that may still run, and the commands that stop them
//   - the launches that ECS did not answer, and the commands that list their tasks
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
		if region, cluster, ok := task.Place(arn); ok {
			fmt.Fprintf(&text, "  %s\n", awscli.StopTask(region, cluster, arn))
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
