package apischema_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

func ExampleCheck() {
	nodes, _, err := document.Parse("request.json", []byte(`{"count": "2", "launchType": "FARGATE"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	checked, warnings, err := apischema.Check(nodes[0], schemas.RunTaskRequest, false)
	fmt.Printf("%s %v\n", checked.JSON(), err)
	fmt.Println(warnings[0].Error.Error())

	nodes, _, _ = document.Parse("request.json", []byte(`{"lauchType": "FARGATE"}`))
	_, _, err = apischema.Check(nodes[0], schemas.RunTaskRequest, false)
	fmt.Println(err)
	// Output:
	// {"count":2,"launchType":"FARGATE"} <nil>
	// request.json:1:11: count: "2" taken as 2
	// request.json:1:2: lauchType: unknown member (did you mean "launchType"?)
}
