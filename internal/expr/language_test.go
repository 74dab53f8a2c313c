package expr_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// TestEvaluate holds what the published cases leave out. Results are compared as
// JSON.
func TestEvaluate(t *testing.T) {
	contexts := contextsOf(t, `{
		"a": {"b": {"c": 1}, "B-2": [1, [2, 3], {"x": 4}], "null": null},
		"list": [{"id": 1, "tags": ["p", "q"]}, {"id": 2, "tags": []}, {"other": 3}, 5, null],
		"s": "text", "o": {}, "l": []
	}`)
	for _, tt := range []struct{ in, want string }{
		{"endsWith('abc', 'BC')", "true"},
		{"endsWith('abc', '')", "true"},
		{"endsWith('abc', 'ab')", "false"},
		{"endsWith(123, 3)", "true"},
		{"endsWith(o, '')", "false"},
		{"endsWith('', o)", "false"},
		{"startsWith(null, '')", "true"},
		{"startsWith(true, 'T')", "true"},
		{"contains('İ', 'i')", "false"},
		{"contains('ÄÖÜ', 'öü')", "true"},
		{"contains(o, '')", "false"},
		{"contains(l, null)", "false"},
		{"contains(list, o)", "false"},
		{"contains(fromJSON('[\"1\"]'), 1)", "true"},

		{"join(fromJSON('[1, null, true, \"x\", [], {}]'))", `"1,,true,x,Array,Object"`},
		{"join(fromJSON('[1, 2]'), '; ')", `"1; 2"`},
		{"join(fromJSON('[1, 2]'), 0)", `"102"`},
		{"join(fromJSON('[1, 2]'), null)", `"12"`},
		{"join(fromJSON('[1, 2]'), o)", `"1,2"`},
		{"join(l, '; ')", `""`},
		{"join('one', '; ')", `"one"`},
		{"join(o)", `""`},
		{"join(null)", `""`},
		{"join(list.*.id, '-')", `"1-2"`},

		{"toJSON(null)", `"null"`},
		{"toJSON(o)", `"{}"`},
		{"toJSON(l)", `"[]"`},
		{"toJSON('a\"b\\c/é')", `"\"a\\\"b\\\\c/é\""`},
		{"toJSON(fromJSON('\"\\u0000\\u001f\\u0085\\u2028\\b\\f\\n\\r\\t\\u007f\"'))",
			`"\"\\u0000\\u001f\\u0085\\u2028\\b\\f\\n\\r\\t` + "\x7f" + `\""`},
		{"toJSON(a)", `"{\n  \"b\": {\n    \"c\": 1\n  },\n  \"B-2\": [\n    1,\n    [\n      2,\n      3\n    ],` +
			`\n    {\n      \"x\": 4\n    }\n  ],\n  \"null\": null\n}"`},
		{"toJSON(1e15)", `"1E+15"`},
		{"fromJSON('{\"a\": 1, \"a\": 2, \"A\": 3}')", `{"a": 2}`},
		{"fromJSON(' [ ] ')", "[]"},

		{"a.*.c", "[1]"},
		{"a.*", `[{"c": 1}, [1, [2, 3], {"x": 4}], null]`},
		{"a.*.*", `[1, 1, [2, 3], {"x": 4}]`},
		{"a.*[1]", "[[2, 3]]"},
		{"a.b-2", "[1, [2, 3], {\"x\": 4}]"},
		{"a.B-2[*][1]", "[3]"},
		{"list.*.tags.*", `["p", "q"]`},
		{"list.*.tags[0]", `["p"]`},
		{"list[0].tags.*", `["p", "q"]`},
		{"list.*.none", "[]"},
		{"list[1.9].id", "2"},
		{"list['0x1'].id", "2"},
		{"list[4]", "null"},
		{"list[-0.5]", "null"},
		{"s.*", "[]"},
		{"s.length", "null"},
		{"s[0]", "null"},
		{"a['*']", "null"},
		{"A.B.C", "1"},
		{"a[format('{0}', 'b')].c", "1"},
		{"a[list]", "null"},

		{"'a' || 'b'", `"a"`},
		{"'' || 0 || 'c'", `"c"`},
		{"null || false || 0 || ''", `""`},
		{"NaN || 'x'", `"x"`},
		{"l || 'x'", "[]"},
		{"o && 'x'", `"x"`},
		{"'x' && 0 && fromJSON('')", "0"},
		{"true || fromJSON('')", "true"},
		{"!o", "false"},
		{"!''", "true"},

		{"'ς' == 'Σ'", "true"},
		{"'İ' == 'i'", "false"},
		{"'ı' == 'I'", "false"},
		{"'ſ' == 's'", "false"},
		{"'ß' == 'SS'", "false"},
		{"'\u212a' == 'k'", "false"},
		{"'µ' == 'μ'", "true"},
		{"'a' < 'B'", "true"},
		{"'_' > 'a'", "true"},
		{"'Z' < '_'", "true"},
		{"'\uffee' > '😀'", "true"},
		{"'ab' > 'a'", "true"},
		{"'a' >= 'A'", "true"},
		{"'a' <= 'A'", "true"},
		{"null >= null", "true"},
		{"null > null", "false"},
		{"null <= 0", "true"},
		{"o >= o", "true"},
		{"o == o", "true"},
		{"l != l", "false"},
		{"l == a", "false"},
		{"o == '[object]'", "false"},
		{"list.* == list.*", "false"},
		{"list.* == list", "false"},
		{"fromJSON('[]') == fromJSON('[]')", "false"},
		{"fromJSON('{}') != fromJSON('{}')", "true"},
		{"NaN >= NaN", "false"},
		{"NaN != NaN", "true"},
		{"true > false", "true"},
		{"true >= 'true'", "false"},
		{"'1' == true", "true"},
		{"'' == false", "true"},
		{"' ' == null", "true"},
		{"3 < 2 <= 1", "true"},
		{"1 == 1 == 1", "true"},
		{"2 == 2 == 2", "false"},

		{"'0xFFFFFFFF' == -1", "true"},
		{"'0x100000000' == 4294967296", "false"},
		{"'0o37777777777' == -1", "true"},
		{"'0X10' == 16", "false"},
		{"'1.' == 1", "true"},
		{"'.' == 0", "false"},
		{"'1e' == 1", "false"},
		{"'1e+2' == 100", "true"},
		{"'1_0' == 10", "false"},
		{"'1e400' == Infinity", "true"},
		{"'+Infinity' == Infinity", "true"},
		{"'inf' == Infinity", "false"},
		{"'0x1p4' == 16", "false"},
		{"'\u00a0\u20281\u3000' == 1", "true"},
		{"'--1' == -1", "false"},

		{"format('{0:x}{{', 1) || 1", ""},
		{"format('{0} {1} {0}', 'a', null)", `"a  a"`},
		{"format('{0}{1}', o, l)", `"ObjectArray"`},
		{"format('{255}', 1)", ""},
		{"format('{0:}', 1)", `"1"`},
		{"format('{1}', fromJSON(''), 'lazy')", `"lazy"`},
		{"case(false, fromJSON(''), 1)", "1"},
		{"CASE(TRUE, 1, 2)", ""},
		{"'it''s' ", `"it's"`},
		{"''''''", `"''"`},
		{"\t\n true\u00a0", "true"},
		{"", "null"},
		{" \n", "null"},
		{"-0", "0"},
	} {
		got, err := expr.Evaluate(tt.in, contexts)
		if tt.want == "" {
			if err == nil {
				t.Errorf("Evaluate(%q) = %s, want an error", tt.in, expr.ToJSON(got))
			}
			continue
		}
		if err != nil {
			t.Errorf("Evaluate(%q): %v, want %s", tt.in, err, tt.want)
			continue
		}
		want, err := expr.FromJSON([]byte(tt.want))
		if err != nil {
			t.Fatalf("%s: %v", tt.want, err)
		}
		if got, want := expr.ToJSON(got), expr.ToJSON(want); got != want {
			t.Errorf("Evaluate(%q) = %s, want %s", tt.in, got, want)
		}
	}
}

func TestNumberText(t *testing.T) {
	for _, tt := range []struct {
		in   float64
		want string
	}{
		{1, "1"},
		{-12.5, "-12.5"},
		{0.1 + 0.2, "0.3"},
		{1.0 / 3, "0.333333333333333"},
		{2.0 / 3, "0.666666666666667"},
		{1e14, "100000000000000"},
		{123456789012345, "123456789012345"},
		{1e15, "1E+15"},
		{1234567890123456, "1.23456789012346E+15"},
		{999999999999999.9, "1E+15"},
		{9.9999999999999995, "10"},
		{1e100, "1E+100"},
		{0.0001, "0.0001"},
		{0.00012345, "0.00012345"},
		{0.00001, "1E-05"},
		{0.00001234, "1.234E-05"},
		{-1e-100, "-1E-100"},
		{5e-324, "4.94065645841247E-324"},
		{math.MaxFloat64, "1.79769313486232E+308"},
		{math.Copysign(0, -1), "0"},
		{math.Inf(1), "Infinity"},
		{math.Inf(-1), "-Infinity"},
		{math.NaN(), "NaN"},
	} {
		got, err := expr.Evaluate("format('{0}', n)", map[string]any{"n": tt.in})
		if err != nil || got != tt.want {
			t.Errorf("format('{0}', %g) = %v, %v, want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestEvaluateErrors(t *testing.T) {
	contexts := contextsOf(t, `{"github": {"sha": "1"}, "list": [1]}`)
	at := func(position, expr string) string {
		return ". Located at position " + position + " within expression: " + expr
	}
	for _, tt := range []struct {
		in   string
		kind expr.Kind
		want string
	}{
		{"github.", expr.Parsing, "Unexpected end of expression: '.'" + at("7", "github.")},
		{"!", expr.Parsing, "Unexpected end of expression: '!'" + at("1", "!")},
		{"(", expr.Parsing, "Unexpected end of expression: '('" + at("1", "(")},
		{"format(", expr.Parsing, "Unexpected end of expression: '('" + at("7", "format(")},
		{"format('a',", expr.Parsing, "Unexpected end of expression: ','" + at("11", "format('a',")},
		{"github[", expr.Parsing, "Unexpected end of expression: '['" + at("7", "github[")},
		{"github['a'", expr.Parsing, "Unexpected end of expression: ''a''" + at("8", "github['a'")},
		{"format('a',)", expr.Parsing, "Unexpected symbol: ')'" + at("12", "format('a',)")},
		{"()", expr.Parsing, "Unexpected symbol: ')'" + at("2", "()")},
		{"(1]", expr.Parsing, "Unexpected symbol: ']'" + at("3", "(1]")},
		{"1)", expr.Parsing, "Unexpected symbol: ')'" + at("2", "1)")},
		{"github[]", expr.Parsing, "Unexpected symbol: ']'" + at("8", "github[]")},
		{"'a'.b", expr.Parsing, "Unexpected symbol: '.'" + at("4", "'a'.b")},
		{"'a'[0]", expr.Parsing, "Unexpected symbol: '['" + at("4", "'a'[0]")},
		{"*", expr.Parsing, "Unexpected symbol: '*'" + at("1", "*")},
		{"github . sha sha", expr.Parsing, "Unexpected symbol: 'sha'" + at("14", "github . sha sha")},
		{"True", expr.Parsing, "Unrecognized named-value: 'True'" + at("1", "True")},
		{"github.sha == nope", expr.Parsing, "Unrecognized named-value: 'nope'" + at("15", "github.sha == nope")},
		{"'😀' == nope", expr.Parsing, "Unrecognized named-value: 'nope'" + at("9", "'😀' == nope")},
		{"always()", expr.Parsing, "Unrecognized function: 'always'" + at("1", "always()")},
		{"contains('a')", expr.Parsing, "Too few parameters supplied: 'contains'" + at("1", "contains('a')")},
		{" toJson(1, 2)", expr.Parsing, "Too many parameters supplied: 'toJson'" + at("2", " toJson(1, 2)")},
		{"case(true, 1)", expr.Parsing, "Too few parameters supplied: 'case'" + at("1", "case(true, 1)")},
		{"1 = 1", expr.Lexing, "Unexpected symbol: '='" + at("3", "1 = 1")},
		{"1-1", expr.Lexing, "Unexpected symbol: '1-1'" + at("1", "1-1")},
		{"a.b + 1", expr.Parsing, "Unrecognized named-value: 'a'" + at("1", "a.b + 1")},
		{`"a"`, expr.Lexing, `Unexpected symbol: '"a"'` + at("1", `"a"`)},
		{"0xG", expr.Lexing, "Unexpected symbol: '0xG'" + at("1", "0xG")},
		{"NaN == -NaN", expr.Lexing, "Unexpected symbol: '-NaN'" + at("8", "NaN == -NaN")},
		{strings.Repeat(" ", 21_001), expr.Parsing, "Exceeded max expression length 21000"},
		{"'" + strings.Repeat("😀", 10_500) + "'", expr.Parsing, "Exceeded max expression length 21000"},
		{strings.Repeat("!", 50) + "true", expr.Parsing, "Exceeded max expression depth 50"},
		{"case(1, 2, 3)", expr.Evaluation, "case predicate must evaluate to a boolean value"},
		{"format('{0:D2}', 1)", expr.Evaluation, "The format specifiers 'D2' are not valid for objects of type 'Number'"},
		{"format('{0:a}}b}', list)", expr.Evaluation,
			"The format specifiers 'a}b' are not valid for objects of type 'Array'"},
		{"format('{256}', 1)", expr.Evaluation, "The following format string is invalid: {256}"},
		{"format('{-1}', 1)", expr.Evaluation, "The following format string is invalid: {-1}"},
		{"format('{ 0}', 1)", expr.Evaluation, "The following format string is invalid: { 0}"},
		{"format('{}', 1)", expr.Evaluation, "The following format string is invalid: {}"},
		{"format('{2}', 1)", expr.Evaluation,
			"The following format string references more arguments than were supplied: {2}"},
		{"fromJSON('')", expr.Evaluation,
			"Error parsing JSON when evaluating fromJson: read JSON: unexpected end of JSON input"},
		{"fromJSON('[1')", expr.Evaluation,
			"Error parsing JSON when evaluating fromJson: read JSON: unexpected end of JSON input"},
		{"fromJSON('1 2')", expr.Evaluation,
			"Error parsing JSON when evaluating fromJson: read JSON: invalid character '2' after top-level value"},
		{"hashFiles('**')", expr.Evaluation, "hashFiles is not available: there is no workspace here"},
	} {
		_, err := expr.Evaluate(tt.in, contexts)
		var fault *expr.Error
		if !errors.As(err, &fault) {
			t.Errorf("Evaluate(%.40q) = _, %v, want an *expr.Error", tt.in, err)
			continue
		}
		if fault.Kind != tt.kind || fault.Message != tt.want {
			t.Errorf("Evaluate(%.40q) fails with %s: %q, want %s: %q", tt.in, fault.Kind, fault.Message, tt.kind, tt.want)
		}
	}
}

func TestLimitsThatAreNotExceeded(t *testing.T) {
	for _, in := range []string{
		"'" + strings.Repeat("a", 20_998) + "'",
		"'" + strings.Repeat("😀", 10_499) + "'",
		strings.Repeat("!", 49) + "true",
		strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000),
		"1" + strings.Repeat("||1", 6_999),
		"1&&(1" + strings.Repeat("&&(1", 4_000) + strings.Repeat(")", 4_001),
	} {
		if _, err := expr.Evaluate(in, nil); err != nil {
			t.Errorf("Evaluate(%.40q) fails with %.80q", in, err)
		}
	}
}

// TestHostileExpressions holds that an expression that would take much memory or
// time is refused. Each of these would take gigabytes or minutes.
func TestHostileExpressions(t *testing.T) {
	big := strings.Repeat("a", 400_000)
	list := make([]any, 100_000)
	for i := range list {
		list[i] = []any{"x", "y"}
	}
	contexts := map[string]any{"big": big, "small": big[:100_000], "json": "[" + strings.Repeat("1,", 50_000) + "1]",
		"list": list, "braces": strings.Repeat("{{", 200_000), "specifier": "{0:" + strings.Repeat("}}", 200_000)}
	for i, in := range []string{
		"format('" + strings.Repeat("{0}", 5_000) + "', big)",
		"format('{0}{0}{0}{0}', format('{0}{0}{0}{0}', big))",
		"toJSON(list)",
		"join(list.*.*.*, big)",
		"join(fromJSON(format('[{0}]', join(list, ','))), big)",
		"format(specifier, 1)",
		"case(" + strings.Repeat("contains(big,'b'),1,", 127) + "2)",
		"big == format('{0}', big)",
		"list.*.*[0] && list.*.*[0] && list.*.*[0]",
		"contains(small,'b')" + strings.Repeat("||contains(small,'b')", 900),
		"small==1" + strings.Repeat("||small==1", 1_900),
		"fromJSON(json)==1" + strings.Repeat("||fromJSON(json)==1", 1_000),
		"contains(list,1)" + strings.Repeat("||contains(list,1)", 900),
		"contains(list.*,1)" + strings.Repeat("||contains(list.*,1)", 900),
		"list.*.*.*" + strings.Repeat("==list.*.*.*", 40),
	} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			if _, err := expr.Evaluate(in, contexts); err == nil {
				t.Errorf("Evaluate(%.60q) succeeds, want an error", in)
			}
		})
	}
}
