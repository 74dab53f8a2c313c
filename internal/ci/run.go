package ci

import (
	"net/url"
	"strings"
)

// Run is the information of the CI about the run of the step. Fields that the CI does not
// have are empty.
type Run struct {
	// System is github, gitea, forgejo, gitlab, woodpecker, harness, drone, circleci,
	// buildkite, bitbucket, azure, jenkins, codebuild or teamcity. It is empty outside of a
	// CI.
	System string

	ID       string // of the run; unique in the CI or the repository
	Attempt  string // counts from 1
	Number   string // of the run, as in the user interface of the CI
	Job      string // name or id of the job in the run
	Step     string // name or id of the step in the job
	Runner   string // name of the runner or agent of the job
	Workflow string // name of the workflow, pipeline or project

	URL        string // of the page of the run
	ServerURL  string // of the git server, without a slash at the end
	Repository string // owner/name

	SHA         string
	Ref         string // such as refs/heads/main
	RefName     string // such as main
	RefType     string // branch, tag or empty
	HeadRef     string // source branch of a pull request
	BaseRef     string // target branch of a pull request
	PullRequest string // number of the pull request

	Actor     string // who started the run
	EventName string // what started the run, with the name that the CI uses
	Workspace string // directory of the checkout
}

// variables looks up environment variables.
type variables func(name string) (string, bool)

// first returns the first of the variables that is not empty.
func (v variables) first(names ...string) string {
	for _, name := range names {
		if value, _ := v(name); value != "" {
			return value
		}
	}
	return ""
}

// splitRef returns the type and name of a full ref. found is false if it is not a branch or tag.
func splitRef(ref string) (kind, name string, found bool) {
	if name, found = strings.CutPrefix(ref, "refs/heads/"); found {
		return "branch", name, true
	}
	name, found = strings.CutPrefix(ref, "refs/tags/")
	return "tag", name, found
}

// branchOrTag returns the name and type of the tag or, if tag is empty, of the branch.
func branchOrTag(branch, tag string) (name, kind string) {
	switch {
	case tag != "":
		return tag, "tag"
	case branch != "":
		return branch, "branch"
	}
	return "", ""
}

// repositoryOf returns the path of a git URL, such as owner/name, and the URL of its server.
func repositoryOf(remote string) (repository, server string) {
	if host, path, scp := strings.Cut(remote, ":"); scp && !strings.HasPrefix(path, "//") {
		_, host, _ = cutLast(host, "@")
		return cleanPath(path), "https://" + host
	}
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" {
		return "", ""
	}
	if u.Scheme != "http" && u.Scheme != "https" { // such as ssh, which has another port
		u.Scheme, u.Host = "https", u.Hostname()
	}
	return cleanPath(u.Path), u.Scheme + "://" + u.Host
}

func cleanPath(path string) string {
	return strings.TrimSuffix(strings.Trim(path, "/"), ".git")
}

// cutLast cuts s around the last separator. Without a separator, after is s.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(separator):], true
}
