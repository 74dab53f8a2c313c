package plan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/git"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

const (
	job   = `{"family":"job","containerDefinitions":[{"name":"app","image":"a","memory":64}]}`
	other = `{"family":"other","containerDefinitions":[{"name":"app","image":"a","memory":64},{"name":"log",` +
		`"image":"b","memory":64}]}`
	logged = `{"family":"logged","containerDefinitions":[{"name":"main","image":"a","memory":64,` +
		`"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"eu-central-1"}}}]}`
	awsvpc = `{"family":"web","networkMode":"awsvpc","containerDefinitions":[{"name":"app","image":"a","memory":64}]}`
)

// config parses inputs in the form NAME=value.
func config(t *testing.T, inputs ...string) input.Config {
	t.Helper()
	var c input.Config
	given := map[string]string{}
	for _, one := range inputs {
		name, value, _ := strings.Cut(one, "=")
		given[name] = value
	}
	if err := errors.Join(input.Read(&c, given, nil), c.Check()); err != nil {
		t.Fatal(err)
	}
	return c
}

// transcript stores events as text.
type transcript struct{ strings.Builder }

func (t *transcript) emit(e event.Event) {
	switch e := e.(type) {
	case event.Text:
		fmt.Fprintln(t, e)
	case event.Note:
		fmt.Fprintln(t, e.Level, e.String())
	case event.Warning:
		fmt.Fprintln(t, e.Error.Error(), e.InWorkspace)
	case event.Secrets:
		for _, secret := range e {
			fmt.Fprintln(t, "secret", secret.Name)
		}
	}
}

func environment(dir string, variables ...string) plan.Env {
	lookup := func(name string) (string, bool) {
		for _, v := range variables {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
	return plan.Env{
		Getenv:  func(name string) string { value, _ := lookup(name); return value },
		Environ: func() []string { return variables },
		Getwd:   func() (string, error) { return dir, nil },
		CI:      ci.Detect(lookup),
		CodeCommit: func(context.Context) (git.AWSCredentials, error) {
			return git.AWSCredentials{}, errors.New("no credentials")
		},
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// summary returns a short description of a plan.
func summary(p plan.Plan) string {
	requests, err := p.Requests()
	var all []string
	for _, r := range requests {
		all = append(all, r.Operation+" "+string(r.Input))
	}
	return strings.Join(all, "\n") + fmt.Sprint(p.Groups, err)
}

func TestLoad(t *testing.T) {
	dir := write(t, map[string]string{
		"job.json": job, "bad.yaml": "family: bad\ncontainerDefinitions:\n  - {name: app, image: a, memoryy: 64}\n",
		"a.env": "A=1\n", "event.json": `{"action":"opened"}`,
		"own.yaml": "family: own\nx-run-task: {count: 2, image: 'a:2', environment: '@a.env'}\ncontainerDefinitions:\n  - " +
			"{name: app, image: a, memory: 64}\n",
		"hash.yaml": "family: hash\ncontainerDefinitions:\n  - {name: app, image: \"a:${{ hashFiles('job.json') }}\", " +
			"memory: 64}\n",
	})
	github := []string{"GITHUB_ACTIONS=true", "GITHUB_RUN_ID=7", "GITHUB_JOB=build", "GITHUB_REPOSITORY=o/r",
		"GITHUB_EVENT_PATH=" + filepath.Join(dir, "missing.json"), "GITHUB_TOKEN=s3cr3tk3y-of-the-job"}
	for _, tt := range []struct {
		name   string
		inputs []string
		env    []string
		want   []string // in the requests, or in the error
		text   []string // in the transcript
		fails  bool
	}{
		{name: "inline", inputs: []string{"definition=" + job},
			want: []string{`RegisterTaskDefinition {"family":"job"`,
				`RunTask {"cluster":"default","count":1,"startedBy":"ecs-run-task","taskDefinition":"job"}`, "[[0]]"},
			text: []string{"task definition job from definition"}},
		{name: "in parallel", inputs: []string{"definition=[" + job + "," + other + "]"}, want: []string{"[[0 1]]"}},
		{name: "in sequence", inputs: []string{"definition=[" + job + "," + other + "]", "order=sequence"},
			want: []string{"[[0] [1]]"}},
		{name: "many", inputs: []string{"definition=" + job, "count=21"}, want: []string{`"count":10`, `"count":1,`}},
		{name: "a file", inputs: []string{"file-paths=job.json", "started-by=me", "tags=Team: data"},
			want: []string{`"startedBy":"me"`, `"tags":[{"key":"Team","value":"data"}]`},
			text: []string{"task definition job from job.json"}},
		{name: "of its own", inputs: []string{"file-paths=own.yaml"},
			want: []string{`"image":"a:2"`, `"count":2`, `"environment":[{"name":"A","value":"1"}]`},
			text: []string{"task definition own with the image a:2 for container app"}},
		{name: "in a CI", inputs: []string{"file-paths=hash.yaml", "secrets=TOKEN: s3cr3t"}, env: github,
			want: []string{`"startedBy":"ecs-run-task/7/1/`}, text: []string{"secret secrets.TOKEN", "secret \n",
				"notice github.event is empty"}},
		{name: "an event", inputs: []string{"definition=" + strings.Replace(job, `"a"`, `"a:${{ github.event.action }}"`, 1)},
			env:  []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_PATH=" + filepath.Join(dir, "event.json")},
			want: []string{`"a:opened"`}},
		{name: "faults of all", inputs: []string{"file-paths=bad.yaml,missing.json,job.json"}, fails: true,
			want: []string{"bad.yaml:3:27: containerDefinitions[0].memoryy: unknown member", "missing.json: no such file"}},
		{name: "a tag that is no text", inputs: []string{"definition=" + job, `tags=A: "${{ fromJSON('[1]') }}"`},
			fails: true, want: []string{"expected text, found a list"}},
		{name: "a bad tag", inputs: []string{"definition=" + job, "tags=aws:a: b"}, fails: true,
			want: []string{"begins with aws:"}},
		{name: "a bad expression in a tag", inputs: []string{"definition=" + job, "tags=A: ${{ nope }}"}, fails: true,
			want: []string{"nope"}},
		{name: "a bad request", inputs: []string{"definition=" + job, "run-task-request={grup: a}"}, fails: true,
			want: []string{`grup: unknown member`}},
		{name: "no health check", inputs: []string{"definition=" + job, "steady-state=healthy"}, fails: true,
			want: []string{"steady-state healthy needs a container with a healthCheck"}},
		{name: "no such file of variables", inputs: []string{"definition=" + job, "environment=@missing.env"}, fails: true,
			want: []string{"environment: missing.env: no such file"}},
		{name: "a bad file of variables", inputs: []string{"definition=" + job, "environment=@job.json"}, fails: true,
			want: []string{"environment: job.json: "}},
		{name: "an image for one of two", inputs: []string{"definition=" + other, "image=c"}, fails: true,
			want: []string{"container: other has several containers"}},
		{name: "a context that is no JSON", inputs: []string{"definition=" + job, "matrix={"}, fails: true,
			want: []string{"read the values for expressions"}},
		{name: "a verdict by none", inputs: []string{"definition=[" + job + "," + other + "]", "verdict=log"}, fails: true,
			want: []string{"verdict: no container of job is named"}},
		{name: "outputs of one of two", inputs: []string{"definition=[" + logged + "," + job + "]", "outputs-from=main"},
			want: []string{`"overrides":{"containerOverrides":[{"name":"main",` +
				`"environment":[{"name":"ECS_RUN_TASK_OUTPUTS_BEGIN","value":"ecs-run-task outputs begin `,
				`RunTask {"cluster":"default","count":1,"startedBy":"ecs-run-task","taskDefinition":"job"}`}},
		{name: "outputs beside other overrides",
			inputs: []string{"definition=" + logged, "outputs-from=main", "environment=A=1\nECS_RUN_TASK_OUTPUTS_END=x",
				"command=true"},
			want: []string{`[{"name":"main","command":["true"],"environment":[{"name":"A","value":"1"},` +
				`{"name":"ECS_RUN_TASK_OUTPUTS_END","value":"ecs-run-task outputs end `}},
		{name: "outputs of nobody", inputs: []string{"definition=" + logged, "outputs-from=mian"}, fails: true,
			want: []string{`outputs-from: no definition has a container "mian" (did you mean "main"?)`}},
		{name: "outputs of a stranger", inputs: []string{"definition=" + other, "outputs-from=database"}, fails: true,
			want: []string{`outputs-from: no definition has a container "database": there is app, log`}},
		{name: "outputs without a log", inputs: []string{"file-paths=job.json", "outputs-from=app"}, fails: true,
			want: []string{"job.json:1:41: outputs-from: the log of container app can't be read, as it has no " +
				"logConfiguration: only awslogs can"}},
		{name: "outputs without a log, local", inputs: []string{"file-paths=job.json", "outputs-from=app", "local=process"},
			want: []string{"ECS_RUN_TASK_OUTPUTS_BEGIN"}},
		{name: "outputs of another driver",
			inputs: []string{"definition=" + strings.Replace(logged, `"awslogs"`, `"json-file"`, 1), "outputs-from=main"},
			fails:  true, want: []string{"can't be read, as its log driver is json-file"}},
		{name: "a verdict by an unknown one", inputs: []string{"definition=" + job, "verdict=ap"}, fails: true,
			want: []string{`verdict: item 1: no definition has a container "ap" (did you mean "app"?)`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out transcript
			draft, err := plan.Load(t.Context(), config(t, tt.inputs...), environment(dir, tt.env...), out.emit)
			got := fmt.Sprint(err)
			if err == nil {
				if draft.NeedsAWS() {
					t.Error("NeedsAWS() = true, want false")
				}
				p, err := draft.Resolve(t.Context(), nil, out.emit)
				if err != nil {
					t.Fatal(err)
				}
				got = summary(p)
			}
			if (err != nil) != tt.fails {
				t.Errorf("Load() = %v, want an error: %v", err, tt.fails)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("Load() gives\n%s\nwhich has no %q", got, want)
				}
			}
			for _, want := range tt.text {
				if !strings.Contains(out.String(), want) {
					t.Errorf("Load() reports\n%s\nwhich has no %q", &out, want)
				}
			}
		})
	}
}

func TestLoadWithoutWorkspace(t *testing.T) {
	env := environment("")
	env.Getwd = func() (string, error) { return "", os.ErrNotExist }
	c := config(t, "definition="+job)
	if _, err := plan.Load(t.Context(), c, env, func(event.Event) {}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Load() = %v, want that there is no workspace", err)
	}
	if _, err := plan.Check(t.Context(), c, env, false, func(event.Event) {}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Check() = %v, want that there is no workspace", err)
	}
}

func TestInWorkspace(t *testing.T) {
	dir := write(t, map[string]string{"job.json": job})
	draft, err := plan.Load(t.Context(), config(t, "file-paths=job.json"), environment(dir), func(event.Event) {})
	if err != nil || !draft.InWorkspace("job.json") || draft.InWorkspace("input tags") {
		t.Errorf("InWorkspace() = %v, %v for a file, and %v for an input", draft.InWorkspace("job.json"), err,
			draft.InWorkspace("input tags"))
	}
}

// account is an embedded ECS with a definition and services, and an EC2 with networks.
type account struct {
	ecs *ecslocal.Server
	ec2 map[string]string // the answers, by API action
}

func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		for action, answer := range a.ec2 {
			if bytes.Contains(body, []byte("Action="+action)) {
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer))}, nil
			}
		}
		const denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>"
		return &http.Response{StatusCode: http.StatusForbidden, Body: io.NopCloser(strings.NewReader(denied))}, nil
	}
	return ecslocal.Transport(a.ecs).RoundTrip(r)
}

func TestResolve(t *testing.T) {
	subnets := map[string]string{
		"DescribeSubnets": `<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId></item>` +
			`<item><subnetId>subnet-2</subnetId></item></subnetSet></DescribeSubnetsResponse>`,
	}
	none := map[string]string{
		"DescribeSubnets":        `<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>`,
		"DescribeSecurityGroups": `<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>`,
	}
	for _, tt := range []struct {
		name   string
		inputs []string
		ec2    map[string]string
		local  bool
		fault  func(ecslocal.Call) ecslocal.Effect
		want   []string // in the requests, or in the error
		text   []string
		fails  bool
	}{
		{name: "a registered definition", inputs: []string{"definition=job"},
			want: []string{`RunTask {"cluster":"default","count":1,"startedBy":"ecs-run-task",` +
				`"taskDefinition":"arn:aws:ecs:eu-central-1:123456789012:task-definition/job:1"}`},
			text: []string{"task definition job, as it is registered", "found job:1: arn:"}},
		{name: "with another image", inputs: []string{"definition=job:1", "image=b"},
			want: []string{`RegisterTaskDefinition {`, `"image":"b"`},
			text: []string{"task definition job with the image b for container app"}},
		{name: "with another image for one of two", inputs: []string{"definition=other", "image=c"}, fails: true,
			want: []string{"container: other has several containers"}},
		{name: "not registered", inputs: []string{"definition=nope"}, fails: true,
			want: []string{"describe task definition nope"}},
		{name: "not registered, with another image", inputs: []string{"definition=nope", "image=b"}, fails: true,
			want: []string{"describe task definition nope"}},
		{name: "without a health check", inputs: []string{"definition=job", "steady-state=healthy"}, fails: true,
			want: []string{"steady-state healthy needs a container with a healthCheck, and job:1 has none"}},
		{name: "without a health check, with its text", inputs: []string{"definition=job", "steady-state=healthy", "image=b"},
			fails: true, want: []string{"job:1 has none"}},
		{name: "a verdict by none", inputs: []string{"definition=job", "verdict=log"}, fails: true,
			want: []string{`no definition has a container "log"`}},
		{name: "a service", inputs: []string{"definition=[" + awsvpc + "," + strings.Replace(awsvpc, "web", "web2", 1) + "]",
			"service=api"}, want: []string{`"subnets":["subnet-a"]`, `"launchType":"FARGATE"`},
			text: []string{"service api: launch-type FARGATE"}},
		{name: "no such service", inputs: []string{"definition=" + awsvpc, "service=nope"}, fails: true,
			want: []string{"describe service nope"}},
		{name: "subnets by name", inputs: []string{"definition=" + awsvpc, "subnets=private,subnet-1,subnet-3"}, ec2: subnets,
			want: []string{`"subnets":["subnet-1","subnet-2","subnet-1","subnet-3"]`},
			text: []string{"subnets private: subnet-1"}},
		{name: "no such subnets", inputs: []string{"definition=" + awsvpc, "subnets=private"}, ec2: none, fails: true,
			want: []string{"subnets: ", "in eu-central-1"}},
		{name: "no such group", inputs: []string{"definition=" + awsvpc, "subnets=subnet-1", "security-groups=jobs"},
			ec2: none, fails: true, want: []string{"a group's own name is the filter group-name=jobs"}},
		{name: "subnets that may not be seen", inputs: []string{"definition=" + awsvpc, "subnets=private"}, fails: true,
			want: []string{"UnauthorizedOperation"}},
		{name: "names in a local run", inputs: []string{"definition=" + awsvpc, "subnets=private"}, local: true, fails: true,
			want: []string{"subnets: expected ids: with local there is no EC2 to ask for names"}},
		{name: "preflight", inputs: []string{"definition=job", "preflight=true"},
			text: []string{"checking with AWS what the definitions name"}, want: []string{"RunTask"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := ecslocal.New(ecslocal.Region("eu-central-1"), ecslocal.AnyCluster(), ecslocal.Process(),
				ecslocal.Faults(func(c ecslocal.Call) ecslocal.Effect {
					if c.Operation != "DescribeServices" {
						return nil
					}
					return ecslocal.Rewrite(func(answer map[string]any) {
						if names, _ := c.Request["services"].([]any); slices.Contains(names, any("api")) {
							answer["services"] = []any{map[string]any{"serviceName": "api", "status": "ACTIVE", "launchType": "FARGATE",
								"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []any{"subnet-a"}}}}}
							answer["failures"] = nil
						}
					})
				}))
			defer server.Close()
			clients := session.Local("eu-central-1", &account{server, tt.ec2}, server.Close)
			clients.Local = tt.local
			for _, text := range []string{job, other} {
				if _, _, err := (cluster.Client{API: clients.ECS}).Register(t.Context(),
					text[len(`{"family":"`):strings.Index(text, `",`)], []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			var out transcript
			draft, err := plan.Load(t.Context(), config(t, tt.inputs...), environment(t.TempDir()), out.emit)
			if err != nil {
				t.Fatal(err)
			}
			if !draft.NeedsAWS() {
				t.Error("NeedsAWS() = false, want true")
			}
			p, err := draft.Resolve(t.Context(), clients, out.emit)
			got := fmt.Sprint(err)
			if err == nil {
				got = summary(p)
			}
			if (err != nil) != tt.fails {
				t.Errorf("Resolve() = %v, want an error: %v", err, tt.fails)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("Resolve() gives\n%s\nwhich has no %q", got, want)
				}
			}
			for _, want := range tt.text {
				if !strings.Contains(out.String(), want) {
					t.Errorf("Resolve() reports\n%s\nwhich has no %q", &out, want)
				}
			}
		})
	}
}

func TestResolveDefinitions(t *testing.T) {
	server := ecslocal.New(ecslocal.Region("eu-central-1"), ecslocal.AnyCluster(), ecslocal.Process())
	defer server.Close()
	clients := session.Local("eu-central-1", ecslocal.Transport(server), server.Close)
	if _, err := clients.ECS.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("job"), ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"),
			Image: aws.String("a"), Memory: aws.Int32(64)}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ definition, want string }{{"job", ""}, {"nope", "describe task definition nope"}} {
		draft, err := plan.Load(t.Context(), config(t, "definition="+tt.definition), environment(t.TempDir()),
			func(event.Event) {})
		if err != nil {
			t.Fatal(err)
		}
		resolved, err := draft.ResolveDefinitions(t.Context(), clients, func(event.Event) {})
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ResolveDefinitions() of %s = %v, want %q", tt.definition, err, tt.want)
		}
		if _, still := draft.Jobs[0].Definition.(plan.Named); !still {
			t.Error("ResolveDefinitions() changed the draft that it was called on")
		}
		if err == nil && (plan.TextOf(resolved.Jobs[0].Definition) == nil || resolved.Jobs[0].Request == nil) {
			t.Errorf("ResolveDefinitions() = %+v, want the text and the request", resolved.Jobs[0])
		}
	}
	if plan.TextOf(plan.Named{Name: "job:1"}) != nil || (plan.Named{Name: "job:1"}).Family() != "job" {
		t.Error("a definition that ECS was not asked about has a text, or another family than its name says")
	}
}

func TestCheck(t *testing.T) {
	dir := write(t, map[string]string{
		"good.yaml": "family: ${{ vars.NAME }}\nx-run-task: {security-groups: [sg-1], command: [a, b]}\nnetworkMode: " +
			"awsvpc\ncontainerDefinitions:\n  - {name: app, image: a, memory: 64}\n  - {name: log, image: a, memory: 64}\n",
		"bad.yaml": "family: bad\nx-run-task: {container: nope, count: 0}\ncontainerDefinitions:\n  - {name: app, image: " +
			"a, memory: 64}\n",
	})
	c := input.Config{Values: input.Values{Variables: input.Pairs{{Name: "NAME", Value: "good"}}}}
	var out transcript
	c.FilePaths = []string{"good.yaml"}
	if _, err := plan.Check(t.Context(), c, environment(dir), true, out.emit); err != nil {
		t.Errorf("Check() = %v, want no fault: the inputs of a step choose the container and the subnets", err)
	}
	if want := "good.yaml:1:9: family: ${{ vars.NAME }} is good\n"; out.String() != want {
		t.Errorf("Check() reports %q, want %q", &out, want)
	}
	c.FilePaths = []string{"bad.yaml"}
	if _, err := plan.Check(t.Context(), c, environment(dir), false, out.emit); err == nil ||
		!strings.Contains(err.Error(), "bad.yaml:2:") {
		t.Errorf("Check() = %v, want faults at their places", err)
	}
	c.Matrix = "{"
	if _, err := plan.Check(t.Context(), c, environment(dir), false, out.emit); err == nil {
		t.Error("Check() = nil, want that the matrix is no JSON")
	}
}

func TestEndPolicy(t *testing.T) {
	start := time.Unix(100, 0)
	for _, tt := range []struct {
		inputs         []string
		want           plan.EndPolicy
		waits, servers bool
		deadline       time.Time
	}{
		{nil, plan.EndPolicy{Goal: task.UntilStopped, StopOnInterrupt: true, Timeout: 10 * time.Minute,
			LaunchTimeout: 5 * time.Minute}, true, false, start.Add(10 * time.Minute)},
		{[]string{"steady-state=running", "timeout=0s", "retries=2"},
			plan.EndPolicy{Goal: task.UntilRunning, StopOnInterrupt: true, LaunchTimeout: 5 * time.Minute, Retries: 2}, true,
			true, time.Time{}},
		{[]string{"steady-state=healthy", "on-interrupt=leave", "launch-timeout=1m"},
			plan.EndPolicy{Goal: task.UntilHealthy, Timeout: 10 * time.Minute, LaunchTimeout: time.Minute}, true, true,
			start.Add(10 * time.Minute)},
		{[]string{"steady-state=running", "skip-steady-state-check=true"},
			plan.EndPolicy{Goal: task.UntilAccepted, StopOnInterrupt: true, Timeout: 10 * time.Minute,
				LaunchTimeout: 5 * time.Minute}, false, false, start.Add(10 * time.Minute)},
	} {
		var c input.Config
		given := map[string]string{}
		for _, one := range tt.inputs {
			name, value, _ := strings.Cut(one, "=")
			given[name] = value
		}
		if err := input.Read(&c, given, nil); err != nil {
			t.Fatal(err)
		}
		got := plan.EndPolicyOf(c)
		if got != tt.want || got.Waits() != tt.waits || got.Servers() != tt.servers ||
			!got.Deadline(start).Equal(tt.deadline) {
			t.Errorf("EndPolicyOf(%v) = %+v, waits %v, servers %v, deadline %s, want %+v, %v, %v, %s", tt.inputs, got,
				got.Waits(), got.Servers(), got.Deadline(start), tt.want, tt.waits, tt.servers, tt.deadline)
		}
		if !got.Deadline(time.Time{}).IsZero() {
			t.Errorf("a run of %v that has launched nothing has a deadline", tt.inputs)
		}
	}
}

func TestMultiTask(t *testing.T) {
	for _, tt := range []struct {
		counts  []int
		retries int
		want    bool
	}{{[]int{1}, 0, false}, {[]int{1}, 1, true}, {[]int{2}, 0, true}, {[]int{1, 1}, 0, true}} {
		p := plan.Plan{End: plan.EndPolicy{Retries: tt.retries}}
		for _, count := range tt.counts {
			p.Jobs = append(p.Jobs, plan.Job{Count: count})
		}
		if got := p.MultiTask(); got != tt.want {
			t.Errorf("MultiTask() of counts %v and %d retries = %v, want %v", tt.counts, tt.retries, got, tt.want)
		}
	}
}
