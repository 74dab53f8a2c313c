package document_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// FuzzParse checks that Parse never panics, that each place it reports is inside
// the text, that encoding and parsing its nodes again gives the same nodes, and
// that it parses JSON as encoding/json does.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"ok", "err"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "testdata", folder, "*"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(text) > 4096 {
				continue // minimizing it would take the fuzzer too long
			}
			f.Add(text, filepath.Ext(file) == ".json")
		}
	}
	for _, in := range []string{
		"a: &x [1, *x]\n<<: {b: 1}\n", "--- |\n a\n...\n%YAML 1.1\n---\n", "? a\n: - b\n",
		"a: >2\n   b\n\n  c\n", "a: 'x\n\n y'\n",
		"[${{ ', }} ]", "\ufeff{}", "a: \"\\U0001F600\\xe9\"", "!!str {a: ! b}", "a:\r\n- b\r",
		"{? a: b, c}", "- - - a\n  - b",
	} {
		f.Add([]byte(in), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, asJSON bool) {
		name := "f.yaml"
		if asJSON {
			name = "f.json"
		}
		nodes, warnings, err := document.Parse(name, text)
		var lines []int // how many characters each has
		for line := range strings.SplitSeq(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
			lines = append(lines, utf8.RuneCountInString(line))
		}
		for _, w := range warnings {
			checkPlace(t, w.Place, lines)
		}
		for _, fault := range faults(t, err) {
			if fault.Place.Line != 0 {
				checkPlace(t, fault.Place, lines)
			}
		}
		for _, n := range nodes {
			checkTree(t, n, lines)
			again, _, err := document.Parse("again.json", n.JSON())
			if err != nil {
				t.Fatalf("Parse(%s) = %v, want no error", n.JSON(), err)
			}
			if !bytes.Equal(again[0].JSON(), n.JSON()) {
				t.Errorf("Parse(%s) = %s, want the same", n.JSON(), again[0].JSON())
			}
			if !json.Valid(n.JSON()) {
				t.Errorf("JSON() = %s, which is not JSON", n.JSON())
			}
		}
		if asJSON {
			compareJSON(t, text, nodes, err)
		}
	})
}

// compareJSON compares Parse with encoding/json for a text that the latter
// accepts. Duplicate keys and limits are the only differences allowed.
func compareJSON(t *testing.T, text []byte, nodes []*document.Node, err error) {
	want, ok := decode(text)
	if !ok || !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return
	}
	if err != nil {
		for _, harmless := range []string{"duplicate key", "nested deeper", "half of a character", "longer than"} {
			if strings.Contains(err.Error(), harmless) {
				return
			}
		}
		t.Fatalf("Parse(%q): %v, want no error", text, err)
	}
	if got, _ := decode(nodes[0].JSON()); !reflect.DeepEqual(got, want) {
		t.Errorf("Parse(%q) = %v, want %v", text, got, want)
	}
}

func decode(text []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if !json.Valid(text) || d.Decode(&v) != nil {
		return nil, false
	}
	return v, true
}

func faults(t *testing.T, err error) []*document.Error {
	var all []*document.Error
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, err := range joined.Unwrap() {
			all = append(all, faults(t, err)...)
		}
		return all
	}
	var fault *document.Error
	if err != nil && !errors.As(err, &fault) {
		t.Fatalf("error %v is a %T, want a *document.Error", err, err)
	}
	if fault != nil {
		all = append(all, fault)
	}
	return all
}

func checkTree(t *testing.T, n *document.Node, lines []int) {
	checkPlace(t, n.Place, lines)
	for _, item := range n.Items {
		checkTree(t, item, lines)
	}
	for _, m := range n.Members {
		checkTree(t, m.Key, lines)
		checkTree(t, m.Value, lines)
	}
}

func checkPlace(t *testing.T, p document.Place, lines []int) {
	t.Helper()
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > lines[p.Line-1]+1 {
		t.Errorf("place %v is outside of a text whose lines have %d characters", p, lines)
	}
}
