package action

import (
	"context"
	"io"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/git"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/leftover"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// invocation is what a command that may call AWS was given. It never changes.
type invocation struct {
	env     Env
	console *report.Report
	config  input.Config
	ci      ci.Run
}

func newInvocation(env Env, console *report.Report, config input.Config) invocation {
	return invocation{env, console, config, ci.Detect(env.LookupEnv)}
}

// execution is a run with what is needed to conclude it.
type execution struct {
	draft    plan.Draft
	clients  *session.Clients // nil if AWS was not called
	logs     *logs.Logs       // nil if nothing was launched
	compared []report.Comparison
	requests []plan.Request // of a dry run
	outcome  run.Outcome
}

// execute is the whole order of a run: each stage takes the values of those before
// it. It ends at the first that fails.
func (in invocation) execute(ctx context.Context, ledger *run.Ledger) (x execution) {
	var err error
	defer func() { x.outcome = x.outcome.End(ctx, err) }()
	if x.draft, err = plan.Load(ctx, in.config, in.planEnv(), in.console.Emit); err != nil {
		return x
	}
	if !in.config.DryRun || x.draft.NeedsAWS() {
		output := func(taskARN, container string) io.Writer {
			if !in.config.Logs {
				return nil
			}
			return x.logs.Output(taskARN, container)
		}
		if x.clients, err = in.connect(ctx, ecslocal.Secrets(x.draft.LocalSecrets), ecslocal.Output(output)); err != nil {
			return x
		}
	}
	if x.outcome.Plan, err = x.draft.Resolve(ctx, x.clients, in.console.Emit); err != nil {
		return x
	}
	x.compared = in.comparePlan(ctx, x.clients, x.outcome.Plan)
	if in.config.DryRun {
		x.requests, err = in.printRequests(x.outcome.Plan)
		return x
	}
	x.logs = logs.New(ctx, x.clients, logs.Options{
		Shown:     in.config.Logs && x.outcome.Plan.End.Waits(),
		MultiTask: x.outcome.Plan.MultiTask(),
		Rule:      logRule(in.config.LogWait), URL: report.LogURL,
	}, in.console.Emit)
	runner := in.runner(x, ledger)
	if in.config.Reattach {
		if x.outcome.Attempts, err = runner.Adopt(ctx); err != nil {
			return x
		}
	}
	if x.outcome.Attempts, runner.Began, err = runner.AwaitTurn(ctx, x.outcome.Attempts); err != nil {
		return x
	}
	if x.outcome.Jobs, err = runner.Register(ctx, x.outcome.Attempts); err != nil {
		return x
	}
	x.outcome = runner.Run(ctx, x.outcome.Jobs, x.outcome.Attempts)
	err = x.outcome.Err
	return x
}

// run takes the step from its inputs to its exit status.
func (in invocation) run(ctx context.Context, ledger *run.Ledger) int {
	x := in.execute(ctx, ledger)
	if x.clients != nil {
		defer x.clients.Close()
	}
	result := conclude(in.config, x)
	var early published
	if x.logs != nil {
		if x.outcome.Cause == run.Completed && !x.clients.Local && x.logs.Reading() {
			if result, early = in.writeFiles(result, early); len(early.faults) == 0 {
				in.console.Final(result)
			}
		}
		if result.Status == report.Failed {
			go x.clients.Account(ctx) // for what is said of the failure; it is asked for meanwhile
		}
		in.runner(x, ledger).Drain(ctx, x.outcome)
		if !x.clients.Local {
			in.saveLogs(x.logs.Positions())
		}
		for _, log := range x.logs.All() {
			result.Logs = append(result.Logs, report.Log(log))
		}
	}
	result.Faults = in.faults(ctx, x, ledger)
	for _, fault := range result.Faults {
		in.console.Error(fault)
	}
	in.cleanUp(ctx, x, ledger, result)
	return in.publish(result, early)
}

// refuse concludes a step whose inputs have faults.
func (in invocation) refuse(ctx context.Context, err error) int {
	in.console.Emit(plan.Secrets(in.config, in.planEnv()))
	result := conclude(in.config, execution{outcome: run.Outcome{}.End(ctx, err)})
	result.Faults = explain.Notes(err)
	for _, fault := range result.Faults {
		in.console.Error(fault)
	}
	in.console.Printf(nothingCalled)
	return in.publish(result, published{})
}

// printRequests prints the requests that the run would send to change AWS.
func (in invocation) printRequests(p plan.Plan) ([]plan.Request, error) {
	requests, err := p.Requests()
	for _, r := range requests {
		in.console.Group(r.Operation+" request", r.Pretty())
	}
	return requests, err
}

// connect makes the clients: of AWS, or of an ECS of this step's own with the options.
func (in invocation) connect(ctx context.Context, local ...ecslocal.Option) (*session.Clients, error) {
	if in.config.Local == "" {
		return session.Connect(ctx, in.sessionEnv(), in.sessionOptions(), in.console.Emit)
	}
	region := localRegion(in.env, in.config.Region)
	options := append(executor(in.config.Local, in.env), ecslocal.Region(region), ecslocal.AnyCluster())
	server := ecslocal.New(append(options, local...)...)
	return session.Local(region, ecslocal.Transport(server), server.Close), nil
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

// planEnv is what a plan takes of the operating system and the step.
func (in invocation) planEnv() plan.Env {
	return plan.Env{
		Getenv: in.env.getenv, Environ: in.env.Environ, Getwd: in.env.Getwd, Stdin: in.env.Stdin, CI: in.ci,
		CodeCommit: func(ctx context.Context) (git.AWSCredentials, error) {
			config, err := session.LoadConfig(ctx, in.sessionEnv(), in.sessionOptions(), in.console.Emit)
			if err != nil {
				return git.AWSCredentials{}, err
			}
			c, err := config.Credentials.Retrieve(ctx)
			return git.AWSCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
		},
	}
}

// leftoverEnv is what looking for left tasks takes of the operating system and the step.
func (in invocation) leftoverEnv() leftover.Env {
	return leftover.Env{
		Config: in.config, CI: in.ci, Getenv: in.env.getenv, Emit: in.console.Emit,
		Connect: func(ctx context.Context) (*session.Clients, error) { return in.connect(ctx) },
	}
}

// ecs returns what calls ECS on the cluster.
func (in invocation) ecs(clients *session.Clients) task.Runner {
	return task.Runner{API: clients.ECS, Cluster: in.config.Cluster}
}

// explainer returns what explains errors; clients and logs may be nil.
func (in invocation) explainer(clients *session.Clients, logs *logs.Logs) explain.Explainer {
	e := explain.Explainer{Cluster: in.config.Cluster, Subnets: in.config.Subnets}
	if clients != nil {
		e.Region, e.Account = clients.Config.Region, clients
	}
	if logs != nil {
		e.LastLines = logs.Last
	}
	return e
}

// runner returns what runs the plan of an execution.
func (in invocation) runner(x execution, ledger *run.Ledger) run.Runner {
	ledger.OnTasks(in.saveTasks)
	r := run.Runner{
		ECS: in.ecs(x.clients), Region: x.clients.Config.Region, Plan: x.outcome.Plan,
		Ledger: ledger, Logs: x.logs, Emit: in.console.Emit, Explain: in.explainer(x.clients, x.logs),
		Clock:         x.clients.LocalTime,
		CleansUp:      in.cleanUpChoice().Any(),
		ReuseRevision: in.config.ReuseRevision,
		RunURL:        in.ci.URL,
	}
	if x.clients.Local {
		r.Changes = localChanges
	}
	if in.ci.ID != "" {
		r.Owner = ownership.Of(in.ci, in.config.Matrix)
		r.OwnStartedBy = in.config.StartedBy == ""
	}
	return r
}

// logRule returns the rule for the end of a log that the inputs ask for.
func logRule(wait *time.Duration) tail.Rule {
	if wait == nil {
		return tail.Default
	}
	return tail.For(*wait)
}
