// Package ci detects which CI runs the step, parses its environment variables, and fills
// the contexts of expressions from them.
//
// The variables of each CI are those in its documentation. The package never reads the
// environment or a file itself; its callers pass the variables. The contexts never contain
// credentials, because the author of a definition may not be allowed to have them.
package ci

import (
	"net/url"
	"strconv"
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

// Detect returns the run that the environment variables describe. lookup is
// [os.LookupEnv] or a replacement for it.
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

// complete derives missing fields from the others.
func complete(system string, r Run) Run {
	r.System = system
	if _, err := strconv.ParseUint(r.PullRequest, 10, 64); err != nil { // some CIs set it to false
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
