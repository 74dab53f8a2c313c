package taskdef

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// An Account is where a definition is registered. The zero value is an unknown
// one.
type Account struct {
	Partition string // as in ARNs: aws, aws-cn, aws-us-gov
	ID        string // 12 digits
}

// Stored returns the definition as ECS stores it, for comparison: two definitions that ECS
// stores alike have equal results, whatever their order and spelling, and whether or not
// they have the defaults that ECS fills in. Names of IAM roles become ARNs if the account is
// known. The definition itself is not changed.
//
// Where AWS does not document the value of an absent member, the member is filled in only if
// its absence and the value mean the same, so that different definitions are never
// considered equal.
func (d *Definition) Stored(account Account) *document.Node {
	s := storing{account: account, network: d.NetworkMode}
	return s.structure(d.Node, schemas.RegisterTaskDefinitionRequest)
}

// Registered reads the response of DescribeTaskDefinition, with its tags, as a definition,
// and returns the account in which it is registered.
func Registered(response []byte) (*Definition, Account, error) {
	nodes, _, err := document.Parse("registered.json", response)
	if err != nil {
		return nil, Account{}, err
	}
	definitions, _, err := Decode(nodes[0], Options{UnknownMembers: "pass", Registered: true})
	if err != nil {
		return nil, Account{}, err
	}
	var account Account
	if name := nodes[0].Member("taskDefinition", "taskDefinitionArn"); name != nil {
		if parsed, err := arn.Parse(name.Text); err == nil {
			account = Account{Partition: parsed.Partition, ID: parsed.AccountID}
		}
	}
	return definitions[0], account, nil
}

// SameAs reports whether a registered definition, the response of DescribeTaskDefinition
// with its tags, is what registering d would create. In doubt it returns false.
func (d *Definition) SameAs(response []byte) (bool, error) {
	registered, account, err := Registered(response)
	if err != nil {
		return false, err
	}
	return equal(d.Stored(account), registered.Stored(account)), nil
}

// storing converts one definition to the form in which ECS stores it.
type storing struct {
	account Account
	network string
}

// absent is what ECS documents as the value of an absent member, by the
// structure that has the member. It is left out of the result. Every other boolean
// is false if it is not given.
//
// Sources: the API reference of RegisterTaskDefinition and the data types it names,
// and the developer guide's page "Task definition parameters", read in 2026.
var absent = map[string]map[string]string{
	"ContainerDefinition":       {"essential": "true", "cpu": "0", "versionConsistency": "enabled"},
	"ContainerRestartPolicy":    {"restartAttemptPeriod": "300"},
	"DockerVolumeConfiguration": {"scope": "task"},
	"EFSAuthorizationConfig":    {"iam": "DISABLED"},
	"EFSVolumeConfiguration":    {"rootDirectory": "/", "transitEncryption": "DISABLED"},
	"HealthCheck":               {"interval": "30", "timeout": "5", "retries": "3", "startPeriod": "0"},
	"PortMapping":               {"protocol": "tcp"},
}

// sets are the lists whose order means nothing to ECS, or that ECS is known to return in
// another order, by structure and member.
//
// Source: the comparisons of Terraform's AWS provider (internal/service/ecs,
// container_definitions.go) and of ecspresso (diff.go), which real answers of AWS
// shaped, and insertionOrder in CloudFormation's schema of AWS::ECS::TaskDefinition;
// read in November 2026. Order counts in command, entryPoint, environmentFiles and
// all others.
var sets = map[string][]string{
	"ContainerDefinition": {"environment", "secrets", "portMappings", "mountPoints", "volumesFrom"},
	"LogConfiguration":    {"secretOptions"},
	"ProxyConfiguration":  {"properties"},
	"RegisterTaskDefinitionRequest": {"containerDefinitions", "requiresCompatibilities", "placementConstraints", "tags",
		"volumes"},
}

func (s storing) value(n *document.Node, schema *smithy.Schema) *document.Node {
	switch {
	case schema == nil: // a member that the known API lacks
	case apischema.IsStructure(schema) && n.Kind == document.Map:
		return s.structure(n, schema)
	case schema.Type() == smithy.ShapeTypeList && n.Kind == document.List:
		c := *n
		c.Items = make([]*document.Node, len(n.Items))
		for i, item := range n.Items {
			c.Items[i] = s.value(item, schema.ListMember())
		}
		return &c
	}
	return n
}

// structure returns a structure without members that are empty or mean the same as their
// absence, with those that ECS fills in, and with sets sorted.
func (s storing) structure(n *document.Node, schema *smithy.Schema) *document.Node {
	name := schema.TargetID().Name
	if name == "" { // the request itself is no member
		name = schema.ID().Name
	}
	c := *n
	c.Members = nil
	for _, m := range n.Members {
		m.Value = s.value(s.spelling(name, m), schema.Member(m.Key.Text))
		if isAbsent(name, m.Key.Text, m.Value) {
			continue
		}
		if slices.Contains(sets[name], m.Key.Text) && m.Value.Kind == document.List {
			m.Value = sorted(m.Value)
		}
		c.Members = append(c.Members, m)
	}
	if name == "PortMapping" {
		return s.hostPort(&c)
	}
	return &c
}

// isAbsent reports whether the value of a member means the same as its absence.
func isAbsent(structure, key string, v *document.Node) bool {
	if value, known := absent[structure][key]; known {
		return v.Text == value
	}
	switch v.Kind {
	case document.Null:
		return true
	case document.Bool:
		return v.Text == "false"
	case document.List:
		return len(v.Items) == 0
	case document.Map:
		return len(v.Members) == 0
	}
	return false
}

// spelling returns the value of a member of a structure as ECS spells it.
//
// The cpu and memory of a task are converted to integers at the registration (API
// reference, RegisterTaskDefinition: cpu and memory). A role's name becomes its
// ARN: the maintainer of AWS's own action says that ECS fills in the account
// (github.com/aws-actions/amazon-ecs-render-task-definition/issues/19).
func (s storing) spelling(structure string, m document.Member) *document.Node {
	if structure != "RegisterTaskDefinitionRequest" || m.Value.Kind != document.String {
		return m.Value
	}
	text := m.Value.Text
	switch m.Key.Text {
	case "cpu":
		if n, ok := awsfacts.ParseCPU(text); ok {
			text = strconv.FormatInt(n, 10)
		}
	case "memory":
		if n, ok := awsfacts.ParseMemory(text); ok {
			text = strconv.FormatInt(n, 10)
		}
	case "taskRoleArn", "executionRoleArn":
		if s.account != (Account{}) && !strings.HasPrefix(text, "arn:") {
			text = arn.ARN{Partition: s.account.Partition, Service: "iam", AccountID: s.account.ID,
				Resource: "role/" + text}.String()
		}
	}
	c := *m.Value
	c.Text = text
	return &c
}

// hostPort returns a port mapping with its default host port: the container port in the
// network modes awsvpc and host, else 0, which lets the host choose one (API reference,
// PortMapping). A range has no host port.
func (s storing) hostPort(mapping *document.Node) *document.Node {
	port, host := mapping.Member("containerPort"), mapping.Member("hostPort")
	if port == nil || host != nil && host.Text != "0" {
		return mapping
	}
	if s.network == "awsvpc" || s.network == "host" {
		return mapping.With("hostPort", port)
	}
	return mapping.Without(func(m document.Member) bool { return m.Key.Text == "hostPort" })
}

// sorted returns a list sorted by the names of its items, or by their texts where they have
// no names. Items with the same name stay in their order.
func sorted(list *document.Node) *document.Node {
	order := func(n *document.Node) string {
		for _, key := range []string{"name", "key"} {
			if name := n.Member(key); name != nil {
				return "name " + name.Text
			}
		}
		return "text " + string(ordered(n).JSON())
	}
	c := *list
	c.Items = slices.SortedStableFunc(slices.Values(list.Items), func(a, b *document.Node) int {
		return cmp.Compare(order(a), order(b))
	})
	return &c
}

// ordered returns a tree with the members of its maps sorted by key.
func ordered(n *document.Node) *document.Node {
	c := *n
	c.Items = make([]*document.Node, len(n.Items))
	for i, item := range n.Items {
		c.Items[i] = ordered(item)
	}
	c.Members = slices.Clone(n.Members)
	for i := range c.Members {
		c.Members[i].Value = ordered(c.Members[i].Value)
	}
	slices.SortFunc(c.Members, func(a, b document.Member) int { return cmp.Compare(a.Key.Text, b.Key.Text) })
	return &c
}

// equal reports whether two trees have the same values. The order of the members of maps
// does not count.
func equal(a, b *document.Node) bool {
	return string(ordered(a).JSON()) == string(ordered(b).JSON())
}
