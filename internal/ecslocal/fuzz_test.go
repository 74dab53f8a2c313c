package ecslocal_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// FuzzRequest holds that no body makes a fault of the server's: every answer is
// AWS JSON, and every refusal is the caller's.
func FuzzRequest(f *testing.F) {
	operations := []string{
		"RegisterTaskDefinition", "DescribeTaskDefinition", "DeregisterTaskDefinition", "DeleteTaskDefinitions",
		"ListTaskDefinitions",
		"RunTask", "DescribeTasks", "ListTasks", "StopTask", "DescribeServices", "DescribeClusters", "TagResource",
		"UntagResource",
		"logs:GetLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups", "logs:CreateLogGroup",
	}
	for i, body := range []string{
		`{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":64,"dependsOn":[{"containerName":"a",` +
			`"condition":"START"}]}],"tags":[{"key":"k"}]}`,
		`{"taskDefinition":"f:1","include":["TAGS"]}`,
		`{"taskDefinition":"f:-1"}`,
		`{"taskDefinitions":["f:99999999999999999999"]}`,
		`{"nextToken":"YQ==","maxResults":1e2}`,
		`{"taskDefinition":"g","count":1e0,"overrides":{"containerOverrides":[{"name":"a"}]},` +
			`"capacityProviderStrategy":[{"weight":1,"capacityProvider":"FARGATE"}]}`,
		`{"tasks":["x"],"cluster":null}`,
		`{"startedBy":"x"}`,
		`{"task":"x"}`,
		`{"services":["a/b"]}`,
		`{"clusters":[""]}`,
		`{"resourceArn":"arn:aws:ecs:us-east-1:123456789012:task-definition/g:1","tags":[{"key":"a","value":"b"}]}`,
		`{"resourceArn":"arn:aws:ecs:us-east-1:123456789012:cluster/default","tagKeys":["a"]}`,
		`{"logGroupName":"g","logStreamName":"s","nextToken":"f/00000000000000000000000000000000000000000000000000000000/s"}`,
		`{"logGroupName":"g","orderBy":"LastEventTime"}`,
		`{"limit":-1}`,
		`{"logGroupName":""}`,
	} {
		f.Add(i, body)
	}
	f.Fuzz(func(t *testing.T, i int, body string) {
		s := newServer(t, ecslocal.Execute(&actor{}))
		s.do("RegisterTaskDefinition", object{"family": "g", "containerDefinitions": []object{act("a", "1s", "0")}})
		operation := operations[uint(i)%uint(len(operations))]
		response, err := ecslocal.Transport(s).RoundTrip(newRequest(operation, body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		var answer object
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Errorf("%s(%q) = %q: %v", operation, body, text, err)
		}
		if response.StatusCode >= 500 || response.StatusCode >= 400 && str(answer, "__type") == "" {
			t.Errorf("%s(%q) = %d %s", operation, body, response.StatusCode, text)
		}
	})
}
