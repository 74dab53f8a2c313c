package placeholder_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

func ExampleFind() {
	found, ok := placeholder.Find("registry.example/web:{{ .Values.tag }}")
	fmt.Println(ok, found.Text, found.Name)
	fmt.Println(found.Expression())
	// Output:
	// true {{ .Values.tag }} tag
	// ${{ vars.tag }}
}
