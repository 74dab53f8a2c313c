package runtask_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// The schema accepts every definition that the command check accepts without a warning. It
// refuses definitions in which check finds an unknown member, a wrong type or a value that is
// not allowed. The validator is an independent library.
func TestJSONSchema(t *testing.T) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(taskdef.JSONSchema(runtask.JSONSchema())))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("definition.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("definition.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(name string, text []byte) error {
		trees, _, err := document.Parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		var faults []error
		for _, tree := range trees {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(tree.JSON()))
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, schema.Validate(value))
		}
		return errors.Join(faults...)
	}
	accepted, refused := 0, 0
	for _, name := range glob(t, "../../testdata/ok/*.json", "../../testdata/ok/*.yaml") {
		if _, err := os.Stat(strings.TrimSuffix(name, filepath.Ext(name)) + ".out"); !errors.Is(err, fs.ErrNotExist) {
			continue // check prints a warning and corrects the definition
		}
		accepted++
		if err := validate(name, read(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range glob(t, "../../testdata/err/unknown-*.json", "../../testdata/err/enum*.json",
		"../../testdata/err/type-*.json") {
		refused++
		if validate(name, read(t, name)) == nil {
			t.Errorf("%s: the schema takes it", name)
		}
	}
	if accepted < 15 || refused < 3 {
		t.Errorf("only %d good and %d bad definitions were tried", accepted, refused)
	}
	for _, tt := range []struct {
		text string
		good bool
	}{
		{`{"containerDefinitions": [{"name": "app", "image": "app:1", "memory": "${{ vars.MEMORY }}"}]}`, true},
		{`{"containerDefinitions": [], "x-run-task": {"command": ["a"], "count": 2, "launch-type": "FARGATE"}, "x-own": 1,` +
			` "$schema": "x"}`, true},
		{`{"containerDefinitions": [], "x-run-task": {"timeout": "5m"}}`, false},
		{`{"containerDefinitions": [], "x-run-task": {"launch-type": "fargte"}}`, false},
		{`{"containerDefinitions": [], "familly": "web"}`, false},
		{`[{"containerDefinitions": []}]`, true},
		{`{"family": "web"}`, false},
	} {
		if err := validate("x.json", []byte(tt.text)); (err == nil) != tt.good {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}

var update = flag.Bool("update", false, "rewrite the published schema")

// The published file, which editors download, equals the schema.
func TestPublishedSchema(t *testing.T) {
	const name = "../../schema/definition.json"
	want := taskdef.JSONSchema(runtask.JSONSchema())
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, name); !bytes.Equal(got, want) {
		t.Errorf("%s is not what schema definition prints; go test ./internal/runtask -update writes it", name)
	}
}

func glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var names []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
