// Package changes compares definitions with the newest active revisions of their families,
// and reports the differences. It changes nothing in AWS and delays nothing: it calls ECS
// while the definitions are registered.
package changes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/parallel"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// timeout is the timeout for all responses. maxConcurrent is the number of concurrent calls:
// AWS allows an account a burst of 50 reads of task definitions.
const (
	timeout       = 5 * time.Second
	maxConcurrent = 50
)

// Comparison is the difference between a definition and the newest active revision of its
// family.
type Comparison struct {
	Family  string
	Against string // family:revision; empty if the family has no active revision
	Changes []taskdef.Change
	Err     error // why the comparison failed
}

// Comparing is a set of running comparisons.
type Comparing struct {
	ecs         cluster.Client
	explain     explain.Explainer
	emit        event.Sink
	definitions []*taskdef.Definition

	cancel   context.CancelFunc
	loaded   chan struct{} // closed when newest is complete
	newest   []revision    // one for each definition
	finished chan struct{} // closed when all is complete; nil unless Finish was called
	all      []Comparison
}

// revision is a revision in the response of ECS, or the error.
type revision struct {
	*types.TaskDefinition // nil if there is none
	answer                []byte
	err                   error
}

// Start starts to request the newest active revisions of the definitions' families from
// ECS. The caller has to call [Comparing.Wait] at the end.
func Start(ctx context.Context, ecs cluster.Client, definitions []*taskdef.Definition, explainer explain.Explainer,
	emit event.Sink) *Comparing {
	c := &Comparing{
		ecs: ecs, explain: explainer, emit: emit, definitions: definitions,
		loaded: make(chan struct{}), newest: make([]revision, len(definitions)),
	}
	ctx, c.cancel = context.WithTimeout(ctx, timeout)
	go func() {
		defer close(c.loaded)
		parallel.Each(len(c.definitions), maxConcurrent, func(i int) {
			r := &c.newest[i]
			r.TaskDefinition, r.answer, r.err = ecs.DescribeIfAny(ctx, definitions[i].Family)
		})
	}()
	return c
}

// Finish compares the definitions and emits the differences: at once if ECS has responded,
// otherwise in the background as soon as it has. own are the ARNs of the revisions that the
// step has registered since Start; the definitions are not compared with these. Finish
// emits nothing after ctx has ended.
func (c *Comparing) Finish(ctx context.Context, own []string) {
	c.finished = make(chan struct{})
	finish := func() {
		defer close(c.finished)
		<-c.loaded
		c.all = c.compareAll(ctx, own)
		if ctx.Err() == nil {
			c.report(ctx)
		}
	}
	if c.responded(own) {
		finish()
		return
	}
	go finish()
}

// responded reports whether all responses of ECS are there and none has to be replaced.
func (c *Comparing) responded(own []string) bool {
	select {
	case <-c.loaded:
		return !slices.ContainsFunc(c.newest, func(r revision) bool { return r.in(own) })
	default:
		return false
	}
}

func (r revision) in(arns []string) bool {
	return r.TaskDefinition != nil && slices.Contains(arns, aws.ToString(r.TaskDefinitionArn))
}

// Wait waits for the comparisons and returns them, one for each definition. If Finish was
// not called, it cancels the calls and returns nil.
func (c *Comparing) Wait() []Comparison {
	defer c.cancel()
	if c.finished == nil {
		c.cancel()
		<-c.loaded
		return nil
	}
	<-c.finished
	return c.all
}

func (c *Comparing) compareAll(ctx context.Context, own []string) []Comparison {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	all := make([]Comparison, len(c.definitions))
	parallel.Each(len(c.definitions), maxConcurrent, func(i int) {
		newest := c.newest[i]
		if newest.in(own) {
			newest = c.before(ctx, newest, own)
		}
		all[i] = compare(c.definitions[i], newest)
	})
	return all
}

// maxLookBack is the number of older revisions that are checked for an active one.
const maxLookBack = 10

// before returns the newest active revision before newest, except for own ones. It needs no
// additional permission.
func (c *Comparing) before(ctx context.Context, newest revision, own []string) revision {
	family := aws.ToString(newest.Family)
	last := int(newest.Revision)
	for n := last - 1; n > 0; n-- {
		if last-n > maxLookBack {
			return revision{err: fmt.Errorf("none of the %d revisions of %s before %s is active", maxLookBack, family,
				task.Name(newest.TaskDefinition))}
		}
		var r revision
		r.TaskDefinition, r.answer, r.err = c.ecs.DescribeIfAny(ctx, fmt.Sprintf("%s:%d", family, n))
		switch {
		case r.err != nil:
			return r
		case r.TaskDefinition != nil && r.Status == types.TaskDefinitionStatusActive && !r.in(own):
			return r
		}
	}
	return revision{}
}

func compare(definition *taskdef.Definition, with revision) Comparison {
	c := Comparison{Family: definition.Family, Err: with.err}
	if with.err != nil || with.TaskDefinition == nil {
		return c
	}
	c.Against = task.Name(with.TaskDefinition)
	c.Changes, c.Err = definition.Changes(with.answer)
	return c
}

// Nothing returns an empty set of comparisons.
func Nothing() *Comparing {
	return Start(context.Background(), cluster.Client{}, nil, explain.Explainer{}, func(event.Event) {})
}

// NotShown emits that definitions are not compared because there are no AWS clients, and
// returns [Nothing].
func NotShown(err error, emit event.Sink) *Comparing {
	line, _, _ := strings.Cut(err.Error(), "\n")
	emit.Notice(event.Note{Text: "what changes is not shown: " + line})
	return Nothing()
}

// report emits the comparisons, and a notice for each one that failed.
func (c *Comparing) report(ctx context.Context) {
	for _, one := range c.all {
		switch {
		case explain.Unanswered(one.Err): // other calls report the details
			c.emit.Notice(event.Note{Text: fmt.Sprintf("what changes in %s is not shown: ECS did not answer", one.Family)})
		case one.Err != nil:
			c.emit.Notice(event.Note{
				Text:   fmt.Sprintf("what changes in %s is not shown: %v", one.Family, c.explain.Refusal(ctx, one.Err)),
				Advice: c.explain.Advice(ctx, one.Err, nil),
			})
		case one.Against == "":
			c.emit.Printf("what changes in %s: it has no active revision yet", one.Family)
		case len(one.Changes) == 0:
			c.emit.Printf("what changes in %s: nothing, compared with %s", one.Family, one.Against)
		default:
			c.emit(event.Group{Title: fmt.Sprintf("what changes in %s, compared with %s", one.Family, one.Against),
				Text: linesOf(one.Changes)})
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
