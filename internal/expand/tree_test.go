package expand_test

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
	"github.com/ecs-run-task/ecs-run-task/internal/expand"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

const treeContexts = `{
	"github": {"sha": "abc123", "ref": "refs/heads/main", "run_number": "7", "event": {"number": 5, "base": null}},
	"vars": {
		"IMAGE_TAG": "1.2", "NAME": "web", "CPU": 256, "ON": true, "NOTHING": null, "EMPTY": "", "dotted.name": "d",
		"QUOTE": "a\"}, \"privileged\": true, \"x\": \"", "EXPRESSION": "${{ vars.NAME }} ${env.HOME}",
		"LIST": ["a", 1, null, {"k": "v"}], "MAP": {"B": 1, "a": [true], "n": null}
	},
	"env": {"HOME": "/root", "CI": "true"},
	"secrets": {"TOKEN": "s3cr3t", "SHORT": "s3", "LINES": "one\ntwo"},
	"matrix": null
}`

// expander knows the names that the tests use.
func expander(t testing.TB) expand.Expander {
	v, err := expr.FromJSON([]byte(treeContexts))
	if err != nil {
		t.Fatal(err)
	}
	contexts := maps.Collect(v.(*expr.Object).All())
	workflow, app, placeholders := &expr.Object{}, &expr.Object{}, &expr.Object{}
	workflow.Set("name", "CI")
	workflow.Set("releaseNo", "7")
	workflow.Set("variables", contexts["vars"])
	app.Set("name", "octo/app")
	placeholders.Set("workflow", workflow)
	placeholders.Set("deploymentUrl", "https://ci.example/7")
	placeholders.Set("app", app)
	placeholders.Set("env", contexts["env"])
	return expand.Expander{Contexts: contexts, Placeholders: placeholders}
}

func TestTree(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing to do", `{"a": [1, 1.10, true, null, "$HOME ${HOME} {{ x }} $"]}`,
			`{"a":[1,1.10,true,null,"$HOME ${HOME} {{ x }} $"]}`},
		{"in text", `["app:${{ vars.IMAGE_TAG }}-${{ github.sha }}!"]`, `["app:1.2-abc123!"]`},
		{"kinds become text in text", `["${{ vars.CPU }} ${{ vars.ON }} ${{ vars.NOTHING }}${{ 0.5 }}"]`, `["256 true 0.5"]`},
		{"a whole number", `{"cpu": "${{ vars.CPU }}"}`, `{"cpu":256}`},
		{"large and small numbers", `["${{ 12345678901234567890 }}", "${{ 1e300 }}", "${{ 0.1 }}", "${{ -0 }}",` +
			` "${{ 1e-9 }}"]`, `[12345678901234567000,1e+300,0.1,0,1e-09]`},
		{"a whole boolean", `{"on": "${{ vars.ON && !false }}"}`, `{"on":true}`},
		{"a whole string stays one", `["${{ '256' }}", "${{ format('{0}', vars.CPU) }}"]`, `["256","256"]`},
		{"a whole list", `{"l": "${{ vars.LIST }}"}`, `{"l":["a",1,null,{"k":"v"}]}`},
		{"a whole map keeps its order", `{"m": "${{ vars.MAP }}"}`, `{"m":{"B":1,"a":[true],"n":null}}`},
		{"a filtered list", `["${{ fromJSON('[{\"a\": 1}, {\"a\": 2}]').*.a }}"]`, `[[1,2]]`},
		{"null drops the member", `{"a": "${{ vars.NOTHING }}", "b": 1}`, `{"b":1}`},
		{"null drops the item", `[1, "${{ null }}", 2]`, `[1,2]`},
		{"null as it is written stays", `{"a": null, "l": [null]}`, `{"a":null,"l":[null]}`},
		{"space around it makes it text", `[" ${{ vars.CPU }}"]`, `[" 256"]`},
		{"bare", `{"cpu": ${{ vars.CPU }}, "m": ${{ vars.MAP }}}`, `{"cpu":256,"m":{"B":1,"a":[true],"n":null}}`},
		{"the whole document", `${{ vars.MAP }}`, `{"B":1,"a":[true],"n":null}`},
		{"the whole document is null", `${{ vars.NOTHING }}`, `null`},
		{"in keys", `{"${{ vars.NAME }}-${{ vars.CPU }}": 1, "${{ vars.ON }}": 2}`, `{"web-256":1,"true":2}`},
		{"braces and quotes in an expression", `["${{ '}}' }} ${{ format('{{0}} it''s {0}', 1) }}"]`, `["}} {0} it's 1"]`},
		{"a value adds no member", `{"user": "${{ vars.QUOTE }}", "u": "<${{ vars.QUOTE }}>"}`,
			`{"user":"a\"}, \"privileged\": true, \"x\": \"","u":"<a\"}, \"privileged\": true, \"x\": \">"}`},
		{"results are not expanded again", `["${{ vars.EXPRESSION }}", "-${workflow.variables.EXPRESSION}"]`,
			`["${{ vars.NAME }} ${env.HOME}","-${{ vars.NAME }} ${env.HOME}"]`},
		{"escapes", `["$${{ vars.NAME }}", "$${workflow.name}", "$${HOME}", "a $$${{ b }} $$", "${{ '$${{ x }}' }}"]`,
			`["${{ vars.NAME }}","${workflow.name}","${HOME}","a $${{ b }} $$","$${{ x }}"]`},
		{"an escaped key", `{"$${{ vars.NAME }}": 1}`, `{"${{ vars.NAME }}":1}`},
		{"placeholders", `["${workflow.name}", "${workflow.releaseNo}", "${deploymentUrl}", "${app.name}", "${env.HOME}/x"]`,
			`["CI","7","https://ci.example/7","octo/app","/root/x"]`},
		{"variables by placeholder", `{"${workflow.variables.NAME}${workflow.variables.image_tag}": ` +
			`"<${workflow.variables.CPU}, ${workflow.variables.dotted.name}>"}`,
			`{"web1.2":"<256, d>"}`},
		{"a whole placeholder keeps its kind",
			`["${workflow.variables.CPU}", "${workflow.variables.NOTHING}", "${workflow.variables.EMPTY}"]`, `[256,""]`},
		{"what is the shell's", `["${env}", "${app}", "${workflow}", "${app:-x}", "${deploymentUrls}", "${HOME}",` +
			` "${environment.x}", "${ENV.HOME}", "$(env.HOME)", "${"]`,
			`["${env}","${app}","${workflow}","${app:-x}","${deploymentUrls}","${HOME}","${environment.x}","${ENV.HOME}",` +
				`"$(env.HOME)","${"]`},
		{"both kinds in one string", `["${workflow.name} ${{ vars.NAME }} ${HOME}"]`, `["CI web ${HOME}"]`},
		{"absence that is handled", `["${{ vars.NO || 'd' }}", "${{ vars.NO == '' }}", "${{ !vars.NO }}",` +
			` "${{ case(vars.NO == null, 1, 2) }}", "${{ contains(vars.NO.*, 1) }}", "${{ vars.NO.NO.NO || matrix.os || 2 }}",` +
			` "${{ vars.NO && 1 || 3 }}"]`,
			`["d",true,true,1,false,2,3]`},
		{"absence that is not reached",
			`["${{ true || vars.NO }}", "${{ case(true, 1, vars.NO) }}", "${{ format('x', vars.NO) }}"]`, `[true,1,"x"]`},
		{"names in any case", `["${{ VARS.name }}", "${{ Vars['Name'] }}"]`, `["web","web"]`},
		{"an empty value is a value", `{"a": "${{ vars.EMPTY }}"}`, `{"a":""}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := documenttest.Parse(t, "def.json", tt.in)
			before := string(in.JSON())
			out, err := expander(t).Tree(in)
			if err != nil {
				t.Fatalf("Tree(%s): %v", tt.in, err)
			}
			if got := string(out.JSON()); got != tt.want {
				t.Errorf("Tree(%s)\n  = %s\nwant %s", tt.in, got, tt.want)
			}
			if after := string(in.JSON()); after != before {
				t.Errorf("Tree(%s) has made %s of its argument", tt.in, after)
			}
		})
	}
}

func TestTreeWithoutPlaceholders(t *testing.T) {
	x := expander(t)
	x.Placeholders = nil
	out, err := x.Tree(documenttest.Parse(t, "def.json", `["${workflow.name} ${env.NO} ${{ vars.NAME }} $${x}"]`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out.JSON()), `["${workflow.name} ${env.NO} web ${x}"]`; got != want {
		t.Errorf("Tree = %s, want %s", got, want)
	}
}

func TestTagsSample(t *testing.T) {
	x := expander(t)
	vars := x.Contexts["vars"].(*expr.Object)
	vars.Set("foo", "key þ")
	vars.Set("bar", "value ÿ")
	out, err := x.Tree(documenttest.Parse(t, "tags.json", `{
  "family": "tagged",
  "containerDefinitions": [ { "name": "app", "image": "busybox:1", "memory": 128, "command": ["true"] } ],
  "cpu" : "128",
  "tags" : [  {
    "key": "4713abcd",
    "value": "þþÿÿ"
  },
  {
    "key": "${workflow.variables.foo}",
    "value": "${workflow.variables.bar}"
  }
],
  "inferenceAccelerators" : [ ]
}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"family":"tagged","containerDefinitions":[{"name":"app","image":"busybox:1","memory":128,` +
		`"command":["true"]}],"cpu":"128",` +
		`"tags":[{"key":"4713abcd","value":"þþÿÿ"},{"key":"key þ","value":"value ÿ"}],"inferenceAccelerators":[]}`
	if got := string(out.JSON()); got != want {
		t.Errorf("Tree = %s, want %s", got, want)
	}
}

func TestYAML(t *testing.T) {
	out, err := expander(t).Tree(documenttest.Parse(t, "def.yaml", `
image: app:${{ vars.IMAGE_TAG }}
cpu: ${{ vars.CPU }}
${{ vars.NAME }}: |
  echo ${HOME} ${{ github.sha }}
tags: [ { key: a, value: ${workflow.name} } ]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"image":"app:1.2","cpu":256,"web":"echo ${HOME} abc123\n","tags":[{"key":"a","value":"CI"}]}`
	if got := string(out.JSON()); got != want {
		t.Errorf("Tree = %s, want %s", got, want)
	}
}

func TestTreeErrors(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string // place: path: message, and the hint after a line break
	}{
		{"a name that is nearly right", `{"a": {"b": ["${{ vars.IMAGE_TGA }}"]}}`, []string{
			"def.json:1:14: a.b[0]: vars.IMAGE_TGA has no value (did you mean \"IMAGE_TAG\"?)\nvars has IMAGE_TAG, NAME, CPU, " +
				"ON, NOTHING, EMPTY, dotted.name, QUOTE, EXPRESSION, LIST, MAP"}},
		{"the column inside a string", `["app:${{ vars.XX }} ${{ vars['Y y'] }}"]`, []string{
			"def.json:1:10: [0]: vars.XX has no value\nvars has …",
			"def.json:1:25: [0]: vars['Y y'] has no value\nvars has …"}},
		{"the column after what may be escaped", `["\u0061é${{ vars.XX }}"]`,
			[]string{"def.json:1:2: [0]: vars.XX has no value\nvars has …"}},
		{"the column of a fault in an expression", `["-${{ vars.NAME ++ }}"]`, []string{
			"def.json:1:18: [0]: Unexpected symbol: '++'. Located at position 12 within expression:  vars.NAME ++ "}},
		{"all at once", "{\"a\": \"${{ vars.A }}\",\n \"b\": [\"${{ ( }}\", \"${env.NO}\"],\n \"${{ vars.B }}\": \"${{ " +
			"vars.C }}\"}", []string{
			"def.json:1:7: a: vars.A has no value\nvars has …",
			"def.json:2:8: b[0]: Unexpected end of expression: '('. Located at position 2 within expression:  ( ",
			"def.json:2:23: b[1]: ${env.NO} has no value\nthe known names are env.HOME, env.CI",
			"def.json:3:2: [\"${{ vars.B }}\"]: vars.B has no value\nvars has …",
			"def.json:3:19: [\"${{ vars.B }}\"]: vars.C has no value\nvars has …"}},
		{"an unknown context", `["${{ vasr.NAME }}"]`, []string{
			"def.json:1:2: [0]: Unrecognized named-value: 'vasr'. Located at position 2 within expression:  vasr.NAME \n" +
				"the known names are env, github, matrix, secrets, vars (did you mean \"vars\"?)"}},
		{"an unknown function", `["${{ lower('A') }}"]`, []string{
			"def.json:1:2: [0]: Unrecognized function: 'lower'. Located at position 2 within expression:  lower('A') \n" +
				"the known functions are case, contains, endsWith, format, fromJSON, hashFiles, join, startsWith, toJSON"}},
		{"absence that is counted on",
			`["${{ format('{0}', vars.XX) }}", "${{ contains(vars.XX, '') }}", "${{ toJSON(vars.XX) }}", "${{ case(vars.XX, 1,` +
				` 2) }}", "${{ vars.XX && 1 }}", "${{ vars[vars.XX] }}", "${{ vars.XX || vars.YY }}", "${{ join(vars.XX) }}",` +
				` "${{ startsWith('', vars.XX) }}"]`, slices.Concat(
				slices.Repeat([]string{"[…]: vars.XX has no value\nvars has …"}, 6),
				[]string{"[…]: vars.YY has no value\nvars has …"},
				slices.Repeat([]string{"[…]: vars.XX has no value\nvars has …"}, 2))},
		{"members of what has none", `["${{ matrix.os }}", "${{ github.event.base.ref }}", "${{ github.sha.x }}",` +
			` "${{ vars.LIST[4] }}", "${{ vars.NO.NO }}"]`, []string{
			"[…]: matrix.os has no value: matrix is null",
			"[…]: github.event.base.ref has no value: github.event.base is null",
			"[…]: github.sha.x has no value: github.sha is a string",
			"[…]: vars.LIST[4] has no value: vars.LIST is a list of 4",
			"[…]: vars.NO has no value\nvars has …"}},
		{"how a name is written", `["${{ vars['no-name'].x }}", "${{ fromJSON('{}').a }}", "${{ (vars).a.b }}",` +
			` "${{ vars.LIST[9] }}", "${{ vars[github.sha] }}", "${{ vars.LIST[3].z }}", "${{ github.event.number.x }}",` +
			` "${{ vars.ON.x }}", "${{ (vars || 1).q }}", "${{ vars.LIST[vars.MAP] }}"]`, []string{
			"[…]: vars.no-name has no value\nvars has …",
			"[…]: fromJSON(…).a has no value\nfromJSON(…) is empty: no values were given for it",
			"[…]: vars.a has no value\nvars has …",
			"[…]: vars.LIST[9] has no value: vars.LIST is a list of 4",
			"[…]: vars[…] has no value\nvars has …",
			"[…]: vars.LIST[3].z has no value\nvars.LIST[3] has k",
			"[…]: github.event.number.x has no value: github.event.number is a number",
			"[…]: vars.ON.x has no value: vars.ON is a boolean",
			"[…]: (…).q has no value\n(…) has …",
			"[…]: vars.LIST[…] has no value: vars.LIST is a list of 4"}},
		{"a map or list in text", `["a ${{ vars.MAP }}", "${{ vars.LIST }}${{ 1 }}"]`, []string{
			"def.json:1:5: [0]: ${{ vars.MAP }} is a map, which can't stand in text\n${{ toJSON(vars.MAP) }}",
			"def.json:1:24: [1]: ${{ vars.LIST }} is a list of 4, which can't stand in text\n${{ toJSON(vars.LIST) }}"}},
		{"keys that are none", `{"${{ vars.NOTHING }}": 1, "${{ vars.MAP }}": 2}`, []string{
			"def.json:1:2: [\"${{ vars.NOTHING }}\"]: a key is null: ${{ vars.NOTHING }}",
			"def.json:1:28: [\"${{ vars.MAP }}\"]: ${{ vars.MAP }} is a map, which can't stand in text\n${{ toJSON(vars.MAP) " +
				"}}"}},
		{"keys that collide", "{\"a\": {\"web\": 1,\n\"${{ vars.NAME }}\": 2, \"${workflow.variables.NAME}\": 3}}", []string{
			"def.json:2:1: a.web: the key \"web\" is the same as the one at def.json:1:8",
			"def.json:2:25: a.web: the key \"web\" is the same as the one at def.json:2:1"}},
		{"unknown placeholders", `["${workflow.variables.IMAGE_TGA}", "${workflow.nome}", "${deploymentUrl.x}", "${app.}",` +
			` "${env.HOME:-x}", "${workflow.variables}"]`, []string{
			"[…]: ${workflow.variables.IMAGE_TGA} has no value (did you mean \"IMAGE_TAG\"?)\nthe known names are " +
				"workflow.name, workflow.releaseNo, workflow.variables.IMAGE_TAG, …",
			"[…]: ${workflow.nome} has no value (did you mean \"name\"?)\nthe known names are …",
			"[…]: ${deploymentUrl.x} has no value (did you mean \"deploymentUrl\"?)\nthe known names are deploymentUrl",
			"[…]: ${app.} has no value\nthe known names are app.name",
			"[…]: ${env.HOME:-x} has no value\nthe known names are env.HOME, env.CI",
			"[…]: ${workflow.variables} has no value\nthe known names are …"}},
		{"not closed", `["a ${{ vars.NAME }", "${env.HOME", "${{ 'x }}"]`, []string{
			"def.json:1:5: [0]: the expression is not closed: expected }} after ${{ vars.NAME }\n$${{ stands for ${{ in text",
			"def.json:1:24: [1]: the placeholder is not closed: expected } after ${env.HOME\n$${ stands for ${ in text",
			"def.json:1:38: [2]: the expression is not closed: expected }} after ${{ 'x }}\n$${{ stands for ${{ in text"}},
		{"empty", `["a${{ }}"]`, []string{"def.json:1:4: [0]: expected an expression in ${{ }}"}},
		{"no number of JSON", `["${{ NaN }}", "${{ -Infinity }}"]`, []string{
			"[…]: ${{ NaN }} is NaN, which is no number of a document", "[…]: ${{ -Infinity }} is -Infinity, which is no " +
				"number of a document"}},
		{"no workspace", `["${{ hashFiles('**') }}"]`,
			[]string{"[…]: hashFiles is not available: there is no workspace here in ${{ hashFiles('**') }}"}},
		{"no secret in an error", `["${{ format(secrets.TOKEN) }} ${{ format('{', secrets.TOKEN) }}", "${{ format('{0}{',` +
			` secrets.TOKEN) }}", "${{ fromJSON(secrets.TOKEN) }}", "${{ format(format('{{1}} {0} {{', secrets.LINES),` +
			` 1) }}"]`, []string{
			"[…]: The following format string is invalid: { in ${{ format('{', secrets.TOKEN) }}",
			"[…]: The following format string is invalid: {0}{ in ${{ format('{0}{', secrets.TOKEN) }}",
			"[…]: Error parsing JSON when evaluating fromJson: read JSON: invalid character 's' looking for beginning of " +
				"value in ${{ fromJSON(secrets.TOKEN) }}",
			"[…]: The following format string references more arguments than were supplied: {1} *** { in ${{ …"}},
		{"no secret in a key", `{"${{ secrets.TOKEN }}": "${{ vars.NO }}", "s3cr3t": 1, "s3": 2}`, []string{
			"def.json:1:26: ***: vars.NO has no value\nvars has …",
			"def.json:1:45: ***: the key \"***\" is the same as the one at def.json:1:2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := expander(t).Tree(documenttest.Parse(t, "def.json", tt.in))
			if err == nil {
				t.Fatalf("Tree(%s) = %s, want an error", tt.in, out.JSON())
			}
			got := faults(t, err)
			if len(got) != len(tt.want) {
				t.Fatalf("Tree(%s) fails with\n%s\nwant\n%s", tt.in, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			for i := range got {
				if !fits(got[i], tt.want[i]) {
					t.Errorf("Tree(%s), fault %d:\n got %s\nwant %s", tt.in, i, got[i], tt.want[i])
				}
				if strings.Contains(got[i], "s3") {
					t.Errorf("Tree(%s), fault %d has a secret in it: %s", tt.in, i, got[i])
				}
			}
		})
	}
}

// faults returns every joined document error with its hint.
func faults(t testing.TB, err error) []string {
	t.Helper()
	joined, is := err.(interface{ Unwrap() []error })
	if !is {
		t.Fatalf("%v is not a joined error", err)
	}
	var all []string
	for _, err := range joined.Unwrap() {
		var fault *document.Error
		if !errors.As(err, &fault) {
			t.Fatalf("%v is a %T, want a *document.Error", err, err)
		}
		if fault.Code == "" || fault.Place.Line == 0 {
			t.Errorf("%v has the code %q and the place %v", fault, fault.Code, fault.Place)
		}
		text := fault.Error()
		if fault.Hint != "" {
			text += "\n" + fault.Hint
		}
		all = append(all, text)
	}
	return all
}

// fits compares a text with a wanted one. A … stands for anything; one in the
// place of a path stands for the place as well.
func fits(got, want string) bool {
	want, anywhere := strings.CutPrefix(want, "[…]: ")
	if anywhere {
		_, got, _ = strings.Cut(got, "]: ")
	}
	want, open := strings.CutSuffix(want, "…")
	return got == want || open && strings.HasPrefix(got, want)
}

func TestPlaceOfExpandedParts(t *testing.T) {
	out, err := expander(t).Tree(documenttest.Parse(t, "def.json", "{\"a\":\n  \"${{ vars.MAP }}\"}"))
	if err != nil {
		t.Fatal(err)
	}
	m := out.Members[0].Value
	for _, n := range []*document.Node{m, m.Members[0].Key, m.Members[0].Value, m.Members[1].Value.Items[0]} {
		if got, want := n.Place.String(), "def.json:2:3"; got != want {
			t.Errorf("%s is at %s, want %s", n.JSON(), got, want)
		}
	}
}

func TestExplain(t *testing.T) {
	got, err := expander(t).Explain(documenttest.Parse(t, "def.json",
		`{"a": "x-${{ vars.NAME }} ${workflow.releaseNo} $${{ no }}", "${{ github.sha }}": "${{ vars.MAP.a }}",
 "s": ["${{ secrets.TOKEN }}", "${{ secrets.NO || 'd' }}", "${{ format('{0}', 's3cr3t!') }}", "${{ null }}",`+
			` "${{ vars.NO }}"]}`))
	if err == nil {
		t.Error("Explain returns no error, want one for vars.NO")
	}
	var lines []string
	for _, e := range got {
		lines = append(lines, e.Place.String()+" "+e.Path+" "+e.Expression+" = "+e.Value)
	}
	want := []string{
		"def.json:1:10 a ${{ vars.NAME }} = web",
		"def.json:1:27 a ${workflow.releaseNo} = 7",
		`def.json:1:62 ["${{ github.sha }}"] ${{ github.sha }} = abc123`,
		"def.json:1:83 abc123 ${{ vars.MAP.a }} = [\n  true\n]",
		"def.json:2:8 s[0] ${{ secrets.TOKEN }} = ***",
		"def.json:2:32 s[1] ${{ secrets.NO || 'd' }} = ***",
		"def.json:2:60 s[2] ${{ format('{0}', '***!') }} = ***!",
		"def.json:2:95 s[3] ${{ null }} = null",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("Explain =\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestTreeHashFiles(t *testing.T) {
	x := expander(t)
	x.HashFiles = func(patterns ...string) (string, error) {
		if patterns[0] == "bad" {
			return "", errors.New("no such luck")
		}
		return strings.Join(patterns, "+"), nil
	}
	out, err := x.Tree(documenttest.Parse(t, "def.json", `["${{ hashFiles('a', vars.NAME) }}"]`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out.JSON()), `["a+web"]`; got != want {
		t.Errorf("Tree = %s, want %s", got, want)
	}
	_, err = x.Tree(documenttest.Parse(t, "def.json", `["${{ hashFiles('bad') }}"]`))
	if want := "def.json:1:2: [0]: hashFiles: no such luck in ${{ hashFiles('bad') }}"; err == nil || err.Error() != want {
		t.Errorf("Tree fails with %v, want %s", err, want)
	}
}

// TestOutputLimit holds that a small document can't become a huge one.
func TestOutputLimit(t *testing.T) {
	x := expander(t)
	x.Contexts["vars"].(*expr.Object).Set("BIG", strings.Repeat("x", 400_000))
	list := make([]any, 10_000)
	x.Contexts["vars"].(*expr.Object).Set("LONG", list)
	for _, item := range []string{"${{ vars.BIG }}", "a ${{ vars.BIG }}", "${{ vars.LONG }}",
		"${workflow.variables.BIG}"} {
		in := `["` + strings.Repeat(item+`", "`, 500) + `"]`
		_, err := x.Tree(documenttest.Parse(t, "def.json", in))
		if err == nil {
			t.Errorf("Tree of 500 times %s succeeds, want an error", item)
			continue
		}
		if got := faults(t, err); len(got) != 1 {
			t.Errorf("Tree of 500 times %s has %d faults, want 1", item, len(got))
		}
	}
}

func TestManyNames(t *testing.T) {
	x := expander(t)
	for i := range 30 {
		x.Contexts["vars"].(*expr.Object).Set("V"+strconv.Itoa(i), "")
	}
	_, err := x.Tree(documenttest.Parse(t, "def.json",
		`["${{ vars.UNKNOWN }}", "${{ format('{', '`+strings.Repeat("x", 200)+`') }}"]`))
	if err == nil {
		t.Fatal("Tree succeeds, want an error")
	}
	got := faults(t, err)
	if want := "vars has IMAGE_TAG, NAME, CPU, ON, NOTHING, EMPTY, dotted.name, QUOTE, EXPRESSION, LIST, MAP, V0 and 29 " +
		"more"; !strings.HasSuffix(got[0], want) {
		t.Errorf("the first fault is %q, want %q at its end", got[0], want)
	}
	if !strings.HasSuffix(got[1], "xxx…") {
		t.Errorf("the second fault is %q, want it cut", got[1])
	}
}

func TestFaultLimit(t *testing.T) {
	_, err := expander(t).Tree(documenttest.Parse(t, "def.json", `[`+strings.Repeat(`"${{ vars.NO }}", `, 500)+`1]`))
	if err == nil {
		t.Fatal("Tree succeeds, want an error")
	}
	got := faults(t, err)
	if len(got) != 101 || !strings.HasSuffix(got[100], "there are more faults than the 100 before this one") {
		t.Errorf("Tree has %d faults, the last of them %q", len(got), got[len(got)-1])
	}
}

// FuzzTree holds that whatever the variables hold, an expanded document has the
// members of the original.
func FuzzTree(f *testing.F) {
	const template = `{"image": "app:${{ vars.A }}", "env": [{"name": "x", "value": "${{ vars.B }}"}],` +
		` "${workflow.variables.A}!": "${workflow.variables.B} $${{ ${HOME} ${{ format('{0}', vars.A) }}"}`
	f.Add("a", "b")
	f.Add(`", "privileged": true, "x": "`, "${{ secrets.TOKEN }}")
	f.Add("", "\x00\n\\\"}]")
	f.Add("$${{", "}}${env.HOME}\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		x := expander(t)
		vars := &expr.Object{}
		vars.Set("A", a)
		vars.Set("B", b)
		x.Contexts["vars"] = vars
		workflow, _ := x.Placeholders.Get("workflow")
		workflow.(*expr.Object).Set("variables", vars)
		out, err := x.Tree(documenttest.Parse(t, "def.json", template))
		if err != nil {
			if len(a)+len(b) < 100_000 {
				t.Fatalf("Tree with %q and %q: %v", a, b, err)
			}
			return
		}
		if len(out.Members) != 3 || len(out.Members[1].Value.Items) != 1 || len(out.Members[1].Value.Items[0].Members) != 2 {
			t.Fatalf("Tree with %q and %q = %s", a, b, out.JSON())
		}
		for _, s := range []struct{ got, want string }{
			{out.Members[0].Value.Text, "app:" + a},
			{out.Members[1].Value.Items[0].Members[1].Value.Text, b},
			{out.Members[2].Key.Text, a + "!"},
			{out.Members[2].Value.Text, b + " ${{ ${HOME} " + a},
		} {
			if s.got != s.want {
				t.Errorf("with %q and %q: got %q, want %q", a, b, s.got, s.want)
			}
		}
	})
}

// FuzzExpand holds that no text of a document makes the expander panic, and that
// with an error there is no tree.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"${{ vars.NAME }}", "a ${{ '}}' }} ${env.HOME} $${{ ${workflow.variables.x}",
		"${{ toJSON(vars) }}${{", "${{ vars.*.* }}", "$$${"} {
		f.Add(seed)
	}
	x := expander(f)
	f.Fuzz(func(t *testing.T, text string) {
		n := &document.Node{Kind: document.List,
			Items: []*document.Node{{Kind: document.String, Text: text,
				Place: document.Place{Name: "x.json", Line: 1, Column: 1}}}}
		out, err := x.Tree(n)
		if (out == nil) != (err != nil) {
			t.Errorf("Tree(%q) = %v, %v", text, out, err)
		}
	})
}
