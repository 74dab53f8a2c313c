// Package ci tells which CI runs the step and what it says about the run, and
// fills the contexts that expressions may use with it.
//
// It knows the environment variables of each CI as that CI documents them. They
// are given to it: it never reads the environment or a file. What it hands to
// expressions holds no credentials, because a definition may come from somebody
// who must not have them.
package ci

import (
	"net/url"
	"strconv"
	"strings"
)

// Run is what the CI says about the run that the step is part of. What it does
// not say is empty.
type Run struct {
	// System is github, gitea, forgejo, gitlab, woodpecker, harness, drone,
	// circleci, buildkite, bitbucket, azure, jenkins, codebuild or teamcity; it is
	// empty outside a CI.
	System string

	ID       string // of the run, unique in the CI or the repository
	Attempt  string // counts from 1
	Number   string // of the run, as the CI shows it
	Job      string // name or id of the job in the run
	Step     string // name or id of the step in the job
	Runner   string // name of what runs the job
	Workflow string // name of the workflow, pipeline or project

	URL        string // of the page that shows the run
	ServerURL  string // of the git server, without a slash at the end
	Repository string // owner/name

	SHA         string
	Ref         string // as refs/heads/main
	RefName     string // as main
	RefType     string // branch, tag or empty
	HeadRef     string // branch that a pull request comes from
	BaseRef     string // branch that a pull request goes to
	PullRequest string // its number

	Actor     string // who started the run
	EventName string // what started it, in the words of the CI
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

// systems tell the CIs apart by a variable that each sets. Those that set the
// variables of another one for compatibility come before it, and those whose
// variables people also set elsewhere come last.
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

// Detect returns what the environment says about the run. lookup is
// [os.LookupEnv] or stands in for it.
func Detect(lookup func(string) (string, bool)) Run {
	v := variables(lookup)
	if v.first("CI") == "woodpecker" { // it may set DRONE as well
		return complete("woodpecker", woodpecker(v))
	}
	for _, s := range systems {
		if v.first(s.mark) != "" {
			return complete(s.name, s.run(v))
		}
	}
	return Run{}
}

// complete fills in what follows from the rest.
func complete(system string, r Run) Run {
	r.System = system
	if _, err := strconv.ParseUint(r.PullRequest, 10, 64); err != nil { // some say false
		r.PullRequest = ""
	}
	if kind, name, found := splitRef(r.Ref); found {
		r.RefName, r.RefType = name, kind
	} else if r.Ref == "" && r.RefName != "" {
		if r.RefType == "tag" {
			r.Ref = "refs/tags/" + r.RefName
		} else {
			r.Ref, r.RefType = "refs/heads/"+r.RefName, "branch"
		}
	}
	r.ServerURL = strings.TrimRight(r.ServerURL, "/")
	return r
}

// splitRef returns the type and name of the branch or tag that a full ref is.
func splitRef(ref string) (kind, name string, found bool) {
	if name, found = strings.CutPrefix(ref, "refs/heads/"); found {
		return "branch", name, true
	}
	name, found = strings.CutPrefix(ref, "refs/tags/")
	return "tag", name, found
}

// branchOrTag returns a name with its type: the tag if there is one.
func branchOrTag(branch, tag string) (name, kind string) {
	switch {
	case tag != "":
		return tag, "tag"
	case branch != "":
		return branch, "branch"
	}
	return "", ""
}

// repositoryOf returns the path of a git URL, as owner/name, and the server that
// it is on.
func repositoryOf(remote string) (repository, server string) {
	if host, path, scp := strings.Cut(remote, ":"); scp && !strings.HasPrefix(path, "//") {
		_, host, _ = cutLast(host, "@")
		return cleanPath(path), "https://" + host
	}
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" {
		return "", ""
	}
	if u.Scheme != "http" && u.Scheme != "https" { // as ssh, on a port of its own
		u.Scheme, u.Host = "https", u.Hostname()
	}
	return cleanPath(u.Path), u.Scheme + "://" + u.Host
}

func cleanPath(path string) string {
	return strings.TrimSuffix(strings.Trim(path, "/"), ".git")
}

// cutLast cuts s around the last separator; without one all of s comes after it.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(separator):], true
}
