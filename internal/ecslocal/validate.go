package ecslocal

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	namePattern  = regexp.MustCompile(`^[A-Za-z0-9_-]+$`) // and up to 255 characters: see isName
	imagePattern = regexp.MustCompile(`^[A-Za-z0-9_\-:./@#]+$`)
	rolePattern  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/.+$`)
)

// isTagText is the pattern [\p{L}\p{Z}\p{N}_.:/=+\-@]* of the API's model.
func isTagText(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return !unicode.In(c, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", c)
	})
}

// isName counts apart from the pattern: a bounded repetition is slow to compile.
func isName(name string) bool { return len(name) <= 255 && namePattern.MatchString(name) }

const maxDefinition = 64 << 10 // bytes

// validateDefinition holds a RegisterTaskDefinition request against AWS's
// rules, in AWS's words where they are known.
func validateDefinition(in object) error {
	for _, rule := range []func(object) error{
		sizeRule, familyRule, containersRule, networkRule, memoryRule, dependencyRule, volumeRule, rolesRule, fargateRule, tagsRule,
	} {
		if err := rule(in); err != nil {
			return err
		}
	}
	return nil
}

func familyRule(in object) error {
	switch family := textOf(in, "family"); {
	case family == "":
		return clientException("Family should not be null or empty.")
	case !isName(family):
		return clientException("Family contains invalid characters.")
	}
	return nil
}

func containersRule(in object) error {
	containers := objectsOf(in, "containerDefinitions")
	if len(containers) == 0 {
		return clientException("Container list cannot be empty.")
	}
	if len(containers) > 10 {
		return clientException("Too many containers in the task definition. The maximum is 10.")
	}
	names, essential := make(map[string]bool), false
	for _, c := range containers {
		if err := containerRule(c); err != nil {
			return err
		}
		name := textOf(c, "name")
		if names[name] {
			return clientException("Container names must be unique: %s", name)
		}
		names[name] = true
		essential = essential || boolOf(c, "essential", true)
	}
	if !essential {
		return clientException("All tasks must have at least one essential container.")
	}
	return nil
}

func containerRule(c object) error {
	name, image := textOf(c, "name"), textOf(c, "image")
	switch {
	case name == "":
		return clientException("Container.name should not be null or empty.")
	case !isName(name):
		return clientException("Container.name contains invalid characters.")
	case image == "":
		return clientException("Container.image should not be null or empty.")
	case !imagePattern.MatchString(image):
		return clientException("Container.image contains invalid characters.")
	}
	reserved, hasReserved := c["memoryReservation"]
	limit, hasLimit := c["memory"]
	if hasReserved && hasLimit && number64(reserved) >= number64(limit) {
		return clientException("Invalid setting for container '%s'. 'memory' must be greater than 'memoryReservation'.", name)
	}
	if hasLimit && number64(limit) < 6 {
		return clientException("Invalid setting for container '%s'. The minimum memory limit is 6 MiB.", name)
	}
	for _, v := range objectsOf(c, "environment") {
		if textOf(v, "name") == "" {
			return clientException("Invalid setting for container '%s'. The name of an environment variable should not be null or empty.", name)
		}
	}
	if files := objectsOf(c, "environmentFiles"); len(files) > 10 {
		return clientException("Invalid setting for container '%s'. A maximum of 10 environment files can be specified.", name)
	}
	if check := objectOf(c, "healthCheck"); check != nil {
		if err := healthCheckRule(name, check); err != nil {
			return err
		}
	}
	return logRule(c)
}

func number64(v any) float64 {
	n, _ := v.(json.Number)
	f, _ := n.Float64()
	return f
}

func healthCheckRule(name string, check object) error {
	if len(textsOf(check, "command")) == 0 {
		return clientException("Invalid setting for container '%s'. healthCheck.command should not be null or empty.", name)
	}
	for _, limit := range []struct {
		member         string
		least, most, d int
	}{{"interval", 5, 300, 30}, {"timeout", 2, 60, 5}, {"retries", 1, 10, 3}, {"startPeriod", 0, 300, 0}} {
		if n := intOf(check, limit.member, limit.d); n < limit.least || n > limit.most {
			return clientException("Invalid setting for container '%s'. healthCheck.%s must be between %d and %d.", name, limit.member, limit.least, limit.most)
		}
	}
	return nil
}

func logRule(c object) error {
	configuration := objectOf(c, "logConfiguration")
	if configuration == nil {
		return nil
	}
	driver, options := textOf(configuration, "logDriver"), objectOf(configuration, "options")
	if driver == "" {
		return clientException("Log driver should not be null or empty.")
	}
	if driver == "awslogs" && (textOf(options, "awslogs-region") == "" || textOf(options, "awslogs-group") == "") {
		return clientException("Log driver awslogs requires options: awslogs-region, awslogs-group")
	}
	return nil
}

func networkRule(in object) error {
	mode := textOf(in, "networkMode")
	if !slices.Contains([]string{"", "bridge", "host", "awsvpc", "none"}, mode) {
		return clientException("Invalid networkMode '%s'. Valid values are bridge, host, awsvpc and none.", mode)
	}
	for _, c := range objectsOf(in, "containerDefinitions") {
		for _, port := range objectsOf(c, "portMappings") {
			hostPort := intOf(port, "hostPort", 0)
			if (mode == "awsvpc" || mode == "host") && port["hostPort"] != nil && hostPort != intOf(port, "containerPort", 0) {
				return clientException("When networkMode=%s, the host ports and container ports in port mappings must match.", mode)
			}
			if n := intOf(port, "containerPort", 1); n < 1 || n > 65535 || hostPort < 0 || hostPort > 65535 {
				return clientException("Invalid setting for container '%s'. A port must be between 1 and 65535.", textOf(c, "name"))
			}
			if mode == "none" {
				return clientException("Port mappings are not allowed when networkMode=none.")
			}
		}
		if len(textsOf(c, "links")) > 0 && mode != "" && mode != "bridge" {
			return clientException("Links are not supported when networkMode=%s.", mode)
		}
		if textOf(c, "hostname") != "" && mode == "awsvpc" {
			return clientException("hostname is not supported on container when networkMode=awsvpc")
		}
	}
	return nil
}

func memoryRule(in object) error {
	cpu, memory, err := taskSize(in)
	if err != nil {
		return err
	}
	sum := 0
	for _, c := range objectsOf(in, "containerDefinitions") {
		name := textOf(c, "name")
		if memory == 0 && c["memory"] == nil && c["memoryReservation"] == nil {
			return clientException("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", name)
		}
		if own := intOf(c, "memory", 0); memory > 0 && own > memory {
			return clientException("Invalid setting for container '%s'. The container's 'memory' cannot be greater than the value of the task 'memory'.", name)
		}
		sum += intOf(c, "cpu", 0)
	}
	if cpu > 0 && sum > cpu {
		return clientException("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.")
	}
	return nil
}

// taskSize returns a task's own CPU units and MiB of memory, 0 where it has
// none.
func taskSize(o object) (cpu, memory int, err error) {
	if s := textOf(o, "cpu"); s != "" {
		if cpu = quantity(s, "vcpu"); cpu <= 0 {
			return 0, 0, clientException("Invalid 'cpu' setting for task.")
		}
	}
	if s := textOf(o, "memory"); s != "" {
		if memory = quantity(s, "gb"); memory <= 0 {
			return 0, 0, clientException("Invalid 'memory' setting for task.")
		}
	}
	return cpu, memory, nil
}

// quantity reads "512", or a number of a unit that is 1024 of them: "0.5 vCPU",
// "1GB". It is 0 for anything else.
func quantity(s, unit string) int {
	s = strings.ToLower(strings.TrimSpace(s))
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	s, found := strings.CutSuffix(s, unit)
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if !found || err != nil || f < 0 || f > 1<<20 {
		return 0
	}
	return int(f * 1024)
}

func dependencyRule(in object) error {
	containers := objectsOf(in, "containerDefinitions")
	named := make(map[string]object)
	for _, c := range containers {
		named[textOf(c, "name")] = c
	}
	for _, c := range containers {
		for _, d := range objectsOf(c, "dependsOn") {
			on, condition := named[textOf(d, "containerName")], textOf(d, "condition")
			switch {
			case on == nil: // said below
			case condition == "SUCCESS" || condition == "COMPLETE":
				if boolOf(on, "essential", true) {
					return clientException("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container")
				}
			case condition == "HEALTHY":
				if objectOf(on, "healthCheck") == nil {
					return clientException("A dependency container with HEALTHY condition must have a health check: %s", textOf(on, "name"))
				}
			case condition != "START":
				return clientException("Invalid setting for container '%s'. A dependency's condition must be START, COMPLETE, SUCCESS or HEALTHY.", textOf(c, "name"))
			}
		}
		for _, d := range dependencies(c) {
			if named[d.on] == nil {
				return clientException("Invalid setting for container '%s'. It needs container '%s', which the task definition does not have.", textOf(c, "name"), d.on)
			}
		}
	}
	for left := len(named); len(named) > 0; left = len(named) {
		maps.DeleteFunc(named, func(_ string, c object) bool {
			return !slices.ContainsFunc(dependencies(c), func(d dependency) bool { return named[d.on] != nil })
		})
		if len(named) == left {
			return clientException("There is a circular dependency between containers: %s", strings.Join(slices.Sorted(maps.Keys(named)), ", "))
		}
	}
	return nil
}

func volumeRule(in object) error {
	names := make(map[string]bool)
	for _, v := range objectsOf(in, "volumes") {
		name := textOf(v, "name")
		if !isName(name) {
			return clientException("Volume.name contains invalid characters.")
		}
		if names[name] {
			return clientException("Volume names must be unique: %s", name)
		}
		names[name] = true
	}
	for _, c := range objectsOf(in, "containerDefinitions") {
		for _, m := range objectsOf(c, "mountPoints") {
			if source := textOf(m, "sourceVolume"); !names[source] {
				return clientException("Unknown volume '%s'.", source)
			}
		}
	}
	return nil
}

func rolesRule(in object) error {
	for _, member := range []string{"taskRoleArn", "executionRoleArn"} {
		role := textOf(in, member)
		if role == "" || rolePattern.MatchString(role) {
			continue
		}
		if strings.Contains(role, ":") || strings.ContainsAny(role, " \t$") {
			return clientException("Role is not valid")
		}
	}
	return nil
}

func fargateRule(in object) error {
	for _, c := range textsOf(in, "requiresCompatibilities") {
		switch c {
		case "EC2", "EXTERNAL", "MANAGED_INSTANCES":
		case "FARGATE":
			if err := fargateFault(in); err != nil {
				return err
			}
		default:
			return clientException("Invalid compatibility '%s'. Valid values are EC2, FARGATE, EXTERNAL and MANAGED_INSTANCES.", c)
		}
	}
	return nil
}

// fargateFault says why a definition can't run on Fargate, nil if it can.
func fargateFault(in object) error {
	if textOf(in, "networkMode") != "awsvpc" {
		return clientException("Fargate only supports network mode 'awsvpc'.")
	}
	cpu, memory, err := taskSize(in)
	switch {
	case err != nil:
		return err
	case cpu == 0:
		return clientException("Fargate requires that 'cpu' be defined at the task level.")
	case memory == 0:
		return clientException("Fargate requires that 'memory' be defined at the task level.")
	case !fargateSize(cpu, memory):
		return clientException("No Fargate configuration exists for given values.")
	case len(objectsOf(in, "placementConstraints")) > 0:
		return clientException("Fargate does not support placement constraints.")
	}
	for _, v := range objectsOf(in, "volumes") {
		if v["dockerVolumeConfiguration"] != nil {
			return clientException("Fargate does not support Docker volumes.")
		}
		if textOf(objectOf(v, "host"), "sourcePath") != "" {
			return clientException("Fargate does not support host volumes with a source path.")
		}
	}
	for _, c := range objectsOf(in, "containerDefinitions") {
		if err := fargateContainerFault(c, textOf(in, "executionRoleArn") != ""); err != nil {
			return err
		}
	}
	return nil
}

func fargateContainerFault(c object, hasRole bool) error {
	log := objectOf(c, "logConfiguration")
	driver := textOf(log, "logDriver")
	switch {
	case log != nil && !slices.Contains([]string{"awslogs", "splunk", "awsfirelens"}, driver):
		return clientException("Log driver %s is not supported by Fargate.", driver)
	case driver == "awslogs" && !hasRole:
		return clientException("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
	case driver == "awslogs" && textOf(objectOf(log, "options"), "awslogs-stream-prefix") == "":
		return clientException("Log driver awslogs requires options: awslogs-stream-prefix")
	case ecrPattern.MatchString(textOf(c, "image")) && !hasRole:
		return clientException("Fargate requires task definition to have execution role ARN to support ECR images.")
	}
	for _, member := range []string{"disableNetworking", "privileged"} {
		if boolOf(c, member, false) {
			return clientException("Fargate does not support '%s'.", member)
		}
	}
	for _, member := range []string{"dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links"} {
		if items, _ := c[member].([]any); len(items) > 0 {
			return clientException("Fargate does not support '%s'.", member)
		}
	}
	linux := objectOf(c, "linuxParameters")
	for _, member := range []string{"devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness"} {
		if linux[member] != nil {
			return clientException("Fargate does not support 'linuxParameters.%s'.", member)
		}
	}
	for _, capability := range textsOf(objectOf(linux, "capabilities"), "add") {
		if capability != "SYS_PTRACE" {
			return clientException("Fargate does not support adding the capability '%s'.", capability)
		}
	}
	if d := intOf(c, "stopTimeout", 30); d < 0 || d > 120 {
		return clientException("Invalid setting for container '%s'. stopTimeout must be at most 120 seconds on Fargate.", textOf(c, "name"))
	}
	return nil
}

var ecrPattern = regexp.MustCompile(`^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com`)

// fargateSize reports whether Fargate has tasks of so many CPU units and MiB.
func fargateSize(cpu, memory int) bool {
	const gib = 1024
	between := func(least, most, step int) bool {
		return memory >= least*gib && memory <= most*gib && memory%(step*gib) == 0
	}
	switch cpu {
	case 256:
		return memory == 512 || memory == 1*gib || memory == 2*gib
	case 512:
		return between(1, 4, 1)
	case 1024:
		return between(2, 8, 1)
	case 2048:
		return between(4, 16, 1)
	case 4096:
		return between(8, 30, 1)
	case 8192:
		return between(16, 60, 4)
	case 16384:
		return between(32, 120, 8)
	case 32768:
		return memory == 60*gib || memory == 120*gib || memory == 244*gib
	}
	return false
}

func sizeRule(in object) error {
	if body, err := json.Marshal(in); err != nil || len(body) > maxDefinition {
		return clientException("Task definition size must be at most 64 KiB.")
	}
	return nil
}

func tagsRule(in object) error {
	if in["tags"] == nil {
		return nil
	}
	tags := objectsOf(in, "tags")
	if len(tags) == 0 {
		return invalidParameter("Tags can not be empty.")
	}
	if len(tags) > 50 {
		return invalidParameter("The number of tags must not exceed 50.")
	}
	seen := make(map[string]bool)
	for _, tag := range tags {
		key, value := textOf(tag, "key"), textOf(tag, "value")
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			return invalidParameter("A tag key must be between 1 and 128 characters long.")
		case utf8.RuneCountInString(value) > 256:
			return invalidParameter("A tag value must be at most 256 characters long.")
		case !isTagText(key) || !isTagText(value):
			return invalidParameter("Tag key or value contains invalid characters: %s", key)
		case reservedTag(key) || reservedTag(value):
			return invalidParameter("Tag keys and values that begin with 'aws:' are reserved: %s", key)
		case seen[key]:
			return invalidParameter("Duplicate tag keys found: %s", key)
		}
		seen[key] = true
	}
	return nil
}

func reservedTag(s string) bool { return len(s) >= 4 && strings.EqualFold(s[:4], "aws:") }
