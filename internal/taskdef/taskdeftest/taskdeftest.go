// Package taskdeftest has task definitions for tests.
package taskdeftest

import (
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Decode returns the first definition of the only document of a text. It ends the test on an error.
func Decode(t testing.TB, name, text string) *taskdef.Definition {
	t.Helper()
	definitions, _, err := taskdef.Decode(documenttest.Parse(t, name, text), taskdef.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return definitions[0]
}
