package expr_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// conformanceCase is one of the cases that GitHub publishes for every
// implementation of the language; testdata/expressions/README.md describes them.
type conformanceCase struct {
	Expr     string          `json:"expr"`
	Contexts json.RawMessage `json:"contexts"`
	Result   *struct {
		Kind  string          `json:"kind"`
		Value json.RawMessage `json:"value"`
	} `json:"result"`
	Err *struct {
		Kind  expr.Kind `json:"kind"`
		Value string    `json:"value"`
	} `json:"err"`
}

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("../../testdata/expressions/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 15 {
		t.Fatalf("%d files of cases, want 15 at least", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var groups map[string][]conformanceCase
		if err := json.Unmarshal(text, &groups); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for group, cases := range groups {
			for i, c := range cases {
				name := fmt.Sprintf("%s/%s/%d", filepath.Base(file), group, i)
				t.Run(name, func(t *testing.T) { c.check(t) })
			}
		}
	}
}

func (c conformanceCase) check(t *testing.T) {
	got, err := expr.Evaluate(c.Expr, contextsOf(t, string(c.Contexts)))
	if c.Err != nil {
		var fault *expr.Error
		if !errors.As(err, &fault) {
			t.Fatalf("Evaluate(%q) = %v, %v, want an *expr.Error", c.Expr, got, err)
		}
		if fault.Kind != c.Err.Kind || !strings.Contains(fault.Message, c.Err.Value) {
			t.Errorf("Evaluate(%q) fails with %s: %s, want %s: %s", c.Expr, fault.Kind, fault.Message, c.Err.Kind, c.Err.Value)
		}
		return
	}
	if c.Result == nil {
		t.Fatalf("the case of %q has neither a result nor an error", c.Expr)
	}
	if err != nil {
		t.Fatalf("Evaluate(%q): %v", c.Expr, err)
	}
	want, err := expr.FromJSON(c.Result.Value)
	if err != nil {
		t.Fatal(err)
	}
	if kind := kindOf(got); kind != c.Result.Kind {
		t.Errorf("Evaluate(%q) is of kind %s, want %s", c.Expr, kind, c.Result.Kind)
	}
	if got, want := expr.ToJSON(got), expr.ToJSON(want); got != want {
		t.Errorf("Evaluate(%q) = %s, want %s", c.Expr, got, want)
	}
}

// contextsOf returns the members of a JSON object as contexts.
func contextsOf(t testing.TB, text string) map[string]any {
	t.Helper()
	contexts := map[string]any{}
	if text == "" {
		return contexts
	}
	v, err := expr.FromJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range v.(*expr.Object).All() {
		contexts[name] = value
	}
	return contexts
}

// kindOf names the kinds as the cases do.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "Null"
	case bool:
		return "Boolean"
	case float64:
		return "Number"
	case string:
		return "String"
	case []any:
		return "Array"
	case *expr.Object:
		return "Object"
	}
	return fmt.Sprintf("%T", v)
}
