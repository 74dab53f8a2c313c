package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
)

// example is a folder of examples/: the command that its CI creates from it, and the environment
// that this CI documents.
type example struct {
	name  string
	env   []string // NAME=value, of the CI
	token string   // the OIDC token that the CI gives the job; empty if the job has keys

	// read returns what the CI reads from the example's files: the command that runs the
	// tasks, and the one that stops tasks that are left.
	read func(t *testing.T, e example) (run, stop invocation)

	startedBy string
	url       string            // in the reason for stopping tasks
	result    map[string]string // lines of ecs-run-task.env

	// report returns the path of the JUnit report that the CI reads; nil if the example has
	// none.
	report func(t *testing.T, e example) string

	timeout string // replaces the time-out of the example, if not empty
}

// invocation says how a CI starts the program: with arguments, or with a script.
type invocation struct {
	args   []string
	env    []string
	script string
}

// exampleJob is the folder and the environment of an example's job.
type exampleJob struct {
	example
	issuer    *issuer
	workspace string
	env       []string
}

// command returns the command of an invocation.
func (j exampleJob) command(in invocation) *exec.Cmd {
	cmd := exec.Command("ecs-run-task", in.args...)
	if in.script != "" {
		cmd = exec.Command("bash", "-e", "-c", in.script)
	}
	cmd.Dir = j.workspace
	cmd.Env = slices.Concat([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + j.workspace}, j.example.env, j.env, in.env)
	return cmd
}

// newJob creates the folder of an example's job, whose task runs for a minute. Region, role and
// keys come only from the example.
func (e example) newJob(t *testing.T, ecs endpoint, family string) exampleJob {
	t.Helper()
	a := &issuer{life: time.Hour, calls: map[string]int{}}
	a.ci, a.sts = httptest.NewServer(http.HandlerFunc(a.mint)), httptest.NewServer(http.HandlerFunc(a.assume))
	t.Cleanup(a.ci.Close)
	t.Cleanup(a.sts.Close)
	j := exampleJob{example: e, issuer: a, workspace: t.TempDir()}
	j.env = []string{
		"AWS_ENDPOINT_URL=" + ecs.url, "AWS_ENDPOINT_URL_STS=" + a.sts.URL, "AWS_EC2_METADATA_DISABLED=true",
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + a.ci.URL + "/token?api-version=2.0",
	}
	if !slices.Contains(e.env, "ACTIONS_ID_TOKEN_REQUEST_TOKEN=the-request") {
		j.env = j.env[:3]
	}
	write(t, j.workspace, map[string]string{"ecs/migrate.json": fmt.Sprintf(`{"family": %q,
		"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
		"containerDefinitions": [{"name": "app", "image": "app:${{ vars.IMAGE_TAG }}", "command": ["sleep", "60"]}],
		"x-run-task": {"launch-type": "FARGATE"}}`, family)})
	return j
}

// wantRole checks that the role was assumed with the CI's token, if the CI has one.
func (j exampleJob) wantRole(t *testing.T, what string) {
	t.Helper()
	j.issuer.mu.Lock()
	defer j.issuer.mu.Unlock()
	for _, got := range j.issuer.assumed {
		if got.role != "arn:aws:iam::123456789012:role/run-tasks" || !strings.HasPrefix(got.token, j.token) {
			t.Errorf("%s: the role was assumed by %+v, want the role of the example and the token %q", what,
				got, j.token)
		}
	}
	if assumed := len(j.issuer.assumed) > 0; assumed != (j.token != "") {
		t.Errorf("%s: a role was assumed: %v, want %v", what, assumed, !assumed)
	}
	j.issuer.assumed = nil
}

// serveProduction serves an ECS with the cluster of the examples.
func serveProduction(t *testing.T) endpoint {
	t.Helper()
	e := serveECS(t, "127.0.0.1")
	e.cluster = aws.String("production")
	if _, err := e.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: e.cluster}); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestExamples runs the task of each example into its time-out, and checks what the CI reports
// and what ECS knows about the CI.
func TestExamples(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) != len(examples) {
		t.Errorf("examples has %d folders, of which %d are tested", len(folders), len(examples))
	}
	ecs := serveProduction(t)
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			e.timeout = "1s"
			family := "migrate-" + e.name
			j := e.newJob(t, ecs, family)
			run, _ := e.read(t, e)
			status, out := exitStatus(t, j.command(run))
			if status != 124 {
				t.Errorf("exit status %d, want 124", status)
			}
			ecs.wantStopped(t, family, "timed out after 1s; stopped by ecs-run-task "+e.url)
			for _, task := range ecs.tasks(t, family) {
				if got := *task.StartedBy; !strings.HasPrefix(got, e.startedBy+"/") {
					t.Errorf("startedBy = %q, want %q and the attempt, the job and the step", got, e.startedBy)
				}
				if image, want := *task.Containers[0].Image, "app:1ecfd275"; image != want {
					t.Errorf("image = %q, want %q", image, want)
				}
			}
			j.wantRole(t, "run")
			if len(e.result) > 0 {
				e.wantResult(t, filepath.Join(j.workspace, "ecs-run-task.env"), family)
			}
			if e.report != nil {
				wantRedReport(t, filepath.Join(j.workspace, e.report(t, e)), family)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// TestExamplesStop checks that each example's command for killed jobs stops the task, with region,
// cluster and credentials from the example only.
func TestExamplesStop(t *testing.T) {
	t.Parallel()
	ecs := serveProduction(t)
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			family := "killed-" + e.name
			j := e.newJob(t, ecs, family)
			run, stop := e.read(t, e)
			j.kill(t, run)
			j.wantRole(t, "run")
			status, out := exitStatus(t, j.command(stop))
			if status != 0 {
				t.Errorf("stop: exit status %d, want 0", status)
			}
			j.wantRole(t, "stop")
			reason := "ecs-run-task stop " + e.url
			if slices.Contains(stop.args, "post") {
				reason = "left by its step; stopped by ecs-run-task " + e.url
			}
			ecs.wantStopped(t, family, reason)
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// kill runs an invocation until its task has started, then kills it.
func (j exampleJob) kill(t *testing.T, in invocation) {
	t.Helper()
	cmd := j.command(in)
	killGroup := inGroup(cmd)
	read, written := io.Pipe()
	cmd.Stdout, cmd.Stderr = written, written
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(killGroup)
	var out strings.Builder
	started := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(read)
		for lines.Scan() {
			fmt.Fprintln(&out, lines.Text())
			if strings.HasPrefix(lines.Text(), "1 task started") {
				started <- true
				kill()
			}
		}
		close(started)
	}()
	defer time.AfterFunc(time.Minute, kill).Stop()
	cmd.Wait()
	written.Close()
	if !<-started {
		t.Fatalf("the example started no task:\n%s", out.String())
	}
}

// TestExampleTexts checks that each example says what was tested, contains no key, and says how
// one run waits for another.
func TestExampleTexts(t *testing.T) {
	t.Parallel()
	key := regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{12,}|(?i)secret_access_key: *[A-Za-z0-9/+]{20,}`)
	alone := map[string]string{
		"azure": "lockBehavior: sequential", "bitbucket": "deployment: production", "buildkite": "concurrency_group: ",
		"circleci": "serial-group: ", "drone": "concurrency:", "forgejo": "concurrency:", "github": "concurrency:",
		"gitlab": "resource_group: ", "harness": "if_running: wait",
		"jenkins": "disableConcurrentBuilds()", "woodpecker": "INPUT_IF_RUNNING: wait",
	}
	for _, e := range examples {
		if got := ci.Detect(lookup(e.env)).System; got != e.name {
			t.Errorf("the environment of examples/%s is of %q", e.name, got)
		}
		files, err := filepath.Glob("examples/" + e.name + "/*")
		hidden, _ := filepath.Glob("examples/" + e.name + "/.*")
		if files = append(files, hidden...); err != nil || len(files) == 0 {
			t.Fatalf("examples/%s has no files: %v", e.name, err)
		}
		var all string
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all += string(text)
			if found := key.Find(text); found != nil {
				t.Errorf("%s has a key: %s", file, found)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if len(line) > 120 {
					t.Errorf("%s:%d has %d characters, want at most 120", file, i+1, len(line))
				}
			}
		}
		for _, want := range []string{" Tried: ", "Not tried: ", alone[e.name]} {
			if want == "" || !strings.Contains(all, want) {
				t.Errorf("examples/%s has no %q", e.name, want)
			}
		}
	}
}

// wantRedReport checks that the JUnit report at a path is valid, and contains the task's time-out,
// for xmllint and Python.
func wantRedReport(t *testing.T, pattern, family string) {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed: apt-get install libxml2-utils")
	}
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d reports at %s (%v), want 1", len(found), pattern, err)
	}
	xmllint := exec.Command("xmllint", "--noout", "--schema", "testdata/junit/junit.xsd", found[0])
	if out, err := xmllint.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
	out, err := exec.Command("python3", "testdata/junit/read.py", found[0]).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), family+":1 tests=1 ") || !strings.HasSuffix(string(out), "red\n") {
		t.Errorf("Python reads %q (%v), want a red suite %s:1", out, err, family)
	}
}

// dotenv parses lines that GitLab accepts in a dotenv report, which has the strictest rules.
var dotenv = regexp.MustCompile(`^([A-Za-z0-9_]+)=([^\n'"]*)$`)

func (e example) wantResult(t *testing.T, path, family string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(text)) {
		match := dotenv.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if match == nil {
			t.Errorf("line of the result = %q, want NAME=value", line)
			continue
		}
		got[match[1]] = match[2]
	}
	for name, want := range e.result {
		if want = strings.Replace(want, "migrate:", family+":", 1); got[name] != want {
			t.Errorf("%s = %q, want %q", name, got[name], want)
		}
	}
	if len(got) > 20 || len(text) > 5<<10 {
		t.Errorf("the result has %d variables in %d bytes; GitLab takes 20 in 5 KiB", len(got), len(text))
	}
}

// lookup returns the values of NAME=value.
func lookup(env []string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, variable := range env {
			if value, ok := strings.CutPrefix(variable, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}
