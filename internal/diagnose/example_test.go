package diagnose_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
)

func ExampleExplain() {
	for _, advice := range diagnose.Explain(diagnose.Symptom{
		Container:       "web",
		ContainerReason: "OutOfMemoryError: Container killed due to memory usage",
	}) {
		fmt.Println(advice.Code, advice.Retry)
		fmt.Println(advice.Cause)
	}
	// Output:
	// out-of-memory no
	// Container web used more memory than its limit and was killed.
}
