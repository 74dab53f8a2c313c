package ecslocal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// retention is how long a stopped task can still be described.
const retention = time.Hour

// A task is one that RunTask started. The server's mutex holds what changes.
type task struct {
	id, arn    string
	cluster    *cluster
	instance   *instance // nil on Fargate
	definition *definition
	containers []*container
	attachment *attachment // nil without awsvpc
	overrides  object
	launchType string
	provider   string // capacity provider, may be empty
	platform   string // platform version, only on Fargate
	group      string
	startedBy  string
	exec       bool
	cpu        int // units
	memory     int // MiB
	ports      []string
	faults     taskPlan

	stopping chan struct{} // closed when the task is to stop
	term     chan struct{} // closed when its containers are to end

	// What follows changes.
	tags                         []object
	lastStatus, desiredStatus    string
	version                      int
	stopCode, stoppedReason      string
	createdAt, connectivityAt    time.Time
	pullStartedAt, pullStoppedAt time.Time
	startedAt, stoppingAt        time.Time
	lastExit, executionStoppedAt time.Time // the same, the latter once it is shown
	stoppedAt                    time.Time
	terminated                   bool // term is closed
	waiting                      map[chan<- struct{}]bool
}

// A container is one of a task.
type container struct {
	runtime.Container
	arn       string
	essential bool
	injected  bool   // it is not in the definition
	cpuText   string // as the API answers it

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

// touch counts a change of the task and wakes who waits for one. The server's
// mutex is held.
func (t *task) touch() {
	t.version++
	for waiting := range t.waiting {
		select {
		case waiting <- struct{}{}:
		default: // woken already
		}
	}
}

// halt asks a task to stop; the first request counts. The server's mutex is
// held.
func (t *task) halt(stopCode, reason string) {
	if t.stopCode != "" {
		return
	}
	t.stopCode, t.stoppedReason = stopCode, reason
	t.desiredStatus = "STOPPED"
	t.stoppingAt = time.Now()
	t.touch()
	close(t.stopping)
	if stopCode == "EssentialContainerExited" {
		t.terminate() // the others end at once, whatever state the task shows
	}
}

// terminate asks the containers to end. The server's mutex is held.
func (t *task) terminate() {
	if !t.terminated {
		t.terminated = true
		close(t.term)
	}
}

// answer is the task as the API answers it. The server's mutex is held.
func (t *task) answer(tags bool) object {
	o := object{
		"taskArn":               t.arn,
		"clusterArn":            t.cluster.arn,
		"taskDefinitionArn":     t.definition.arn,
		"lastStatus":            t.lastStatus,
		"desiredStatus":         t.desiredStatus,
		"version":               t.version,
		"cpu":                   strconv.Itoa(t.cpu),
		"memory":                strconv.Itoa(t.memory),
		"group":                 t.group,
		"launchType":            t.launchType,
		"healthStatus":          t.health(),
		"enableExecuteCommand":  t.exec,
		"overrides":             t.overridesAnswer(),
		"attributes":            []any{object{"name": "ecs.cpu-architecture", "value": t.architecture()}},
		"availabilityZone":      t.cluster.zone,
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
		o["ephemeralStorage"] = object{"sizeInGiB": t.storage()}
		o["fargateEphemeralStorage"] = object{"sizeInGiB": t.storage()}
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
		o["attachments"] = []any{t.attachment.answer()}
	}
	containers := make([]any, 0, len(t.containers))
	for _, c := range t.containers {
		containers = append(containers, c.answer(t))
	}
	o["containers"] = containers
	if tags {
		o["tags"] = tagsAnswer(t.tags)
	}
	return o
}

// health is the health of a task: that of its essential containers with a
// check.
func (t *task) health() string {
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

func (t *task) architecture() string {
	if wire.Text(wire.Member(t.definition.body, "runtimePlatform"), "cpuArchitecture") == "ARM64" {
		return "arm64"
	}
	return "x86_64"
}

// storage is the GiB of a Fargate task's disk.
func (t *task) storage() int {
	size := wire.Int(wire.Member(t.definition.body, "ephemeralStorage"), "sizeInGiB", 20)
	return wire.Int(wire.Member(t.overrides, "ephemeralStorage"), "sizeInGiB", size)
}

func (t *task) overridesAnswer() object {
	o := wire.CloneObject(t.overrides)
	given := wire.Objects(o, "containerOverrides")
	containers := []any{}
	for _, c := range t.containers {
		override := object{"name": c.Name}
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

func (c *container) answer(t *task) object {
	o := object{
		"containerArn":      c.arn,
		"taskArn":           t.arn,
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
		o["networkInterfaces"] = []any{object{"attachmentId": t.attachment.id, "privateIpv4Address": t.attachment.address}}
	}
	return o
}

func (a *attachment) answer() object {
	details := []any{}
	for _, d := range [][2]string{
		{"subnetId", a.subnet}, {"networkInterfaceId", a.eni}, {"macAddress", a.mac}, {"privateIPv4Address", a.address},
	} {
		details = append(details, object{"name": d[0], "value": d[1]})
	}
	return object{"id": a.id, "type": "ElasticNetworkInterface", "status": a.status, "details": details}
}

// forget drops the tasks, and the launches of tasks, that stopped too long ago
// to be described. The server's mutex is held.
func (s *Server) forget() {
	gone := func(t *task) bool { return !t.stoppedAt.IsZero() && time.Since(t.stoppedAt) > retention }
	for token, l := range s.launches {
		if time.Since(l.at) > 24*time.Hour || len(l.tasks) > 0 && !slices.ContainsFunc(l.tasks, func(t *task) bool { return !gone(t) }) {
			delete(s.launches, token)
		}
	}
	s.tasks = slices.DeleteFunc(s.tasks, func(t *task) bool {
		if gone(t) {
			delete(s.byARN, t.arn)
		}
		return gone(t)
	})
}

// task returns the task of a cluster with an id or ARN, nil if there is none.
func (s *Server) task(c *cluster, name string) *task {
	if !strings.HasPrefix(name, "arn:") {
		name = s.arn("task/%s/%s", c.Name, name)
	}
	if t := s.byARN[name]; t != nil && t.cluster == c {
		return t
	}
	return nil
}

func (s *Server) describeTasks(in object, from caller) (any, error) {
	names := wire.Texts(in, "tasks")
	switch {
	case len(names) == 0:
		return nil, wire.InvalidParameter("Tasks cannot be empty.")
	case len(names) > 100:
		return nil, wire.InvalidParameter("Tasks cannot be more than 100.")
	}
	if err := s.awaitChange(in, names, from); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	s.forget()
	tags := slices.Contains(wire.Texts(in, "include"), "TAGS")
	found, failures := []any{}, []any{}
	for _, name := range names {
		t := s.task(c, name)
		if t == nil || from.effect.missing {
			failures = append(failures, failure(s.namedARN("task/"+c.Name, name), "MISSING", ""))
			continue
		}
		found = append(found, t.answer(tags))
	}
	return object{"tasks": found, "failures": failures}, nil
}

// awaitChange returns when one of the tasks has changed, when the time that the
// request allows is over, or at once if it allows none or nothing can change.
func (s *Server) awaitChange(in object, names []string, from caller) error {
	if from.wait.atMost == 0 {
		return nil
	}
	changed := make(chan struct{}, 1)
	tasks, fresh, err := s.watch(in, names, from.wait.known, changed)
	if err != nil || fresh {
		return err
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, t := range tasks {
			delete(t.waiting, changed)
		}
	}()
	timer := time.NewTimer(from.wait.atMost)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-from.ctx.Done():
	case <-s.life.Done():
	}
	return nil
}

// watch lets changed be sent to when one of the tasks changes. fresh says that there
// is nothing to wait for: a task is not there, has changed since its caller knew it,
// or all are STOPPED.
func (s *Server) watch(in object, names []string, known map[string]int, changed chan<- struct{}) (tasks []*task, fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, false, err
	}
	stopped := 0
	for _, name := range names {
		t := s.task(c, name)
		if t == nil {
			return nil, true, nil
		}
		if version, given := known[t.id]; given && version != t.version {
			return nil, true, nil
		}
		if !t.stoppedAt.IsZero() {
			stopped++
		}
		tasks = append(tasks, t)
	}
	if stopped == len(tasks) {
		return nil, true, nil
	}
	for _, t := range tasks {
		if t.waiting == nil {
			t.waiting = make(map[chan<- struct{}]bool)
		}
		t.waiting[changed] = true
	}
	return tasks, false, nil
}

func (s *Server) listTasks(in object, _ caller) (any, error) {
	desired := wire.Text(in, "desiredStatus")
	switch desired {
	case "":
		desired = "RUNNING"
	case "RUNNING", "STOPPED":
	case "PENDING":
		// Allowed, and never true of a task: AWS says so itself.
	default:
		return nil, wire.InvalidParameter("desiredStatus must be RUNNING, PENDING or STOPPED.")
	}
	if wire.Text(in, "startedBy") != "" {
		for _, name := range []string{"family", "serviceName", "containerInstance", "launchType", "desiredStatus"} {
			if wire.Text(in, name) != "" {
				return nil, wire.InvalidParameter("cannot specify startedBy with other arguments")
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	s.forget()
	var all []item
	for _, t := range s.tasks {
		all = append(all, item{t.arn, t.cluster == c && t.desiredStatus == desired && t.matches(in)})
	}
	return page(in, "taskArns", all)
}

// matches reports whether a task passes the filters of ListTasks.
func (t *task) matches(in object) bool {
	is := func(member string, values ...string) bool {
		want := wire.Text(in, member)
		return want == "" || slices.Contains(values, want)
	}
	instance := ""
	if t.instance != nil {
		instance = t.instance.arn
	}
	service, _ := strings.CutPrefix(t.group, "service:")
	return is("family", t.definition.family) &&
		is("startedBy", t.startedBy) &&
		is("launchType", t.launchType) &&
		is("serviceName", service) &&
		is("containerInstance", instance, instance[strings.LastIndex(instance, "/")+1:])
}

func (s *Server) stopTask(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	s.forget()
	t := s.task(c, wire.Text(in, "task"))
	if t == nil {
		return nil, wire.InvalidParameter("The referenced task was not found.")
	}
	reason := wire.Text(in, "reason")
	if reason == "" {
		reason = "Task stopped by user"
	}
	t.halt("UserInitiated", reason)
	t.tags = nil // AWS deletes them, too
	return object{"task": t.answer(false)}, nil
}
