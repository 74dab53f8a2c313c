package rules

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// Limits of ECS.
const (
	maxDefinition = 64 << 10 // bytes of a request
	maxName       = 255      // characters of the names of families, containers and volumes, and of images
)

// nameText does not limit the length: a bounded repetition is slow to compile.
var nameText = lazyregexp.New(`^[A-Za-z0-9_-]+$`)

// checkName reports a name that is missing, too long, or of characters that ECS refuses.
func checkName(o value, what string, report reportFunc) {
	name := o.Text()
	switch n := utf8.RuneCountInString(name); {
	case o.Invalid(): // the check of shapes has reported it
	case name == "":
		report(o, "", "%s must have a name", what)
	case n > maxName:
		report(o, "", "a name of %d characters is longer than the %d that ECS takes", n, maxName)
	case !nameText.MatchString(name):
		report(o, "", "%q has other characters than letters, digits, _ and -", document.Shorten(name))
	}
}

func familyName(t *task, report reportFunc) {
	if f := t.Get("family"); f.Given() {
		checkName(f, "a family", report)
	}
}

func definitionSize(t *task, report reportFunc) {
	if t.size > maxDefinition {
		report(t.value, "", "the definition has %d bytes as a request, more than the %d that ECS takes",
			t.size, maxDefinition)
	}
}

func containerCount(t *task, report reportFunc) {
	list := t.Get("containerDefinitions")
	switch n := list.Len(); {
	case !list.Given():
		report(list, `"containerDefinitions": [ { "name": "…", "image": "…" } ]`,
			"missing: a definition must have containers")
	case list.Empty():
		report(list, "", "a definition must have at least one container")
	case n > maxContainers:
		report(list, "", "%d containers are more than the %d that a definition can have", n, maxContainers)
	}
}

func containerName(t *task, report reportFunc) {
	for _, c := range t.containers {
		checkName(c.Get("name"), "a container", report)
	}
}

func containerNameDuplicate(t *task, report reportFunc) {
	var names []value
	for _, c := range t.containers {
		names = append(names, c.Get("name"))
	}
	duplicates(names, 0, "container", report)
}

func containerEssential(t *task, report reportFunc) {
	for _, c := range t.containers {
		if !c.Get("essential").IsFalse() {
			return
		}
	}
	if len(t.containers) > 0 {
		report(t.containers[0].Get("essential"), `"essential": true`,
			"no container is essential: a task must have at least one that is")
	}
}

func image(t *task, report reportFunc) {
	for _, c := range t.containers {
		o := c.Get("image")
		name, _, _ := strings.Cut(o.Text(), "@")
		var fault *awsfacts.ImageError
		_, err := awsfacts.ParseImage(o.Text())
		switch n := utf8.RuneCountInString(name); {
		case o.Invalid(): // the check of shapes has reported it
		case o.Text() == "":
			report(o, `"image": "…", or give it by the input image`, "a container must have an image")
		case n > maxName:
			report(o, "", "an image name of %d characters is longer than the %d that ECS takes", n, maxName)
		case strings.TrimSpace(o.Text()) != o.Text():
			report(o, document.Quote(strings.TrimSpace(o.Text())), "the image has white space around it")
		case strings.Contains(name, "$"):
			report(o, "", "the image %q has a variable in it: nothing expands it", document.Shorten(o.Text()))
		case errors.As(err, &fault):
			right := ""
			if fault.Corrected != "" {
				right = document.Quote(fault.Corrected)
			}
			report(o, document.Brief(right), "the image %q can't be pulled: %s", document.Shorten(o.Text()), fault.Reason)
		}
	}
}

func role(t *task, report reportFunc) {
	for _, key := range []string{"taskRoleArn", "executionRoleArn"} {
		o := t.Get(key)
		switch r := o.Text(); {
		case r == "" || awsfacts.IsRole(r):
		case strings.HasPrefix(r, "arn:") && strings.Contains(r, "${"):
			report(o, "arn:aws:iam::${{ vars.ACCOUNT }}:role/name",
				"%q has a placeholder that nothing replaces: expressions are written ${{ … }}", document.Shorten(r))
		case strings.HasPrefix(r, "arn:"):
			report(o, "arn:aws:iam::123456789012:role/name", "%q is not the ARN of an IAM role", document.Shorten(r))
		default:
			report(o, "", "%q is neither the name nor the ARN of an IAM role", document.Shorten(r))
		}
	}
}

func healthCheckRange(t *task, report reportFunc) {
	for _, c := range t.containers {
		h := c.Get("healthCheck")
		between(h.Get("interval"), 5, 300, " seconds", report)
		between(h.Get("timeout"), 2, 60, " seconds", report)
		between(h.Get("retries"), 1, 10, "", report)
		between(h.Get("startPeriod"), 0, 300, " seconds", report)
		if command := h.Get("command"); command.Given() && command.Empty() {
			report(command, `[ "CMD-SHELL", "curl -f http://localhost/ || exit 1" ]`, "a health check must have a command")
		}
	}
}

func healthCheckCommand(t *task, report reportFunc) {
	for _, c := range t.containers {
		command := c.Get("healthCheck").Get("command")
		if !command.Given() || command.Node.Kind != document.List {
			continue
		}
		first := ""
		for word := range command.Each() {
			first = word.Text()
			break
		}
		if command.Len() > 0 && !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, first) {
			report(command, `[ "CMD-SHELL", "curl -f http://localhost/ || exit 1" ]`,
				"the command of a health check begins with CMD or CMD-SHELL")
		}
	}
}

func restartPolicyRange(t *task, report reportFunc) {
	for _, c := range t.containers {
		policy := c.Get("restartPolicy")
		between(policy.Get("restartAttemptPeriod"), 60, 1800, " seconds", report)
		if codes := policy.Get("ignoredExitCodes"); codes.Len() > 50 {
			report(codes, "", "%d exit codes are more than the 50 that can be ignored", codes.Len())
		}
	}
}

// restartPolicyJob warns of a container that starts again instead of ending.
func restartPolicyJob(t *task, report reportFunc) {
	for _, c := range t.containers {
		policy := c.Get("restartPolicy")
		if !policy.Get("enabled").IsTrue() || c.Get("essential").IsFalse() {
			continue
		}
		zero := false
		for code := range policy.Get("ignoredExitCodes").Each() {
			n, ok := code.Number()
			zero = zero || ok && n == 0
		}
		if !zero {
			report(policy, `"ignoredExitCodes": [0]`,
				"the container starts again when it has ended with 0, so a job with it may not end")
		}
	}
}

func credentialSpecs(t *task, report reportFunc) {
	for _, c := range t.containers {
		if specs := c.Get("credentialSpecs"); specs.Len() > 1 {
			report(specs, "", "%d credential specs are more than the one that a container can have", specs.Len())
		}
	}
}

func swap(t *task, report reportFunc) {
	for _, c := range t.containers {
		linux := c.Get("linuxParameters")
		between(linux.Get("swappiness"), 0, 100, "", report)
		if n, ok := linux.Get("maxSwap").Number(); ok && n < 0 {
			report(linux.Get("maxSwap"), "", "expected 0 or more MiB, found %d", n)
		}
	}
}

func ulimit(t *task, report reportFunc) {
	for _, c := range t.containers {
		for limit := range c.Get("ulimits").Each() {
			soft, okSoft := limit.Get("softLimit").Number()
			hard, okHard := limit.Get("hardLimit").Number()
			if okSoft && okHard && hard >= 0 && soft > hard {
				report(limit.Get("softLimit"), "", "the soft limit %d is above the hard limit %d", soft, hard)
			}
		}
	}
}

func inferenceAccelerator(t *task, report reportFunc) {
	if o := t.Get("inferenceAccelerators"); !o.Empty() {
		report(o, "", "Elastic Inference is no longer available")
	}
}

// windowsUnsupported warns of what ECS documents as not supported for Windows.
func windowsUnsupported(t *task, report reportFunc) {
	if !t.windows {
		return
	}
	for _, c := range t.containers {
		for _, key := range []string{"disableNetworking", "dnsSearchDomains", "dnsServers", "extraHosts", "links",
			"linuxParameters", "privileged"} {
			if o := c.Get(key); !o.Empty() && !o.IsFalse() {
				report(o, "", "%s is not supported for Windows containers", key)
			}
		}
	}
}

// commandWord warns of a command line that is written as one word: Docker takes it as the
// name of a program.
func commandWord(t *task, report reportFunc) {
	for _, c := range t.containers {
		entryPoint, command := c.Get("entryPoint"), c.Get("command")
		unless := ""
		if entryPoint.Empty() && command.Len() == 1 {
			entryPoint, unless = command, ", unless the image has an entry point that takes it as a whole"
		}
		for word := range entryPoint.Each() {
			if strings.ContainsAny(word.Text(), " \t\n") {
				report(word, document.Brief(apischema.CommandHint(word.Text())),
					"%q is one program name with blanks%s: each word is an item of the list", document.Shorten(word.Text()), unless)
			}
			break
		}
	}
}

// windowsARM reports Windows containers for ARM, which no kind of capacity of ECS runs (API
// reference, RuntimePlatform: ARM64 is for Linux).
func windowsARM(t *task, report reportFunc) {
	if o := t.Get("runtimePlatform").Get("cpuArchitecture"); t.windows && o.Text() == "ARM64" {
		report(o, `"cpuArchitecture": "X86_64"`, "ECS runs Windows containers on X86_64 only")
	}
}
