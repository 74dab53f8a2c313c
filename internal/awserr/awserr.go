// Package awserr classifies errors of AWS calls. It says whether a retry can help, and whether AWS
// may have done the work of a failed call.
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

// RetryBroken makes the SDK retry a call whose response broke off. By default the SDK does not
// retry after [io.ErrUnexpectedEOF].
func RetryBroken(o *retry.StandardOptions) {
	o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return aws.TrueTernary
		}
		return aws.UnknownTernary
	}))
}

// Transient reports whether a retry of the same call can succeed. It is true if AWS throttled the
// call, if AWS had an internal error, if the request or the response was lost, or if the call was
// signed with a wrong clock which the SDK has corrected. It is false if err is nil or a
// cancellation.
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
		// An error that is no APIError means that there was no complete response.
		var refusal smithy.APIError
		return status >= http.StatusInternalServerError || !errors.As(err, &refusal) && status < http.StatusMultipleChoices
	}
}

// Unconfirmed reports whether AWS may have done the work of a call that returned err. It is true
// unless AWS refused the call with a status below 500. It is false if err is nil.
func Unconfirmed(err error) bool {
	if err == nil {
		return false
	}
	var refusal smithy.APIError
	return !errors.As(err, &refusal) || httpStatus(err) >= http.StatusInternalServerError
}

// httpStatus returns the HTTP status of the response. It returns 0 if there was no response.
func httpStatus(err error) int {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// Throttled reports whether AWS refused a call because of a rate limit or a quota.
func Throttled(err error) bool {
	switch Code(err) {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException":
		return true
	}
	return false
}

// Expired reports whether AWS refused a call because the credentials are not valid at this time.
func Expired(err error) bool {
	switch Code(err) {
	case "ExpiredTokenException", "ExpiredToken", "RequestExpired":
		return true
	}
	return false
}

// Denied reports whether AWS refused a call because the caller has no permission for it.
func Denied(err error) bool {
	switch Code(err) {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		return true
	}
	return false
}

// UnseenRole reports whether ECS refused a call because it cannot use an IAM role. After a role is
// created, ECS may not find it for several seconds.
func UnseenRole(err error) bool {
	if Code(err) != "ClientException" {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "Role is not valid") || strings.Contains(text, "unable to assume the role")
}

// Code returns the error code of AWS's response. It returns "" if err has no such code.
func Code(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	return ""
}

// saysRetryable reports whether the SDK marked err as retryable. One example is a call that AWS
// refused because this machine's clock is wrong: the SDK signs the next call with AWS's time.
func saysRetryable(err error) bool {
	var says interface{ RetryableError() bool }
	return errors.As(err, &says) && says.RetryableError()
}
