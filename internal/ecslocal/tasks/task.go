package tasks

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/definitions"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// retention is how long a stopped task can still be described.
const retention = time.Hour

// A Task is a task that RunTask started. The lock of its [Engine] guards what changes.
type Task struct {
	ID, ARN    string
	Cluster    *ClusterState
	Definition *definitions.Definition
	Overrides  wire.Object
	Faults     Faults
	instance   *instance // nil on Fargate
	tenant     *tenant   // of the instance
	containers []*Container
	attachment *attachment // nil without awsvpc
	launchType string
	provider   string // capacity provider, may be empty
	platform   string // platform version, only on Fargate
	group      string
	startedBy  string
	exec       bool
	cpu        int // units
	memory     int // MiB
	ports      []string

	stopping chan struct{} // closed when the task is to stop
	term     chan struct{} // closed when its containers are to end

	// What follows changes.
	Tags                         []wire.Object
	LastStatus, DesiredStatus    string
	Version                      int
	stopCode, stoppedReason      string
	createdAt, connectivityAt    time.Time
	pullStartedAt, pullStoppedAt time.Time
	startedAt, stoppingAt        time.Time
	lastExit, executionStoppedAt time.Time // the same, the latter once it is shown
	stoppedAt                    time.Time
	terminated                   bool // term is closed
	waiting                      map[chan<- struct{}]bool
}

// A Container is a container of a task.
type Container struct {
	runtime.Container
	arn       string
	essential bool
	injected  bool   // whether it is not in the definition
	cpuText   string // as the API returns it

	started chan struct{} // closed when it runs
	healthy chan struct{} // closed when its health check first succeeds
	ended   chan struct{} // closed when it ended or never will run

	// What follows changes.
	runs         bool // it has been started at least once
	runningSince time.Time
	lastStatus   string
	exitCode     *int
	reason       string
	healthStatus string
}

// An attachment is the network interface of a task.
type attachment struct {
	id, eni, mac, address, subnet string
	status                        string
}

// touch counts a change of the task and wakes those who wait for one. The caller holds the
// lock.
func (t *Task) touch() {
	t.Version++
	for waiting := range t.waiting {
		select {
		case waiting <- struct{}{}:
		default: // it has a wake-up that it has not read
		}
	}
}

// Stop makes a task stop. Only the first call counts. The caller holds the lock.
func (t *Task) Stop(stopCode, reason string) {
	if t.stopCode != "" {
		return
	}
	t.stopCode, t.stoppedReason = stopCode, reason
	t.DesiredStatus = "STOPPED"
	if t.tenant != nil {
		t.tenant.leaving = true
	}
	t.stoppingAt = time.Now()
	t.touch()
	close(t.stopping)
	if stopCode == essentialExited {
		t.terminate() // the others end at once, in any state of the task
	}
}

// terminate makes the containers end. The caller holds the lock.
func (t *Task) terminate() {
	if !t.terminated {
		t.terminated = true
		close(t.term)
	}
}

// Response returns the task as the API describes it. The caller holds the lock.
func (t *Task) Response(tags bool) wire.Object {
	o := wire.Object{
		"taskArn":               t.ARN,
		"clusterArn":            t.Cluster.ARN,
		"taskDefinitionArn":     t.Definition.ARN,
		"lastStatus":            t.LastStatus,
		"desiredStatus":         t.DesiredStatus,
		"version":               t.Version,
		"cpu":                   strconv.Itoa(t.cpu),
		"memory":                strconv.Itoa(t.memory),
		"group":                 t.group,
		"launchType":            t.launchType,
		"healthStatus":          t.health(),
		"enableExecuteCommand":  t.exec,
		"overrides":             t.overridesResponse(),
		"attributes":            []any{wire.Object{"name": "ecs.cpu-architecture", "value": t.architecture()}},
		"availabilityZone":      t.Cluster.zone,
		"inferenceAccelerators": []any{},
		"attachments":           []any{},
		"tags":                  []any{},
	}
	for name, value := range map[string]string{
		"startedBy": t.startedBy, "stopCode": t.stopCode, "stoppedReason": t.stoppedReason,
		"capacityProviderName": t.provider, "platformVersion": t.platform,
	} {
		if value != "" {
			o[name] = value
		}
	}
	if t.platform != "" {
		o["platformFamily"] = "Linux"
		o["ephemeralStorage"] = wire.Object{"sizeInGiB": t.storage()}
		o["fargateEphemeralStorage"] = wire.Object{"sizeInGiB": t.storage()}
	}
	if t.instance != nil {
		o["containerInstanceArn"] = t.instance.arn
	}
	for name, at := range map[string]time.Time{
		"createdAt": t.createdAt, "connectivityAt": t.connectivityAt,
		"pullStartedAt": t.pullStartedAt, "pullStoppedAt": t.pullStoppedAt,
		"startedAt": t.startedAt, "stoppingAt": t.stoppingAt,
		"executionStoppedAt": t.executionStoppedAt, "stoppedAt": t.stoppedAt,
	} {
		if !at.IsZero() {
			o[name] = wire.Timestamp(at)
		}
	}
	if !t.connectivityAt.IsZero() {
		o["connectivity"] = "CONNECTED"
	}
	if t.attachment != nil {
		o["attachments"] = []any{t.attachment.response()}
	}
	containers := make([]any, 0, len(t.containers))
	for _, c := range t.containers {
		containers = append(containers, c.response(t))
	}
	o["containers"] = containers
	if tags {
		o["tags"] = wire.Tags(t.Tags)
	}
	return o
}

// health returns the health of a task: that of its essential containers with a check.
func (t *Task) health() string {
	health := "UNKNOWN"
	for _, c := range t.containers {
		if !c.essential || wire.Member(c.Definition, "healthCheck") == nil {
			continue
		}
		switch {
		case c.healthStatus == "UNHEALTHY":
			return "UNHEALTHY"
		case c.healthStatus == "UNKNOWN":
			return "UNKNOWN"
		}
		health = "HEALTHY"
	}
	return health
}

func (t *Task) architecture() string {
	if wire.Text(wire.Member(t.Definition.Body, "runtimePlatform"), "cpuArchitecture") == "ARM64" {
		return "arm64"
	}
	return "x86_64"
}

// storage returns the GiB of the disk of a Fargate task.
func (t *Task) storage() int {
	size := wire.Int(wire.Member(t.Definition.Body, "ephemeralStorage"), "sizeInGiB", 20)
	return wire.Int(wire.Member(t.Overrides, "ephemeralStorage"), "sizeInGiB", size)
}

func (t *Task) overridesResponse() wire.Object {
	o := wire.CloneObject(t.Overrides)
	given := wire.Objects(o, "containerOverrides")
	containers := []any{}
	for _, c := range t.containers {
		override := wire.Object{"name": c.Name}
		for _, g := range given {
			if wire.Text(g, "name") == c.Name {
				override = g
			}
		}
		if !c.injected {
			containers = append(containers, override)
		}
	}
	o["containerOverrides"] = containers
	if o["inferenceAcceleratorOverrides"] == nil {
		o["inferenceAcceleratorOverrides"] = []any{}
	}
	return o
}

func (c *Container) response(t *Task) wire.Object {
	o := wire.Object{
		"containerArn":      c.arn,
		"taskArn":           t.ARN,
		"name":              c.Name,
		"image":             c.Image,
		"lastStatus":        c.lastStatus,
		"healthStatus":      c.healthStatus,
		"cpu":               c.cpuText,
		"networkInterfaces": []any{},
		"networkBindings":   []any{},
	}
	if c.Memory > 0 {
		o["memory"] = strconv.Itoa(c.Memory)
	}
	if reserved := wire.Int(c.Definition, "memoryReservation", 0); reserved > 0 {
		o["memoryReservation"] = strconv.Itoa(reserved)
	}
	if c.runs {
		o["runtimeId"] = c.ID
	}
	if c.exitCode != nil {
		o["exitCode"] = *c.exitCode
	}
	if c.reason != "" {
		o["reason"] = c.reason
	}
	if t.attachment != nil {
		o["networkInterfaces"] = []any{wire.Object{"attachmentId": t.attachment.id,
			"privateIpv4Address": t.attachment.address}}
	}
	return o
}

func (a *attachment) response() wire.Object {
	details := []any{}
	for _, d := range [][2]string{
		{"subnetId", a.subnet}, {"networkInterfaceId", a.eni}, {"macAddress", a.mac}, {"privateIPv4Address", a.address},
	} {
		details = append(details, wire.Object{"name": d[0], "value": d[1]})
	}
	return wire.Object{"id": a.id, "type": "ElasticNetworkInterface", "status": a.status, "details": details}
}

// Stopped reports whether the task has reached the state STOPPED.
func (t *Task) Stopped() bool { return !t.stoppedAt.IsZero() }

// Gone reports whether the task stopped so long ago that it can no longer be described.
func (t *Task) Gone() bool { return t.Stopped() && time.Since(t.stoppedAt) > retention }

// Matches reports whether a task passes the filters of a ListTasks request.
func (t *Task) Matches(in wire.Object) bool {
	is := func(member string, values ...string) bool {
		want := wire.Text(in, member)
		return want == "" || slices.Contains(values, want)
	}
	instance := ""
	if t.instance != nil {
		instance = t.instance.arn
	}
	service, _ := strings.CutPrefix(t.group, "service:")
	return is("family", t.Definition.Family) &&
		is("startedBy", t.startedBy) &&
		is("launchType", t.launchType) &&
		is("serviceName", service) &&
		is("containerInstance", instance, instance[strings.LastIndex(instance, "/")+1:])
}

// override returns the overrides of RunTask for a container.
func (t *Task) override(container string) wire.Object {
	for _, o := range wire.Objects(t.Overrides, "containerOverrides") {
		if wire.Text(o, "name") == container {
			return o
		}
	}
	return wire.Object{}
}

// forExecutor returns the task as the executor reads it.
func (t *Task) forExecutor() runtime.Task {
	return runtime.Task{ID: t.ID, ARN: t.ARN, Cluster: t.Cluster.Name, Definition: t.Definition.Body}
}
