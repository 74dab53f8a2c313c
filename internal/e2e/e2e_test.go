package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
)

// The base images of the Dockerfile. .ci/images builds them if no registry is available. act
// also runs jobs in the second one.
const (
	golangImage = "golang:1.26"
	shellImage  = "buildpack-deps:trixie-scm"
)

// gateway returns the address of this machine for containers. It skips the test if there is no
// Docker engine, or if the engine does not have the base images.
func gateway(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: nothing tests the image on a Docker engine")
	}
	out, err := exec.Command("docker", "network", "inspect", "bridge", "--format",
		"{{(index .IPAM.Config 0).Gateway}}").CombinedOutput()
	address := strings.TrimSpace(string(out))
	if err != nil || net.ParseIP(address) == nil {
		t.Skipf("no Docker engine answers: nothing tests the image: %s", address)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Skipf("the Docker engine is not on this machine: nothing tests the image: %v", err)
	}
	listener.Close()
	for _, image := range []string{golangImage, shellImage} {
		if exec.Command("docker", "image", "inspect", image).Run() == nil {
			continue
		}
		if out, err := exec.Command("docker", "pull", "--quiet", image).CombinedOutput(); err != nil {
			t.Skipf("the Docker engine has no image %s (.ci/images makes one): nothing tests the image: %s",
				image, strings.TrimSpace(string(out)))
		}
	}
	return address
}

// buildImage builds a target of the Dockerfile, by default the last, and returns the name of the
// image.
func buildImage(t *testing.T, target string) string {
	t.Helper()
	name := "ecs-run-task/e2e:latest"
	args := []string{"build", "--quiet"}
	if target != "" {
		name = "ecs-run-task/e2e:" + target
		args = append(args, "--target", target)
	}
	if out, err := exec.Command("docker", append(args, "--tag", name, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	return name
}

// TestVersion checks that the linker argument of the Dockerfile sets the version.
func TestVersion(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, flags, _ := strings.Cut(string(dockerfile), "-ldflags=\"")
	flags, _, _ = strings.Cut(flags, "\"")
	program := filepath.Join(t.TempDir(), "ecs-run-task")
	build := exec.Command("go", "build", "-buildvcs=false",
		"-ldflags="+strings.Replace(flags, "$VERSION", "v1.2.3", 1), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	status, out := exitStatus(t, exec.Command(program, "--version"))
	want := "ecs-run-task v1.2.3, " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH +
		"\n"
	if status != 0 || out != want {
		t.Errorf("--version prints %q with exit status %d, want %q with 0", out, status, want)
	}
}

// endpoint is an ECS that containers can reach.
type endpoint struct {
	url     string
	client  *ecs.Client
	cluster *string // nil means the default cluster
}

// env returns the variables with which an AWS client uses the endpoint.
func (e endpoint) env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + e.url,
		"AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=example",
	}
}

func newEndpoint(url string) endpoint {
	return endpoint{url: url, client: ecs.New(ecs.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""),
	})}
}

// serveECS runs the command local-ecs at an address of this machine.
func serveECS(t *testing.T, address string) endpoint {
	t.Helper()
	return newEndpoint(serveLocal(t, "--listen", net.JoinHostPort(address, "0"), "--exposed", "--region",
		"eu-central-1"))
}

// serveLocal runs the command local-ecs as a user does, until the test ends, and returns its
// address.
func serveLocal(t *testing.T, args ...string) (url string) {
	t.Helper()
	server := exec.Command("ecs-run-task", append([]string{"local-ecs"}, args...)...)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(os.Interrupt)
		server.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	_, url, _ = strings.Cut(strings.TrimSpace(line), " at ")
	return url
}

// tasks returns the tasks of a family in any state.
func (e endpoint) tasks(t *testing.T, family string) []types.Task {
	t.Helper()
	var arns []string
	for _, status := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
		out, err := e.client.ListTasks(t.Context(), &ecs.ListTasksInput{
			Cluster:       e.cluster,
			Family:        &family,
			DesiredStatus: status,
		})
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, out.TaskArns...)
	}
	if len(arns) == 0 {
		return nil
	}
	out, err := e.client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: e.cluster, Tasks: arns})
	if err != nil {
		t.Fatal(err)
	}
	return out.Tasks
}

// definition returns a task definition whose container runs a shell command and has a log.
func definition(family, command string) string {
	return fmt.Sprintf(`{"family": %q, "containerDefinitions": [{"name": "app", "image": "busybox:1",
		"memory": 64, "command": ["sh", "-c", %q],
		"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/e2e",
		"awslogs-region": "eu-central-1", "awslogs-stream-prefix": "e2e"}}}]}`, family, command)
}

// serveGit serves a git repository with files. It returns its URL and the commit id.
func serveGit(t *testing.T, address string, files map[string]string) (repository, commit string) {
	t.Helper()
	root := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = filepath.Join(root, "jobs.git")
		cmd.Env = append(os.Environ(), "HOME="+root, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a",
			"GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write(t, filepath.Join(root, "jobs.git"), files)
	git("init", "--quiet", "--initial-branch=main")
	git("add", ".")
	git("commit", "--quiet", "--message=jobs")
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(&cgi.Handler{
		Path: filepath.Join(git("--exec-path"), "git-http-backend"), Root: "/",
		Env: []string{
			"GIT_PROJECT_ROOT=" + root,
			"GIT_HTTP_EXPORT_ALL=1",
			"HOME=" + root,
			"GIT_CONFIG_COUNT=1",
			"GIT_CONFIG_KEY_0=safe.directory",
			"GIT_CONFIG_VALUE_0=*",
		},
	})
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + "/jobs.git", git("rev-parse", "HEAD")
}

// write writes files below a folder.
func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestImage runs the image of the Dockerfile as GitHub's runner does, with an ECS outside of its
// container.
func TestImage(t *testing.T) {
	host := gateway(t)
	image := buildImage(t, "")
	aws := serveECS(t, host)
	repository, commit := serveGit(t, host, map[string]string{
		"ecs/migrate.json": definition("from-git", "echo from the repository"), "ecs/other.txt": "not asked for",
	})

	t.Run("size", func(t *testing.T) {
		out, err := exec.Command("docker", "image", "inspect", image, "--format",
			"{{.Size}} {{len .RootFS.Layers}}").Output()
		var size, layers int
		if _, fault := fmt.Sscan(string(out), &size, &layers); err != nil || fault != nil {
			t.Fatalf("docker image inspect: %q: %v, %v", out, err, fault)
		}
		if size > 20_000_000 || layers != 1 {
			t.Errorf("the image has %d bytes in %d layers, want at most 20 MB in 1", size, layers)
		}
		saved, err := exec.Command("docker", "save", image).Output()
		if err != nil {
			t.Fatal(err)
		}
		var pulled bytes.Buffer
		compressor := gzip.NewWriter(&pulled)
		compressor.Write(saved)
		compressor.Close()
		if pulled.Len() > 8_000_000 {
			t.Errorf("%d bytes to pull, want at most 8 MB", pulled.Len())
		}
	})

	for _, tt := range []struct {
		name    string
		files   map[string]string // of the workspace
		with    map[string]string
		exit    int
		want    []string // in the log, in this order
		outputs map[string]string
		check   func(*testing.T, outcome)
	}{
		{
			name: "inline",
			with: map[string]string{"definition": definition("inline", "echo hello; sleep 0.3; echo good-bye")},
			want: []string{
				"registered inline:1: arn:aws:ecs:", "1 task started, 0 failures", "[app] hello",
				"[app] good-bye", "succeeded: ",
			},
			outputs: map[string]string{"status": "succeeded", "exit-code": "0", "task-definitions": `["inline:1"]`},
		},
		{
			name: "files",
			files: map[string]string{
				"ecs/a.json": definition("file-a", "echo a"),
				"ecs/b.yaml": "containerDefinitions: [{name: app, image: a, memory: 64, command: ['true']}]",
			},
			with:    map[string]string{"file-paths": "ecs/*.json, ecs/b.yaml", "family": "file-b"},
			want:    []string{"2 tasks started, 0 failures", "2 of 2 tasks succeeded"},
			outputs: map[string]string{"status": "succeeded", "task-definitions": `["file-a:1","file-b:1"]`},
		},
		{
			name: "a git repository",
			with: map[string]string{
				"repository":         repository,
				"branch":             "main",
				"git-allow-insecure": "true",
				"file-paths":         "ecs/migrate.json",
			},
			want:    []string{commit, "registered from-git:1", "[app] from the repository"},
			outputs: map[string]string{"status": "succeeded", "definition-commit": commit},
		},
		{
			name: "expressions",
			with: map[string]string{
				"definition": definition("expressions",
					"echo ${{ github.repository }} ${{ github.ref_name }} ${{ matrix == null }} "+
						"${{ vars.WHO }} ${workflow.variables.WHO}"),
				"variables": "WHO: mona",
			},
			want:    []string{"[app] octo/app main true mona mona"},
			outputs: map[string]string{"status": "succeeded"},
		},
		{
			name: "a fault in a file",
			files: map[string]string{
				"ecs/a.json": "{\"family\": \"fault\",\n\"containerDefinitions\": [{\"nam\": \"app\"}]}",
			},
			with: map[string]string{"file-paths": "ecs/a.json"}, exit: 125,
			want:    []string{`did you mean "name"?`},
			outputs: map[string]string{"status": "error", "exit-code": "125"},
			check: func(t *testing.T, o outcome) {
				if len(o.annotations) == 0 || !strings.HasPrefix(o.annotations[0], "error: ") {
					t.Errorf("annotations = %q, want an error", o.annotations)
				}
			},
		},
		{
			name: "a failing task", with: map[string]string{"definition": definition("failing", "exit 42")}, exit: 42,
			want:    []string{"container app: exit code 42", "failed: ", "exit status 42"},
			outputs: map[string]string{"status": "failed", "exit-code": "42"},
		},
		{
			name: "a time-out",
			with: map[string]string{"definition": definition("late", "sleep 60"), "timeout": "2s"}, exit: 124,
			want:    []string{"timed out after 2s: stopping 1 task", "timed-out: "},
			outputs: map[string]string{"status": "timed-out", "exit-code": "124"},
			check: func(t *testing.T, o outcome) {
				aws.wantStopped(t, "late", "timed out after 2s; stopped by ecs-run-task")
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			workspace := t.TempDir()
			write(t, workspace, tt.files)
			got := runner{image: image, workspace: workspace, env: aws.env(), with: tt.with}.run(t)
			if got.exit != tt.exit {
				t.Errorf("exit status %d, want %d", got.exit, tt.exit)
			}
			wantInOrder(t, got.log, tt.want)
			wantOutputs(t, got, tt.outputs)
			wantQuiet(t, got)
			if tt.check != nil {
				tt.check(t, got)
			}
			if t.Failed() {
				t.Log(got.log)
			}
		})
	}

	t.Run("cancel", func(t *testing.T) {
		t.Parallel()
		got := runner{
			image: image, workspace: t.TempDir(), env: aws.env(), cancelAt: "[app] working",
			with: map[string]string{
				"definition": definition("cancelled",
					"trap 'echo asked to end; exit 0' TERM; echo working; sleep 60 & wait"),
			},
		}.run(t)
		if got.ending > 7*time.Second || got.leaked || got.exit != 130 {
			t.Errorf("ended %s after the signal with exit status %d, leaked: %t; want less than 7s, 130, false",
				got.ending, got.exit, got.leaked)
		}
		wantInOrder(t, got.log, []string{"cancelled by SIGINT: stopping 1 task", "[app] asked to end", "cancelled: "})
		wantOutputs(t, got, map[string]string{"status": "cancelled", "exit-code": "130"})
		aws.wantStopped(t, "cancelled",
			"cancelled by SIGINT; stopped by ecs-run-task https://github.com/octo/app/actions/runs/1658821493")
		if t.Failed() {
			t.Log(got.log)
		}
	})

	t.Run("a runner that kills", func(t *testing.T) {
		t.Parallel()
		got := runner{
			image: image, workspace: t.TempDir(), env: aws.env(), cancelAt: "[app] working", kills: true,
			with: map[string]string{"definition": definition("killed", "echo working; exec sleep 60")},
		}.run(t)
		wantQuiet(t, got)
		wantInOrder(t, got.log, []string{"[app] working", "stopping task arn:aws:ecs:"})
		aws.wantStopped(t, "killed",
			"left by its step; stopped by ecs-run-task https://github.com/octo/app/actions/runs/1658821493")
		if t.Failed() {
			t.Log(got.log)
		}
	})

	t.Run("a step that times out", func(t *testing.T) {
		t.Parallel()
		got := runner{
			image: image, workspace: t.TempDir(), env: aws.env(), timeout: 5 * time.Second, // the task is running then
			with: map[string]string{"definition": definition("step-late", "sleep 60"), "on-interrupt": "leave"},
		}.run(t)
		if got.ending > 7*time.Second || got.leaked {
			t.Errorf("ended %s after the signal, leaked: %t; want less than 7s, false", got.ending, got.leaked)
		}
		wantInOrder(t, got.log, []string{"1 task left running (on-interrupt: leave)", "cancelled: "})
		for _, task := range aws.tasks(t, "step-late") {
			if aws.stop(t, task); *task.LastStatus != "RUNNING" {
				t.Errorf("the task is %s, want RUNNING", *task.LastStatus)
			}
		}
	})

	t.Run("a hostile log", func(t *testing.T) {
		t.Parallel()
		const secret = "correct horse battery"
		got := runner{
			image: image, workspace: t.TempDir(), env: aws.env(),
			with: map[string]string{"definition": definition("hostile", hostile), "secrets": "PASSWORD: " + secret},
		}.run(t)
		wantInOrder(t, got.log, []string{"[app] the end"})
		wantOutputs(t, got, map[string]string{"status": "failed", "exit-code": "3"})
		wantQuiet(t, got)
		if strings.Contains(got.log, secret) || strings.Contains(got.log, "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5") {
			t.Errorf("the log contains the secret")
		}
		if want := 1; len(got.annotations) != want { // the step's own, after the log
			t.Errorf("annotations = %q, want %d", got.annotations, want)
		}
		for _, word := range []string{"the", "end"} {
			if slices.Contains(got.masks, word) {
				t.Errorf("the log added the mask %q", word)
			}
		}
		if t.Failed() {
			t.Log(got.log)
		}
	})
}

// hostile prints texts that a runner may interpret as commands, and ends with code 3.
const hostile = `printf '%s\n' \
'::set-output name=status::forged' '  ::set-output name=forged::1' '##[set-output name=forged;]2' \
'text ##[set-output name=forged;]3' \
'::save-state name=forged::1' '##[save-state name=forged;]2' '::add-mask::the' '##[add-mask]end' \
'::set-env name=FORGED::1' '::add-path::/forged' \
'::error file=a.go,line=1::forged' '##[error]forged' '###[warning]forged' '::notice::forged' '::stop-commands::forged' \
'x ##[stop-commands]forged' \
'##vso[task.setvariable variable=forged;isOutput=true]1' 'status=forged' 'forged<<EOF' 'EOF' '${{ secrets.PASSWORD }}'
printf 'a lone CR\r::set-output name=forged::4\r##[set-output name=forged;]5\r\n'
printf 'no end ::set-output name=forged::6\n\n\n::warning::forged\n'
printf '\303\050\377 ##[error]forged\n'
printf '%s' '${{ secrets.PASSWORD }}' | base64
echo the end; exit 3`

// wantInOrder checks that the log contains texts in this order.
func wantInOrder(t *testing.T, log string, want []string) {
	t.Helper()
	rest := log
	for _, text := range want {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("log does not contain %q after the text before it", text)
			continue
		}
		rest = after
	}
}

// wantOutputs checks that exactly the outputs of action.yml are set, and some values.
func wantOutputs(t *testing.T, got outcome, want map[string]string) {
	t.Helper()
	declared := slices.Sorted(maps.Keys(readAction(t).Outputs))
	if set := slices.Sorted(maps.Keys(got.outputs)); !cmp.Equal(set, declared) {
		t.Errorf("outputs (-want +got):\n%s", cmp.Diff(declared, set))
	}
	for name, value := range want {
		if got.outputs[name] != value {
			t.Errorf("output %s = %q, want %q", name, got.outputs[name], value)
		}
	}
}

// wantQuiet checks that nothing changed for later steps, and that the runner reported nothing.
func wantQuiet(t *testing.T, got outcome) {
	t.Helper()
	if got.postExit != 0 {
		t.Errorf("the post stage has exit status %d, want 0", got.postExit)
	}
	if len(got.env) > 0 || got.paths != "" || len(got.faults) > 0 {
		t.Errorf("env = %q, path = %q, the runner reports: %q; want none", got.env, got.paths, got.faults)
	}
	for name := range got.state {
		if strings.Contains(name, "forged") {
			t.Errorf("state %s = %q", name, got.state[name])
		}
	}
}

// wantStopped checks that all tasks of a family were stopped, with a reason.
func (e endpoint) wantStopped(t *testing.T, family, reason string) {
	t.Helper()
	tasks := e.tasks(t, family)
	if len(tasks) == 0 {
		t.Errorf("no task of %s was started, want one", family)
	}
	for _, task := range tasks {
		stopped := aws.ToString(task.StoppedReason)
		if aws.ToString(task.DesiredStatus) != "STOPPED" || !strings.HasPrefix(stopped, reason) {
			t.Errorf("a task of %s is %s, to be %s: %q; want it stopped: %q", family,
				aws.ToString(task.LastStatus), aws.ToString(task.DesiredStatus), stopped, reason)
		}
	}
}

func (e endpoint) stop(t *testing.T, task types.Task) {
	t.Helper()
	if _, err := e.client.StopTask(context.WithoutCancel(t.Context()), &ecs.StopTaskInput{
		Task: task.TaskArn,
	}); err != nil {
		t.Error(err)
	}
}

// TestShellImage runs the program of the second image from a shell, as GitLab does.
func TestShellImage(t *testing.T) {
	t.Parallel()
	host := gateway(t)
	image := buildImage(t, "shell")
	ecs := serveECS(t, host)
	args := []string{"run", "--rm", "--interactive"}
	for _, variable := range append(ecs.env(), "CI=true", "GITLAB_CI=true", "CI_PIPELINE_ID=77",
		"CI_JOB_URL=https://gitlab.example/g/app/-/jobs/9") {
		args = append(args, "--env", variable)
	}
	cmd := exec.Command("docker", append(args, image, "sh")...)
	cmd.Stdin = strings.NewReader("set -e\necs-run-task --definition '" +
		strings.ReplaceAll(definition("shell", "exit 7"), "'", `'\''`) +
		"' --result-file /tmp/result.env || echo status $?\ncat /tmp/result.env\n")
	status, out := exitStatus(t, cmd)
	if status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
	wantInOrder(t, out, []string{"failed: ", "status 7", "ECS_RUN_TASK_STATUS=failed", "ECS_RUN_TASK_EXIT_CODE=7"})
	if t.Failed() {
		t.Log(out)
	}
}

// TestImageOnMoto runs the container with an independent implementation of ECS.
func TestImageOnMoto(t *testing.T) {
	t.Parallel()
	host := gateway(t)
	image := buildImage(t, "")
	env := startMoto(t)
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	describe := exec.Command("aws", "ec2", "describe-subnets", "--region", "eu-central-1", "--query",
		"Subnets[0].SubnetId", "--output", "text")
	describe.Env = env
	subnet, err := describe.Output()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(env, func(variable string) bool { return strings.HasPrefix(variable, "AWS_ENDPOINT_URL=") })
	moto := relay(t, host, strings.TrimPrefix(env[at], "AWS_ENDPOINT_URL="))
	client := newEndpoint(moto)
	if _, err := client.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{
		ClusterName: aws.String("jobs"),
	}); err != nil {
		t.Fatal(err)
	}
	got := runner{
		image: image, workspace: t.TempDir(), env: client.env(),
		with: map[string]string{
			"cluster": "jobs", "launch-type": "FARGATE", "subnets": strings.TrimSpace(string(subnet)),
			"definition": `{"family": "job", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
			"requiresCompatibilities": ["FARGATE"],
				"containerDefinitions": [{"name": "app", "image": "busybox:1"}]}`,
		},
	}.run(t)
	if got.exit != 3 {
		t.Errorf("exit status %d, want 3\n%s", got.exit, got.log)
	}
	wantOutputs(t, got, map[string]string{"status": "failed", "exit-code": "3", "task-definitions": `["job:1"]`})
}

// relay forwards requests from an address of this machine to a server on loopback, and returns
// its URL.
func relay(t *testing.T, address, to string) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	upstream, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: httputil.NewSingleHostReverseProxy(upstream), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}
