// Package explain converts errors and failed tasks to notes for the user: what failed,
// where, the likely cause, and what to do.
//
// The causes come from package diagnose; this package collects the symptoms. Its only
// AWS call is the one for the account id in a message.
package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/joined"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Account returns the id of the account of the credentials, or an empty string if it is
// not known.
type Account interface {
	Account(context.Context) string // calls AWS if necessary and ctx has not ended
	KnownAccount() string           // never calls AWS
}

// CI is how things are done on the CI that the step runs in.
type CI = diagnose.CI

// Explainer holds the information that messages add to their subject. Region is empty and
// Account nil until the AWS clients exist.
type Explainer struct {
	Cluster string
	Subnets []string
	Region  string
	Account Account
	CI      diagnose.CI
	Local   string // how the containers of a local run are run: docker or process; empty on AWS

	// LastLines returns the last lines of a container's log. It is nil if no logs are read.
	LastLines func(taskARN, container string) []string
}

// Error returns notes for an error, with likely causes for errors of AWS calls. The
// definition is that of the task that the call was for; it may be nil. If ctx has ended,
// the account is not looked up.
func (e Explainer) Error(ctx context.Context, err error, definition *types.TaskDefinition) []event.Note {
	var all []event.Note
	for _, one := range joined.Errors(err) {
		advice := e.Advice(ctx, one, definition)
		for _, note := range Notes(e.Refusal(ctx, one)) {
			note.Advice = advice
			if note.Title == "" && len(advice) > 0 {
				note.Title = advice[0].Code
			}
			all = append(all, note)
		}
	}
	return all
}

// Refusal is [Refusal] with the account, which is looked up unless ctx has ended.
func (e Explainer) Refusal(ctx context.Context, err error) error {
	if e.Account == nil {
		return err
	}
	return Refusal(err, e.Region, func() string { return e.Account.Account(ctx) })
}

// PlainRefusal is [Refusal] without looking up the account.
func (e Explainer) PlainRefusal(err error) error {
	if e.Account == nil {
		return err
	}
	return Refusal(err, e.Region, e.Account.KnownAccount)
}

// Advice returns the likely causes of the error of an AWS call, or nil for other errors.
func (e Explainer) Advice(ctx context.Context, err error, definition *types.TaskDefinition) []diagnose.Advice {
	var operation *smithy.OperationError
	var failed *cluster.FailedLaunchError
	if !errors.As(err, &operation) && !errors.As(err, &failed) {
		return nil
	}
	symptom := e.symptom(ctx, definition)
	if operation != nil {
		return Call(symptom, err)
	}
	var all []diagnose.Advice
	for _, failure := range failed.Failures {
		symptom.FailureReason, symptom.FailureDetail = aws.ToString(failure.Reason), aws.ToString(failure.Detail)
		for _, advice := range diagnose.Explain(symptom) {
			if !slices.Contains(all, advice) {
				all = append(all, advice)
			}
		}
	}
	return all
}

// Call returns the likely causes of the error of an AWS call, or nil for other errors.
func Call(symptom diagnose.Symptom, err error) []diagnose.Advice {
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return nil
	}
	symptom.Operation, symptom.ErrorMessage = operation.Operation(), operation.Unwrap().Error()
	var refused smithy.APIError
	if errors.As(err, &refused) {
		symptom.ErrorCode, symptom.ErrorMessage = refused.ErrorCode(), refused.ErrorMessage()
	}
	return diagnose.Explain(symptom)
}

// Task returns the note for a failed task, at the place of the container that decided.
// source is the definition with its places, or nil if its text is not known.
func (e Explainer) Task(ctx context.Context, state *task.State, source *taskdef.Definition) event.Note {
	v := state.Verdict
	note := noteAt(source, v.Container)
	note.Title = fmt.Sprintf("%s %s", task.Name(state.Definition), v.Outcome)
	note.Text = fmt.Sprintf("task %s of %s: %s", task.ShortID(state), task.Name(state.Definition), v.Reason)
	note.Advice = e.taskAdvice(ctx, state)
	note.Lines = e.lastLines(state, v.Container)
	note.Task = aws.ToString(state.TaskArn)
	return note
}

// noteAt returns a note at the container of a definition, or at the definition if it has
// no container of that name. The note has no place if source is nil.
func noteAt(source *taskdef.Definition, container string) event.Note {
	note := event.Note{Aside: true}
	if source != nil {
		place := placeOf(source, container)
		note.File, note.Line, note.Column = place.Name, place.Line, place.Column
	}
	return note
}

// Unfinished returns the note for tasks that were not finished when the step ended, at the
// place of the first one's definition, which is source. An empty end means a time-out;
// its kind is then derived from the state of the first task.
func (e Explainer) Unfinished(ctx context.Context, end diagnose.End, goal task.Goal, open []*task.State,
	source *taskdef.Definition) event.Note {
	if len(open) == 0 {
		symptom := e.symptom(ctx, nil)
		symptom.End = cmp.Or(end, diagnose.TimedOutStarting)
		return event.Note{Advice: diagnose.Explain(symptom)}
	}
	first := open[0]
	symptom := e.symptom(ctx, first.Definition)
	note := noteAt(source, "")
	note.Text = fmt.Sprintf(": task %s of %s", task.ShortID(first), task.Name(first.Definition))
	switch {
	case first.StartedAt == nil:
		note.Text += " was not running yet"
		symptom.End = cmp.Or(end, diagnose.TimedOutStarting)
	case goal == task.UntilHealthy:
		note.Text += " was not healthy yet"
		symptom.End = cmp.Or(end, diagnose.TimedOutHealth)
	default:
		note.Text += " was running"
		symptom.End = cmp.Or(end, diagnose.TimedOutRunning)
	}
	switch more := len(open) - 1; {
	case more == 1:
		note.Text += ", and 1 more task had not ended"
	case more > 1:
		note.Text += fmt.Sprintf(", and %d more tasks had not ended", more)
	}
	note.Advice = diagnose.Explain(symptom)
	for _, end := range first.Ends() {
		if end.Essential && len(note.Lines) == 0 {
			note.Lines = e.lastLines(first, end.Name)
		}
	}
	return note
}

// placeOf returns the place of a container, or that of the definition if it has no such
// container.
func placeOf(source *taskdef.Definition, container string) document.Place {
	for _, c := range source.Containers {
		if c.Name == container {
			return c.Place
		}
	}
	return source.Place
}

// taskAdvice returns the likely causes for the end of a task: those of the container that
// decided, and those of other containers with a reason from ECS.
func (e Explainer) taskAdvice(ctx context.Context, state *task.State) []diagnose.Advice {
	about := e.symptom(ctx, state.Definition)
	about.StopCode, about.StoppedReason = string(state.StopCode), aws.ToString(state.StoppedReason)
	if state.Verdict.Outcome == verdict.Lost {
		about.End = diagnose.Lost
	}
	about.Fargate = state.LaunchType == types.LaunchTypeFargate
	var all []diagnose.Advice
	add := func(symptom diagnose.Symptom) {
		for _, advice := range diagnose.Explain(symptom) {
			if !slices.ContainsFunc(all, func(a diagnose.Advice) bool { return a.Code == advice.Code }) {
				all = append(all, advice)
			}
		}
	}
	for _, end := range state.Ends() {
		if end.Name == state.Verdict.Container {
			symptom := e.containerSymptom(about, state, end)
			symptom.Finished, symptom.EndedFirst = state.Verdict.Beside, state.Verdict.EndedFirst
			symptom.Together = slices.ContainsFunc(state.Ends(), func(other verdict.End) bool {
				return other.Essential && other.ExitCode != nil && other.Name != end.Name
			})
			add(symptom)
		}
	}
	for _, end := range state.Ends() {
		if end.Name != state.Verdict.Container && end.Reason != "" {
			add(e.containerSymptom(about, state, end))
		}
	}
	if len(all) == 0 {
		add(about)
	}
	return all
}

// symptom returns a symptom with the names that the advice can use for a task of the
// definition, which may be nil.
func (e Explainer) symptom(ctx context.Context, definition *types.TaskDefinition) diagnose.Symptom {
	symptom := diagnose.Symptom{Cluster: e.Cluster, Subnets: e.Subnets, Region: e.Region, CI: e.CI, Local: e.Local}
	if e.Account != nil && ctx.Err() == nil {
		symptom.Account = e.Account.Account(ctx)
	}
	if definition != nil {
		symptom.TaskRole = aws.ToString(definition.TaskRoleArn)
		symptom.ExecutionRole = aws.ToString(definition.ExecutionRoleArn)
		if definition.RuntimePlatform != nil {
			symptom.Architecture = string(definition.RuntimePlatform.CpuArchitecture)
		}
		if len(definition.ContainerDefinitions) == 1 {
			symptom = withContainer(symptom, definition.ContainerDefinitions[0])
		}
	}
	return symptom
}

func (e Explainer) containerSymptom(symptom diagnose.Symptom, state *task.State, end verdict.End) diagnose.Symptom {
	for _, defined := range state.Definition.ContainerDefinitions {
		if aws.ToString(defined.Name) == end.Name {
			symptom = withContainer(symptom, defined)
		}
	}
	symptom.ContainerReason, symptom.ExitCode = end.Reason, end.ExitCode
	symptom.LastLines = e.lastLines(state, end.Name)
	return symptom
}

func (e Explainer) lastLines(state *task.State, container string) []string {
	if e.LastLines == nil {
		return nil
	}
	return e.LastLines(aws.ToString(state.TaskArn), container)
}

// withContainer adds the names of a container to a symptom.
func withContainer(symptom diagnose.Symptom, defined types.ContainerDefinition) diagnose.Symptom {
	symptom.Container, symptom.Image = aws.ToString(defined.Name), aws.ToString(defined.Image)
	symptom.Secrets = nil
	for _, secret := range defined.Secrets {
		symptom.Secrets = append(symptom.Secrets, aws.ToString(secret.ValueFrom))
	}
	if config := defined.LogConfiguration; config != nil {
		symptom.LogGroup, symptom.LogRegion = config.Options["awslogs-group"], config.Options["awslogs-region"]
	}
	return symptom
}
