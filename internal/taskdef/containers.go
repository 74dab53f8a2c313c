package taskdef

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// Limits of ECS.
const (
	maxDefinition = 64 << 10 // bytes of a request
	maxContainers = 10
	maxName       = 255 // characters of the names of families, containers and volumes, and of images
)

// nameText leaves lengths to others: a bounded repetition is slow to compile.
var nameText = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// checkName tells of a name that is not of the characters ECS takes.
func checkName(o object, what string, tell telling) {
	name := o.text()
	switch n := utf8.RuneCountInString(name); {
	case o.odd(): // told of already
	case name == "":
		tell(o, "", "%s must have a name", what)
	case n > maxName:
		tell(o, "", "a name of %d characters is longer than the %d that ECS takes", n, maxName)
	case !nameText.MatchString(name):
		tell(o, "", "%q has other characters than letters, digits, _ and -", shorten(name))
	}
}

func familyName(t *task, tell telling) {
	if f := t.get("family"); f.given() {
		checkName(f, "a family", tell)
	}
}

func definitionSize(t *task, tell telling) {
	if t.bytes > maxDefinition {
		tell(t.object, "", "the definition has %d bytes as a request, more than the %d that ECS takes", t.bytes, maxDefinition)
	}
}

func containerCount(t *task, tell telling) {
	list := t.get("containerDefinitions")
	switch n := list.len(); {
	case !list.given():
		tell(list, `"containerDefinitions": [ { "name": "…", "image": "…" } ]`, "missing: a definition must have containers")
	case list.empty():
		tell(list, "", "a definition must have at least one container")
	case n > maxContainers:
		tell(list, "", "%d containers are more than the %d that a definition can have", n, maxContainers)
	}
}

func containerName(t *task, tell telling) {
	for _, c := range t.containers {
		checkName(c.get("name"), "a container", tell)
	}
}

func containerNameDuplicate(t *task, tell telling) {
	var names []object
	for _, c := range t.containers {
		names = append(names, c.get("name"))
	}
	duplicates(names, 0, "container", tell)
}

func containerEssential(t *task, tell telling) {
	for _, c := range t.containers {
		if !c.get("essential").isFalse() {
			return
		}
	}
	if len(t.containers) > 0 {
		tell(t.containers[0].get("essential"), `"essential": true`, "no container is essential: a task must have at least one that is")
	}
}

func image(t *task, tell telling) {
	for _, c := range t.containers {
		o := c.get("image")
		name, _, _ := strings.Cut(o.text(), "@")
		var fault *awsfacts.ImageError
		_, err := awsfacts.ParseImage(o.text())
		switch n := utf8.RuneCountInString(name); {
		case o.odd(): // told of already
		case o.text() == "":
			tell(o, `"image": "…", or give it by the input image`, "a container must have an image")
		case n > maxName:
			tell(o, "", "an image name of %d characters is longer than the %d that ECS takes", n, maxName)
		case strings.TrimSpace(o.text()) != o.text():
			tell(o, quoted(strings.TrimSpace(o.text())), "the image has white space around it")
		case strings.Contains(name, "$"):
			tell(o, "", "the image %q has a variable in it: nothing expands it", shorten(o.text()))
		case errors.As(err, &fault):
			right := ""
			if fault.Right != "" {
				right = quoted(fault.Right)
			}
			tell(o, brief(right), "the image %q can't be pulled: %s", shorten(o.text()), fault.Reason)
		}
	}
}

func role(t *task, tell telling) {
	for _, key := range []string{"taskRoleArn", "executionRoleArn"} {
		o := t.get(key)
		switch r := o.text(); {
		case r == "" || awsfacts.IsRole(r):
		case strings.HasPrefix(r, "arn:") && strings.Contains(r, "${"):
			tell(o, "arn:aws:iam::${{ vars.ACCOUNT }}:role/name", "%q has a placeholder that nothing replaces: expressions are written ${{ … }}", shorten(r))
		case strings.HasPrefix(r, "arn:"):
			tell(o, "arn:aws:iam::123456789012:role/name", "%q is not the ARN of an IAM role", shorten(r))
		default:
			tell(o, "", "%q is neither the name nor the ARN of an IAM role", shorten(r))
		}
	}
}

func healthCheckRange(t *task, tell telling) {
	for _, c := range t.containers {
		h := c.get("healthCheck")
		between(h.get("interval"), 5, 300, " seconds", tell)
		between(h.get("timeout"), 2, 60, " seconds", tell)
		between(h.get("retries"), 1, 10, "", tell)
		between(h.get("startPeriod"), 0, 300, " seconds", tell)
		if command := h.get("command"); command.given() && command.empty() {
			tell(command, `[ "CMD-SHELL", "curl -f http://localhost/ || exit 1" ]`, "a health check must have a command")
		}
	}
}

func healthCheckCommand(t *task, tell telling) {
	for _, c := range t.containers {
		command := c.get("healthCheck").get("command")
		if !command.given() || command.node.Kind != document.List {
			continue
		}
		first := ""
		for word := range command.each() {
			first = word.text()
			break
		}
		if command.len() > 0 && !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, first) {
			tell(command, `[ "CMD-SHELL", "curl -f http://localhost/ || exit 1" ]`, "the command of a health check begins with CMD or CMD-SHELL")
		}
	}
}

func restartPolicyRange(t *task, tell telling) {
	for _, c := range t.containers {
		policy := c.get("restartPolicy")
		between(policy.get("restartAttemptPeriod"), 60, 1800, " seconds", tell)
		if codes := policy.get("ignoredExitCodes"); codes.len() > 50 {
			tell(codes, "", "%d exit codes are more than the 50 that can be ignored", codes.len())
		}
	}
}

// restartPolicyJob warns of a container that starts again instead of ending.
func restartPolicyJob(t *task, tell telling) {
	for _, c := range t.containers {
		policy := c.get("restartPolicy")
		if !policy.get("enabled").isTrue() || c.get("essential").isFalse() {
			continue
		}
		zero := false
		for code := range policy.get("ignoredExitCodes").each() {
			n, ok := code.number()
			zero = zero || ok && n == 0
		}
		if !zero {
			tell(policy, `"ignoredExitCodes": [0]`, "the container starts again when it has ended with 0, so a job with it may not end")
		}
	}
}

func credentialSpecs(t *task, tell telling) {
	for _, c := range t.containers {
		if specs := c.get("credentialSpecs"); specs.len() > 1 {
			tell(specs, "", "%d credential specs are more than the one that a container can have", specs.len())
		}
	}
}

func swap(t *task, tell telling) {
	for _, c := range t.containers {
		linux := c.get("linuxParameters")
		between(linux.get("swappiness"), 0, 100, "", tell)
		if n, ok := linux.get("maxSwap").number(); ok && n < 0 {
			tell(linux.get("maxSwap"), "", "expected 0 or more MiB, found %d", n)
		}
	}
}

func ulimit(t *task, tell telling) {
	for _, c := range t.containers {
		for limit := range c.get("ulimits").each() {
			soft, okSoft := limit.get("softLimit").number()
			hard, okHard := limit.get("hardLimit").number()
			if okSoft && okHard && hard >= 0 && soft > hard {
				tell(limit.get("softLimit"), "", "the soft limit %d is above the hard limit %d", soft, hard)
			}
		}
	}
}

func inferenceAccelerator(t *task, tell telling) {
	if o := t.get("inferenceAccelerators"); !o.empty() {
		tell(o, "", "Elastic Inference is no longer available")
	}
}

// windowsUnsupported warns of what ECS documents as not supported for Windows.
func windowsUnsupported(t *task, tell telling) {
	if !t.windows {
		return
	}
	for _, c := range t.containers {
		for _, key := range []string{"disableNetworking", "dnsSearchDomains", "dnsServers", "extraHosts", "links", "linuxParameters", "privileged"} {
			if o := c.get(key); !o.empty() && !o.isFalse() {
				tell(o, "", "%s is not supported for Windows containers", key)
			}
		}
	}
}

// commandWord warns of a command line that is written as one word, which Docker
// takes as the name of a program.
func commandWord(t *task, tell telling) {
	for _, c := range t.containers {
		entryPoint, command := c.get("entryPoint"), c.get("command")
		unless := ""
		if entryPoint.empty() && command.len() == 1 {
			entryPoint, unless = command, ", unless the image has an entry point that takes it as a whole"
		}
		for word := range entryPoint.each() {
			if strings.ContainsAny(word.text(), " \t\n") {
				tell(word, brief(listHint(word.text(), "command", "")), "%q is one program name with blanks%s: each word is an item of the list", shorten(word.text()), unless)
			}
			break
		}
	}
}

// windowsARM tells of Windows containers for ARM, which no kind of capacity of ECS
// runs (API reference, RuntimePlatform: ARM64 is for Linux).
func windowsARM(t *task, tell telling) {
	if o := t.get("runtimePlatform").get("cpuArchitecture"); t.windows && o.text() == "ARM64" {
		tell(o, `"cpuArchitecture": "X86_64"`, "ECS runs Windows containers on X86_64 only")
	}
}
