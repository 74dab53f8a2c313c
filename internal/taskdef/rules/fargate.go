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
	if o := t.Get("cpu"); t.fargate && !o.Given() {
		report(o, `"cpu": "256"`, "missing: Fargate needs the cpu of the task")
	}
}

func fargateMemory(t *task, report reportFunc) {
	if o := t.Get("memory"); t.fargate && !o.Given() {
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
			report(t.Get("memory"), fmt.Sprintf("with cpu %d: %s", cpu, s),
				"Fargate is not known to have %d MiB of memory with cpu %d", memory, cpu)
		}
		return
	}
	report(t.Get("cpu"), "one of "+strings.Join(known, ", "), "Fargate is not known to have cpu %d", cpu)
}

// fargateFamily warns of an operating system that Fargate is not known to have, and
// of a size that it is not known to have for Windows.
func fargateFamily(t *task, report reportFunc) {
	if !t.fargate {
		return
	}
	if o := t.Get("runtimePlatform").Get("operatingSystemFamily"); apischema.IsValue("OSFamily", o.Text()) &&
		!awsfacts.FargateHas(o.Text()) {
		report(o, "", "Fargate is not known to have %s", o.Text())
	}
	if n, ok := t.units(); ok && t.windows && n > awsfacts.WindowsMostCPU {
		report(t.Get("cpu"), "", "Fargate is not known to have more than %d CPU units for Windows containers, found %d",
			awsfacts.WindowsMostCPU, n)
	}
}

func fargateWindows(t *task, report reportFunc) {
	const least = awsfacts.WindowsLeastCPU
	if n, ok := t.units(); ok && t.fargate && t.windows && n < least {
		report(t.Get("cpu"), `"cpu": "1024"`, "Windows containers on Fargate need at least %d CPU units, found %d", least, n)
	}
}

func fargateNetwork(t *task, report reportFunc) {
	if o := t.Get("networkMode"); t.fargate && t.network != "awsvpc" {
		report(o, `"networkMode": "awsvpc"`, "Fargate needs the networkMode awsvpc")
	}
}

func fargateExecutionRole(t *task, report reportFunc) {
	if !t.fargate || t.Get("executionRoleArn").Given() {
		return
	}
	for _, c := range t.containers {
		if o := c.Get("image"); isECR(o.Text()) {
			report(o, executionRole, "Fargate needs an executionRoleArn to pull an image from ECR, which the definition lacks")
			return
		}
		if o := c.Get("logConfiguration").Get("logDriver"); o.Text() == "awslogs" {
			report(o, executionRole, "Fargate needs an executionRoleArn for the log driver awslogs, which the definition lacks")
			return
		}
		if o := c.Get("repositoryCredentials"); o.Given() {
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
		o := c.Get("logConfiguration").Get("logDriver")
		if t.fargate && o.Text() != "" && apischema.IsValue("LogDriver", o.Text()) && !slices.Contains(drivers, o.Text()) {
			report(o, "", "Fargate has the log drivers %s, not %s", strings.Join(drivers, ", "), o.Text())
		}
	}
}

func fargateLogPrefix(t *task, report reportFunc) {
	for _, c := range t.containers {
		log := c.Get("logConfiguration")
		if o := log.Get("options").Get("awslogs-stream-prefix"); t.fargate && log.Get("logDriver").Text() == "awslogs" &&
			!o.Invalid() && o.Text() == "" {
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
			if m := o.Get(key); !m.Empty() && !m.IsFalse() {
				report(m, "", "Fargate does not support %s", key)
			}
		}
	}
	refuse(t.value, "ipcMode", "placementConstraints")
	if o := t.Get("pidMode"); o.Text() == "host" {
		report(o, `"pidMode": "task"`, "Fargate does not support pidMode host")
	}
	for _, c := range t.containers {
		refuse(c, "disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links",
			"privileged")
		refuse(c.Get("linuxParameters"), "devices", "sharedMemorySize", "maxSwap", "swappiness")
		for requirement := range c.Get("resourceRequirements").Each() {
			if o := requirement.Get("type"); o.Text() == "GPU" {
				report(o, "", "Fargate has no GPU")
			}
		}
	}
}

// fargateTmpfs warns of tmpfs: the developer guide says that Fargate does not support it;
// the API reference no longer says so.
func fargateTmpfs(t *task, report reportFunc) {
	for _, c := range t.containers {
		if o := c.Get("linuxParameters").Get("tmpfs"); t.fargate && !o.Empty() {
			report(o, "", "Fargate may not support tmpfs")
		}
	}
}

func fargateCapability(t *task, report reportFunc) {
	for _, c := range t.containers {
		for o := range c.Get("linuxParameters").Get("capabilities").Get("add").Each() {
			if t.fargate && o.Text() != "SYS_PTRACE" {
				report(o, "", "Fargate can add the capability SYS_PTRACE only, not %s", document.Shorten(o.Text()))
			}
		}
	}
}

func fargateVolume(t *task, report reportFunc) {
	if !t.fargate {
		return
	}
	for volume := range t.Get("volumes").Each() {
		if o := volume.Get("dockerVolumeConfiguration"); o.Given() {
			report(o, "", "Fargate does not support dockerVolumeConfiguration")
		}
		if o := volume.Get("host").Get("sourcePath"); o.Text() != "" {
			report(o, "", "Fargate has no host whose sourcePath could be mounted")
		}
	}
}

func fargateTimeout(t *task, report reportFunc) {
	for _, c := range t.containers {
		if t.fargate {
			between(c.Get("startTimeout"), 2, 120, " seconds on Fargate", report)
			between(c.Get("stopTimeout"), 2, 120, " seconds on Fargate", report)
		}
	}
}
