package expr_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

func ExampleEvaluate() {
	vars := &expr.Object{}
	vars.Set("TAG", "v7")
	contexts := map[string]any{"vars": vars}

	value, err := expr.Evaluate("format('app:{0}', vars.TAG || 'latest')", contexts)
	fmt.Println(value, err)

	value, err = expr.Evaluate("vars.NONE", contexts)
	fmt.Println(value, err)

	_, err = expr.Evaluate("var.TAG", contexts)
	fmt.Println(err)
	// Output:
	// app:v7 <nil>
	// <nil> <nil>
	// Unrecognized named-value: 'var'. Located at position 1 within expression: var.TAG
}

func ExampleEvaluator() {
	e := expr.NewEvaluator(map[string]any{"vars": &expr.Object{}})
	e.Strict = true
	_, err := e.Evaluate("format('app:{0}', vars.TAG)")
	fmt.Println(err)
	value, _ := e.Evaluate("format('app:{0}', vars.TAG || 'latest')")
	fmt.Println(value)
	// Output:
	// vars.TAG has no value
	// app:latest
}
