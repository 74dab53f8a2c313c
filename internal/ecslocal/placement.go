package ecslocal

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// An instance is an [Instance] at work.
type instance struct {
	Instance
	arn, ec2    string
	registered  time.Time
	attributes  map[string]string
	cpu, memory int // in use
	ports       map[string]bool
	tasks       []*task // that are not STOPPED
}

const agentVersion = "1.105.1" // of the ECS agent that instances say they run

func (s *Server) newInstance(c *cluster, i Instance) *instance {
	attributes := map[string]string{
		"ecs.ami-id": "ami-0123456789abcdef0", "ecs.availability-zone": c.zone, "ecs.cpu-architecture": "x86_64",
		"ecs.instance-type": "m5.large", "ecs.os-family": "LINUX", "ecs.os-type": "linux",
		"ecs.subnet-id": "subnet-0123456789abcdef0", "ecs.vpc-id": "vpc-0123456789abcdef0",
	}
	maps.Copy(attributes, i.Attributes)
	return &instance{
		Instance:   i,
		arn:        s.arn("container-instance/%s/%s", c.Name, s.hexID(16)),
		ec2:        "i-0" + s.hexID(8),
		registered: time.Now(),
		attributes: attributes,
		ports:      make(map[string]bool),
	}
}

// values returns what a placement constraint finds of a subject.
func (i *instance) values(subject string) []string {
	switch subject {
	case "agentConnected":
		return []string{"true"}
	case "agentVersion":
		return []string{agentVersion}
	case "ec2InstanceId":
		return []string{i.ec2}
	case "registeredAt":
		return []string{i.registered.UTC().Format(time.RFC3339)}
	case "runningTasksCount":
		return []string{strconv.Itoa(len(i.tasks))}
	case "task:group":
		groups := make(map[string]bool)
		for _, t := range i.tasks {
			groups[t.group] = true
		}
		return slices.Sorted(maps.Keys(groups))
	}
	if value, found := i.attributes[subject[len("attribute:"):]]; found {
		return []string{value}
	}
	return nil
}

// constraints are placement constraints, checked.
type constraints struct {
	memberOf []rules.Query
	distinct bool // no other task of the group may be on the instance
}

// constraintsOf reads those of a definition and those of a RunTask request.
func constraintsOf(definition, request object) (c constraints, err error) {
	all := append(wire.Objects(definition, "placementConstraints"), wire.Objects(request, "placementConstraints")...)
	if len(all) > 10 {
		return c, wire.InvalidParameter("A maximum of 10 placement constraints can be specified, those of the task definition included.")
	}
	for _, constraint := range all {
		expression := wire.Text(constraint, "expression")
		switch kind := wire.Text(constraint, "type"); {
		case kind == "distinctInstance" && expression != "":
			return c, wire.InvalidParameter("An expression can't be specified with constraint.type 'distinctInstance'.")
		case kind == "distinctInstance":
			c.distinct = true
		case kind == "memberOf":
			query, err := rules.ParseQuery(expression)
			if err != nil {
				return c, wire.InvalidParameter("Invalid placement constraint expression '%s': %v", expression, err)
			}
			c.memberOf = append(c.memberOf, query)
		default:
			return c, wire.InvalidParameter("constraint.type '%s' is not supported.", kind)
		}
	}
	return c, nil
}

// place finds an instance with room that the constraints allow, and takes it.
// Without one it returns the reason of each instance, as RunTask's failures give
// them.
func (c *cluster) place(t *task, only constraints) (*instance, []object) {
	var failures []object
	for _, i := range c.instances {
		reason := i.lacks(t, only)
		if reason == "" {
			i.cpu += t.cpu
			i.memory += t.memory
			for _, port := range t.ports {
				i.ports[port] = true
			}
			i.tasks = append(i.tasks, t)
			return i, nil
		}
		failures = append(failures, failure(i.arn, reason, ""))
	}
	return nil, failures
}

// lacks returns the reason why a task can't be on an instance, empty if it can.
func (i *instance) lacks(t *task, only constraints) string {
	sameGroup := func(other *task) bool { return other.group == t.group && other.desiredStatus == "RUNNING" }
	switch {
	case slices.ContainsFunc(only.memberOf, func(q rules.Query) bool { return !q.Match(i.values) }):
		return "MemberOf placement constraint unsatisfied."
	case only.distinct && slices.ContainsFunc(i.tasks, sameGroup):
		return "DistinctInstance placement constraint unsatisfied."
	case i.CPU > 0 && i.cpu+t.cpu > i.CPU:
		return "RESOURCE:CPU"
	case i.Memory > 0 && i.memory+t.memory > i.Memory:
		return "RESOURCE:MEMORY"
	case slices.ContainsFunc(t.ports, func(port string) bool { return i.ports[port] }):
		return "RESOURCE:PORTS"
	}
	return ""
}

// release gives back what a task took of its instance.
func (i *instance) release(t *task) {
	i.cpu -= t.cpu
	i.memory -= t.memory
	for _, port := range t.ports {
		delete(i.ports, port)
	}
	i.tasks = slices.DeleteFunc(i.tasks, func(other *task) bool { return other == t })
}
