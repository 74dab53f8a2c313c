package taskdef_test

import (
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

func TestSameAs(t *testing.T) {
	const ours = `{"family":"web","tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}],"containerDefinitions":[{"name":"app","image":"app:1","memory":64,
		"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["a","b"],"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]}`
	const begin = `{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:us-east-1:123456789012:task-definition/web:3","revision":3,"status":"ACTIVE","registeredAt":1.5,"family":"web","volumes":[],"placementConstraints":[],
		"containerDefinitions":[{"name":"app","cpu":0,"essential":true,"mountPoints":[],"volumesFrom":[],"systemControls":[],`
	for _, tt := range []struct {
		name, theirs string
		want         bool
	}{
		{"as ECS fills it in, in another order", begin + `"image":"app:1","memory":64,"environment":[{"name":"B","value":""},{"name":"A","value":"1"}],"command":["a","b"],
			"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}],"healthCheck":{"command":["CMD","true"],"interval":30,"timeout":5,"retries":3}}]},"tags":[{"key":"b","value":"2"},{"key":"a","value":"1"}]}`, true},
		{"another image", begin + `"image":"app:2","memory":64,"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`, false},
		{"another order of a command", begin + `"image":"app:1","memory":64,"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["b","a"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`, false},
		{"a member more", begin + `"image":"app:1","memory":64,"user":"root","environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`, false},
		{"a member that we do not know", begin + `"image":"app:1","memory":64,"hologram":{"on":true},"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`, false},
		{"a tag less", begin + `"image":"app:1","memory":64,"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"}]}`, false},
		{"another number of environment variables", begin + `"image":"app:1","memory":64,"environment":[{"name":"A","value":"1"}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nodes, _, err := document.Parse("ours.json", []byte(ours))
			if err != nil {
				t.Fatal(err)
			}
			definitions, _, err := taskdef.Decode(nodes[0], taskdef.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := definitions[0].SameAs([]byte(tt.theirs))
			if err != nil || got != tt.want {
				t.Errorf("SameAs() = %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}
