// Package plan takes the inputs to what is to be run: a [Draft] holds the definitions,
// loaded, expanded and checked, and what their tasks are run with, as far as that is
// known without AWS; a [Plan] holds the whole requests.
//
// Nothing in either changes once it is made. The package asks AWS for what the
// requests lack, and never changes anything there.
package plan

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Plan is what a run does.
type Plan struct {
	Cluster   string
	Jobs      []Job
	Groups    [][]int // indices into Jobs: the jobs that run at once, group after group
	StartedBy string
	Mark      string // who starts the tasks, as ownership has it: StartedBy, unless that is the user's own
	IfRunning string // one of the values of the input; empty is start
	End       EndPolicy
	Outputs   Outputs
}

// Outputs says which container writes outputs to its log. The zero value is none.
type Outputs struct {
	Container string
	Markers   outputs.Markers // of the tasks that the run starts
}

// What becomes of a run when a task of one of its families runs already: the input
// if-running.
const (
	IfRunningStart  = "start"
	IfRunningWait   = "wait"
	IfRunningFollow = "follow"
	IfRunningFail   = "fail"
)

// Job is one definition with what its tasks are run with.
type Job struct {
	Definition Source                     // ToRegister or Existing
	Request    map[string]json.RawMessage // of RunTask, but for what each call sets
	Count      int                        // of tasks
	Rule       verdict.Rule               // which containers decide
}

// A Source is where a job's definition comes from: [ToRegister] or [Existing], and
// in a [Draft] [Named] in place of Existing.
type Source interface {
	// Family is the family of the definition.
	Family() string
}

// ToRegister is a definition that the run registers.
type ToRegister struct{ Text *taskdef.Definition }

// Named is a registered definition that ECS was not asked about yet.
type Named struct{ Name string } // family, family:revision or ARN

// Existing is a registered definition.
type Existing struct {
	Revision *types.TaskDefinition
	Text     *taskdef.Definition // what it holds; nil if that was not asked for
}

// Family is the family of the definition.
func (d ToRegister) Family() string { return d.Text.Family }

// Family is the family of the definition.
func (d Named) Family() string { return task.Family(d.Name) }

// Family is the family of the definition.
func (d Existing) Family() string { return aws.ToString(d.Revision.Family) }

// TextOf returns what a definition holds; nil if it is not known.
func TextOf(s Source) *taskdef.Definition {
	switch s := s.(type) {
	case ToRegister:
		return s.Text
	case Existing:
		return s.Text
	}
	return nil
}

// EndPolicy says what a run waits for, for how long, and what becomes of the tasks
// then.
type EndPolicy struct {
	Goal            task.Goal
	StopOnInterrupt bool          // and at the time-out; else the tasks are left
	Timeout         time.Duration // from the first launch; 0 is none
	LaunchTimeout   time.Duration // for which capacity is waited for
	Retries         int           // after a Spot interruption or a lost host
}

// EndPolicyOf reads the inputs steady-state, skip-steady-state-check, on-interrupt,
// timeout, launch-timeout and retries.
func EndPolicyOf(c input.Config) EndPolicy {
	p := EndPolicy{
		Goal: task.Goal(c.SteadyState), StopOnInterrupt: c.OnInterrupt != "leave",
		Timeout: c.Timeout, LaunchTimeout: c.LaunchTimeout, Retries: c.Retries,
	}
	if c.SkipSteadyStateCheck {
		p.Goal = task.UntilAccepted
	}
	return p
}

// Waits reports whether the run waits for its tasks.
func (p EndPolicy) Waits() bool { return p.Goal != task.UntilAccepted }

// Deadline is the end of the wait of a run that started its first launch at a time;
// zero if there is none.
func (p EndPolicy) Deadline(started time.Time) time.Time {
	if p.Timeout == 0 || started.IsZero() {
		return time.Time{}
	}
	return started.Add(p.Timeout)
}

// Servers reports whether the tasks are to go on after the run.
func (p EndPolicy) Servers() bool { return p.Goal == task.UntilRunning || p.Goal == task.UntilHealthy }

// LeavesTasks reports whether tasks may go on after the run on purpose.
func (p EndPolicy) LeavesTasks() bool { return !p.Waits() || p.Servers() || !p.StopOnInterrupt }

// Tasks returns how many tasks the plan has.
func (p Plan) Tasks() int {
	total := 0
	for _, job := range p.Jobs {
		total += job.Count
	}
	return total
}

// ToRegister returns the definitions that the run registers.
func (p Plan) ToRegister() []*taskdef.Definition {
	var definitions []*taskdef.Definition
	for _, job := range p.Jobs {
		if d, ok := job.Definition.(ToRegister); ok {
			definitions = append(definitions, d.Text)
		}
	}
	return definitions
}

// MultiTask reports whether a run may have several tasks, which messages distinguish
// by their ids.
func (p Plan) MultiTask() bool { return p.Tasks() > 1 || p.End.Retries > 0 }

// groupsOf returns the groups of so many jobs in an order of the input.
func groupsOf(jobs int, order string) [][]int {
	all := make([]int, jobs)
	for i := range all {
		all[i] = i
	}
	if order != "sequence" {
		return [][]int{all}
	}
	groups := make([][]int, jobs)
	for i := range all {
		groups[i] = all[i : i+1]
	}
	return groups
}

// Request is one request that changes AWS.
type Request struct {
	Operation string
	Input     json.RawMessage // as --cli-input-json of the AWS CLI takes it
}

// Requests returns the requests of the run. RunTask names a definition that is to be
// registered by its family, which stands for the newest revision, and has no client
// token: each launch has its own.
func (p Plan) Requests() ([]Request, error) {
	var all []Request
	for _, job := range p.Jobs {
		in := &ecs.RunTaskInput{Cluster: &p.Cluster}
		switch d := job.Definition.(type) {
		case ToRegister:
			all = append(all, Request{"RegisterTaskDefinition", d.Text.Body})
			in.TaskDefinition = &d.Text.Family
		case Existing:
			in.TaskDefinition = d.Revision.TaskDefinitionArn
		}
		for left := job.Count; left > 0; left -= cluster.PerCall {
			in.Count = aws.Int32(int32(min(left, cluster.PerCall)))
			body, err := cluster.Body(job.Request, in)
			if err != nil {
				return all, err
			}
			all = append(all, Request{"RunTask", body})
		}
	}
	return all, nil
}

// Pretty returns the input on several lines.
func (r Request) Pretty() string {
	var pretty bytes.Buffer
	if json.Indent(&pretty, r.Input, "", "  ") != nil {
		pretty.Write(r.Input)
	}
	return pretty.String()
}

// OneAtATime reports whether the run looks for tasks of its families that run already.
func (p Plan) OneAtATime() bool { return p.IfRunning != "" && p.IfRunning != IfRunningStart }

// WithoutTag returns a request without the tag of a key, and whether it had that.
func WithoutTag(request map[string]json.RawMessage, key string) (without map[string]json.RawMessage, found bool) {
	var tags []map[string]json.RawMessage
	if json.Unmarshal(request["tags"], &tags) != nil {
		return request, false
	}
	others := slices.DeleteFunc(slices.Clone(tags), func(tag map[string]json.RawMessage) bool {
		var k string
		return json.Unmarshal(tag["key"], &k) == nil && k == key
	})
	if len(others) == len(tags) {
		return request, false
	}
	without = maps.Clone(request)
	delete(without, "tags")
	if len(others) > 0 {
		without["tags"], _ = json.Marshal(others) // of what was JSON
	}
	return without, true
}
