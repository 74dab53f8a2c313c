package taskdef_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/taskdeftest"
)

// changes returns what a definition changes about a registered one, a line each.
func changes(t *testing.T, registered, definition string) []string {
	t.Helper()
	answer := fmt.Sprintf(`{"taskDefinition": {"taskDefinitionArn": `+
		`"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:6", "revision": 6, %s`, registered[1:])
	if before, tags, found := strings.Cut(answer, `, "tags"`); found {
		answer = before + `}, "tags"` + tags
	} else {
		answer += "}"
	}
	found, err := taskdeftest.Decode(t, "in", definition).Changes([]byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	same, err := taskdeftest.Decode(t, "in", definition).SameAs([]byte(answer))
	if err != nil || same != (len(found) == 0) {
		t.Errorf("SameAs = %t, %v, and Changes = %v", same, err, found)
	}
	var lines []string
	for _, change := range found {
		lines = append(lines, change.String())
	}
	return lines
}

func TestChanges(t *testing.T) {
	const app = `{"name": "app", "image": "app:1.6", "memory": 64`
	one := func(members string) string {
		return `{"family": "web", "containerDefinitions": [` + app + members + `}]}`
	}
	for _, tt := range []struct {
		name             string
		registered, next string
		want             []string
	}{
		{"the same", one(`, "cpu": 0, "environment": [], "essential": true`), one(``), nil},
		{"image", one(``), strings.Replace(one(``), "1.6", "1.7", 1),
			[]string{"containerDefinitions[app].image: app:1.6 → app:1.7"}},
		{"size", one(`, "cpu": 128`), strings.Replace(one(``), "64", "128", 1),
			[]string{"containerDefinitions[app].memory: 64 → 128", "containerDefinitions[app].cpu: removed (128)"}},
		{"environment", one(`, "environment": [{"name": "A", "value": "secret1"}, {"name": "B", "value": "b"}]`),
			one(`, "environment": [{"name": "A", "value": "secret2"}, {"name": "C", "value": "secret3"}]`),
			[]string{"containerDefinitions[app].environment[A].value: changed",
				"containerDefinitions[app].environment[C]: added", "containerDefinitions[app].environment[B]: removed"}},
		{"command", one(`, "command": ["a", "secret1"]`), one(`, "command": ["a", "secret2"]`),
			[]string{"containerDefinitions[app].command: changed"}},
		{"command added", one(``), one(`, "command": ["secret1"]`), []string{"containerDefinitions[app].command: added"}},
		{"options and labels", one(`, "dockerLabels": {"a": "secret1", "b": "secret1"},` +
			` "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-region": "eu-west-1",` +
			` "awslogs-group": "secret1"}}`),
			one(`, "dockerLabels": {"a": "secret2"}, "logConfiguration": {"logDriver": "awslogs",` +
				` "options": {"awslogs-region": "eu-west-1", "awslogs-group": "secret2"}}`),
			[]string{"containerDefinitions[app].dockerLabels.a: changed", "containerDefinitions[app].dockerLabels.b: removed",
				"containerDefinitions[app].logConfiguration.options.awslogs-group: changed"}},
		{"containers", one(``),
			`{"family": "web", "containerDefinitions": [{"name": "new", "image": "secret1", "memory": 64}]}`,
			[]string{"containerDefinitions[new]: added", "containerDefinitions[app]: removed"}},
		{"order of dependsOn", `{"family": "web", "containerDefinitions": [` + app +
			`, "dependsOn": [{"containerName": "b", "condition": "START"}, {"containerName": "c", "condition": "START"}]},` +
			` {"name": "b", "image": "b", "memory": 64}, {"name": "c", "image": "b", "memory": 64}]}`,
			`{"family": "web", "containerDefinitions": [` + app +
				`, "dependsOn": [{"containerName": "c", "condition": "START"}, {"containerName": "b", "condition": "START"}]},` +
				` {"name": "b", "image": "b", "memory": 64}, {"name": "c", "image": "b", "memory": 64}]}`,
			[]string{"containerDefinitions[app].dependsOn: changed"}},
		{"task", `{"family": "web", "cpu": "256", "memory": "512", "networkMode": "awsvpc",` +
			` "requiresCompatibilities": ["FARGATE"], "taskRoleArn": "arn:aws:iam::123456789012:role/a",` +
			` "containerDefinitions": [` + app + `}]}`,
			`{"family": "web", "cpu": "1 vCPU", "memory": "2GB", "networkMode": "awsvpc", "requiresCompatibilities": ["EC2",` +
				` "FARGATE"], "taskRoleArn": "b", "containerDefinitions": [` + app + `}]}`,
			[]string{"cpu: 256 → 1024", "memory: 512 → 2048", "requiresCompatibilities: FARGATE → EC2, FARGATE",
				"taskRoleArn: arn:aws:iam::123456789012:role/a → arn:aws:iam::123456789012:role/b"}},
		{"ports", one(`, "portMappings": [{"containerPort": 80, "name": "http"}]`),
			one(`, "portMappings": [{"containerPort": 8080, "name": "http"}]`),
			[]string{"containerDefinitions[app].portMappings[http].containerPort: 80 → 8080"}},
		{"tags", `{"family": "web", "containerDefinitions": [` + app + `}], "tags": [{"key": "Team", "value": "secret1"}]}`,
			`{"family": "web", "containerDefinitions": [` + app +
				`}], "tags": [{"key": "Team", "value": "secret2"}, {"key": "Run", "value": "secret3"}]}`,
			[]string{"tags[Run]: added", "tags[Team].value: changed"}},
		{"a long image", one(``), strings.Replace(one(``), "app:1.6", strings.Repeat("a", 250), 1),
			[]string{"containerDefinitions[app].image: app:1.6 → " + strings.Repeat("a", 200) + "…"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := changes(t, tt.registered, tt.next)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Changes (-want +got):\n%s", diff)
			}
			if strings.Contains(strings.Join(got, "\n"), "secret") {
				t.Errorf("a value is shown that is not to be: %q", got)
			}
		})
	}
}
