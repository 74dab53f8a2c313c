package taskdef

import (
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// A rule is something that ECS demands of a definition whose form is right.
type rule struct {
	code    string
	warning bool // ECS may take it after all, or takes it and then does what is not meant
	check   func(t *task, tell telling)
}

// telling tells of one breach of a rule: where, what, and a hint that may be
// empty.
type telling func(at object, hint, format string, args ...any)

// rules are all there are besides those on tags and on the family's presence.
// Texts say what ECS says in its documentation or in its refusals.
var rules = []rule{
	{"placeholder", false, placeholders}, // first: what else is wrong with such a value is of no interest
	{"placeholder-kept", true, placeholdersKept},

	{"family-name", false, familyName},
	{"definition-size", false, definitionSize},
	{"container-count", false, containerCount},
	{"container-name", false, containerName},
	{"container-name-duplicate", false, containerNameDuplicate},
	{"container-essential", false, containerEssential},
	{"image", false, image},
	{"role", false, role},

	{"script-split", false, scriptSplit},
	{"script-arguments", true, scriptArguments},
	{"command-word", true, commandWord},

	{"cpu", false, taskCPU},
	{"cpu-range", true, cpuRange},
	{"cpu-sum", false, cpuSum},
	{"memory", false, taskMemory},
	{"memory-missing", false, memoryMissing},
	{"memory-limit", false, memoryLimit},
	{"memory-reservation", false, memoryReservation},
	{"memory-sum", true, memorySum},
	{"memory-minimum", true, memoryMinimum},
	{"negative", false, negative},

	{"fargate-cpu", false, fargateCPU},
	{"fargate-memory", false, fargateMemory},
	{"fargate-size", true, fargateSize},
	{"fargate-windows", false, fargateWindows},
	{"fargate-family", true, fargateFamily},
	{"fargate-network", false, fargateNetwork},
	{"fargate-execution-role", false, fargateExecutionRole},
	{"fargate-log-driver", false, fargateLogDriver},
	{"fargate-log-prefix", false, fargateLogPrefix},
	{"fargate-unsupported", false, fargateUnsupported},
	{"fargate-tmpfs", true, fargateTmpfs},
	{"fargate-capability", false, fargateCapability},
	{"fargate-volume", false, fargateVolume},
	{"fargate-timeout", false, fargateTimeout},

	{"port-range", false, portRange},
	{"port-host", false, portHost},
	{"port-none", false, portNone},
	{"port-duplicate", false, portDuplicate},
	{"port-host-duplicate", false, portHostDuplicate},
	{"port-count", false, portCount},
	{"port-name", false, portName},
	{"port-name-duplicate", false, portNameDuplicate},
	{"links-network", false, linksNetwork},
	{"hostname-network", false, hostnameNetwork},
	{"hosts-network", false, hostsNetwork},

	{"links", false, linksContainer},
	{"depends-on-container", false, dependsOnContainer},
	{"depends-on-cycle", false, dependsOnCycle},
	{"depends-on-condition", false, dependsOnCondition},
	{"volumes-from", false, volumesFrom},
	{"reference-twice", false, referenceTwice},
	{"proxy-container", false, proxyContainer},

	{"health-check", false, healthCheckRange},
	{"health-check-command", true, healthCheckCommand},
	{"restart-policy", false, restartPolicyRange},
	{"restart-policy-job", true, restartPolicyJob},

	{"environment-name", false, environmentName},
	{"environment-duplicate", true, environmentDuplicate},
	{"environment-file", false, environmentFile},
	{"secret-name", false, secretName},
	{"secret-value", false, secretValue},
	{"secret-suffix", true, secretSuffix},
	{"secret-path", true, secretPath},
	{"secret-role", false, secretRole},
	{"credentials", false, credentials},

	{"log-options", false, logOptions},
	{"log-region", false, logRegion},
	{"log-region-unknown", true, logRegionUnknown},
	{"log-option", false, logOption},
	{"log-value", false, logValue},
	{"log-buffer", true, logBuffer},
	{"firelens", false, firelens},

	{"volume-name", false, volumeName},
	{"volume-name-duplicate", false, volumeNameDuplicate},
	{"volume-kind", false, volumeKind},
	{"volume-at-launch", false, volumeAtLaunch},
	{"volume-efs", false, volumeEFS},
	{"volume-efs-id", false, volumeEFSID},
	{"volume-docker", false, volumeDocker},
	{"volume-host", false, volumeHost},
	{"mount-point", false, mountPoint},
	{"mount-path", false, mountPath},

	{"ephemeral-storage", false, ephemeralStorage},
	{"placement-count", false, placementCount},
	{"placement-form", false, placementForm},
	{"empty-member", false, emptyMember},
	{"credential-specs", false, credentialSpecs},
	{"swap", false, swap},
	{"ulimit", true, ulimit},
	{"inference-accelerator", true, inferenceAccelerator},
	{"windows-arm", false, windowsARM},
	{"windows-unsupported", true, windowsUnsupported},
}

// passable are the rules about what the known API lacks: warnings where unknown
// members are passed on.
var passable = []string{"log-option"}

// A task is a definition as the rules look at it.
type task struct {
	object
	bytes      int      // of the request
	containers []object // but those that are no maps, and no more than ten times what ECS takes
	fargate    bool     // ECS is to validate it for Fargate
	windows    bool
	network    string // network mode; bridge if none is given, which is the default
}

func newTask(def *Definition) *task {
	t := &task{
		object: objectOf(def.Node), bytes: len(def.Body),
		fargate: slices.Contains(def.RequiresCompatibilities, "FARGATE"),
		windows: awsfacts.IsWindows(def.OperatingSystem),
		network: def.NetworkMode,
	}
	for c := range t.get("containerDefinitions").each() {
		if c.node.Kind == document.Map && len(t.containers) < 10*maxContainers {
			t.containers = append(t.containers, c)
		}
	}
	if t.network == "" {
		t.network = "bridge"
	}
	return t
}

// container returns the container of a name.
func (t *task) container(name string) (object, bool) {
	for _, c := range t.containers {
		if c.get("name").text() == name {
			return c, true
		}
	}
	return object{}, false
}

// rules checks the definition at path by all rules.
func (d *decoder) rules(def *Definition, path string) {
	t := newTask(def)
	unrendered := map[*document.Node]bool{}
	for _, r := range rules {
		if d.options.Registered && r.code != "image" {
			continue
		}
		r.warning = r.warning || d.options.UnknownMembers == "pass" && slices.Contains(passable, r.code)
		r.check(t, func(at object, hint, format string, args ...any) {
			if r.code == "placeholder" {
				unrendered[at.node] = true
			} else if at.node != nil && unrendered[at.node] {
				return
			}
			switch {
			case d.full(r.warning): // searching for paths takes time
			case r.warning:
				d.warn(at.place, at.path(def.Node, path), r.code, hint, format, args...)
			default:
				d.fault(at.place, at.path(def.Node, path), r.code, hint, format, args...)
			}
		})
	}
}

// negative tells of numbers below what they count from.
func negative(t *task, tell telling) {
	for _, c := range t.containers {
		for _, of := range []struct {
			key   string
			least int64
		}{{"cpu", 0}, {"memory", 1}, {"memoryReservation", 1}, {"startTimeout", 0}, {"stopTimeout", 0}} {
			if n, ok := c.get(of.key).number(); ok && n < of.least {
				tell(c.get(of.key), "", "expected %d or more, found %d", of.least, n)
			}
		}
	}
}

// between tells of a whole number that is outside of a range. An absent one is
// inside.
func between(o object, least, most int64, unit string, tell telling) {
	if n, ok := o.number(); ok && (n < least || n > most) {
		tell(o, "", "expected %d to %d%s, found %d", least, most, unit, n)
	}
}

// duplicates tells of the values from an index on that another before them
// equals.
func duplicates(values []object, from int, what string, tell telling) {
	seen := make(map[string]document.Place, len(values))
	for i, v := range values {
		text := v.text()
		first, twice := seen[text]
		switch {
		case !twice:
			seen[text] = v.place
		case i >= from && text != "":
			tell(v, "", "the %s %q is given twice, first at %d:%d", what, shorten(text), first.Line, first.Column)
		}
	}
}
