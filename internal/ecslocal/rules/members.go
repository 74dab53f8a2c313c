package rules

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A member has the rules for one member of a structure: its values or its range, and whether it
// is required. The zero value is an optional member with any value.
type member struct {
	required    bool
	values      []string
	least, most float64 // both 0 for any
}

var (
	onOff      = member{values: []string{"ENABLED", "DISABLED"}}
	must       = member{required: true}
	port       = member{least: 0, most: 65535}
	notBelow0  = member{least: 0, most: math.MaxInt32}
	notBelow1  = member{least: 1, most: math.MaxInt32}
	secretPair = map[string]member{"name": must, "valueFrom": must}
)

// members are the members with other rules than a type, by the path of their structure. [] are
// the items of a list.
//
// Source: the ECS API reference of RegisterTaskDefinition and of its data types, read in
// November 2026.
var members = map[string]map[string]member{
	"": {
		"pidMode": {values: []string{"host", "task"}}, "ipcMode": {values: []string{"host", "task", "none"}},
	},
	"runtimePlatform": {
		"cpuArchitecture": {values: []string{"X86_64", "ARM64"}},
		"operatingSystemFamily": {values: []string{
			"LINUX", "WINDOWS_SERVER_2016_FULL", "WINDOWS_SERVER_2004_CORE", "WINDOWS_SERVER_20H2_CORE",
			"WINDOWS_SERVER_2019_CORE", "WINDOWS_SERVER_2019_FULL", "WINDOWS_SERVER_2022_CORE", "WINDOWS_SERVER_2022_FULL",
			"WINDOWS_SERVER_2025_CORE", "WINDOWS_SERVER_2025_FULL",
		}},
	},
	"ephemeralStorage":        {"sizeInGiB": {required: true, least: 21, most: 200}},
	"proxyConfiguration":      {"containerName": must, "type": {values: []string{"APPMESH"}}},
	"inferenceAccelerators[]": {"deviceName": must, "deviceType": must},
	"volumes[].dockerVolumeConfiguration": {
		"scope": {values: []string{"task", "shared"}},
	},
	"volumes[].efsVolumeConfiguration": {"fileSystemId": must,
		"transitEncryption": onOff, "transitEncryptionPort": port},
	"volumes[].efsVolumeConfiguration.authorizationConfig": {"iam": onOff},
	"volumes[].s3filesVolumeConfiguration": {"fileSystemArn": must,
		"transitEncryptionPort": port},
	"volumes[].fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": must, "rootDirectory": must,
		"authorizationConfig": must},
	"volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig": {"credentialsParameter": must,
		"domain": must},
	"containerDefinitions[]": {
		"cpu": notBelow0, "memory": notBelow1, "memoryReservation": notBelow1, "startTimeout": notBelow0,
		"stopTimeout":        notBelow0,
		"versionConsistency": {values: []string{"enabled", "disabled"}},
	},
	"containerDefinitions[].repositoryCredentials": {"credentialsParameter": must},
	"containerDefinitions[].portMappings[]": {
		"hostPort": port, "protocol": {values: []string{"tcp", "udp"}},
		"appProtocol": {values: []string{"http", "http2", "grpc"}},
	},
	"containerDefinitions[].restartPolicy":      {"enabled": must, "restartAttemptPeriod": {least: 60, most: 1800}},
	"containerDefinitions[].environmentFiles[]": {"value": must, "type": {required: true, values: []string{"s3"}}},
	"containerDefinitions[].secrets[]":          secretPair,
	"containerDefinitions[].dependsOn[]":        {"containerName": must, "condition": must},
	"containerDefinitions[].volumesFrom[]":      {"sourceContainer": must},
	"containerDefinitions[].extraHosts[]":       {"hostname": must, "ipAddress": must},
	"containerDefinitions[].linuxParameters":    {"swappiness": {least: 0, most: 100}, "maxSwap": notBelow0},
	"containerDefinitions[].linuxParameters.devices[]": {"hostPath": must,
		"permissions": {values: []string{"read", "write", "mknod"}}},
	"containerDefinitions[].linuxParameters.tmpfs[]": {"containerPath": must, "size": must},
	"containerDefinitions[].ulimits[]": {
		"name": {required: true, values: []string{
			"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
			"sigpending", "stack",
		}},
		"softLimit": must, "hardLimit": must,
	},
	"containerDefinitions[].logConfiguration": {
		"logDriver": {required: true,
			values: []string{"json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "awsfirelens"}},
	},
	"containerDefinitions[].logConfiguration.secretOptions[]": secretPair,
	"containerDefinitions[].firelensConfiguration": {"type": {required: true,
		values: []string{"fluentd", "fluentbit"}}},
	"containerDefinitions[].resourceRequirements[]": {
		"type": {required: true, values: []string{"GPU", "InferenceAccelerator", "NeuronDevice"}},
	},
	"containerDefinitions[].resourceRequirements[].sharingStrategy.nvidiaMps": {"memory": must},
}

// membersRule checks the members of all structures of a request. It follows the paths in their
// order, so that the reason of a refusal is always the same.
func membersRule(in wire.Object) error {
	for _, path := range slices.Sorted(maps.Keys(members)) {
		names := slices.Sorted(maps.Keys(members[path]))
		for _, structure := range at(in, path) {
			for _, name := range names {
				if err := members[path][name].check(structure[name], strings.TrimPrefix(path+"."+name, ".")); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// at returns the structures at a path.
func at(o wire.Object, path string) []wire.Object {
	if path == "" {
		return []wire.Object{o}
	}
	first, rest, _ := strings.Cut(path, ".")
	var found []wire.Object
	if name, list := strings.CutSuffix(first, "[]"); list {
		for _, item := range wire.Objects(o, name) {
			found = append(found, at(item, rest)...)
		}
	} else if inner := wire.Member(o, first); inner != nil {
		found = at(inner, rest)
	}
	return found
}

func (m member) check(value any, path string) error {
	switch {
	case value == nil && m.required, value == "" && m.required:
		return wire.ClientException("%s should not be null or empty.", path)
	case value == nil:
		return nil
	case m.values != nil && !m.has(value):
		return wire.ClientException("Invalid value for %s. Valid values are %s.", path, strings.Join(m.values, ", "))
	case m.least != 0 || m.most != 0:
		if n := number64(value); n < m.least || n > m.most {
			return wire.ClientException("Invalid value for %s. It must be between %v and %v.", path, m.least, m.most)
		}
	}
	return nil
}

// has reports whether a text, or each of a list of texts, is one of the values.
func (m member) has(value any) bool {
	if items, list := value.([]any); list {
		return !slices.ContainsFunc(items, func(item any) bool { return !m.has(item) })
	}
	text, _ := value.(string)
	return slices.Contains(m.values, text)
}

// integersRule refuses numbers outside of the range of integers.
func integersRule(in wire.Object) error {
	var walk func(v any, path string) error
	walk = func(v any, path string) error {
		switch v := v.(type) {
		case wire.Object:
			for name, value := range v {
				if err := walk(value, path+"."+name); err != nil {
					return err
				}
			}
		case []any:
			for _, item := range v {
				if err := walk(item, path); err != nil {
					return err
				}
			}
		case interface{ Float64() (float64, error) }:
			if n, _ := v.Float64(); n > math.MaxInt32 || n < math.MinInt32 {
				return wire.Refuse("SerializationException", "NUMBER_VALUE can not be converted to an Integer")
			}
		}
		return nil
	}
	return walk(in, "")
}

var portName = pattern(`^[a-z0-9_][a-z0-9_-]*$`)

// portsRule checks the port mappings of all containers together. The refusals are those of AWS
// (github.com/aws/aws-cli/issues/7288, github.com/aws/amazon-ecs-agent/issues/1220); the rules
// for names and ranges are in the API reference (PortMapping).
func portsRule(in wire.Object) error {
	mode := cmp.Or(wire.Text(in, "networkMode"), "bridge")
	taken, names := make(map[string]bool), make(map[string]bool)
	for _, c := range wire.Objects(in, "containerDefinitions") {
		container, ranges := wire.Text(c, "name"), 0
		var own [][3]int // first, last, udp
		for _, mapping := range wire.Objects(c, "portMappings") {
			inside, ports := wire.Int(mapping, "containerPort", 0), wire.Text(mapping, "containerPortRange")
			first, last := inside, inside
			switch {
			case mapping["containerPortRange"] != nil:
				ranges++
				if mapping["containerPort"] != nil || mapping["hostPort"] != nil {
					return wire.ClientException("Invalid 'containerPortRange' setting for container '%s'. It excludes containerPort "+
						"and hostPort.", container)
				}
				low, high, _ := strings.Cut(ports, "-")
				var err, err2 error
				first, err = strconv.Atoi(strings.TrimSpace(low))
				last, err2 = strconv.Atoi(strings.TrimSpace(high))
				if err != nil || err2 != nil || first < 1 || last > 65535 || first >= last {
					return wire.ClientException("Invalid 'containerPortRange' setting for container '%s'.", container)
				}
			case inside < 1 || inside > 65535:
				return wire.ClientException("Invalid 'containerPort' setting for container '%s'.", container)
			}
			protocol := strings.ToUpper(cmp.Or(wire.Text(mapping, "protocol"), "tcp"))
			udp, host := 0, wire.Int(mapping, "hostPort", 0)
			if protocol == "UDP" {
				udp = 1
			}
			if mode != "bridge" && host == 0 {
				host = inside
			}
			key := protocol + " host port '" + strconv.Itoa(host) + "'"
			if host != 0 && taken[key] {
				return wire.ClientException("%s is mapped multiple times in task.", key)
			}
			taken[key] = true
			if mode != "bridge" || host == 0 {
				for _, p := range own {
					if p[2] == udp && p[0] <= last && first <= p[1] {
						return wire.ClientException("Container port %d is used in more than one port mapping for container %s", first,
							container)
					}
				}
				own = append(own, [3]int{first, last, udp})
			}
			if name := wire.Text(mapping, "name"); name != "" {
				if len(name) > 64 || !portName().MatchString(name) {
					return wire.ClientException("Invalid 'name' of a port mapping of container '%s'.", container)
				}
				if names[name] {
					return wire.ClientException("The name '%s' is used in more than one port mapping.", name)
				}
				names[name] = true
			}
		}
		if ranges > 100 {
			return wire.ClientException("A container can have up to 100 container port ranges.")
		}
	}
	return nil
}

// environmentRule checks the environment of containers by the API reference (Secret,
// EnvironmentFile) and the ECS developer guide.
func environmentRule(in wire.Object) error {
	for _, c := range wire.Objects(in, "containerDefinitions") {
		names := make(map[string]bool)
		for _, v := range wire.Objects(c, "environment") {
			names[wire.Text(v, "name")] = true
		}
		for _, s := range wire.Objects(c, "secrets") {
			name := wire.Text(s, "name")
			if names[name] {
				return wire.ClientException("The secret name must be unique and not shared with any new or existing environment "+
					"variables set on the container, such as '%s'.", name)
			}
			names[name] = true
		}
		for _, file := range wire.Objects(c, "environmentFiles") {
			if value := wire.Text(file, "value"); !strings.HasPrefix(value, "arn:") || !strings.Contains(value, ":s3:::") ||
				!strings.HasSuffix(value, ".env") {
				return wire.ClientException("The environment file '%s' must be the ARN of an object in Amazon S3 whose name ends "+
					"with .env.", value)
			}
		}
		if codes, _ := wire.Member(c, "restartPolicy")["ignoredExitCodes"].([]any); len(codes) > 50 {
			return wire.ClientException("A maximum of 50 exit codes can be ignored.")
		}
		if specs := wire.Texts(c, "credentialSpecs"); len(specs) > 1 {
			return wire.ClientException("Only one credential spec is allowed.")
		}
		if hosts := wire.Objects(c, "extraHosts"); len(hosts) > 0 && wire.Text(in, "networkMode") == "awsvpc" {
			return wire.ClientException("extraHosts is not supported on container when networkMode=awsvpc")
		}
		for _, requirement := range wire.Objects(c, "resourceRequirements") {
			if strategy, given := requirement["sharingStrategy"].(wire.Object); given && len(strategy) != 1 {
				return wire.Refuse("SerializationException", "Union must have exactly one member set")
			}
		}
	}
	return nil
}

// collaborationRule checks the container of a proxy or a log router.
func collaborationRule(in wire.Object) error {
	names, router, routed := make(map[string]bool), false, false
	for _, c := range wire.Objects(in, "containerDefinitions") {
		names[wire.Text(c, "name")] = true
		router = router || wire.Member(c, "firelensConfiguration") != nil
		routed = routed || wire.Text(wire.Member(c, "logConfiguration"), "logDriver") == "awsfirelens"
	}
	if routed && !router {
		return wire.ClientException("When a container uses the awsfirelens log driver, the task definition must have a " +
			"container with a firelensConfiguration.")
	}
	if proxy := wire.Member(in, "proxyConfiguration"); proxy != nil && !names[wire.Text(proxy, "containerName")] {
		return wire.ClientException("The proxy container '%s' is not in the task definition.",
			wire.Text(proxy, "containerName"))
	}
	return nil
}

// storageRule checks volumes by the API reference: Volume, EFSVolumeConfiguration,
// EFSAuthorizationConfig and DockerVolumeConfiguration.
func storageRule(in wire.Object) error {
	launched := 0
	for _, v := range wire.Objects(in, "volumes") {
		name, kinds := wire.Text(v, "name"), 0
		for _, kind := range []string{
			"dockerVolumeConfiguration", "efsVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration",
			"s3filesVolumeConfiguration",
		} {
			if v[kind] != nil {
				kinds++
			}
		}
		if len(wire.Member(v, "host")) > 0 {
			kinds++
		}
		if wire.Bool(v, "configuredAtLaunch", false) {
			kinds++
			launched++
		}
		if kinds > 1 {
			return wire.ClientException("Only one volume configuration can be specified for volume '%s'.", name)
		}
		efs := wire.Member(v, "efsVolumeConfiguration")
		access := wire.Member(efs, "authorizationConfig")
		point := wire.Text(access, "accessPointId") != ""
		if root := wire.Text(efs, "rootDirectory"); point && root != "" && root != "/" {
			return wire.ClientException("The root directory of volume '%s' must be omitted or set to '/' when an access point "+
				"is specified.", name)
		}
		if (point || wire.Text(access, "iam") == "ENABLED") && wire.Text(efs, "transitEncryption") != "ENABLED" {
			return wire.ClientException("Transit encryption must be enabled for volume '%s'.", name)
		}
		docker := wire.Member(v, "dockerVolumeConfiguration")
		if wire.Bool(docker, "autoprovision", false) && wire.Text(docker, "scope") != "shared" {
			return wire.ClientException("Autoprovision is for volumes with scope shared only: '%s'.", name)
		}
	}
	if launched > 1 {
		return wire.ClientException("Only one volume can be configured at launch.")
	}
	return nil
}

func number64(v any) float64 {
	n, _ := v.(json.Number)
	f, _ := n.Float64()
	return f
}
