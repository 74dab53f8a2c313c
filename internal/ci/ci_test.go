package ci_test

import (
	"maps"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
)

// lookup returns a replacement for os.LookupEnv.
func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	}
}

func TestDetect(t *testing.T) {
	github := map[string]string{
		"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1658821493", "GITHUB_RUN_ATTEMPT": "3",
		"GITHUB_RUN_NUMBER": "17",
		"GITHUB_JOB":        "deploy", "GITHUB_ACTION": "__octo_run", "RUNNER_NAME": "GitHub Actions 7",
		"GITHUB_WORKFLOW": "CI", "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_REPOSITORY": "octo/app", "GITHUB_SHA": "ffac537e", "GITHUB_REF": "refs/heads/feature/a",
		"GITHUB_REF_NAME": "feature/a",
		"GITHUB_REF_TYPE": "branch", "GITHUB_HEAD_REF": "", "GITHUB_BASE_REF": "", "GITHUB_ACTOR": "mona",
		"GITHUB_EVENT_NAME": "push",
		"GITHUB_WORKSPACE":  "/github/workspace",
	}
	onGitHub := ci.Run{
		System: "github", ID: "1658821493", Attempt: "3", Number: "17", Job: "deploy", Step: "__octo_run",
		Runner: "GitHub Actions 7", Workflow: "CI",
		URL: "https://github.com/octo/app/actions/runs/1658821493", ServerURL: "https://github.com",
		Repository: "octo/app",
		SHA:        "ffac537e", Ref: "refs/heads/feature/a", RefName: "feature/a", RefType: "branch",
		Actor: "mona", EventName: "push",
		Workspace: "/github/workspace",
	}
	onPull := onGitHub
	onPull.Ref, onPull.RefName = "refs/pull/5/merge", "5/merge"
	onPull.PullRequest, onPull.EventName = "5", "pull_request"
	onPull.HeadRef, onPull.BaseRef = "feature", "main"
	onGitea := onGitHub
	onGitea.System, onGitea.URL = "gitea", "https://github.com/octo/app/actions/runs/17"
	onForgejo := onGitea
	onForgejo.System = "forgejo"

	for _, tt := range []struct {
		name string
		env  map[string]string
		want ci.Run
	}{
		{"outside", map[string]string{"CI": "true", "HOME": "/root", "GITHUB_ACTIONS": ""}, ci.Run{}},
		{"github", github, onGitHub},
		{"github, a pull request", with(github, "GITHUB_REF", "refs/pull/5/merge", "GITHUB_REF_NAME", "5/merge",
			"GITHUB_EVENT_NAME", "pull_request", "GITHUB_HEAD_REF", "feature", "GITHUB_BASE_REF", "main"), onPull},
		{"gitea", with(github, "GITEA_ACTIONS", "true"), onGitea},
		{"forgejo", with(github, "FORGEJO_ACTIONS", "true", "GITEA_ACTIONS", "true"), onForgejo},
		{"gitlab", map[string]string{
			"CI": "true", "GITLAB_CI": "true", "CI_PIPELINE_ID": "1001", "CI_PIPELINE_IID": "12",
			"CI_JOB_NAME": "deploy", "CI_PIPELINE_NAME": "Release",
			"CI_JOB_URL":      "https://gitlab.example/g/s/app/-/jobs/9",
			"CI_PIPELINE_URL": "https://gitlab.example/g/s/app/-/pipelines/1001",
			"CI_SERVER_URL":   "https://gitlab.example", "CI_PROJECT_PATH": "g/s/app",
			"CI_COMMIT_SHA": "1ecfd275", "CI_COMMIT_BRANCH": "main",
			"CI_COMMIT_REF_NAME": "main", "GITLAB_USER_LOGIN": "mona", "CI_PIPELINE_SOURCE": "push",
			"CI_PROJECT_DIR": "/builds/g/s/app",
		}, ci.Run{
			System: "gitlab", ID: "1001", Number: "12", Job: "deploy", Workflow: "Release",
			URL:       "https://gitlab.example/g/s/app/-/jobs/9",
			ServerURL: "https://gitlab.example", Repository: "g/s/app", SHA: "1ecfd275",
			Ref: "refs/heads/main", RefName: "main", RefType: "branch",
			Actor: "mona", EventName: "push", Workspace: "/builds/g/s/app",
		}},
		{"gitlab, a tag", map[string]string{"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1", "CI_COMMIT_REF_NAME": "v1"},
			ci.Run{System: "gitlab", Ref: "refs/tags/v1", RefName: "v1", RefType: "tag"}},
		{"gitlab, a merge request", map[string]string{
			"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "4",
			"CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/4/head", "CI_COMMIT_REF_NAME": "feature",
			"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
			"CI_PIPELINE_SOURCE": "merge_request_event",
		},
			ci.Run{
				System:      "gitlab",
				Ref:         "refs/merge-requests/4/head",
				RefName:     "feature",
				HeadRef:     "feature",
				BaseRef:     "main",
				PullRequest: "4",
				EventName:   "merge_request_event",
			}},
		{"woodpecker", map[string]string{
			"CI": "woodpecker", "DRONE": "true", "CI_PIPELINE_NUMBER": "8", "CI_WORKFLOW_NAME": "release",
			"CI_STEP_NAME":    "run task",
			"CI_PIPELINE_URL": "https://ci.example/repos/7/pipeline/8",
			"CI_FORGE_URL":    "https://codeberg.org/", "CI_REPO": "octo/app", "CI_COMMIT_SHA": "eba09b46",
			"CI_COMMIT_REF": "refs/heads/main", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_AUTHOR": "mona",
			"CI_PIPELINE_EVENT": "push", "CI_WORKSPACE": "/woodpecker/src/app",
		}, ci.Run{
			System: "woodpecker", ID: "8", Number: "8", Job: "release", Step: "run task",
			Workflow: "release", URL: "https://ci.example/repos/7/pipeline/8",
			ServerURL: "https://codeberg.org", Repository: "octo/app", SHA: "eba09b46",
			Ref: "refs/heads/main", RefName: "main", RefType: "branch",
			Actor: "mona", EventName: "push", Workspace: "/woodpecker/src/app",
		}},
		{"woodpecker, a pull request", map[string]string{
			"CI": "woodpecker", "CI_COMMIT_REF": "refs/pull/14/merge", "CI_COMMIT_BRANCH": "main",
			"CI_COMMIT_PULL_REQUEST":  "14",
			"CI_COMMIT_SOURCE_BRANCH": "feature", "CI_COMMIT_TARGET_BRANCH": "main",
		},
			ci.Run{
				System:      "woodpecker",
				Ref:         "refs/pull/14/merge",
				RefName:     "main",
				HeadRef:     "feature",
				BaseRef:     "main",
				PullRequest: "14",
			}},
		{"drone", map[string]string{
			"CI": "true", "DRONE": "true", "DRONE_BUILD_NUMBER": "42", "DRONE_STAGE_NAME": "default",
			"DRONE_STEP_NAME": "task", "DRONE_BUILD_LINK": "https://drone.example/octo/app/42",
			"DRONE_REPO": "octo/app", "DRONE_REPO_LINK": "https://git.example/octo/app",
			"DRONE_COMMIT_SHA": "bcdd4bf0", "DRONE_COMMIT_REF": "refs/heads/main",
			"DRONE_BRANCH": "main", "DRONE_COMMIT_AUTHOR": "mona", "DRONE_BUILD_EVENT": "push",
			"DRONE_PULL_REQUEST": "", "DRONE_WORKSPACE": "/drone/src",
			"DRONE_SOURCE_BRANCH": "main", "DRONE_TARGET_BRANCH": "main",
		}, ci.Run{
			System: "drone", ID: "42", Number: "42", Job: "default", Step: "task", Workflow: "default",
			URL:       "https://drone.example/octo/app/42",
			ServerURL: "https://git.example", Repository: "octo/app", SHA: "bcdd4bf0",
			Ref: "refs/heads/main", RefName: "main", RefType: "branch",
			Actor: "mona", EventName: "push", Workspace: "/drone/src",
		}},
		{"drone, a pull request", map[string]string{
			"DRONE": "true", "DRONE_COMMIT_REF": "refs/pull/3/head", "DRONE_BRANCH": "main",
			"DRONE_PULL_REQUEST": "3", "DRONE_SOURCE_BRANCH": "feature", "DRONE_TARGET_BRANCH": "main",
		},
			ci.Run{
				System:      "drone",
				Ref:         "refs/pull/3/head",
				RefName:     "main",
				HeadRef:     "feature",
				BaseRef:     "main",
				PullRequest: "3",
			}},
		{"harness", map[string]string{
			"DRONE": "true", "DRONE_BUILD_NUMBER": "42", "DRONE_REPO": "octo/app", "HARNESS_BUILD_ID": "42",
			"HARNESS_PIPELINE_ID": "deploy", "HARNESS_STAGE_ID": "prod", "HARNESS_STEP_ID": "task",
		},
			ci.Run{
				System:     "harness",
				ID:         "42",
				Number:     "42",
				Workflow:   "deploy",
				Job:        "prod",
				Step:       "task",
				Repository: "octo/app",
			}},
		{"circleci", map[string]string{
			"CI": "true", "CIRCLECI": "true", "CIRCLE_WORKFLOW_ID": "a-b-c", "CIRCLE_BUILD_NUM": "99",
			"CIRCLE_JOB": "deploy", "CIRCLE_BUILD_URL": "https://circleci.com/gh/octo/app/99",
			"CIRCLE_PROJECT_USERNAME": "octo", "CIRCLE_PROJECT_REPONAME": "app",
			"CIRCLE_REPOSITORY_URL": "git@github.com:octo/app.git", "CIRCLE_SHA1": "e5e9fa1b",
			"CIRCLE_BRANCH": "feature", "CIRCLE_PULL_REQUEST": "https://github.com/octo/app/pull/6",
			"CIRCLE_USERNAME": "mona", "CIRCLE_WORKING_DIRECTORY": "~/project",
		}, ci.Run{
			System: "circleci", ID: "a-b-c", Number: "99", Job: "deploy", Workflow: "app",
			URL: "https://circleci.com/gh/octo/app/99", ServerURL: "https://github.com",
			Repository: "octo/app", SHA: "e5e9fa1b", Ref: "refs/heads/feature", RefName: "feature",
			RefType: "branch", PullRequest: "6", Actor: "mona", Workspace: "~/project",
		}},
		{"buildkite", map[string]string{
			"CI": "true", "BUILDKITE": "true", "BUILDKITE_BUILD_ID": "4735ba57",
			"BUILDKITE_BUILD_NUMBER": "1514", "BUILDKITE_RETRY_COUNT": "1", "BUILDKITE_STEP_KEY": "deploy",
			"BUILDKITE_LABEL": ":rocket:", "BUILDKITE_JOB_ID": "e44f9784", "BUILDKITE_PIPELINE_NAME": "App",
			"BUILDKITE_PIPELINE_SLUG": "app",
			"BUILDKITE_BUILD_URL":     "https://buildkite.com/acme/app/builds/1514",
			"BUILDKITE_REPO":          "ssh://git@git.example:2222/octo/app.git", "BUILDKITE_COMMIT": "83a20ec0",
			"BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false",
			"BUILDKITE_BUILD_CREATOR": "Mona", "BUILDKITE_SOURCE": "webhook",
			"BUILDKITE_BUILD_CHECKOUT_PATH": "/buildkite/app",
		}, ci.Run{
			System: "buildkite", ID: "4735ba57", Number: "1514", Attempt: "2", Job: "deploy",
			Step: "e44f9784", Workflow: "App", URL: "https://buildkite.com/acme/app/builds/1514",
			ServerURL: "https://git.example", Repository: "octo/app", SHA: "83a20ec0",
			Ref: "refs/heads/main", RefName: "main", RefType: "branch",
			Actor: "Mona", EventName: "webhook", Workspace: "/buildkite/app",
		}},
		{
			"buildkite, a pull request",
			map[string]string{
				"BUILDKITE":                          "true",
				"BUILDKITE_PULL_REQUEST":             "12",
				"BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
				"BUILDKITE_BRANCH":                   "feature",
			},
			ci.Run{
				System:      "buildkite",
				Ref:         "refs/heads/feature",
				RefName:     "feature",
				RefType:     "branch",
				HeadRef:     "feature",
				BaseRef:     "main",
				PullRequest: "12",
			},
		},
		{"bitbucket", map[string]string{
			"CI": "true", "BITBUCKET_BUILD_NUMBER": "21", "BITBUCKET_STEP_RUN_NUMBER": "1",
			"BITBUCKET_STEP_UUID": "{s-1}", "BITBUCKET_REPO_SLUG": "app", "BITBUCKET_REPO_FULL_NAME": "octo/app",
			"BITBUCKET_COMMIT": "7f777ed9", "BITBUCKET_BRANCH": "feature", "BITBUCKET_PR_ID": "3",
			"BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_CLONE_DIR": "/opt/atlassian/pipelines/agent/build",
		}, ci.Run{
			System: "bitbucket", ID: "21", Attempt: "1", Number: "21", Job: "{s-1}", Workflow: "app",
			URL: "https://bitbucket.org/octo/app/pipelines/results/21", ServerURL: "https://bitbucket.org",
			Repository: "octo/app", SHA: "7f777ed9", Ref: "refs/heads/feature", RefName: "feature",
			RefType: "branch", HeadRef: "feature", BaseRef: "main", PullRequest: "3",
			Workspace: "/opt/atlassian/pipelines/agent/build",
		}},
		{"azure", map[string]string{
			"TF_BUILD": "True", "BUILD_BUILDID": "77", "SYSTEM_JOBATTEMPT": "1",
			"BUILD_BUILDNUMBER": "20261124.1", "SYSTEM_JOBNAME": "deploy", "BUILD_DEFINITIONNAME": "app-ci",
			"BUILD_REPOSITORY_URI": "https://github.com/octo/app", "BUILD_REPOSITORY_NAME": "octo/app",
			"BUILD_SOURCEVERSION": "0a1b2c3d", "BUILD_SOURCEBRANCH": "refs/heads/feature/a",
			"BUILD_SOURCEBRANCHNAME": "a", "BUILD_REQUESTEDFOR": "Mona", "BUILD_REASON": "IndividualCI",
			"BUILD_SOURCESDIRECTORY": "/work/1/s",
			"SYSTEM_COLLECTIONURI":   "https://dev.azure.com/acme/", "SYSTEM_TEAMPROJECT": "app",
		}, ci.Run{
			System: "azure", ID: "77", Attempt: "1", Number: "20261124.1", Job: "deploy",
			Workflow: "app-ci", URL: "https://dev.azure.com/acme/app/_build/results?buildId=77",
			ServerURL: "https://github.com", Repository: "octo/app", SHA: "0a1b2c3d",
			Ref: "refs/heads/feature/a", RefName: "feature/a", RefType: "branch",
			Actor: "Mona", EventName: "IndividualCI", Workspace: "/work/1/s",
		}},
		{"azure, a pull request", map[string]string{
			"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/pull/9/merge",
			"BUILD_SOURCEBRANCHNAME": "merge", "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "9",
			"SYSTEM_PULLREQUEST_PULLREQUESTID": "123456",
			"SYSTEM_PULLREQUEST_SOURCEBRANCH":  "refs/heads/feature", "SYSTEM_PULLREQUEST_TARGETBRANCH": "main",
		},
			ci.Run{
				System:      "azure",
				Ref:         "refs/pull/9/merge",
				RefName:     "merge",
				HeadRef:     "feature",
				BaseRef:     "main",
				PullRequest: "9",
			}},
		{"jenkins", map[string]string{
			"JENKINS_URL": "https://jenkins.example/", "BUILD_TAG": "jenkins-app-12", "BUILD_NUMBER": "12",
			"JOB_NAME": "app", "STAGE_NAME": "Deploy", "BUILD_URL": "https://jenkins.example/job/app/12/",
			"GIT_URL": "https://git.example:8443/octo/app.git", "GIT_COMMIT": "9fceb02d",
			"GIT_BRANCH": "origin/main", "WORKSPACE": "/var/jenkins/app",
		}, ci.Run{
			System: "jenkins", ID: "jenkins-app-12", Number: "12", Job: "app", Step: "Deploy",
			Workflow: "app", URL: "https://jenkins.example/job/app/12/", ServerURL: "https://git.example:8443",
			Repository: "octo/app", SHA: "9fceb02d", Ref: "refs/heads/main", RefName: "main",
			RefType: "branch", Workspace: "/var/jenkins/app",
		}},
		{"jenkins, a pull request", map[string]string{
			"JENKINS_URL": "https://jenkins.example/", "BRANCH_NAME": "PR-2", "CHANGE_ID": "2",
			"CHANGE_BRANCH": "feature", "CHANGE_TARGET": "main", "CHANGE_AUTHOR": "mona",
		},
			ci.Run{
				System:      "jenkins",
				Ref:         "refs/heads/PR-2",
				RefName:     "PR-2",
				RefType:     "branch",
				HeadRef:     "feature",
				BaseRef:     "main",
				PullRequest: "2",
				Actor:       "mona",
			}},
		{"codebuild", map[string]string{
			"CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:1:build/app:b1",
			"CODEBUILD_BUILD_ID":  "app:b1", "CODEBUILD_BUILD_NUMBER": "3",
			"CODEBUILD_SOURCE_REPO_URL":         "https://github.com/octo/app.git",
			"CODEBUILD_RESOLVED_SOURCE_VERSION": "4b825dc6", "CODEBUILD_INITIATOR": "mona",
			"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_UPDATED", "CODEBUILD_WEBHOOK_TRIGGER": "pr/8",
			"CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/feature",
			"CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main", "CODEBUILD_SRC_DIR": "/codebuild/src",
			"AWS_REGION": "eu-west-1",
		}, ci.Run{
			System: "codebuild", ID: "app:b1", Number: "3", Job: "app", Workflow: "app",
			URL:       "https://console.aws.amazon.com/codebuild/home?region=eu-west-1#/builds/app:b1/view/new",
			ServerURL: "https://github.com", Repository: "octo/app", SHA: "4b825dc6", HeadRef: "feature",
			BaseRef: "main", PullRequest: "8",
			Actor: "mona", EventName: "PULL_REQUEST_UPDATED", Workspace: "/codebuild/src",
		}},
		{
			"codebuild, a tag",
			map[string]string{
				"CODEBUILD_BUILD_ARN":        "arn",
				"CODEBUILD_WEBHOOK_TRIGGER":  "tag/v1/a",
				"CODEBUILD_PUBLIC_BUILD_URL": "https://x",
			},
			ci.Run{System: "codebuild", URL: "https://x", Ref: "refs/tags/v1/a", RefName: "v1/a", RefType: "tag"},
		},
		{"teamcity", map[string]string{
			"TEAMCITY_VERSION": "2026.1", "BUILD_NUMBER": "5", "TEAMCITY_BUILDCONF_NAME": "Deploy",
			"TEAMCITY_PROJECT_NAME": "App", "BUILD_URL": "https://teamcity.example/build/5",
			"BUILD_VCS_NUMBER": "c0ffee",
		},
			ci.Run{
				System:   "teamcity",
				ID:       "5",
				Number:   "5",
				Job:      "Deploy",
				Workflow: "App",
				URL:      "https://teamcity.example/build/5",
				SHA:      "c0ffee",
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ci.Detect(lookup(tt.env)); got != tt.want {
				t.Errorf("Detect =\n     %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// with returns a copy of env with additional names and values.
func with(env map[string]string, namesAndValues ...string) map[string]string {
	env = maps.Clone(env)
	for i := 0; i < len(namesAndValues); i += 2 {
		env[namesAndValues[i]] = namesAndValues[i+1]
	}
	return env
}
