// Package plan turns the inputs into the requests of a run. A [Draft] holds the loaded,
// expanded and checked definitions and the settings of their tasks, as far as they are known
// without AWS. A [Plan] holds the complete requests.
//
// Both are immutable. The package calls AWS only to read what the requests lack. It never
// changes anything in AWS.
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
	Groups    [][]int // indices into Jobs: a group runs in parallel, the groups in sequence
	StartedBy string

	// Mark identifies the step that starts the tasks, in the format of package ownership. It
	// equals StartedBy unless the user set startedBy.
	Mark string

	IfRunning string // one of the IfRunning constants; empty means IfRunningStart
	End       EndPolicy
	Outputs   Outputs
}

// Outputs names the container that writes outputs to its log. The zero value means that no
// container does.
type Outputs struct {
	Container string
	Markers   outputs.Markers // the lines around the outputs, in all tasks that the run starts
}

// The values of the input if-running: what a run does if a task of one of its families
// already runs.
const (
	IfRunningStart  = "start"
	IfRunningWait   = "wait"
	IfRunningFollow = "follow"
	IfRunningFail   = "fail"
)

// Job is one task definition with the settings of its tasks.
type Job struct {
	Definition Source                     // ToRegister or Existing
	Request    map[string]json.RawMessage // of RunTask, without the members that each call sets
	Count      int                        // the number of tasks
	Rule       verdict.Rule               // which containers decide
}

// A Source is the origin of a job's definition: [ToRegister] or [Existing]. A [Draft] has
// [Named] instead of Existing.
type Source interface {
	// Family is the family of the definition.
	Family() string
}

// ToRegister is a definition that the run registers.
type ToRegister struct{ Text *taskdef.Definition }

// Named is a registered definition that the step has not described yet.
type Named struct{ Name string } // family, family:revision or ARN

// Existing is a registered definition.
type Existing struct {
	Revision *types.TaskDefinition
	Text     *taskdef.Definition // its content; nil if the run does not need it
}

// Family is the family of the definition.
func (d ToRegister) Family() string { return d.Text.Family }

// Family is the family of the definition.
func (d Named) Family() string { return task.Family(d.Name) }

// Family is the family of the definition.
func (d Existing) Family() string { return aws.ToString(d.Revision.Family) }

// TextOf returns the content of a definition. It returns nil if the content is not known.
func TextOf(s Source) *taskdef.Definition {
	switch s := s.(type) {
	case ToRegister:
		return s.Text
	case Existing:
		return s.Text
	}
	return nil
}

// EndPolicy describes what a run waits for, how long it waits, and whether it then stops the
// tasks.
type EndPolicy struct {
	Goal            task.Goal
	StopOnInterrupt bool          // also at the timeout; false leaves the tasks running
	Timeout         time.Duration // from the first launch; 0 means no timeout
	LaunchTimeout   time.Duration // how long a launch is retried for lack of capacity
	Retries         int           // per job, after a Spot interruption or a lost host
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

// Deadline returns when the run stops waiting. started is the time of the first launch.
// Deadline is zero if there is no timeout or started is zero.
func (p EndPolicy) Deadline(started time.Time) time.Time {
	if p.Timeout == 0 || started.IsZero() {
		return time.Time{}
	}
	return started.Add(p.Timeout)
}

// Servers reports whether the tasks are servers, which continue to run after the run.
func (p EndPolicy) Servers() bool { return p.Goal == task.UntilRunning || p.Goal == task.UntilHealthy }

// LeavesTasks reports whether the run may leave tasks running on purpose.
func (p EndPolicy) LeavesTasks() bool { return !p.Waits() || p.Servers() || !p.StopOnInterrupt }

// Tasks returns the number of tasks of all jobs.
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

// MultiTask reports whether a run may have several tasks. Messages then distinguish them by
// their ids.
func (p Plan) MultiTask() bool { return p.Tasks() > 1 || p.End.Retries > 0 }

// groupsOf returns the groups of jobs. order is a value of the input order: "sequence" gives
// one group for each job, any other value gives one group.
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
	Input     json.RawMessage // in the format of --cli-input-json of the AWS CLI
}

// Requests returns the requests of the run. If the run registers a definition, its RunTask
// request names the family, which ECS resolves to the newest revision. The requests have no
// client token, because each launch creates a new one.
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

// Pretty returns the indented input. If the input is not JSON, Pretty returns it unchanged.
func (r Request) Pretty() string {
	var pretty bytes.Buffer
	if json.Indent(&pretty, r.Input, "", "  ") != nil {
		pretty.Write(r.Input)
	}
	return pretty.String()
}

// OneAtATime reports whether the run first searches for running tasks of its families.
func (p Plan) OneAtATime() bool { return p.IfRunning != "" && p.IfRunning != IfRunningStart }

// WithoutTag returns a copy of a request without the tags that have a key. It returns the request
// itself and false if there is no such tag.
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
		without["tags"], _ = json.Marshal(others) // cannot fail: all values were JSON
	}
	return without, true
}
