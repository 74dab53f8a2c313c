package taskdef_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

const container = `{"name":"app","image":"busybox:1","memory":128}`

// TestBody holds that what is written is what ECS receives, in each form.
func TestBody(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"bare", `{"family":"a","containerDefinitions":[` + container + `],"cpu":"256"}`,
			`{"family":"a","containerDefinitions":[` + container + `],"cpu":"256"}`},
		{"described", `{"taskDefinition":{"revision":1,"containerDefinitions":[` + container +
			`],"family":"a"},"tags":[{"key":"k","value":""}]}`,
			`{"containerDefinitions":[` + container + `],"family":"a","tags":[{"key":"k","value":""}]}`},
		{"described with tags on both sides",
			`{"taskDefinition":{"tags":[{"key":"k","value":"1"}],"containerDefinitions":[` + container +
				`],"family":"a"},"tags":[{"key":"k","value":"1"},{"key":"l"}]}`,
			`{"tags":[{"key":"k","value":"1"},{"key":"l"}],"containerDefinitions":[` + container + `],"family":"a"}`},
		{"described by an SDK", `{"taskDefinition":{"containerDefinitions":[` + container +
			`],"family":"a"},"tags":[],"ResponseMetadata":{"RequestId":"1"}}`,
			`{"containerDefinitions":[` + container + `],"family":"a"}`},
		{"own members", `{"x-a":[1],"$schema":"s","family":"a","containerDefinitions":[` + container + `],"x-b":null}`,
			`{"family":"a","containerDefinitions":[` + container + `]}`},
		{"own members around and inside",
			`{"x-a":1,"taskDefinition":{"x-b":2,"family":"a","containerDefinitions":[` + container + `]}}`,
			`{"family":"a","containerDefinitions":[` + container + `]}`},
		{"nulls anywhere and empty members on top",
			`{"family":"a","cpu":null,"memory":"","volumes":[],"proxyConfiguration":{},"containerDefinitions":[{"name":"app",` +
				`"image":"i","memory":1024,"cpu":null,"command":["",""],"environment":[{"name":"E","value":""}],` +
				`"dockerLabels":{"l":""},"links":[],"healthCheck":null}]}`,
			`{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":1024,"command":["",""],` +
				`"environment":[{"name":"E","value":""}],"dockerLabels":{"l":""},"links":[]}]}`},
		{"tags of AWS", `{"family":"a","containerDefinitions":[` + container +
			`],"tags":[{"key":"aws:x","value":"1"},{"key":"AWS:y","value":"1"}]}`,
			`{"family":"a","containerDefinitions":[` + container + `]}`},
		{"CloudFormation", `{"Family":"a","ContainerDefinitions":[{"Name":"app","Image":"i","Memory":"128",` +
			`"DockerLabels":{"Key":"v"},"LogConfiguration":{"LogDriver":"json-file","Options":{"Max":"1"}}}],` +
			`"Volumes":[{"Name":"v","EFSVolumeConfiguration":{"FilesystemId":"fs-1",` +
			`"AuthorizationConfig":{"IAM":"DISABLED"}}}]}`,
			`{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,"dockerLabels":{"Key":"v"},` +
				`"logConfiguration":{"logDriver":"json-file","options":{"Max":"1"}}}],"volumes":[{"name":"v",` +
				`"efsVolumeConfiguration":{"fileSystemId":"fs-1","authorizationConfig":{"iam":"DISABLED"}}}]}`},
		{"CloudFormation's proxy", `{"Family":"a","ContainerDefinitions":[` + container +
			`],"ProxyConfiguration":{"ContainerName":"app","ProxyConfigurationProperties":[{"Name":"A","Value":"1"}]}}`,
			`{"family":"a","containerDefinitions":[` + container +
				`],"proxyConfiguration":{"containerName":"app","properties":[{"name":"A","value":"1"}]}}`},
		{"a map of variables", `{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,` +
			`"environment":{"B":"1","A":2},"secrets":{"S":"/s"}}],"executionRoleArn":"r"}`,
			`{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,"environment":[{"name":"B",` +
				`"value":"1"},{"name":"A","value":"2"}],"secrets":[{"name":"S","valueFrom":"/s"}]}],"executionRoleArn":"r"}`},
		{"type slips", `{"family":"a","cpu":256,"memory":512,"enableFaultInjection":"True",` +
			`"containerDefinitions":[{"name":"app","image":"i","memory":"0.5 GB","cpu":"256","essential":"true",` +
			`"portMappings":[{"containerPort":"80","hostPort":8e1}]}]}`,
			`{"family":"a","cpu":"256","memory":"512","enableFaultInjection":true,"containerDefinitions":[{"name":"app",` +
				`"image":"i","memory":512,"cpu":256,"essential":true,"portMappings":[{"containerPort":80,"hostPort":80}]}]}`},
		{"sizes with units stay",
			`{"family":"a","cpu":".5 vCPU","memory":"1GB","containerDefinitions":[{"name":"app","image":"i"}]}`,
			`{"family":"a","cpu":".5 vCPU","memory":"1GB","containerDefinitions":[{"name":"app","image":"i"}]}`},
		{"letters of all kinds", `{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,` +
			`"command":["<é&😀>","\u2028","\u0001"]}]}`,
			`{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,"command":["<é&😀>","` + "\u2028" +
				`","\u0001"]}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			definitions, _, err := taskdef.Decode(documenttest.Parse(t, "in", test.in), taskdef.Options{})
			if err != nil {
				t.Fatalf("Decode(%s): %v", test.in, err)
			}
			if got := string(definitions[0].Body); got != test.want {
				t.Errorf("Decode(%s) =\n%s\nwant\n%s", test.in, got, test.want)
			}
		})
	}
}

func TestFamily(t *testing.T) {
	for _, test := range []struct{ own, option, want, err string }{
		{own: `"family":"own",`, want: "own"},
		{own: `"family":"own",`, option: "input", want: "own"},
		{option: "input", want: "input"},
		{own: `"family":"",`, option: "input", want: "input"},
		{own: `"family":null,`, option: "input", want: "input"},
		{err: `in:1:1: family: the definition names no family, and the input family gives none`},
		{option: "in put", err: `in:1:1: family: "in put" has other characters than letters, digits, _ and -`},
	} {
		in := `{` + test.own + `"containerDefinitions":[` + container + `]}`
		definitions, _, err := taskdef.Decode(documenttest.Parse(t, "in", in), taskdef.Options{Family: test.option})
		if err != nil || test.err != "" {
			if got := fmt.Sprint(err); got != test.err {
				t.Errorf("Decode(%s) with family %q: %v, want %s", in, test.option, err, test.err)
			}
			continue
		}
		d := definitions[0]
		if want := fmt.Sprintf(`"family":%q`, test.want); d.Family != test.want || !strings.Contains(string(d.Body), want) {
			t.Errorf("Decode(%s) with family %q: %q in %s, want %s", in, test.option, d.Family, d.Body, test.want)
		}
	}
}

func TestTags(t *testing.T) {
	at := document.Place{Name: "input tags", Line: 1, Column: 1}
	for _, test := range []struct {
		name, own string
		options   []taskdef.Tag
		want, err string
	}{
		{name: "added", own: `[{"key":"a","value":"1"}]`, options: []taskdef.Tag{{"b", "2", at}},
			want: `[{"key":"a","value":"1"},{"key":"b","value":"2"}]`},
		{name: "added to none", options: []taskdef.Tag{{"b", "", at}}, want: `[{"key":"b","value":""}]`},
		{name: "overriding", own: `[{"key":"a","value":"1"},{"key":"c"}]`, options: []taskdef.Tag{{"a", "2", at}},
			want: `[{"key":"a","value":"2"},{"key":"c"}]`},
		{name: "in place of one that breaks a rule", own: `[{"key":"b","value":"%"},{"key":"a","value":"1"}]`,
			options: []taskdef.Tag{{"a", "2",
				at}}, err: `in:1:115: tags[0].value: the value of "b" has other characters than letters, digits,` +
				` spaces and _ . : / = + - @`},
		{name: "of AWS", options: []taskdef.Tag{{"aws:a", "", at}},
			err: `input tags:1:1: tags: the key "aws:a" begins with aws:, which only AWS may use`},
		{name: "twice", options: []taskdef.Tag{{"a", "", at}, {"a", "", at}},
			err: `input tags:1:1: tags: the tag "a" is given twice`},
		{name: "without a key", options: []taskdef.Tag{{"", "v", at}}, err: `input tags:1:1: tags: a tag must have a key`},
		{name: "odd letters", options: []taskdef.Tag{{"a", "100%", at}},
			err: `input tags:1:1: tags: the value of "a" has other characters than letters, digits, spaces and _ . : / = + - @`},
	} {
		t.Run(test.name, func(t *testing.T) {
			own := ""
			if test.own != "" {
				own = `,"tags":` + test.own
			}
			in := `{"family":"a","containerDefinitions":[` + container + `]` + own + `}`
			definitions, _, err := taskdef.Decode(documenttest.Parse(t, "in", in), taskdef.Options{Tags: test.options})
			err = errors.Join(taskdef.CheckTags(test.options), err)
			if err != nil || test.err != "" {
				if fmt.Sprint(err) != test.err {
					t.Errorf("Decode: %v, want %s", err, test.err)
				}
				return
			}
			if _, got, _ := strings.Cut(string(definitions[0].Body), `"tags":`); got != test.want+"}" {
				t.Errorf("tags are %s, want %s", got, test.want)
			}
			for i, tag := range definitions[0].Tags {
				if want := fmt.Sprintf(`{"key":%q,"value":%q}`, tag.Key, tag.Value); tag.Value != "" &&
					!strings.Contains(test.want, want) {
					t.Errorf("Tags[%d] = %v, want one of %s", i, tag, test.want)
				}
			}
		})
	}
	// Fifty tags are those of the definition and of the options together.
	options := make([]taskdef.Tag, 50)
	for i := range options {
		options[i] = taskdef.Tag{Key: fmt.Sprint("k", i), Place: at}
	}
	in := `{"family":"a","containerDefinitions":[` + container + `],"tags":[{"key":"%s"},{"key":"aws:a"}]}`
	fits := documenttest.Parse(t, "in", fmt.Sprintf(in, "k1"))
	exceeds := documenttest.Parse(t, "in", fmt.Sprintf(in, "own"))
	if _, _, err := taskdef.Decode(fits, taskdef.Options{Tags: options}); err != nil {
		t.Errorf("Decode with 50 tags: %v", err)
	}
	if _, _, err := taskdef.Decode(exceeds, taskdef.Options{Tags: options}); err == nil {
		t.Errorf("Decode with 51 tags found no fault")
	}
}

// TestRun holds that x-run-task is found in whichever form a definition has.
func TestRun(t *testing.T) {
	const own = `"family":"a","containerDefinitions":[` + container + `]`
	for _, in := range []string{
		`{"x-run-task":{"count":2},` + own + `}`,
		`{"taskDefinition":{"x-run-task":{"count":2},` + own + `}}`,
		`{"x-run-task":{"count":2},"taskDefinition":{` + own + `}}`,
		`{"Type":"AWS::ECS::TaskDefinition","x-run-task":{"count":2},"Properties":{` + own + `}}`,
		`{"Type":"AWS::ECS::TaskDefinition","Properties":{"x-run-task":{"count":2},` + own + `}}`,
	} {
		definitions, _, err := taskdef.Decode(documenttest.Parse(t, "in", in), taskdef.Options{})
		if err != nil {
			t.Errorf("Decode(%s): %v", in, err)
			continue
		}
		if d := definitions[0]; d.Run == nil || string(d.Run.JSON()) != `{"count":2}` ||
			strings.Contains(string(d.Body), "count") {
			t.Errorf("Decode(%s) has %v to run and the body %s", in, d.Run, d.Body)
		}
	}
}

func TestUnknownMembers(t *testing.T) {
	in := `{"family":"a","future":{"Deep":[1.50,null,{"":""}]},"networkMode":"mesh",` +
		`"containerDefinitions":[{"name":"app","image":"i","memory":128,"memroy":1}]}`
	definitions, warnings, err := taskdef.Decode(documenttest.Parse(t, "in", in), taskdef.Options{UnknownMembers: "pass"})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(definitions[0].Body); got != in {
		t.Errorf("Decode passes\n%s\nwant\n%s", got, in)
	}
	want := strings.TrimSpace(`
in:1:15: future: unknown member, passed on to ECS as it is
in:1:67: networkMode: unknown value "mesh", passed on to ECS as it is
in:1:137: containerDefinitions[0].memroy: unknown member (did you mean "memory"?), passed on to ECS as it is`)
	if got := documenttest.Messages(warnings); got != want {
		t.Errorf("Decode warns\n%s\nwant\n%s", got, want)
	}
	for _, w := range warnings {
		if w.Notice {
			t.Errorf("%v is a notice, want a warning", &w.Error)
		}
	}
	for _, option := range []string{"", "error"} {
		if _, _, err := taskdef.Decode(documenttest.Parse(t, "in", in), taskdef.Options{UnknownMembers: option}); err == nil {
			t.Errorf("Decode with unknown members %q found no fault", option)
		}
	}
}

func TestDefinition(t *testing.T) {
	in := `
x-run-task: {count: 2}
family: a
taskRoleArn: task
executionRoleArn: exec
networkMode: awsvpc
requiresCompatibilities: [EC2, FARGATE]
cpu: "256"
memory: "512"
runtimePlatform: {operatingSystemFamily: LINUX, cpuArchitecture: ARM64}
tags: [{key: k, value: v}]
containerDefinitions:
  - name: app
    image: busybox:1
    healthCheck: {command: [CMD, "true"]}
    logConfiguration:
      logDriver: awslogs
      options: {awslogs-group: g, awslogs-region: eu-central-1, awslogs-stream-prefix: p}
  - name: side
    image: busybox:2
    essential: false
`
	definitions, warnings, err := taskdef.Decode(documenttest.Parse(t, "in", in), taskdef.Options{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("Decode: %v, %s", err, documenttest.Messages(warnings))
	}
	got := *definitions[0]
	if got.Run == nil || string(got.Run.JSON()) != `{"count":2}` {
		t.Errorf("Run = %v, want the value of x-run-task", got.Run)
	}
	if string(got.Node.JSON()) != string(got.Body) {
		t.Errorf("Node is %s, want that of Body %s", got.Node.JSON(), got.Body)
	}
	got.Run, got.Node, got.Body = nil, nil, nil
	at := func(line, column int) document.Place { return document.Place{Name: "in", Line: line, Column: column} }
	want := taskdef.Definition{
		Family: "a", Place: at(2, 1), NetworkMode: "awsvpc", RequiresCompatibilities: []string{"EC2", "FARGATE"},
		TaskRoleARN: "task", ExecutionRoleARN: "exec", CPU: "256", Memory: "512",
		OperatingSystem: "LINUX", Architecture: "ARM64",
		Tags: []taskdef.Tag{{Key: "k", Value: "v", Place: at(11, 8)}},
		Containers: []taskdef.Container{
			{Name: "app", Image: "busybox:1", Essential: true, Place: at(13, 5), HealthCheck: true, LogDriver: "awslogs",
				LogOptions: map[string]string{"awslogs-group": "g", "awslogs-region": "eu-central-1",
					"awslogs-stream-prefix": "p"}},
			{Name: "side", Image: "busybox:2", Place: at(19, 5)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode is not what is wanted (-want +got):\n%s", diff)
	}
}

// TestInputStays holds that the document that is read is not changed.
func TestInputStays(t *testing.T) {
	var files []string
	for _, folder := range []string{"ok", "err", "samples"} {
		found, err := filepath.Glob(filepath.Join(testdata, folder, "*"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no files in %s (%v)", folder, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		nodes, _, _ := document.Parse(file, text)
		for _, n := range nodes {
			before := string(n.JSON())
			taskdef.Decode(n, taskdef.Options{Family: "f", Tags: []taskdef.Tag{{Key: "k"}}, UnknownMembers: "pass"})
			if after := string(n.JSON()); after != before {
				t.Errorf("Decode changed %s to\n%s\nfrom\n%s", file, after, before)
			}
		}
	}
}

// TestManyWarnings holds that a fault is found however much is warned of.
func TestManyWarnings(t *testing.T) {
	var notices strings.Builder
	for i := range 500 {
		fmt.Fprintf(&notices, `,"l%d":1`, i)
	}
	in := `{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,"dockerLabels":{"l":1` +
		notices.String() + `}%s}]}`
	for name, fault := range map[string]string{
		"nothing":           ``,
		"an unknown member": `,"memroy":1`,
		"a broken rule":     `,"stopTimeout":1,"dependsOn":[{"containerName":"x","condition":"START"}]`,
	} {
		_, warnings, err := taskdef.Decode(documenttest.Parse(t, "in", fmt.Sprintf(in, fault)), taskdef.Options{})
		if (err != nil) != (fault != "") {
			t.Errorf("Decode with %s: %v", name, err)
		}
		const more = "there may be more: only the first 100 are reported"
		if len(warnings) != 101 || warnings[100].Message != more {
			t.Errorf("Decode with %s warned %d times, the last time of %v, want 100 and %q", name, len(warnings),
				warnings[len(warnings)-1], more)
		}
	}
}

// TestManyFaults holds that 100 faults are reported, and that there are more.
func TestManyFaults(t *testing.T) {
	for _, test := range []struct{ count, want int }{{99, 99}, {100, 100}, {101, 101}, {500, 101}} {
		in := `{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,"command":[true` +
			strings.Repeat(",true", test.count-1) + `]}]}`
		_, _, err := taskdef.Decode(documenttest.Parse(t, "in", in), taskdef.Options{})
		lines := strings.Split(fmt.Sprint(err), "\n")
		said := strings.HasSuffix(lines[len(lines)-1], ": there may be more: only the first 100 are reported")
		if len(lines) != test.want || said != (test.count > 100) {
			t.Errorf("Decode with %d faults reported %d, at last %q, want %d", test.count, len(lines), lines[len(lines)-1],
				test.want)
		}
	}
}
