package main

import (
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms is the direction of the data: which of our own packages each package
// may import. A package that is not here may not exist.
var rooms = map[string][]string{
	"ecs-run-task":                    {"action"},
	"ecs-run-task/internal/action":    {"ci", "diagnose", "document", "ecslocal", "expand", "input", "report", "lookup", "nearest", "policy", "preflight", "runtask", "source", "tail", "task", "taskdef"},
	"ecs-run-task/internal/ci":        {"expand"},
	"ecs-run-task/internal/diagnose":  {"task"},
	"ecs-run-task/internal/document":  {},
	"ecs-run-task/internal/ecslocal":  {},
	"ecs-run-task/internal/expand":    {"document", "nearest"},
	"ecs-run-task/internal/input":     {"nearest"},
	"ecs-run-task/internal/lookup":    {},
	"ecs-run-task/internal/nearest":   {},
	"ecs-run-task/internal/policy":    {"document", "input", "lookup", "runtask", "taskdef"},
	"ecs-run-task/internal/preflight": {"document", "input", "lookup", "taskdef"},
	"ecs-run-task/internal/report":    {"diagnose", "task"},
	"ecs-run-task/internal/runtask":   {"document", "input", "nearest", "taskdef"},
	"ecs-run-task/internal/source":    {"nearest"},
	"ecs-run-task/internal/tail":      {},
	"ecs-run-task/internal/task":      {},
	"ecs-run-task/internal/taskdef":   {"document", "nearest"},
}

// stdlibOnly are the packages that import nothing but the standard library: the
// local ECS must not share our own, or the SDK's, misunderstandings.
var stdlibOnly = []string{"ecs-run-task/internal/ecslocal"}

func TestImports(t *testing.T) {
	architecture, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(".", func(dir string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); dir != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "examples") {
			return filepath.SkipDir
		}
		pkg, err := build.ImportDir(dir, 0)
		if _, none := err.(*build.NoGoError); none {
			return nil
		}
		if err != nil {
			return err
		}
		path := "ecs-run-task"
		if dir != "." {
			path += "/" + filepath.ToSlash(dir)
		}
		allowed, known := rooms[path]
		if !known {
			t.Errorf("package %s has no row in the table of rooms", path)
		}
		if room := filepath.Base(path); dir != "." && !strings.Contains(string(architecture), "`"+room+"`") {
			t.Errorf("docs/architecture.md says nothing of %s", room)
		}
		for _, imported := range pkg.Imports {
			if room, ours := strings.CutPrefix(imported, "ecs-run-task/internal/"); ours && !slices.Contains(allowed, room) {
				t.Errorf("%s imports %s, against the direction of the data", path, imported)
			}
			if slices.Contains(stdlibOnly, path) && strings.Contains(imported, ".") {
				t.Errorf("%s imports %s: it may import the standard library only", path, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
