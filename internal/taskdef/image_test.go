package taskdef_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Another image changes that image's bytes and no others.
func TestWithImage(t *testing.T) {
	const text = `{"taskDefinition": {"family": "web", "revision": 3, "status": "ACTIVE", "futureMember": {"a": [1.50]},
	"containerDefinitions": [
		{"name": "app", "image": "old", "memory": 64, "environment": [{"name": "A", "value": "<old>"}]},
		{"name": "side", "image": "old", "memory": 64}]}, "tags": [{"key": "A", "value": "b"}]}`
	options := taskdef.Options{UnknownMembers: "pass"}
	nodes, _, err := document.Parse("web.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	definitions, _, err := taskdef.Decode(nodes[0], options)
	if err != nil {
		t.Fatal(err)
	}
	before := string(definitions[0].Body)
	image := func(name string) *document.Node {
		return &document.Node{Kind: document.String, Text: name, Place: document.Place{Name: "input image"}}
	}
	changed, err := definitions[0].WithImage("side", image("registry.example/side:2"), options)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(before, `"side","image":"old"`, `"side","image":"registry.example/side:2"`, 1)
	if got := string(changed.Body); got != want || changed.Containers[1].Image != "registry.example/side:2" ||
		changed.Containers[0].Image != "old" {
		t.Errorf("WithImage() =\n%s\nwant\n%s", got, want)
	}
	if string(definitions[0].Body) != before || before == want {
		t.Error("WithImage() changed what it was called on")
	}
	_, err = definitions[0].WithImage("app", image("a: b"), options)
	if err == nil || !strings.HasPrefix(err.Error(), "input image: containerDefinitions[0].image: ") {
		t.Errorf("WithImage() = %v, want a fault of the image", err)
	}
}
