package action

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
)

// adviceError is an error with a line that helps.
type adviceError struct {
	error
	advice string
}

func (e *adviceError) Unwrap() error { return e.error }

// notes returns what there is to say about an error: a note for each that was
// joined.
func notes(err error) []report.Note {
	if parts := joined(err); parts != nil {
		var all []report.Note
		for _, one := range parts {
			all = append(all, notes(one)...)
		}
		return all
	}
	var fault *document.Error
	if errors.As(err, &fault) {
		return []report.Note{noteAt(fault)}
	}
	note := report.Note{Text: withoutSDK(err.Error())}
	var wrong *input.Error
	if errors.As(err, &wrong) {
		note.Title, note.Hint = "input "+wrong.Input, wrong.Hint
	}
	var advised *adviceError
	if errors.As(err, &advised) {
		note.Hint = advised.advice
	}
	return []report.Note{note}
}

// sdkText is what the AWS SDK writes around the cause of an error.
var sdkText = regexp.MustCompile(`operation error [A-Za-z0-9 ]+: [A-Za-z0-9]+, |exceeded maximum number of attempts, [0-9]+, |` +
	`https response error StatusCode: [0-9]+, RequestID: [^,]*, |request send failed, |api error `)

// withoutSDK takes the names of the SDK's own layers out of an error's text.
func withoutSDK(text string) string { return sdkText.ReplaceAllString(text, "") }

// joined returns the errors that [errors.Join] joined, nil for any other error,
// such as one that wraps two and says more than they do.
func joined(err error) []error {
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

// noteAt returns what a fault in a document says, at its place.
func noteAt(fault *document.Error) report.Note {
	text := fault.Message
	if fault.Path != "" {
		text = fault.Path + ": " + text
	}
	return report.Note{
		File: fault.Place.Name, Line: fault.Place.Line, Column: fault.Place.Column,
		Title: fault.Code, Text: text, Hint: fault.Hint,
	}
}

// refusal rewrites the error of a call: what was called, in which account and
// region, AWS's code and message, and what to do. Other errors stay as they are.
func (c *clients) refusal(ctx context.Context, err error) error {
	return explain(err, c.config.Region, func() string { return c.account(ctx) })
}

// plainRefusal is refusal where there is no time to look the account up.
func (c *clients) plainRefusal(err error) error {
	return explain(err, c.config.Region, c.knownAccount)
}

func explain(err error, region string, account func() string) error {
	if parts := joined(err); parts != nil {
		var all []error
		for _, one := range parts {
			all = append(all, explain(one, region, account))
		}
		return errors.Join(all...)
	}
	var advised *adviceError
	if errors.As(err, &advised) {
		return &adviceError{explain(advised.error, region, account), advised.advice}
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
		return fmt.Errorf("%s: no answer from %s to %s (%s): %s", doing, operation.Service(), operation.Operation(), where, withoutSDK(operation.Unwrap().Error()))
	}
	return fmt.Errorf("%s: %s refused %s (%s): %s: %s", doing, operation.Service(), operation.Operation(), where, api.ErrorCode(), api.ErrorMessage())
}
