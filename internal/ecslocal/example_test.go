package ecslocal_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// The server serves clients of AWS in the same process. Its second call of
// RegisterTaskDefinition is throttled.
func ExampleNew() {
	server := ecslocal.New(ecslocal.Faults(ecslocal.On("RegisterTaskDefinition", ecslocal.Throttle(), 2)))
	defer server.Close()
	client := ecs.New(ecs.Options{
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient:       &http.Client{Transport: ecslocal.Transport(server)},
		RetryMaxAttempts: 1,
	})
	for range 2 {
		out, err := client.RegisterTaskDefinition(context.Background(), &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("web"),
			ContainerDefinitions: []types.ContainerDefinition{{
				Name: aws.String("app"), Image: aws.String("busybox:1"), Memory: aws.Int32(64),
			}},
		})
		if err != nil {
			fmt.Println("refused")
			continue
		}
		fmt.Println(aws.ToString(out.TaskDefinition.TaskDefinitionArn))
	}
	// Output:
	// arn:aws:ecs:us-east-1:123456789012:task-definition/web:1
	// refused
}
