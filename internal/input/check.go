package input

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

// grammar says which names are valid. The length is separate from the pattern
// because a bounded repetition is slow to compile.
type grammar struct {
	pattern   *lazyregexp.Regexp
	maxLength int
	expected  string
}

// Names in the ECS API, and git's commit ids.
var (
	registered = lazyregexp.New(
		`^(arn:[A-Za-z0-9-]+:ecs:[A-Za-z0-9-]+:\d*:task-definition/)?[A-Za-z0-9_-]+(:\d+)?$`)
	familyName = grammar{
		lazyregexp.New(`^[A-Za-z0-9_-]+$`),
		255,
		"up to 255 letters, digits, hyphens and underscores",
	}
	startedBy = grammar{
		lazyregexp.New(`^[A-Za-z0-9_/-]+$`),
		128,
		"up to 128 letters, digits, hyphens, underscores and slashes",
	}
	commitID = grammar{
		lazyregexp.New(`^[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]+$`),
		64,
		"a commit id of 4 to 64 hexadecimal digits",
	}
	clusterName = grammar{
		lazyregexp.New(`^(arn:[A-Za-z0-9-]+:ecs:[A-Za-z0-9-]+:\d*:cluster/)?[A-Za-z0-9_-]+$`),
		600,
		"the name or ARN of a cluster: a name has letters, digits, hyphens and underscores",
	}
	serviceName = grammar{
		lazyregexp.New(`^(arn:[A-Za-z0-9-]+:ecs:[A-Za-z0-9-]+:\d*:service/([A-Za-z0-9_-]+/)?)?[A-Za-z0-9_-]+$`),
		600,
		"the name or ARN of a service",
	}
	roleARN = grammar{
		lazyregexp.New(`^arn:[A-Za-z0-9-]+:iam::\d+:role/[A-Za-z0-9+=,.@_/-]+$`),
		2048,
		"the ARN of a role, as in arn:aws:iam::123456789012:role/name",
	}
	cpuSize = grammar{
		lazyregexp.New(`^(\d+|(\d+|\d*\.\d+) *(?i:vCPUs?))$`),
		20,
		"CPU units, as in 512, or a number of vCPUs, as in 0.5 vCPU",
	}
	memorySize = grammar{
		lazyregexp.New(`^(\d+|(\d+|\d*\.\d+) *(?i:GB))$`),
		20,
		"a number of MiB, as in 1024, or of GB, as in 2 GB",
	}
)

// maxTasks is the largest value of the input count: the limit of ECS for one service
// (https://docs.aws.amazon.com/general/latest/gr/ecs-service.html, 2026-11).
const maxTasks = 5000

// Registered reports whether Definition is the name of a registered task definition
// (family, family:revision or ARN), not the text of one.
func (d Definitions) Registered() bool { return registered.MatchString(d.Definition) }

// resultEndings are the file name endings that the input result-file supports.
var resultEndings = []string{".json", ".env", ".xml", ".html"}

// Check reports inputs that cannot be used together, and invalid names. The error joins
// one [*Error] for each fault.
func (c Config) Check() error {
	r := &reader{}
	r.checkConfig(c)
	return errors.Join(r.faults...)
}

// Check reports settings that cannot be used together. The error joins one [*Error] for
// each fault.
func (c Check) Check() error {
	r := &reader{}
	r.region(c.Region)
	r.checkName("role-to-assume", c.RoleToAssume, roleARN)
	if c.Diff && (c.Format == "json" || c.Format == "sarif") {
		r.fault("diff", "needs the format text or github, found %s", c.Format)
	}
	return errors.Join(r.faults...)
}

func (r *reader) checkConfig(c Config) {
	files := len(c.FilePaths) > 0
	if c.Definition == "" && !files {
		r.fault("",
			"give the task definition: either definition (inline, or the name of a registered one) or file-paths")
	}
	if c.Definition != "" && !c.Registered() && !strings.ContainsAny(c.Definition, "{[\n") &&
		!strings.Contains(c.Definition, ": ") {
		r.fault("definition",
			"expected a task definition in JSON or YAML, or the name of a registered one: family, "+
				"family:revision or ARN (a file is given by file-paths)")
	}
	if c.Definition == "-" {
		r.fault("definition",
			"expected a definition or the name of a registered one; for the standard input use --file-paths -")
	}
	r.exclusive("definition", "file-paths", c.Definition != "" && files)
	r.exclusive("branch", "commit", c.Branch != "" && c.Commit != "")
	r.needs("repository", "file-paths", c.Repository != "", files || c.Definition != "")
	if c.Repository == "" {
		r.needs("branch", "repository", c.Branch != "", false)
		r.needs("commit", "repository", c.Commit != "", false)
		r.needs("git-token", "repository", c.GitToken != "", false)
		r.needs("git-username", "repository", c.GitUsername != "", false)
		r.needs("ssh-key", "repository", c.SSHKey != "", false)
		r.needs("ssh-known-hosts", "repository", c.SSHKnownHosts != "", false)
	} else if c.Definition != "" {
		r.fault("repository", "is only for file-paths, and cannot be used together with definition")
	}
	r.checkName("family", c.Family, familyName)
	r.checkName("started-by", c.StartedBy, startedBy)
	r.checkName("commit", c.Commit, commitID)
	r.region(c.Region)
	r.checkName("role-to-assume", c.RoleToAssume, roleARN)
	if c.Timeout == 0 && !c.SkipSteadyStateCheck {
		r.fault("timeout", "expected more than 0; use skip-steady-state-check to not wait")
	}
	r.checkName("cluster", c.Cluster, clusterName)
	r.checkVerdict(c.Verdict)
	r.needs("local-secrets", "local", c.LocalSecrets != "", c.Local != "")
	r.needs("local-environment-file", "local", c.LocalEnvironmentFile != "", c.Local != "")
	for _, name := range c.ResultFile {
		if !slices.Contains(resultEndings, strings.ToLower(path.Ext(name))) {
			r.fault("result-file", "expected names that end in %s", list(resultEndings))
			break
		}
	}
	r.checkOutputs(c)
	r.exclusive("preflight", "local (there is no AWS to check with)", c.Preflight && c.Local != "")
	r.checkLaunch(c.Launch)
	r.checkSubnets(c.Launch)
}

// checkOutputs reports inputs with which the step does not read the log of the outputs to its end.
func (r *reader) checkOutputs(c Config) {
	if c.OutputsFrom == "" {
		return
	}
	r.checkName("outputs-from", c.OutputsFrom, familyName)
	switch {
	case c.SkipSteadyStateCheck:
		r.fault("outputs-from",
			"cannot be used together with skip-steady-state-check: the log is complete once the task has ended")
	case c.SteadyState != "stopped":
		r.fault("outputs-from", "cannot be used together with steady-state %s: the log is complete once the task "+
			"has ended", c.SteadyState)
	case !c.Logs:
		r.fault("outputs-from", "cannot be used together with logs: false: the outputs are in the log")
	}
}

// Check reports invalid names. The error joins one [*Error] for each fault.
func (c Init) Check() error {
	r := &reader{}
	r.checkName("family", c.Family, familyName)
	r.region(c.Region)
	if c.From != "" && !registered.MatchString(c.From) {
		r.fault("from", "expected the name of a registered task definition: family, family:revision or ARN")
	}
	return errors.Join(r.faults...)
}

// The values of the input verdict that are not names of containers.
const (
	VerdictEssential = "essential"
	VerdictAll       = "all"
)

// VerdictAll reports whether every container decides.
func (w Waiting) VerdictAll() bool { return slices.Contains(w.Verdict, VerdictAll) }

// VerdictNames returns the containers that the input verdict names, or nil if it names none.
func (w Waiting) VerdictNames() []string {
	if w.VerdictAll() || slices.Contains(w.Verdict, VerdictEssential) {
		return nil
	}
	return w.Verdict
}

// checkVerdict reports invalid container names. Whether the containers exist is
// checked later, with the definition.
func (r *reader) checkVerdict(items []string) {
	if len(items) == 0 {
		r.fault("verdict", "expected %s, %s, or names of containers", VerdictEssential, VerdictAll)
	}
	for i, item := range items {
		switch {
		case (item == VerdictEssential || item == VerdictAll) && len(items) > 1:
			r.fault("verdict", "%s cannot be combined with other items: give it alone, or names of containers", item)
		case !familyName.pattern.MatchString(item) || len(item) > familyName.maxLength:
			r.fault("verdict", "item %d: expected %s, %s, or the name of a container", i+1,
				VerdictEssential, VerdictAll)
		}
	}
}

// Check reports inputs of a launch that cannot be used together, and invalid names.
// The error joins one [*Error] for each fault.
func (l Launch) Check() error {
	r := &reader{}
	r.checkLaunch(l)
	r.checkSubnets(l)
	return errors.Join(r.faults...)
}

// CheckPartial is [Launch.Check] for inputs to which others may be added. It does
// not report missing subnets.
func (l Launch) CheckPartial() error {
	r := &reader{}
	r.checkLaunch(l)
	return errors.Join(r.faults...)
}

func (r *reader) checkSubnets(l Launch) {
	subnets := len(l.Subnets) > 0 || l.Service != "" || l.RunTaskRequest != ""
	r.needs("assign-public-ip", "subnets", l.AssignPublicIP != "", subnets)
	r.needs("security-groups", "subnets", len(l.SecurityGroups) > 0, subnets)
}

func (r *reader) checkLaunch(l Launch) {
	if l.Count < 1 || l.Count > maxTasks {
		r.fault("count", "expected 1 to %d", maxTasks)
	}
	r.exclusive("launch-type", "capacity-provider-strategy", l.LaunchType != "" && len(l.CapacityProviderStrategy) > 0)
	r.checkPlaceholders("subnets", networkNameChars, l.Subnets...)
	r.checkPlaceholders("security-groups", networkNameChars, l.SecurityGroups...)
	r.checkLength("subnets", l.Subnets, 16)
	r.checkLength("security-groups", l.SecurityGroups, 5)
	r.checkNetworks("subnets", l.Subnets, "sg-", "a security group")
	r.checkNetworks("security-groups", l.SecurityGroups, "subnet-", "a subnet")
	r.checkName("service", l.Service, serviceName)
	r.checkName("container", l.Container, familyName)
	r.checkName("cpu", l.CPU, cpuSize)
	r.checkName("memory", l.Memory, memorySize)
	r.checkName("task-role-arn", l.TaskRoleARN, roleARN)
	r.checkName("execution-role-arn", l.ExecutionRoleARN, roleARN)
	if l.EphemeralStorage != 0 && (l.EphemeralStorage < 21 || l.EphemeralStorage > 200) {
		r.fault("ephemeral-storage", "expected 21 to 200 GiB")
	}
	for i, pair := range l.Environment.Pairs {
		if strings.ContainsAny(pair.Name, "= \t") {
			r.fault("environment", "entry %d: a name can't have blanks or an equals sign", i+1)
		}
	}
}

// checkNetworks reports ids of another kind, and items that match everything: an
// empty filter, or one that consists of wildcards.
func (r *reader) checkNetworks(name string, items []string, wrong, what string) {
	for i, item := range items {
		if _, ok := placeholder.Find(item); ok {
			continue // reported elsewhere, as a fault or a warning
		}
		if strings.HasPrefix(item, wrong) {
			r.fault(name, "item %d is the id of %s", i+1, what)
			continue
		}
		for filter := range strings.SplitSeq(item, "&") {
			key, value, isFilter := strings.Cut(filter, "=")
			if !isFilter {
				value = filter
			}
			if strings.Trim(value, " *?") == "" || isFilter != strings.Contains(item, "=") ||
				isFilter && strings.TrimSpace(key) == "" {
				r.fault(name,
					"item %d: expected an id, a name or a filter such as tag:Tier=private, not only wildcards", i+1)
				break
			}
		}
	}
}

// exclusive reports two inputs that cannot be used together.
func (r *reader) exclusive(a, b string, both bool) {
	if both {
		r.fault(a, "cannot be used together with %s", b)
	}
}

// needs reports an input that has no effect without another.
func (r *reader) needs(a, b string, given, met bool) {
	if given && !met {
		r.fault(a, "needs %s", b)
	}
}

// checkName reports an invalid name. An empty value is valid.
func (r *reader) checkName(name, value string, g grammar) {
	if value == "" || len(value) <= g.maxLength && g.pattern.MatchString(value) {
		return
	}
	if p, ok := placeholder.Find(value); ok {
		r.placeholderFault(name, p)
		return
	}
	r.fault(name, "expected %s", g.expected)
}

// checkLength reports a list that is longer than the API allows.
func (r *reader) checkLength(name string, items []string, most int) {
	if len(items) > most {
		r.fault(name, "expected at most %d items, found %d", most, len(items))
	}
}
