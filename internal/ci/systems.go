package ci

import (
	"strconv"
	"strings"
)

// systems lists each CI with a variable that identifies it. A CI that sets the variables of
// another one for compatibility comes before that one. CIs whose variables are also set
// elsewhere come last.
var systems = []struct {
	name, mark string
	run        func(variables) Run
}{
	{"forgejo", "FORGEJO_ACTIONS", gitea},
	{"gitea", "GITEA_ACTIONS", gitea},
	{"github", "GITHUB_ACTIONS", github},
	{"gitlab", "GITLAB_CI", gitlab},
	{"harness", "HARNESS_BUILD_ID", harness},
	{"drone", "DRONE", drone},
	{"circleci", "CIRCLECI", circleci},
	{"buildkite", "BUILDKITE", buildkite},
	{"bitbucket", "BITBUCKET_BUILD_NUMBER", bitbucket},
	{"azure", "TF_BUILD", azure},
	{"teamcity", "TEAMCITY_VERSION", teamcity},
	{"codebuild", "CODEBUILD_BUILD_ARN", codebuild},
	{"jenkins", "JENKINS_URL", jenkins},
}

// https://docs.github.com/actions/reference/workflows-and-actions/variables
func github(v variables) Run {
	r := actions(v)
	if r.URL != "" {
		r.URL += "/actions/runs/" + r.ID
	}
	return r
}

// Gitea and Forgejo set GitHub's variables. The URL of a run contains its number, not its
// id.
func gitea(v variables) Run {
	r := actions(v)
	if r.URL != "" {
		r.URL += "/actions/runs/" + r.Number
	}
	return r
}

// actions parses GitHub's variables. The URL of the run is that of its repository.
func actions(v variables) Run {
	r := Run{
		ID:         v.first("GITHUB_RUN_ID"),
		Attempt:    v.first("GITHUB_RUN_ATTEMPT"),
		Number:     v.first("GITHUB_RUN_NUMBER"),
		Job:        v.first("GITHUB_JOB"),
		Step:       v.first("GITHUB_ACTION"),
		Runner:     v.first("RUNNER_NAME"),
		Workflow:   v.first("GITHUB_WORKFLOW"),
		ServerURL:  v.first("GITHUB_SERVER_URL"),
		Repository: v.first("GITHUB_REPOSITORY"),
		SHA:        v.first("GITHUB_SHA"),
		Ref:        v.first("GITHUB_REF"),
		RefName:    v.first("GITHUB_REF_NAME"),
		RefType:    v.first("GITHUB_REF_TYPE"),
		HeadRef:    v.first("GITHUB_HEAD_REF"),
		BaseRef:    v.first("GITHUB_BASE_REF"),
		Actor:      v.first("GITHUB_ACTOR"),
		EventName:  v.first("GITHUB_EVENT_NAME"),
		Workspace:  v.first("GITHUB_WORKSPACE"),
	}
	if number, is := strings.CutPrefix(r.Ref, "refs/pull/"); is {
		r.PullRequest, _, _ = strings.Cut(number, "/")
	}
	if r.ServerURL != "" && r.Repository != "" {
		r.URL = strings.TrimRight(r.ServerURL, "/") + "/" + r.Repository
	}
	return r
}

// https://docs.gitlab.com/ci/variables/predefined_variables/
func gitlab(v variables) Run {
	r := Run{
		ID:          v.first("CI_PIPELINE_ID"),
		Number:      v.first("CI_PIPELINE_IID"),
		Job:         v.first("CI_JOB_NAME"),
		Workflow:    v.first("CI_PIPELINE_NAME"),
		URL:         v.first("CI_JOB_URL", "CI_PIPELINE_URL"),
		ServerURL:   v.first("CI_SERVER_URL"),
		Repository:  v.first("CI_PROJECT_PATH"),
		SHA:         v.first("CI_COMMIT_SHA"),
		HeadRef:     v.first("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"),
		BaseRef:     v.first("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
		PullRequest: v.first("CI_MERGE_REQUEST_IID"),
		Actor:       v.first("GITLAB_USER_LOGIN"),
		EventName:   v.first("CI_PIPELINE_SOURCE"),
		Workspace:   v.first("CI_PROJECT_DIR"),
	}
	if r.Ref = v.first("CI_MERGE_REQUEST_REF_PATH"); r.Ref != "" {
		r.RefName = v.first("CI_COMMIT_REF_NAME")
		return r
	}
	r.RefName, r.RefType = branchOrTag(v.first("CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME"), v.first("CI_COMMIT_TAG"))
	return r
}

// https://woodpecker-ci.org/docs/usage/environment
func woodpecker(v variables) Run {
	return Run{
		ID:          v.first("CI_PIPELINE_NUMBER"),
		Number:      v.first("CI_PIPELINE_NUMBER"),
		Job:         v.first("CI_WORKFLOW_NAME"),
		Step:        v.first("CI_STEP_NAME"),
		Workflow:    v.first("CI_WORKFLOW_NAME"),
		URL:         v.first("CI_PIPELINE_URL"),
		ServerURL:   v.first("CI_FORGE_URL"),
		Repository:  v.first("CI_REPO"),
		SHA:         v.first("CI_COMMIT_SHA"),
		Ref:         v.first("CI_COMMIT_REF"),
		RefName:     v.first("CI_COMMIT_BRANCH"),
		HeadRef:     v.first("CI_COMMIT_SOURCE_BRANCH"),
		BaseRef:     v.first("CI_COMMIT_TARGET_BRANCH"),
		PullRequest: v.first("CI_COMMIT_PULL_REQUEST"),
		Actor:       v.first("CI_PIPELINE_AUTHOR", "CI_COMMIT_AUTHOR"),
		EventName:   v.first("CI_PIPELINE_EVENT"),
		Workspace:   v.first("CI_WORKSPACE"),
	}
}

// https://docs.drone.io/pipeline/environment/reference/
func drone(v variables) Run {
	_, server := repositoryOf(v.first("DRONE_REPO_LINK", "DRONE_GIT_HTTP_URL"))
	r := Run{
		ID:          v.first("DRONE_BUILD_NUMBER"),
		Number:      v.first("DRONE_BUILD_NUMBER"),
		Job:         v.first("DRONE_STAGE_NAME"),
		Step:        v.first("DRONE_STEP_NAME"),
		Workflow:    v.first("DRONE_STAGE_NAME"),
		URL:         v.first("DRONE_BUILD_LINK"),
		ServerURL:   server,
		Repository:  v.first("DRONE_REPO"),
		SHA:         v.first("DRONE_COMMIT_SHA", "DRONE_COMMIT"),
		Ref:         v.first("DRONE_COMMIT_REF"),
		RefName:     v.first("DRONE_BRANCH"),
		PullRequest: v.first("DRONE_PULL_REQUEST"),
		Actor:       v.first("DRONE_COMMIT_AUTHOR"),
		EventName:   v.first("DRONE_BUILD_EVENT"),
		Workspace:   v.first("DRONE_WORKSPACE"),
	}
	if r.PullRequest != "" { // the variables are set for pushes too
		r.HeadRef, r.BaseRef = v.first("DRONE_SOURCE_BRANCH"), v.first("DRONE_TARGET_BRANCH")
	}
	return r
}

// Harness sets Drone's variables, and its own ones in addition.
//
// https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var/
func harness(v variables) Run {
	r := drone(v)
	r.ID = v.first("HARNESS_BUILD_ID")
	r.Number = v.first("HARNESS_BUILD_ID", "DRONE_BUILD_NUMBER")
	r.Job = v.first("HARNESS_STAGE_ID", "DRONE_STAGE_NAME")
	r.Step = v.first("HARNESS_STEP_ID", "DRONE_STEP_NAME")
	r.Workflow = v.first("HARNESS_PIPELINE_ID", "DRONE_STAGE_NAME")
	return r
}

// https://circleci.com/docs/reference/variables/
func circleci(v variables) Run {
	repository, server := repositoryOf(v.first("CIRCLE_REPOSITORY_URL"))
	owner, name := v.first("CIRCLE_PROJECT_USERNAME"), v.first("CIRCLE_PROJECT_REPONAME")
	if owner != "" && name != "" {
		repository = owner + "/" + name
	}
	_, pull, _ := cutLast(v.first("CIRCLE_PR_NUMBER", "CIRCLE_PULL_REQUEST"), "/")
	r := Run{
		ID:          v.first("CIRCLE_WORKFLOW_ID"),
		Number:      v.first("CIRCLE_BUILD_NUM"),
		Job:         v.first("CIRCLE_JOB"),
		Workflow:    v.first("CIRCLE_PROJECT_REPONAME"),
		URL:         v.first("CIRCLE_BUILD_URL"),
		ServerURL:   server,
		Repository:  repository,
		SHA:         v.first("CIRCLE_SHA1"),
		PullRequest: pull,
		Actor:       v.first("CIRCLE_USERNAME"),
		Workspace:   v.first("CIRCLE_WORKING_DIRECTORY"),
	}
	r.RefName, r.RefType = branchOrTag(v.first("CIRCLE_BRANCH"), v.first("CIRCLE_TAG"))
	return r
}

// https://buildkite.com/docs/pipelines/configure/environment-variables
func buildkite(v variables) Run {
	repository, server := repositoryOf(v.first("BUILDKITE_REPO"))
	r := Run{
		ID:          v.first("BUILDKITE_BUILD_ID"),
		Number:      v.first("BUILDKITE_BUILD_NUMBER"),
		Job:         v.first("BUILDKITE_STEP_KEY", "BUILDKITE_LABEL", "BUILDKITE_STEP_ID"),
		Step:        v.first("BUILDKITE_JOB_ID"),
		Workflow:    v.first("BUILDKITE_PIPELINE_NAME", "BUILDKITE_PIPELINE_SLUG"),
		URL:         v.first("BUILDKITE_BUILD_URL"),
		ServerURL:   server,
		Repository:  repository,
		SHA:         v.first("BUILDKITE_COMMIT"),
		BaseRef:     v.first("BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
		PullRequest: v.first("BUILDKITE_PULL_REQUEST"),
		Actor:       v.first("BUILDKITE_BUILD_CREATOR"),
		EventName:   v.first("BUILDKITE_SOURCE"),
		Workspace:   v.first("BUILDKITE_BUILD_CHECKOUT_PATH"),
	}
	if retries, err := strconv.Atoi(v.first("BUILDKITE_RETRY_COUNT")); err == nil {
		r.Attempt = strconv.Itoa(retries + 1)
	}
	if r.BaseRef != "" {
		r.HeadRef = v.first("BUILDKITE_BRANCH")
	}
	r.RefName, r.RefType = branchOrTag(v.first("BUILDKITE_BRANCH"), v.first("BUILDKITE_TAG"))
	return r
}

// https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
func bitbucket(v variables) Run {
	r := Run{
		ID:          v.first("BITBUCKET_BUILD_NUMBER"),
		Attempt:     v.first("BITBUCKET_STEP_RUN_NUMBER"),
		Number:      v.first("BITBUCKET_BUILD_NUMBER"),
		Job:         v.first("BITBUCKET_STEP_UUID"),
		Workflow:    v.first("BITBUCKET_REPO_SLUG"),
		ServerURL:   "https://bitbucket.org",
		Repository:  v.first("BITBUCKET_REPO_FULL_NAME"),
		SHA:         v.first("BITBUCKET_COMMIT"),
		BaseRef:     v.first("BITBUCKET_PR_DESTINATION_BRANCH"),
		PullRequest: v.first("BITBUCKET_PR_ID"),
		Actor:       v.first("BITBUCKET_STEP_TRIGGERER_UUID"),
		Workspace:   v.first("BITBUCKET_CLONE_DIR"),
	}
	if r.PullRequest != "" {
		r.HeadRef = v.first("BITBUCKET_BRANCH")
	}
	if r.Repository != "" {
		r.URL = r.ServerURL + "/" + r.Repository + "/pipelines/results/" + r.Number
	}
	r.RefName, r.RefType = branchOrTag(v.first("BITBUCKET_BRANCH"), v.first("BITBUCKET_TAG"))
	return r
}

// https://learn.microsoft.com/azure/devops/pipelines/build/variables
func azure(v variables) Run {
	_, server := repositoryOf(v.first("BUILD_REPOSITORY_URI"))
	r := Run{
		ID:          v.first("BUILD_BUILDID"),
		Attempt:     v.first("SYSTEM_JOBATTEMPT"),
		Number:      v.first("BUILD_BUILDNUMBER"),
		Job:         v.first("SYSTEM_JOBNAME", "AGENT_JOBNAME"),
		Step:        v.first("SYSTEM_TASKINSTANCENAME"),
		Workflow:    v.first("BUILD_DEFINITIONNAME"),
		ServerURL:   server,
		Repository:  v.first("BUILD_REPOSITORY_NAME"),
		SHA:         v.first("BUILD_SOURCEVERSION"),
		Ref:         v.first("BUILD_SOURCEBRANCH"),
		RefName:     v.first("BUILD_SOURCEBRANCHNAME"),
		HeadRef:     strings.TrimPrefix(v.first("SYSTEM_PULLREQUEST_SOURCEBRANCH"), "refs/heads/"),
		BaseRef:     strings.TrimPrefix(v.first("SYSTEM_PULLREQUEST_TARGETBRANCH"), "refs/heads/"),
		PullRequest: v.first("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"),
		Actor:       v.first("BUILD_REQUESTEDFOR"),
		EventName:   v.first("BUILD_REASON"),
		Workspace:   v.first("BUILD_SOURCESDIRECTORY"),
	}
	collection := v.first("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")
	project := v.first("SYSTEM_TEAMPROJECTID", "SYSTEM_TEAMPROJECT")
	if collection != "" && project != "" {
		r.URL = strings.TrimRight(collection, "/") + "/" + project + "/_build/results?buildId=" + r.ID
	}
	return r
}

// https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
func jenkins(v variables) Run {
	repository, server := repositoryOf(v.first("GIT_URL", "GIT_URL_1"))
	r := Run{
		ID:          v.first("BUILD_TAG"),
		Number:      v.first("BUILD_NUMBER"),
		Job:         v.first("JOB_NAME"),
		Step:        v.first("STAGE_NAME"),
		Workflow:    v.first("JOB_NAME"),
		URL:         v.first("BUILD_URL"),
		ServerURL:   server,
		Repository:  repository,
		SHA:         v.first("GIT_COMMIT"),
		HeadRef:     v.first("CHANGE_BRANCH"),
		BaseRef:     v.first("CHANGE_TARGET"),
		PullRequest: v.first("CHANGE_ID"),
		Actor:       v.first("CHANGE_AUTHOR", "BUILD_USER_ID"),
		Workspace:   v.first("WORKSPACE"),
	}
	branch := v.first("BRANCH_NAME", "GIT_LOCAL_BRANCH")
	if branch == "" {
		branch = strings.TrimPrefix(v.first("GIT_BRANCH"), "origin/")
	}
	r.RefName, r.RefType = branchOrTag(branch, v.first("TAG_NAME"))
	return r
}

// https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
func codebuild(v variables) Run {
	id := v.first("CODEBUILD_BUILD_ID")
	project, _, _ := strings.Cut(id, ":")
	repository, server := repositoryOf(v.first("CODEBUILD_SOURCE_REPO_URL"))
	r := Run{
		ID:         id,
		Number:     v.first("CODEBUILD_BUILD_NUMBER"),
		Job:        project,
		Workflow:   project,
		URL:        v.first("CODEBUILD_PUBLIC_BUILD_URL"),
		ServerURL:  server,
		Repository: repository,
		SHA:        v.first("CODEBUILD_RESOLVED_SOURCE_VERSION"),
		Actor:      v.first("CODEBUILD_INITIATOR"),
		EventName:  v.first("CODEBUILD_WEBHOOK_EVENT"),
		Workspace:  v.first("CODEBUILD_SRC_DIR"),
	}
	kind, name, _ := strings.Cut(v.first("CODEBUILD_WEBHOOK_TRIGGER", "CODEBUILD_SOURCE_VERSION"), "/")
	switch kind {
	case "pr":
		r.PullRequest = name
		r.HeadRef = strings.TrimPrefix(v.first("CODEBUILD_WEBHOOK_HEAD_REF"), "refs/heads/")
		r.BaseRef = strings.TrimPrefix(v.first("CODEBUILD_WEBHOOK_BASE_REF"), "refs/heads/")
	case "branch", "tag":
		r.RefName, r.RefType = name, kind
	}
	if region := v.first("AWS_REGION", "AWS_DEFAULT_REGION"); r.URL == "" && region != "" {
		r.URL = "https://console.aws.amazon.com/codebuild/home?region=" + region + "#/builds/" + id + "/view/new"
	}
	return r
}

// TeamCity sets variables for only a few of its parameters.
//
// https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html
func teamcity(v variables) Run {
	return Run{
		ID:       v.first("BUILD_NUMBER"),
		Number:   v.first("BUILD_NUMBER"),
		Job:      v.first("TEAMCITY_BUILDCONF_NAME"),
		Workflow: v.first("TEAMCITY_PROJECT_NAME"),
		URL:      v.first("BUILD_URL"),
		SHA:      v.first("BUILD_VCS_NUMBER"),
	}
}
