// Package action runs the step and the other commands. It calls the stages in order, from the
// inputs to the exit status, and passes the result of each stage to the next.
//
// It knows the order of the stages, creates the AWS clients, and turns errors into exit statuses.
// The packages that it calls contain the rules for definitions, the behaviour of ECS and the
// output.
package action

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/cli"
	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/embedded"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/leftover"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/shutdown"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// statusOf returns the exit status of a command. The command has already printed its errors.
func statusOf(done bool) int {
	if done {
		return conclude.ExitSuccess
	}
	return conclude.ExitError
}

// echoTime is the time after the first signal during which further signals are ignored as
// duplicates. timeout(1) and some CIs send a signal to the process and then to its process group.
const echoTime = 100 * time.Millisecond

// lastWords is how long Main waits for the console to print the remaining output.
const lastWords = 300 * time.Millisecond

// Main runs the command in the arguments and returns its exit status. After the first signal,
// the step shuts down within [shutdown.Time]. After the second signal, it ends immediately. If
// Stdout blocks, only the log lines of tasks wait for it, and after a signal they do not wait
// either.
func Main(env Env) int {
	stdout := report.NewQueue(env.Stdout)
	env.Stdout = stdout
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	l := &ledger.Ledger{}
	done := make(chan int, 1)
	go func() {
		status := dispatch(ctx, env, l)
		stdout.Close()
		done <- status
	}()
	endNow := func(why string) {
		l.Report(env.Stdout, why)
		stdout.CloseBy(time.Now().Add(lastWords))
		stdout.Close()
	}
	var first *shutdown.Interrupted
	var late <-chan time.Time
	for {
		select {
		case status := <-done:
			return status
		case <-late:
			endNow(fmt.Sprintf("did not end within %s of the signal", shutdown.Time))
			return conclude.SignalStatus(first.Signal)
		case s := <-env.Signals:
			interrupted := &shutdown.Interrupted{Signal: s, At: time.Now()}
			if first != nil {
				if interrupted.At.Sub(first.At) < echoTime {
					continue
				}
				endNow(fmt.Sprintf("ended at once by a second signal (%s)", s))
				return conclude.SignalStatus(s)
			}
			first, late = interrupted, time.After(shutdown.Time)
			stdout.CloseBy(interrupted.At.Add(shutdown.Time - lastWords))
			cancel(interrupted)
		}
	}
}

func dispatch(ctx context.Context, env Env, l *ledger.Ledger) int {
	console := report.New(env.Stdout, env.getenv, env.Terminal)
	args := env.Args[1:]
	// The post-entrypoint of a container action is a single word, without arguments.
	if filepath.Base(env.Args[0]) == "post" {
		args = append([]string{"post"}, args...)
	}
	command, err := cli.Parse(args, env.LookupEnv)
	if command.Name == "policy" { // stdout must contain only the policy
		console = report.New(env.Stderr, env.getenv, false)
	}
	if command.Name == "run" || command.Name == "" { // a misspelled input may be the cause of err
		for _, message := range input.Misspelled(env.Environ()) {
			console.Warning(event.Note{Title: "input that is not read", Text: message})
		}
	}
	if err != nil {
		if len(args) == 0 && ci.Detect(env.LookupEnv).System == "" { // a first try, outside of a CI
			console.Error(event.Note{Text: err.Error(), Hint: "ecs-run-task init writes a first definition, and the file " +
				"of the CI that runs it"})
			console.Printf(nothingCalled)
			return conclude.ExitError
		}
		if command.Name == "run" || command.Name == "" { // "": the command is unknown
			return newInvocation(env, console, command.Run).refuse(ctx, err)
		}
		for _, note := range explain.Notes(err) {
			console.Error(note)
		}
		console.Printf(nothingCalled)
		return conclude.ExitError
	}
	if command.Name == "run" {
		for _, warning := range command.Run.Warnings() {
			console.Warning(event.Note{Title: "input " + warning.Input, Text: warning.Error(), Hint: warning.Hint})
		}
	}
	switch command.Name {
	case "print":
		io.WriteString(env.Stdout, command.Text)
		return conclude.ExitSuccess
	case "version":
		fmt.Fprintln(env.Stdout, version())
		return conclude.ExitSuccess
	case "schema":
		text := result.Schema()
		if command.Schema == "definition" {
			text = taskdef.JSONSchema(runtask.JSONSchema())
		}
		env.Stdout.Write(text)
		return conclude.ExitSuccess
	case "local-ecs":
		status, err := embedded.Serve(ctx, env.embedded(), command.LocalECS)
		if err != nil {
			fmt.Fprintf(env.Stderr, "local-ecs: %v\n", err)
			return conclude.ExitError
		}
		return status
	case "init":
		return initialize(ctx, env, console, command.Init)
	case "check":
		return checkFiles(ctx, env, console, command.Check)
	case "policy":
		return newInvocation(env, console, command.Run).policy(ctx)
	case "stop", "reap":
		in := newInvocation(env, console, input.Config{
			AWS: input.AWS{AWSAccess: command.Leftover.AWSAccess, Cluster: command.Leftover.Cluster},
		})
		return statusOf(leftover.Stop(ctx, in.leftoverEnv(), command.Name, command.Leftover))
	}
	in := newInvocation(env, console, command.Run)
	if command.Name == "post" {
		return statusOf(leftover.Post(ctx, in.leftoverEnv()))
	}
	return in.run(ctx, l)
}
