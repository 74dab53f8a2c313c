package tasks

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// An instance is an [Instance] with its tasks.
type instance struct {
	Instance
	arn, ec2    string
	registered  time.Time
	attributes  map[string]string
	cpu, memory int // in use
	ports       map[string]bool
	tenants     []*tenant // of the tasks that are not STOPPED
}

// A ClusterState is a [Cluster] with its instances and its state.
type ClusterState struct {
	Cluster
	ARN       string
	Created   time.Time
	instances []*instance
	zone      string

	// What follows changes.
	Status string // ACTIVE or INACTIVE
	Tags   []wire.Object
}

// InstanceARNs returns the ARNs of the cluster's instances.
func (c *ClusterState) InstanceARNs() []string {
	var arns []string
	for _, i := range c.instances {
		arns = append(arns, i.arn)
	}
	return arns
}

// Deactivate makes a cluster INACTIVE, in which it can still be described.
func (c *ClusterState) Deactivate() { c.Status, c.instances, c.Tags = "INACTIVE", nil, nil }

// needs are what a task takes of an instance.
type needs struct {
	cpu, memory int
	ports       []string
	group       string // of the task
}

// A tenant is a task on an instance.
type tenant struct {
	needs
	leaving bool // the task is to stop
}

const agentVersion = "1.105.1" // of the ECS agent that instances say they run

func newInstance(account wire.Account, cluster *ClusterState, hexID func(int) string, i Instance) *instance {
	attributes := map[string]string{
		"ecs.ami-id": "ami-0123456789abcdef0", "ecs.availability-zone": cluster.zone, "ecs.cpu-architecture": "x86_64",
		"ecs.instance-type": "m5.large", "ecs.os-family": "LINUX", "ecs.os-type": "linux",
		"ecs.subnet-id": "subnet-0123456789abcdef0", "ecs.vpc-id": "vpc-0123456789abcdef0",
	}
	maps.Copy(attributes, i.Attributes)
	return &instance{
		Instance:   i,
		arn:        account.ARN("container-instance/%s/%s", cluster.Name, hexID(16)),
		ec2:        "i-0" + hexID(8),
		registered: time.Now(),
		attributes: attributes,
		ports:      make(map[string]bool),
	}
}

// values returns the values of a subject of placement constraints.
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
		return []string{strconv.Itoa(len(i.tenants))}
	case "task:group":
		groups := make(map[string]bool)
		for _, t := range i.tenants {
			groups[t.group] = true
		}
		return slices.Sorted(maps.Keys(groups))
	}
	if value, found := i.attributes[subject[len("attribute:"):]]; found {
		return []string{value}
	}
	return nil
}

// Constraints are checked placement constraints.
type Constraints struct {
	memberOf []rules.Query
	distinct bool // no other task of the group may be on the instance
}

// ConstraintsOf reads the placement constraints of a definition and of a RunTask request.
func ConstraintsOf(definition, request wire.Object) (c Constraints, err error) {
	all := append(wire.Objects(definition, "placementConstraints"), wire.Objects(request, "placementConstraints")...)
	if len(all) > 10 {
		return c, wire.InvalidParameter("A maximum of 10 placement constraints can be specified, those of the task " +
			"definition included.")
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

// place finds an instance with room that the constraints allow, and takes it. Without one it
// returns the reason of each instance, as the failures of RunTask have them.
func (c *ClusterState) place(n needs, only Constraints) (*instance, *tenant, []wire.Object) {
	var failures []wire.Object
	for _, i := range c.instances {
		reason := i.lacks(n, only)
		if reason == "" {
			i.cpu += n.cpu
			i.memory += n.memory
			for _, port := range n.ports {
				i.ports[port] = true
			}
			t := &tenant{needs: n}
			i.tenants = append(i.tenants, t)
			return i, t, nil
		}
		failures = append(failures, wire.Failure(i.arn, reason, ""))
	}
	return nil, nil, failures
}

// lacks returns the reason why a task can't be on an instance, empty if it can.
func (i *instance) lacks(n needs, only Constraints) string {
	sameGroup := func(other *tenant) bool { return other.group == n.group && !other.leaving }
	switch {
	case slices.ContainsFunc(only.memberOf, func(q rules.Query) bool { return !q.Match(i.values) }):
		return "MemberOf placement constraint unsatisfied."
	case only.distinct && slices.ContainsFunc(i.tenants, sameGroup):
		return "DistinctInstance placement constraint unsatisfied."
	case i.CPU > 0 && i.cpu+n.cpu > i.CPU:
		return "RESOURCE:CPU"
	case i.Memory > 0 && i.memory+n.memory > i.Memory:
		return "RESOURCE:MEMORY"
	case slices.ContainsFunc(n.ports, func(port string) bool { return i.ports[port] }):
		return "RESOURCE:PORTS"
	}
	return ""
}

// release returns what a task took of its instance.
func (i *instance) release(t *tenant) {
	i.cpu -= t.cpu
	i.memory -= t.memory
	for _, port := range t.ports {
		delete(i.ports, port)
	}
	i.tenants = slices.DeleteFunc(i.tenants, func(other *tenant) bool { return other == t })
}
