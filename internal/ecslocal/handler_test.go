package ecslocal_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// TestRequests refuses what no AWS client sends.
func TestRequests(t *testing.T) {
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del(name)
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	signed := func(scope string) func(*http.Request) {
		return set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/"+scope+"/aws4_request, SignedHeaders=host, "+
			"Signature=00")
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		body   string
		status int
		code   string
	}{
		{"as it should be", func(*http.Request) {}, "{}", 200, ""},
		{"a charset", set("Content-Type", "application/x-amz-json-1.1; charset=utf-8"), "{}", 200, ""},
		{"GET", func(r *http.Request) { r.Method = http.MethodGet }, "", 405, "MethodNotAllowedException"},
		{"no target", set("X-Amz-Target", ""), "{}", 400, "UnknownOperationException"},
		{"another service", set("X-Amz-Target", "DynamoDB_20120810.ListTables"), "{}", 400, "UnknownOperationException"},
		{"another operation", set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.CreateService"), "{}", 400,
			"UnknownOperationException"},
		{"an operation of the other service", set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.logs:GetLogEvents"),
			"{}", 400, "UnknownOperationException"},
		{"a form", set("Content-Type", "text/plain"), "{}", 400, "SerializationException"},
		{"a web page", set("Origin", "http://localhost"), "{}", 403, "AccessDeniedException"},
		{"not signed", set("Authorization", ""), "{}", 403, "MissingAuthenticationTokenException"},
		{"basic", set("Authorization", "Basic YTpi"), "{}", 403, "MissingAuthenticationTokenException"},
		{"no scope", set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID, Signature=00"), "{}", 403,
			"MissingAuthenticationTokenException"},
		{"another region", signed("eu-west-1/ecs"), "{}", 400, "InvalidSignatureException"},
		{"another service's signature", signed("us-east-1/logs"), "{}", 400, "InvalidSignatureException"},
		{"no JSON", func(*http.Request) {}, "{", 400, "SerializationException"},
		{"a list", func(*http.Request) {}, "[]", 400, "SerializationException"},
		{"null", func(*http.Request) {}, "null", 400, "SerializationException"},
		{"two objects", func(*http.Request) {}, "{}{}", 400, "SerializationException"},
		{"a wrong type", func(*http.Request) {}, `{"cluster":1}`, 400, "SerializationException"},
		{"a list where none belongs", func(*http.Request) {}, `{"cluster":[]}`, 400, "SerializationException"},
		{"an unknown member", func(*http.Request) {}, `{"more":1}`, 200, ""},
		{"a null member", func(*http.Request) {}, `{"cluster":null}`, 200, ""},
		{"the largest body", func(*http.Request) {}, `{"more":"` + strings.Repeat("x", 1<<20-11) + `"}`, 200, ""},
		{"a larger body", func(*http.Request) {}, `{"more":"` + strings.Repeat("x", 1<<20-10) + `"}`, 413,
			"RequestEntityTooLargeException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			r := newRequest("ListTasks", c.body)
			c.change(r)
			response, err := ecslocal.Transport(s).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != c.status || !strings.Contains(string(body), `"`+c.code) {
				t.Errorf("answer = %d %s, want %d %s", response.StatusCode, body, c.status, c.code)
			}
			if got := response.Header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
				t.Errorf("Content-Type = %q", got)
			}
			if response.Header.Get("x-amzn-RequestId") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestNoExecutor(t *testing.T) {
	s := newServer(t)
	s.do("RegisterTaskDefinition", object{"family": "f", "containerDefinitions": []object{shell("a", "true")}})
	const want = "InvalidParameterException: The local ECS has nothing to run containers on: choose Docker or processes."
	if got := s.refused("RunTask", object{"taskDefinition": "f"}); got != want {
		t.Errorf("RunTask = %q, want %q", got, want)
	}
}

// TestTransport holds what a client sees of a request whose context ends.
func TestTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Faults(ecslocal.On("ListTasks", ecslocal.Stall(time.Hour))))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := ecslocal.Transport(s).RoundTrip(newRequest("ListTasks", "{}").WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("RoundTrip = %v after %v, want %v after a minute", err, time.Since(began), context.DeadlineExceeded)
		}
		_, err = ecslocal.Transport(s).RoundTrip(newRequest("ListTasks", "{}").WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("RoundTrip with an ended context = %v, want %v", err, context.DeadlineExceeded)
		}
	})
	defer func() {
		if got := recover(); got != "broken" {
			t.Errorf("panic = %v, want the handler's", got)
		}
	}()
	broken := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })
	ecslocal.Transport(broken).RoundTrip(newRequest("ListTasks", "{}"))
}
