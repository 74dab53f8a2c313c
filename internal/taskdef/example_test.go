package taskdef_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

const exampleText = `
family: web
requiresCompatibilities: FARGATE
networkMode: awsvpc
cpu: 0.25 vCPU
memory: 512
containerDefinitions:
  - name: app
    image: busybox:1
`

func ExampleDecode() {
	nodes, _, err := document.Parse("web.yaml", []byte(exampleText))
	if err != nil {
		fmt.Println(err)
		return
	}
	definitions, warnings, err := taskdef.Decode(nodes[0], taskdef.Options{})
	fmt.Println(definitions[0].Family, definitions[0].Containers[0].Image, err)
	for _, w := range warnings {
		fmt.Println(w.Error.Error())
	}

	nodes, _, _ = document.Parse("web.yaml", []byte("family: web\nmemroy: 512\n"))
	_, _, err = taskdef.Decode(nodes[0], taskdef.Options{})
	fmt.Println(err)
	// Output:
	// web busybox:1 <nil>
	// web.yaml:3:26: requiresCompatibilities: "FARGATE" taken as the list of it alone
	// web.yaml:6:9: memory: the number 512 taken as the string "512"
	// web.yaml:1:1: containerDefinitions: missing: a definition must have containers
	// web.yaml:2:1: memroy: unknown member (did you mean "memory"?)
}

func ExampleDefinition_Changes() {
	nodes, _, _ := document.Parse("web.yaml", []byte(exampleText))
	definitions, _, _ := taskdef.Decode(nodes[0], taskdef.Options{})
	changes, err := definitions[0].Changes([]byte(`{"taskDefinition": {
		"taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3", "revision": 3,
		"family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256",
		"memory": "512", "containerDefinitions": [{"name": "app", "image": "busybox:0", "essential": true}]}}`))
	fmt.Println(changes, err)
	// Output:
	// [containerDefinitions[app].image: busybox:0 → busybox:1] <nil>
}
