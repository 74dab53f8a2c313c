package expand_test

import (
	"fmt"
	"testing/fstest"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/expand"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

func ExampleExpander_Tree() {
	vars := &expr.Object{}
	vars.Set("CPU", 256.0)
	vars.Set("QUOTE", `"}], "privileged": true`)
	expander := expand.Expander{Contexts: map[string]any{"vars": vars}}

	nodes, _, err := document.Parse("web.json", []byte(`{"cpu": "${{ vars.CPU }}", "name": "${{ vars.QUOTE }}"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	tree, err := expander.Tree(nodes[0])
	fmt.Printf("%s %v\n", tree.JSON(), err)

	nodes, _, _ = document.Parse("web.json", []byte(`{"cpu": "${{ vars.CPUS }}"}`))
	_, err = expander.Tree(nodes[0])
	fmt.Println(err)
	// Output:
	// {"cpu":256,"name":"\"}], \"privileged\": true"} <nil>
	// web.json:1:9: cpu: vars.CPUS has no value (did you mean "CPU"?)
}

func ExampleHashFiles() {
	files := fstest.MapFS{"go.sum": {Data: []byte("x")}, "a/go.sum": {Data: []byte("y")}}
	all, err := expand.HashFiles(files, "**/go.sum")
	fmt.Println(all[:12], err)
	none, err := expand.HashFiles(files, "*.lock")
	fmt.Printf("%q %v\n", none, err)
	// Output:
	// 89d5dcafed16 <nil>
	// "" <nil>
}
