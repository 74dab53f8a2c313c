package git

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/remote"
	"github.com/ecs-run-task/ecs-run-task/internal/git/server"
)

// explain adds advice to the error of a fetch.
func (f *fetcher) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var status *server.StatusError
	var limit objects.OverLimit
	advice := ""
	switch {
	case errors.As(err, &limit):
		advice = "a server that sends parts of a repository takes far less: git's does with uploadpack.allowFilter"
	case errors.As(err, &status):
		advice = f.statusAdvice(status.Code)
	case strings.Contains(err.Error(), "unable to authenticate"): // golang.org/x/crypto/ssh has no type for it
		advice = "the server takes none of the keys: is the public half of ssh-key a deploy key of the repository, or a " +
			"key of an account that may read it?"
	}
	if f.result.Attempts > 1 {
		err = fmt.Errorf("%w (%d attempts)", err, f.result.Attempts)
	}
	if advice != "" {
		err = fmt.Errorf("%w\n%s", err, advice)
	}
	return err
}

// statusAdvice returns what an HTTP status of a git server means.
func (f *fetcher) statusAdvice(code int) string {
	auth, err := f.config.HTTPCredentials(f.where, f.user)
	anonymous := err != nil || auth.Token == ""
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
	default:
		return ""
	}
	switch {
	case anonymous && remote.IsCodeCommit(f.where.Host):
		return "no credentials were used: CodeCommit wants git-username and git-token, the git credentials of an IAM user, " +
			"or AWS credentials"
	case anonymous:
		return "no git-token was used, and the token of the CI run is never used by itself: is the repository's name " +
			"right, or is it private? " + tokenAdvice(f.where.Host)
	case code == http.StatusUnauthorized:
		return "the server does not take git-token: has it expired, is it for this server, and does git-username belong to " +
			"it? " + tokenAdvice(f.where.Host)
	case code == http.StatusForbidden:
		return "the server takes git-token, but it may not read this repository: " + tokenAdvice(f.where.Host)
	}
	return "is the repository's name right, and may git-token read it? " + tokenAdvice(f.where.Host)
}

// tokenAdvice names the scope that a token needs for reading.
func tokenAdvice(host string) string {
	host = strings.ToLower(host)
	switch {
	case host == "github.com":
		return `a git-token needs "Contents: read" of that repository (the GITHUB_TOKEN of a run has it for its own ` +
			`repository only), and organizations with single sign-on want the token authorized`
	case strings.Contains(host, "gitlab"):
		return `a git-token needs the scope "read_repository"; for a CI_JOB_TOKEN the project must be on the other's ` +
			`allowlist, and git-username be "gitlab-ci-token"`
	case strings.Contains(host, "bitbucket"):
		return `a git-token needs the scope "repository:read"; with an app password give your user name as git-username`
	case remote.IsAzure(host):
		return `a git-token needs the scope "Code (Read)"`
	}
	return "a git-token needs the right to read the repository"
}
