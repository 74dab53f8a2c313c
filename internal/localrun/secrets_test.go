package localrun

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

func TestSecretValues(t *testing.T) {
	trees, _, err := document.Parse("x.json", []byte(`{"containerDefinitions": [
		{"name": "app", "secrets": [
			{"name": "USER", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf:user::"},
			{"name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf:password::"},
			{"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:token-AbCdEf"},
			{"name": "KEY", "valueFrom": "/app/key"}]},
		{"name": "side", "secrets": [{"name": "KEY", "valueFrom": "/app/key"}, {"name": "OTHER", "valueFrom": "/app/other"}]},
		{"name": "plain"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	values, empty := SecretValues([]*taskdef.Definition{{Node: trees[0]}},
		input.Pairs{{Name: "USER", Value: "admin"}, {Name: "PASSWORD", Value: `p"w`}, {Name: "KEY", Value: "k"}})
	want := map[string]string{
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf":    `{"password":"p\"w","user":"admin"}`,
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:token-AbCdEf": "",
		"/app/key":   "k",
		"/app/other": "",
	}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("values (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"OTHER", "TOKEN"}, empty); diff != "" {
		t.Errorf("empty (-want +got)\n%s", diff)
	}
}
