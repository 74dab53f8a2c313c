package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

const executionRole = `"executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"`

func fargateCPU(t *task, report reportFunc) {
	if o := t.get("cpu"); t.fargate && !o.given() {
		report(o, `"cpu": "256"`, "missing: Fargate needs the cpu of the task")
	}
}

func fargateMemory(t *task, report reportFunc) {
	if o := t.get("memory"); t.fargate && !o.given() {
		report(o, `"memory": "512"`, "missing: Fargate needs the memory of the task")
	}
}

// fargateSize warns of an unknown size. It is no error, because AWS adds sizes.
func fargateSize(t *task, report reportFunc) {
	cpu, okCPU := t.units()
	memory, okMemory := t.mebibytes()
	if !t.fargate || !okCPU || !okMemory {
		return
	}
	var known []string
	for _, s := range awsfacts.FargateSizes {
		known = append(known, fmt.Sprint(s.CPU))
		if s.CPU != cpu {
			continue
		}
		if !s.Has(memory) {
			report(t.get("memory"), fmt.Sprintf("with cpu %d: %s", cpu, s),
				"Fargate is not known to have %d MiB of memory with cpu %d", memory, cpu)
		}
		return
	}
	report(t.get("cpu"), "one of "+strings.Join(known, ", "), "Fargate is not known to have cpu %d", cpu)
}

// fargateFamily warns of an operating system that Fargate is not known to have, and
// of a size that it is not known to have for Windows.
func fargateFamily(t *task, report reportFunc) {
	if !t.fargate {
		return
	}
	if o := t.get("runtimePlatform").get("operatingSystemFamily"); apischema.IsValue("OSFamily", o.text()) &&
		!awsfacts.FargateHas(o.text()) {
		report(o, "", "Fargate is not known to have %s", o.text())
	}
	if n, ok := t.units(); ok && t.windows && n > awsfacts.WindowsMostCPU {
		report(t.get("cpu"), "", "Fargate is not known to have more than %d CPU units for Windows containers, found %d",
			awsfacts.WindowsMostCPU, n)
	}
}

func fargateWindows(t *task, report reportFunc) {
	const least = awsfacts.WindowsLeastCPU
	if n, ok := t.units(); ok && t.fargate && t.windows && n < least {
		report(t.get("cpu"), `"cpu": "1024"`, "Windows containers on Fargate need at least %d CPU units, found %d", least, n)
	}
}

func fargateNetwork(t *task, report reportFunc) {
	if o := t.get("networkMode"); t.fargate && t.network != "awsvpc" {
		report(o, `"networkMode": "awsvpc"`, "Fargate needs the networkMode awsvpc")
	}
}

func fargateExecutionRole(t *task, report reportFunc) {
	if !t.fargate || t.get("executionRoleArn").given() {
		return
	}
	for _, c := range t.containers {
		if o := c.get("image"); isECR(o.text()) {
			report(o, executionRole, "Fargate needs an executionRoleArn to pull an image from ECR, which the definition lacks")
			return
		}
		if o := c.get("logConfiguration").get("logDriver"); o.text() == "awslogs" {
			report(o, executionRole, "Fargate needs an executionRoleArn for the log driver awslogs, which the definition lacks")
			return
		}
		if o := c.get("repositoryCredentials"); o.given() {
			report(o, executionRole, "Fargate needs an executionRoleArn for repositoryCredentials, which the definition lacks")
			return
		}
	}
}

// isECR reports whether an image is in a private registry of ECR.
func isECR(image string) bool {
	parsed, err := awsfacts.ParseImage(image)
	_, ok := parsed.ECR()
	return err == nil && ok
}

func fargateLogDriver(t *task, report reportFunc) {
	drivers := []string{"awslogs", "splunk", "awsfirelens"}
	for _, c := range t.containers {
		o := c.get("logConfiguration").get("logDriver")
		if t.fargate && o.text() != "" && apischema.IsValue("LogDriver", o.text()) && !slices.Contains(drivers, o.text()) {
			report(o, "", "Fargate has the log drivers %s, not %s", strings.Join(drivers, ", "), o.text())
		}
	}
}

func fargateLogPrefix(t *task, report reportFunc) {
	for _, c := range t.containers {
		log := c.get("logConfiguration")
		if o := log.get("options").get("awslogs-stream-prefix"); t.fargate && log.get("logDriver").text() == "awslogs" &&
			!o.invalid() && o.text() == "" {
			report(o, `"awslogs-stream-prefix": "ecs"`,
				"missing: on Fargate the log driver awslogs requires the option awslogs-stream-prefix")
		}
	}
}

// fargateUnsupported reports members that only container instances support.
func fargateUnsupported(t *task, report reportFunc) {
	if !t.fargate {
		return
	}
	refuse := func(o value, keys ...string) {
		for _, key := range keys {
			if m := o.get(key); !m.empty() && !m.isFalse() {
				report(m, "", "Fargate does not support %s", key)
			}
		}
	}
	refuse(t.value, "ipcMode", "placementConstraints")
	if o := t.get("pidMode"); o.text() == "host" {
		report(o, `"pidMode": "task"`, "Fargate does not support pidMode host")
	}
	for _, c := range t.containers {
		refuse(c, "disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links",
			"privileged")
		refuse(c.get("linuxParameters"), "devices", "sharedMemorySize", "maxSwap", "swappiness")
		for requirement := range c.get("resourceRequirements").each() {
			if o := requirement.get("type"); o.text() == "GPU" {
				report(o, "", "Fargate has no GPU")
			}
		}
	}
}

// fargateTmpfs warns of tmpfs: the developer guide says that Fargate does not support it;
// the API reference no longer says so.
func fargateTmpfs(t *task, report reportFunc) {
	for _, c := range t.containers {
		if o := c.get("linuxParameters").get("tmpfs"); t.fargate && !o.empty() {
			report(o, "", "Fargate may not support tmpfs")
		}
	}
}

func fargateCapability(t *task, report reportFunc) {
	for _, c := range t.containers {
		for o := range c.get("linuxParameters").get("capabilities").get("add").each() {
			if t.fargate && o.text() != "SYS_PTRACE" {
				report(o, "", "Fargate can add the capability SYS_PTRACE only, not %s", document.Shorten(o.text()))
			}
		}
	}
}

func fargateVolume(t *task, report reportFunc) {
	if !t.fargate {
		return
	}
	for volume := range t.get("volumes").each() {
		if o := volume.get("dockerVolumeConfiguration"); o.given() {
			report(o, "", "Fargate does not support dockerVolumeConfiguration")
		}
		if o := volume.get("host").get("sourcePath"); o.text() != "" {
			report(o, "", "Fargate has no host whose sourcePath could be mounted")
		}
	}
}

func fargateTimeout(t *task, report reportFunc) {
	for _, c := range t.containers {
		if t.fargate {
			between(c.get("startTimeout"), 2, 120, " seconds on Fargate", report)
			between(c.get("stopTimeout"), 2, 120, " seconds on Fargate", report)
		}
	}
}
