package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
	"github.com/ecs-run-task/ecs-run-task/internal/preflight"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/source"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// plan settles what the tasks of each job are run with, and checks all of it
// that can be checked before a call.
func (s *step) plan(workspace string, jobs []*job) error {
	base, warnings, err := runtask.Parse(s.config.Launch, s.definitionOptions())
	s.warn(warnings)
	if err != nil {
		return err
	}
	var faults []error
	for _, j := range jobs {
		faults = append(faults, s.planOne(workspace, base, j))
	}
	return errors.Join(faults...)
}

func (s *step) planOne(workspace string, base runtask.Settings, j *job) error {
	if j.source == nil {
		return s.settle(workspace, base, j)
	}
	run := j.source.Run
	settings, warnings, fault := base.With(run)
	s.warn(warnings)
	return errors.Join(fault, runtask.InDefinition(s.settle(workspace, settings, j), run))
}

// settle takes the settings for a job, with what they name in the workspace,
// and makes its request of them.
func (s *step) settle(workspace string, settings runtask.Settings, j *job) (err error) {
	if file := settings.Environment.File; file != "" {
		if settings.Environment.Pairs, err = environmentFile(workspace, file); err != nil {
			return &input.Error{Input: "environment", Message: err.Error()}
		}
	}
	j.settings = settings
	if j.source == nil {
		return nil // its containers are not known yet
	}
	s.warn(settings.Warnings(j.known(), j.source.Run))
	if err := s.setImage(j, s.definitionOptions()); err != nil {
		return err
	}
	warnings, err := j.settings.CheckDefinition(j.source)
	s.warn(warnings)
	return errors.Join(err, s.makeRequest(j, nil))
}

// environmentFile reads a .env file of the workspace.
func environmentFile(workspace, name string) (input.Pairs, error) {
	text, err := source.File(workspace, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	pairs, err := input.ParseDotenv(string(text.Bytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return pairs, nil
}

// setImage puts the image of the inputs into the job's definition.
func (s *step) setImage(j *job, options taskdef.Options) error {
	if j.settings.Image == "" {
		return nil
	}
	container, err := j.settings.Chosen(j.known())
	if err != nil {
		return err
	}
	image := &document.Node{Kind: document.String, Text: j.settings.Image, Place: document.Place{Name: "input image"}}
	if own := j.source.Run.Member("image"); own != nil {
		image.Place = own.Place
	}
	changed, err := j.source.WithImage(container, image, options)
	if err != nil {
		return err
	}
	j.source = changed
	if s.keep == nil {
		s.console.Printf("task definition %s with the image %s for container %s", changed.Family, j.settings.Image, container)
	}
	return nil
}

// known is what a request has to know of the job's definition.
func (j *job) known() runtask.Definition {
	if j.source != nil {
		d := runtask.Definition{Name: j.source.Family, NetworkMode: j.source.NetworkMode}
		for _, container := range j.source.Containers {
			d.Containers = append(d.Containers, container.Name)
			d.SetEntryPoint(container.Name, container.EntryPoint)
		}
		return d
	}
	d := runtask.Definition{Name: task.Name(j.definition), NetworkMode: string(j.definition.NetworkMode)}
	for _, container := range j.definition.ContainerDefinitions {
		d.Containers = append(d.Containers, aws.ToString(container.Name))
		d.SetEntryPoint(aws.ToString(container.Name), container.EntryPoint)
	}
	return d
}

// makeRequest makes the job's request. The service is nil if there is none, or
// it is not known yet.
func (s *step) makeRequest(j *job, service *runtask.Service) (err error) {
	j.request, err = j.settings.Request(j.known(), service, runtask.Common{StartedBy: s.startedBy(), Tags: s.tagPairs()})
	return err
}

func (s *step) tagPairs() input.Pairs {
	var pairs input.Pairs
	for _, tag := range s.tags {
		pairs = append(pairs, input.Pair{Name: tag.Key, Value: tag.Value})
	}
	return pairs
}

// asks reports whether AWS has to be asked before the job's requests are known.
func (s *step) asks(j *job) bool {
	named := func(item string) bool { return !lookup.IsID(item) }
	return j.source == nil || s.config.Preflight || j.settings.Service != "" ||
		slices.ContainsFunc(j.settings.Subnets, named) || slices.ContainsFunc(j.settings.SecurityGroups, named)
}

// prepare asks AWS for what the requests lack: definitions that are registered
// already, services, and subnets and security groups that are not named by their
// ids. Then, if that is asked for, it checks what definitions and requests name.
func (s *step) prepare(ctx context.Context, jobs []*job) error {
	var faults []error
	for _, j := range jobs {
		if s.asks(j) {
			faults = append(faults, s.prepareOne(ctx, j))
		}
	}
	if err := errors.Join(faults...); err != nil || !s.config.Preflight {
		return err
	}
	var subjects []preflight.Subject
	for _, j := range jobs {
		subjects = append(subjects, j.subject())
	}
	s.console.Printf("checking with AWS what the definitions name")
	notices, err := preflight.Check(ctx, s.clients.lookup, s.config.Cluster, subjects)
	for _, notice := range notices {
		s.console.Notice(report.Note{Text: notice})
	}
	return err
}

func (s *step) prepareOne(ctx context.Context, j *job) error {
	if j.source == nil {
		if err := s.find(ctx, j); err != nil {
			return err
		}
		s.warn(j.settings.Warnings(j.known(), nil))
	}
	if err := s.findNetwork(ctx, j); err != nil {
		return err
	}
	service, err := s.findService(ctx, j.settings.Service)
	if err != nil {
		return err
	}
	return s.makeRequest(j, service)
}

// find finds the registered definition that the input names, with its text if
// that is needed.
func (s *step) find(ctx context.Context, j *job) (err error) {
	if j.settings.Image != "" || s.config.Preflight {
		return s.findText(ctx, j)
	}
	if j.definition, err = s.runner.Find(ctx, s.config.Definition); err != nil {
		return err
	}
	return s.checkFound(j)
}

// checkFound tells what was found, unless it can't reach the state to wait for.
func (s *step) checkFound(j *job) error {
	if s.config.SteadyState == "healthy" && !task.HasHealthCheck(j.definition) {
		return fmt.Errorf("steady-state healthy needs a container with a healthCheck, and %s has none", task.Name(j.definition))
	}
	if err := s.checkVerdict([]*job{j}); err != nil {
		return err
	}
	s.console.Printf("found %s: %s", task.Name(j.definition), aws.ToString(j.definition.TaskDefinitionArn))
	return nil
}

// findText is find with the definition's text. With another image for it, it
// becomes one that is to be registered.
func (s *step) findText(ctx context.Context, j *job) (err error) {
	var answer []byte
	if j.definition, answer, err = s.runner.FindText(ctx, s.config.Definition); err != nil {
		return err
	}
	if err := s.checkFound(j); err != nil {
		return err
	}
	options := taskdef.Options{Tags: s.tags, UnknownMembers: "pass", Registered: true}
	if j.described, err = s.readDescribed(task.Name(j.definition), answer, options); err != nil || j.settings.Image == "" {
		return err
	}
	j.source, j.definition = j.described, nil
	return s.setImage(j, options)
}

// readDescribed returns a registered definition in the form that it can be
// registered in again.
func (s *step) readDescribed(name string, answer []byte, options taskdef.Options) (*taskdef.Definition, error) {
	trees, _, err := document.Parse("task definition "+name, answer)
	if err != nil {
		return nil, err
	}
	definitions, warnings, err := taskdef.Decode(trees[0], options)
	for _, warning := range warnings {
		if warning.Code == "tag-aws" { // not taken over
			s.warn([]document.Warning{warning})
		}
	}
	if err != nil {
		return nil, err
	}
	return definitions[0], nil
}

// findService returns what is taken of a service, nil for the empty name.
func (s *step) findService(ctx context.Context, name string) (*runtask.Service, error) {
	if name == "" {
		return nil, nil
	}
	if known := s.services[name]; known != nil {
		return known, nil
	}
	place, err := s.runner.Service(ctx, name)
	if err != nil {
		return nil, err
	}
	service := &runtask.Service{LaunchType: string(place.LaunchType), Strategy: strategyOf(place.Strategy), PlatformVersion: place.PlatformVersion}
	if len(service.Strategy) > 0 {
		service.LaunchType = ""
	}
	if network := place.Network; network != nil {
		service.Subnets, service.SecurityGroups, service.AssignPublicIP = network.Subnets, network.SecurityGroups, string(network.AssignPublicIp)
	}
	s.console.Printf("service %s: %s", name, service)
	if s.services == nil {
		s.services = map[string]*runtask.Service{}
	}
	s.services[name] = service
	return service, nil
}

func strategyOf(items []types.CapacityProviderStrategyItem) input.Strategy {
	var strategy input.Strategy
	for _, item := range items {
		strategy = append(strategy, input.StrategyItem{Provider: aws.ToString(item.CapacityProvider), Weight: item.Weight, Base: item.Base})
	}
	return strategy
}

// findNetwork replaces subnets and security groups that are not named by their
// ids, and tells which were found.
func (s *step) findNetwork(ctx context.Context, j *job) (err error) {
	if j.settings.Subnets, err = s.findNetworks(ctx, "subnets", j.settings.Subnets, (*lookup.Client).Subnets); err != nil {
		return err
	}
	j.settings.SecurityGroups, err = s.findNetworks(ctx, "security-groups", j.settings.SecurityGroups, (*lookup.Client).SecurityGroups)
	if err != nil {
		return err
	}
	return j.settings.Check() // there may be more of them than ECS takes
}

type finder func(*lookup.Client, context.Context, string) ([]lookup.Network, error)

func (s *step) findNetworks(ctx context.Context, name string, items []string, find finder) ([]string, error) {
	var ids []string
	for _, item := range items {
		if lookup.IsID(item) {
			ids = append(ids, item)
			continue
		}
		if s.clients.local {
			return nil, &input.Error{Input: name, Message: "expected ids: with local there is no EC2 to ask for names"}
		}
		found, err := find(s.clients.lookup, ctx, item)
		var missing *lookup.NotFoundError
		if errors.As(err, &missing) {
			message := fmt.Sprintf("%s in %s", err, s.clients.config.Region)
			if name == "security-groups" && !strings.Contains(item, "=") {
				message += "; a group's own name is the filter group-name=" + item
			}
			return nil, &input.Error{Input: name, Message: message}
		}
		if err != nil {
			return nil, err
		}
		var told []string
		for _, network := range found {
			if !slices.Contains(ids, network.ID) {
				ids = append(ids, network.ID)
			}
			told = append(told, network.String())
		}
		s.console.Printf("%s %s: %s", name, item, strings.Join(told, ", "))
	}
	return ids, nil
}

// subject is what preflight looks at.
func (j *job) subject() preflight.Subject {
	definition := j.source
	if definition == nil {
		definition = j.described
	}
	subject := preflight.Subject{
		Definition: definition, TaskRole: j.settings.TaskRoleARN, ExecutionRole: j.settings.ExecutionRoleARN,
		Fargate: j.settings.LaunchType == "FARGATE" || slices.Equal(definition.RequiresCompatibilities, []string{"FARGATE"}),
	}
	subject.Subnets, subject.SecurityGroups = runtask.Networks(j.request)
	return subject
}

// advise adds what to do about a launch that ECS refused since nothing says what
// the tasks run on.
func advise(j *job, err error) error {
	if err == nil || !j.fargateOnly() || j.request["launchType"] != nil || j.request["capacityProviderStrategy"] != nil {
		return err
	}
	return &adviceError{err, "the definition is for Fargate alone, and the cluster may have no default capacity provider: set launch-type: FARGATE, or capacity-provider-strategy, or a service to take it from"}
}

func (j *job) fargateOnly() bool {
	return slices.Equal(j.definition.RequiresCompatibilities, []types.Compatibility{types.CompatibilityFargate})
}
