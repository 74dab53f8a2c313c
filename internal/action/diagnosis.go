package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// faults returns what went wrong, each with what is likely behind it: the tasks
// that failed by themselves, and the step's error. Tasks that the step stopped
// did not fail by themselves.
func (s *step) faults(ctx context.Context, jobs []*job, err error) []report.Note {
	var all []report.Note
	for _, j := range jobs {
		for _, state := range j.states {
			if state.Verdict != nil && state.Verdict.Outcome != task.Succeeded && !(s.made.hasStopped(state) && state.Verdict.Outcome != task.Failed) {
				all = append(all, s.taskFault(ctx, j, state))
			}
		}
	}
	if signal := interruption(ctx); signal != nil {
		note := s.endFault(ctx, jobs, diagnose.Cancelled)
		note.Title, note.Text = "cancelled", signal.Error()+note.Text
		return append(all, note)
	}
	explained := false
	for _, one := range split(err) {
		if one == nil {
			continue
		}
		for _, note := range s.notes(ctx, one, jobOf(jobs, one)) {
			if s.timedOut && endedByTimeout(one) {
				explained = true
				note.Title, note.Text = "timed out", s.timeoutText()+": "+note.Text
			}
			all = append(all, s.placed(note))
		}
	}
	if s.timedOut && !explained {
		note := s.endFault(ctx, jobs, "")
		note.Title, note.Text = "timed out", s.timeoutText()+note.Text
		all = append(all, note)
	}
	return all
}

func (s *step) timeoutText() string { return fmt.Sprintf("timed out after %s", s.config.Timeout) }

// endedByTimeout reports whether a launch came to nothing since there was no time
// left.
func endedByTimeout(err error) bool {
	var failed *task.FailedLaunchError
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failed)
}

// endFault says how the tasks were when the step ended before them, at the place of
// the first one's definition. The end is found out for a time-out, where it is
// empty.
func (s *step) endFault(ctx context.Context, jobs []*job, end diagnose.End) report.Note {
	var job *job
	var first *task.State
	open := 0
	for _, j := range jobs {
		for _, state := range j.states {
			v := state.Verdict
			if state.Reached || v != nil && (!s.made.hasStopped(state) || v.Outcome == task.Succeeded || v.Outcome == task.Failed) {
				continue // it ended by itself, or is as was asked for
			}
			if open++; first == nil {
				job, first = j, state
			}
		}
	}
	if first == nil {
		symptom := s.symptom(ctx, nil)
		symptom.End = cmp.Or(end, diagnose.TimedOutStarting)
		return report.Note{Advice: diagnose.Explain(symptom)}
	}
	symptom := s.symptom(ctx, first.Definition)
	note := s.definitionNote(job, "")
	note.Text = fmt.Sprintf(": task %s of %s", short(first), task.Name(first.Definition))
	switch {
	case first.StartedAt == nil:
		note.Text += " was not running yet"
		symptom.End = cmp.Or(end, diagnose.TimedOutStarting)
	case s.config.SteadyState == "healthy":
		note.Text += " was not healthy yet"
		symptom.End = cmp.Or(end, diagnose.TimedOutHealth)
	default:
		note.Text += " was running"
		symptom.End = cmp.Or(end, diagnose.TimedOutRunning)
	}
	if open > 1 {
		note.Text += fmt.Sprintf(", and %s more had not ended", plural(open-1, "task"))
	}
	note.Advice = diagnose.Explain(symptom)
	for _, end := range first.Ends() {
		if end.Essential && len(note.Lines) == 0 {
			note.Lines = s.logs.last(aws.ToString(first.TaskArn), end.Name)
		}
	}
	return s.placed(note)
}

// taskFault says why a task failed, at the place of the container that decided.
func (s *step) taskFault(ctx context.Context, j *job, state *task.State) report.Note {
	v := state.Verdict
	note := s.definitionNote(j, v.Container)
	note.Title = fmt.Sprintf("%s %s", task.Name(state.Definition), v.Outcome)
	note.Text = fmt.Sprintf("task %s of %s: %s", short(state), task.Name(state.Definition), v.Reason)
	note.Advice = s.explainTask(ctx, state)
	note.Lines = s.logs.last(aws.ToString(state.TaskArn), v.Container)
	return s.placed(note)
}

// definitionNote returns a note beside the job's definition, at a container of it if
// it has one of that name.
func (s *step) definitionNote(j *job, container string) report.Note {
	note := report.Note{Aside: true}
	if j.source == nil {
		return note
	}
	place := j.source.Place
	if i := slices.IndexFunc(j.source.Containers, func(c taskdef.Container) bool { return c.Name == container }); i >= 0 {
		place = j.source.Containers[i].Place
	}
	note.File, note.Line, note.Column = place.Name, place.Line, place.Column
	return note
}

// explainTask returns what is likely behind the end of a task: of the container
// that decided, and of the others that ECS gave a reason for.
func (s *step) explainTask(ctx context.Context, state *task.State) []diagnose.Advice {
	about := s.symptom(ctx, state.Definition)
	about.StopCode, about.StoppedReason = string(state.StopCode), aws.ToString(state.StoppedReason)
	if state.Verdict.Outcome == task.Lost {
		about.End = diagnose.Lost
	}
	about.Fargate = state.LaunchType == types.LaunchTypeFargate
	var all []diagnose.Advice
	explain := func(symptom diagnose.Symptom) {
		for _, advice := range diagnose.Explain(symptom) {
			if !slices.ContainsFunc(all, func(a diagnose.Advice) bool { return a.Code == advice.Code }) {
				all = append(all, advice)
			}
		}
	}
	for _, end := range state.Ends() {
		if end.Name == state.Verdict.Container {
			symptom := s.containerSymptom(about, state, end)
			symptom.Finished, symptom.EndedFirst = state.Verdict.Beside, state.Verdict.EndedFirst
			symptom.Together = slices.ContainsFunc(state.Ends(), func(other task.End) bool {
				return other.Essential && other.ExitCode != nil && other.Name != end.Name
			})
			explain(symptom)
		}
	}
	for _, end := range state.Ends() {
		if end.Name != state.Verdict.Container && end.Reason != "" {
			explain(s.containerSymptom(about, state, end))
		}
	}
	if len(all) == 0 {
		explain(about)
	}
	return all
}

// symptom returns what can be named of a definition's tasks; the definition may
// be nil.
func (s *step) symptom(ctx context.Context, definition *types.TaskDefinition) diagnose.Symptom {
	symptom := diagnose.Symptom{Cluster: s.config.Cluster, Subnets: s.config.Subnets}
	if s.clients != nil {
		symptom.Region = s.clients.config.Region
		if interruption(ctx) == nil { // there is no time for calls
			symptom.Account = s.clients.account(ctx)
		}
	}
	if definition != nil {
		symptom.TaskRole, symptom.ExecutionRole = aws.ToString(definition.TaskRoleArn), aws.ToString(definition.ExecutionRoleArn)
		if definition.RuntimePlatform != nil {
			symptom.Architecture = string(definition.RuntimePlatform.CpuArchitecture)
		}
		if len(definition.ContainerDefinitions) == 1 {
			symptom = withContainer(symptom, definition.ContainerDefinitions[0])
		}
	}
	return symptom
}

func (s *step) containerSymptom(symptom diagnose.Symptom, state *task.State, end task.End) diagnose.Symptom {
	for _, defined := range state.Definition.ContainerDefinitions {
		if aws.ToString(defined.Name) == end.Name {
			symptom = withContainer(symptom, defined)
		}
	}
	symptom.ContainerReason, symptom.ExitCode = end.Reason, end.ExitCode
	symptom.LastLines = s.logs.last(aws.ToString(state.TaskArn), end.Name)
	return symptom
}

// withContainer adds what can be named of a container.
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

// notes returns what there is to say about an error, and what is likely behind
// those of AWS calls. The job, which may be nil, is what the calls were for.
func (s *step) notes(ctx context.Context, err error, j *job) []report.Note {
	var all []report.Note
	for _, one := range split(err) {
		shown := one
		if s.clients != nil {
			shown = s.clients.refusal(ctx, one)
		}
		advice := s.explainError(ctx, one, j)
		for _, note := range notes(shown) {
			note.Advice = advice
			if note.Title == "" && len(advice) > 0 {
				note.Title = advice[0].Code
			}
			all = append(all, note)
		}
	}
	return all
}

// explainError returns what is likely behind the error of a call, nil for other
// errors.
func (s *step) explainError(ctx context.Context, err error, j *job) []diagnose.Advice {
	var operation *smithy.OperationError
	var failed *task.FailedLaunchError
	if !errors.As(err, &operation) && !errors.As(err, &failed) {
		return nil
	}
	var definition *types.TaskDefinition
	if j != nil {
		definition = j.definition
	}
	symptom := s.symptom(ctx, definition)
	if operation != nil {
		return explainCall(symptom, err)
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

// explainCall returns what is likely behind the error of a call.
func explainCall(symptom diagnose.Symptom, err error) []diagnose.Advice {
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

// split returns the errors that were joined, each once.
func split(err error) []error {
	parts := joined(err)
	if parts == nil {
		return []error{err}
	}
	var all []error
	for _, one := range parts {
		all = append(all, split(one)...)
	}
	return all
}

// jobOf returns the job that an error is about, nil if it is about none.
func jobOf(jobs []*job, err error) *job {
	for _, j := range jobs {
		if j.err != nil && errors.Is(j.err, err) {
			return j
		}
	}
	return nil
}
