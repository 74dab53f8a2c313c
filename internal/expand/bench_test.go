package expand_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// BenchmarkTree expands a definition of 64 KiB with 1,000 expressions.
func BenchmarkTree(b *testing.B) {
	x := expander(b)
	var text strings.Builder
	text.WriteString(`{"containerDefinitions": [{"environment": [`)
	for i := range 1000 {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, `{"name": "N%03d", "value": "app:${{ vars.IMAGE_TAG || '%03d' }}"}`, i, i)
	}
	text.WriteString(`]}], "padding": "`)
	text.WriteString(strings.Repeat("x", 64<<10-text.Len()))
	text.WriteString(`"}`)
	n := documenttest.Parse(b, "def.json", text.String())
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Tree(n); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTreeFaults is the same with a name that is missing in each, among a
// hundred that are near.
func BenchmarkTreeFaults(b *testing.B) {
	x := expander(b)
	vars := &expr.Object{}
	for i := range 100 {
		vars.Set(fmt.Sprintf("SOME_LONG_VARIABLE_NAME_%d", i), "")
	}
	x.Contexts["vars"] = vars
	n := documenttest.Parse(b, "def.json", `[`+strings.Repeat(`"${{ vars.SOME_LONG_VARIABEL_NAME }}", `, 1000)+`1]`)
	for b.Loop() {
		if _, err := x.Tree(n); err == nil {
			b.Fatal("no error")
		}
	}
}

// BenchmarkHostile measures how long an expression can take that is refused, or
// that is as costly as the limits let it be.
func BenchmarkHostile(b *testing.B) {
	contexts := map[string]any{"big": strings.Repeat("ä", 400_000), "a": strings.Repeat("a", 400_000)}
	for _, bm := range []struct{ name, expr string }{
		{"depth", strings.Repeat("!", 20_999) + "1"},
		{"parentheses", strings.Repeat("(", 10_500) + strings.Repeat(")", 10_500)},
		{"length", strings.Repeat("1", 21_001)},
		{"format", "format('" + strings.Repeat("{0}", 5_000) + "', big)"},
		{"contains", "contains(big,a)" + strings.Repeat("||contains(big,a)", 1_000)},
		{"toJSON", "toJSON(a)==1" + strings.Repeat("||toJSON(a)==1", 1_000)},
		{"or", "0" + strings.Repeat("||0", 6_999)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				_, _ = expr.Evaluate(bm.expr, contexts)
			}
		})
	}
}
