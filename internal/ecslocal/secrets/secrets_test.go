package secrets_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/secrets"
)

// TestValue holds what valueFrom means:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
func TestValue(t *testing.T) {
	const sm, ssm = "arn:aws:secretsmanager:us-east-1:123456789012:secret:",
		"arn:aws:ssm:us-east-1:123456789012:parameter/"
	s := secrets.New("us-east-1", "123456789012", map[string]string{
		"app/db":             `{"user":"u","port":5432,"tls":true}`,
		"plain":              "p",
		"/app/key":           "k",
		"token":              "t",
		sm + "whole-AbCdEf":  "w",
		ssm + "team/by-name": "n",
	})
	for _, c := range []struct{ from, want, fault string }{
		{sm + "plain", "p", ""},
		{sm + "plain-AbCdEf", "p", ""},
		{sm + "app/db-AbCdEf:user::", "u", ""},
		{sm + "app/db-AbCdEf:port::", "5432", ""},
		{sm + "app/db-AbCdEf:tls:AWSCURRENT:", "true", ""},
		{sm + "app/db-AbCdEf", `{"user":"u","port":5432,"tls":true}`, ""},
		{sm + "whole-AbCdEf", "w", ""},
		{"/app/key", "k", ""},
		{"token", "t", ""},
		{ssm + "app/key", "k", ""},
		{ssm + "token", "t", ""},
		{"/team/by-name", "n", ""},
		{sm + "app/db-AbCdEf:none::", "", "did not contain json key none"},
		{sm + "plain-AbCdEf:user::", "", "no JSON object"},
		{sm + "app/db-AbCdEf:user:AWSPREVIOUS:", "", "AWSCURRENT alone"},
		{sm + "other-AbCdEf", "", "Secrets Manager can't find the specified secret"},
		{"/app/none", "", "invalid parameters: /app/none"},
	} {
		got, err := s.Value(c.from)
		if got != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("Value(%s) = %q, %v; want %q, %s", c.from, got, err, c.want, c.fault)
		}
		if err != nil && strings.Contains(err.Error(), "5432") {
			t.Errorf("the error of %s has a secret's value: %v", c.from, err)
		}
	}
}
