package document_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

func ExampleParse() {
	nodes, _, err := document.Parse("web.yaml", []byte("family: web\ncpu: 0x100\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", nodes[0].JSON())
	fmt.Println(nodes[0].Member("cpu").Place)

	_, _, err = document.Parse("web.json", []byte(`{"family": web}`))
	fmt.Println(err)
	// Output:
	// {"family":"web","cpu":256}
	// web.yaml:2:6
	// web.json:1:12: family: expected a value, found "web", which is neither a number nor true, false or null
}
