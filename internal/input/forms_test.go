package input_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// TestFormsOfOtherTools checks that a notation of another tool is accepted, or is a fault with a hint.
func TestFormsOfOtherTools(t *testing.T) {
	type pairs = input.Pairs
	ab := pairs{{"A", "1"}, {"B", "2"}}
	for _, tt := range []struct {
		in   string
		want pairs
		err  string // the beginning, without the name of the input
		hint string
	}{
		{in: `[{"name":"A","value":"1"},{"name":"B","value":2}]`, want: ab},
		{in: `[{"key":"A","value":"1"},{"Key":"B","Value":"2"}]`, want: ab},
		{in: "- name: A\n  value: 1\n- {value: 2, name: B}", want: ab},
		{in: `["A=1","B=2"]`, want: ab},
		{in: "- A=1\n- B=2", want: ab},
		{in: "name=A,value=1 name=B,value=2", want: ab},
		{in: "Key=A,Value=1\nKey=B,Value=2", want: ab},
		{in: `value=1,name=A name=B,value="2"`, want: ab},
		{in: "name=A,value=1", want: pairs{{"A", "1"}}},
		{in: "name=A,value=b=c d", want: pairs{{"A", "b=c d"}}},
		{in: "name=A,value=", want: pairs{{"A", ""}}},
		{in: "name=A\nvalue=1", want: pairs{{"name", "A"}, {"value", "1"}}},
		{in: `{"name":"A","value":"1"}`, want: pairs{{"name", "A"}, {"value", "1"}}},
		{in: `{"A":"1,B=2"}`, want: pairs{{"A", "1,B=2"}}},
		{in: "A: 1,B=2", want: pairs{{"A", "1,B=2"}}},
		{in: "OTEL_RESOURCE_ATTRIBUTES=a.b=x,c.d=y", want: pairs{{"OTEL_RESOURCE_ATTRIBUTES", "a.b=x,c.d=y"}}},
		{in: "REDIS=host:6379,password=x,ssl=true", want: pairs{{"REDIS", "host:6379,password=x,ssl=true"}}},
		{in: "DB=jdbc:sqlserver://host;database=x", want: pairs{{"DB", "jdbc:sqlserver://host;database=x"}}},
		{in: "OPTS=-a B=2", want: pairs{{"OPTS", "-a B=2"}}},
		{in: "WORDS=one two=2", want: pairs{{"WORDS", "one two=2"}}},
		{in: "A=1\nLABELS=team,env=x,B=2", want: pairs{{"A", "1"}, {"LABELS", "team,env=x,B=2"}}},
		{in: "A=1,2,3", want: pairs{{"A", "1,2,3"}}},
		{in: "A = 1", want: pairs{{"A", "1"}}},
		{in: "A= 1", want: pairs{{"A", " 1"}}},
		{in: `A="1"`, want: pairs{{"A", `"1"`}}},

		{in: "A=1,B=2", err: "line 1 has several NAME=value", hint: "A=…\nB=…"},
		{in: "A=1, B=2, C=3", err: "line 1 has several NAME=value", hint: "A=…\nB=…\nC=…"},
		{in: "a=1,b=2", err: "line 1 has several NAME=value", hint: "a=…\nb=…"},
		{in: "KeyFoo=ValueFoo,KeyBar=ValueBar", err: "line 1 has several NAME=value", hint: "KeyFoo=…\nKeyBar=…"},
		{in: "A=1 B=2", err: "line 1 has several NAME=value", hint: "A=…\nB=…"},
		{in: "Env=prod Team=x", err: "line 1 has several NAME=value", hint: "Env=…\nTeam=…"},
		{in: `A=1\nB=2`, err: "line 1 has several NAME=value", hint: "A=…\nB=…"},
		{in: "A=1;B=2", err: "line 1 has several NAME=value", hint: "A=…\nB=…"},
		{in: "A=1,B=2\nC=3,D=4", err: "line 1 has several NAME=value", hint: "A=…\nB=…"},
		{in: "name=A,value=1,2", err: "item 1: expected NAME=value lines or a map", hint: "A=1"},
		{in: "{A=1,B=2}", err: "entry 1: expected a colon between name and value", hint: `{"NAME": "value"}`},
		{in: `[{"name":"A","valueFrom":"arn"}]`, err: "item 1: expected a map", hint: `{"NAME": "value"}`},
		{in: `[{"A":"1"}]`, err: "item 1: expected a map", hint: `{"NAME": "value"}`},
		{
			in:  `{"containerOverrides":[{"name":"app"}]}`,
			err: "entry 1: containerOverrides belong in the input overrides",
		},
		{in: "file://a.json", err: "file:// is not supported", hint: "*"},
	} {
		for _, name := range []string{"environment", "variables", "tags"} {
			config, err := read(nil, "--definition=web", "--"+name+"="+tt.in)
			got := map[string]pairs{
				"environment": config.Environment.Pairs,
				"variables":   config.Variables,
				"tags":        config.Tags,
			}[name]
			var fault *input.Error
			if errors.As(err, &fault) != (tt.err != "") ||
				fault != nil && (!strings.HasPrefix(fault.Message, tt.err) || tt.hint != "*" && fault.Hint != tt.hint) {
				t.Errorf("%s %q: fault = %+v, want %q with the hint %q", name, tt.in, fault, tt.err, tt.hint)
			}
			if err == nil && !cmp.Equal(got, tt.want) {
				t.Errorf("%s %q = %q, want %q", name, tt.in, got, tt.want)
			}
		}
	}
}

// TestSecretsAreNotSplit checks that secrets may contain any characters.
func TestSecretsAreNotSplit(t *testing.T) {
	config, err := read(nil, "--definition=web", "--secrets=A=1,B=2")
	if want := (input.Pairs{{"A", "1,B=2"}}); err != nil || !cmp.Equal(config.Secrets, want) {
		t.Errorf("secrets = %q, %v, want %q", config.Secrets, err, want)
	}
}

func TestNetworks(t *testing.T) {
	type list = []string
	a, b := "subnet-0123456789abcdef0", "subnet-0123456789abcdef1"
	for _, tt := range []struct {
		in   string
		want list
		err  string
	}{
		{in: a + "," + b, want: list{a, b}},
		{in: a + " " + b, want: list{a, b}},
		{in: a + ";" + b + ";", want: list{a, b}},
		{in: a + "; " + b, want: list{a, b}},
		{in: a + "\n" + b, want: list{a, b}},
		{in: `"` + a + `","` + b + `"`, want: list{a, b}},
		{in: `'` + a + `' '` + b + `'`, want: list{a, b}},
		{in: `"` + a + "," + b + `"`, want: list{a, b}},
		{in: `["` + a + `","` + b + `"]`, want: list{a, b}},
		{in: "[" + a + ", " + b + "]", want: list{a, b}},
		{in: "- " + a + "\n- '" + b + "'", want: list{a, b}},
		{in: a + "," + a, want: list{a}},
		{in: "private a", want: list{"private a"}},
		{in: "Bob's (old)", want: list{"Bob's (old)"}},
		{in: `["a;b"]`, want: list{"a;b"}},
		{in: "tag:Name=a;b", want: list{"tag:Name=a;b"}},
		{in: "tag:Tier=private&vpc-id=vpc-1", want: list{"tag:Tier=private&vpc-id=vpc-1"}},
		{in: "private-a;private-b", err: "subnets: item 1: expected one id, name or filter"},
		{in: a + " private", err: "subnets: item 1: expected one id, name or filter"},
		{in: "[" + a, err: "subnets: expected a list of ids"},
		{in: "[{id: " + a + "}]", err: "subnets: expected a list of ids"},
		{in: "awsvpcConfiguration={subnets=[" + a + "]}", err: "subnets: item 1: expected one id, name or filter"},
		{in: "tolist([\"" + a + "\",\"" + b + "\"])", err: "subnets: item 1: expected one id, name or filter"},
		{in: "file://subnets.json", err: "subnets: item 1: expected one id, name or filter"},
		{in: a + "|" + b, err: "subnets: item 1: expected one id, name or filter"},
		{in: a + "/" + b, err: "subnets: item 1: expected one id, name or filter"},
		{in: "arn:aws:ec2:us-east-1:123456789012:subnet/" + a, err: "subnets: item 1: expected one id, name or filter"},
		{in: "Subnets=" + a, err: "subnets: item 1: expected one id, name or filter"},
		{in: strings.ToUpper(a), err: "subnets: item 1: expected one id, name or filter"},
		{in: "app-" + a, want: list{"app-" + a}},
		{in: "subnet-id=" + a, want: list{"subnet-id=" + a}},
		{in: "subnet-private", want: list{"subnet-private"}},
		{in: "$A, $B", err: "subnets: a placeholder of the form $NAME was not replaced"},
		{in: "${SUBNETS}", err: "subnets: a placeholder of the form ${ } was not replaced"},
		{in: "{{ subnets }}", err: "subnets: a placeholder of the form {{ }} was not replaced"},
		{in: "<subnet-id>", err: "subnets: a placeholder of the form < > was not replaced"},
		{in: "tag:Name=%ENV%", err: "subnets: a placeholder of the form %NAME% was not replaced"},
		{in: "__SUBNET__", want: list{"__SUBNET__"}},
	} {
		config, err := read(nil, "--definition=web", "--subnets="+tt.in)
		if text := errorText(err); !strings.HasPrefix(text, tt.err) || (text == "") != (tt.err == "") ||
			err == nil && !cmp.Equal(config.Subnets, tt.want) {
			t.Errorf("subnets %q = %q, %q, want %q, %q", tt.in, config.Subnets, text, tt.want, tt.err)
		}
	}
}

func TestPaths(t *testing.T) {
	for in, want := range map[string][]string{
		"a.json,b c.json":          {"a.json", "b c.json"},
		`"a.json","b.json"`:        {"a.json", "b.json"},
		"[ecs/a.json, ecs/b.json]": {"ecs/a.json", "ecs/b.json"},
		"- a.json\n- b.json":       {"a.json", "b.json"},
		"file://ecs/a.json":        {"ecs/a.json"},
		"[ab]":                     {"[ab]"},
		"[a-c]*.json":              {"[a-c]*.json"},
		"ecs/{{name}}.json":        {"ecs/{{name}}.json"},
		"it's.json":                {"it's.json"},
		"a;b.json":                 {"a;b.json"},
	} {
		config, err := read(nil, "--file-paths="+in)
		if err != nil || !cmp.Equal(config.FilePaths, want) {
			t.Errorf("file-paths %q = %q, %v, want %q", in, config.FilePaths, err, want)
		}
	}
}

func TestStrategyOfOtherTools(t *testing.T) {
	spot := input.Strategy{{Provider: "FARGATE_SPOT", Weight: 4}, {Provider: "FARGATE", Weight: 1, Base: 1}}
	for _, tt := range []struct {
		in        string
		want      input.Strategy
		err, hint string
	}{
		{in: "capacityProvider=FARGATE_SPOT,weight=4,base=0 capacityProvider=FARGATE,weight=1,base=1", want: spot},
		{in: "capacityProvider=FARGATE_SPOT,weight=4,\nbase=1,capacityProvider=FARGATE", want: spot},
		{in: "capacityProvider=FARGATE_SPOT,weight=4,capacityProvider=FARGATE,base=1", want: spot},
		{in: `{"capacityProvider": "FARGATE_SPOT", "weight": 4}`, want: spot[:1]},
		{in: "fargate_spot", err: "item 1: the capacity providers of Fargate", hint: "FARGATE_SPOT"},
		{in: "FARGATE-SPOT:4", err: "item 1: the capacity providers of Fargate", hint: "FARGATE_SPOT"},
		{in: `[{"capacityProvider": "Fargate"}]`, err: "item 1: the capacity providers of Fargate", hint: "FARGATE"},
		{in: "FARGATE:1,FARGATE:2", err: "item 2: duplicate capacity provider"},
		{in: "FARGATE_SPOT=1", err: "item 1: expected PROVIDER:weight:base=n", hint: "FARGATE_SPOT:1"},
		{in: "Own=1", err: "item 1: expected PROVIDER:weight:base=n", hint: "FARGATE_SPOT:4,FARGATE:1:base=1"},
		{
			in:   "FARGATE FARGATE_SPOT",
			err:  "item 1: expected PROVIDER:weight:base=n",
			hint: "FARGATE_SPOT:4,FARGATE:1:base=1",
		},
		{
			in:   "capacityProvider=FARGATE,wieght=1",
			err:  "item 1: expected PROVIDER:weight:base=n, or capacityProvider=",
			hint: "FARGATE_SPOT:4,FARGATE:1:base=1",
		},
		{
			in:   "capacityProvider=FARGATE,weight=a",
			err:  "item 1: expected PROVIDER:weight:base=n, or capacityProvider=",
			hint: "FARGATE_SPOT:4,FARGATE:1:base=1",
		},
		{
			in:   "weight=1,base=0",
			err:  "item 1: expected PROVIDER:weight:base=n",
			hint: "FARGATE_SPOT:4,FARGATE:1:base=1",
		},
		{in: "{capacityProvider=FARGATE,weight=1}", err: "item 1: expected", hint: "FARGATE_SPOT:4,FARGATE:1:base=1"},
	} {
		config, err := read(nil, "--definition=web", "--capacity-provider-strategy="+tt.in)
		var fault *input.Error
		if errors.As(err, &fault) != (tt.err != "") ||
			fault != nil && (!strings.HasPrefix(fault.Message, tt.err) || fault.Hint != tt.hint) ||
			err == nil && !cmp.Equal(config.CapacityProviderStrategy, tt.want) {
			t.Errorf("capacity-provider-strategy %q = %+v, %+v, want %+v, %q, %q", tt.in,
				config.CapacityProviderStrategy, fault, tt.want, tt.err, tt.hint)
		}
	}
}

func TestPlaceholdersAndRegions(t *testing.T) {
	for _, tt := range []struct{ arg, err, warning string }{
		{arg: "--region=eu-central-1"},
		{arg: "--region=us-east1", warning: `region: no AWS region of this name is known (did you mean "us-east-1"?)`},
		{arg: "--region=local", warning: "region: no AWS region of this name is known"},
		{arg: "--region=us_east_1", err: "region: expected a region such as eu-central-1"},
		{arg: "--region={{ region }}", err: "region: a placeholder of the form {{ }} was not replaced"},
		{arg: "--region=__REGION__", err: "region: a placeholder of the form __NAME__ was not replaced"},
		{arg: "--cluster=$CLUSTER", err: "cluster: a placeholder of the form $NAME was not replaced"},
		{arg: "--cluster=<cluster>", err: "cluster: a placeholder of the form < > was not replaced"},
		{
			arg:     "--cluster=__CLUSTER__",
			warning: "cluster: the value seems to have a placeholder of the form __NAME__ that was not replaced",
		},
		{
			arg:     "--subnets=__SUBNET__",
			warning: "subnets: the value seems to have a placeholder of the form __NAME__ that was not replaced",
		},
		{
			arg: "--task-role-arn=arn:aws:iam::${A}:role/x",
			err: "task-role-arn: a placeholder of the form ${ } was not replaced",
		},
		{arg: "--family=#{A}#", err: "family: a placeholder of the form #{ }# was not replaced"},
	} {
		config, err := read(nil, "--definition=web", tt.arg)
		if text := errorText(err); !strings.HasPrefix(text, tt.err) || (text == "") != (tt.err == "") {
			t.Errorf("%s: fault = %q, want %q", tt.arg, text, tt.err)
		}
		warning := ""
		if warnings := config.Warnings(); err == nil && len(warnings) == 1 {
			warning = warnings[0].Error()
		} else if err == nil && len(warnings) > 1 {
			t.Errorf("%s: warnings = %q, want at most one", tt.arg, warnings)
		}
		if !strings.HasPrefix(warning, tt.warning) || (warning == "") != (tt.warning == "") {
			t.Errorf("%s: warning = %q, want %q", tt.arg, warning, tt.warning)
		}
	}
}
