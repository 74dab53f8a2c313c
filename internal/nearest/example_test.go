package nearest_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

func ExampleDidYouMean() {
	fmt.Println("unknown input clustr" + nearest.DidYouMean("clustr", []string{"cluster", "command"}))
	// Output: unknown input clustr (did you mean "cluster"?)
}
