// Package runtask builds the RunTask request for the tasks of one definition. The values come
// from the inputs, the member x-run-task of the definition, and a service. The request is the
// JSON of the API, so that users can set every member of the API.
//
// The package checks what is known before a call: the type of every member, the containers in
// overrides, and the limits of overrides. It never calls AWS, and never drops a value without a
// notice.
package runtask

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/joined"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Settings are the settings for the tasks of one definition.
type Settings struct {
	input.Launch

	request   *document.Node // the input run-task-request, checked; nil if not given
	overrides *document.Node // the input overrides, checked; nil if not given
	options   taskdef.Options
	partial   bool // the inputs of a step may add values; see Partial
}

// Parse parses and checks the inputs that are documents: run-task-request and overrides. It uses
// only UnknownMembers of the options. The error joins a [*document.Error] for each fault.
func Parse(l input.Launch, o taskdef.Options) (Settings, []document.Warning, error) {
	s := Settings{Launch: l, options: o}
	var warnings []document.Warning
	var faults []error
	read := func(name, text string, check func(*document.Node) ([]document.Warning, error)) {
		if text == "" {
			return
		}
		nodes, found, err := document.Parse("input "+name, []byte(text))
		warnings = append(warnings, found...)
		if err == nil && len(nodes) > 1 {
			err = &document.Error{Place: nodes[1].Place, Message: "expected one document, found several"}
		}
		if err == nil {
			found, err = check(nodes[0])
			warnings = append(warnings, found...)
		}
		faults = append(faults, err)
	}
	read("run-task-request", l.RunTaskRequest, s.setRequest)
	read("overrides", l.Overrides.Overrides, s.setOverrides)
	return s, warnings, errors.Join(faults...)
}

// runPath is the path of the settings in a definition.
const runPath = "x-run-task"

// With returns the settings with the values of run, which replace those of the inputs. run is
// the member x-run-task of a definition, a map from names of inputs to values. It may be nil.
// The error joins an [*input.Error] or a [*document.Error] for each fault.
func (s Settings) With(run *document.Node) (Settings, []document.Warning, error) {
	if run == nil {
		return s, nil, nil
	}
	if run.Kind != document.Map {
		return s, nil, &document.Error{Place: run.Place, Path: runPath,
			Message: "expected a map of inputs, found a " + run.Kind.String()}
	}
	var warnings []document.Warning
	var faults []error
	for _, m := range run.Members {
		var found []document.Warning
		var err error
		switch name := m.Key.Text; {
		case name == "run-task-request" && m.Value.Kind == document.Map:
			found, err = below(runPath+"."+name, m.Value, s.setRequest)
		case name == "overrides" && (m.Value.Kind == document.Map || m.Value.Kind == document.List):
			found, err = below(runPath+"."+name, m.Value, s.setOverrides)
		case name == "run-task-request" || name == "overrides":
			err = &document.Error{Place: m.Value.Place, Path: document.MemberPath(runPath, name),
				Message: "expected a map, found a " + m.Value.Kind.String()}
		default:
			s.Launch, err = s.Launch.With(name, valueText(m.Value))
			var unknown *input.Error
			if errors.As(err, &unknown) && unknown.Input == "" {
				err = &document.Error{Place: m.Key.Place, Path: document.MemberPath(runPath, name), Message: unknown.Message}
			}
		}
		warnings = append(warnings, found...)
		faults = append(faults, err)
	}
	if launchType, strategy := run.Member("launch-type"), run.Member("capacity-provider-strategy"); launchType != nil &&
		strategy != nil {
		faults = append(faults, &input.Error{Input: "launch-type",
			Message: "cannot be used together with capacity-provider-strategy"})
	}
	check := s.Launch.Check
	if s.partial {
		check = s.Launch.CheckPartial
	}
	return s, warnings, InDefinition(errors.Join(append(faults, check())...), run)
}

// below checks a document that is part of another document. path is its path there, which
// warnings and errors then contain.
func below(path string, n *document.Node, check func(*document.Node) ([]document.Warning, error)) ([]document.Warning,
	error) {
	warnings, err := check(n)
	for i := range warnings {
		warnings[i].Path = joinPath(path, warnings[i].Path)
	}
	return warnings, each(err, func(err error) error {
		var fault *document.Error
		if !errors.As(err, &fault) {
			return err
		}
		moved := *fault
		moved.Path = joinPath(path, fault.Path)
		return &moved
	})
}

func joinPath(path, inner string) string {
	switch {
	case inner == "":
		return path
	case inner[0] == '[':
		return path + inner
	}
	return path + "." + inner
}

// each calls replace for every error that err joins, and joins the results.
func each(err error, replace func(error) error) error {
	var all []error
	for _, one := range joined.Errors(err) {
		all = append(all, replace(one))
	}
	return errors.Join(all...)
}

// InDefinition replaces each [*input.Error] about an input in run by a [*document.Error] with
// its position there. run is the member x-run-task of a definition. run and err may be nil.
func InDefinition(err error, run *document.Node) error {
	return each(err, func(err error) error {
		var fault *input.Error
		if !errors.As(err, &fault) {
			return err
		}
		value := run.Member(fault.Input)
		if value == nil {
			return err
		}
		return &document.Error{Place: value.Place, Path: document.MemberPath(runPath, fault.Input), Message: fault.Message,
			Hint: fault.Hint}
	})
}

// valueText returns a value in the text form of an input. Lists and maps are JSON, and null is
// empty.
func valueText(n *document.Node) string {
	switch n.Kind {
	case document.Null:
		return ""
	case document.List, document.Map:
		return string(n.JSON())
	}
	return n.Text
}

// ownInputs maps members of a request to their inputs. The step itself needs these values, so
// that run-task-request cannot set them.
var ownInputs = map[string]string{
	"cluster": "cluster", "count": "count", "startedBy": "started-by", "taskDefinition": "definition or file-paths",
}

// setRequest checks and stores the document of run-task-request.
func (s *Settings) setRequest(n *document.Node) ([]document.Warning, error) {
	checked, warnings, err := apischema.Check(n, schemas.RunTaskRequest, s.options.PassUnknown())
	faults := []error{each(err, adviseImage), unrendered(checked), taskdef.CheckTags(tagsOf(checked))}
	for _, m := range n.Members {
		message := ""
		switch name := m.Key.Text; {
		case ownInputs[name] != "":
			message = "give it by the input " + ownInputs[name]
		case name == "clientToken" || name == "referenceId":
			message = "is not for users to set"
		case name == "launchType" && n.Member("capacityProviderStrategy") != nil:
			message = "cannot be used together with capacityProviderStrategy"
		case name == "propagateTags" && m.Value.Text == "SERVICE":
			message = "tasks that no service starts take the tags of TASK_DEFINITION only"
		}
		if message != "" {
			faults = append(faults, &document.Error{Place: m.Key.Place, Path: m.Key.Text, Message: message})
		}
	}
	s.request = checked
	return warnings, errors.Join(faults...)
}

// tagsOf returns the tags of a request. request may be nil.
func tagsOf(request *document.Node) []taskdef.Tag {
	var tags []taskdef.Tag
	if list := request.Member("tags"); list != nil {
		for _, item := range list.Items {
			tag := taskdef.Tag{Place: item.Place}
			if key := item.Member("key"); key != nil {
				tag.Key = key.Text
			}
			if value := item.Member("value"); value != nil {
				tag.Value = value.Text
			}
			tags = append(tags, tag)
		}
	}
	return tags
}

// setOverrides checks the document of overrides, and stores it if it has no fault.
func (s *Settings) setOverrides(n *document.Node) ([]document.Warning, error) {
	if err := otherOverrides(n); err != nil {
		return nil, err
	}
	checked, warnings, err := apischema.Check(n, schemas.TaskOverride, s.options.PassUnknown())
	err = errors.Join(each(err, adviseImage), unrendered(checked))
	if err == nil {
		s.overrides = checked
	}
	return warnings, err
}

// otherOverrides reports overrides in the formats of other tools: only the list of
// containerOverrides, text, and a map with the member overrides of a request.
func otherOverrides(n *document.Node) error {
	switch {
	case n.Kind == document.List:
		return &document.Error{Place: n.Place, Code: "type",
			Message: "expected a map with the member containerOverrides, found a list",
			Hint:    `{"containerOverrides": ` + string(n.JSON()) + `}`}
	case n.Kind == document.String:
		return &document.Error{Place: n.Place, Code: "type", Message: "expected a map in JSON or YAML, found text",
			Hint: `{"containerOverrides": [{"name": "app", "command": ["true"]}]}`}
	case n.Kind == document.Map && len(n.Members) == 1 && n.Members[0].Key.Text == "overrides":
		return &document.Error{Place: n.Members[0].Key.Place, Path: "overrides", Code: "unknown-member",
			Message: "unknown member: leave it out and give what is in it", Hint: string(n.Members[0].Value.JSON())}
	}
	return nil
}

// adviseImage replaces the fault of an override of the image by one with a hint. It returns
// other errors unchanged.
func adviseImage(err error) error {
	var fault *document.Error
	if !errors.As(err, &fault) || fault.Code != "unknown-member" || !strings.Contains(fault.Path, "containerOverrides[") ||
		!strings.HasSuffix(fault.Path, "].image") {
		return err
	}
	advised := *fault
	advised.Message, advised.Hint = "ECS can't override the image",
		"give it by the input image, which runs a revision that differs in nothing else"
	return &advised
}

// Definition has the values of a task definition that its request depends on.
type Definition struct {
	Name        string // for messages
	NetworkMode string // empty means the default of ECS
	Containers  []string

	// EntryPoints are the entry points by container name. Containers without one are missing.
	EntryPoints map[string][]string
}

// SetEntryPoint sets the entry point of a container. It does nothing if words is empty.
func (d *Definition) SetEntryPoint(container string, words []string) {
	if len(words) == 0 {
		return
	}
	if d.EntryPoints == nil {
		d.EntryPoints = map[string][]string{}
	}
	d.EntryPoints[container] = words
}

// Chosen returns the container to which the inputs image, command and environment apply. The
// error is an [*input.Error].
func (s Settings) Chosen(d Definition) (string, error) {
	switch {
	case s.Container != "":
		return s.Container, d.has(s.Container, "container")
	case len(d.Containers) == 1, s.partial:
		return d.Containers[0], nil
	}
	return "", &input.Error{Input: "container",
		Message: fmt.Sprintf("%s has several containers: give the one that %s for, of %s", d.Name, s.forContainer(),
			quotedList(d.Containers))}
}

// forContainer returns the names of the given inputs that apply to one container, followed by
// "is" or "are".
func (s Settings) forContainer() string {
	var given []string
	if s.Image != "" {
		given = append(given, "image")
	}
	if len(s.Command.Words) > 0 {
		given = append(given, "command")
	}
	if len(s.Environment.Pairs) > 0 {
		given = append(given, "environment")
	}
	if len(given) == 1 {
		return given[0] + " is"
	}
	return joinAnd(given) + " are"
}

// has returns an error if the definition does not have the container. by is the input that
// names the container.
func (d Definition) has(container, by string) error {
	for _, name := range d.Containers {
		if name == container {
			return nil
		}
	}
	return &input.Error{Input: by, Message: d.lacks(container)}
}

func (d Definition) lacks(container string) string {
	advice := nearest.DidYouMean(container, d.Containers)
	if advice == "" {
		advice = ": it has " + quotedList(d.Containers)
	}
	return fmt.Sprintf("%s has no container %q%s", d.Name, container, advice)
}
