package awserr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
)

// answer returns the error of a call whose response has an HTTP status and an error code. An empty
// code means that the response does not have the form of an AWS error.
func answer(status int, code, message string) error {
	err := error(&smithy.GenericAPIError{Code: code, Message: message})
	if code == "" {
		err = errors.New("deserialization failed")
	}
	response := &smithyhttp.Response{Response: &http.Response{StatusCode: status}}
	return fmt.Errorf("describe tasks: %w", &smithy.OperationError{ServiceID: "ECS", OperationName: "DescribeTasks",
		Err: &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{Response: response, Err: err}}})
}

func TestKinds(t *testing.T) {
	type kinds struct{ transient, unconfirmed, throttled, expired, denied, unseenRole bool }
	lost := &smithy.OperationError{ServiceID: "ECS", Err: errors.New("connection reset by peer")}
	for _, tt := range []struct {
		name string
		err  error
		want kinds
		code string
	}{
		{"none", nil, kinds{}, ""},
		{"no answer", lost, kinds{transient: true, unconfirmed: true}, ""},
		{"cancelled", context.Canceled, kinds{unconfirmed: true}, ""},
		{"an answer that broke off", answer(200, "", ""), kinds{transient: true, unconfirmed: true}, ""},
		{"an answer that is not AWS's", answer(302, "", ""), kinds{unconfirmed: true}, ""},
		{"a fault inside AWS", answer(500, "ServerException", ""), kinds{transient: true, unconfirmed: true},
			"ServerException"},
		{"a gateway that gave up", answer(504, "", ""), kinds{transient: true, unconfirmed: true}, ""},
		{"a time-out", answer(408, "RequestTimeout", ""), kinds{transient: true}, "RequestTimeout"},
		{"too many", answer(429, "X", ""), kinds{transient: true}, "X"},
		{"throttled", answer(400, "ThrottlingException", ""), kinds{transient: true, throttled: true}, "ThrottlingException"},
		{"a limit", answer(400, "LimitExceededException", ""), kinds{transient: true, throttled: true},
			"LimitExceededException"},
		{"expired", answer(400, "ExpiredTokenException", ""), kinds{expired: true}, "ExpiredTokenException"},
		{"denied", answer(400, "AccessDeniedException", ""), kinds{denied: true}, "AccessDeniedException"},
		{"refused", answer(400, "ClientException", "no"), kinds{}, "ClientException"},
		{"a role that is not seen yet", answer(400, "ClientException", "Role is not valid"), kinds{unseenRole: true},
			"ClientException"},
		{"a role of the task", answer(400, "ClientException", "ECS was unable to assume the role 'r' that"),
			kinds{unseenRole: true}, "ClientException"},
		{"another refusal for a role", answer(400, "InvalidParameterException", "Role is not valid"), kinds{},
			"InvalidParameterException"},
	} {
		got := kinds{
			awserr.Transient(tt.err), awserr.Unconfirmed(tt.err), awserr.Throttled(tt.err), awserr.Expired(tt.err),
			awserr.Denied(tt.err), awserr.UnseenRole(tt.err),
		}
		if got != tt.want || awserr.Code(tt.err) != tt.code {
			t.Errorf("%s: %+v with the code %q, want %+v, %q", tt.name, got, awserr.Code(tt.err), tt.want, tt.code)
		}
	}
}

// clockError is like the error that the SDK returns if AWS refused a call because of a wrong clock.
type clockError struct {
	error
	retry bool
}

func (e clockError) Unwrap() error        { return e.error }
func (e clockError) RetryableError() bool { return e.retry }

// TestClock checks a call that was signed with a wrong clock. The error is transient once the SDK
// has corrected the clock, even if the SDK has used all its attempts.
func TestClock(t *testing.T) {
	refused := answer(400, "InvalidSignatureException", "Signature expired")
	for _, corrected := range []bool{true, false} {
		err := fmt.Errorf("stop task: %w", &retry.MaxAttemptsError{Attempt: 5, Err: clockError{refused, corrected}})
		if got := awserr.Transient(err); got != corrected {
			t.Errorf("Transient() of a clock that is corrected, %v = %v", corrected, got)
		}
	}
}

func TestRetryBroken(t *testing.T) {
	var o retry.StandardOptions
	awserr.RetryBroken(&o)
	for err, want := range map[error]aws.Ternary{io.ErrUnexpectedEOF: aws.TrueTernary, io.EOF: aws.UnknownTernary} {
		if got := o.Retryables[0].IsErrorRetryable(fmt.Errorf("read: %w", err)); got != want {
			t.Errorf("an answer that ends with %v is made again: %v, want %v", err, got, want)
		}
	}
}
