// Package definitions has the task definitions of an account: their revisions and states. It
// knows neither clusters nor tasks. It does not lock: its caller makes one call at a time.
package definitions

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Store has the task definitions of an account.
type Store struct {
	account  wire.Account
	families map[string][]*Definition // revision n is at n-1
}

// New returns an empty store.
func New(account wire.Account) *Store {
	return &Store{account: account, families: make(map[string][]*Definition)}
}

// A Definition is a registered revision of a task definition.
type Definition struct {
	Family string
	ARN    string
	Body   wire.Object // what was registered, with defaults; never changed

	Status            string // ACTIVE, INACTIVE or DELETE_IN_PROGRESS
	deregisteredAt    time.Time
	deleteRequestedAt time.Time
	Tags              []wire.Object
}

// Containers returns the container definitions.
func (d *Definition) Containers() []wire.Object { return wire.Objects(d.Body, "containerDefinitions") }

// NetworkMode returns the network mode.
func (d *Definition) NetworkMode() string { return wire.Text(d.Body, "networkMode") }

// Supports reports whether tasks of a launch type can run: if the definition requires
// launch types, it must be one of them.
func (d *Definition) Supports(launchType string) bool {
	required := wire.Texts(d.Body, "requiresCompatibilities")
	return slices.Contains(wire.Texts(d.Body, "compatibilities"), launchType) &&
		(len(required) == 0 || slices.Contains(required, launchType))
}

// Register registers a new revision.
func (s *Store) Register(in wire.Object) (*Definition, error) {
	if err := rules.Definition(in); err != nil {
		return nil, err
	}
	tags := wire.Objects(in, "tags")
	body := wire.CloneObject(in)
	delete(body, "tags")
	rules.Fill(body, func(name string) string { return s.account.IAM("role/" + name) })

	family := wire.Text(in, "family")
	revision := len(s.families[family]) + 1
	d := &Definition{
		Family: family,
		ARN:    s.account.ARN("task-definition/%s:%d", family, revision),
		Body:   body,
		Status: "ACTIVE",
		Tags:   tags,
	}
	body["revision"] = revision
	body["taskDefinitionArn"] = d.ARN
	body["registeredAt"] = wire.Timestamp(time.Now())
	body["registeredBy"] = s.account.IAM("root")
	s.families[family] = append(s.families[family], d)
	return d, nil
}

// described returns the definition as the API describes it.
func (d *Definition) described() wire.Object {
	o := maps.Clone(d.Body)
	o["status"] = d.Status
	for name, at := range map[string]time.Time{"deregisteredAt": d.deregisteredAt,
		"deleteRequestedAt": d.deleteRequestedAt} {
		if !at.IsZero() {
			o[name] = wire.Timestamp(at)
		}
	}
	return o
}

// Response returns the response of an operation on one definition.
func (d *Definition) Response(tags bool) wire.Object {
	o := wire.Object{"taskDefinition": d.described()}
	if tags {
		o["tags"] = wire.Tags(d.Tags)
	}
	return o
}

// Describe is DescribeTaskDefinition.
func (s *Store) Describe(in wire.Object) (any, error) {
	d := s.Find(wire.Text(in, "taskDefinition"))
	if d == nil {
		return nil, wire.ClientException("Unable to describe task definition.")
	}
	return d.Response(slices.Contains(wire.Texts(in, "include"), "TAGS")), nil
}

// Find returns the newest active revision of a family, the definition of family:revision, or
// that of an ARN; nil if there is none.
func (s *Store) Find(name string) *Definition {
	family, revision, exact := s.definitionName(name)
	revisions := s.families[family]
	if exact {
		if revision < 1 || revision > len(revisions) {
			return nil
		}
		return revisions[revision-1]
	}
	for i := len(revisions) - 1; i >= 0; i-- {
		if revisions[i].Status == "ACTIVE" {
			return revisions[i]
		}
	}
	return nil
}

// definitionName splits the name of a definition. A revision that is no number is 0, which
// none has.
func (s *Store) definitionName(name string) (family string, revision int, exact bool) {
	name = strings.TrimPrefix(name, s.account.ARN("task-definition/"))
	family, number, exact := strings.Cut(name, ":")
	if exact {
		revision, _ = strconv.Atoi(number)
	}
	return family, revision, exact
}

// Deregister is DeregisterTaskDefinition.
func (s *Store) Deregister(in wire.Object) (any, error) {
	name := wire.Text(in, "taskDefinition")
	if _, _, exact := s.definitionName(name); !exact {
		return nil, wire.ClientException("Unable to deregister task definition: revision is missing.")
	}
	d := s.Find(name)
	if d == nil {
		return nil, wire.ClientException("The specified task definition does not exist. Specify a valid account, family, " +
			"revision and try again.")
	}
	if d.Status == "ACTIVE" {
		d.Status, d.deregisteredAt = "INACTIVE", time.Now()
	}
	return d.Response(false), nil
}

// Delete is DeleteTaskDefinitions.
func (s *Store) Delete(in wire.Object) (any, error) {
	names := wire.Texts(in, "taskDefinitions")
	if len(names) == 0 || len(names) > 10 {
		return nil, wire.InvalidParameter("Specify between 1 and 10 task definitions to delete.")
	}
	deleted, failures := []any{}, []any{}
	for _, name := range names {
		d := s.Find(name)
		switch {
		case d == nil:
			failures = append(failures, wire.Failure(name, "MISSING", "The specified task definition does not exist."))
			continue
		case d.Status == "ACTIVE":
			failures = append(failures, wire.Failure(d.ARN, "ACTIVE",
				"The specified task definition is still in ACTIVE status. Please deregister the target and try again."))
			continue
		case d.Status == "INACTIVE":
			d.Status, d.deleteRequestedAt = "DELETE_IN_PROGRESS", time.Now()
		}
		deleted = append(deleted, d.described())
	}
	return wire.Object{"taskDefinitions": deleted, "failures": failures}, nil
}

// List is ListTaskDefinitions.
func (s *Store) List(in wire.Object) (any, error) {
	status := wire.Text(in, "status")
	if status == "" {
		status = "ACTIVE"
	}
	var all []wire.Item
	for _, family := range s.familyNames() {
		if only := wire.Text(in, "familyPrefix"); only != "" && only != family {
			continue
		}
		for _, d := range s.families[family] {
			all = append(all, wire.Item{Name: d.ARN, Listed: d.Status == status})
		}
	}
	if wire.Text(in, "sort") == "DESC" {
		slices.Reverse(all)
	}
	return wire.Page(in, "taskDefinitionArns", all)
}

// ListFamilies is ListTaskDefinitionFamilies.
func (s *Store) ListFamilies(in wire.Object) (any, error) {
	status := wire.Text(in, "status")
	var all []wire.Item
	for _, family := range s.familyNames() {
		active := s.Find(family) != nil
		wanted := active && status != "INACTIVE" || !active && status != "ACTIVE"
		all = append(all, wire.Item{Name: family, Listed: wanted && strings.HasPrefix(family, wire.Text(in, "familyPrefix"))})
	}
	return wire.Page(in, "families", all)
}

func (s *Store) familyNames() []string { return slices.Sorted(maps.Keys(s.families)) }
