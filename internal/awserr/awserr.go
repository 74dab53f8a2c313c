// Package awserr says what errors of AWS calls mean: whether the call may be made again, and
// whether it may have done what it was to do all the same.
package awserr

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// RetryBroken has the SDK make a call again whose answer broke off on its way,
// which it would take for the end of it.
func RetryBroken(o *retry.StandardOptions) {
	o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return aws.TrueTernary
		}
		return aws.UnknownTernary
	}))
}

// Transient reports whether a call that ended in err may well succeed if it is
// made again as it was: throttled, failed inside AWS, lost on its way, or signed by a clock
// that the SDK has corrected since.
func Transient(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if Throttled(err) || saysRetryable(err) {
		return true
	}
	switch status := httpStatus(err); status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	default:
		var refusal smithy.APIError // without one there was no answer, or one that broke off
		return status >= http.StatusInternalServerError || !errors.As(err, &refusal) && status < http.StatusMultipleChoices
	}
}

// Unconfirmed reports whether a call that ended in err may have done what it was to
// do all the same: AWS never said that it has not.
func Unconfirmed(err error) bool {
	if err == nil {
		return false
	}
	var refusal smithy.APIError
	return !errors.As(err, &refusal) || httpStatus(err) >= http.StatusInternalServerError
}

// httpStatus returns the status of the answer, 0 if there was none.
func httpStatus(err error) int {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// Throttled reports whether AWS refused a call as there were too many of late.
func Throttled(err error) bool {
	switch Code(err) {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException":
		return true
	}
	return false
}

// Expired reports whether AWS refused a call since the credentials are no
// longer, or not yet, good.
func Expired(err error) bool {
	switch Code(err) {
	case "ExpiredTokenException", "ExpiredToken", "RequestExpired":
		return true
	}
	return false
}

// Denied reports whether AWS refused a call for want of a permission.
func Denied(err error) bool {
	switch Code(err) {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		return true
	}
	return false
}

// UnseenRole reports whether AWS does not see a role: for some seconds it may not
// see one that was just made.
func UnseenRole(err error) bool {
	if Code(err) != "ClientException" {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "Role is not valid") || strings.Contains(text, "unable to assume the role")
}

// Code returns the code of AWS's refusal, or "" where there is none.
func Code(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	return ""
}

// saysRetryable reports whether the SDK says so of a call, as of one that was refused
// since this machine's clock is wrong: the next is signed by AWS's.
func saysRetryable(err error) bool {
	var says interface{ RetryableError() bool }
	return errors.As(err, &says) && says.RetryableError()
}
