package explain

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// HintError is an error with a line that helps.
type HintError struct {
	error
	Hint string
}

// WithHint adds a line that helps to an error.
func WithHint(err error, hint string) error { return &HintError{err, hint} }

func (e *HintError) Unwrap() error { return e.error }

// Notes returns what there is to say about an error: a note for each that was
// joined.
func Notes(err error) []event.Note {
	if parts := Joined(err); parts != nil {
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
	var wrong *input.Error
	if errors.As(err, &wrong) {
		note.Title, note.Hint = "input "+wrong.Input, wrong.Hint
	}
	var advised *HintError
	if errors.As(err, &advised) {
		note.Hint = advised.Hint
	}
	return []event.Note{note}
}

// sdkText is what the AWS SDK writes around the cause of an error.
var sdkText = regexp.MustCompile(`operation error [A-Za-z0-9 ]+: [A-Za-z0-9]+, |exceeded maximum number of ` +
	`attempts, [0-9]+, |` +
	`https response error StatusCode: [0-9]+, RequestID: [^,]*, |request send failed, |api error `)

// WithoutSDK takes the names of the SDK's own layers out of an error's text.
func WithoutSDK(text string) string { return sdkText.ReplaceAllString(text, "") }

// Joined returns the errors that [errors.Join] joined, nil for any other error,
// such as one that wraps two and says more than they do.
func Joined(err error) []error {
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	parts := several.Unwrap()
	var texts []string
	for _, part := range parts {
		texts = append(texts, part.Error())
	}
	if err.Error() != strings.Join(texts, "\n") {
		return nil
	}
	return parts
}

// Refusal rewrites the error of a call: what was called, in which account and
// region, AWS's code and message, and what to do. Other errors stay as they are.
// The account is empty if it is not known; it is asked for only when it is needed.
func Refusal(err error, region string, account func() string) error {
	if parts := Joined(err); parts != nil {
		var all []error
		for _, one := range parts {
			all = append(all, Refusal(one, region, account))
		}
		return errors.Join(all...)
	}
	var advised *HintError
	if errors.As(err, &advised) {
		return &HintError{Refusal(advised.error, region, account), advised.Hint}
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
		return fmt.Errorf("%s: no answer from %s to %s (%s): %s", doing, operation.Service(),
			operation.Operation(), where, WithoutSDK(operation.Unwrap().Error()))
	}
	return fmt.Errorf("%s: %s refused %s (%s): %s: %s", doing, operation.Service(), operation.Operation(),
		where, api.ErrorCode(), api.ErrorMessage())
}

// Split returns the errors that were joined, each once.
func Split(err error) []error {
	parts := Joined(err)
	if parts == nil {
		return []error{err}
	}
	var all []error
	for _, one := range parts {
		all = append(all, Split(one)...)
	}
	return all
}
