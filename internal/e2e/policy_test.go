package e2e

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// need is a permission that a call takes. Of a resource "*" nothing is known.
// need is a permission that a call takes; creator is the call that creates what it tags.
type need struct{ action, resource, cluster, creator string }

const account = "arn:aws:ecs:eu-central-1:123456789012:"

// definedRoles are the roles in the registered definitions, by family.
type definedRoles map[string][]string

// needs returns the permissions that AWS requires for a call.
func (d definedRoles) needs(c ecslocal.Call) []need {
	if c.Operation == "sts:GetCallerIdentity" {
		return nil // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: no permission
	}
	text := func(o map[string]any, name string) string {
		s, _ := o[name].(string)
		return s
	}
	list := func(o map[string]any, name string) []any {
		l, _ := o[name].([]any)
		return l
	}
	cluster := text(c.Request, "cluster")
	var all []need
	add := func(action, resource string) { all = append(all, need{action, resource, cluster, ""}) }
	roles := func(o map[string]any) (roles []string) {
		for _, name := range []string{"taskRoleArn", "executionRoleArn"} {
			if role := text(o, name); role != "" {
				add("iam:PassRole", role)
				roles = append(roles, role)
			}
		}
		return roles
	}
	switch c.Operation {
	case "RegisterTaskDefinition":
		resource := account + "task-definition/" + text(c.Request, "family") + ":1"
		add("ecs:RegisterTaskDefinition", resource)
		if len(list(c.Request, "tags")) > 0 {
			all = append(all, need{"ecs:TagResource", resource, cluster, c.Operation})
		}
		d[text(c.Request, "family")] = roles(c.Request)
	case "RunTask":
		definition := text(c.Request, "taskDefinition")
		add("ecs:RunTask", definition)
		family, _, _ := strings.Cut(definition[strings.LastIndexByte(definition, '/')+1:], ":")
		for _, role := range d[family] {
			add("iam:PassRole", role)
		}
		if len(list(c.Request, "tags")) > 0 || text(c.Request, "propagateTags") != "" {
			all = append(all, need{"ecs:TagResource", account + "task/" + cluster + "/0123", cluster, c.Operation})
		}
		overrides, _ := c.Request["overrides"].(map[string]any)
		roles(overrides)
	case "DescribeTasks":
		for _, task := range list(c.Request, "tasks") {
			add("ecs:DescribeTasks", task.(string))
		}
	case "StopTask":
		add("ecs:StopTask", text(c.Request, "task"))
	case "DescribeServices":
		for _, service := range list(c.Request, "services") {
			add("ecs:DescribeServices", account+"service/"+cluster+"/"+service.(string))
		}
	case "logs:GetLogEvents":
		add("logs:GetLogEvents",
			"arn:aws:logs:eu-central-1:123456789012:log-group:"+text(c.Request, "logGroupName")+
				":log-stream:"+text(c.Request, "logStreamName"))
	default:
		add("ecs:"+c.Operation, "*")
	}
	return all
}

// statement is a statement of the policy.
type statement struct {
	Sid              string
	Action, Resource []string
	Condition        map[string]map[string]string
}

func (s statement) allows(n need) bool {
	if cluster := s.Condition["ArnLike"]["ecs:cluster"]; cluster != "" &&
		!matches(cluster, account+"cluster/"+n.cluster) {
		return false
	}
	if s.Condition["StringEquals"]["ecs:CreateAction"] != n.creator {
		return false
	}
	return slices.Contains(s.Action, n.action) &&
		slices.ContainsFunc(s.Resource, func(pattern string) bool { return matches(pattern, n.resource) })
}

func matches(pattern, text string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(text)
}

// TestPolicy checks that the policy allows every call of the runs with its configuration, and no
// other calls.
func TestPolicy(t *testing.T) {
	t.Parallel()
	const (
		plain = `{"family":"job","containerDefinitions":[{"name":"app","image":"a","memory":64,"command":["true"]}]}`
		rich  = `{"family":"rich","taskRoleArn":"arn:aws:iam::123456789012:role/task","tags":[{"key":"A",` +
			`"value":"b"}],"containerDefinitions":[{"name":"app","image":"a","memory":64,"command":["true"],` +
			`"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/jobs",` +
			`"awslogs-region":"eu-central-1","awslogs-stream-prefix":"p"}}}]}`
		serves = `{"family":"serves","cpu":"256","memory":"512","networkMode":"awsvpc",` +
			`"requiresCompatibilities":["FARGATE"],"containerDefinitions":[{"name":"app","image":"a",` +
			`"command":["true"]}]}`
	)
	hang := []string{"--command=sleep 60", "--timeout=1s"} // the step stops the task
	for _, tt := range []struct {
		name string
		args []string
		runs [][]string // additional arguments of each run
	}{
		{"plain", []string{"--definition=" + plain}, [][]string{nil, hang}},
		{"left running", []string{"--definition=" + plain, "--on-interrupt=leave", "--logs=false"}, [][]string{nil}},
		{
			"not waited for",
			[]string{
				"--definition=" + rich,
				"--skip-steady-state-check",
				"--cluster=small",
				"--count=3",
				"--launch-timeout=0",
			},
			[][]string{{"--command=sleep 5"}},
		},
		{
			"with roles, tags and logs",
			[]string{"--definition=" + rich, "--execution-role-arn=arn:aws:iam::123456789012:role/execution"},
			[][]string{nil, hang},
		},
		{"with tags of its own", []string{"--definition=" + plain, "--tags=A=b"}, [][]string{nil, hang}},
		{"with a name of its own", []string{"--definition=" + plain, "--started-by=nightly", "--tags=A=b"},
			[][]string{nil, hang}},
		{
			"with propagated tags",
			[]string{"--definition=" + rich, "--logs=false", `--run-task-request={"propagateTags":"TASK_DEFINITION"}`},
			[][]string{nil, hang},
		},
		{"a registered definition", []string{"--definition=known"}, [][]string{nil, hang}},
		{"a registered definition with another image",
			[]string{"--definition=known", "--image=b", "--logs=false"}, [][]string{nil, hang}},
		{"from a service", []string{"--definition=" + serves, "--cluster=web", "--service=api"}, [][]string{nil, hang}},
		{
			"cleaned up",
			[]string{
				"--definition=" + plain,
				"--clean-up=always",
				"--keep-revisions=1",
				"--cluster=web",
				"--launch-type=EC2",
			},
			[][]string{nil, hang},
		},
		{
			"cleaned up on failure",
			[]string{"--definition=" + plain, "--clean-up=on-failure", "--cluster=web", "--launch-type=EC2"},
			[][]string{nil, hang},
		},
		{"one at a time", []string{"--definition=" + plain, "--if-running=wait", "--cluster=small"},
			[][]string{nil, hang}},
		{"reused", []string{"--definition=" + plain, "--reuse-revision"}, [][]string{nil, hang}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var called []need
			roles := definedRoles{}
			server := ecslocal.New(ecslocal.Region("eu-central-1"),
				ecslocal.Process("PATH="+os.Getenv("PATH")), clusters, ecslocal.Record(func(c ecslocal.Call) {
					mu.Lock()
					defer mu.Unlock()
					called = append(called, roles.needs(c)...)
				}))
			defer server.Close()
			web := httptest.NewServer(server)
			defer web.Close()
			take := func() []need { // calls since the last take
				mu.Lock()
				defer mu.Unlock()
				taken := called
				called = nil
				return taken
			}
			command := func(args ...string) string {
				cmd := asCommand(t, web.URL, args...)
				out, err := cmd.Output()
				var failed *exec.ExitError
				if err != nil && !errors.As(err, &failed) {
					t.Fatal(err)
				}
				return string(out)
			}
			command("--definition="+strings.Replace(rich, "rich", "known", 1), "--skip-steady-state-check")
			take()
			for _, more := range tt.runs {
				command(slices.Concat(tt.args, more)...)
			}
			made := take()
			var policy struct{ Statement []statement }
			text := command(append([]string{"policy"}, tt.args...)...)
			if err := json.Unmarshal([]byte(text), &policy); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			for _, n := range made {
				if !slices.ContainsFunc(policy.Statement, func(s statement) bool { return s.allows(n) }) {
					t.Errorf("policy does not allow %+v", n)
				}
			}
			for _, s := range policy.Statement {
				for _, unused := range s.unused(made) {
					t.Errorf("policy allows unused permissions in %s: %s", s.Sid, unused)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// unused returns the actions and resources of a statement that no call needs.
func (s statement) unused(made []need) []string {
	var unused []string
	for _, action := range s.Action {
		one := statement{Action: []string{action}, Resource: s.Resource, Condition: s.Condition}
		if !slices.ContainsFunc(made, one.allows) {
			unused = append(unused, action)
		}
	}
	for _, resource := range s.Resource {
		one := statement{Action: s.Action, Resource: []string{resource}, Condition: s.Condition}
		if !slices.ContainsFunc(made, one.allows) {
			unused = append(unused, resource)
		}
	}
	return unused
}

// asCommand returns a command that runs the program.
func asCommand(t *testing.T, endpoint string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("ecs-run-task")
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: path, Args: append([]string{"ecs-run-task"}, args...), Env: []string{
		"PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example",
	}}
}
