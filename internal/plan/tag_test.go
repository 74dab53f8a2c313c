package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/plan"
)

func TestWithoutTag(t *testing.T) {
	for _, tt := range []struct {
		request, want string // the tags; empty means none
		found         bool
	}{
		{``, ``, false},
		{`[]`, `[]`, false},
		{`[{"key":"a","value":"1"}]`, `[{"key":"a","value":"1"}]`, false},
		{`[{"key":"own","value":"1"}]`, ``, true},
		{`[{"key":"a","value":"own"},{"key":"own","value":"1"}]`, `[{"key":"a","value":"own"}]`, true},
	} {
		request := map[string]json.RawMessage{"group": []byte(`"g"`)}
		if tt.request != "" {
			request["tags"] = []byte(tt.request)
		}
		got, found := plan.WithoutTag(request, "own")
		if string(got["tags"]) != tt.want || found != tt.found || string(got["group"]) != `"g"` ||
			string(request["tags"]) != tt.request {
			t.Errorf("WithoutTag(%s) = %s, %v, want %s, %v", tt.request, got["tags"], found, tt.want, tt.found)
		}
	}
}
