package result_test

import (
	"fmt"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
)

func ExampleResult_Dotenv() {
	r := result.Result{Status: result.Succeeded, TaskOutputs: outputs.Values{"token": "s3cr3t", "version": "42"}}
	hide := func(text string) string { return strings.ReplaceAll(text, "s3cr3t", "***") }
	text, _ := r.Dotenv(hide)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "ECS_RUN_TASK_STATUS") || strings.HasPrefix(line, "TASK_OUTPUT_") {
			fmt.Print(line)
		}
	}
	// Output:
	// ECS_RUN_TASK_STATUS=succeeded
	// TASK_OUTPUT_TOKEN=***
	// TASK_OUTPUT_VERSION=42
}
