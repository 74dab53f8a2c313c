package document_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

func TestParseYAML(t *testing.T) {
	for _, test := range []struct {
		name, in, want string
		messages       string
	}{
		{name: "core schema",
			in:   "[null, Null, ~, true, True, FALSE, 0, -1, +2, 007, 0o17, 0x1F, 1.10, -.5, 5., 1e3, 1.5E-3, 0.0]",
			want: `[null,null,null,true,true,false,0,-1,2,7,15,31,1.10,-0.5,5.0,1e3,1.5E-3,0.0]`},
		{name: "strings all the same",
			in: "[yes, No, on, y, 1_000, 0b11, 2024-01-01, 12:30, -0x1, ++1, '1', \"true\", 1.2.3, .e3, e3, " +
				"busybox:1, nUll]",
			want: `["yes","No","on","y","1_000","0b11","2024-01-01","12:30","-0x1","++1","1","true","1.2.3",` +
				`".e3","e3","busybox:1","nUll"]`},
		{name: "block", in: "a:\n  - b\n  - c: 1\n    d: 2\n  -\n    - e\n", want: `{"a":["b",{"c":1,"d":2},["e"]]}`},
		{name: "list in line with its key", in: "a:\n- b\n- c\nd: e\n", want: `{"a":["b","c"],"d":"e"}`},
		{name: "flow", in: "{a: [b, {c: d}], e: {}, f: []}", want: `{"a":["b",{"c":"d"}],"e":{},"f":[]}`},
		{name: "json", in: "{\n  \"a\": [1, \"b\"],\n  \"c\": null\n}\n", want: `{"a":[1,"b"],"c":null}`},
		{
			name: "literal",
			in:   "a: |\n  x\n   y\n\n  z\nb: |-\n  x\nc: |+\n  x\n\nd: e\n",
			want: `{"a":"x\n y\n\nz\n","b":"x","c":"x\n\n","d":"e"}`,
		},
		{name: "folded", in: "a: >\n  x\n  y\n\n  z\nb: >-\n  x\n", want: `{"a":"x y\nz\n","b":"x"}`},
		{name: "plain over lines", in: "a: x\n  y\nb: z\n", want: `{"a":"x y","b":"z"}`},
		{
			name: "quotes",
			in:   "a: 'it''s'\nb: \"\\u00e9\\x41\\/\\n\"\nc: \"x\n  y\"\n",
			want: `{"a":"it's","b":"éA/\n","c":"x y"}`,
		},
		{name: "comments", in: "# a\na: 1 # b\n# c\nb: '# d' # e\n", want: `{"a":1,"b":"# d"}`},
		{name: "nothing as a value", in: "a:\nb: ''\nc:\n", want: `{"a":null,"b":"","c":null}`},
		{
			name: "keys as written",
			in:   "1: a\ntrue: b\n1.10: c\n0x1F: d\n? e\n: f\n",
			want: `{"1":"a","true":"b","1.10":"c","0x1F":"d","e":"f"}`,
		},
		{name: "line ends of Windows", in: "a: 1\r\nb: |\r\n  x\r\n", want: `{"a":1,"b":"x\n"}`},
		{name: "line ends of old", in: "a: 1\rb: [\r  x,\r]\r", want: `{"a":1,"b":["x"]}`},
		{
			name: "no line ends",
			in:   "a: b\u0085c\u2028d\ne: 'x\u2029 y'\nf: |\n  \u2028\n",
			want: "{\"a\":\"b\u0085c\u2028d\",\"e\":\"x\u2029 y\",\"f\":\"\u2028\\n\"}",
		},
		{
			name: "halves of characters",
			in:   "a: \"\\uD83D\\ude00x\\\\ud83d\"\nb: '\\uD83D\\ude00'\nc: \\ud83d\n",
			want: `{"a":"😀x\\ud83d","b":"\\uD83D\\ude00","c":"\\ud83d"}`,
		},
		{name: "quotes over lines", in: "a: 'x\n  ''y\n\n  z'\n", want: `{"a":"x 'y\nz"}`},
		{
			name:     "byte order mark",
			in:       "\ufeffa: 1\n",
			want:     `{"a":1}`,
			messages: "notice f.yaml:1:1: byte order mark ignored",
		},
		{
			name: "anchors",
			in:   "a: &x {k: [1]}\nb: *x\nc: [*x, &y z, *y]\n",
			want: `{"a":{"k":[1]},"b":{"k":[1]},"c":[{"k":[1]},"z","z"]}`,
		},
		{name: "anchor anew", in: "a: &x 1\nb: *x\nc: &x 2\nd: *x\n", want: `{"a":1,"b":1,"c":2,"d":2}`},
		{
			name: "merge",
			in:   "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\n",
			want: `{"a":{"k":1,"l":2},"b":{"l":3,"k":1}}`,
		},
		{
			name: "merge list",
			in:   "a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc:\n  <<: [*x, *y]\n",
			want: `{"a":{"k":1},"b":{"k":2,"l":2},"c":{"k":1,"l":2}}`,
		},
		{name: "merge key in quotes", in: "a: {'<<': {b: 1}}", want: `{"a":{"<<":{"b":1}}}`},
		{
			name: "tags",
			in:   "[!!str 1.10, !!int '3', !!bool 'true', !!null '', ! 12, !!str, !!map {a: 1}, !!seq [1]]",
			want: `["1.10",3,true,null,"12","",{"a":1},[1]]`,
		},
		{name: "documents", in: "a: 1\n---\n- b\n...\n---\nc\n", want: "{\"a\":1}\n[\"b\"]\n\"c\""},
		{
			name: "empty documents",
			in:   "---\n---\n# c\n---\na: 1\n---\n\n---\nb: 2\n---\n",
			want: "{\"a\":1}\n{\"b\":2}",
		},
		{
			name: "document on its mark",
			in:   "--- {a: 1}\n--- |\n  x\n--- # c\nb: 2\n",
			want: "{\"a\":1}\n\"x\\n\"\n{\"b\":2}",
		},
		{name: "text at the left edge", in: "--- |\nx\n --- ...\n", want: "\"x\\n --- ...\\n\""},
		{
			name: "text that ends where it should",
			in:   "--- !!str\n|\n  x\n  ---\n---\nb: 1\n",
			want: "\"x\\n---\\n\"\n{\"b\":1}",
		},
		{name: "directive", in: "%YAML 1.2\n---\na: 1\n", want: `{"a":1}`},
		{
			name: "directives",
			in: "# c\n%YAML  1.2 # c\n%TAG !y! tag:yaml.org,2002:\n--- !y!str |\n %YAML 1.2\n...\n\n%YAML " +
				"1.1\n---\na: !<tag:yaml.org,2002:str> 2\n",
			want: "\"%YAML 1.2\\n\"\n{\"a\":\"2\"}",
		},
		{name: "expressions",
			in: "a: ${{ vars.a }}\nb: [${{ x == 'a: }}' && y }}, \"${{ z }}\", ${w.v}]\nc: x ${{ y # z " +
				"}} w\nd: ${HOME} # c\n",
			want: `{"a":"${{ vars.a }}","b":["${{ x == 'a: }}' && y }}","${{ z }}","${w.v}"],"c":"x ${{ y # ` +
				`z }} w","d":"${HOME}"}`},
		{
			name: "expression in a block",
			in:   "a: |\n  ${{ fromJSON('[1, 2]') }}\n  {\n",
			want: `{"a":"${{ fromJSON('[1, 2]') }}\n{\n"}`,
		},
		{name: "half an expression", in: "a: '${{'\nb: \"}} {\"\n", want: `{"a":"${{","b":"}} {"}`},

		{name: "empty", in: "", messages: "f.yaml:1:1: the text is empty: expected a YAML document"},
		{
			name:     "only comments",
			in:       "# a\n---\n# b\n",
			messages: "f.yaml:1:1: the text is empty: expected a YAML document",
		},
		{
			name: "duplicate keys",
			in:   "a: 1\nb: {c: 1, c: 2}\na: 2\n",
			messages: "f.yaml:2:11: b.c: duplicate key \"c\", first written at 2:5\nf.yaml:3:1: a: duplicate key " +
				"\"a\", first written at 1:1",
		},
		{
			name: "alias of nothing",
			in:   "a: *x\nb: [*y]\n",
			messages: "f.yaml:1:4: a: no anchor &x is defined before this alias\nf.yaml:2:5: b[0]: no anchor &y " +
				"is defined before this alias",
		},
		{
			name:     "alias of itself",
			in:       "a: &x [*x]\n",
			messages: "f.yaml:1:8: a[0]: no anchor &x is defined before this alias",
		},
		{
			name:     "alias of another document",
			in:       "a: &x 1\n---\nb: *x\n",
			messages: "f.yaml:3:4: b: no anchor &x is defined before this alias",
		},
		{
			name: "unknown tags",
			in:   "a: !Ref x\nb: !!binary aGk=\n",
			messages: "f.yaml:1:4: a: the CloudFormation function !Ref can't be resolved here\nf.yaml:2:4: b: " +
				"the tag !!binary is not one of YAML's core schema",
		},
		{
			name: "tags that don't fit",
			in:   "a: !!int x\nb: !!bool 1\n",
			messages: "f.yaml:1:4: a: the tag !!int does not fit a string\nf.yaml:2:4: b: the tag !!bool does " +
				"not fit a number",
		},
		{
			name:     "merge of no map",
			in:       "a:\n  <<: [1]\n",
			messages: "f.yaml:2:3: a: the merge key << takes a map or a list of maps, not a number",
		},
		{
			name:     "key of no string",
			in:       "a: 1\n~: 2\n",
			messages: "f.yaml:2:1: expected a string as a key, found a null",
		},
		{
			name: "infinity",
			in:   "a: -.INF\nb: .nan\n",
			messages: "f.yaml:1:4: a: expected a value that JSON can hold, found -.INF\nf.yaml:2:4: b: expected a " +
				"value that JSON can hold, found .nan",
		},
		{name: "tab", in: "a:\n\t- b\n", messages: "f.yaml:2:1: not YAML: YAML does not allow a tab for indentation"},
		{
			name:     "quote without an end",
			in:       "a: é\nb: 'x\nc: 1",
			messages: "f.yaml:2:4: not YAML: the text in quotes has no end",
		},
		{
			name:     "after a quote",
			in:       "é: 'it's'",
			messages: "f.yaml:1:8: not YAML: expected the end of the line, found \"s\"",
		},
		{
			name: "list without an end",
			in:   "é: [é, x",
			messages: "f.yaml:1:9: not YAML: expected a comma or ] in the list that begins at 1:4, found the end " +
				"of the text",
		},
		{
			name:     "map without commas",
			in:       "a: {b: 'x' c: 'y'}\n",
			messages: "f.yaml:1:12: not YAML: expected a comma or } in the map that begins at 1:4, found \"c\"",
		},
		{
			name:     "key without a colon",
			in:       "a: 1\nkey\nb: 1\n",
			messages: "f.yaml:2:1: not YAML: expected a colon after the key \"key\"",
		},
		{
			name:     "indentation of a key",
			in:       "a:\n  - b\n c: 1\n",
			messages: "f.yaml:3:2: not YAML: expected a key of the map that begins at 1:1, found \"c\"",
		},
		{
			name:     "key in a list",
			in:       "- a\nb: 1\n",
			messages: "f.yaml:2:1: not YAML: expected a - as the next item of the list that begins at 1:1, found \"b\"",
		},
		{
			name:     "list on the line of its key",
			in:       "a: - b\n",
			messages: "f.yaml:1:4: not YAML: a list item is not allowed here",
		},
		{name: "reserved character", in: "a: @x\n", messages: "f.yaml:1:4: not YAML: expected a value, found \"@\""},
		{name: "dash in a list", in: "[-, a]", messages: "f.yaml:1:2: not YAML: expected a value, found \"-\""},
		{name: "escape", in: "a: \"\\q\"", messages: "f.yaml:1:5: not YAML: \\q is not an escape of YAML"},
		{
			name:     "half of a character",
			in:       "a: \"\\ud83d\"",
			messages: "f.yaml:1:4: a: \\ud83d is half of a surrogate pair: the other half must follow",
		},
		{
			name:     "control character",
			in:       "a: 1\nb: \x01",
			messages: "f.yaml:2:4: not YAML: the character U+0001 is not allowed in it",
		},
		{
			name:     "text that takes the next document",
			in:       "a: 1\n--- |\nx\n...\n---\nb: 1\n",
			messages: "f.yaml:4:1: this line is part of the block text above, which is not indented",
		},
		{
			name:     "folded text that does",
			in:       "!!str >-\n\nx\n--- {b: 1}\n",
			messages: "f.yaml:4:1: this line is part of the block text above, which is not indented",
		},
		{name: "second document", in: "---\na: b: c\n", messages: "f.yaml:2:5: not YAML: a key is not allowed here"},
		{name: "NUL", in: "a: \x00", messages: "f.yaml:1:4: the text contains a NUL byte"},
	} {
		t.Run(test.name, func(t *testing.T) {
			nodes, warnings, err := document.Parse("f.yaml", []byte(test.in))
			if got := encoded(nodes); got != test.want {
				t.Errorf("Parse(%q) = %s, want %s", test.in, got, test.want)
			}
			if got := messages(warnings, err); got != test.messages {
				t.Errorf("Parse(%q) reported\n%s\nwant\n%s", test.in, got, test.messages)
			}
		})
	}
}

func TestParseYAMLPlaces(t *testing.T) {
	nodes, _, err := document.Parse("f.yaml", []byte(strings.Join([]string{
		"# c", "a: é", "é: [1, {b: ${{ x }} }]", "c:", "  - d: |", "      x", "    e: 'y'", "  -",
		"    - z", "f: &x g", "h: *x", "",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := `{ f.yaml:2:1
"a" f.yaml:2:1
"é" f.yaml:2:4
"é" f.yaml:3:1
[ f.yaml:3:4
1 f.yaml:3:5
{ f.yaml:3:8
"b" f.yaml:3:9
"${{ x }}" f.yaml:3:12
"c" f.yaml:4:1
[ f.yaml:5:3
{ f.yaml:5:5
"d" f.yaml:5:5
"x\n" f.yaml:5:8
"e" f.yaml:7:5
"y" f.yaml:7:8
[ f.yaml:9:5
"z" f.yaml:9:7
"f" f.yaml:10:1
"g" f.yaml:10:7
"h" f.yaml:11:1
"g" f.yaml:10:7
`
	if got := places(nodes[0]); got != want {
		t.Errorf("places are\n%s\nwant\n%s", got, want)
	}
}

// TestWritten checks that Node.Written is the source text of a scalar.
func TestWritten(t *testing.T) {
	for in, want := range map[string]string{
		"1.10": "", "0x1F": "0x1F", "True": "True", "true": "", "~": "~", "null": "", "NULL": "NULL",
		"": "", "007": "007", "5.": "5.", "x": "",
	} {
		nodes, _, err := document.Parse("f.yaml", []byte("a: "+in))
		if err != nil {
			t.Errorf("Parse(%q): %v", in, err)
			continue
		}
		if got := nodes[0].Members[0].Value.Written; got != want {
			t.Errorf("Parse(%q) has written %q, want %q", in, got, want)
		}
	}
}
