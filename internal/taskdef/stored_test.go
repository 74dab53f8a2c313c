package taskdef_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/taskdeftest"
)

func TestSameAs(t *testing.T) {
	const ours = `{"family":"web","networkMode":"awsvpc","tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}],
	"containerDefinitions":[{"name":"app","image":"app:1","memory":64,
		"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["a","b"],
		"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]}`
	const begin = `{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:us-east-1:123456789012:task-definition/web:3",
	"revision":3,"status":"ACTIVE","registeredAt":1.5,"family":"web","networkMode":"awsvpc","volumes":[],
	"placementConstraints":[],
		"containerDefinitions":[{"name":"app","cpu":0,"essential":true,"mountPoints":[],"volumesFrom":[],"systemControls":[],`
	for _, tt := range []struct {
		name, theirs string
		want         bool
	}{
		{"as ECS fills it in, in another order", begin + `"image":"app:1","memory":64,"environment":[{"name":"B","value":""},
		{"name":"A","value":"1"}],"command":["a","b"],
			"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}],"healthCheck":{"command":["CMD","true"],
			"interval":30,"timeout":5,"retries":3}}]},"tags":[{"key":"b","value":"2"},{"key":"a","value":"1"}]}`, true},
		{"another image", begin + `"image":"app:2","memory":64,"environment":[{"name":"A","value":"1"},{"name":"B",
		"value":""}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},
			{"key":"b","value":"2"}]}`, false},
		{"another order of a command", begin + `"image":"app:1","memory":64,"environment":[{"name":"A","value":"1"},
		{"name":"B","value":""}],"command":["b","a"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},
			{"key":"b","value":"2"}]}`, false},
		{"a member more", begin + `"image":"app:1","memory":64,"user":"root","environment":[{"name":"A","value":"1"},
		{"name":"B","value":""}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},
			{"key":"b","value":"2"}]}`, false},
		{"a member that we do not know", begin + `"image":"app:1","memory":64,"hologram":{"on":true},
		"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},
			{"key":"b","value":"2"}]}`, false},
		{"a tag less", begin + `"image":"app:1","memory":64,"environment":[{"name":"A","value":"1"},{"name":"B","value":""}],
		"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a",
			"value":"1"}]}`, false},
		{"another number of environment variables", begin + `"image":"app:1","memory":64,"environment":[{"name":"A",
		"value":"1"}],"command":["a","b"],
			"portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","true"]}}]},"tags":[{"key":"a","value":"1"},
			{"key":"b","value":"2"}]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := taskdeftest.Decode(t, "ours.json", ours).SameAs([]byte(tt.theirs))
			if err != nil || got != tt.want {
				t.Errorf("SameAs() = %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// Definitions that ECS stores alike are the same, and no others.
func TestSameAsStored(t *testing.T) {
	const app = `"name": "app", "image": "app:1", "memory": 64`
	container := func(members string) string {
		return `{"family": "web", "containerDefinitions": [{` + app + `, ` + members + `}]}`
	}
	task := func(members string) string {
		return `{"family": "web", ` + members + `, "containerDefinitions": [{` + app + `}]}`
	}
	for _, tt := range []struct {
		name, ours, theirs string
		want               bool
	}{
		{"vCPU and GB", task(`"cpu": "1 vCPU", "memory": "2GB"`), task(`"cpu": "1024", "memory": "2048"`), true},
		{"a part of a vCPU", task(`"cpu": ".5vcpu", "memory": "0.5 GB"`), task(`"cpu": "512", "memory": "512"`), true},
		{"another size", task(`"cpu": "1 vCPU"`), task(`"cpu": "1000"`), false},
		{"names of roles", task(`"taskRoleArn": "app", "executionRoleArn": "e"`),
			task(`"taskRoleArn": "arn:aws:iam::123456789012:role/app", "executionRoleArn": ` +
				`"arn:aws:iam::123456789012:role/e"`), true},
		{"the role of another account", task(`"taskRoleArn": "app"`),
			task(`"taskRoleArn": "arn:aws:iam::999999999999:role/app"`), false},
		{"the same role under a path", task(`"taskRoleArn": "app"`),
			task(`"taskRoleArn": "arn:aws:iam::123456789012:role/service/app"`), false},
		{"container fields that ECS fills in", container(`"command": ["a"]`), container(`"command": ["a"], "cpu": 0,
		"essential": true,
			"environment": [], "mountPoints": [], "volumesFrom": [], "portMappings": [], "systemControls": []`), true},
		{"not essential", `{"family": "web", "containerDefinitions": [{` + app +
			`, "essential": false}, {"name": "b", "image": "b", "memory": 64}]}`,
			`{"family": "web", "containerDefinitions": [{` + app + `}, {"name": "b", "image": "b", "memory": 64}]}`, false},
		{"containers in another order",
			`{"family": "web", "containerDefinitions": [{"name": "b", "image": "b", "memory": 64}, {` + app + `}]}`,
			`{"family": "web", "containerDefinitions": [{` + app + `}, {"name": "b", "image": "b", "memory": 64}]}`, true},
		{"nulls", container(`"command": null, "healthCheck": null`), container(`"entryPoint": []`), true},
		{"a host port of bridge", container(`"portMappings": [{"containerPort": 80}]`),
			container(`"portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]`), true},
		{"a fixed host port of bridge", container(`"portMappings": [{"containerPort": 80}]`),
			container(`"portMappings": [{"containerPort": 80, "hostPort": 80}]`), false},
		{"udp", container(`"portMappings": [{"containerPort": 80}]`),
			container(`"portMappings": [{"containerPort": 80, "protocol": "udp"}]`), false},
		{"a volume of the host", task(`"volumes": [{"name": "d"}]`),
			task(`"volumes": [{"name": "d", "host": {}}], "placementConstraints": []`), true},
		{"the defaults of EFS", task(`"volumes": [{"name": "d", "efsVolumeConfiguration": {"fileSystemId": "fs-12345678"}}]`),
			task(`"volumes": [{"name": "d", "efsVolumeConfiguration": {"fileSystemId": "fs-12345678", "rootDirectory": "/",` +
				` "transitEncryption": "DISABLED"}}]`), true},
		{"another directory of EFS",
			task(`"volumes": [{"name": "d", "efsVolumeConfiguration": {"fileSystemId": "fs-12345678"}}]`),
			task(`"volumes": [{"name": "d", "efsVolumeConfiguration": {"fileSystemId": "fs-12345678",` +
				` "rootDirectory": "/d"}}]`), false},
		{"a runtime platform", task(`"runtimePlatform": {"cpuArchitecture": "ARM64"}`),
			task(`"runtimePlatform": {"cpuArchitecture": "X86_64"}`), false},
		{"no swap is not the default", container(`"linuxParameters": {"maxSwap": 0, "swappiness": 0}`),
			container(`"linuxParameters": {}`), false},
		{"a timeout of 0 is not the default", container(`"stopTimeout": 0`), container(`"command": []`), false},
		{"the values of one variable given twice",
			container(`"environment": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]`),
			container(`"environment": [{"name": "A", "value": "2"}, {"name": "A", "value": "1"}]`), false},
		{"labels that look like members", container(`"dockerLabels": {"cpu": "0", "essential": "true"}`),
			container(`"dockerLabels": {}`), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, pair := range [][2]string{{tt.ours, tt.theirs}, {tt.theirs, tt.ours}} {
				definition := taskdeftest.Decode(t, "ours.json", pair[0])
				answer := `{"taskDefinition": ` + strings.Replace(pair[1], "{",
					`{"taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3", `, 1) + `}`
				if got, err := definition.SameAs([]byte(answer)); err != nil || got != tt.want {
					t.Errorf("SameAs() = %v, %v, want %v:\n%s\n%s", got, err, tt.want, pair[0], pair[1])
				}
			}
		})
	}
}

// What ECS has taken is compared, whatever the rules say of it.
func TestSameAsRegistered(t *testing.T) {
	definition := taskdeftest.Decode(t, "ours.json",
		`{"family": "web", "containerDefinitions": [{"name": "app", "image": "app:1", "memory": 64}]}`)
	const answer = `{"taskDefinition": {"family": "web", "containerDefinitions": [{"name": "app", "image": "app:1",` +
		` "memory": 64, "links": ["gone"]}]}}`
	if same, err := definition.SameAs([]byte(answer)); same || err != nil {
		t.Errorf("SameAs() = %v, %v, want false and no error", same, err)
	}
}
