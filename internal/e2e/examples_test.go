package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// example is one of examples/: what its CI makes of it, in the environment that
// this CI documents.
type example struct {
	name string
	env  []string // NAME=value, of the CI

	// read returns what the CI takes from the example's files.
	read func(t *testing.T, e example) invocation

	startedBy string
	url       string            // in the reason for which tasks are stopped
	result    map[string]string // lines of ecs-run-task.env

	// report returns the JUnit report that the example's files have the CI take up; nil
	// if they have it take up none.
	report func(t *testing.T, e example) string
}

// invocation is how a CI starts the program: with arguments, or by a script.
type invocation struct {
	args   []string
	env    []string
	script string
}

var examples = []example{
	{
		name: "woodpecker", // https://woodpecker-ci.org/docs/usage/environment
		env: []string{
			"CI=woodpecker", "CI_PIPELINE_NUMBER=8", "CI_WORKFLOW_NAME=deploy", "CI_STEP_NAME=migrate",
			"CI_PIPELINE_URL=https://ci.example/repos/7/pipeline/8",
			"CI_REPO=octo/app", "CI_COMMIT_SHA=1ecfd275", "CI_COMMIT_REF=refs/heads/main",
			"CI_COMMIT_BRANCH=main", "CI_PIPELINE_EVENT=push",
		},
		read: func(t *testing.T, e example) invocation {
			return invocation{env: settings(t, at(t, e.yaml(t, ".woodpecker.yaml")[0], "steps", 0, "settings"))}
		},
		startedBy: "ecs-run-task/8", url: "https://ci.example/repos/7/pipeline/8",
	},
	{
		name: "drone", // https://docs.drone.io/pipeline/environment/reference/
		env: []string{
			"CI=true", "DRONE=true", "DRONE_BUILD_NUMBER=42", "DRONE_STAGE_NAME=deploy",
			"DRONE_STEP_NAME=migrate", "DRONE_BUILD_LINK=https://drone.example/octo/app/42",
			"DRONE_REPO=octo/app", "DRONE_COMMIT_SHA=1ecfd275", "DRONE_COMMIT_REF=refs/heads/main",
			"DRONE_BRANCH=main", "DRONE_PULL_REQUEST=",
		},
		read: func(t *testing.T, e example) invocation {
			return invocation{env: settings(t, at(t, e.yaml(t, ".drone.yml")[0], "steps", 0, "settings"))}
		},
		startedBy: "ecs-run-task/42", url: "https://drone.example/octo/app/42",
	},
	{
		name: "harness", // https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var/
		env: []string{
			"CI=true", "DRONE=true", "HARNESS_BUILD_ID=43", "HARNESS_PIPELINE_ID=deploy",
			"HARNESS_STAGE_ID=production", "HARNESS_STEP_ID=migrate",
			"DRONE_BUILD_NUMBER=43",
			"DRONE_BUILD_LINK=https://app.harness.io/ng/account/a/ci/orgs/default/projects/app/pipelines/deploy/executions/x/pipeline",
			"DRONE_REPO=octo/app", "DRONE_COMMIT_SHA=1ecfd275", "DRONE_BRANCH=main",
		},
		read: func(t *testing.T, e example) invocation {
			step := at(t, e.yaml(t, "pipeline.yaml")[0], "pipeline", "stages", 0, "stage", "spec",
				"execution", "steps", 0, "step", "spec", "settings")
			return invocation{env: settings(t, step)}
		},
		startedBy: "ecs-run-task/43",
		url:       "https://app.harness.io/ng/account/a/ci/orgs/default/projects/app/pipelines/deploy/executions/x/pipeline",
	},
	{
		name: "gitlab", // https://docs.gitlab.com/ci/variables/predefined_variables/
		env: []string{
			"CI=true", "GITLAB_CI=true", "CI_PIPELINE_ID=1001", "CI_PIPELINE_IID=12", "CI_JOB_NAME=migrate",
			"CI_JOB_URL=https://gitlab.example/g/app/-/jobs/9",
			"CI_PROJECT_PATH=g/app", "CI_COMMIT_SHA=1ecfd275", "CI_COMMIT_BRANCH=main",
			"CI_COMMIT_REF_NAME=main", "CI_PIPELINE_SOURCE=push",
		},
		read: func(t *testing.T, e example) invocation {
			return e.component(t, at(t, e.yaml(t, ".gitlab-ci.yml")[0], "include", 0, "inputs"))
		},
		startedBy: "ecs-run-task/1001", url: "https://gitlab.example/g/app/-/jobs/9",
		result: map[string]string{
			"ECS_RUN_TASK_STATUS":           "timed-out",
			"ECS_RUN_TASK_EXIT_CODE":        "124",
			"ECS_RUN_TASK_TASK_DEFINITIONS": "migrate:1",
		},
		report: func(t *testing.T, e example) string {
			text := strings.NewReplacer("$[[ inputs.job-name ]]", "migrate").Replace(e.text(t, "template.yml"))
			return at(t, parseYAML(t, text)[1], "migrate", "artifacts", "reports", "junit").(string)
		},
	},
	{
		name: "bitbucket", // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
		env: []string{
			"BITBUCKET_BUILD_NUMBER=21", "BITBUCKET_REPO_FULL_NAME=octo/app", "BITBUCKET_COMMIT=1ecfd275",
			"BITBUCKET_BRANCH=main",
		}, // pipes have them too
		read: func(t *testing.T, e example) invocation {
			given := at(t, e.yaml(t, "bitbucket-pipelines.yml")[0], "pipelines", "branches", "main", 0,
				"step", "script", 0, "variables")
			return invocation{env: e.variables(t, given)}
		},
		startedBy: "ecs-run-task/21", url: "https://bitbucket.org/octo/app/pipelines/results/21",
		report: func(t *testing.T, e example) string { // any XML file in a folder test-results
			return "test-results/*.xml" // https://support.atlassian.com/bitbucket-cloud/docs/test-reporting-in-pipelines/
		},
	},
	{
		name: "buildkite", // https://buildkite.com/docs/pipelines/configure/environment-variables
		env: []string{
			"CI=true", "BUILDKITE=true", "BUILDKITE_BUILD_ID=4735ba57-80d0-46e2-8fa0-b28223a86586",
			"BUILDKITE_BUILD_NUMBER=1514", "BUILDKITE_JOB_ID=e44f9784",
			"BUILDKITE_BUILD_URL=https://buildkite.com/acme/app/builds/1514", "BUILDKITE_COMMIT=1ecfd275",
			"BUILDKITE_BRANCH=main", "BUILDKITE_PULL_REQUEST=false",
		},
		read: func(t *testing.T, e example) invocation {
			var in invocation
			for name, plugin := range at(t, e.yaml(t, "pipeline.yml")[0], "steps", 0, "plugins", 0).(map[string]any) {
				if !strings.HasPrefix(name, "docker#") {
					t.Fatalf("the plugin is %s, want docker", name)
				}
				for _, word := range at(t, plugin, "command").([]any) {
					in.args = append(in.args, e.expand(word.(string)))
				}
			}
			return in
		},
		startedBy: "ecs-run-task/4735ba57-80d0-46e2-8fa0-b28223a86586",
		url:       "https://buildkite.com/acme/app/builds/1514",
		report: func(t *testing.T, e example) string {
			steps := at(t, e.yaml(t, "pipeline.yml")[0], "steps")
			report := at(t, steps, 2, "plugins", 0, "junit-annotate#v2.7.0", "artifacts").(string)
			if sent := at(t, steps, 0, "artifact_paths", 0); sent != report {
				t.Errorf("the annotation is of %s, and the artifact is %s", report, sent)
			}
			return report
		},
	},
	{
		name: "circleci", // https://circleci.com/docs/reference/variables/
		env: []string{
			"CI=true", "CIRCLECI=true", "CIRCLE_WORKFLOW_ID=6a0d3f3e-5e1c-4a3e-9d7c-0a5a4b3c2d1e",
			"CIRCLE_BUILD_NUM=99", "CIRCLE_JOB=migrate",
			"CIRCLE_BUILD_URL=https://circleci.com/gh/octo/app/99", "CIRCLE_SHA1=1ecfd275", "CIRCLE_BRANCH=main",
		},
		read: func(t *testing.T, e example) invocation {
			return e.orb(t,
				at(t, e.yaml(t, "config.yml")[0], "workflows", "deploy", "jobs", 0,
					"ecs-run-task/run").(map[string]any))
		},
		startedBy: "ecs-run-task/6a0d3f3e-5e1c-4a3e-9d7c-0a5a4b3c2d1e", url: "https://circleci.com/gh/octo/app/99",
		report: func(t *testing.T, e example) string {
			return at(t, e.yaml(t, "orb.yml")[0], "jobs", "run", "steps", 2, "store_test_results",
				"path").(string) + "/*.xml"
		},
	},
	{
		name: "jenkins", // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
		env: []string{
			"JENKINS_URL=https://jenkins.example/", "BUILD_ID=17", "BUILD_NUMBER=17",
			"BUILD_TAG=jenkins-app-17", "BUILD_URL=https://jenkins.example/job/app/17/",
			"JOB_NAME=app", "GIT_COMMIT=1ecfd275", "BRANCH_NAME=main",
		},
		read: func(t *testing.T, e example) invocation {
			_, script, _ := strings.Cut(e.text(t, "Jenkinsfile"), "sh '''")
			script, _, found := strings.Cut(script, "'''")
			if !found {
				t.Fatal("the Jenkinsfile has no sh '''script'''")
			}
			return invocation{script: strings.ReplaceAll(script, `\\`, `\`)}
		},
		startedBy: "ecs-run-task/jenkins-app-17", url: "https://jenkins.example/job/app/17/",
		report: func(t *testing.T, e example) string {
			match := regexp.MustCompile(`junit '(.*)'`).FindStringSubmatch(e.text(t, "Jenkinsfile"))
			if match == nil {
				t.Fatal("the Jenkinsfile has no junit step")
			}
			return match[1]
		},
	},
	{
		name: "azure", // https://learn.microsoft.com/azure/devops/pipelines/build/variables
		env: []string{
			"TF_BUILD=True", "BUILD_BUILDID=5", "BUILD_BUILDNUMBER=20261124.1",
			"SYSTEM_COLLECTIONURI=https://dev.azure.com/octo/", "SYSTEM_TEAMPROJECT=app",
			"BUILD_SOURCEVERSION=1ecfd275", "BUILD_SOURCEBRANCH=refs/heads/main",
		},
		read: func(t *testing.T, e example) invocation {
			return invocation{script: at(t, e.yaml(t, "azure-pipelines.yml")[0], "steps", 0, "bash").(string)}
		},
		startedBy: "ecs-run-task/5", url: "https://dev.azure.com/octo/app/_build/results?buildId=5",
		result: map[string]string{"ECS_RUN_TASK_STATUS": "timed-out"},
		report: func(t *testing.T, e example) string {
			return at(t, e.yaml(t, "azure-pipelines.yml")[0], "steps", 1, "inputs", "testResultsFiles").(string)
		},
	},
}

// Each example runs a task that lasts too long: what the CI is told, and what ECS
// knows of the CI, is there to see.
func TestExamples(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) != len(examples) {
		t.Errorf("examples has %d folders, of which %d are tested", len(folders), len(examples))
	}
	ecs := serveECS(t, "127.0.0.1")
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			in := e.read(t, e)
			family := "migrate-" + e.name
			workspace := t.TempDir()
			write(t, workspace, map[string]string{
				"ecs/migrate.json": strings.Replace(definition(family, "sleep 60"), "busybox:1",
					"app:${{ vars.IMAGE_TAG }}", 1),
			})
			cmd := exec.Command("ecs-run-task", in.args...)
			if in.script != "" {
				cmd = exec.Command("bash", "-e", "-c", in.script)
			}
			cmd.Dir = workspace
			cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + workspace}, e.env...)
			cmd.Env = append(append(cmd.Env, in.env...), ecs.env()...)
			status, out := exitStatus(t, cmd)
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
			if len(e.result) > 0 {
				e.wantResult(t, filepath.Join(workspace, "ecs-run-task.env"), family)
			}
			if e.report != nil {
				wantRedReport(t, filepath.Join(workspace, e.report(t, e)), family)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// wantRedReport wants a JUnit report at a path, valid and with the task's time-out, as
// xmllint and Python read it.
func wantRedReport(t *testing.T, pattern, family string) {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed: apt-get install libxml2-utils")
	}
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d reports at %s (%v), want 1", len(found), pattern, err)
	}
	if out, err := exec.Command("xmllint", "--noout", "--schema", "testdata/junit/junit.xsd",
		found[0]).CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
	out, err := exec.Command("python3", "testdata/junit/read.py", found[0]).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), family+":1 tests=1 ") || !strings.HasSuffix(string(out), "red\n") {
		t.Errorf("Python reads %q (%v), want a red suite %s:1", out, err, family)
	}
}

// dotenv is what GitLab takes as a line of a dotenv report, which is the strictest.
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
			t.Errorf("the result has a line that is no NAME=value: %q", line)
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

// text returns a file of the example, with a time-out that ends soon and the
// cluster that the embedded ECS has.
func (e example) text(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("examples", e.name, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("15m", "1s", "production", "default").Replace(string(text))
}

// yaml returns the documents of a file of the example.
func (e example) yaml(t *testing.T, name string) []any {
	t.Helper()
	return parseYAML(t, e.text(t, name))
}

func parseYAML(t *testing.T, text string) []any {
	t.Helper()
	var documents []any
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var document any
		switch err := decoder.Decode(&document); err {
		case nil:
			documents = append(documents, document)
		case io.EOF:
			return documents
		default:
			t.Fatal(err)
		}
	}
}

// at returns the value at a path of keys and indices.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for i, step := range path {
		var found bool
		switch step := step.(type) {
		case string:
			members, _ := value.(map[string]any)
			value, found = members[step]
		case int:
			items, _ := value.([]any)
			if found = step < len(items); found {
				value = items[step]
			}
		}
		if !found {
			t.Fatalf("nothing is at %v", path[:i+1])
		}
	}
	return value
}

// settings are the variables that plugins of the Drone family get for their
// settings: hyphens and dots become underscores, lists of scalars are joined by
// commas, and maps are JSON.
func settings(t *testing.T, given any) []string {
	t.Helper()
	expressions := regexp.MustCompile(`\$\{(?:CI|DRONE)_COMMIT_SHA\}|<\+codebase\.commitSha>`)
	var env []string
	for name, value := range given.(map[string]any) {
		text, isText := value.(string)
		if !isText {
			quoted, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(quoted)
		}
		name = strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
		env = append(env, "PLUGIN_"+name+"="+expressions.ReplaceAllString(text, "1ecfd275"))
	}
	return env
}

// expand replaces the CI's variables in a text.
func (e example) expand(text string) string {
	return os.Expand(text, func(name string) string {
		for _, variable := range e.env {
			if value, ok := strings.CutPrefix(variable, name+"="); ok {
				return value
			}
		}
		return ""
	})
}

// variables returns a map of variables as NAME=value.
func (e example) variables(t *testing.T, given any) []string {
	t.Helper()
	var env []string
	for name, value := range given.(map[string]any) {
		env = append(env, name+"="+e.expand(fmt.Sprint(value)))
	}
	return env
}

// component is what GitLab makes of the component with the inputs given to it.
func (e example) component(t *testing.T, given any) invocation {
	t.Helper()
	text := e.text(t, "template.yml")
	for name, input := range at(t, parseYAML(t, text)[0], "spec", "inputs").(map[string]any) {
		value, isGiven := given.(map[string]any)[name]
		if !isGiven {
			value = at(t, input, "default")
		}
		text = strings.ReplaceAll(text, "$[[ inputs."+name+" ]]", fmt.Sprint(value))
	}
	if strings.Contains(text, "$[[") {
		t.Fatalf("the component uses an input that it does not declare:\n%s", text)
	}
	job := at(t, parseYAML(t, text)[1], "migrate")
	in := invocation{env: e.variables(t, at(t, job, "variables"))}
	for _, line := range at(t, job, "script").([]any) {
		in.script += line.(string) + "\n"
	}
	return in
}

// orb is what CircleCI makes of the orb's job with the parameters given to it.
func (e example) orb(t *testing.T, given map[string]any) invocation {
	t.Helper()
	job := at(t, e.yaml(t, "orb.yml")[0], "jobs", "run")
	given["variables"] = strings.ReplaceAll(at(t, given, "variables").(string),
		"<< pipeline.git.revision >>", "1ecfd275")
	in := invocation{script: at(t, job, "steps", 1, "run", "command").(string)}
	for name, value := range at(t, job, "environment").(map[string]any) {
		text := fmt.Sprint(value)
		for parameter, declared := range at(t, job, "parameters").(map[string]any) {
			value, isGiven := given[parameter]
			if !isGiven {
				value = declared.(map[string]any)["default"]
			}
			text = strings.ReplaceAll(text, "<< parameters."+parameter+" >>", fmt.Sprint(value))
		}
		in.env = append(in.env, name+"="+text)
	}
	return in
}
