package explain

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/joined"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// HintError is an error with a hint: one line that helps the user.
type HintError struct {
	error
	Hint string
}

// WithHint adds a hint to an error.
func WithHint(err error, hint string) error { return &HintError{err, hint} }

func (e *HintError) Unwrap() error { return e.error }

// Notes returns a note for an error, or one for each error that it joins.
func Notes(err error) []event.Note {
	if parts := joined.Errors(err); len(parts) > 1 {
		var all []event.Note
		for _, one := range parts {
			all = append(all, Notes(one)...)
		}
		return all
	}
	var fault *document.Error
	if errors.As(err, &fault) {
		return []event.Note{event.NoteAt(fault)}
	}
	note := event.Note{Text: WithoutSDK(err.Error())}
	var inputErr *input.Error
	if errors.As(err, &inputErr) {
		note.Title, note.Hint = "input "+inputErr.Input, inputErr.Hint
	}
	var hinted *HintError
	if errors.As(err, &hinted) {
		note.Hint = hinted.Hint
	}
	return []event.Note{note}
}

// sdkText matches the texts that the AWS SDK adds to the cause of an error.
var sdkText = lazyregexp.New(`operation error [A-Za-z0-9 ]+: [A-Za-z0-9]+, |` +
	`exceeded maximum number of attempts, [0-9]+, |` +
	`https response error StatusCode: [0-9]+, RequestID: [^,]*, |request send failed, |api error `)

// WithoutSDK removes the texts that the AWS SDK adds to the cause of an error.
func WithoutSDK(text string) string { return sdkText.ReplaceAllString(text, "") }

// Refusal rewrites the error of an AWS call: the operation, the account and region, and
// the error code and message of AWS. It returns other errors unchanged. account returns
// an empty string if the account is not known; it is called only if it is needed.
func Refusal(err error, region string, account func() string) error {
	if parts := joined.Errors(err); len(parts) > 1 {
		var all []error
		for _, one := range parts {
			all = append(all, Refusal(one, region, account))
		}
		return errors.Join(all...)
	}
	var hinted *HintError
	if errors.As(err, &hinted) {
		return &HintError{Refusal(hinted.error, region, account), hinted.Hint}
	}
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return err
	}
	doing, _, _ := strings.Cut(err.Error(), ": operation error ")
	where := "region " + region
	if id := account(); id != "" {
		where = "account " + id + ", " + where
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s: %s did not answer %s (%s): %s", doing, operation.Service(),
			operation.Operation(), where, WithoutSDK(operation.Unwrap().Error()))
	}
	return fmt.Errorf("%s: %s refused %s (%s): %s: %s", doing, operation.Service(), operation.Operation(),
		where, api.ErrorCode(), api.ErrorMessage())
}

// Unanswered reports whether an error is that of a call which AWS did not answer.
func Unanswered(err error) bool {
	var operation *smithy.OperationError
	var refused smithy.APIError
	return errors.As(err, &operation) && !errors.As(err, &refused)
}
