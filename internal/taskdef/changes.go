package taskdef

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// A Change is one member in which a definition differs from a registered one.
type Change struct {
	// Path is that of the member, with the items of lists by their names, as in
	// containerDefinitions[app].image.
	Path string `json:"member" doc:"The member, as in containerDefinitions[app].image."`

	Kind ChangeKind `json:"kind" oneof:"changed,added,removed" doc:"What became of it."`

	// Old and New are the member's values. They are empty where there is none, and for
	// members whose values are not shown: an environment or a command may hold a secret.
	Old string `json:"old,omitempty" doc:"Its value there, without environments, commands, options and labels."`
	New string `json:"new,omitempty" doc:"Its value now, of the same members."`
}

// ChangeKind is what became of a member.
type ChangeKind string

// The kinds of change.
const (
	Changed ChangeKind = "changed"
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
)

// String returns the change in one line.
func (c Change) String() string {
	switch value := c.Old + c.New; {
	case value == "":
		return fmt.Sprintf("%s: %s", c.Path, c.Kind)
	case c.Kind == Changed:
		return fmt.Sprintf("%s: %s → %s", c.Path, c.Old, c.New)
	default:
		return fmt.Sprintf("%s: %s (%s)", c.Path, c.Kind, value)
	}
}

// shownMembers are the members whose values a change shows, by their paths without the
// items of lists: images, sizes, roles, networks and ports.
var shownMembers = map[string]bool{
	"cpu": true, "memory": true, "taskRoleArn": true, "executionRoleArn": true,
	"networkMode": true, "pidMode": true, "ipcMode": true, "requiresCompatibilities": true,
	"runtimePlatform.cpuArchitecture": true, "runtimePlatform.operatingSystemFamily": true,
	"ephemeralStorage.sizeInGiB": true,

	"containerDefinitions.image": true, "containerDefinitions.cpu": true, "containerDefinitions.memory": true,
	"containerDefinitions.memoryReservation": true, "containerDefinitions.essential": true,
	"containerDefinitions.startTimeout": true, "containerDefinitions.stopTimeout": true,
	"containerDefinitions.portMappings.containerPort": true, "containerDefinitions.portMappings.hostPort": true,
	"containerDefinitions.portMappings.protocol": true, "containerDefinitions.portMappings.containerPortRange": true,
	"containerDefinitions.healthCheck.interval": true, "containerDefinitions.healthCheck.timeout": true,
	"containerDefinitions.healthCheck.retries": true, "containerDefinitions.healthCheck.startPeriod": true,
	"containerDefinitions.restartPolicy.enabled": true, "containerDefinitions.restartPolicy.restartAttemptPeriod": true,
	"containerDefinitions.ulimits.softLimit": true, "containerDefinitions.ulimits.hardLimit": true,
}

// longestValue is how many characters of a value a change shows.
const longestValue = 200

// Changes returns what registering d would change about a registered definition, the
// response of DescribeTaskDefinition with its tags. It compares the forms that ECS stores:
// there are no changes if and only if [Definition.SameAs] is true.
func (d *Definition) Changes(response []byte) ([]Change, error) {
	registered, account, err := Registered(response)
	if err != nil {
		return nil, err
	}
	var all changes
	all.compare("", "", registered.Stored(account), d.Stored(account))
	return all, nil
}

type changes []Change

// compare adds the differences between two values of a member. name is its path without
// the items of lists.
func (c *changes) compare(path, name string, a, b *document.Node) {
	switch {
	case equal(a, b):
	case a.Kind == document.Map && b.Kind == document.Map:
		c.compareMaps(path, name, a, b)
	case a.Kind == document.List && b.Kind == document.List && keysOf(a) != nil && keysOf(b) != nil:
		c.compareLists(path, name, a, b)
	default:
		c.add(Changed, path, name, a, b)
	}
}

func (c *changes) add(kind ChangeKind, path, name string, a, b *document.Node) {
	change := Change{Path: path, Kind: kind}
	if shownMembers[name] {
		change.Old, change.New = shownValue(a), shownValue(b)
	}
	*c = append(*c, change)
}

// shownValue is a value as a change shows it; "" for none.
func shownValue(n *document.Node) string {
	if n == nil {
		return ""
	}
	text := n.Text
	if n.Kind == document.List {
		var items []string
		for _, item := range n.Items {
			items = append(items, item.Text)
		}
		text = strings.Join(items, ", ")
	}
	if characters := []rune(text); len(characters) > longestValue {
		text = string(characters[:longestValue]) + "…"
	}
	return text
}

// compareMaps adds the differences between the members of two maps, in the order of the
// new one, with removed members at the end.
func (c *changes) compareMaps(path, name string, a, b *document.Node) {
	for _, m := range b.Members {
		inner, innerName := document.MemberPath(path, m.Key.Text), strings.TrimPrefix(name+"."+m.Key.Text, ".")
		if before := a.Member(m.Key.Text); before != nil {
			c.compare(inner, innerName, before, m.Value)
		} else {
			c.add(Added, inner, innerName, nil, m.Value)
		}
	}
	for _, m := range a.Members {
		if b.Member(m.Key.Text) == nil {
			c.add(Removed, document.MemberPath(path, m.Key.Text), strings.TrimPrefix(name+"."+m.Key.Text, "."), m.Value, nil)
		}
	}
}

// compareLists is compareMaps for lists of named items. Where they have the same items
// in another order, the list itself has changed.
func (c *changes) compareLists(path, name string, a, b *document.Node) {
	before := len(*c)
	oldKeys, newKeys := keysOf(a), keysOf(b)
	for i, key := range newKeys {
		inner := fmt.Sprintf("%s[%s]", path, key)
		if j := slices.Index(oldKeys, key); j >= 0 {
			c.compare(inner, name, a.Items[j], b.Items[i])
		} else {
			c.add(Added, inner, "", nil, b.Items[i])
		}
	}
	for i, key := range oldKeys {
		if !slices.Contains(newKeys, key) {
			c.add(Removed, fmt.Sprintf("%s[%s]", path, key), "", a.Items[i], nil)
		}
	}
	if len(*c) == before {
		c.add(Changed, path, "", a, b)
	}
}

// keysOf returns the names of the items of a list; nil if an item has no name, or two have
// the same.
func keysOf(list *document.Node) []string {
	keys := []string{}
	for _, item := range list.Items {
		var key string
		for _, name := range []string{"name", "key", "containerName", "sourceContainer", "containerPath", "containerPort"} {
			if value := item.Member(name); value != nil {
				key = value.Text
				break
			}
		}
		if key == "" || slices.Contains(keys, key) {
			return nil
		}
		keys = append(keys, key)
	}
	return keys
}
