package runtime

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// TestCreateArguments holds what of a definition becomes which arguments.
func TestCreateArguments(t *testing.T) {
	for _, c := range []struct {
		name            string
		task, container string
		want            string // between the labels and the image
	}{
		{"nothing", `{}`, `{}`, ``},
		{
			"the process", `{}`,
			`{"user":"1:2","privileged":true,"readonlyRootFilesystem":true,"interactive":true,"pseudoTerminal":true,` +
				`"dockerSecurityOptions":["no-new-privileges"],"dockerLabels":{"b":"2","a":"1"}}`,
			`--label a=1|--label b=2|--user 1:2|--privileged|--read-only|--interactive|--tty|--security-opt no-new-privileges`,
		},
		{
			"bridge", `{"networkMode":"bridge"}`,
			`{"hostname":"h","dnsServers":["1.1.1.1"],"dnsSearchDomains":["x"],"extraHosts":[{"hostname":"e",
			"ipAddress":"10.0.0.1"}],"links":["db:base","web"],
			  "portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp"},{"containerPort":53,"hostPort":5353,
			  "protocol":"udp"},{"containerPortRange":"1-9","protocol":"tcp"}],
			  "systemControls":[{"namespace":"net.core.somaxconn","value":"1"},{"namespace":"kernel.msgmax","value":"2"}]}`,
			`--hostname h|--dns 1.1.1.1|--dns-search x|--add-host e:10.0.0.1|--sysctl net.core.somaxconn=1|--link ` +
				`ecs-T-db:base|--link ecs-T-web:web|--publish 80/tcp|--publish 5353:53/udp|--publish 1-9/tcp|--sysctl ` +
				`kernel.msgmax=2`,
		},
		{"host", `{"networkMode":"host"}`, `{"portMappings":[{"containerPort":80,"protocol":"tcp"}]}`, `--network host`},
		{"none", `{"networkMode":"none"}`, `{"hostname":"h"}`, `--network none`},
		{"no network for one", `{}`, `{"disableNetworking":true}`, `--network none`},
		{
			"awsvpc", `{"networkMode":"awsvpc","pidMode":"task"}`,
			`{"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}],` +
				`"systemControls":[{"namespace":"net.core.somaxconn","value":"1"}]}`,
			`--pid container:ecs-T-_internal_pause|--network container:ecs-T-_internal_pause`,
		},
		{
			"resources", `{}`,
			`{"memoryReservation":32,"ulimits":[{"name":"nofile","softLimit":1,"hardLimit":2}],
			"resourceRequirements":[{"type":"GPU","value":"2"}],
			  "linuxParameters":{"maxSwap":10,"swappiness":0,"sharedMemorySize":8,"initProcessEnabled":true,
			  "capabilities":{"add":["A"],"drop":["B"]},
			    "devices":[{"hostPath":"/dev/x"},{"hostPath":"/dev/y","containerPath":"/dev/z","permissions":["read","write"]}],
			    "tmpfs":[{"containerPath":"/t","size":5,"mountOptions":["noexec"]}]}}`,
			`--cpu-shares 10|--memory 64m|--memory-swap 74m|--memory-reservation 32m|--shm-size 8m|--memory-swappiness ` +
				`0|--init|--cap-add A|--cap-drop B|--device /dev/x:/dev/x:rwm|--device /dev/y:/dev/z:rw|--ulimit ` +
				`nofile=1:2|--gpus 2|--tmpfs /t:size=5m,noexec`,
		},
		{
			"volumes", `{"volumes":[{"name":"own"},{"name":"bind","host":{"sourcePath":"/a,b"}},{"name":"shared",` +
				`"dockerVolumeConfiguration":{"scope":"shared"}}]}`,
			`{"mountPoints":[{"sourceVolume":"own","containerPath":"/own","readOnly":true},{"sourceVolume":"bind",` +
				`"containerPath":"/bind"},{"sourceVolume":"shared","containerPath":"/shared"}],` +
				`"volumesFrom":[{"sourceContainer":"o","readOnly":true}]}`,
			`--mount type=volume,source=ecs-T-own,target=/own,readonly|--mount type=bind,"source=/a,b",` +
				`target=/bind|--mount type=volume,source=shared,target=/shared|--volumes-from ecs-T-o:ro`,
		},
		{
			"EFS", `{"volumes":[{"name":"e","efsVolumeConfiguration":{"fileSystemId":"fs-1","rootDirectory":"/../data"}},` +
				`{"name":"p","efsVolumeConfiguration":{"fileSystemId":"fs-1","authorizationConfig":{"accessPointId":"fsap-1"}}}]}`,
			`{"mountPoints":[{"sourceVolume":"e","containerPath":"/e"},{"sourceVolume":"p","containerPath":"/p"}]}`,
			`--mount type=bind,source=/efs/fs-1/data,target=/e|--mount type=bind,source=/efs/fs-1/fsap-1,target=/p`,
		},
		{"platform", `{"runtimePlatform":{"cpuArchitecture":"ARM64"}}`, `{}`, `--platform linux/arm64`},
	} {
		t.Run(c.name, func(t *testing.T) {
			container := Container{
				Task: Task{ID: "T", ARN: "A", Cluster: "C", Definition: parsed(t, c.task)},
				Name: "c", Image: "image", Environment: []string{"SECRET=in no argument"}, EntryPoint: []string{"e", "1"},
				Command: []string{"--x"}, Definition: parsed(t, c.container),
			}
			if c.name == "resources" {
				container.CPU, container.Memory = 10, 64
			}
			container.Task.Definition["family"], container.Task.Definition["revision"] = "f", 3
			d := docker{host: "h", volumes: "/efs"}
			got := d.createArguments(container, []string{"ODD"})
			want := []string{"create", "--name", "ecs-T-c", "--env-file", "/dev/stdin", "--no-healthcheck", "--log-driver",
				"json-file", "--env", "ODD"}
			labels := []string{
				"--label", "com.amazonaws.ecs.cluster=C", "--label", "com.amazonaws.ecs.container-name=c", "--label",
				"com.amazonaws.ecs.task-arn=A",
				"--label", "com.amazonaws.ecs.task-definition-family=f", "--label", "com.amazonaws.ecs.task-definition-version=3",
				"--label", "ecs-run-task.owner=" + d.owner(),
			}
			var members []string
			for _, argument := range strings.Split(c.want, "|") {
				if flag, value, hasValue := strings.Cut(argument, " "); hasValue {
					members = append(members, flag, value)
				} else if flag != "" {
					members = append(members, flag)
				}
			}
			if c.name == "platform" {
				want, members = append(want, members...), nil
			}
			want = slices.Concat(want, labels, members, []string{"--entrypoint", "e", "--", "image", "1", "--x"})
			if !slices.Equal(got, want) {
				t.Errorf("arguments\n got %q\nwant %q", got, want)
			}
		})
	}
}

func parsed(t *testing.T, text string) wire.Object {
	t.Helper()
	o, err := wire.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTaskVolumes(t *testing.T) {
	task := Task{ID: "T", Definition: parsed(t, `{"volumes":[
		{"name":"own"}, {"name":"bind","host":{"sourcePath":"/x"}}, {"name":"efs",
		"efsVolumeConfiguration":{"fileSystemId":"fs-1"}}, {"name":"there","dockerVolumeConfiguration":{"scope":"shared"}},
		{"name":"made","dockerVolumeConfiguration":{"scope":"shared","autoprovision":true,"driver":"local",
		"driverOpts":{"type":"tmpfs"},"labels":{"a":"b"}}}]}`)}
	d := docker{host: "h"}
	want := "[[volume create --label ecs-run-task.owner=" + d.owner() +
		" -- ecs-T-own] [volume create --driver local --opt type=tmpfs --label a=b -- made]]"
	if got := fmt.Sprint(d.taskVolumes(task)); got != want {
		t.Errorf("taskVolumes = %s, want %s", got, want)
	}
}

// TestSplitEnvironment holds that every entry gets to the CLI in one of the two
// ways, and that what goes by file is a line of it.
func TestSplitEnvironment(t *testing.T) {
	long := "LONG=" + strings.Repeat("x", 70000)
	file, inherited, names := splitEnvironment([]string{"A=1", "B=", "C=a\nb", "D=x\r", "E= #'\" ", "F=\xff", long})
	if want := "A=1\nB=\nE= #'\" \n"; file != want {
		t.Errorf("file = %q, want %q", file, want)
	}
	if want := []string{"C=a\nb", "D=x\r", "F=\xff", long}; !slices.Equal(inherited, want) {
		t.Errorf("inherited = %.100q, want %.100q", inherited, want)
	}
	if want := []string{"C", "D", "F", "LONG"}; !slices.Equal(names, want) {
		t.Errorf("names = %q, want %q", names, want)
	}
}

// TestPauseProgram holds that the programs are ones that Linux loads.
func TestPauseProgram(t *testing.T) {
	for architecture, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		program, err := pauseProgram(architecture)
		if err != nil {
			t.Fatal(err)
		}
		file, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatalf("%s: %v", architecture, err)
		}
		if file.Machine != machine || file.Type != elf.ET_EXEC || len(file.Progs) != 1 {
			t.Errorf("%s: header %+v", architecture, file.FileHeader)
		}
		segment := file.Progs[0]
		if segment.Type != elf.PT_LOAD || segment.Filesz != uint64(len(program)) || file.Entry < segment.Vaddr ||
			file.Entry >= segment.Vaddr+segment.Memsz {
			t.Errorf("%s: entry %#x in segment %+v", architecture, file.Entry, segment.ProgHeader)
		}
	}
	if _, err := pauseProgram("pdp11"); err == nil {
		t.Error("pauseProgram(pdp11) has no error")
	}
}

// TestShapes holds that the shapes of requests take integers in every spelling
// that JSON has for them, and nothing else.
func TestShapes(t *testing.T) {
	for literal, good := range map[string]bool{"1": true, "1.0": true, "1e3": true, "-5": true, "1.5": false,
		"1e400": false, `"1"`: false, "true": false, "9007199254740993": false} {
		var v any
		decoder := json.NewDecoder(strings.NewReader(literal))
		decoder.UseNumber()
		if err := decoder.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if err := wire.Check(v, wire.Integer); (err == nil) != good {
			t.Errorf("check(%s, integer) = %v, want it to be good: %t", literal, err, good)
		}
	}
}
