package document_test

import (
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

func TestMember(t *testing.T) {
	nodes, _, err := document.Parse("x.json", []byte(`{"a": {"b": "c"}, "d": ["e"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path []string
		want string
	}{
		{nil, `{"a":{"b":"c"},"d":["e"]}`},
		{[]string{"a", "b"}, `"c"`},
		{[]string{"a", "c"}, ""},
		{[]string{"a", "c", "d"}, ""},
		{[]string{"d", "e"}, ""},
	} {
		got := ""
		if n := nodes[0].Member(tt.path...); n != nil {
			got = string(n.JSON())
		}
		if got != tt.want {
			t.Errorf("Member(%q) = %s, want %s", tt.path, got, tt.want)
		}
	}
	var none *document.Node
	if none.Member("a") != nil {
		t.Error("a member of nothing is something")
	}
}
