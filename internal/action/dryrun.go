package action

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecs-run-task/internal/report"
	"ecs-run-task/internal/task"
)

// dryRun prints the requests that the step would send to change AWS, in the form
// that the AWS CLI's --cli-input-json takes.
func (s *step) dryRun(ctx context.Context, jobs []*job) error {
	for _, j := range jobs {
		name := s.config.Definition
		if j.source != nil {
			name = j.source.Family
			s.printRequest("RegisterTaskDefinition", j.source.Body)
		}
		in := s.request()
		in.Cluster, in.TaskDefinition = &s.config.Cluster, &name // a family stands for its newest revision
		for left := s.config.Count; left > 0; left -= task.PerCall {
			in.Count = aws.Int32(int32(min(left, task.PerCall)))
			body, err := requestBody(ctx, &in)
			if err != nil {
				return err
			}
			s.printRequest("RunTask", body)
		}
	}
	return nil
}

func (s *step) printRequest(operation string, body []byte) {
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") != nil {
		pretty.Write(body)
	}
	s.console.Group(operation+" request", pretty.String())
	s.requests = append(s.requests, report.Request{Operation: operation, Input: body})
}

// errNotSent ends a call before it is sent.
var errNotSent = errors.New("not sent")

// requestBody returns the body of a RunTask request as the SDK makes it.
func requestBody(ctx context.Context, in *ecs.RunTaskInput) ([]byte, error) {
	var body []byte
	capture := middleware.FinalizeMiddlewareFunc("Capture", func(_ context.Context, in middleware.FinalizeInput, _ middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if request, ok := in.Request.(*smithyhttp.Request); ok {
			body, _ = io.ReadAll(request.GetStream())
		}
		return middleware.FinalizeOutput{}, middleware.Metadata{}, errNotSent
	})
	client := ecs.New(ecs.Options{Region: "none", APIOptions: []func(*middleware.Stack) error{
		func(stack *middleware.Stack) error { return stack.Finalize.Add(capture, middleware.Before) },
	}})
	if _, err := client.RunTask(ctx, in); !errors.Is(err, errNotSent) {
		return nil, err
	}
	return withoutToken(body)
}

// withoutToken takes the client token out: each launch has its own.
func withoutToken(body []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	delete(members, "clientToken")
	return json.Marshal(members)
}
