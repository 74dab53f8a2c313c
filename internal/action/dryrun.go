package action

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// dryRun prints the requests that the step would send to change AWS, in the form
// that the AWS CLI's --cli-input-json takes. It asks AWS only for what they lack.
func (s *step) dryRun(ctx context.Context, jobs []*job) error {
	if slices.ContainsFunc(jobs, s.asks) {
		var err error
		if s.clients, err = s.connect(ctx); err != nil {
			return err
		}
		defer s.clients.close()
		s.runner = task.Runner{API: s.clients.ecs, Cluster: s.config.Cluster}
	}
	if err := s.prepare(ctx, jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		in := &ecs.RunTaskInput{Cluster: &s.config.Cluster}
		if j.source != nil {
			s.printRequest("RegisterTaskDefinition", j.source.Body)
			in.TaskDefinition = &j.source.Family // which stands for its newest revision
		} else {
			in.TaskDefinition = j.definition.TaskDefinitionArn
		}
		for left := j.settings.Count; left > 0; left -= task.PerCall {
			in.Count = aws.Int32(int32(min(left, task.PerCall)))
			body, err := task.Body(j.request, in) // without a client token: each launch has its own
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
