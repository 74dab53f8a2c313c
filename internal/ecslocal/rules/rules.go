// Package rules has the rules of RegisterTaskDefinition: what it accepts and refuses, and what it
// stores. It has no state.
package rules

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// pattern returns a function that compiles a regular expression at its first call. A program that
// only links the local ECS, such as a run against AWS, does not need the expressions.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

var (
	namePattern  = pattern(`^[A-Za-z0-9_-]+$`) // and up to 255 characters: see isName
	imagePattern = pattern(`^[A-Za-z0-9_\-:./@#]+$`)
	roleName     = pattern(`^[A-Za-z0-9+=,.@_/-]+$`) // and up to 512 characters
	rolePattern  = pattern(`^arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+$`)
)

// isTagText is the pattern [\p{L}\p{Z}\p{N}_.:/=+\-@]* of the API's model.
func isTagText(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return !unicode.In(c, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", c)
	})
}

// isName checks the length without the pattern: a bounded repetition is slow to compile.
func isName(name string) bool { return len(name) <= 255 && namePattern().MatchString(name) }

const maxDefinition = 64 << 10 // bytes

// Definition checks a RegisterTaskDefinition request by the rules of AWS, with its messages where
// they are known.
func Definition(in wire.Object) error {
	for _, rule := range []func(wire.Object) error{
		sizeRule, integersRule, familyRule, containersRule, networkRule, portsRule, memoryRule, dependencyRule, volumeRule,
		storageRule,
		rolesRule, placementRule, fargateRule, environmentRule, collaborationRule, Tags, membersRule,
	} {
		if err := rule(in); err != nil {
			return err
		}
	}
	if tags, given := in["tags"].([]any); given && len(tags) == 0 {
		return wire.ClientException("Tags can not be empty.") // RunTask accepts an empty list
	}
	return nil
}

func placementRule(in wire.Object) error {
	constraints := wire.Objects(in, "placementConstraints")
	if len(constraints) > 10 {
		return wire.ClientException("A maximum of 10 placement constraints can be specified.")
	}
	for _, c := range constraints {
		if kind := wire.Text(c, "type"); kind != "memberOf" {
			return wire.ClientException("constraint.type '%s' is not supported.", kind)
		}
		if wire.Text(c, "expression") == "" {
			return wire.ClientException("constraint.expression should not be null or empty.")
		}
	}
	return nil
}

func familyRule(in wire.Object) error {
	switch family := wire.Text(in, "family"); {
	case family == "":
		return wire.ClientException("Family should not be null or empty.")
	case !isName(family):
		return wire.ClientException("Family contains invalid characters.")
	}
	return nil
}

func containersRule(in wire.Object) error {
	containers := wire.Objects(in, "containerDefinitions")
	if len(containers) == 0 {
		return wire.ClientException("Container list cannot be empty.")
	}
	if len(containers) > 10 {
		return wire.ClientException("Too many containers in the task definition. The maximum is 10.")
	}
	names, essential := make(map[string]bool), false
	for _, c := range containers {
		if err := containerRule(c); err != nil {
			return err
		}
		name := wire.Text(c, "name")
		if names[name] {
			return wire.ClientException("Container names must be unique: %s", name)
		}
		names[name] = true
		essential = essential || wire.Bool(c, "essential", true)
	}
	if !essential {
		return wire.ClientException("All tasks must have at least one essential container.")
	}
	return nil
}

func containerRule(c wire.Object) error {
	name, image := wire.Text(c, "name"), wire.Text(c, "image")
	switch {
	case name == "":
		return wire.ClientException("Container.name should not be null or empty.")
	case !isName(name):
		return wire.ClientException("Container.name contains invalid characters.")
	case image == "":
		return wire.ClientException("Container.image should not be null or empty.")
	case !imagePattern().MatchString(image):
		return wire.ClientException("Container.image contains invalid characters.")
	}
	reserved, hasReserved := c["memoryReservation"]
	limit, hasLimit := c["memory"]
	if hasReserved && hasLimit && number64(reserved) > number64(limit) {
		return wire.ClientException("Invalid setting for container '%s'. 'memory' must not be less than 'memoryReservation'.",
			name)
	}
	if hasLimit && number64(limit) < 6 {
		return wire.ClientException("Invalid setting for container '%s'. The minimum memory limit is 6 MiB.", name)
	}
	for _, v := range wire.Objects(c, "environment") {
		if wire.Text(v, "name") == "" {
			return wire.ClientException("Invalid setting for container '%s'. The name of an environment variable should not "+
				"be null or empty.", name)
		}
	}
	if files := wire.Objects(c, "environmentFiles"); len(files) > 10 {
		return wire.ClientException("Invalid setting for container '%s'. A maximum of 10 environment files can be specified.",
			name)
	}
	if check := wire.Member(c, "healthCheck"); check != nil {
		if err := healthCheckRule(name, check); err != nil {
			return err
		}
	}
	return logRule(c)
}

func healthCheckRule(name string, check wire.Object) error {
	if len(wire.Texts(check, "command")) == 0 {
		return wire.ClientException("Invalid setting for container '%s'. healthCheck.command should not be null or empty.",
			name)
	}
	for _, limit := range []struct {
		member         string
		least, most, d int
	}{{"interval", 5, 300, 30}, {"timeout", 2, 60, 5}, {"retries", 1, 10, 3}, {"startPeriod", 0, 300, 0}} {
		if n := wire.Int(check, limit.member, limit.d); n < limit.least || n > limit.most {
			return wire.ClientException("Invalid setting for container '%s'. healthCheck.%s must be between %d and %d.", name,
				limit.member, limit.least, limit.most)
		}
	}
	return nil
}

func logRule(c wire.Object) error {
	configuration := wire.Member(c, "logConfiguration")
	if configuration == nil {
		return nil
	}
	driver := wire.Text(configuration, "logDriver")
	switch {
	case driver == "":
		return wire.ClientException("Log driver should not be null or empty.")
	case driver == "awslogs":
		return awslogsRule(configuration)
	}
	return nil
}

// awslogsRule checks the options of awslogs. An option whose value is a secret is present.
func awslogsRule(configuration wire.Object) error {
	options := wire.Member(configuration, "options")
	secret := make(map[string]bool)
	for _, option := range wire.Objects(configuration, "secretOptions") {
		secret[wire.Text(option, "name")] = true
	}
	for _, name := range []string{"awslogs-region", "awslogs-group"} {
		value, given := options[name]
		switch {
		case secret[name]:
		case !given:
			return wire.ClientException("Log driver awslogs requires options: awslogs-region, awslogs-group")
		case value == "":
			return wire.ClientException("Log driver awslogs option '%s' should not be null or empty.", name)
		}
	}
	allowed := []string{
		"awslogs-group", "awslogs-region", "awslogs-stream-prefix", "awslogs-create-group", "awslogs-datetime-format",
		"awslogs-multiline-pattern", "mode", "max-buffer-size",
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(allowed, name) {
			// github.com/aws/amazon-ecs-agent/issues/872
			return wire.ClientException("Log driver awslogs disallows options: %s", name)
		}
	}
	if value, given := options["awslogs-create-group"]; given && value != "true" {
		return wire.ClientException("Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else " +
			"omit option.")
	}
	return nil
}

func networkRule(in wire.Object) error {
	mode := wire.Text(in, "networkMode")
	if !slices.Contains([]string{"", "bridge", "host", "awsvpc", "none"}, mode) {
		return wire.ClientException("Invalid networkMode '%s'. Valid values are bridge, host, awsvpc and none.", mode)
	}
	for _, c := range wire.Objects(in, "containerDefinitions") {
		for _, port := range wire.Objects(c, "portMappings") {
			hostPort := wire.Int(port, "hostPort", 0)
			if (mode == "awsvpc" || mode == "host") && port["hostPort"] != nil &&
				hostPort != wire.Int(port, "containerPort", 0) {
				return wire.ClientException("When networkMode=%s, the host ports and container ports in port mappings must match.",
					mode)
			}
			if n := wire.Int(port, "containerPort", 1); n < 1 || n > 65535 || hostPort < 0 || hostPort > 65535 {
				return wire.ClientException("Invalid setting for container '%s'. A port must be between 1 and 65535.",
					wire.Text(c, "name"))
			}
			if mode == "none" {
				return wire.ClientException("Port mappings are not allowed when networkMode=none.")
			}
		}
		if len(wire.Texts(c, "links")) > 0 && mode != "" && mode != "bridge" {
			return wire.ClientException("Links are not supported when networkMode=%s.", mode)
		}
		if wire.Text(c, "hostname") != "" && mode == "awsvpc" {
			return wire.ClientException("hostname is not supported on container when networkMode=awsvpc")
		}
	}
	return nil
}

func memoryRule(in wire.Object) error {
	cpu, memory, err := TaskSize(in)
	if err != nil {
		return err
	}
	sum := 0
	for _, c := range wire.Objects(in, "containerDefinitions") {
		name := wire.Text(c, "name")
		if memory == 0 && c["memory"] == nil && c["memoryReservation"] == nil {
			return wire.ClientException("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' "+
				"must be specified.", name)
		}
		if own := wire.Int(c, "memory", 0); memory > 0 && own > memory {
			return wire.ClientException("The 'memory' setting for container '%s' is greater than for the task.", name)
		}
		if reserved := wire.Int(c, "memoryReservation", 0); memory > 0 && reserved > memory {
			return wire.ClientException("The 'memoryReservation' setting for container '%s' is greater than for the task.", name)
		}
		sum += wire.Int(c, "cpu", 0)
	}
	if cpu > 0 && sum > cpu {
		return wire.ClientException("The sum of all container 'cpu' values cannot be greater than the value of the task " +
			"'cpu'.")
	}
	return nil
}

// TaskSize returns the CPU units and the MiB of memory of a task; 0 without them.
func TaskSize(o wire.Object) (cpu, memory int, err error) {
	if s := wire.Text(o, "cpu"); s != "" {
		if cpu = quantity(s, "vcpu"); cpu <= 0 {
			return 0, 0, wire.ClientException("Invalid 'cpu' setting for task.")
		}
	}
	if s := wire.Text(o, "memory"); s != "" {
		if memory = quantity(s, "gb"); memory <= 0 {
			return 0, 0, wire.ClientException("Invalid 'memory' setting for task.")
		}
	}
	return cpu, memory, nil
}

// quantity reads "512", or a number with a unit that is 1024: "0.5 vCPU", "1GB". It is 0 for any
// other text.
func quantity(s, unit string) int {
	s = strings.ToLower(s)
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

func dependencyRule(in wire.Object) error {
	containers := wire.Objects(in, "containerDefinitions")
	named := make(map[string]wire.Object)
	for _, c := range containers {
		named[wire.Text(c, "name")] = c
	}
	for _, c := range containers {
		for _, d := range wire.Objects(c, "dependsOn") {
			on, condition := named[wire.Text(d, "containerName")], wire.Text(d, "condition")
			switch {
			case on == nil: // reported below
			case condition == "SUCCESS" || condition == "COMPLETE":
				if wire.Bool(on, "essential", true) {
					return wire.ClientException("A dependency container with SUCCESS or COMPLETE condition cannot be an essential " +
						"container")
				}
			case condition == "HEALTHY":
				if wire.Member(on, "healthCheck") == nil {
					return wire.ClientException("A dependency container with HEALTHY condition must have a health check: %s",
						wire.Text(on, "name"))
				}
			case condition != "START":
				return wire.ClientException("Invalid setting for container '%s'. A dependency's condition must be START, "+
					"COMPLETE, SUCCESS or HEALTHY.", wire.Text(c, "name"))
			}
		}
		for _, d := range Dependencies(c) {
			if named[d.On] == nil {
				return wire.ClientException("Invalid setting for container '%s'. It needs container '%s', which the task "+
					"definition does not have.", wire.Text(c, "name"), d.On)
			}
		}
	}
	for left := len(named); len(named) > 0; left = len(named) {
		maps.DeleteFunc(named, func(_ string, c wire.Object) bool {
			return !slices.ContainsFunc(Dependencies(c), func(d Dependency) bool { return named[d.On] != nil })
		})
		if len(named) == left {
			return wire.ClientException("There is a circular dependency between containers: %s",
				strings.Join(slices.Sorted(maps.Keys(named)), ", "))
		}
	}
	return nil
}

// A Dependency is a condition for the start of a container.
type Dependency struct{ On, Condition string }

// Dependencies returns the dependencies of a container: those of dependsOn, of its links, and of
// volumesFrom.
func Dependencies(definition wire.Object) []Dependency {
	var all []Dependency
	for _, d := range wire.Objects(definition, "dependsOn") {
		all = append(all, Dependency{wire.Text(d, "containerName"), wire.Text(d, "condition")})
	}
	for _, link := range wire.Texts(definition, "links") {
		name, _, _ := strings.Cut(link, ":")
		all = append(all, Dependency{name, "START"})
	}
	for _, from := range wire.Objects(definition, "volumesFrom") {
		all = append(all, Dependency{wire.Text(from, "sourceContainer"), "START"})
	}
	return all
}

func volumeRule(in wire.Object) error {
	names := make(map[string]bool)
	for _, v := range wire.Objects(in, "volumes") {
		name := wire.Text(v, "name")
		if !isName(name) {
			return wire.ClientException("Volume.name contains invalid characters.")
		}
		if names[name] {
			return wire.ClientException("Volume names must be unique: %s", name)
		}
		names[name] = true
	}
	for _, c := range wire.Objects(in, "containerDefinitions") {
		for _, m := range wire.Objects(c, "mountPoints") {
			if source := wire.Text(m, "sourceVolume"); !names[source] {
				return wire.ClientException("Unknown volume '%s'.", source)
			}
		}
	}
	return nil
}

func rolesRule(in wire.Object) error {
	if wire.Text(in, "executionRoleArn") == "" {
		for _, c := range wire.Objects(in, "containerDefinitions") {
			if len(wire.Objects(c, "secrets")) > 0 {
				return wire.ClientException("When you are specifying container secrets, you must also specify a value for " +
					"'executionRoleArn'.")
			}
		}
	}
	for _, member := range []string{"taskRoleArn", "executionRoleArn"} {
		role := wire.Text(in, member)
		if role == "" || rolePattern().MatchString(role) {
			continue
		}
		if strings.Contains(role, ":") || len(role) > 512 || !roleName().MatchString(role) {
			return wire.ClientException("Role is not valid")
		}
	}
	return nil
}

func fargateRule(in wire.Object) error {
	for _, c := range wire.Texts(in, "requiresCompatibilities") {
		switch c {
		case "EC2", "EXTERNAL", "MANAGED_INSTANCES":
		case "FARGATE":
			if err := fargateFault(in); err != nil {
				return err
			}
		default:
			return wire.ClientException("Invalid compatibility '%s'. Valid values are EC2, FARGATE, EXTERNAL and "+
				"MANAGED_INSTANCES.", c)
		}
	}
	return nil
}

// fargateFault returns why a definition can't run on Fargate; nil if it can.
func fargateFault(in wire.Object) error {
	if wire.Text(in, "networkMode") != "awsvpc" {
		return wire.ClientException("Fargate only supports network mode 'awsvpc'.")
	}
	cpu, memory, err := TaskSize(in)
	switch {
	case err != nil:
		return err
	case cpu == 0:
		return wire.ClientException("Fargate requires that 'cpu' be defined at the task level.")
	case memory == 0:
		return wire.ClientException("Fargate requires that 'memory' be defined at the task level.")
	case !fargateSize(cpu, memory):
		return wire.ClientException("No Fargate configuration exists for given values.")
	case len(wire.Objects(in, "placementConstraints")) > 0:
		return wire.ClientException("Fargate does not support placement constraints.")
	case wire.Text(in, "ipcMode") != "", wire.Text(in, "pidMode") == "host":
		return wire.ClientException("Fargate does not support ipcMode, nor pidMode host.")
	}
	platform := wire.Member(in, "runtimePlatform")
	if strings.HasPrefix(wire.Text(platform, "operatingSystemFamily"), "WINDOWS") &&
		(cpu < 1024 || wire.Text(platform, "cpuArchitecture") == "ARM64") {
		return wire.ClientException("Fargate runs Windows containers on X86_64 with 1024 CPU units or more.")
	}
	for _, v := range wire.Objects(in, "volumes") {
		if v["dockerVolumeConfiguration"] != nil {
			return wire.ClientException("Fargate does not support Docker volumes.")
		}
		if wire.Text(wire.Member(v, "host"), "sourcePath") != "" {
			return wire.ClientException("Fargate does not support host volumes with a source path.")
		}
	}
	for _, c := range wire.Objects(in, "containerDefinitions") {
		if err := fargateContainerFault(c, wire.Text(in, "executionRoleArn") != ""); err != nil {
			return err
		}
	}
	return nil
}

func fargateContainerFault(c wire.Object, hasRole bool) error {
	log := wire.Member(c, "logConfiguration")
	driver := wire.Text(log, "logDriver")
	switch {
	case log != nil && !slices.Contains([]string{"awslogs", "splunk", "awsfirelens"}, driver):
		return wire.ClientException("Log driver %s is not supported by Fargate.", driver)
	case driver == "awslogs" && !hasRole:
		return wire.ClientException("Fargate requires task definition to have execution role ARN to support log driver " +
			"awslogs.")
	case driver == "awslogs" && wire.Text(wire.Member(log, "options"), "awslogs-stream-prefix") == "":
		return wire.ClientException("Log driver awslogs requires options: awslogs-stream-prefix")
	case ecrPattern().MatchString(wire.Text(c, "image")) && !hasRole:
		return wire.ClientException("Fargate requires task definition to have execution role ARN to support ECR images.")
	case wire.Member(c, "repositoryCredentials") != nil && !hasRole:
		return wire.ClientException("Fargate requires task definition to have execution role ARN to support private " +
			"registry authentication.")
	}
	for _, requirement := range wire.Objects(c, "resourceRequirements") {
		if wire.Text(requirement, "type") == "GPU" {
			return wire.ClientException("Fargate does not support GPU.")
		}
	}
	for _, member := range []string{"disableNetworking", "privileged"} {
		if wire.Bool(c, member, false) {
			return wire.ClientException("Fargate does not support '%s'.", member)
		}
	}
	for _, member := range []string{"dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links"} {
		if items, _ := c[member].([]any); len(items) > 0 {
			return wire.ClientException("Fargate does not support '%s'.", member)
		}
	}
	linux := wire.Member(c, "linuxParameters")
	for _, member := range []string{"devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness"} {
		if linux[member] != nil {
			return wire.ClientException("Fargate does not support 'linuxParameters.%s'.", member)
		}
	}
	for _, capability := range wire.Texts(wire.Member(linux, "capabilities"), "add") {
		if capability != "SYS_PTRACE" {
			return wire.ClientException("Fargate does not support adding the capability '%s'.", capability)
		}
	}
	for _, member := range []string{"startTimeout", "stopTimeout"} {
		if d := wire.Int(c, member, 30); d < 2 || d > 120 {
			return wire.ClientException("Invalid setting for container '%s'. %s must be between 2 and 120 seconds on Fargate.",
				wire.Text(c, "name"), member)
		}
	}
	return nil
}

var ecrPattern = pattern(`^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com`)

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

func sizeRule(in wire.Object) error {
	if body, err := json.Marshal(in); err != nil || len(body) > maxDefinition {
		return wire.ClientException("Task definition size must be at most 64 KiB.")
	}
	return nil
}

// Tags checks the tags of a request by the rules of AWS.
func Tags(in wire.Object) error {
	tags := wire.Objects(in, "tags")
	if len(tags) > 50 {
		return wire.InvalidParameter("The number of tags must not exceed 50.")
	}
	seen := make(map[string]bool)
	for _, tag := range tags {
		key, value := wire.Text(tag, "key"), wire.Text(tag, "value")
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			return wire.InvalidParameter("A tag key must be between 1 and 128 characters long.")
		case utf8.RuneCountInString(value) > 256:
			return wire.InvalidParameter("A tag value must be at most 256 characters long.")
		case !isTagText(key) || !isTagText(value):
			return wire.InvalidParameter("Tag key or value contains invalid characters: %s", key)
		case reservedTag(key) || reservedTag(value):
			return wire.InvalidParameter("Tag keys and values that begin with 'aws:' are reserved: %s", key)
		case seen[key]:
			return wire.InvalidParameter("Duplicate tag keys found: %s", key)
		}
		seen[key] = true
	}
	return nil
}

func reservedTag(s string) bool { return len(s) >= 4 && strings.EqualFold(s[:4], "aws:") }
