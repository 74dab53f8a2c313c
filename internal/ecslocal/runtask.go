package ecslocal

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

const maxOverrides = 8192 // characters

var (
	tokenPattern     = regexp.MustCompile(`^[!-~]+$`)
	startedByPattern = regexp.MustCompile(`^[A-Za-z0-9_/-]*$`)
)

// A launch is what a client token stands for.
type launch struct {
	at       time.Time
	request  string // canonical
	tasks    []*task
	failures []any
}

// answer is the answer to the request, or to a replay of it: there, a task that
// has stopped is only named.
func (l *launch) answer(replay bool) object {
	tasks := make([]any, 0, len(l.tasks))
	for _, t := range l.tasks {
		if replay && !t.stoppedAt.IsZero() {
			tasks = append(tasks, object{"taskArn": t.arn, "lastStatus": t.lastStatus, "desiredStatus": t.desiredStatus})
			continue
		}
		tasks = append(tasks, t.answer(true))
	}
	return object{"tasks": tasks, "failures": l.failures}
}

func (s *Server) runTask(in object, from caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.executor == nil {
		return nil, wire.InvalidParameter("The local ECS has nothing to run containers on: choose Docker or processes.")
	}
	if s.closed {
		return nil, fmt.Errorf("the local ECS is closed")
	}
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	s.forget()
	token := wire.Text(in, "clientToken")
	request := canonical(in)
	if token != "" {
		if len(token) > 64 || !tokenPattern.MatchString(token) {
			return nil, wire.InvalidParameter("The client token must be at most 64 ASCII characters from 33 to 126.")
		}
		if l := s.launches[c.Name+" "+token]; l != nil {
			if l.request == request {
				return l.answer(true), nil
			}
			return nil, conflict(l)
		}
	}
	d := s.definition(wire.Text(in, "taskDefinition"))
	if d == nil {
		return nil, wire.ClientException("TaskDefinition not found.")
	}
	if d.status != "ACTIVE" {
		return nil, wire.ClientException("TaskDefinition is inactive")
	}
	w, err := s.wish(in, c, d)
	if err != nil {
		return nil, err
	}
	l := s.launch(in, w, from.effect)
	l.request = request
	if token != "" {
		s.launches[c.Name+" "+token] = l
	}
	return l.answer(false), nil
}

// canonical returns a request without its token in a form that is the same for
// the same parameters.
func canonical(in object) string {
	rest := make(object, len(in))
	for name, member := range in {
		if name != "clientToken" {
			rest[name] = member
		}
	}
	body, _ := json.Marshal(rest) // what was decoded can be encoded; keys are sorted
	return string(body)
}

func conflict(l *launch) *wire.Error {
	arns := []string{}
	for _, t := range l.tasks {
		arns = append(arns, t.arn)
	}
	e := wire.Refuse("ConflictException", "The client token was used before with other parameters.")
	e.Members = object{"resourceIds": arns}
	return e
}

// A wish is a RunTask request, checked.
type wish struct {
	cluster    *cluster
	definition *definition
	count      int
	launchType string // empty with providers
	providers  []string
	platform   string
	subnets    []string
	tags       []object
	only       constraints // of placement
}

// wish holds a request against AWS's rules, in AWS's words where they are known.
func (s *Server) wish(in object, c *cluster, d *definition) (w wish, err error) {
	w = wish{cluster: c, definition: d, count: wire.Int(in, "count", 1), launchType: wire.Text(in, "launchType"), tags: wire.Objects(in, "tags")}
	if w.count < 1 || w.count > 10 {
		return w, wire.InvalidParameter("count must be between 1 and 10.")
	}
	if len(wire.Text(in, "startedBy")) > 128 || !startedByPattern.MatchString(wire.Text(in, "startedBy")) {
		return w, wire.InvalidParameter("startedBy must be at most 128 letters, numbers, hyphens, slashes and underscores.")
	}
	if err := rules.Tags(in); err != nil {
		return w, err
	}
	if err := w.choosePlace(in); err != nil {
		return w, err
	}
	if err := w.chooseNetwork(in); err != nil {
		return w, err
	}
	switch wire.Text(in, "propagateTags") {
	case "", "NONE":
	case "TASK_DEFINITION":
		w.tags = mergeTags(d.tags, w.tags)
	default:
		return w, wire.InvalidParameter("Propagating tags is only supported from the task definition.")
	}
	if wire.Bool(in, "enableECSManagedTags", false) {
		w.tags = append(slices.Clone(w.tags), object{"key": "aws:ecs:clusterName", "value": c.Name})
	}
	if err := checkVolumes(in, d); err != nil {
		return w, err
	}
	overrides := wire.Member(in, "overrides")
	exec := wire.Bool(in, "enableExecuteCommand", false)
	if exec && wire.Text(d.body, "taskRoleArn") == "" && wire.Text(overrides, "taskRoleArn") == "" {
		return w, wire.InvalidParameter("The execute command failed because a valid task role is not being used. Specify a valid task role in your task definition or as a task override and try again.")
	}
	return w, checkOverrides(overrides, d)
}

// checkVolumes holds that volumes are configured that wait for it, and no others.
func checkVolumes(in object, d *definition) error {
	waiting := make(map[string]bool)
	for _, v := range wire.Objects(d.body, "volumes") {
		if wire.Bool(v, "configuredAtLaunch", false) {
			waiting[wire.Text(v, "name")] = true
		}
	}
	for _, v := range wire.Objects(in, "volumeConfigurations") {
		name := wire.Text(v, "name")
		if !waiting[name] {
			return wire.InvalidParameter("The volume %s is not configured at launch in the task definition.", name)
		}
		delete(waiting, name)
	}
	for name := range waiting {
		return wire.InvalidParameter("The volume %s of the task definition must be configured at launch.", name)
	}
	return nil
}

func mergeTags(base, over []object) []object {
	merged := slices.Clone(over)
	for _, tag := range base {
		if !slices.ContainsFunc(over, func(o object) bool { return wire.Text(o, "key") == wire.Text(tag, "key") }) {
			merged = append(merged, tag)
		}
	}
	return merged
}

// choosePlace settles on a launch type, or on a capacity provider for each task.
func (w *wish) choosePlace(in object) error {
	strategy := providersOf(in, "capacityProviderStrategy")
	if w.launchType != "" && len(strategy) > 0 {
		return wire.InvalidParameter("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	}
	if w.launchType == "" && len(strategy) == 0 {
		strategy = w.cluster.DefaultStrategy
	}
	if len(strategy) > 0 {
		if err := w.checkStrategy(strategy); err != nil {
			return err
		}
		w.providers = spread(strategy, w.count)
		w.launchType = "EC2"
		if isFargate(strategy[0].Name) {
			w.launchType = "FARGATE"
		}
	}
	switch w.launchType {
	case "":
		w.launchType = "EC2"
	case "EC2", "FARGATE", "EXTERNAL":
	default:
		return wire.InvalidParameter("Invalid launch type '%s'. Valid values are EC2, FARGATE and EXTERNAL.", w.launchType)
	}
	if !w.definition.supports(w.launchType) {
		return wire.InvalidParameter("Task definition does not support launch_type %s.", w.launchType)
	}
	version := wire.Text(in, "platformVersion")
	if w.launchType != "FARGATE" {
		if version != "" {
			return wire.InvalidParameter("The platform version must be null when specifying an EC2 launch type.")
		}
		if len(w.cluster.instances) == 0 && len(w.providers) == 0 {
			return wire.InvalidParameter("No Container Instances were found in your cluster.")
		}
		only, err := constraintsOf(w.definition.body, in)
		w.only = only
		return err
	}
	for _, member := range []string{"placementConstraints", "placementStrategy"} {
		if len(wire.Objects(in, member)) > 0 {
			return wire.InvalidParameter("%s is not supported with the FARGATE launch type.", member)
		}
	}
	if len(wire.Objects(w.definition.body, "placementConstraints")) > 0 {
		return wire.InvalidParameter("placementConstraints is not supported with the FARGATE launch type.")
	}
	switch version {
	case "", "LATEST":
		w.platform = "1.4.0"
	case "1.3.0", "1.4.0":
		w.platform = version
	default:
		return wire.Refuse("PlatformUnknownException", "The specified platform does not exist.")
	}
	return nil
}

func providersOf(in object, member string) []Provider {
	var providers []Provider
	for _, p := range wire.Objects(in, member) {
		providers = append(providers, Provider{wire.Text(p, "capacityProvider"), wire.Int(p, "weight", 0), wire.Int(p, "base", 0)})
	}
	return providers
}

func (w *wish) checkStrategy(strategy []Provider) error {
	if len(strategy) > 20 {
		return wire.InvalidParameter("A capacity provider strategy can contain at most 20 capacity providers.")
	}
	weight, bases := 0, 0
	for _, p := range strategy {
		if !isFargate(p.Name) && !slices.Contains(w.cluster.CapacityProviders, p.Name) {
			return wire.InvalidParameter("The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.")
		}
		if isFargate(p.Name) != isFargate(strategy[0].Name) {
			return wire.InvalidParameter("A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again.")
		}
		if p.Weight < 0 || p.Weight > 1000 || p.Base < 0 || p.Base > 100000 {
			return wire.InvalidParameter("A capacity provider's weight must be between 0 and 1000, and its base between 0 and 100000.")
		}
		weight += p.Weight
		if p.Base > 0 {
			bases++
		}
	}
	if bases > 1 {
		return wire.InvalidParameter("Only one capacity provider in a strategy can have a base defined.")
	}
	if len(strategy) > 1 && weight == 0 {
		return wire.InvalidParameter("At least one capacity provider in a strategy must have a weight greater than 0.")
	}
	return nil
}

// spread returns the provider of each of count tasks: the base first, the rest
// by weight.
func spread(strategy []Provider, count int) []string {
	var chosen []string
	for _, p := range strategy {
		for range min(p.Base, count-len(chosen)) {
			chosen = append(chosen, p.Name)
		}
	}
	given := make([]int, len(strategy))
	for len(chosen) < count {
		best := 0
		for i, p := range strategy {
			// The provider that is furthest behind its share.
			if (given[i]+1)*strategy[best].Weight < (given[best]+1)*p.Weight {
				best = i
			}
		}
		given[best]++
		chosen = append(chosen, strategy[best].Name)
	}
	return chosen
}

func (w *wish) chooseNetwork(in object) error {
	network := wire.Member(wire.Member(in, "networkConfiguration"), "awsvpcConfiguration")
	if w.definition.networkMode() != "awsvpc" {
		if network != nil {
			return wire.InvalidParameter("Network Configuration is not valid for the given networkMode of this task definition.")
		}
		return nil
	}
	if network == nil {
		return wire.InvalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	w.subnets = wire.Texts(network, "subnets")
	public := wire.Text(network, "assignPublicIp")
	switch groups := wire.Texts(network, "securityGroups"); {
	case len(w.subnets) == 0:
		return wire.InvalidParameter("subnets can not be empty.")
	case len(w.subnets) > 16:
		return wire.InvalidParameter("subnets can have at most 16 items.")
	case len(groups) > 5:
		return wire.InvalidParameter("securityGroups can have at most 5 items.")
	case public != "" && public != "ENABLED" && public != "DISABLED":
		return wire.InvalidParameter("assignPublicIp must be ENABLED or DISABLED.")
	case public == "ENABLED" && w.launchType != "FARGATE":
		return wire.InvalidParameter("Assign public IP is not supported for this launch type.")
	}
	for _, subnet := range w.subnets {
		if !strings.HasPrefix(subnet, "subnet-") {
			return wire.InvalidParameter("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist (ErrorCode: InvalidSubnetID.NotFound)", subnet, subnet)
		}
	}
	return nil
}

func checkOverrides(overrides object, d *definition) error {
	if overrides == nil {
		return nil
	}
	if body, _ := json.Marshal(overrides); len([]rune(string(body))) > maxOverrides {
		return wire.InvalidParameter("Container Overrides length must be at most %d", maxOverrides)
	}
	for _, o := range wire.Objects(overrides, "containerOverrides") {
		name := wire.Text(o, "name")
		if !slices.ContainsFunc(d.containers(), func(c object) bool { return wire.Text(c, "name") == name }) {
			return wire.InvalidParameter("Override for container named %s is not a container in the TaskDefinition.", name)
		}
	}
	_, _, err := rules.TaskSize(overrides)
	return err
}

// launch starts the tasks for which there is room. The server's mutex is held.
func (s *Server) launch(in object, w wish, effect plan) *launch {
	l := &launch{at: time.Now(), failures: []any{}}
	for i := range w.count {
		if effect.limited && len(l.tasks) >= effect.room {
			arn := ""
			if len(w.cluster.instances) > 0 && w.launchType == "EC2" {
				arn = w.cluster.instances[0].arn
			}
			l.failures = append(l.failures, failure(arn, effect.roomless, ""))
			continue
		}
		faults := effect.task
		if rule := s.rule(w.definition.family); rule != nil {
			if rule.NoRoom != "" {
				l.failures = append(l.failures, failure("", rule.NoRoom, ""))
				continue
			}
			rule.apply(&faults)
		}
		t := s.newTask(in, w, i, faults)
		if w.launchType != "FARGATE" {
			place, reasons := w.cluster.place(t, w.only)
			switch {
			case place != nil:
				t.instance = place
			case t.provider != "" && len(reasons) == 0:
				t.faults.startFault = "TaskFailedToStart: NO ACTIVE INSTANCES"
			case t.provider != "":
				t.faults.startFault = "TaskFailedToStart: " + wire.Text(reasons[0], "reason")
			default:
				for _, reason := range reasons {
					l.failures = append(l.failures, reason)
				}
				continue
			}
		}
		l.tasks = append(l.tasks, t)
		s.tasks = append(s.tasks, t)
		s.byARN[t.arn] = t
		s.work.Go(func() { s.live(t) })
	}
	return l
}

// newTask returns the i-th task of a request.
func (s *Server) newTask(in object, w wish, i int, faults taskPlan) *task {
	id := s.hexID(16)
	t := &task{
		id:            id,
		arn:           s.arn("task/%s/%s", w.cluster.Name, id),
		cluster:       w.cluster,
		definition:    w.definition,
		overrides:     wire.CloneObject(wire.Member(in, "overrides")),
		launchType:    w.launchType,
		platform:      w.platform,
		group:         wire.Text(in, "group"),
		startedBy:     wire.Text(in, "startedBy"),
		exec:          wire.Bool(in, "enableExecuteCommand", false),
		tags:          slices.Clone(w.tags),
		faults:        faults,
		lastStatus:    "PROVISIONING",
		desiredStatus: "RUNNING",
		version:       1,
		createdAt:     time.Now(),
		stopping:      make(chan struct{}),
		term:          make(chan struct{}),
	}
	if t.group == "" {
		t.group = "family:" + w.definition.family
	}
	if len(w.providers) > 0 {
		t.provider = w.providers[i]
	}
	if w.definition.networkMode() == "awsvpc" {
		n := s.hexID(4)
		t.attachment = &attachment{
			id: s.uuid(), eni: "eni-" + s.hexID(8) + "0", mac: "02:" + n[0:2] + ":" + n[2:4] + ":" + n[4:6] + ":" + n[6:8] + ":01",
			address: fmt.Sprintf("10.0.%d.%d", (len(s.tasks)/250)%250, len(s.tasks)%250+4),
			subnet:  w.subnets[i%len(w.subnets)], status: "PRECREATED",
		}
	}
	for _, c := range w.definition.containers() {
		t.containers = append(t.containers, s.newContainer(t, c))
	}
	for _, name := range faults.sidecars {
		sidecar := s.newContainer(t, object{"name": name, "image": name + ":latest", "essential": false})
		sidecar.injected, sidecar.cpuText = true, "null"
		t.containers = append(t.containers, sidecar)
	}
	t.size()
	return t
}

// size sets the task's CPU and memory, those of its containers if it has none
// of its own, and the host ports it takes.
func (t *task) size() {
	t.cpu, t.memory, _ = rules.TaskSize(t.definition.body) // checked when it was registered
	if cpu, memory, _ := rules.TaskSize(t.overrides); cpu > 0 || memory > 0 {
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

func (s *Server) newContainer(t *task, d object) *container {
	name := wire.Text(d, "name")
	override := t.override(name)
	command := wire.Texts(d, "command")
	if override["command"] != nil {
		command = wire.Texts(override, "command")
	}
	c := &container{
		Container: runtime.Container{
			Task:             t.forExecutor(),
			ID:               s.hexID(32),
			Name:             name,
			Image:            wire.Text(d, "image"),
			EntryPoint:       wire.Texts(d, "entryPoint"),
			Command:          command,
			WorkingDirectory: wire.Text(d, "workingDirectory"),
			Environment:      s.environment(t, d, override),
			CPU:              wire.Int(override, "cpu", wire.Int(d, "cpu", 0)),
			Memory:           wire.Int(override, "memory", wire.Int(d, "memory", 0)),
			StopTimeout:      time.Duration(wire.Int(d, "stopTimeout", 30)) * time.Second,
			Definition:       d,
		},
		arn:          s.arn("container/%s/%s/%s", t.cluster.Name, t.id, s.uuid()),
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

// override returns what RunTask overrides of a container.
func (t *task) override(container string) object {
	for _, o := range wire.Objects(t.overrides, "containerOverrides") {
		if wire.Text(o, "name") == container {
			return o
		}
	}
	return object{}
}

// forExecutor is what the executor gets to know of a task.
func (t *task) forExecutor() runtime.Task {
	return runtime.Task{ID: t.id, ARN: t.arn, Cluster: t.cluster.Name, Definition: t.definition.body}
}

// environment returns a container's environment: ECS's own variables, those of
// the definition, and overrides.
func (s *Server) environment(t *task, d, override object) []string {
	environment := []string{"AWS_EXECUTION_ENV=AWS_ECS_EC2"}
	if t.launchType == "FARGATE" {
		environment = []string{"AWS_EXECUTION_ENV=AWS_ECS_FARGATE", "AWS_REGION=" + s.region, "AWS_DEFAULT_REGION=" + s.region}
	}
	for _, v := range append(wire.Objects(d, "environment"), wire.Objects(override, "environment")...) {
		environment = setVariable(environment, wire.Text(v, "name"), wire.Text(v, "value"))
	}
	return environment
}

func hasVariable(environment []string, name string) bool {
	return slices.ContainsFunc(environment, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
}

func setVariable(environment []string, name, value string) []string {
	environment = slices.DeleteFunc(environment, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	return append(environment, name+"="+value)
}
