package ecslocal

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/definitions"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

const maxOverrides = 8192 // characters

var (
	tokenPattern     = regexp.MustCompile(`^[!-~]+$`)
	startedByPattern = regexp.MustCompile(`^[A-Za-z0-9_/-]*$`)
)

// response returns the response to the request, or to a replay of it, which only names a task
// that has stopped.
func (l *launch) response(replay bool) object {
	list := make([]any, 0, len(l.tasks))
	for _, t := range l.tasks {
		if replay && t.Stopped() {
			list = append(list, object{"taskArn": t.ARN, "lastStatus": t.LastStatus, "desiredStatus": t.DesiredStatus})
			continue
		}
		list = append(list, t.Response(true))
	}
	return object{"tasks": list, "failures": l.failures}
}

func (s *Server) runTask(in object, from caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	if !s.engine.CanRun() {
		return nil, wire.InvalidParameter("The local ECS has nothing to run containers on: choose Docker or processes.")
	}
	if s.engine.Closed() {
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
				return l.response(true), nil
			}
			return nil, conflict(l)
		}
	}
	d := s.definitions.Find(wire.Text(in, "taskDefinition"))
	if d == nil {
		return nil, wire.ClientException("TaskDefinition not found.")
	}
	if d.Status != "ACTIVE" {
		return nil, wire.ClientException("TaskDefinition is inactive")
	}
	w, err := s.check(in, c, d)
	if err != nil {
		return nil, err
	}
	l := s.launch(in, w, from.effect)
	l.request = request
	if token != "" {
		s.launches[c.Name+" "+token] = l
	}
	return l.response(false), nil
}

// canonical returns a request without its token, in a form that is equal for equal parameters.
func canonical(in object) string {
	rest := make(object, len(in))
	for name, member := range in {
		if name != "clientToken" {
			rest[name] = member
		}
	}
	body, _ := json.Marshal(rest) // never fails, for the request was decoded; keys are sorted
	return string(body)
}

func conflict(l *launch) *wire.Error {
	arns := []string{}
	for _, t := range l.tasks {
		arns = append(arns, t.ARN)
	}
	e := wire.Refuse("ConflictException", "The client token was used before with other parameters.")
	e.Members = object{"resourceIds": arns}
	return e
}

// A runTaskRequest is a checked RunTask request.
type runTaskRequest struct {
	cluster    *tasks.ClusterState
	definition *definitions.Definition
	count      int
	launchType string // empty with providers
	providers  []string
	platform   string
	subnets    []string
	tags       []object
	placement  tasks.Constraints
}

// check checks a request by the rules of AWS, with its messages where they are known.
func (s *Server) check(in object, c *tasks.ClusterState, d *definitions.Definition) (w runTaskRequest, err error) {
	w = runTaskRequest{cluster: c, definition: d, count: wire.Int(in, "count", 1), launchType: wire.Text(in, "launchType"),
		tags: wire.Objects(in, "tags")}
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
		w.tags = wire.MergeTags(d.Tags, w.tags)
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
	if exec && wire.Text(d.Body, "taskRoleArn") == "" && wire.Text(overrides, "taskRoleArn") == "" {
		return w, wire.InvalidParameter("The execute command failed because a valid task role is not being used. Specify a " +
			"valid task role in your task definition or as a task override and try again.")
	}
	return w, checkOverrides(overrides, d)
}

// checkVolumes checks that exactly the volumes that are configured at launch are configured.
func checkVolumes(in object, d *definitions.Definition) error {
	waiting := make(map[string]bool)
	for _, v := range wire.Objects(d.Body, "volumes") {
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

// choosePlace sets the launch type, or the capacity provider of each task.
func (w *runTaskRequest) choosePlace(in object) (err error) {
	strategy := providersOf(in, "capacityProviderStrategy")
	if w.launchType != "" && len(strategy) > 0 {
		return wire.InvalidParameter("Specifying both a launch type and capacity provider strategy is not supported. " +
			"Remove one and try again.")
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
		if tasks.IsFargate(strategy[0].Name) {
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
	if !w.definition.Supports(w.launchType) {
		return wire.InvalidParameter("Task definition does not support launch_type %s.", w.launchType)
	}
	version := wire.Text(in, "platformVersion")
	if w.launchType != "FARGATE" {
		if version != "" {
			return wire.InvalidParameter("The platform version must be null when specifying an EC2 launch type.")
		}
		if len(w.cluster.InstanceARNs()) == 0 && len(w.providers) == 0 {
			return wire.InvalidParameter("No Container Instances were found in your cluster.")
		}
		w.placement, err = tasks.ConstraintsOf(w.definition.Body, in)
		return err
	}
	for _, member := range []string{"placementConstraints", "placementStrategy"} {
		if len(wire.Objects(in, member)) > 0 {
			return wire.InvalidParameter("%s is not supported with the FARGATE launch type.", member)
		}
	}
	if len(wire.Objects(w.definition.Body, "placementConstraints")) > 0 {
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

func (w *runTaskRequest) checkStrategy(strategy []Provider) error {
	if len(strategy) > 20 {
		return wire.InvalidParameter("A capacity provider strategy can contain at most 20 capacity providers.")
	}
	weight, bases := 0, 0
	for _, p := range strategy {
		if !tasks.IsFargate(p.Name) && !slices.Contains(w.cluster.CapacityProviders, p.Name) {
			return wire.InvalidParameter("The specified capacity provider strategy cannot contain a capacity provider that is " +
				"not associated with the cluster. Associate the capacity provider with the cluster and try again.")
		}
		if tasks.IsFargate(p.Name) != tasks.IsFargate(strategy[0].Name) {
			return wire.InvalidParameter("A capacity provider strategy cannot contain a mix of capacity providers using Auto " +
				"Scaling groups and Fargate providers. Specify one or the other and try again.")
		}
		if p.Weight < 0 || p.Weight > 1000 || p.Base < 0 || p.Base > 100000 {
			return wire.InvalidParameter("A capacity provider's weight must be between 0 and 1000, and its base between 0 and " +
				"100000.")
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

// spread returns the provider of each of count tasks: the base first, the others by weight.
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

func (w *runTaskRequest) chooseNetwork(in object) error {
	network := wire.Member(wire.Member(in, "networkConfiguration"), "awsvpcConfiguration")
	if w.definition.NetworkMode() != "awsvpc" {
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
			return wire.InvalidParameter("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist "+
				"(ErrorCode: InvalidSubnetID.NotFound)", subnet, subnet)
		}
	}
	return nil
}

func checkOverrides(overrides object, d *definitions.Definition) error {
	if overrides == nil {
		return nil
	}
	if body, _ := json.Marshal(overrides); len([]rune(string(body))) > maxOverrides {
		return wire.InvalidParameter("Container Overrides length must be at most %d", maxOverrides)
	}
	for _, o := range wire.Objects(overrides, "containerOverrides") {
		name := wire.Text(o, "name")
		if !slices.ContainsFunc(d.Containers(), func(c object) bool { return wire.Text(c, "name") == name }) {
			return wire.InvalidParameter("Override for container named %s is not a container in the TaskDefinition.", name)
		}
	}
	_, _, err := rules.TaskSize(overrides)
	return err
}

// launch starts the tasks for which there is room. The caller holds the lock.
func (s *Server) launch(in object, r runTaskRequest, effect plan) *launch {
	l := &launch{at: time.Now(), failures: []any{}}
	for i := range r.count {
		if effect.limited && len(l.tasks) >= effect.room {
			arn := ""
			if arns := r.cluster.InstanceARNs(); len(arns) > 0 && r.launchType == "EC2" {
				arn = arns[0]
			}
			l.failures = append(l.failures, wire.Failure(arn, effect.roomless, ""))
			continue
		}
		faults := effect.task
		if rule := s.scenario.rule(r.definition.Family); rule != nil {
			if rule.NoRoom != "" {
				l.failures = append(l.failures, wire.Failure("", rule.NoRoom, ""))
				continue
			}
			rule.apply(&faults)
		}
		t, failures := s.engine.Start(r.spec(in, i, faults))
		for _, failure := range failures {
			l.failures = append(l.failures, failure)
		}
		if t != nil {
			l.tasks = append(l.tasks, t)
		}
	}
	return l
}

// spec returns the i-th task of a request.
func (w *runTaskRequest) spec(in object, i int, faults tasks.Faults) tasks.Spec {
	spec := tasks.Spec{
		Cluster:    w.cluster,
		Definition: w.definition,
		Overrides:  wire.Member(in, "overrides"),
		LaunchType: w.launchType,
		Platform:   w.platform,
		Group:      wire.Text(in, "group"),
		StartedBy:  wire.Text(in, "startedBy"),
		Exec:       wire.Bool(in, "enableExecuteCommand", false),
		Tags:       w.tags,
		Placement:  w.placement,
		Faults:     faults,
	}
	if len(w.providers) > 0 {
		spec.Provider = w.providers[i]
	}
	if len(w.subnets) > 0 {
		spec.Subnet = w.subnets[i%len(w.subnets)]
	}
	return spec
}
