package session

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go/middleware"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
)

// doer responds to calls.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// An endpoint that does not respond is reported during the call, once until it responds.
func TestSilence(t *testing.T) {
	refused := errors.New("connection refused")
	answer := func() (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
			Body: io.NopCloser(strings.NewReader("{}")),
		}, nil
	}
	for _, tt := range []struct {
		name string
		do   func(call int, r *http.Request) (*http.Response, error)
		want []string
		by   time.Duration // when the first line comes at the latest
	}{
		{name: "answers", do: func(int, *http.Request) (*http.Response, error) { return answer() }},
		{name: "breaks once", do: func(call int, r *http.Request) (*http.Response, error) {
			if call == 1 {
				return nil, refused
			}
			return answer()
		}},
		{name: "refuses", do: func(int, *http.Request) (*http.Response, error) { return nil, refused },
			want: []string{"no answer from ecs.example yet (connection refused): trying again"}, by: 2 * time.Second},
		{name: "refuses for a while", do: func(call int, r *http.Request) (*http.Response, error) {
			if call < 4 {
				return nil, refused
			}
			return answer()
		}, want: []string{"no answer from ecs.example yet (connection refused): trying again", "ecs.example answers"},
			by: 2 * time.Second},
		{name: "is slow", do: func(int, *http.Request) (*http.Response, error) {
			time.Sleep(5 * time.Second)
			return answer()
		}, want: []string{"no answer from ecs.example yet (after 3.0s): waiting", "ecs.example answers"}, by: responseDelay},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var mu sync.Mutex
				var lines []string
				first := time.Duration(0)
				s := newSilence(func(e event.Event) {
					mu.Lock()
					defer mu.Unlock()
					if len(lines) == 0 {
						first = time.Since(start)
					}
					lines = append(lines, string(e.(event.Text)))
				})
				calls := 0
				client := ecs.New(ecs.Options{
					Region: "eu-central-1", BaseEndpoint: aws.String("http://ecs.example"), RetryMaxAttempts: 5,
					Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
					HTTPClient: doer(func(r *http.Request) (*http.Response, error) {
						calls++
						return tt.do(calls, r)
					}),
					APIOptions: []func(*middleware.Stack) error{s.middleware},
				})
				_, _ = client.ListClusters(t.Context(), &ecs.ListClustersInput{})
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				if !slices.Equal(lines, tt.want) || first > tt.by {
					t.Errorf("reported %q after %s, want %q by %s", lines, first, tt.want, tt.by)
				}
			})
		})
	}
}
