package input

import "regexp"

// grammar is what the characters of a name must match, and how many it may have.
// The length stands apart since a bounded repetition is slow to compile.
type grammar struct {
	form     *regexp.Regexp
	longest  int
	expected string
}

// Names in the ECS API, and git's commit ids.
var (
	registered = regexp.MustCompile(`^(arn:[A-Za-z0-9-]+:ecs:[A-Za-z0-9-]+:\d*:task-definition/)?[A-Za-z0-9_-]+(:\d+)?$`)
	familyName = grammar{regexp.MustCompile(`^[A-Za-z0-9_-]+$`), 255, "up to 255 letters, digits, hyphens and underscores"}
	startedBy  = grammar{regexp.MustCompile(`^[A-Za-z0-9_/-]+$`), 128, "up to 128 letters, digits, hyphens, underscores and slashes"}
	commitID   = grammar{regexp.MustCompile(`^[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]+$`), 64, "a commit id of 4 to 64 hexadecimal digits"}
	regionName = grammar{regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`), 64, "a region such as eu-central-1"}
)

// Registered reports whether the definition is the name of a registered one
// (family, family:revision or ARN) rather than the definition itself.
func (d Definitions) Registered() bool { return registered.MatchString(d.Definition) }

// check reports what each input allows but the inputs together don't, and the
// grammar of names.
func (r *reader) check(c Config) {
	both := func(a, b string, given bool) {
		if given {
			r.fault(a, "excludes %s: give one of them", b)
		}
	}
	needs := func(a, b string, given, met bool) {
		if given && !met {
			r.fault(a, "needs %s", b)
		}
	}
	form := func(name, value string, g grammar) {
		if value != "" && (len(value) > g.longest || !g.form.MatchString(value)) {
			r.fault(name, "expected %s", g.expected)
		}
	}
	files := len(c.FilePaths) > 0
	if c.Definition == "" && !files {
		r.fault("", "give the task definition: either definition (inline, or the name of a registered one) or file-paths")
	}
	both("definition", "file-paths", c.Definition != "" && files)
	both("branch", "commit", c.Branch != "" && c.Commit != "")
	both("launch-type", "capacity-provider-strategy", c.LaunchType != "" && len(c.CapacityProviderStrategy) > 0)
	both("skip-steady-state-check", "local (its tasks end with the step)", c.SkipSteadyStateCheck && c.Local != "")
	needs("repository", "file-paths", c.Repository != "", files || c.Definition != "")
	if c.Repository == "" {
		needs("branch", "repository", c.Branch != "", false)
		needs("commit", "repository", c.Commit != "", false)
		needs("git-token", "repository", c.GitToken != "", false)
		needs("git-username", "repository", c.GitUsername != "", false)
		needs("ssh-key", "repository", c.SSHKey != "", false)
		needs("ssh-known-hosts", "repository", c.SSHKnownHosts != "", false)
	} else if c.Definition != "" {
		r.fault("repository", "is where file-paths are taken from, and excludes definition")
	}
	form("family", c.Family, familyName)
	form("started-by", c.StartedBy, startedBy)
	form("commit", c.Commit, commitID)
	form("region", c.Region, regionName)
	if c.Count < 1 {
		r.fault("count", "expected 1 or more")
	}
	if c.Timeout == 0 && !c.SkipSteadyStateCheck {
		r.fault("timeout", "expected more than 0; skip-steady-state-check does not wait")
	}
	r.limit("subnets", c.Subnets, 16)
	r.limit("security-groups", c.SecurityGroups, 5)
	needs("assign-public-ip", "subnets", c.AssignPublicIP != "", len(c.Subnets) > 0)
	needs("security-groups", "subnets", len(c.SecurityGroups) > 0, len(c.Subnets) > 0)
}

// limit reports a list that is longer than the API takes.
func (r *reader) limit(name string, items []string, most int) {
	if len(items) > most {
		r.fault(name, "expected %d at the most, found %d", most, len(items))
	}
}
