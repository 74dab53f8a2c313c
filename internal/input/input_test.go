package input_test

import (
	gocmp "cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// environment returns a lookup function for the variables in a map.
func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// read parses and checks inputs given as --name=value, --name value, or --name for true.
func read(values map[string]string, args ...string) (input.Config, error) {
	given := map[string]string{}
	for i := 0; i < len(args); i++ {
		name, value, found := strings.Cut(strings.TrimPrefix(args[i], "--"), "=")
		switch {
		case !found && i+1 < len(args) && !strings.HasPrefix(args[i+1], "--"):
			i++
			value = args[i]
		case !found:
			value = "true"
		}
		given[name] = value
	}
	var c input.Config
	err := input.Read(&c, given, environment(values))
	return c, errors.Join(err, c.Check())
}

func parse(t *testing.T, values map[string]string, args ...string) input.Config {
	t.Helper()
	config, err := read(values, args...)
	if err != nil {
		t.Fatalf("read(%q) = %v", args, err)
	}
	return config
}

// faults returns the faults that an error joins.
func faults(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, faults(one)...)
	}
	return all
}

func TestSpellings(t *testing.T) {
	all := map[string]string{
		"INPUT_FILE-PATHS":  "github.json",
		"INPUT_FILE_PATHS":  "underscore.json",
		"PLUGIN_FILE_PATHS": "plugin.json",
	}
	without := func(names ...string) map[string]string {
		left := map[string]string{}
		for name, value := range all {
			left[name] = value
		}
		for _, name := range names {
			left[name] = "" // empty is not given: runners export every declared input
		}
		return left
	}
	for _, tt := range []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"flag first", all, []string{"--file-paths", "flag.json"}, "flag.json"},
		{"flag with an equals sign", all, []string{"--file-paths=flag.json"}, "flag.json"},
		{"an empty flag is not given", all, []string{"--file-paths="}, "github.json"},
		{"an empty word is not given", all, []string{"--file-paths", ""}, "github.json"},
		{"then GitHub's", all, nil, "github.json"},
		{"then with underscores", without("INPUT_FILE-PATHS"), nil, "underscore.json"},
		{"then a plugin's", without("INPUT_FILE-PATHS", "INPUT_FILE_PATHS"), nil, "plugin.json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, tt.env, tt.args...).FilePaths
			if !cmp.Equal(got, []string{tt.want}) {
				t.Errorf("file-paths = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMisspelled(t *testing.T) {
	got := input.Misspelled([]string{
		"INPUT_FILEPATHS=a.json", "PLUGIN_TIME_OUT=1m", "INPUT_CLUSTR=web",
		"INPUT_FILE_PATHS=a.json", "INPUT_FILE-PATHS=a.json", "INPUT_COMMNAD=", "INPUT_WHO_TO_GREET=x",
		"HOME=/", "INPUTRC=/etc/inputrc",
	})
	want := []string{
		`INPUT_CLUSTR is ignored: no input has this name (did you mean "INPUT_CLUSTER"?)`,
		`INPUT_FILEPATHS is ignored: no input has this name (did you mean "INPUT_FILE_PATHS"?)`,
		`PLUGIN_TIME_OUT is ignored: no input has this name (did you mean "PLUGIN_TIMEOUT"?)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestValues(t *testing.T) {
	given := func(args ...string) input.Config { return parse(t, nil, append(args, "--file-paths=a.json")...) }
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"timeout by default", given().Timeout, 10 * time.Minute},
		{"timeout in Go's form", given("--timeout=1h30m").Timeout, 90 * time.Minute},
		{"timeout in minutes", given("--timeout=7").Timeout, 7 * time.Minute},
		{"logs by default", given().Logs, true},
		{"logs off", given("--logs=false").Logs, false},
		{"a flag without a value", given("--dry-run").DryRun, true},
		{"yes is true", given("--dry-run=YES").DryRun, true},
		{"case of a word does not matter", given("--launch-type=fargate").LaunchType, "FARGATE"},
		{"list by commas and lines", given("--subnets=subnet-1, subnet-2\nsubnet-3,\n").Subnets,
			[]string{"subnet-1", "subnet-2", "subnet-3"}},
		{
			"map in YAML keeps the text of numbers",
			given("--variables=A: 1.10\nB: 0755\nC: true\nD: null\nE: 'x: y'").Variables,
			input.Pairs{{"A", "1.10"}, {"B", "0755"}, {"C", "true"}, {"D", ""}, {"E", "x: y"}},
		},
		{"map in JSON", given(`--variables={"A": "b", "n": 7}`).Variables, input.Pairs{{"A", "b"}, {"n", "7"}}},
		{"block of several lines", given("--secrets=KEY: |\n  one\n  two\n").Secrets, input.Pairs{{"KEY", "one\ntwo"}}},
		{"lines", given("--variables=A=b=c\n# no\n\nURL=http://x: y\nE=").Variables,
			input.Pairs{{"A", "b=c"}, {"URL", "http://x: y"}, {"E", ""}}},
		{"a map with an equals sign in a value", given("--variables=URL: http://x?a=b").Variables,
			input.Pairs{{"URL", "http://x?a=b"}}},
		{"strategy", given("--capacity-provider-strategy=FARGATE_SPOT:4,FARGATE:1:base=1").CapacityProviderStrategy,
			input.Strategy{{Provider: "FARGATE_SPOT", Weight: 4}, {Provider: "FARGATE", Weight: 1, Base: 1}}},
		{
			"strategy in JSON",
			given(`--capacity-provider-strategy=[{"capacityProvider":"FARGATE_SPOT"}]`).CapacityProviderStrategy,
			input.Strategy{{Provider: "FARGATE_SPOT", Weight: 1}},
		},
		{
			"strategy in YAML",
			given("--capacity-provider-strategy=- capacityProvider: FARGATE_SPOT\n  weight: 4\n- " +
				"{capacityProvider: FARGATE, base: 1}").CapacityProviderStrategy,
			input.Strategy{{Provider: "FARGATE_SPOT", Weight: 4}, {Provider: "FARGATE", Weight: 1, Base: 1}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want []string // every fault, in any order
	}{
		{
			"all at once",
			[]string{
				"--file-paths=a.json", "--timeout=soon", "--logs=maybe", "--count=-1", "--verdict=a b",
				"--branch=main",
			},
			[]string{
				"timeout: expected a duration such as 90s, 10m or 1h30m, or a number of minutes",
				"logs: expected true or false",
				"count: expected a whole number of 0 or more",
				"verdict: item 1: expected essential, all, or the name of a container",
				"branch: needs repository",
			},
		},
		{"verdict of a word and a name", []string{"--file-paths=a.json", "--verdict=all,app"},
			[]string{"verdict: all cannot be combined with other items: give it alone, or names of containers"}},
		{"verdict of nothing", []string{"--file-paths=a.json", "--verdict=,"},
			[]string{"verdict: expected essential, all, or names of containers"}},
		{
			"nothing to run",
			nil,
			[]string{"give the task definition: either definition (inline, or the name of a registered one) " +
				"or file-paths"},
		},
		{
			"a file as definition",
			[]string{"--definition=ecs/web.json"},
			[]string{"definition: expected a task definition in JSON or YAML, or the name of a registered " +
				"one: family, family:revision or ARN (a file is given by file-paths)"},
		},
		{"no revision", []string{"--definition=web:latest"},
			[]string{"definition: expected a task definition in JSON or YAML, or the name of a registered one"}},
		{"a short definition", []string{"--definition=family: web"}, nil},
		{"both", []string{"--definition=web", "--file-paths=a.json"},
			[]string{"definition: cannot be used together with file-paths"}},
		{
			"branch and commit",
			[]string{"--file-paths=a", "--repository=https://example.com/x", "--branch=main", "--commit=abcd"},
			[]string{"branch: cannot be used together with commit"},
		},
		{
			"launch type and strategy",
			[]string{"--definition=web", "--launch-type=EC2", "--capacity-provider-strategy=FARGATE"},
			[]string{"launch-type: cannot be used together with capacity-provider-strategy"},
		},
		{"family", []string{"--definition=web", "--family=a b"},
			[]string{"family: expected up to 255 letters, digits, hyphens and underscores"}},
		{"no wait and no time", []string{"--definition=web", "--timeout=0"},
			[]string{"timeout: expected more than 0; use skip-steady-state-check to not wait"}},
		{"too long", []string{"--definition=web", "--timeout=1000h"},
			[]string{"timeout: expected a duration between 0 and 30 days"}},
		{"name twice", []string{"--definition=web", "--variables=A=1\nA=2"},
			[]string{"variables: entry 2: duplicate name"}},
		{"not a map", []string{"--definition=web", "--variables=- a"},
			[]string{"variables: item 1: expected a map, NAME=value lines, or the API's list of"}},
		{"nested", []string{"--definition=web", "--tags=A: {b: c}"},
			[]string{"tags: entry 1: expected text, a number, true, false or null"}},
		{"no weight", []string{"--definition=web", "--capacity-provider-strategy=FARGATE:0"},
			[]string{"capacity-provider-strategy: one capacity provider must have a weight of 1 or more"}},
		{
			"no list",
			[]string{"--definition=web", "--capacity-provider-strategy=[FARGATE"},
			[]string{`capacity-provider-strategy: expected a list such as [{"capacityProvider": ` +
				`"FARGATE_SPOT", "weight": 1, "base": 0}]`},
		},
		{"no map in it", []string{"--definition=web", "--capacity-provider-strategy=[FARGATE]"},
			[]string{"capacity-provider-strategy: item 1: expected a map with capacityProvider, weight and base"}},
		{
			"no number",
			[]string{
				"--definition=web",
				`--capacity-provider-strategy=[{"capacityProvider":"FARGATE"},` +
					`{"capacityProvider":"FARGATE_SPOT","weight":"much"}]`,
			},
			[]string{"capacity-provider-strategy: item 2: weight: expected a whole number"},
		},
		{
			"no such member",
			[]string{"--definition=web", `--capacity-provider-strategy=[{"provider":"FARGATE"}]`},
			[]string{"capacity-provider-strategy: item 1: expected no members but capacityProvider, weight and base"},
		},
		{"mixed providers", []string{"--definition=web", "--capacity-provider-strategy=FARGATE,Own"},
			[]string{"capacity-provider-strategy: the capacity providers of Fargate can't be mixed with others"}},
		{"a list", []string{"--definition=web", `--variables=["A=1"]`, "--tags=- A=1"}, nil},
		{"blanks in a name", []string{"--definition=web", "--environment=export A=1"},
			[]string{"environment: entry 1: a name can't have blanks or an equals sign"}},
		{
			"ids of others",
			[]string{"--definition=web", "--subnets=subnet-1,sg-1", "--security-groups=subnet-1"},
			[]string{"subnets: item 2 is the id of a security group", "security-groups: item 1 is the id of a subnet"},
		},
		{
			"all there are",
			[]string{"--definition=web", "--subnets=*", "--security-groups=vpc-id=vpc-1&tag:Name=?*"},
			[]string{
				"subnets: item 1: expected an id, a name or a filter such as tag:Tier=private, not only " +
					"wildcards",
				"security-groups: item 1: expected an id, a name or a filter such as tag:Tier=private, not " +
					"only wildcards"},
		},
		{
			"filters of nothing",
			[]string{"--definition=web", "--subnets=tag:Tier=,=x,a&,tag:Tier=private&vpc-1"},
			[]string{
				"subnets: item 1: expected", "subnets: item 2: expected", "subnets: item 3: expected",
				"subnets: item 4: expected",
			},
		},
		{"filters", []string{"--definition=web", "--subnets=tag:Tier=private&vpc-id=vpc-1,private-*,a b"}, nil},
		{"not UTF-8", []string{"--definition=web", "--environment=A=\xff", "--started-by=\xfe"},
			[]string{"environment: expected text in UTF-8", "started-by: expected text in UTF-8"}},
		{
			"outputs and no wait",
			[]string{"--definition=web", "--outputs-from=app", "--skip-steady-state-check=true"},
			[]string{"outputs-from: cannot be used together with skip-steady-state-check: the log is " +
				"complete once the task has ended"},
		},
		{
			"outputs of a server",
			[]string{"--definition=web", "--outputs-from=app", "--steady-state=running"},
			[]string{"outputs-from: cannot be used together with steady-state running: the log is complete " +
				"once the task has ended"},
		},
		{"outputs without a log", []string{"--definition=web", "--outputs-from=app", "--logs=false"},
			[]string{"outputs-from: cannot be used together with logs: false: the outputs are in the log"}},
		{"outputs of several", []string{"--definition=web", "--outputs-from=app,db"},
			[]string{"outputs-from: expected up to 255 letters, digits, hyphens and underscores"}},
		{"groups without subnets", []string{"--definition=web", "--security-groups=sg-1"},
			[]string{"security-groups: needs subnets"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(nil, tt.args...)
			var got []string
			for _, one := range faults(err) {
				var fault *input.Error
				if !errors.As(one, &fault) {
					t.Errorf("read(%q): error of type %T, want *input.Error", tt.args, one)
				}
				got = append(got, one.Error())
			}
			for _, want := range tt.want {
				if !strings.Contains(strings.Join(got, "\n"), want) {
					t.Errorf("read(%q) = %q, want %q among them", tt.args, got, want)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("read(%q) = %q, want %d faults", tt.args, got, len(tt.want))
			}
		})
	}
}

// TestErrorsHoldNoValue checks that no error contains a value, which may be a secret
// that was put into the wrong input.
func TestErrorsHoldNoValue(t *testing.T) {
	const secret = "s3cr3t-v4lue"
	for _, row := range input.Table() {
		for _, value := range []string{
			secret,
			"A: [" + secret,
			"{" + secret,
			secret + "\n" + secret + "=1\n" + secret + "=1",
		} {
			_, err := read(nil, "--"+row.Name+"="+value)
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error contains the value: %v", row.Name, err)
			}
		}
	}
}

var update = flag.Bool("update", false, "rewrite the inputs in action.yml from the table")

// TestActionYML checks that the inputs in action.yml are those of the table.
func TestActionYML(t *testing.T) {
	const name = "../../action.yml"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "\ninputs:\n")
	_, after, found := strings.Cut(rest, "\noutputs:\n")
	if !found {
		t.Fatal("action.yml has no inputs: before its outputs:")
	}
	want := before + "\ninputs:\n" + actionInputs() + "\noutputs:\n" + after
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("action.yml differs from the table of inputs (-want +got), which go test ./internal/input "+
			"-update mends:\n%s", diff)
	}
	var action struct {
		Inputs map[string]struct{ Description, Default string }
	}
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	for _, row := range input.Table() {
		if got := action.Inputs[row.Name]; got.Description != row.Description() ||
			got.Default != row.ActionDefault && got.Default != row.Default {
			t.Errorf("action.yml: input %s = %+v, want %+v", row.Name, got, row)
		}
	}
}

func actionInputs() string {
	var text strings.Builder
	for _, row := range input.Table() {
		fmt.Fprintf(&text, "  %s:\n    description: %q\n    required: false\n", row.Name, row.Description())
		if byDefault := gocmp.Or(row.ActionDefault, row.Default); byDefault != "" {
			fmt.Fprintf(&text, "    default: %q\n", byDefault)
		}
	}
	return text.String()
}
