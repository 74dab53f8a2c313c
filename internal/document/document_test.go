package document_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

func TestPaths(t *testing.T) {
	for _, test := range []struct{ path, key, want string }{
		{"", "family", "family"},
		{"containerDefinitions[0]", "memory", "containerDefinitions[0].memory"},
		{"options", "max-size", "options.max-size"},
		{"dockerLabels", "com.example", `dockerLabels["com.example"]`},
		{"a", "", `a[""]`},
		{"a", "1", `a["1"]`},
		{"", "é\n", `["é\n"]`},
		{"a", strings.Repeat("k", 100), `a["` + strings.Repeat("k", 60) + `…"]`},
	} {
		if got := document.MemberPath(test.path, test.key); got != test.want {
			t.Errorf("MemberPath(%q, %q) = %s, want %s", test.path, test.key, got, test.want)
		}
	}
	if got, want := document.ItemPath("a.b", 12), "a.b[12]"; got != want {
		t.Errorf("ItemPath = %s, want %s", got, want)
	}
	if got, want := document.ItemPath("", 0), "[0]"; got != want {
		t.Errorf("ItemPath = %s, want %s", got, want)
	}
}

func TestError(t *testing.T) {
	at := document.Place{Name: "f.json", Line: 2, Column: 3}
	for _, test := range []struct {
		err  document.Error
		want string
	}{
		{document.Error{Place: at, Path: "a.b", Message: "wrong", Hint: "right"}, "f.json:2:3: a.b: wrong"},
		{document.Error{Place: document.Place{Name: "f.json"}, Message: "wrong"}, "f.json: wrong"},
		{document.Error{Path: "a", Message: "wrong"}, "a: wrong"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("Error() = %s, want %s", got, test.want)
		}
	}
}

func TestKind(t *testing.T) {
	for kind, want := range map[document.Kind]string{
		document.Null: "null", document.Bool: "true or false", document.Number: "number",
		document.String: "string", document.List: "list", document.Map: "map", 9: "Kind(9)",
	} {
		if got := kind.String(); got != want {
			t.Errorf("Kind(%d) is %q, want %q", kind, got, want)
		}
	}
}
