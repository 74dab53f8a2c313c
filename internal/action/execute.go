package action

import (
	"context"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/changes"
	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/ledger"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/outcome"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/publish"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// execute calls the stages of a run in order. Each stage uses the results of the previous ones.
// execute returns after the first stage that fails.
func (in invocation) execute(ctx context.Context, l *ledger.Ledger) (x execution) {
	var err error
	x.Config = in.config
	defer func() { x.Outcome = x.Outcome.End(ctx, err) }()
	if x.Draft, err = plan.Load(ctx, in.config, in.planEnv(), in.console.Emit); err != nil {
		return x
	}
	if !in.config.DryRun || x.Draft.NeedsAWS() {
		if x.clients, err = in.connectForRun(ctx, &x); err != nil {
			return x
		}
	}
	if x.Outcome.Plan, err = x.Draft.Resolve(ctx, x.clients, in.console.Emit); err != nil {
		return x
	}
	comparing := in.compare(ctx, x.clients, x.Outcome.Plan)
	defer func() { x.Compared = comparing.Wait() }()
	if in.config.DryRun {
		comparing.Finish(ctx, nil)
		comparing.Wait()
		x.Requests, err = in.printRequests(x.Outcome.Plan)
		return x
	}
	x.logs = in.newLogs(ctx, x.clients, x.Outcome.Plan)
	in.saveState(l, x.clients)
	stage := in.stage(x, l)
	if in.config.Reattach {
		if x.Outcome.Attempts, err = in.turn(stage).Adopt(ctx); err != nil {
			return x
		}
	}
	var began time.Time
	if x.Outcome.Attempts, began, err = in.turn(stage).Await(ctx, x.Outcome.Attempts); err != nil {
		return x
	}
	x.Outcome.Jobs, err = in.registry(stage, x.clients).Register(ctx, x.Outcome.Attempts)
	comparing.Finish(ctx, x.Outcome.Registered())
	if err != nil {
		return x
	}
	x.Outcome = in.runner(stage, x).Run(ctx, began, x.Outcome.Jobs, x.Outcome.Attempts)
	err = x.Outcome.Err
	return x
}

// run executes the step, publishes its result and returns its exit status.
func (in invocation) run(ctx context.Context, l *ledger.Ledger) int {
	x := in.execute(ctx, l)
	if x.clients != nil {
		defer x.clients.Close()
	}
	explainer, publisher := in.explainer(x.clients, x.logs), in.publisher()
	res := x.Result(explainer)
	var early publish.Published
	if x.logs != nil {
		if x.Outcome.Cause == outcome.Completed && !x.clients.Local && x.logs.Reading() && !x.AwaitsOutputs(res) {
			if res, early = publisher.WriteFiles(res, early); !early.Failed() {
				early = publisher.Final(res, early)
			}
		}
		if res.Status == result.Failed {
			go x.clients.Account(ctx) // caches the account id for messages while the logs are read
		}
		in.runner(in.stage(x, l), x).Drain(ctx, x.Outcome)
		if !x.clients.Local {
			publisher.SaveLogs(x.logs.Positions())
		}
		for _, log := range x.logs.All() {
			res.Logs = append(res.Logs, result.Log(log))
		}
	}
	res.Faults = x.Faults(ctx, explainer, l)
	res = x.WithOutputs(res, x.logs.Outputs, in.console.Hide)
	in.printFaults(res.Faults)
	in.cleanUp(ctx, x, l, res)
	return publisher.Publish(res, early)
}

// refuse publishes the result of a step whose inputs have faults, and returns its exit status.
func (in invocation) refuse(ctx context.Context, err error) int {
	in.console.Emit(plan.Secrets(in.config, in.planEnv()))
	res := conclude.Run{Config: in.config, Outcome: outcome.Outcome{}.End(ctx, err)}.Result(explain.Explainer{})
	res.Faults = explain.Notes(err)
	in.printFaults(res.Faults)
	in.console.Printf(nothingCalled)
	return in.publisher().Publish(res, publish.Published{})
}

// compare starts the comparison of the definitions of a plan with their registered revisions.
// clients is nil in a dry run that needs AWS for nothing else. compare then connects to AWS.
func (in invocation) compare(ctx context.Context, clients *session.Clients, p plan.Plan) *changes.Comparing {
	definitions := p.ToRegister()
	if in.config.Local != "" || len(definitions) == 0 {
		return changes.Nothing()
	}
	if clients == nil {
		var err error
		if clients, err = in.connect(ctx); err != nil {
			return changes.NotShown(err, in.console.Emit)
		}
	}
	return changes.Start(ctx, in.ecs(clients), definitions, in.explainer(clients, nil), in.console.Emit)
}

// printRequests prints the requests that the run would send to change AWS.
func (in invocation) printRequests(p plan.Plan) ([]plan.Request, error) {
	requests, err := p.Requests()
	for _, r := range requests {
		in.console.Group(r.Operation+" request", r.Pretty())
	}
	return requests, err
}

// newLogs returns the logs of a plan's tasks.
func (in invocation) newLogs(ctx context.Context, clients *session.Clients, p plan.Plan) *logs.Logs {
	options := logs.Options{
		Shown: in.config.Logs && p.End.Waits(), MultiTask: p.MultiTask(),
		Rule: tail.Default, URL: result.LogURL, Outputs: p.Outputs.Container, Markers: p.Outputs.Markers,
	}
	if in.config.LogWait != nil {
		options.Rule = tail.For(*in.config.LogWait)
	}
	return logs.New(ctx, clients, options, in.console.Emit)
}
