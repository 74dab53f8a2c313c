package document_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// hostile holds texts that take much time or memory in a parser without limits.
func hostile() map[string]string {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 20; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	var merges strings.Builder
	merges.WriteString("a0: &a0 {k: 1}\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&merges, "a%d: &a%d {<<: [%s*a%d], k%d: *a%d}\n", i, i,
			strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1, i, i-1)
	}
	var stairs, keys strings.Builder
	for i := range 1400 {
		stairs.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for i := range 100_000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	const size = 1 << 20
	return map[string]string{
		"brackets":               strings.Repeat("[", size),
		"braces":                 strings.Repeat(`{"a":`, size/5),
		"flow maps":              strings.Repeat("{a: ", size/4),
		"list of brackets":       strings.Repeat("[],", size/3),
		"dashes":                 strings.Repeat("- ", size/2),
		"question marks":         strings.Repeat("? ", size/2),
		"colons":                 strings.Repeat(": ", size/2),
		"anchors":                strings.Repeat("&a ", size/3),
		"tags":                   strings.Repeat("!a ", size/3),
		"stars":                  strings.Repeat("*a ", size/3),
		"percents":               strings.Repeat("%", size),
		"alias bomb":             bomb.String(),
		"merge bomb":             merges.String(),
		"stairs":                 stairs.String(),
		"keys":                   keys.String(),
		"one key":                strings.Repeat("a: 1\n", size/5),
		"numbers":                "[" + strings.Repeat("1,", size/2-1) + "1]",
		"strings":                "[" + strings.Repeat(`"",`, size/3-1) + `""]`,
		"flow":                   "[" + strings.Repeat("{a: 1},", size/8) + "{}]",
		"digits":                 strings.Repeat("1", 10_000_000),
		"a million digits":       strings.Repeat("1", size),
		"digits in a list":       "[" + strings.Repeat("1", size-10) + "]",
		"hexadecimal digits":     "a: 0x" + strings.Repeat("f", size-10),
		"exponent":               "[1e" + strings.Repeat("9", 900) + "]",
		"documents":              strings.Repeat("---\na\n", size/6),
		"empty documents":        strings.Repeat("---\n", size/4),
		"directives":             strings.Repeat("%TAG !a! b\n", 1000),
		"comments":               strings.Repeat("#\n", size/2),
		"JSON comments":          strings.Repeat("/**/", size/4),
		"open comments":          strings.Repeat("/*", size/2),
		"line breaks":            "a: |\n" + strings.Repeat("\n", size-10),
		"nearly empty lines":     "a: |\n" + strings.Repeat(" \n", size/3),
		"empty lines in between": "a: |\n" + strings.Repeat(strings.Repeat("\n", 900)+" b\n", 1000),
		"spaces":                 strings.Repeat(" ", size),
		"tabs":                   strings.Repeat("\t", size),
		"carriage returns":       strings.Repeat("\r", size),
		"open quotes":            strings.Repeat(`"`, size),
		"open string":            `["` + strings.Repeat("a", size-10),
		"backslashes":            `["` + strings.Repeat(`\`, size-10),
		"bad escapes":            `["` + strings.Repeat(`\q`, size/2-10) + `"]`,
		"quoted over lines":      "a: \"" + strings.Repeat("b\n  ", size/4-2) + "\"",
		"plain over lines":       "a: " + strings.Repeat("b\n  ", size/4-2),
		"literal":                "a: |\n" + strings.Repeat(" b\n", size/3-2),
		"expressions":            "[" + strings.Repeat("${{", size/3),
		"open expressions":       "a: " + strings.Repeat("${", size/2-2),
		"expressions in YAML":    strings.Repeat("- ${{ ' }} }}\n", size/14),
		"NUL bytes":              strings.Repeat("\x00", size),
		"not UTF-8":              strings.Repeat("\xff", size),
		"half UTF-8":             strings.Repeat("é", size/2-1) + "\xc3",
	}
}

// TestHostile checks that no text takes much memory. It limits the total that
// Parse allocates, which is at least what it holds at any time. The benchmark
// shows the time.
func TestHostile(t *testing.T) {
	const most = 90 << 20
	for name, text := range hostile() {
		for _, file := range []string{"f.json", "f.yaml"} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			nodes, _, err := document.Parse(file, []byte(text))
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > most {
				t.Errorf("%s: Parse(%s) allocated %d MiB, want at most %d", name, file, n>>20, most>>20)
			}
			if err == nil && len(nodes) == 0 {
				t.Errorf("%s: Parse(%s) returned neither documents nor an error", name, file)
			}
			if err != nil && len(err.Error()) > 20_000 {
				t.Errorf("%s: Parse(%s) returned an error of %d bytes", name, file, len(err.Error()))
			}
		}
	}
}

// chain returns nested lists, each with an alias of the one before it.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("- &a0 [x]\n")
	for i := range n - 2 {
		fmt.Fprintf(&b, "- &a%d [*a%d]\n", i+1, i)
	}
	return b.String()
}

func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, test := range []struct{ name, file, in, want string }{
		{"nested", "f.json", nested(100), ""},
		{"nested deeper", "f.json", nested(101), "f.json:1:101: lists and maps are nested deeper than 100"},
		{"nested", "f.yaml", nested(100), ""},
		{"nested deeper", "f.yaml", nested(101), "f.yaml:1:101: lists and maps are nested deeper than 100"},
		{"dashes", "f.yaml", strings.Repeat("- ", 100) + "a", ""},
		{"more dashes", "f.yaml", strings.Repeat("- ", 101) + "a",
			"f.yaml:1:201: lists and maps are nested deeper than 100"},
		{"size", "f", strings.Repeat(" ", 1<<20) + "a",
			"f: the text has 1048577 bytes: at most 1048576 are supported"},
		{"digits", "f.json", "[" + strings.Repeat("1", 1000) + "]", ""},
		{"more digits", "f.json", "[" + strings.Repeat("1", 1001) + "]",
			"f.json:1:2: [0]: a number of 1001 characters: at most 1000 are supported"},
		{"more digits", "f.yaml", "[" + strings.Repeat("1", 1001) + "]",
			"f.yaml:1:2: [0]: a number of 1001 characters: at most 1000 are supported"},
		{"values", "f.json", "[" + strings.Repeat("1,", 249_998) + "1]", ""},
		{"more values", "f.json", "[" + strings.Repeat("1,", 249_999) + "1]",
			"f.json:1:500000: the text has more than 250000 values and keys"},
		{"aliases", "f.yaml", hostile()["alias bomb"], "f.yaml:1:13: the text has more than 250000 values and keys"},
		{"aliases in a row", "f.yaml", chain(100), ""},
		{"more aliases in a row", "f.yaml", chain(101), "f.yaml:1:7: lists and maps are nested deeper than 100"},
		{"lines", "f.yaml", strings.Repeat("- a\n", 50_000), ""},
		{"more directives", "f.yaml", strings.Repeat("%TAG !a! b\n", 1002) + "---\na\n",
			"f.yaml: the text has more than 1000 directives"},
		{"more lines", "f.yaml", strings.Repeat("- a\n", 50_001),
			"f.yaml:50001:1: the text has more than 100000 line breaks and special characters"},
	} {
		_, _, err := document.Parse(test.file, []byte(test.in))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: Parse(%s) = %q, want %q", test.name, test.file, got, test.want)
		}
	}
}

// BenchmarkHostile measures the time of each hostile text.
func BenchmarkHostile(b *testing.B) {
	for name, text := range hostile() {
		for _, file := range []string{"f.json", "f.yaml"} {
			b.Run(name+"/"+file, func(b *testing.B) {
				for b.Loop() {
					document.Parse(file, []byte(text))
				}
			})
		}
	}
}
