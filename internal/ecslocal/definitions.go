package ecslocal

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A definition is a registered revision of a task definition.
type definition struct {
	family   string
	revision int
	arn      string
	body     object // what was registered, filled in; never changed

	// What follows changes.
	status            string
	deregisteredAt    time.Time
	deleteRequestedAt time.Time
	tags              []object
}

func (d *definition) containers() []object { return wire.Objects(d.body, "containerDefinitions") }

func (d *definition) networkMode() string { return wire.Text(d.body, "networkMode") }

// supports reports whether tasks of a launch type can run: it is one that the
// definition requires, where it requires any.
func (d *definition) supports(launchType string) bool {
	required := wire.Texts(d.body, "requiresCompatibilities")
	return slices.Contains(wire.Texts(d.body, "compatibilities"), launchType) &&
		(len(required) == 0 || slices.Contains(required, launchType))
}

func (s *Server) registerTaskDefinition(in object, _ caller) (any, error) {
	if err := rules.Definition(in); err != nil {
		return nil, err
	}
	tags := wire.Objects(in, "tags")
	body := wire.CloneObject(in)
	delete(body, "tags")
	rules.Fill(body, func(name string) string { return s.iamARN("role/" + name) })

	s.mu.Lock()
	defer s.mu.Unlock()
	family := wire.Text(in, "family")
	revision := len(s.families[family]) + 1
	d := &definition{
		family:   family,
		revision: revision,
		arn:      s.arn("task-definition/%s:%d", family, revision),
		body:     body,
		status:   "ACTIVE",
		tags:     tags,
	}
	body["revision"] = revision
	body["taskDefinitionArn"] = d.arn
	body["registeredAt"] = wire.Timestamp(time.Now())
	body["registeredBy"] = s.iamARN("root")
	s.families[family] = append(s.families[family], d)
	for _, c := range d.containers() {
		if log := wire.Member(c, "logConfiguration"); wire.Text(log, "logDriver") == "awslogs" {
			s.logs.Expect(wire.Text(wire.Member(log, "options"), "awslogs-region"), wire.Text(wire.Member(log, "options"), "awslogs-group"))
		}
	}
	return d.answer(true), nil
}

// described is the definition as the API describes it.
func (d *definition) described() object {
	o := maps.Clone(d.body)
	o["status"] = d.status
	for name, at := range map[string]time.Time{"deregisteredAt": d.deregisteredAt, "deleteRequestedAt": d.deleteRequestedAt} {
		if !at.IsZero() {
			o[name] = wire.Timestamp(at)
		}
	}
	return o
}

// answer is the answer of the operations about one definition.
func (d *definition) answer(tags bool) object {
	o := object{"taskDefinition": d.described()}
	if tags {
		o["tags"] = tagsAnswer(d.tags)
	}
	return o
}

func tagsAnswer(tags []object) []any {
	answer := make([]any, 0, len(tags))
	for _, tag := range tags {
		answer = append(answer, object{"key": wire.Text(tag, "key"), "value": wire.Text(tag, "value")})
	}
	return answer
}

func (s *Server) describeTaskDefinition(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.definition(wire.Text(in, "taskDefinition"))
	if d == nil {
		return nil, wire.ClientException("Unable to describe task definition.")
	}
	return d.answer(slices.Contains(wire.Texts(in, "include"), "TAGS")), nil
}

// definition returns the definition of a family's newest active revision, of
// family:revision, or of an ARN; nil if there is none.
func (s *Server) definition(name string) *definition {
	family, revision, exact := s.definitionName(name)
	revisions := s.families[family]
	if exact {
		if revision < 1 || revision > len(revisions) {
			return nil
		}
		return revisions[revision-1]
	}
	for i := len(revisions) - 1; i >= 0; i-- {
		if revisions[i].status == "ACTIVE" {
			return revisions[i]
		}
	}
	return nil
}

// definitionName takes a definition's name apart. A revision that is no number
// is 0, which none has.
func (s *Server) definitionName(name string) (family string, revision int, exact bool) {
	name = strings.TrimPrefix(name, s.arn("task-definition/"))
	family, number, exact := strings.Cut(name, ":")
	if exact {
		revision, _ = strconv.Atoi(number)
	}
	return family, revision, exact
}

func (s *Server) deregisterTaskDefinition(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := wire.Text(in, "taskDefinition")
	if _, _, exact := s.definitionName(name); !exact {
		return nil, wire.ClientException("Unable to deregister task definition: revision is missing.")
	}
	d := s.definition(name)
	if d == nil {
		return nil, wire.ClientException("The specified task definition does not exist. Specify a valid account, family, revision and try again.")
	}
	if d.status == "ACTIVE" {
		d.status, d.deregisteredAt = "INACTIVE", time.Now()
	}
	return d.answer(false), nil
}

func (s *Server) deleteTaskDefinitions(in object, _ caller) (any, error) {
	names := wire.Texts(in, "taskDefinitions")
	if len(names) == 0 || len(names) > 10 {
		return nil, wire.InvalidParameter("Specify between 1 and 10 task definitions to delete.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	deleted, failures := []any{}, []any{}
	for _, name := range names {
		d := s.definition(name)
		switch {
		case d == nil:
			failures = append(failures, failure(name, "MISSING", "The specified task definition does not exist."))
			continue
		case d.status == "ACTIVE":
			failures = append(failures, failure(d.arn, "ACTIVE", "The specified task definition is still in ACTIVE status. Please deregister the target and try again."))
			continue
		case d.status == "INACTIVE":
			d.status, d.deleteRequestedAt = "DELETE_IN_PROGRESS", time.Now()
		}
		deleted = append(deleted, d.described())
	}
	return object{"taskDefinitions": deleted, "failures": failures}, nil
}

func failure(arn, reason, detail string) object {
	f := object{"reason": reason}
	if arn != "" {
		f["arn"] = arn
	}
	if detail != "" {
		f["detail"] = detail
	}
	return f
}

func (s *Server) listTaskDefinitions(in object, _ caller) (any, error) {
	status := wire.Text(in, "status")
	if status == "" {
		status = "ACTIVE"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []item
	for _, family := range s.familyNames() {
		if only := wire.Text(in, "familyPrefix"); only != "" && only != family {
			continue
		}
		for _, d := range s.families[family] {
			all = append(all, item{d.arn, d.status == status})
		}
	}
	if wire.Text(in, "sort") == "DESC" {
		slices.Reverse(all)
	}
	return page(in, "taskDefinitionArns", all)
}

func (s *Server) listTaskDefinitionFamilies(in object, _ caller) (any, error) {
	status := wire.Text(in, "status")
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []item
	for _, family := range s.familyNames() {
		active := s.definition(family) != nil
		wanted := active && status != "INACTIVE" || !active && status != "ACTIVE"
		all = append(all, item{family, wanted && strings.HasPrefix(family, wire.Text(in, "familyPrefix"))})
	}
	return page(in, "families", all)
}

func (s *Server) familyNames() []string { return slices.Sorted(maps.Keys(s.families)) }

// An item may be on a page of a list.
type item struct {
	name   string
	listed bool
}

// page answers the page that a request's nextToken and maxResults (at most 100)
// ask for. A token names the last item of the page before, so that items which
// are no longer listed don't shift the pages.
func page(in object, member string, all []item) (any, error) {
	size := wire.Int(in, "maxResults", 100)
	if size < 1 || size > 100 {
		return nil, wire.InvalidParameter("maxResults must be between 1 and 100.")
	}
	if token := wire.Text(in, "nextToken"); token != "" {
		last, err := base64.URLEncoding.DecodeString(token)
		i := slices.IndexFunc(all, func(i item) bool { return i.name == string(last) })
		if err != nil || i < 0 {
			return nil, wire.InvalidParameter("Invalid token")
		}
		all = all[i+1:]
	}
	names := []string{}
	for _, i := range all {
		if !i.listed {
			continue
		}
		if len(names) == size {
			return object{member: names, "nextToken": base64.URLEncoding.EncodeToString([]byte(names[size-1]))}, nil
		}
		names = append(names, i.name)
	}
	return object{member: names}, nil
}
