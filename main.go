// Command ecs-run-task runs tasks on Amazon ECS as a step of a CI workflow, and
// passes or fails with their containers' exit codes.
package main

import (
	"os"
	"os/signal"
	"syscall"

	_ "golang.org/x/crypto/x509roots/fallback" // the image has no certificates of its own

	"github.com/ecs-run-task/ecs-run-task/internal/action"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	// A console whose reader is gone must not end the step. Nothing reads the channel; to
	// ignore the signal would have the containers of a local run ignore it too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	stdout, err := os.Stdout.Stat()
	os.Exit(action.Main(action.Env{
		Args:      os.Args,
		LookupEnv: os.LookupEnv,
		Unsetenv:  os.Unsetenv,
		Environ:   os.Environ,
		Getwd:     os.Getwd,
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Terminal:  err == nil && stdout.Mode()&os.ModeCharDevice != 0,
		Signals:   signals,
	}))
}
