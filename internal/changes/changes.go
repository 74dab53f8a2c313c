// Package changes shows what registering definitions would change: each is compared with
// the newest active revision of its family. It changes nothing, and nothing depends on it.
package changes

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// limit is how long all comparisons may take. So many are made at once.
const (
	limit  = 10 * time.Second
	atOnce = 20
)

// Comparison is what a definition changes.
type Comparison struct {
	Family  string
	Against string // family:revision; empty if the family has no active revision
	Changes []taskdef.Change
	Err     error // why it could not be compared
}

// Compare compares definitions with what ECS has. It returns a comparison for each, also
// if ctx ends.
func Compare(ctx context.Context, ecs task.Runner, definitions []*taskdef.Definition) []Comparison {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	all := make([]Comparison, len(definitions))
	places := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i, d := range definitions {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			all[i] = compare(ctx, ecs, d)
		})
	}
	group.Wait()
	return all
}

func compare(ctx context.Context, ecs task.Runner, definition *taskdef.Definition) Comparison {
	c := Comparison{Family: definition.Family}
	newest, answer, err := ecs.Latest(ctx, definition.Family)
	if err != nil || newest == nil {
		c.Err = err
		return c
	}
	c.Against = task.Name(newest)
	c.Changes, c.Err = definition.Changes(answer)
	return c
}

// NotShown emits that nothing is compared, for want of clients.
func NotShown(err error, emit event.Sink) {
	line, _, _ := strings.Cut(err.Error(), "\n")
	emit.Notice(event.Note{Text: "what changes is not shown: " + line})
}

// Report emits comparisons. One that could not be made has a notice. It emits nothing once
// ctx has ended.
func Report(ctx context.Context, all []Comparison, explainer explain.Explainer, emit event.Sink) {
	if ctx.Err() != nil {
		return
	}
	for _, c := range all {
		switch {
		case c.Err != nil:
			emit.Notice(event.Note{
				Text:   fmt.Sprintf("what changes in %s is not shown: %v", c.Family, explainer.Refusal(ctx, c.Err)),
				Advice: explainer.Advice(ctx, c.Err, nil),
			})
		case c.Against == "":
			emit.Printf("what changes in %s: it has no active revision yet", c.Family)
		case len(c.Changes) == 0:
			emit.Printf("what changes in %s: nothing, compared with %s", c.Family, c.Against)
		default:
			emit(event.Group{Title: fmt.Sprintf("what changes in %s, compared with %s", c.Family, c.Against), Text: linesOf(c.Changes)})
		}
	}
}

func linesOf(changes []taskdef.Change) string {
	var lines []string
	for _, change := range changes {
		lines = append(lines, "  "+change.String())
	}
	return strings.Join(lines, "\n")
}
