// Package changes shows what registering definitions changes: each is compared with the
// newest active revision of its family. It changes nothing, and nothing waits for it: ECS is
// asked while the definitions are registered.
package changes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// limit is how long all answers may take: nobody waits longer for what is only to be shown. So many are awaited at once: AWS gives an account
// a bucket of 50 reads of task definitions.
const (
	limit  = 5 * time.Second
	atOnce = 50
)

// Comparison is what a definition changes.
type Comparison struct {
	Family  string
	Against string // family:revision; empty if the family has no active revision
	Changes []taskdef.Change
	Err     error // why it could not be compared
}

// Comparing are comparisons on their way.
type Comparing struct {
	ecs         cluster.Client
	explain     explain.Explainer
	emit        event.Sink
	definitions []*taskdef.Definition

	cancel   context.CancelFunc
	asked    chan struct{} // closed when newest is whole
	newest   []revision    // as the definitions
	finished chan struct{} // closed when all is whole; nil unless Finish was called
	all      []Comparison
}

// revision is a revision as ECS answered it, or why it did not.
type revision struct {
	*types.TaskDefinition // nil if there is none
	answer                []byte
	err                   error
}

// Start begins to ask ECS for the newest active revisions of the definitions' families.
// [Comparing.Wait] has to be called in the end.
func Start(ctx context.Context, ecs cluster.Client, definitions []*taskdef.Definition, explainer explain.Explainer, emit event.Sink) *Comparing {
	c := &Comparing{
		ecs: ecs, explain: explainer, emit: emit, definitions: definitions,
		asked: make(chan struct{}), newest: make([]revision, len(definitions)),
	}
	ctx, c.cancel = context.WithTimeout(ctx, limit)
	go func() {
		defer close(c.asked)
		c.each(func(i int) {
			r := &c.newest[i]
			r.TaskDefinition, r.answer, r.err = ecs.Latest(ctx, definitions[i].Family)
		})
	}()
	return c
}

// each calls do for the index of every definition, so many at once.
func (c *Comparing) each(do func(i int)) {
	places := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i := range c.definitions {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			do(i)
		})
	}
	group.Wait()
}

// Finish compares the definitions and emits what changes: at once if ECS has answered, else
// as soon as it has. Own are the ARNs of the revisions that the step has registered since
// the start, with which the definitions are not compared. It emits nothing once ctx has
// ended.
func (c *Comparing) Finish(ctx context.Context, own []string) {
	c.finished = make(chan struct{})
	finish := func() {
		defer close(c.finished)
		<-c.asked
		c.all = c.compareAll(ctx, own)
		if ctx.Err() == nil {
			c.report(ctx)
		}
	}
	if c.answered(own) {
		finish()
		return
	}
	go finish()
}

// answered reports whether ECS has nothing more to answer.
func (c *Comparing) answered(own []string) bool {
	select {
	case <-c.asked:
		return !slices.ContainsFunc(c.newest, func(r revision) bool { return r.in(own) })
	default:
		return false
	}
}

func (r revision) in(arns []string) bool {
	return r.TaskDefinition != nil && slices.Contains(arns, aws.ToString(r.TaskDefinitionArn))
}

// Wait returns the comparisons, one for each definition, when they are finished. Unless
// Finish was called it ends what is on its way, and returns none.
func (c *Comparing) Wait() []Comparison {
	defer c.cancel()
	if c.finished == nil {
		c.cancel()
		<-c.asked
		return nil
	}
	<-c.finished
	return c.all
}

func (c *Comparing) compareAll(ctx context.Context, own []string) []Comparison {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	all := make([]Comparison, len(c.definitions))
	c.each(func(i int) {
		newest := c.newest[i]
		if newest.in(own) {
			newest = c.before(ctx, newest, own)
		}
		all[i] = compare(c.definitions[i], newest)
	})
	return all
}

// lookedAt is how many revisions are looked at for one that is active.
const lookedAt = 10

// before returns the newest active revision before one, but for own ones. It needs no other
// permission than the first look.
func (c *Comparing) before(ctx context.Context, newest revision, own []string) revision {
	family := aws.ToString(newest.Family)
	last := int(newest.Revision)
	for n := last - 1; n > 0; n-- {
		if last-n > lookedAt {
			return revision{err: fmt.Errorf("none of the %d revisions of %s before %s is active", lookedAt, family, task.Name(newest.TaskDefinition))}
		}
		var r revision
		r.TaskDefinition, r.answer, r.err = c.ecs.Latest(ctx, fmt.Sprintf("%s:%d", family, n))
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

// Nothing returns comparisons of no definitions.
func Nothing() *Comparing {
	return Start(context.Background(), cluster.Client{}, nil, explain.Explainer{}, func(event.Event) {})
}

// NotShown emits that nothing is compared, for want of clients, and returns [Nothing].
func NotShown(err error, emit event.Sink) *Comparing {
	line, _, _ := strings.Cut(err.Error(), "\n")
	emit.Notice(event.Note{Text: "what changes is not shown: " + line})
	return Nothing()
}

// report emits the comparisons. One that could not be made has a notice.
func (c *Comparing) report(ctx context.Context) {
	for _, one := range c.all {
		switch {
		case explain.Unanswered(one.Err): // what else the step calls says more of that
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
			c.emit(event.Group{Title: fmt.Sprintf("what changes in %s, compared with %s", one.Family, one.Against), Text: linesOf(one.Changes)})
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
