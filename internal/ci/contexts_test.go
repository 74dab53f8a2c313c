package ci_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/expand"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

func contexts(t testing.TB, s ci.Sources) map[string]any {
	t.Helper()
	c, err := ci.Contexts(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// runOf returns the run of an environment.
func runOf(environ []string) ci.Run {
	env := map[string]string{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	return ci.Detect(lookup(env))
}

// TestCredentials checks that credentials are found, and that words, paths and inputs are not.
func TestCredentials(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
	got := ci.Credentials([]string{
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=" + secret,
		"PROD_AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjEXAMPLE",
		"GITHUB_TOKEN=ghs_0123456789abcdef", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=0123456789abcdef0", "MY_OIDC=" + token,
		"AWS_SECRET_ACCESS_KEY=test", "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/token",
		"ACTIONS_RUNTIME_URL=https://pipelines.example/1234",
		"INPUT_FILE-PATHS=ecs/migrate-database.json", "INPUT_AWS_ACCESS_KEY_ID=not-our-credential",
		"AWS_REGION=eu-central-1-and-so-on", "HOME=/home/runner/work/app",
	})
	want := []string{
		"AKIAIOSFODNN7EXAMPLE", secret, "IQoJb3JpZ2luX2VjEXAMPLE", "ghs_0123456789abcdef",
		"0123456789abcdef0", token,
	}
	if !slices.Equal(got, want) {
		t.Errorf("Credentials() = %q, want %q", got, want)
	}
}

func TestContexts(t *testing.T) {
	vars, secrets := &expr.Object{}, &expr.Object{}
	vars.Set("TAG", "1.2")
	secrets.Set("TOKEN", "s3cr3t")
	github := []string{
		"GITHUB_ACTIONS=true", "GITHUB_SHA=abc", "GITHUB_REF=refs/heads/main", "GITHUB_REF_PROTECTED=true",
		"GITHUB_HEAD_REF=", "GITHUB_RUN_ID=5",
		"GITHUB_TOKEN=ghs_x", "GITHUB_REPOSITORY=octo/app", "GITHUB_SERVER_URL=https://git.example", "GITHUB_OWN=mine",
		"RUNNER_OS=Linux", "RUNNER_ARCH=ARM64", "RUNNER_TOOL_CACHE=/opt", "PATH=/bin", "Path=/other", "EQUALS=a=b",
	}
	s := ci.Sources{
		Environ: github, Run: runOf(github), Event: []byte(`{"pull_request": {"number": 7}, "A": 1}`),
		Job: `{"status": "success"}`, Strategy: `{"fail-fast": true}`, Matrix: ` null `, Inputs: `{"in": [1]}`,
		Vars: vars, Secrets: secrets, Family: "web", Cluster: "prod",
	}
	for _, tt := range []struct{ in, want string }{
		{"github.sha", "abc"},
		{"github.ref_protected == true && toJSON(github.ref_protected)", "true"},
		{"toJSON(github.head_ref)", `""`},
		{"github.event.pull_request.number + 0", ""},
		{"toJSON(github.event.pull_request.number)", "7"},
		{"github.event.a", "1"},
		{"toJSON(github.own)", "null"},
		{"toJSON(github.actions)", "null"},
		{"runner.os", "Linux"},
		{"runner.arch", "ARM64"},
		{"runner.tool_cache", "/opt"},
		{"env.PATH", "/bin"},
		{"env.Path", "/other"},
		{"toJSON(env.path)", "null"},
		{"env.EQUALS", "a=b"},
		{"env.GITHUB_SHA", "abc"},
		{"job.status", "success"},
		{"toJSON(strategy.fail-fast)", "true"},
		{"toJSON(matrix)", "null"},
		{"toJSON(inputs.in[0])", "1"},
		{"vars.tag", "1.2"},
		{"secrets.TOKEN", "s3cr3t"},
		{"format('{0} {1}', ecs.family, ecs.cluster)", "web prod"},
		{"toJSON(ecs.region)", "null"},
		{"needs.build", ""},
		{"steps.x", ""},
	} {
		got, err := expr.Evaluate(tt.in, contexts(t, s))
		if number, is := got.(float64); is {
			got = expr.ToJSON(number)
		}
		if tt.want == "" && err == nil || tt.want != "" && (err != nil || got != tt.want) {
			t.Errorf("%s = %v, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestContextsWithNothing(t *testing.T) {
	for _, in := range []string{
		"github.sha", "env.HOME", "runner.name", "job", "strategy", "matrix", "inputs", "vars.X",
		"secrets.X", "ecs.family", "github.event",
	} {
		if got, err := expr.Evaluate(in, contexts(t, ci.Sources{})); got != nil || err != nil {
			t.Errorf("%s = %v, %v, want null", in, got, err)
		}
	}
}

// TestGitHubContextElsewhere checks that the github context has the values of other CIs.
func TestGitHubContextElsewhere(t *testing.T) {
	gitlab := []string{
		"GITLAB_CI=true", "CI_COMMIT_SHA=abc", "CI_COMMIT_REF_NAME=feature",
		"CI_MERGE_REQUEST_REF_PATH=refs/merge-requests/4/head", "CI_MERGE_REQUEST_IID=4",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=feature", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
		"CI_PROJECT_PATH=group/sub/app", "CI_PIPELINE_ID=10", "CI_PIPELINE_IID=3",
	}
	woodpecker := []string{
		"CI=woodpecker", "CI_COMMIT_SHA=def", "CI_COMMIT_REF=refs/tags/v1", "CI_REPO=octo/app",
		"CI_PIPELINE_NUMBER=8",
	}
	for _, tt := range []struct {
		environ  []string
		in, want string
	}{
		{gitlab, "format('{0} {1} {2} {3}', github.sha, github.ref, github.ref_name, github.repository)",
			"abc refs/merge-requests/4/head feature group/sub/app"},
		{gitlab, "github.repository_owner", "group/sub"},
		{gitlab, "format('{0} {1}', github.run_id, github.run_number)", "10 3"},
		{gitlab, "format('{0}-{1}', github.event.number, github.event.pull_request.number)", "4-4"},
		{gitlab, "github.event.pull_request.head.ref == github.head_ref && github.head_ref", "feature"},
		{gitlab, "github.event.pull_request.base.ref == github.base_ref && github.base_ref", "main"},
		{[]string{"GITHUB_SHA=abc", "GITHUB_TOKEN=x"}, "github.sha", "abc"}, // set by hand, in no CI
		{
			woodpecker,
			"format('{0} {1} {2} {3}', github.sha, github.ref_name, github.ref_type, github.run_number)",
			"def v1 tag 8",
		},
		{woodpecker, "toJSON(github.head_ref)", `""`},
		{woodpecker, "toJSON(github.event)", "null"},
		{woodpecker, "toJSON(github.run_attempt)", "null"},
	} {
		got, err := expr.Evaluate(tt.in, contexts(t, ci.Sources{Environ: tt.environ, Run: runOf(tt.environ)}))
		if err != nil || got != tt.want {
			t.Errorf("%s = %v, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestContextsErrors(t *testing.T) {
	_, err := ci.Contexts(ci.Sources{Event: []byte("{"), Matrix: "{]", Job: "status: success"})
	if err == nil {
		t.Fatal("Contexts succeeds, want an error")
	}
	for _, want := range []string{"event: read JSON", "context job: read JSON", "context matrix: read JSON"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Contexts fails with %q, want %q in it", err, want)
		}
	}
}

func TestForgejoMatrix(t *testing.T) {
	for _, tt := range []struct{ system, matrix, in, want string }{
		{"forgejo", `{"Matrix": {"os": "linux"}}`, "matrix.os", "linux"},
		{"forgejo", `{"os": "linux"}`, "matrix.os", "linux"},
		{"forgejo", `{"Matrix": "x"}`, "matrix.Matrix", "x"},
		{"github", `{"Matrix": {"os": "linux"}}`, "matrix.matrix.os", "linux"},
	} {
		got, err := expr.Evaluate(tt.in, contexts(t, ci.Sources{Run: ci.Run{System: tt.system}, Matrix: tt.matrix}))
		if err != nil || got != tt.want {
			t.Errorf("with matrix %s, %s = %v, %v, want %s", tt.matrix, tt.in, got, err, tt.want)
		}
	}
}

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"

func TestWithheld(t *testing.T) {
	secret := []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
		"AWS_BEARER_TOKEN_BEDROCK", "aws_secret_access_key", "PROD_AWS_SECRET_ACCESS_KEY",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RUNTIME_TOKEN",
		"INPUT_SECRETS", "INPUT_GIT-TOKEN", "PLUGIN_SECRETS", "GITHUB_TOKEN", "GH_TOKEN", "GITEA_TOKEN",
		"FORGEJO_TOKEN", "CI_JOB_TOKEN", "CI_JOB_JWT_V2", "CI_REPOSITORY_URL",
		"CI_NETRC_PASSWORD", "DRONE_NETRC_PASSWORD", "CIRCLE_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2",
		"BUILDKITE_AGENT_ACCESS_TOKEN", "BITBUCKET_STEP_OIDC_TOKEN", "SYSTEM_ACCESSTOKEN",
	}
	environ := []string{
		"HOME=/root", "AWS_REGION=eu-west-1", "AWS_KMS_KEY_ID=alias/x", "AWS_SECRETS_ARN=arn",
		"MY_TOKEN=mine", "EMPTY=", "INPUT_REGION=eu", "INPUT_GIT_KEY=k3y", "REGION=eu", "region=eu",
		"git-key=k3y", "ID_TOKEN=" + jwt, "NOT_A_TOKEN=eyJ.not a token.x",
	}
	for _, name := range secret {
		environ = append(environ, name+"=hush-"+name)
	}
	c := contexts(t, ci.Sources{Environ: environ})
	all, err := expr.Evaluate("toJSON(env)", c)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(all.(string), "hush") || strings.Contains(all.(string), jwt) ||
		strings.Contains(all.(string), "k3y") {
		t.Errorf("toJSON(env) = %s", all)
	}
	for _, name := range append(secret, "ID_TOKEN", "git-key", "region", "AWS_SESSION_TOKEN_2", "INPUT_NOT_GIVEN") {
		for _, in := range []string{
			"env['" + name + "']",
			"env['" + name + "'] || 'x'",
			"format('{0}', env[format('{0}', '" + name + "')])",
		} {
			v, err := expr.Evaluate(in, c)
			var fault *expr.Error
			if !errors.As(err, &fault) || fault.Kind != expr.Withheld {
				t.Errorf("%s = %v, %v, want an error of kind withheld", in, v, err)
				continue
			}
			want := "env." + name + " is withheld"
			if !strings.HasPrefix(fault.Message, want) || !strings.Contains(fault.Hint, "secrets") {
				t.Errorf("%s fails with %q and the hint %q, want %q…", in, fault.Message, fault.Hint, want)
			}
		}
	}
	for name, want := range map[string]string{
		"HOME": "/root", "AWS_REGION": "eu-west-1", "AWS_KMS_KEY_ID": "alias/x", "AWS_SECRETS_ARN": "arn",
		"MY_TOKEN": "mine", "EMPTY": "", "REGION": "eu", "NOT_A_TOKEN": "eyJ.not a token.x",
	} {
		if got, err := expr.Evaluate("env."+name, c); err != nil || got != want {
			t.Errorf("env.%s = %v, %v, want %q", name, got, err, want)
		}
	}
}

func TestGitHubToken(t *testing.T) {
	for _, system := range []string{"github", "gitlab", ""} {
		c := contexts(t, ci.Sources{Environ: []string{"GITHUB_TOKEN=ghs_x"}, Run: ci.Run{System: system}})
		for _, in := range []string{"github.token", "github['TOKEN'] || 'x'"} {
			v, err := expr.Evaluate(in, c)
			if err == nil || !strings.HasPrefix(err.Error(), "github.token is not available") {
				t.Errorf("on %q, %s = %v, %v, want an error", system, in, v, err)
			}
		}
		if v, err := expr.Evaluate("toJSON(github)", c); err != nil || strings.Contains(v.(string), "ghs_x") {
			t.Errorf("on %q, toJSON(github) = %v, %v", system, v, err)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	vars := &expr.Object{}
	vars.Set("NAME", "web")
	environ := []string{"HOME=/root", "AWS_SESSION_TOKEN=x"}
	run := ci.Run{Workflow: "CI", Number: "17", URL: "https://ci.example/17", Repository: "octo/app"}
	placeholders := ci.Placeholders(run, contexts(t, ci.Sources{Environ: environ, Vars: vars, Run: run}))
	want := `{
  "workflow": {
    "name": "CI",
    "releaseNo": "17",
    "variables": {
      "NAME": "web"
    }
  },
  "deploymentUrl": "https://ci.example/17",
  "app": {
    "name": "octo/app"
  },
  "env": {
    "HOME": "/root"
  }
}`
	if got := expr.ToJSON(placeholders); got != want {
		t.Errorf("Placeholders = %s, want %s", got, want)
	}

	// Names are known even if no CI has values for them.
	x := expand.Expander{Placeholders: ci.Placeholders(ci.Run{}, contexts(t, ci.Sources{}))}
	for in, want := range map[string]string{
		"${workflow.nam}": `${workflow.nam} has no value (did you mean "name"?): the known names are ` +
			`workflow.name, workflow.releaseNo`,
		"${workflow.name}": "${workflow.name} has no value: this CI does not provide it: " +
			"${workflow.variables.NAME} takes one from the input variables",
		"a ${workflow.releaseNo}": "${workflow.releaseNo} has no value: this CI does not provide it: " +
			"${workflow.variables.NAME} takes one from the input variables",
		"${deploymentUrl}": "${deploymentUrl} has no value: this CI does not provide it: " +
			"${workflow.variables.NAME} takes one from the input variables",
		"${app.nme}": `${app.nme} has no value (did you mean "name"?): the known names are app.name`,
		"${env.NO}":  "${env.NO} has no value: env is empty: no values were given for it",
	} {
		_, err := x.Tree(&document.Node{Kind: document.String, Text: in})
		var fault *document.Error
		if !errors.As(err, &fault) || fault.Message+": "+fault.Hint != want {
			t.Errorf("Tree(%s) = %v, want %s", in, err, want)
		}
	}
}
