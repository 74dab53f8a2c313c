package taskdef_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// FuzzDecode holds that no document makes Decode or Check panic, that there is
// either an error or something to register, and that the request, read as a
// definition, is the same request again.
func FuzzDecode(f *testing.F) {
	for _, folder := range []string{"ok", "err"} {
		entries, err := os.ReadDir(testdata + "/" + folder)
		if err != nil {
			f.Fatal(err)
		}
		for _, entry := range entries {
			text, err := os.ReadFile(testdata + "/" + folder + "/" + entry.Name())
			if err != nil {
				f.Fatal(err)
			}
			if len(text) > 4096 {
				continue // the fuzzer would spend its time on making it smaller
			}
			f.Add(text, false)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, pass bool) {
		o := taskdef.Options{Family: "f", Tags: []taskdef.Tag{{Key: "k", Value: "v"}}}
		if pass {
			o.UnknownMembers = "pass"
		}
		nodes, _, err := document.Parse("f", text)
		if err != nil {
			return
		}
		for _, n := range nodes {
			apischema.Check(n, schemas.RunTaskRequest, pass)
			definitions, _, err := taskdef.Decode(n, o)
			if (err == nil) != (len(definitions) > 0) {
				t.Fatalf("Decode returned %d definitions and the error %v", len(definitions), err)
			}
			for _, d := range definitions {
				again(t, d, o)
			}
		}
	})
}

// again reads a request as a definition.
func again(t *testing.T, d *taskdef.Definition, o taskdef.Options) {
	if !json.Valid(d.Body) {
		t.Fatalf("the request %s is not JSON", d.Body)
	}
	nodes, _, err := document.Parse("f.json", d.Body)
	if err != nil {
		t.Fatalf("Parse(%s): %v", d.Body, err)
	}
	definitions, warnings, err := taskdef.Decode(nodes[0], o)
	if err != nil {
		t.Fatalf("Decode(%s): %v", d.Body, err)
	}
	for _, w := range warnings {
		if w.Notice {
			t.Errorf("of the request %s was said %v", d.Body, &w.Error)
		}
	}
	if string(definitions[0].Body) != string(d.Body) {
		t.Errorf("the request\n%s\nread again is\n%s", d.Body, definitions[0].Body)
	}
}
