package action

import (
	"context"
	"errors"
	"io"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/embedded"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/git"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/leftover"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/publish"
	"github.com/ecs-run-task/ecs-run-task/internal/registry"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/turn"
)

// invocation holds the environment and the inputs of a command that may call AWS. It is
// immutable. Its methods return the values that each stage needs.
type invocation struct {
	env     Env
	console *report.Report
	config  input.Config
	ci      ci.Run
}

func newInvocation(env Env, console *report.Report, config input.Config) invocation {
	return invocation{env, console, config, ci.Detect(env.LookupEnv)}
}

// execution is a run with its clients and logs.
type execution struct {
	conclude.Run
	clients *session.Clients // nil if AWS was not called
	logs    *logs.Logs       // nil if nothing was launched
}

func (in invocation) printFaults(faults []event.Note) {
	for _, fault := range faults {
		in.console.Error(fault)
	}
}

// connect creates the clients of AWS, or of the embedded ECS in a local run.
func (in invocation) connect(ctx context.Context) (*session.Clients, error) {
	return in.connectForRun(ctx, &execution{})
}

// connectForRun creates the clients for an execution. In a local run, it gives the secrets of
// the draft to the embedded ECS. The embedded ECS writes the output of containers to x.logs,
// which must be set before the first task starts.
func (in invocation) connectForRun(ctx context.Context, x *execution) (*session.Clients, error) {
	if in.config.Local == "" {
		return session.Connect(ctx, in.sessionEnv(), in.sessionOptions(), in.console.Emit)
	}
	local := embedded.Run{
		Executor: in.config.Local, Region: in.config.Region,
		Secrets: x.Draft.LocalSecrets, File: x.Draft.LocalEnvironment,
	}
	if in.config.Logs {
		local.Output = func(taskARN, container string) io.Writer { return x.logs.Output(taskARN, container) }
	}
	clients, err := embedded.Connect(ctx, in.env.embedded(), local)
	var missing *embedded.NoDockerError
	if errors.As(err, &missing) {
		return nil, explain.WithHint(err, embedded.WithoutDocker(in.env.Args))
	}
	return clients, err
}

func (in invocation) sessionEnv() session.Env {
	return session.Env{LookupEnv: in.env.LookupEnv, Unsetenv: in.env.Unsetenv, CI: in.ci}
}

func (in invocation) sessionOptions() session.Options {
	options := session.Options{AWSAccess: in.config.AWSAccess}
	if plan.EndPolicyOf(in.config).Waits() {
		options.Wait = in.config.Timeout
	}
	return options
}

// planEnv returns the environment of package plan.
func (in invocation) planEnv() plan.Env {
	return plan.Env{
		Getenv: in.env.getenv, Environ: in.env.Environ, Getwd: in.env.Getwd, Stdin: in.env.Stdin, CI: in.ci,
		CodeCommit: func(ctx context.Context) (git.AWSCredentials, error) {
			config, err := session.LoadConfig(ctx, in.sessionEnv(), in.sessionOptions(), in.console.Emit)
			if err != nil {
				return git.AWSCredentials{}, err
			}
			c, err := config.Credentials.Retrieve(ctx)
			return git.AWSCredentials{
				AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
			}, err
		},
	}
}

// leftoverEnv returns the environment of package leftover.
func (in invocation) leftoverEnv() leftover.Env {
	return leftover.Env{
		Config: in.config, CI: in.ci, Getenv: in.env.getenv, Connect: in.connect, Emit: in.console.Emit,
	}
}

// ecs returns the ECS client for the cluster.
func (in invocation) ecs(clients *session.Clients) cluster.Client {
	return cluster.Client{API: clients.ECS, Cluster: in.config.Cluster}
}

// explainer returns the explainer of errors. clients and logs may be nil.
func (in invocation) explainer(clients *session.Clients, logs *logs.Logs) explain.Explainer {
	advice := in.ci.Advice()
	e := explain.Explainer{
		Cluster: in.config.Cluster, Subnets: in.config.Subnets, Local: in.config.Local,
		CI: explain.CI{Credentials: advice.Credentials, Subject: advice.Subject, Lock: advice.Lock},
	}
	if clients != nil {
		e.Region, e.Account = clients.Config.Region, clients
	}
	if logs != nil {
		e.LastLines = logs.Last
	}
	return e
}

// publisher returns the publisher of the step's result.
func (in invocation) publisher() publish.Publisher {
	return publish.Publisher{Console: in.console, Files: in.config.ResultFile}
}

// stage returns the common values of the stages. The execution must have a plan.
func (in invocation) stage(x execution, l *ledger.Ledger) stage.Stage {
	return stage.Stage{
		ECS: in.ecs(x.clients), Plan: x.Outcome.Plan, Ledger: l, Emit: in.console.Emit,
		Explain: in.explainer(x.clients, x.logs), Clock: x.clients.LocalTime,
	}
}

// saveState saves new tasks and revisions in the ledger for the post stage.
func (in invocation) saveState(l *ledger.Ledger, clients *session.Clients) {
	l.OnTasks(in.publisher().SaveTasks)
	// The post stage cleans up if the step cannot.
	if !clients.Local && in.cleanUpChoice().All(true) {
		l.OnRevisions(in.publisher().SaveRevisions)
	}
}

// turn returns the stage that searches for tasks that already run.
func (in invocation) turn(s stage.Stage) turn.Turn {
	t := turn.Turn{Stage: s}
	if in.ci.ID != "" {
		t.Owner = ownership.Of(in.ci, in.config.Matrix)
	}
	return t
}

// registry returns the stage that registers definitions and deregisters revisions.
func (in invocation) registry(s stage.Stage, clients *session.Clients) registry.Registry {
	return registry.Registry{
		Stage: s, Reuse: in.config.ReuseRevision, CleansUp: in.cleanUpChoice().Any(), Principal: clients.Principal,
	}
}

// runner returns the stage that runs the plan of an execution.
func (in invocation) runner(s stage.Stage, x execution) run.Runner {
	r := run.Runner{
		Stage: s, Logs: x.logs, CleansUp: in.cleanUpChoice().Any(), RunURL: in.ci.URL,
		OwnStartedBy: in.ci.ID != "" && in.config.StartedBy == "",
	}
	if x.clients.Local {
		r.Changes = embedded.Changes
	}
	return r
}

// cleanUpChoice returns the clean-up that the inputs select.
func (in invocation) cleanUpChoice() registry.CleanUp {
	return registry.CleanUp{When: in.config.CleanUp, Keep: in.config.KeepRevisions}
}

const nothingCalled = "nothing was called; see ecs-run-task --help"
