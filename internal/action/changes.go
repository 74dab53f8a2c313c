package action

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/run"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// compareTime is how long the comparison may take: the step does not depend on it. So many
// definitions are compared at once.
const (
	compareTime       = 10 * time.Second
	comparisonsAtOnce = 20
)

// compare shows what registering the definitions would change, each against the newest
// active revision of its family, and reports whether all could be compared. One that can't
// be has a notice: the step does not depend on it.
func (in invocation) compare(ctx context.Context, clients *session.Clients, definitions []*taskdef.Definition) (shown []report.Comparison, complete bool) {
	ctx, cancel := context.WithTimeout(ctx, compareTime)
	defer cancel()
	type comparison struct {
		definition *taskdef.Definition
		against    string // empty if there is no revision
		changes    []taskdef.Change
		err        error
	}
	var all []*comparison
	for _, d := range definitions {
		all = append(all, &comparison{definition: d})
	}
	limit := make(chan struct{}, comparisonsAtOnce)
	var group sync.WaitGroup
	for _, c := range all {
		group.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			c.against, c.changes, c.err = changesOf(ctx, in.ecs(clients), c.definition)
		})
	}
	group.Wait()
	explainer := in.explainer(clients, nil)
	complete = true
	for _, c := range all {
		family := c.definition.Family
		switch {
		case run.Interruption(ctx) != nil:
			return shown, false
		case c.err != nil:
			in.console.Notice(report.Note{
				Text:   fmt.Sprintf("what changes in %s is not shown: %v", family, explainer.Refusal(ctx, c.err)),
				Advice: explainer.Advice(ctx, c.err, nil),
			})
			complete = false
			continue
		case c.against == "":
			in.console.Printf("what changes in %s: it has no active revision yet", family)
		case len(c.changes) == 0:
			in.console.Printf("what changes in %s: nothing, compared with %s", family, c.against)
		default:
			in.console.Group(fmt.Sprintf("what changes in %s, compared with %s", family, c.against), linesOf(c.changes))
		}
		shown = append(shown, report.Comparison{Family: family, Against: c.against, Changes: append([]taskdef.Change{}, c.changes...)})
	}
	return shown, complete
}

// changesOf returns what a definition changes about the newest active revision of its
// family, and the name of that; no name if there is none.
func changesOf(ctx context.Context, runner task.Runner, definition *taskdef.Definition) (against string, changes []taskdef.Change, err error) {
	newest, answer, err := runner.Latest(ctx, definition.Family)
	if err != nil || newest == nil {
		return "", nil, err
	}
	changes, err = definition.Changes(answer)
	return task.Name(newest), changes, err
}

func linesOf(changes []taskdef.Change) string {
	var lines []string
	for _, change := range changes {
		lines = append(lines, "  "+change.String())
	}
	return strings.Join(lines, "\n")
}

// comparePlan is compare for the definitions that a step registers. The clients may be
// nil, as a dry run may ask AWS for nothing else: then it connects for this.
func (in invocation) comparePlan(ctx context.Context, clients *session.Clients, p plan.Plan) []report.Comparison {
	var definitions []*taskdef.Definition
	for _, job := range p.Jobs {
		if d, ok := job.Definition.(plan.ToRegister); ok {
			definitions = append(definitions, d.Text)
		}
	}
	if len(definitions) == 0 || in.config.Local != "" {
		return nil
	}
	if clients == nil {
		var err error
		if clients, err = in.connect(ctx, nil); err != nil {
			in.console.Notice(report.Note{Text: fmt.Sprintf("what changes is not shown: %s", firstLine(err))})
			return nil
		}
		defer clients.Close()
	}
	all, _ := in.compare(ctx, clients, definitions)
	return all
}
