package expr

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func anyContext(string) bool { return true }

func TestPrecedence(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a || b && c", "(a || (b && c))"},
		{"a && b || c", "((a && b) || c)"},
		{"a == b && c", "((a == b) && c)"},
		{"a == b < c", "(a == (b < c))"},
		{"a < b == c", "((a < b) == c)"},
		{"a < b < c", "((a < b) < c)"},
		{"a == b != c", "((a == b) != c)"},
		{"a >= b <= c", "((a >= b) <= c)"},
		{"!a == b", "((!a) == b)"},
		{"!a.b", "(!a.b)"},
		{"! !a[0]", "(!(!a[0]))"},
		{"a == !b == c", "((a == (!b)) == c)"},
		{"a && (b && c)", "(a && (b && c))"},
		{"(a || b) || c || d", "(((a || b) || c) || d)"},
		{"(a || b) && c", "((a || b) && c)"},
		{"a . b [ 'c' ] [*] . *", "a.b.c[*][*]"},
		{"a['b-c']['d e']", "a.b-c['d e']"},
		{"((((a))))", "a"},
		{"FORMAT('{0}', a||b)", "FORMAT('{0}', (a || b))"},
		{"a[b == c]", "a[(b == c)]"},
		{"a[*.b]", "a[*.b]"},
	} {
		n, err := parse(tt.in, anyContext)
		if err != nil {
			t.Errorf("parse(%q): %v", tt.in, err)
			continue
		}
		if got := grouped(n); got != tt.want {
			t.Errorf("parse(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

// grouped writes a tree with every operation in parentheses.
func grouped(n *node) string {
	var args []string
	for _, arg := range n.args {
		args = append(args, grouped(arg))
	}
	switch n.op {
	case opNot:
		return "(!" + args[0] + ")"
	case opIndex:
		if s, is := n.args[1].value.(string); is && isName(s) {
			return args[0] + "." + s
		}
		return args[0] + "[" + args[1] + "]"
	case opCall:
		return n.name + "(" + strings.Join(args, ", ") + ")"
	}
	for text, o := range binaryOperators {
		if o.op == n.op {
			return "(" + strings.Join(args, " "+text+" ") + ")"
		}
	}
	return print(n)
}

// FuzzParse holds that a tree that is printed and parsed again is the same tree.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		n, err := parse(source, anyContext)
		if err != nil || n == nil {
			return
		}
		printed := print(n)
		if utf16Length(printed) > maxLength {
			return
		}
		again, err := parse(printed, anyContext)
		if err != nil {
			t.Fatalf("parse(%q), printed from %q: %v", printed, source, err)
		}
		if !same(n, again) {
			t.Errorf("%q is parsed as %s, and that as %s", source, grouped(n), grouped(again))
		}
	})
}

// same compares trees.
func same(a, b *node) bool {
	if a.op != b.op || a.name != b.name || len(a.args) != len(b.args) || a.depth != b.depth {
		return false
	}
	x, xNumber := a.value.(float64)
	y, yNumber := b.value.(float64)
	if xNumber && yNumber {
		if math.Float64bits(x) != math.Float64bits(y) && (x == x || y == y) {
			return false
		}
	} else if a.value != b.value {
		return false
	}
	for i := range a.args {
		if !same(a.args[i], b.args[i]) {
			return false
		}
	}
	return true
}

// seeds are the expressions of the conformance cases, but for the longest.
func seeds(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../testdata/expressions/*.json")
	if err != nil {
		t.Fatal(err)
	}
	expression := regexp.MustCompile(`"expr": ("(?:[^"\\]|\\.)*")`)
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range expression.FindAllSubmatch(text, -1) {
			if source, err := strconv.Unquote(string(match[1])); err == nil && len(source) < 300 {
				found = append(found, source)
			}
		}
	}
	if len(found) < 100 {
		t.Fatalf("%d seeds, want 100 at least", len(found))
	}
	return found
}
