package outputs_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
)

// The container prints the markers of its environment around its outputs.
func ExampleReader() {
	markers := outputs.NewMarkers()
	reader := outputs.NewReader(markers)
	for _, line := range []string{"migrating", markers.Begin, "version=42", markers.End, "done"} {
		reader.Add(line)
	}
	values, err := reader.Values()
	fmt.Println(values["version"], err)

	_, err = outputs.NewReader(markers).Values()
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// there is no block of outputs
}
