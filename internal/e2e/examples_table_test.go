package e2e

import (
	"regexp"
	"strings"
	"testing"
)

var examples = []example{
	{
		name: "github", // https://docs.github.com/actions/reference/workflows-and-actions/variables
		env: []string{
			"CI=true", "GITHUB_ACTIONS=true", "GITHUB_RUN_ID=1658821493", "GITHUB_RUN_ATTEMPT=1",
			"GITHUB_JOB=migrate", "GITHUB_ACTION=migrate",
			"GITHUB_REPOSITORY=octo/app", "GITHUB_SERVER_URL=https://github.com", "GITHUB_SHA=1ecfd275",
			"GITHUB_REF=refs/heads/main",
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN=the-request",
		},
		token: "minted-token-",
		read: func(t *testing.T, e example) (run, stop invocation) {
			steps := at(t, e.yaml(t, "migrate.yml")[0], "jobs", "migrate", "steps")
			with := e.with(t, at(t, steps, 1, "with"))
			return invocation{env: with}, invocation{args: []string{"post"}, env: with}
		},
		startedBy: "ecs-run-task/1658821493", url: "https://github.com/octo/app/actions/runs/1658821493",
	},
	{
		name: "forgejo", // https://forgejo.org/docs/latest/user/actions/reference/
		env: []string{
			"CI=true", "GITHUB_ACTIONS=true", "FORGEJO_ACTIONS=true", "GITHUB_RUN_ID=81", "GITHUB_RUN_NUMBER=7",
			"GITHUB_RUN_ATTEMPT=1", "GITHUB_JOB=migrate", "GITHUB_ACTION=1",
			"GITHUB_REPOSITORY=octo/app", "GITHUB_SERVER_URL=https://git.example", "GITHUB_SHA=1ecfd275",
			"GITHUB_REF=refs/heads/main",
		},
		read: func(t *testing.T, e example) (run, stop invocation) {
			job := at(t, e.yaml(t, "migrate.yml")[0], "jobs", "migrate")
			env := e.variables(t, at(t, job, "env"))
			wantValue(t, job, "always()", "steps", 2, "if")
			return invocation{env: append(e.with(t, at(t, job, "steps", 1, "with")), env...)},
				invocation{args: strings.Fields(at(t, job, "steps", 2, "with", "args").(string)), env: env}
		},
		startedBy: "ecs-run-task/81", url: "https://git.example/octo/app/actions/runs/7",
	},
	{
		name: "woodpecker", // https://woodpecker-ci.org/docs/usage/environment
		env: []string{
			"CI=woodpecker", "CI_PIPELINE_NUMBER=8", "CI_WORKFLOW_NAME=deploy", "CI_STEP_NAME=migrate",
			"CI_PIPELINE_URL=https://ci.example/repos/7/pipeline/8",
			"CI_REPO=octo/app", "CI_COMMIT_SHA=1ecfd275", "CI_COMMIT_REF=refs/heads/main", "CI_COMMIT_BRANCH=main",
			"CI_PIPELINE_EVENT=push",
		},
		read: func(t *testing.T, e example) (run, stop invocation) {
			steps := at(t, e.yaml(t, ".woodpecker.yaml")[0], "steps")
			// https://github.com/woodpecker-ci/woodpecker/blob/main/pipeline/frontend/yaml/linter/linter.go
			for i := range 2 {
				if step := at(t, steps, i).(map[string]any); step["settings"] != nil {
					t.Errorf("step %d has an environment, and settings: Woodpecker refuses that", i)
				}
			}
			wantValue(t, steps, "[success failure]", 1, "when", 0, "status")
			run.env, stop.env = e.variables(t,
				at(t, steps, 0, "environment")), e.variables(t, at(t, steps, 1, "environment"))
			stop.args = e.words(t, at(t, steps, 1, "entrypoint"), "/ecs-run-task")
			return run, stop
		},
		startedBy: "ecs-run-task/8", url: "https://ci.example/repos/7/pipeline/8",
	},
	{
		name: "drone", // https://docs.drone.io/pipeline/environment/reference/
		env: []string{
			"CI=true", "DRONE=true", "DRONE_BUILD_NUMBER=42", "DRONE_STAGE_NAME=deploy", "DRONE_STEP_NAME=migrate",
			"DRONE_BUILD_LINK=https://drone.example/octo/app/42",
			"DRONE_REPO=octo/app", "DRONE_COMMIT_SHA=1ecfd275", "DRONE_COMMIT_REF=refs/heads/main",
			"DRONE_BRANCH=main", "DRONE_PULL_REQUEST=",
		},
		read: func(t *testing.T, e example) (run, stop invocation) {
			steps := at(t, e.yaml(t, ".drone.yml")[0], "steps")
			wantValue(t, steps, "[success failure]", 1, "when", "status")
			run.env, stop.env = e.variables(t,
				at(t, steps, 0, "environment")), e.variables(t, at(t, steps, 1, "environment"))
			run.env = append(run.env, e.settings(t, at(t, steps, 0, "settings"))...)
			stop.script = e.lines(t, at(t, steps, 1, "commands"))
			return run, stop
		},
		startedBy: "ecs-run-task/42", url: "https://drone.example/octo/app/42",
	},
	{
		name: "harness", // https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var/
		env: []string{
			"CI=true", "DRONE=true", "HARNESS_BUILD_ID=43", "HARNESS_PIPELINE_ID=deploy",
			"HARNESS_STAGE_ID=production", "HARNESS_STEP_ID=migrate",
			"DRONE_BUILD_NUMBER=43",
			"DRONE_BUILD_LINK=" + harnessPage,
			"DRONE_REPO=octo/app", "DRONE_COMMIT_SHA=1ecfd275", "DRONE_BRANCH=main",
		},
		read: func(t *testing.T, e example) (run, stop invocation) {
			pipeline := at(t, e.yaml(t, "pipeline.yaml")[0], "pipeline")
			if at(t, pipeline, "stages", 0, "stage", "spec", "cloneCodebase") == true { // else it is refused
				at(t, pipeline, "properties", "ci", "codebase", "connectorRef")
			}
			steps := at(t, pipeline, "stages", 0, "stage", "spec", "execution", "steps")
			first, second := at(t, steps, 0, "step", "spec"), at(t, steps, 1, "step")
			wantValue(t, second, "All", "when", "stageStatus")
			run.env = e.variables(t, at(t, first, "envVariables"))
			stop.env = e.variables(t, at(t, second, "spec", "envVariables"))
			run.env = append(run.env, e.settings(t, at(t, first, "settings"))...)
			stop.script = at(t, second, "spec", "command").(string)
			return run, stop
		},
		startedBy: "ecs-run-task/43", url: harnessPage,
		report: func(t *testing.T, e example) string {
			steps := at(t, e.yaml(t, "pipeline.yaml")[0], "pipeline", "stages", 0, "stage", "spec",
				"execution", "steps")
			return at(t, steps, 0, "step", "spec", "reports", "spec", "paths", 0).(string)
		},
	},
	{
		name: "gitlab", // https://docs.gitlab.com/ci/variables/predefined_variables/
		env: []string{
			"CI=true", "GITLAB_CI=true", "CI_PIPELINE_ID=1001", "CI_PIPELINE_IID=12", "CI_JOB_NAME=migrate",
			"CI_JOB_URL=https://gitlab.example/g/app/-/jobs/9",
			"CI_PROJECT_PATH=g/app", "CI_COMMIT_SHA=1ecfd275", "CI_COMMIT_BRANCH=main", "CI_COMMIT_REF_NAME=main",
			"CI_PIPELINE_SOURCE=push", "AWS_ID_TOKEN=gitlab-token",
		},
		token: "gitlab-token",
		read: func(t *testing.T, e example) (run, stop invocation) {
			job := e.component(t, at(t, e.yaml(t, ".gitlab-ci.yml")[0], "include", 0, "inputs"))
			wantValue(t, job, "sts.amazonaws.com", "id_tokens", "AWS_ID_TOKEN", "aud")
			run.env = e.variables(t, at(t, job, "variables"))
			stop.env = run.env
			run.script, stop.script = e.lines(t, at(t, job, "script")), e.lines(t, at(t, job, "after_script"))
			return run, stop
		},
		startedBy: "ecs-run-task/1001", url: "https://gitlab.example/g/app/-/jobs/9",
		result: map[string]string{
			"ECS_RUN_TASK_STATUS": "timed-out", "ECS_RUN_TASK_EXIT_CODE": "124",
			"ECS_RUN_TASK_TASK_DEFINITIONS": "migrate:1",
		},
		report: func(t *testing.T, e example) string {
			job := e.component(t, at(t, e.yaml(t, ".gitlab-ci.yml")[0], "include", 0, "inputs"))
			return at(t, job, "artifacts", "reports", "junit").(string)
		},
	},
	{
		name: "bitbucket", // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
		env: []string{
			"BITBUCKET_BUILD_NUMBER=21", "BITBUCKET_REPO_FULL_NAME=octo/app", "BITBUCKET_COMMIT=1ecfd275",
			"BITBUCKET_BRANCH=main",
			"BITBUCKET_STEP_UUID={5f2c}", "BITBUCKET_STEP_OIDC_TOKEN=bitbucket-token",
		},
		token: "bitbucket-token",
		read: func(t *testing.T, e example) (run, stop invocation) {
			step := at(t, e.yaml(t, "bitbucket-pipelines.yml")[0], "pipelines", "branches", "main", 0, "step")
			wantValue(t, step, "true", "oidc")
			run.script, stop.script = e.lines(t, at(t, step, "script")), e.lines(t, at(t, step, "after-script"))
			return run, stop
		},
		startedBy: "ecs-run-task/21", url: "https://bitbucket.org/octo/app/pipelines/results/21",
		report: func(t *testing.T, e example) string { // any XML file in a folder test-results
			// https://support.atlassian.com/bitbucket-cloud/docs/test-reporting-in-pipelines/
			return "test-results/*.xml"
		},
	},
	{
		name: "buildkite", // https://buildkite.com/docs/pipelines/configure/environment-variables
		env: []string{
			"CI=true", "BUILDKITE=true", "BUILDKITE_BUILD_ID=4735ba57-80d0-46e2-8fa0-b28223a86586",
			"BUILDKITE_BUILD_NUMBER=1514", "BUILDKITE_JOB_ID=e44f9784",
			"BUILDKITE_BUILD_URL=https://buildkite.com/acme/app/builds/1514", "BUILDKITE_COMMIT=1ecfd275",
			"BUILDKITE_BRANCH=main", "BUILDKITE_PULL_REQUEST=false",
			"BUILDKITE_AGENT_ACCESS_TOKEN=of-the-agent",
		},
		token: "buildkite-token",
		read: func(t *testing.T, e example) (run, stop invocation) {
			step := at(t, e.yaml(t, "pipeline.yml")[0], "steps", 0)
			script := strings.ReplaceAll(at(t, step, "command").(string), "$$", "\x00")
			script = strings.ReplaceAll(e.expand(script), "\x00", "$")
			before, _, found := strings.Cut(script, "trap ")
			if !found {
				t.Error("nothing stops the tasks of a command that is killed")
			}
			env := e.variables(t, at(t, step, "env"))
			return invocation{script: standIns + script, env: env},
				invocation{script: standIns + before + "on_ecs stop", env: env}
		},
		startedBy: "ecs-run-task/4735ba57-80d0-46e2-8fa0-b28223a86586",
		url:       "https://buildkite.com/acme/app/builds/1514",
		report: func(t *testing.T, e example) string {
			steps := at(t, e.yaml(t, "pipeline.yml")[0], "steps")
			report := at(t, steps, 2, "plugins", 0, "junit-annotate#v2.7.0", "artifacts").(string)
			wantValue(t, steps, report, 0, "artifact_paths", 0)
			return report
		},
	},
	{
		name: "circleci", // https://circleci.com/docs/reference/variables/
		env: []string{
			"CI=true", "CIRCLECI=true", "CIRCLE_WORKFLOW_ID=6a0d3f3e-5e1c-4a3e-9d7c-0a5a4b3c2d1e",
			"CIRCLE_BUILD_NUM=99", "CIRCLE_JOB=migrate",
			"CIRCLE_BUILD_URL=https://circleci.com/gh/octo/app/99", "CIRCLE_SHA1=1ecfd275", "CIRCLE_BRANCH=main",
			"CIRCLE_OIDC_TOKEN_V2=circleci-token",
		},
		token: "circleci-token",
		read: func(t *testing.T, e example) (run, stop invocation) {
			given := at(t, e.yaml(t, "config.yml")[0], "workflows", "deploy", "jobs", 0, "ecs-run-task/run")
			env, steps := e.orb(t, given.(map[string]any))
			wantValue(t, steps, "always", 2, "run", "when")
			return invocation{env: env, script: at(t, steps, 1, "run", "command").(string)},
				invocation{env: env, script: at(t, steps, 2, "run", "command").(string)}
		},
		startedBy: "ecs-run-task/6a0d3f3e-5e1c-4a3e-9d7c-0a5a4b3c2d1e", url: "https://circleci.com/gh/octo/app/99",
		report: func(t *testing.T, e example) string {
			return at(t, e.yaml(t, "orb.yml")[0], "jobs", "run", "steps", 3, "store_test_results",
				"path").(string) + "/*.xml"
		},
	},
	{
		name: "jenkins", // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
		env: []string{
			"JENKINS_URL=https://jenkins.example/", "BUILD_ID=17", "BUILD_NUMBER=17", "BUILD_TAG=jenkins-app-17",
			"BUILD_URL=https://jenkins.example/job/app/17/",
			"JOB_NAME=app", "GIT_COMMIT=1ecfd275", "BRANCH_NAME=main",
		},
		token: "aws-id-token", // the credentials' name stands for their value
		read: func(t *testing.T, e example) (run, stop invocation) {
			text := e.text(t, "Jenkinsfile")
			environment := regexp.MustCompile(`(?m)^    (\w+) = (?:credentials\()?'(.*?)'\)?$`)
			var env []string
			for _, match := range environment.FindAllStringSubmatch(text, -1) {
				env = append(env, match[1]+"="+match[2])
			}
			sh := regexp.MustCompile(`(?s)\bsh (?:\'\'\'(.*?)\'\'\'|\'([^\']*)\')`)
			scripts := sh.FindAllStringSubmatch(text, -1)
			if len(scripts) != 2 || strings.Index(text, scripts[1][0]) < strings.Index(text, "always {") {
				t.Fatalf("the Jenkinsfile has %d sh steps, want one, and another in always", len(scripts))
			}
			return invocation{env: env, script: strings.ReplaceAll(scripts[0][1], `\\`, `\`)},
				invocation{env: env, script: scripts[1][2]}
		},
		startedBy: "ecs-run-task/jenkins-app-17", url: "https://jenkins.example/job/app/17/",
		report: func(t *testing.T, e example) string {
			match := regexp.MustCompile(`junit testResults: '(.*?)'`).FindStringSubmatch(e.text(t, "Jenkinsfile"))
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
		read: func(t *testing.T, e example) (run, stop invocation) {
			steps := at(t, e.yaml(t, "azure-pipelines.yml")[0], "steps")
			wantValue(t, steps, "always()", 2, "condition")
			task := func(inputs any) invocation { // https://docs.aws.amazon.com/vsts/latest/userguide/awsshell.html
				at(t, inputs, "awsCredentials")
				return invocation{script: at(t, inputs, "inlineScript").(string), env: []string{
					"AWS_REGION=" + at(t, inputs, "regionName").(string), "AWS_ACCESS_KEY_ID=of-the-connection",
					"AWS_SECRET_ACCESS_KEY=of-the-connection",
				}}
			}
			return task(at(t, steps, 1, "inputs")), task(at(t, steps, 2, "inputs"))
		},
		startedBy: "ecs-run-task/5", url: "https://dev.azure.com/octo/app/_build/results?buildId=5",
		result: map[string]string{"ECS_RUN_TASK_STATUS": "timed-out"},
		report: func(t *testing.T, e example) string {
			return at(t, e.yaml(t, "azure-pipelines.yml")[0], "steps", 3, "inputs", "testResultsFiles").(string)
		},
	},
}

const harnessPage = "https://app.harness.io/ng/account/a/ci/orgs/default/projects/app" +
	"/pipelines/deploy/executions/x/pipeline"

// standIns are what the script of an example calls besides: docker, whose container has
// only the variables that are passed to it and those that lead to the test's AWS.
const standIns = `
buildkite-agent() {
	[ "$*" = "oidc request-token --audience sts.amazonaws.com" ] && echo buildkite-token
}
docker() {
	local passed=("PATH=$PATH" "HOME=$HOME")
	while [[ $1 != ghcr.io/* ]]; do
		case $1 in --env=*) name=${1#--env=}; passed+=("$name=${!name}") ;; esac
		shift
	done
	[ "$1" = ghcr.io/ecs-run-task/ecs-run-task:v1 ]
	if [[ ${passed[*]} == *of-the-agent* ]]; then echo "the agent's own token is passed on"; return 1; fi
	shift
	env -i "${passed[@]}" ecs-run-task "$@"
}
`
