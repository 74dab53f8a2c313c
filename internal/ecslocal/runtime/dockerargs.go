package runtime

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// arguments are flags of the CLI. A flag with an empty value is left out.
type arguments []string

func (a *arguments) add(flag, value string) {
	if value != "" {
		*a = append(*a, flag, value)
	}
}

func (a *arguments) each(flag string, values []string) {
	for _, value := range values {
		a.add(flag, value)
	}
}

func (a *arguments) when(set bool, flag string) {
	if set {
		*a = append(*a, flag)
	}
}

func (a *arguments) mebibytes(flag string, o wire.Object, member string) {
	if n := wire.Int(o, member, 0); n > 0 {
		a.add(flag, strconv.Itoa(n)+"m")
	}
}

// containerName returns the name of a container on the engine. Ids of tasks and names of
// containers have no special characters.
func containerName(t Task, name string) string {
	return "ecs-" + t.ID + "-" + strings.ReplaceAll(name, "~", "_")
}

// volumeName returns the name of a volume on the engine, and whether it belongs to the task. A
// folder of the host has no name.
func volumeName(t Task, volume wire.Object) (name string, own bool) {
	name = wire.Text(volume, "name")
	configuration := wire.Member(volume, "dockerVolumeConfiguration")
	switch {
	case wire.Text(wire.Member(volume, "host"), "sourcePath") != "", volume["efsVolumeConfiguration"] != nil:
		return "", false
	case wire.Text(configuration, "scope") == "shared":
		return name, false
	}
	return "ecs-" + t.ID + "-" + name, true
}

// taskVolumes returns the calls that create the volumes of a task.
func (d docker) taskVolumes(t Task) [][]string {
	var calls [][]string
	for _, v := range wire.Objects(t.Definition, "volumes") {
		name, _ := volumeName(t, v)
		configuration := wire.Member(v, "dockerVolumeConfiguration")
		if name == "" || wire.Text(configuration, "scope") == "shared" && !wire.Bool(configuration, "autoprovision", false) {
			continue
		}
		call := arguments{"volume", "create"}
		call.add("--driver", wire.Text(configuration, "driver"))
		call.each("--opt", pairs(wire.Member(configuration, "driverOpts")))
		call.each("--label", pairs(wire.Member(configuration, "labels")))
		if wire.Text(configuration, "scope") != "shared" {
			call.add("--label", ownerLabel+"="+d.owner())
		}
		calls = append(calls, append(call, "--", name))
	}
	return calls
}

// pairs returns the members of a map as key=value, sorted.
func pairs(o wire.Object) []string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(o)) {
		pairs = append(pairs, key+"="+wire.Text(o, key))
	}
	return pairs
}

// pauses reports whether the task needs a pause container for the resources that its containers
// share.
func pauses(t Task) bool {
	return wire.Text(t.Definition, "networkMode") == "awsvpc" || wire.Text(t.Definition, "pidMode") == "task" ||
		wire.Text(t.Definition, "ipcMode") == "task"
}

func (d docker) pauseArguments(t Task, image string) []string {
	args := arguments{"run", "--detach", "--name", containerName(t, pause)}
	args.labels(t, pause)
	args.add("--label", ownerLabel+"="+d.owner())
	if wire.Text(t.Definition, "ipcMode") == "task" {
		args.add("--ipc", "shareable")
	}
	if wire.Text(t.Definition, "networkMode") == "awsvpc" {
		for _, c := range wire.Objects(t.Definition, "containerDefinitions") {
			args.systemControls(c, true)
		}
	}
	return append(args, image)
}

// labels adds the labels that the ECS agent puts on containers.
func (a *arguments) labels(t Task, container string) {
	a.each("--label", []string{
		"com.amazonaws.ecs.cluster=" + t.Cluster,
		"com.amazonaws.ecs.container-name=" + container,
		"com.amazonaws.ecs.task-arn=" + t.ARN,
		"com.amazonaws.ecs.task-definition-family=" + wire.Text(t.Definition, "family"),
		fmt.Sprint("com.amazonaws.ecs.task-definition-version=", t.Definition["revision"]),
	})
}

// systemControls adds the system controls of the network, or all others. If containers share a
// network, the pause container has those of the network.
func (a *arguments) systemControls(container wire.Object, network bool) {
	for _, control := range wire.Objects(container, "systemControls") {
		name := wire.Text(control, "namespace")
		if strings.HasPrefix(name, "net.") == network {
			a.add("--sysctl", name+"="+wire.Text(control, "value"))
		}
	}
}

func platform(t Task) []string {
	p := wire.Member(t.Definition, "runtimePlatform")
	var args arguments
	switch wire.Text(p, "cpuArchitecture") {
	case "X86_64":
		args.add("--platform", "linux/amd64")
	case "ARM64":
		args.add("--platform", "linux/arm64")
	}
	return args
}

// splitEnvironment splits an environment into the variables that the CLI can read from a file,
// which is its input, and those that it has to inherit because a file of lines can't have their
// values. names are the names of the latter.
func splitEnvironment(environment []string) (file string, inherited, names []string) {
	var lines strings.Builder
	for _, entry := range environment {
		if !strings.ContainsAny(entry, "\r\n") && len(entry) < 60000 && strings.ToValidUTF8(entry, "") == entry {
			lines.WriteString(entry + "\n")
			continue
		}
		name, _, _ := strings.Cut(entry, "=")
		inherited, names = append(inherited, entry), append(names, name)
	}
	return lines.String(), inherited, names
}

// createArguments returns the call that creates a container. Its environment is the input of the
// call and the named variables.
func (d docker) createArguments(c Container, variables []string) []string {
	definition := c.Definition
	args := arguments{"create", "--name", containerName(c.Task, c.Name), "--env-file", "/dev/stdin", "--no-healthcheck",
		"--log-driver", "json-file"}
	args.each("--env", variables)
	args = append(args, platform(c.Task)...)
	args.labels(c.Task, c.Name)
	args.add("--label", ownerLabel+"="+d.owner())
	args.each("--label", pairs(wire.Member(definition, "dockerLabels")))
	args.add("--workdir", c.WorkingDirectory)
	args.add("--user", wire.Text(definition, "user"))
	args.when(wire.Bool(definition, "privileged", false), "--privileged")
	args.when(wire.Bool(definition, "readonlyRootFilesystem", false), "--read-only")
	args.when(wire.Bool(definition, "interactive", false), "--interactive")
	args.when(wire.Bool(definition, "pseudoTerminal", false), "--tty")
	args.each("--security-opt", wire.Texts(definition, "dockerSecurityOptions"))
	args.network(c)
	args.resources(c)
	args.mounts(c, d.efsFolder)
	args.systemControls(definition, false)
	if len(c.EntryPoint) > 0 {
		args = append(args, "--entrypoint", c.EntryPoint[0], "--", c.Image)
		args = append(args, c.EntryPoint[1:]...)
	} else {
		args = append(args, "--", c.Image)
	}
	return append(args, c.Command...)
}

// network adds the network and the process namespace of a container.
func (a *arguments) network(c Container) {
	d, task := c.Definition, c.Task.Definition
	shared := "container:" + containerName(c.Task, pause)
	for flag, member := range map[string]string{"--pid": "pidMode", "--ipc": "ipcMode"} {
		switch mode := wire.Text(task, member); mode {
		case "task":
			a.add(flag, shared)
		case "host", "none":
			a.add(flag, mode)
		}
	}
	mode := wire.Text(task, "networkMode")
	switch {
	case wire.Bool(d, "disableNetworking", false) || mode == "none":
		a.add("--network", "none")
		return
	case mode == "awsvpc":
		a.add("--network", shared)
		return // the pause container has the rest
	case mode == "host":
		a.add("--network", "host")
	}
	a.add("--hostname", wire.Text(d, "hostname"))
	a.each("--dns", wire.Texts(d, "dnsServers"))
	a.each("--dns-search", wire.Texts(d, "dnsSearchDomains"))
	for _, host := range wire.Objects(d, "extraHosts") {
		a.add("--add-host", wire.Text(host, "hostname")+":"+wire.Text(host, "ipAddress"))
	}
	if mode == "host" {
		return
	}
	a.systemControls(d, true)
	for _, link := range wire.Texts(d, "links") {
		name, alias, aliased := strings.Cut(link, ":")
		if !aliased {
			alias = name
		}
		a.add("--link", containerName(c.Task, name)+":"+alias)
	}
	for _, port := range wire.Objects(d, "portMappings") {
		protocol := "/" + wire.Text(port, "protocol")
		if ports := wire.Text(port, "containerPortRange"); ports != "" {
			a.add("--publish", ports+protocol)
			continue
		}
		publish := strconv.Itoa(wire.Int(port, "containerPort", 0)) + protocol
		if host := wire.Int(port, "hostPort", 0); host > 0 {
			publish = strconv.Itoa(host) + ":" + publish
		}
		a.add("--publish", publish)
	}
}

// resources adds a container's limits, capabilities and devices.
func (a *arguments) resources(c Container) {
	d := c.Definition
	if c.CPU > 0 {
		a.add("--cpu-shares", strconv.Itoa(max(c.CPU, 2)))
	}
	linux := wire.Member(d, "linuxParameters")
	if c.Memory > 0 {
		a.add("--memory", strconv.Itoa(c.Memory)+"m")
		if linux["maxSwap"] != nil {
			a.add("--memory-swap", strconv.Itoa(c.Memory+wire.Int(linux, "maxSwap", 0))+"m")
		}
	}
	a.mebibytes("--memory-reservation", d, "memoryReservation")
	a.mebibytes("--shm-size", linux, "sharedMemorySize")
	if linux["swappiness"] != nil {
		a.add("--memory-swappiness", strconv.Itoa(wire.Int(linux, "swappiness", 0)))
	}
	a.when(wire.Bool(linux, "initProcessEnabled", false), "--init")
	capabilities := wire.Member(linux, "capabilities")
	a.each("--cap-add", wire.Texts(capabilities, "add"))
	a.each("--cap-drop", wire.Texts(capabilities, "drop"))
	for _, device := range wire.Objects(linux, "devices") {
		a.add("--device", deviceArgument(device))
	}
	for _, limit := range wire.Objects(d, "ulimits") {
		a.add("--ulimit", fmt.Sprintf("%s=%d:%d", wire.Text(limit, "name"), wire.Int(limit, "softLimit", 0),
			wire.Int(limit, "hardLimit", 0)))
	}
	for _, resource := range wire.Objects(d, "resourceRequirements") {
		if wire.Text(resource, "type") == "GPU" {
			a.add("--gpus", wire.Text(resource, "value"))
		}
	}
}

func deviceArgument(device wire.Object) string {
	host, inside, letters := wire.Text(device, "hostPath"), wire.Text(device, "containerPath"), ""
	if inside == "" {
		inside = host
	}
	for _, permission := range wire.Texts(device, "permissions") {
		letters += map[string]string{"read": "r", "write": "w", "mknod": "m"}[permission]
	}
	if letters == "" {
		letters = "rwm"
	}
	return host + ":" + inside + ":" + letters
}

// mounts adds the mounts of a container.
func (a *arguments) mounts(c Container, efsFolder func(volume wire.Object) string) {
	named := make(map[string]wire.Object)
	for _, v := range wire.Objects(c.Task.Definition, "volumes") {
		named[wire.Text(v, "name")] = v
	}
	for _, m := range wire.Objects(c.Definition, "mountPoints") {
		v := named[wire.Text(m, "sourceVolume")]
		mount := []string{"type=volume", "source=", "target=" + wire.Text(m, "containerPath")}
		if path := wire.Text(wire.Member(v, "host"), "sourcePath"); path != "" {
			mount[0], mount[1] = "type=bind", "source="+path
		} else if v["efsVolumeConfiguration"] != nil {
			mount[0], mount[1] = "type=bind", "source="+efsFolder(v)
		} else {
			name, _ := volumeName(c.Task, v)
			mount[1] += name
		}
		if wire.Bool(m, "readOnly", false) {
			mount = append(mount, "readonly")
		}
		a.add("--mount", commaSeparated(mount))
	}
	for _, from := range wire.Objects(c.Definition, "volumesFrom") {
		source := containerName(c.Task, wire.Text(from, "sourceContainer"))
		if wire.Bool(from, "readOnly", false) {
			source += ":ro"
		}
		a.add("--volumes-from", source)
	}
	for _, t := range wire.Objects(wire.Member(c.Definition, "linuxParameters"), "tmpfs") {
		options := append([]string{fmt.Sprintf("size=%dm", wire.Int(t, "size", 0))}, wire.Texts(t, "mountOptions")...)
		a.add("--tmpfs", wire.Text(t, "containerPath")+":"+strings.Join(options, ","))
	}
}

// commaSeparated joins fields as CSV, which the CLI reads.
func commaSeparated(fields []string) string {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	w.Write(fields) // to a buffer: can't fail
	w.Flush()
	return strings.TrimSuffix(line.String(), "\n")
}

// pauseProgram returns a Linux program with one system call that never returns: an ELF header,
// one segment, and the code.
func pauseProgram(architecture string) ([]byte, error) {
	var machine uint16
	var code []byte
	switch architecture {
	case "amd64":
		machine = 62
		code = []byte{
			0xb8, 0x22, 0, 0, 0, // mov eax, 34 (pause)
			0x0f, 0x05, // syscall
			0xeb, 0xf7, // jmp to the start
		}
	case "arm64":
		machine = 183
		for _, instruction := range []uint32{
			0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, // mov x0..x3, 0
			0xd2800928, // mov x8, 73 (ppoll)
			0xd4000001, // svc 0
			0x17fffffa, // b to the start
		} {
			code = binary.LittleEndian.AppendUint32(code, instruction)
		}
	default:
		return nil, fmt.Errorf("no pause program for the architecture %q", architecture)
	}
	const base, headers = 0x400000, 64 + 56
	le := binary.LittleEndian
	p := []byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0} // 64 bit, little endian
	p = le.AppendUint16(p, 2)                                            // executable
	p = le.AppendUint16(p, machine)
	p = le.AppendUint32(p, 1)
	p = le.AppendUint64(p, base+headers) // entry point
	p = le.AppendUint64(p, 64)           // program headers
	p = le.AppendUint64(p, 0)            // no section headers
	p = le.AppendUint32(p, 0)
	for _, n := range []uint16{64, 56, 1, 64, 0, 0} { // sizes and numbers of headers
		p = le.AppendUint16(p, n)
	}
	p = le.AppendUint32(p, 1) // load
	p = le.AppendUint32(p, 5) // readable, executable
	size := uint64(headers + len(code))
	for _, n := range []uint64{0, base, base, size, size, 0x1000} {
		p = le.AppendUint64(p, n)
	}
	return append(p, code...), nil
}
