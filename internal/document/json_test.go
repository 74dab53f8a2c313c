package document_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// messages formats the warnings and errors of Parse, one line each.
func messages(warnings []document.Warning, err error) string {
	var lines []string
	if err != nil {
		lines = append(lines, strings.Split(err.Error(), "\n")...)
	}
	for _, w := range warnings {
		lines = append(lines, "notice "+w.Error.Error())
	}
	return strings.Join(lines, "\n")
}

// encoded formats the documents of Parse as JSON, one line each.
func encoded(nodes []*document.Node) string {
	var lines []string
	for _, n := range nodes {
		lines = append(lines, string(n.JSON()))
	}
	return strings.Join(lines, "\n")
}

func TestParseJSON(t *testing.T) {
	for _, test := range []struct {
		name, in, want string
		messages       string
	}{
		{name: "scalars", in: ` [true, false, null, "", 0, -0, 1.10, 1e3, 1E-3, 123456789012345678901234567890] `,
			want: `[true,false,null,"",0,-0,1.10,1e3,1E-3,123456789012345678901234567890]`},
		{name: "empty list", in: `[]`, want: `[]`},
		{name: "a pointer of Git LFS", in: "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
			messages: "f.json:1:1: the file is a Git LFS pointer, not the content"},
		{name: "empty map", in: "{\r\n}\n", want: `{}`},
		{name: "order of members", in: `{"b":1,"a":{"d":[],"c":{}}}`, want: `{"b":1,"a":{"d":[],"c":{}}}`},
		{name: "escapes", in: `["\"\\\/\b\f\n\r\t", "\u00e9\u20AC\ud83d\ude00", "é€😀<>&\u2028"]`,
			want: `["\"\\/\u0008\u000c\n\r\t","é€😀","é€😀<>&` + "\u2028" + `"]`},
		{name: "comments", in: "// a\n{ /* b */ \"a\": 1 // c\n}\n// d", want: `{"a":1}`,
			messages: "notice f.json:1:1: comments ignored: JSON has no comments"},
		{name: "trailing commas", in: `{"a":[1,],}`, want: `{"a":[1]}`,
			messages: "notice f.json:1:8: trailing commas ignored: JSON does not allow them"},
		{name: "byte order mark", in: "\ufeff{}", want: `{}`, messages: "notice f.json:1:1: byte order mark ignored"},
		{name: "tabs between", in: "{\t\"a\"\t:\t1\t}", want: `{"a":1}`},
		{name: "tabs inside", in: "[\"a\tb\",\"c\td\"]", want: `["a\tb","c\td"]`,
			messages: `notice f.json:1:4: tabs inside strings accepted: JSON requires \t`},
		{name: "expression", in: `{"a": ${{ vars.a }}, "b": [${{ fromJSON('{"x": "}}"}').x['it''s }}'] }}]}`,
			want: `{"a":"${{ vars.a }}","b":["${{ fromJSON('{\"x\": \"}}\"}').x['it''s }}'] }}"]}`},
		{name: "slash in strings", in: `["http://x", "/* no */"]`, want: `["http://x","/* no */"]`},

		{name: "empty", in: "", messages: "f.json:1:1: the text is empty: expected a JSON value"},
		{name: "only space", in: " \n ", messages: "f.json:1:1: the text is empty: expected a JSON value"},
		{
			name:     "comma lacks",
			in:       "{\"a\":1\n\"b\":2}",
			messages: "f.json:2:1: expected , or }, found \"b\": a comma is missing before it",
		},
		{name: "two commas", in: `[1,,2]`, messages: `f.json:1:4: [1]: expected a value, found ","`},
		{name: "comma only", in: `[,]`, messages: `f.json:1:2: [0]: expected a value, found ","`},
		{name: "colon lacks", in: `{"a" 1}`, messages: `f.json:1:6: a: expected : after the key "a", found "1"`},
		{name: "value lacks", in: `{"a":}`, messages: `f.json:1:6: a: expected a value, found "}"`},
		{name: "wrong bracket", in: `{"a":[1}`, messages: `f.json:1:8: a: expected , or ], found "}"`},
		{name: "no end", in: `{"a":{"b":`, messages: `f.json:1:11: a.b: expected a value, found the end of the text`},
		{name: "text after", in: `{} x`, messages: `f.json:1:4: expected the end of the text, found "x"`},
		{name: "comment without end", in: `{ /* }`, messages: `f.json:1:3: the comment has no end: expected */`},
		{name: "slash", in: `/ {}`, messages: `f.json:1:1: expected a comment or a value, found "/"`},
		{
			name: "columns count characters",
			in:   `{"é€😀": x}`,
			messages: `f.json:1:9: ["é€😀"]: expected a value, found "x", ` +
				`which is neither a number nor true, false or null`,
		},
		{name: "numbers", in: `[01, +1, .5, 1., 1e, 0x10, NaN, -]`, messages: strings.TrimSpace(`
f.json:1:2: [0]: expected a value, found "01", which is neither a number nor true, false or null
f.json:1:6: [1]: expected a value, found "+1", which is neither a number nor true, false or null
f.json:1:10: [2]: expected a value, found ".5", which is neither a number nor true, false or null
f.json:1:14: [3]: expected a value, found "1.", which is neither a number nor true, false or null
f.json:1:18: [4]: expected a value, found "1e", which is neither a number nor true, false or null
f.json:1:22: [5]: expected a value, found "0x10", which is neither a number nor true, false or null
f.json:1:28: [6]: expected a value, found "NaN", which is neither a number nor true, false or null
f.json:1:33: [7]: expected a value, found "-", which is neither a number nor true, false or null`)},
		{name: "escapes unknown", in: `["\x", "\u12g4", "\udc00", "\ud800\u0041"]`, messages: strings.TrimSpace(`
f.json:1:3: [0]: \x is not an escape of JSON
f.json:1:9: [1]: expected four hexadecimal digits after \u
f.json:1:19: [2]: \udc00 is half of a surrogate pair: the other half must follow
f.json:1:29: [3]: \ud800 is half of a surrogate pair: the other half must follow`)},
		{
			name:     "string over lines",
			in:       "[\"a\nb\"]",
			messages: "f.json:1:2: [0]: the string is not closed on its line",
		},
		{name: "string without end", in: `["a`, messages: `f.json:1:2: [0]: the string has no end: expected "`},
		{
			name:     "control character",
			in:       "[\"a\x01\"]",
			messages: "f.json:1:4: [0]: the string contains a control character",
		},
		{
			name: "single quotes",
			in:   `{'a':'b'}`,
			messages: "f.json:1:2: expected double quotes around a string, found a single one\nf.json:1:6: a: " +
				"expected double quotes around a string, found a single one",
		},
		{
			name: "key without quotes",
			in:   `{a:1,b:2}`,
			messages: "f.json:1:2: expected a key in double quotes, found \"a\"\nf.json:1:6: expected a key in " +
				"double quotes, found \"b\"",
		},
		{name: "duplicate keys", in: "{\"a\":1,\n\"a\":{\"b\":1,\"b\":2}, \"a\":3}", messages: strings.TrimSpace(`
f.json:2:1: a: duplicate key "a", first written at 1:2
f.json:2:12: a.b: duplicate key "b", first written at 2:6
f.json:2:20: a: duplicate key "a", first written at 1:2`)},
		{name: "duplicate keys of many",
			in:       `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"b":2}`,
			messages: `f.json:1:80: b: duplicate key "b", first written at 1:8`},
		{
			name:     "expression without end",
			in:       `{"a": ${{ 'x }} }`,
			messages: "f.json:1:7: a: the expression has no end: expected }}",
		},
		{name: "text after expression", in: `{"a": ${{ x }}GB}`, messages: `f.json:1:15: expected , or }, found "GB"`},
		{name: "placeholder", in: `{"a": ${x.y}}`, messages: `f.json:1:7: a: expected a value, found "$"`},
		{name: "NUL", in: "{\"a\x00\":1}", messages: "f.json:1:4: the text contains a NUL byte"},
		{name: "not UTF-8", in: "{\"é\xff\":1}", messages: "f.json:1:4: byte 0xff is not valid UTF-8"},
		{name: "replacement character", in: `["�"]`, want: `["�"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			nodes, warnings, err := document.Parse("f.json", []byte(test.in))
			if got := encoded(nodes); got != test.want {
				t.Errorf("Parse(%q) = %s, want %s", test.in, got, test.want)
			}
			if got := messages(warnings, err); got != test.messages {
				t.Errorf("Parse(%q) reported\n%s\nwant\n%s", test.in, got, test.messages)
			}
		})
	}
}

func TestParseJSONPlaces(t *testing.T) {
	nodes, _, err := document.Parse("f.json", []byte("{\r\n\t\"é\": [true,\n  {\"b\": \"x\"}],\n \"c\": ${{ x }} }"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{ f.json:1:1
"é" f.json:2:2
[ f.json:2:7
true f.json:2:8
{ f.json:3:3
"b" f.json:3:4
"x" f.json:3:9
"c" f.json:4:2
"${{ x }}" f.json:4:7
`
	if got := places(nodes[0]); got != want {
		t.Errorf("places are\n%s\nwant\n%s", got, want)
	}
}

// places formats each node and key of a tree with its place, one line each.
func places(n *document.Node) string {
	text := string(n.JSON())
	if n.Kind == document.List || n.Kind == document.Map {
		text = text[:1]
	}
	s := text + " " + n.Place.String() + "\n"
	for _, item := range n.Items {
		s += places(item)
	}
	for _, m := range n.Members {
		s += places(m.Key) + places(m.Value)
	}
	return s
}

func TestParseHints(t *testing.T) {
	for in, want := range map[string]string{
		`{"a": True}`:            "true",
		`{"a": None}`:            "null",
		`{"a": 1.}`:              `quote it: "1."`,
		`{a: 1}`:                 `"a"`,
		`{"a": "\d"}`:            `a backslash itself is written \\d`,
		`{"a": ${{ x }}GB}`:      `an expression with text around it is quoted: "${{ … }}…"`,
		`{"a": ${x.y}}`:          `quote it: "${…}"`,
		`{} {}`:                  "write several definitions as one list: [{ … }, { … }]",
		"{\"a\": \"\xe9\"}":      "save it as UTF-8",
		"\xff\xfe{\x00}\x00":     "save it as UTF-8",
		"{\"a\": \"x\n\"}":       `a line break inside a string is written \n`,
		"{\"a\": \"\x02\"}":      `\u0002`,
		"{\"a\": 'single'}":      `"…"`,
		"{\"a\": \"missing end}": "",
	} {
		_, _, err := document.Parse("f.json", []byte(in))
		if err == nil {
			t.Errorf("Parse(%q) found no fault", in)
			continue
		}
		var fault *document.Error
		if !errors.As(err, &fault) || fault.Hint != want {
			t.Errorf("Parse(%q) hints %q, want %q", in, fault.Hint, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, test := range []struct {
		name, in string
		json     bool
	}{
		{"f.json", "a: 1", true},
		{"F.JSON", "a: 1", true},
		{"f.yaml", `{"a": 1,}`, false},
		{"f.yml", `{"a": 1}`, false},
		{"definition", `{"a": 1}`, true},
		{"definition", ` [ {`, true},
		{"definition", "[\n[", true},
		{"definition", "{}", true},
		{"definition", "[]", true},
		{"definition", "[1", true},
		{"definition", "// c\n/* d */ { // e\n \"", true},
		{"definition", "[ ${{ x }} ]", true},
		{"definition", "a: 1", false},
		{"definition", "{a: 1}", false},
		{"definition", "[a]", false},
		{"definition", "# c\n{\"a\": 1}", false},
		{"definition", "- {\"a\": 1}", false},
		{"definition", `"a"`, false},
		{"definition", "", false},
	} {
		_, _, err := document.Parse(test.name, []byte(test.in+"\x7f\\ : : }}"))
		if got := err != nil && !strings.Contains(err.Error(), "YAML"); got != test.json {
			t.Errorf("Parse(%q, %q) took it as JSON: %v, want %v (%v)", test.name, test.in, got, test.json, err)
		}
	}
}
