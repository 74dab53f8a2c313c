package tasks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/definitions"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Spec says what task to start.
type Spec struct {
	Cluster    *ClusterState
	Definition *definitions.Definition
	Overrides  wire.Object // of RunTask; may be nil
	LaunchType string
	Provider   string // capacity provider; empty without a strategy
	Platform   string // platform version of Fargate
	Subnet     string // with the network mode awsvpc
	Group      string // empty means that of the family
	StartedBy  string
	Exec       bool // whether ECS Exec is enabled
	Tags       []wire.Object
	Placement  Constraints
	Faults     Faults
}

func (e *Engine) newTask(s Spec) *Task {
	id := e.hexID(16)
	t := &Task{
		ID:            id,
		ARN:           e.ARN("task/%s/%s", s.Cluster.Name, id),
		Cluster:       s.Cluster,
		Definition:    s.Definition,
		Overrides:     wire.CloneObject(s.Overrides),
		launchType:    s.LaunchType,
		provider:      s.Provider,
		platform:      s.Platform,
		group:         cmp.Or(s.Group, "family:"+s.Definition.Family),
		startedBy:     s.StartedBy,
		exec:          s.Exec,
		Tags:          slices.Clone(s.Tags),
		Faults:        s.Faults,
		LastStatus:    "PROVISIONING",
		DesiredStatus: "RUNNING",
		Version:       1,
		createdAt:     time.Now(),
		stopping:      make(chan struct{}),
		term:          make(chan struct{}),
	}
	if s.Definition.NetworkMode() == "awsvpc" {
		n := e.hexID(4)
		t.attachment = &attachment{
			id: e.uuid(), eni: "eni-" + e.hexID(8) + "0",
			mac:     "02:" + n[0:2] + ":" + n[2:4] + ":" + n[4:6] + ":" + n[6:8] + ":01",
			address: fmt.Sprintf("10.0.%d.%d", (len(e.tasks)/250)%250, len(e.tasks)%250+4),
			subnet:  s.Subnet, status: "PRECREATED",
		}
	}
	for _, c := range s.Definition.Containers() {
		t.containers = append(t.containers, e.newContainer(t, c))
	}
	for _, name := range s.Faults.Sidecars {
		sidecar := e.newContainer(t, wire.Object{"name": name, "image": name + ":latest", "essential": false})
		sidecar.injected, sidecar.cpuText = true, "null"
		t.containers = append(t.containers, sidecar)
	}
	t.size()
	return t
}

// size sets the CPU and the memory of the task, those of its containers if it has none of its
// own, and its host ports.
func (t *Task) size() {
	t.cpu, t.memory, _ = rules.TaskSize(t.Definition.Body) // checked when it was registered
	if cpu, memory, _ := rules.TaskSize(t.Overrides); cpu > 0 || memory > 0 {
		t.cpu, t.memory = orElse(cpu, t.cpu), orElse(memory, t.memory)
	}
	cpu, memory := 0, 0
	for _, c := range t.containers {
		cpu += c.CPU
		memory += orElse(wire.Int(c.Definition, "memoryReservation", 0), c.Memory)
		for _, port := range wire.Objects(c.Definition, "portMappings") {
			if host := wire.Int(port, "hostPort", 0); host > 0 && t.attachment == nil {
				t.ports = append(t.ports, strconv.Itoa(host)+"/"+wire.Text(port, "protocol"))
			}
		}
	}
	t.cpu, t.memory = orElse(t.cpu, cpu), orElse(t.memory, memory)
}

func orElse(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

func (e *Engine) newContainer(t *Task, d wire.Object) *Container {
	name := wire.Text(d, "name")
	override := t.override(name)
	command := wire.Texts(d, "command")
	if override["command"] != nil {
		command = wire.Texts(override, "command")
	}
	c := &Container{
		Container: runtime.Container{
			Task:             t.forExecutor(),
			ID:               e.hexID(32),
			Name:             name,
			Image:            wire.Text(d, "image"),
			EntryPoint:       wire.Texts(d, "entryPoint"),
			Command:          command,
			WorkingDirectory: wire.Text(d, "workingDirectory"),
			Environment:      e.environment(t, d, override),
			CPU:              wire.Int(override, "cpu", wire.Int(d, "cpu", 0)),
			Memory:           wire.Int(override, "memory", wire.Int(d, "memory", 0)),
			StopTimeout:      time.Duration(wire.Int(d, "stopTimeout", 30)) * time.Second,
			Definition:       d,
		},
		arn:          e.ARN("container/%s/%s/%s", t.Cluster.Name, t.ID, e.uuid()),
		essential:    wire.Bool(d, "essential", true),
		lastStatus:   "PENDING",
		healthStatus: "UNKNOWN",
		started:      make(chan struct{}),
		healthy:      make(chan struct{}),
		ended:        make(chan struct{}),
	}
	c.cpuText = strconv.Itoa(c.CPU)
	return c
}
