package taskdef_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

var update = flag.Bool("update", false, "rewrite the .out files of testdata")

const testdata = "../../testdata"

// TestGood reads definitions that are good. What is to be said of one
// nevertheless stands beside it in a file .out; there is none if it is nothing.
func TestGood(t *testing.T) {
	for _, file := range inputs(t, "ok") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			said, err := read(t, file)
			if err != nil {
				t.Fatalf("Decode(%s): %v", file, err)
			}
			golden(t, file, said)
		})
	}
}

// TestBad reads definitions that are bad. All that is to be said of one stands
// beside it in a file .out.
func TestBad(t *testing.T) {
	files := inputs(t, "err")
	if least := 80; len(files) < least {
		t.Errorf("there are %d bad definitions, want at least %d", len(files), least)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			said, err := read(t, file)
			if err == nil && !strings.Contains(said, "warning: ") {
				t.Errorf("Decode(%s) found no fault and warned of nothing", file)
			}
			golden(t, file, said)
		})
	}
}

// inputs returns the definitions of a folder of testdata.
func inputs(t *testing.T, folder string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(testdata, folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, file := range all {
		if filepath.Ext(file) != ".out" {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		t.Fatalf("testdata/%s is empty", folder)
	}
	return files
}

// read decodes all documents of a file and returns what was said of them, a
// line for each fault, warning and notice.
func read(t *testing.T, file string) (string, error) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	nodes, warnings, err := document.Parse(filepath.Base(file), text)
	for _, n := range nodes {
		_, more, fault := taskdef.Decode(n, taskdef.Options{})
		warnings = append(warnings, more...)
		err = errors.Join(err, fault)
	}
	var b strings.Builder
	for _, fault := range faults(t, err) {
		line(&b, "error", fault)
	}
	for _, w := range warnings {
		severity := "warning"
		if w.Notice {
			severity = "notice"
		}
		line(&b, severity, &w.Error)
	}
	return b.String(), err
}

// faults returns the faults that an error joins.
func faults(t *testing.T, err error) []*document.Error {
	t.Helper()
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*document.Error
		for _, err := range joined.Unwrap() {
			all = append(all, faults(t, err)...)
		}
		return all
	}
	fault, ok := err.(*document.Error)
	if !ok {
		t.Fatalf("error %v is a %T, want a *document.Error", err, err)
	}
	if fault.Place.Name == "" {
		t.Errorf("error %q has no place", err)
	}
	return []*document.Error{fault}
}

func line(b *strings.Builder, severity string, e *document.Error) {
	fmt.Fprintf(b, "%s: %s", severity, e.Error())
	if e.Code != "" {
		fmt.Fprintf(b, " [%s]", e.Code)
	}
	b.WriteByte('\n')
	if e.Hint != "" {
		fmt.Fprintf(b, "\t%s\n", e.Hint)
	}
}

// golden compares what was said of a file with what is to be said.
func golden(t *testing.T, file, got string) {
	t.Helper()
	out := strings.TrimSuffix(file, filepath.Ext(file)) + ".out"
	if *update {
		err := os.WriteFile(out, []byte(got), 0o644)
		if got == "" {
			err = os.RemoveAll(out)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(out)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("of %s was said\n%s\nwant\n%s", file, got, want)
	}
}
