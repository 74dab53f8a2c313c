// Package action is the step: it takes each value from one stage of the line and
// hands it to the next, from the inputs to the exit status.
//
// It knows the order of the stages, makes the AWS clients, and turns errors into
// exit statuses. What a good definition is, how ECS behaves and how things are
// told is in the packages that it calls.
package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/cli"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// The exit statuses besides those of containers, which are 1 to 255 as they are,
// after docker run and timeout(1). A step that a signal ended exits with 128 and
// the signal's number.
const (
	ExitGood     = 0   // everything went well
	ExitTimedOut = 124 // the time-out came before the end
	ExitError    = 125 // the step itself could not do its work
	ExitSignal   = 128 // plus the number of the signal
)

// Env is what the step has of the operating system.
type Env struct {
	Args           []string // the program's name first
	LookupEnv      func(string) (string, bool)
	Unsetenv       func(string) error // the AWS SDK reads the environment by itself
	Environ        func() []string
	Getwd          func() (string, error) // the workspace
	Stdout, Stderr io.Writer
	Terminal       bool             // Stdout is one
	Signals        <-chan os.Signal // that ask the step to end; nil if there are none
}

// getenv returns the value of a variable, "" if it is not set.
func (e Env) getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// some returns those of the variables that are set, as NAME=value.
func (e Env) some(names ...string) []string {
	var set []string
	for _, name := range names {
		if value, ok := e.LookupEnv(name); ok {
			set = append(set, name+"="+value)
		}
	}
	return set
}

// Interrupted is the cause of the end of a step's context: a signal.
type Interrupted struct {
	Signal os.Signal
	At     time.Time // when it came
}

func (i *Interrupted) Error() string {
	switch i.Signal {
	case os.Interrupt:
		return "cancelled by SIGINT"
	case syscall.SIGTERM:
		return "cancelled by SIGTERM"
	}
	return "cancelled by signal: " + i.Signal.String()
}

// status is the exit status after the signal.
func (i *Interrupted) status() int {
	if number, ok := i.Signal.(syscall.Signal); ok {
		return ExitSignal + int(number)
	}
	return ExitError
}

// echoTime is how soon after the first a signal is the same one: timeout(1) and
// some CIs signal the process and then its group.
const echoTime = 100 * time.Millisecond

// Main runs the command that the arguments ask for and returns its exit status.
// The first signal ends the step in order, in [endingTime] at the most; the
// second ends it at once.
func Main(env Env) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	made := &ledger{}
	done := make(chan int, 1)
	go func() { done <- dispatch(ctx, env, made) }()
	var first *Interrupted
	var late <-chan time.Time
	for {
		select {
		case status := <-done:
			return status
		case <-late:
			made.tell(env.Stdout, fmt.Sprintf("did not end within %s of the signal", endingTime))
			return first.status()
		case s := <-env.Signals:
			interrupted := &Interrupted{s, time.Now()}
			if first != nil {
				if interrupted.At.Sub(first.At) < echoTime {
					continue
				}
				made.tell(env.Stdout, fmt.Sprintf("ended at once by a second signal (%s)", s))
				return interrupted.status()
			}
			first, late = interrupted, time.After(endingTime)
			cancel(interrupted)
		}
	}
}

const nothingCalled = "nothing was called; see ecs-run-task --help"

func dispatch(ctx context.Context, env Env, made *ledger) int {
	console := report.New(env.Stdout, env.getenv, env.Terminal)
	args := env.Args[1:]
	if filepath.Base(env.Args[0]) == "post" { // a container action's post-entrypoint is one word
		args = append([]string{"post"}, args...)
	}
	command, err := cli.Parse(args, env.LookupEnv)
	if command.Name == "policy" { // whose output is the policy alone
		console = report.New(env.Stderr, env.getenv, false)
	}
	if err != nil {
		if command.Name == "run" || command.Name == "" { // no such command
			return newStep(env, console, command.Run).refuse(ctx, err)
		}
		for _, note := range notes(err) {
			console.Error(note)
		}
		console.Printf(nothingCalled)
		return ExitError
	}
	if command.Name == "run" {
		for _, message := range input.Misspelled(env.Environ()) {
			console.Warning(report.Note{Title: "input that is not read", Text: message})
		}
		for _, warning := range command.Run.Warnings() {
			console.Warning(report.Note{Title: "input " + warning.Input, Text: warning.Error(), Hint: warning.Hint})
		}
	}
	switch command.Name {
	case "print":
		io.WriteString(env.Stdout, command.Text)
		return ExitGood
	case "version":
		fmt.Fprintln(env.Stdout, version())
		return ExitGood
	case "schema":
		text := report.Schema()
		if command.Schema == "definition" {
			text = taskdef.JSONSchema(runtask.JSONSchema())
		}
		env.Stdout.Write(text)
		return ExitGood
	case "local-ecs":
		return serveLocal(ctx, env, command.LocalECS)
	case "init":
		return initialize(ctx, env, console, command.Init)
	case "check":
		return check(ctx, env, console, command.Check)
	case "policy":
		return newStep(env, console, command.Run).policy(ctx)
	case "stop", "reap":
		return stopLeft(ctx, env, console, command.Name, command.Leftover)
	}
	s := newStep(env, console, command.Run)
	s.made = made
	if command.Name == "post" {
		return s.post(ctx)
	}
	return s.run(ctx)
}

// ledger is what a step has made, for the message of one that is ended at once.
type ledger struct {
	mu          sync.Mutex
	definitions []string // ARNs of those it registered
	tasks       []string // ARNs of those it started and has not seen end

	asked map[string]bool // ARNs of tasks that ECS has taken the order to stop for
}

func (l *ledger) registered(arn string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.definitions = append(l.definitions, arn)
}

func (l *ledger) started(arn string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks = append(l.tasks, arn)
}

func (l *ledger) ended(arn string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks = slices.DeleteFunc(l.tasks, func(task string) bool { return task == arn })
}

// running returns the ARNs of the tasks that run as far as is known.
func (l *ledger) running() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.tasks)
}

// stopped takes in that ECS is to stop tasks.
func (l *ledger) stopped(states []*task.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked == nil {
		l.asked = map[string]bool{}
	}
	for _, state := range states {
		l.asked[aws.ToString(state.TaskArn)] = true
	}
}

// unstopped returns the tasks that ECS was not asked to stop, or not to any avail.
func (l *ledger) unstopped(states []*task.State) []*task.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(states), func(state *task.State) bool { return l.asked[aws.ToString(state.TaskArn)] })
}

// hasStopped reports whether ECS took the step's order to stop a task.
func (l *ledger) hasStopped(state *task.State) bool {
	return len(l.unstopped([]*task.State{state})) == 0
}

func (l *ledger) tell(out io.Writer, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text strings.Builder
	fmt.Fprintln(&text, why)
	for _, arn := range l.definitions {
		fmt.Fprintf(&text, "this step registered %s\n", arn)
	}
	for _, arn := range l.tasks {
		fmt.Fprintf(&text, "this task may still run: %s\n", arn)
	}
	io.WriteString(out, text.String())
}

// interruption returns the signal that ended ctx, nil if none did.
func interruption(ctx context.Context) *Interrupted {
	var interrupted *Interrupted
	errors.As(context.Cause(ctx), &interrupted)
	return interrupted
}
