package expr_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

func TestObject(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    *expr.Object
		want string // members after setting a=1, B=2, A=3, a=4
		get  string // the value of A
	}{
		{"any case", &expr.Object{}, "a=4 B=2", "4"},
		{"an environment", expr.NewEnvironment(), "a=4 B=2 A=3", "3"},
	} {
		tt.o.Set("a", "1")
		tt.o.Set("B", "2")
		tt.o.Set("A", "3")
		tt.o.Set("a", "4")
		var got []string
		for name, value := range tt.o.All() {
			got = append(got, name+"="+value.(string))
		}
		if !slices.Equal(got, strings.Fields(tt.want)) || tt.o.Len() != len(got) {
			t.Errorf("%s: members = %q, want %s", tt.name, got, tt.want)
		}
		if v, found := tt.o.Get("A"); !found || v != tt.get {
			t.Errorf("%s: Get(A) = %v, %t, want %s", tt.name, v, found, tt.get)
		}
		if v, found := tt.o.Get("c"); found {
			t.Errorf("%s: Get(c) = %v, want none", tt.name, v)
		}
		for range tt.o.All() {
			break
		}
	}
}

func TestGuard(t *testing.T) {
	o := &expr.Object{}
	o.Set("open", 1.0)
	o.Guard(func(name string) *expr.Error {
		if name != "shut" {
			return nil
		}
		return &expr.Error{Kind: expr.Withheld, Message: "shut is shut"}
	})
	e := expr.NewEvaluator(map[string]any{"o": o})
	e.Strict = true
	for in, want := range map[string]string{
		"o.open":                  "1",
		"o.none || 2":             "2",
		"o.shut":                  "shut is shut",
		"o.shut || 2":             "shut is shut",
		"o[format('sh{0}','ut')]": "shut is shut",
		"o.*":                     "[1]",
	} {
		v, err := e.Evaluate(in)
		got := expr.ToString(v)
		if list, is := v.([]any); is {
			got = strings.Join(strings.Fields(expr.ToJSON(list)), "")
		}
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s = %s, want %s", in, got, want)
		}
	}
}

// FuzzFromJSON holds that FromJSON takes what is JSON, and that what it has read
// is written as JSON of the same meaning.
func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{` {"a" : [ 1 , -1.5e3 , "x\n\u00e9\ud83d\ude00" , true , false , null ] , "b" : { } ,` +
		` "" : [ ] } `, `"\ud800 \\\" "`, "\"\xff\"", `1e999`, `[[1],[2,[3]]]`, `{"a":1,"a":2,"A":3}`, "1\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := expr.FromJSON([]byte(text))
		if valid := json.Valid([]byte(text)); valid != (err == nil) &&
			strings.Count(text, "{")+strings.Count(text, "[") < 100 {
			t.Fatalf("FromJSON(%q) fails with %v, though json.Valid is %t", text, err, valid)
		}
		if err != nil {
			return
		}
		written := expr.ToJSON(v)
		if strings.Contains(written, "Infinity") {
			return
		}
		again, err := expr.FromJSON([]byte(written))
		if err != nil || expr.ToJSON(again) != written {
			t.Errorf("FromJSON(%q) is written as %s, and that as %s, %v", text, written, expr.ToJSON(again), err)
		}
	})
}

func TestFromJSONErrors(t *testing.T) {
	for _, in := range []string{
		"", " ", "nul", "[", "[1", "[1,", "[1,]", "[1 2]", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, "'a'", "1 " +
			"1", "[]]", "NaN", "01",
		strings.Repeat("[", 101) + strings.Repeat("]", 101), strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}",
			101), strings.Repeat("[", 100_000),
	} {
		if v, err := expr.FromJSON([]byte(in)); err == nil {
			t.Errorf("FromJSON(%.40q) = %v, want an error", in, v)
		}
	}
	if _, err := expr.FromJSON([]byte(strings.Repeat("[", 100) + strings.Repeat("]", 100))); err != nil {
		t.Errorf("FromJSON of 100 lists: %v", err)
	}
}
