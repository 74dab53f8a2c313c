package taskdef_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/rules"
)

// ruleLine is a line of a file .out: how grave it is, what was said, and the code.
var ruleLine = regexp.MustCompile(`^(error|warning|notice): [^:]+:[0-9]+:[0-9]+: (.*) \[([a-z-]+)\]$`)

// TestRulesInDocs holds docs/errors.md to the rules: it lists the code of each, and of
// each fault of form, with an example from testdata.
func TestRulesInDocs(t *testing.T) {
	const (
		page  = "../../docs/errors.md"
		begin = "<!-- the rules, written by go test ./internal/taskdef -run TestRulesInDocs -update -->\n"
		end   = "<!-- end of the rules -->\n"
	)
	type row struct{ grave, said, file string }
	rows := map[string]row{}
	for _, folder := range []string{"err", "ok"} {
		outs, err := filepath.Glob(filepath.Join(testdata, folder, "*.out"))
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range outs {
			text, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				match := ruleLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
				if match == nil {
					continue
				}
				code, file := match[3], strings.TrimSuffix(out, ".out")
				if fit(file, code) > fit(rows[code].file, code) {
					rows[code] = row{match[1], match[2], file}
				}
			}
		}
	}
	for _, code := range rules.Codes() {
		if _, shown := rows[code]; !shown {
			t.Errorf("testdata/err shows no example of %s", code)
		}
	}
	var b strings.Builder
	b.WriteString("| id | | what is said of an example |\n|---|---|---|\n")
	for _, code := range slices.Sorted(maps.Keys(rows)) {
		r := rows[code]
		files, err := filepath.Glob(r.file + ".[jy]*")
		if err != nil || len(files) == 0 {
			t.Fatalf("no example %s: %v", r.file, err)
		}
		said := strings.NewReplacer("|", `\|`, "`", "'").Replace(r.said)
		if long := []rune(said); len(long) > 300 {
			said = string(long[:300]) + "…"
		}
		fmt.Fprintf(&b, "| [`%s`](%s) | %s | `%s` |\n", code, strings.TrimPrefix(filepath.ToSlash(files[0]), "../"), r.grave,
			said)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the rules", page)
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s does not list the rules as they are: run go test ./internal/taskdef -run TestRulesInDocs -update", page)
	}
}

// fit says how well a file shows a code: best if it is named by it.
func fit(file, code string) int {
	switch name := filepath.Base(file); {
	case file == "":
		return 0
	case name == code:
		return 3
	case strings.HasPrefix(name, code):
		return 2
	}
	return 1
}
