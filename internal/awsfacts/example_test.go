package awsfacts_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

func ExampleParseImage() {
	image, err := awsfacts.ParseImage("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:v7")
	if err != nil {
		fmt.Println(err)
		return
	}
	registry, ok := image.ECR()
	fmt.Println(image.Repository, image.Tag)
	fmt.Println(ok, registry.Account, registry.Region)
	// Output:
	// team/web v7
	// true 123456789012 eu-west-1
}

func ExampleParseSecret() {
	secret, err := awsfacts.ParseSecret("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(secret.ARN)
	fmt.Println(secret.Key)
	// Output:
	// arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf
	// password
}
