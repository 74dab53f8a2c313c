// Package rules has the rules that ECS applies to a task definition whose shape is right:
// what its members demand of each other, limits, and what AWS documents or refuses. Each
// rule is a function and a row of one table.
//
// It reads a checked tree. It changes nothing, calls nothing, and knows neither the other
// forms in which definitions are written nor what becomes of them.
package rules

import (
	"fmt"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// Options say which rules hold. The zero value holds a definition to all but that on its
// size.
type Options struct {
	// Size is how many bytes the request for the definition has.
	Size int

	// ImagesOnly holds a definition to the rule on images alone.
	ImagesOnly bool

	// PassUnknown makes warnings of the rules about what the known API lacks.
	PassUnknown bool
}

// Check adds to findings what the rules say of the definition at a path of a larger
// document.
func Check(findings *document.Findings, definition *document.Node, path string, o Options) {
	t := newTask(definition)
	t.size = o.Size
	unrendered := map[*document.Node]bool{}
	for _, r := range rules {
		if o.ImagesOnly && r.code != "image" {
			continue
		}
		warning := r.warning || o.PassUnknown && slices.Contains(passable, r.code)
		r.check(t, func(at value, hint, format string, args ...any) {
			if r.code == "placeholder" {
				unrendered[at.Node] = true
			} else if at.Node != nil && unrendered[at.Node] {
				return
			}
			switch { // the search for paths takes time
			case warning && !findings.WarningsFull():
				findings.Warn(at.Place, at.Path(definition, path), r.code, hint, format, args...)
			case !warning && !findings.FaultsFull():
				findings.Fault(at.Place, at.Path(definition, path), r.code, hint, format, args...)
			}
		})
	}
}

// Codes returns the codes of all rules.
func Codes() []string {
	var codes []string
	for _, r := range rules {
		codes = append(codes, r.code)
	}
	return codes
}

// A Violation is a breach of a rule.
type Violation struct {
	Code, Path, Hint, Message string // as in a [document.Error]

	Warning bool
	Node    *document.Node // what the violation is about; nil if that is absent
}

// sizeRules are the rules that hold for the sizes of a definition together with those that
// a task's overrides put in their place.
var sizeRules = []string{
	"cpu", "cpu-range", "cpu-sum", "memory", "memory-limit", "memory-reservation", "memory-sum", "memory-minimum",
	"negative", "fargate-size", "fargate-family", "fargate-windows", "ephemeral-storage",
}

// CheckSizes returns what the rules for sizes say of a definition.
func CheckSizes(definition *document.Node) []Violation {
	t := newTask(definition)
	var violations []Violation
	for _, r := range rules {
		if !slices.Contains(sizeRules, r.code) {
			continue
		}
		r.check(t, func(at value, hint, format string, args ...any) {
			violations = append(violations, Violation{
				Code: r.code, Path: at.Path(definition, ""), Hint: hint, Message: fmt.Sprintf(format, args...),
				Warning: r.warning, Node: at.Node,
			})
		})
	}
	return violations
}

// rules are all rules, except those on tags and on the presence of the family, which are in
// taskdef. Their messages say what the documentation of ECS or its refusals say.
var rules = []rule{
	{"placeholder", false, placeholders}, // first: no other rule reports such a value
	{"placeholder-kept", true, placeholdersAllowed},

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

// passable are the rules about what the known API lacks. They are warnings if unknown
// members are passed on.
var passable = []string{"log-option"}
