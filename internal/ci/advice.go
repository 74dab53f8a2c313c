package ci

import (
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// Advice says how things are done on a CI. Each text is a line without a full stop.
type Advice struct {
	Credentials string // how a step gets credentials for AWS
	Token       string // how a step gets an OIDC token for a role
	Subject     string // what a trust policy's condition on sub is like
	Lock        string // how one run waits for another
}

const (
	anyCredentials = "give role-to-assume, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, " +
		"AWS_SESSION_TOKEN"
	noToken = "this CI gives its jobs no OIDC token: give the step credentials that may assume the role, or " +
		"leave role-to-assume out"
	fromSecrets = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the step from secrets of the CI, or give " +
		"the runner's machine a role"
	ifRunning = "set if-running: wait"
)

// advice is what is known of the CIs, by their systems.
var advice = map[string]Advice{
	"": {
		Credentials: "sign in with `aws sso login` and set AWS_PROFILE, or set AWS_ACCESS_KEY_ID, " +
			"AWS_SECRET_ACCESS_KEY " +
			"and, for temporary ones, AWS_SESSION_TOKEN",
		Token: "outside of a CI give credentials that may assume the role: AWS_PROFILE, or AWS_ACCESS_KEY_ID and " +
			"AWS_SECRET_ACCESS_KEY",
		Subject: "as the CI documents it",
		Lock:    "let the CI run one at a time, or set if-running: wait",
	},
	"github": {
		Credentials: "give the job the permissions id-token: write and the step role-to-assume, or run " +
			"aws-actions/configure-aws-credentials before it",
		Token: "give the job the permissions id-token: write",
		Lock:  "give the job a concurrency group",
	},
	"gitea": {
		Credentials: fromSecrets, Token: noToken, Subject: "as the server documents it",
		Lock: "give the job a concurrency group, or set if-running: wait",
	},
	"gitlab": {
		Credentials: "give the job id_tokens with AWS_ID_TOKEN, whose aud is sts.amazonaws.com, and the step " +
			"role-to-assume " +
			"and web-identity-token-env: AWS_ID_TOKEN",
		Token: "give the job id_tokens with AWS_ID_TOKEN, whose aud is sts.amazonaws.com, and the step " +
			"web-identity-token-env: AWS_ID_TOKEN",
		Lock: "give the job a resource_group",
	},
	"bitbucket": {
		Credentials: "give the step oidc: true and role-to-assume",
		Token:       "give the step oidc: true",
		Subject:     "{REPOSITORY-UUID}*",
		Lock:        "give the step a deployment environment, or set if-running: wait",
	},
	"circleci": {
		Credentials: "give role-to-assume; CircleCI's token is found by itself",
		Token:       "CircleCI sets CIRCLE_OIDC_TOKEN_V2; pass it on to where the step runs",
		Subject:     "org/ORGANIZATION-ID/project/PROJECT-ID/user/*",
		Lock:        "give the job a serial-group",
	},
	"buildkite": {
		Credentials: "give role-to-assume and web-identity-token-env: AWS_ID_TOKEN, with " +
			"AWS_ID_TOKEN=$(buildkite-agent oidc request-token --audience sts.amazonaws.com)",
		Token: "give web-identity-token-env: AWS_ID_TOKEN, with " +
			"AWS_ID_TOKEN=$(buildkite-agent oidc request-token --audience sts.amazonaws.com)",
		Subject: "organization:ORG:pipeline:PIPELINE:ref:refs/heads/main:commit:*:step:*",
		Lock:    "give the step a concurrency_group and concurrency: 1",
	},
	"azure": {
		Credentials: "run the step in the task AWSShellScript of the AWS Toolkit for Azure DevOps, with a " +
			"service connection",
		Token: noToken, Subject: "as the service connection shows it",
		Lock: "set lockBehavior: sequential, with an exclusive lock on the service connection",
	},
	"jenkins": {
		Credentials: "bind a credential of the plugin OpenID Connect Provider to AWS_ID_TOKEN, and give " +
			"role-to-assume and " +
			"web-identity-token-env: AWS_ID_TOKEN",
		Token: "bind a credential of the plugin OpenID Connect Provider to AWS_ID_TOKEN, and give " +
			"web-identity-token-env: AWS_ID_TOKEN",
		Subject: "the address of the Jenkins job",
		Lock:    "set disableConcurrentBuilds()",
	},
	"drone":      {Credentials: fromSecrets, Token: noToken, Lock: "set concurrency: {limit: 1}"},
	"harness":    {Credentials: fromSecrets, Token: noToken, Lock: ifRunning},
	"woodpecker": {Credentials: fromSecrets, Token: noToken, Lock: ifRunning},
	"codebuild": {
		Credentials: "give the build project a service role", Token: noToken, Lock: "set the project's concurrent " +
			"build limit to 1",
	},
	"teamcity": {Credentials: fromSecrets, Token: noToken, Lock: "limit the simultaneously running builds to 1"},
}

// repositoryName is what a repository is called in advice; nothing else is quoted there.
var repositoryName = lazyregexp.New(`^[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+$`)

// refName is a branch or a tag that advice may quote.
var refName = lazyregexp.New(`^[A-Za-z0-9_./-]+$`)

// Advice returns how things are done on the CI of the run.
func (r Run) Advice() Advice {
	system := r.System
	if system == "forgejo" {
		system = "gitea"
	}
	a := advice[system]
	switch system {
	case "github":
		a.Subject = "repo:ORG/REPO:ref:refs/heads/main, with numbers behind both names for repositories since July 2026"
		if repositoryName.MatchString(r.Repository) && refName.MatchString(r.Ref) &&
			!strings.HasPrefix(r.Ref, "refs/pull/") {
			a.Subject = "repo:" + r.Repository + ":ref:" + r.Ref +
				", with numbers behind both names for repositories " +
				"since July 2026"
		}
	case "gitlab":
		a.Subject = "project_path:GROUP/PROJECT:ref_type:branch:ref:main"
		if repositoryName.MatchString(r.Repository) && refName.MatchString(r.RefName) && r.RefType != "" {
			a.Subject = "project_path:" + r.Repository + ":ref_type:" + r.RefType + ":ref:" + r.RefName
		}
	}
	if a.Credentials == "" {
		a.Credentials = anyCredentials
	}
	if a.Subject == "" {
		a.Subject = "as the CI documents it"
	}
	return a
}
