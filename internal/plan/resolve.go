package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
	"github.com/ecs-run-task/ecs-run-task/internal/preflight"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// resolver reads from AWS what a draft lacks.
type resolver struct {
	draft    Draft
	clients  *session.Clients // nil if no call to AWS is needed
	emit     event.Sink
	services map[string]*runtask.Service // cache of described services, by name
}

// Resolve reads from AWS what the requests lack: registered definitions, services, and the ids
// of subnets and security groups that the inputs give by name or filter. If the input preflight is set, it then
// checks that the AWS resources in definitions and requests exist. clients may be nil if
// [Draft.NeedsAWS] is false.
func (d Draft) Resolve(ctx context.Context, clients *session.Clients, emit event.Sink) (Plan, error) {
	p := Plan{
		Cluster: d.config.Cluster, StartedBy: d.common.StartedBy, Mark: d.mark, IfRunning: d.config.IfRunning,
		End: EndPolicyOf(d.config), Outputs: d.outputs,
	}
	r := &resolver{d, clients, emit, map[string]*runtask.Service{}}
	var resolved []DraftJob
	var faults []error
	for _, job := range d.Jobs {
		if job.needsLookup(d.config.Preflight) {
			var err error
			job, err = r.resolve(ctx, job)
			faults = append(faults, err)
		}
		resolved = append(resolved, job)
	}
	if err := errors.Join(faults...); err != nil {
		return p, err
	}
	for _, job := range resolved {
		rule := verdict.Rule{All: d.config.VerdictAll(), Names: d.config.VerdictNames(), Job: job.Settings.Container}
		p.Jobs = append(p.Jobs, Job{job.Definition, job.Request, job.Settings.Count, rule})
	}
	p.Groups = groupsOf(len(p.Jobs), d.config.Order)
	if !d.config.Preflight {
		return p, nil
	}
	return p, r.preflight(ctx, resolved)
}

func (r *resolver) preflight(ctx context.Context, jobs []DraftJob) error {
	var subjects []preflight.Subject
	for _, job := range jobs {
		subjects = append(subjects, job.subject())
	}
	r.emit.Printf("checking with AWS what the definitions name")
	notices, err := preflight.Check(ctx, r.clients.Lookup, r.draft.config.Cluster, subjects)
	for _, notice := range notices {
		r.emit.Notice(event.Note{Text: notice})
	}
	return err
}

// subject returns the values of a job that preflight checks.
func (job DraftJob) subject() preflight.Subject {
	text := TextOf(job.Definition)
	subject := preflight.Subject{
		Definition: text, TaskRole: job.Settings.TaskRoleARN, ExecutionRole: job.Settings.ExecutionRoleARN,
		Fargate: job.Settings.LaunchType == "FARGATE" || slices.Equal(text.RequiresCompatibilities, []string{"FARGATE"}),
	}
	subject.Subnets, subject.SecurityGroups = runtask.Networks(job.Request)
	return subject
}

// ResolveDefinitions reads from AWS only the registered definitions, with their content.
func (d Draft) ResolveDefinitions(ctx context.Context, clients *session.Clients, emit event.Sink) (Draft, error) {
	r := &resolver{draft: d, clients: clients, emit: emit}
	d.Jobs = slices.Clone(d.Jobs)
	for i, job := range d.Jobs {
		name, ok := job.Definition.(Named)
		if !ok {
			continue
		}
		var err error
		if job.Definition, err = r.findText(ctx, name, job.Settings); err != nil {
			return d, err
		}
		if job.Request, err = r.request(job, nil); err != nil {
			return d, err
		}
		d.Jobs[i] = job
	}
	return d, nil
}

func (r *resolver) ecs() cluster.Client {
	return cluster.Client{API: r.clients.ECS, Cluster: r.draft.config.Cluster}
}

func (r *resolver) resolve(ctx context.Context, job DraftJob) (_ DraftJob, err error) {
	if name, ok := job.Definition.(Named); ok {
		if job.Definition, err = r.find(ctx, name, job.Settings); err != nil {
			return job, err
		}
		for _, warning := range job.Settings.Warnings(definitionInfo(job.Definition), nil) {
			r.emit(event.Warning{Warning: warning})
		}
	}
	if job.Settings, err = r.findNetwork(ctx, job.Settings); err != nil {
		return job, err
	}
	service, err := r.findService(ctx, job.Settings.Service)
	if err != nil {
		return job, err
	}
	job.Request, err = r.request(job, service)
	return job, err
}

// request returns the job's request. The service is nil if there is none.
func (r *resolver) request(job DraftJob, service *runtask.Service) (map[string]json.RawMessage, error) {
	return job.Settings.Request(definitionInfo(job.Definition), service, r.draft.common)
}

// find describes a registered definition. It also reads the content if the run needs it.
func (r *resolver) find(ctx context.Context, name Named, settings runtask.Settings) (Source, error) {
	if settings.Image != "" || r.draft.config.Preflight {
		return r.findText(ctx, name, settings)
	}
	revision, err := r.ecs().Find(ctx, name.Name)
	if err != nil {
		return nil, err
	}
	return Existing{Revision: revision}, r.checkFound(revision)
}

// checkFound checks a registered definition against the inputs, and prints it if it has no
// fault.
func (r *resolver) checkFound(revision *types.TaskDefinition) error {
	if r.draft.config.SteadyState == "healthy" && !task.HasHealthCheck(revision) {
		return fmt.Errorf("steady-state healthy needs a container with a healthCheck, and %s has none", task.Name(revision))
	}
	found := Existing{Revision: revision}
	err := errors.Join(checkVerdict(r.draft.config.VerdictNames(), found), checkOutputs(r.draft.config, found))
	if err != nil {
		return err
	}
	r.emit.Printf("found %s: %s", task.Name(revision), aws.ToString(revision.TaskDefinitionArn))
	return nil
}

// findText describes a registered definition and reads its content. If the settings have an
// image, findText returns a [ToRegister] with that image.
func (r *resolver) findText(ctx context.Context, name Named, settings runtask.Settings) (Source, error) {
	revision, answer, err := r.ecs().FindText(ctx, name.Name)
	if err != nil {
		return nil, err
	}
	if err := r.checkFound(revision); err != nil {
		return nil, err
	}
	options := taskdef.Options{Tags: r.draft.tags, UnknownMembers: "pass", Registered: true}
	text, err := ReadDescribed(task.Name(revision), answer, options, r.emit)
	if err != nil {
		return nil, err
	}
	if settings.Image == "" {
		return Existing{revision, text}, nil
	}
	container, err := settings.Chosen(definitionInfo(ToRegister{text}))
	if err != nil {
		return nil, err
	}
	changed, err := withImage(text, settings, options)
	if err != nil {
		return nil, err
	}
	reportImage(r.emit, changed, settings.Image, container)
	return ToRegister{changed}, nil
}

// ReadDescribed parses the answer of DescribeTaskDefinition. It returns the definition in the
// format of RegisterTaskDefinition.
func ReadDescribed(name string, answer []byte, options taskdef.Options, emit event.Sink) (*taskdef.Definition, error) {
	trees, _, err := document.Parse("task definition "+name, answer)
	if err != nil {
		return nil, err
	}
	definitions, warnings, err := taskdef.Decode(trees[0], options)
	for _, warning := range warnings {
		if warning.Code == "tag-aws" { // the new revision lacks this tag
			emit(event.Warning{Warning: warning})
		}
	}
	if err != nil {
		return nil, err
	}
	return definitions[0], nil
}

// findService returns the values of a service that requests use. It returns nil if name is
// empty.
func (r *resolver) findService(ctx context.Context, name string) (*runtask.Service, error) {
	if name == "" {
		return nil, nil
	}
	if known := r.services[name]; known != nil {
		return known, nil
	}
	place, err := r.ecs().Service(ctx, name)
	if err != nil {
		return nil, err
	}
	service := &runtask.Service{LaunchType: string(place.LaunchType), Strategy: strategyOf(place.Strategy),
		PlatformVersion: place.PlatformVersion}
	if len(service.Strategy) > 0 {
		service.LaunchType = ""
	}
	if network := place.Network; network != nil {
		service.Subnets, service.SecurityGroups, service.AssignPublicIP = network.Subnets, network.SecurityGroups,
			string(network.AssignPublicIp)
	}
	r.emit.Printf("service %s: %s", name, service)
	r.services[name] = service
	return service, nil
}

func strategyOf(items []types.CapacityProviderStrategyItem) input.Strategy {
	var strategy input.Strategy
	for _, item := range items {
		strategy = append(strategy, input.StrategyItem{Provider: aws.ToString(item.CapacityProvider), Weight: item.Weight,
			Base: item.Base})
	}
	return strategy
}

// findNetwork replaces names and filters of subnets and security groups by ids, and prints the
// ids.
func (r *resolver) findNetwork(ctx context.Context, settings runtask.Settings) (_ runtask.Settings, err error) {
	if settings.Subnets, err = r.findNetworks(ctx, "subnets", settings.Subnets, (*lookup.Client).Subnets); err != nil {
		return settings, err
	}
	settings.SecurityGroups, err = r.findNetworks(ctx, "security-groups", settings.SecurityGroups,
		(*lookup.Client).SecurityGroups)
	if err != nil {
		return settings, err
	}
	return settings, settings.Check() // a name may stand for more ids than ECS accepts
}

type finder func(*lookup.Client, context.Context, string) ([]lookup.Network, error)

func (r *resolver) findNetworks(ctx context.Context, name string, items []string, find finder) ([]string, error) {
	var ids []string
	for _, item := range items {
		if awsfacts.IsNetworkID(item) {
			ids = append(ids, item)
			continue
		}
		if r.clients.Local {
			return nil, &input.Error{Input: name, Message: "expected ids: with local there is no EC2 to ask for names"}
		}
		networks, err := find(r.clients.Lookup, ctx, item)
		var missing *lookup.NotFoundError
		if errors.As(err, &missing) {
			message := fmt.Sprintf("%s in %s", err, r.clients.Config.Region)
			if name == "security-groups" && !strings.Contains(item, "=") {
				message += "; a group's own name is the filter group-name=" + item
			}
			return nil, &input.Error{Input: name, Message: message}
		}
		if err != nil {
			return nil, err
		}
		var texts []string
		for _, network := range networks {
			if !slices.Contains(ids, network.ID) {
				ids = append(ids, network.ID)
			}
			texts = append(texts, network.String())
		}
		r.emit.Printf("%s %s: %s", name, item, strings.Join(texts, ", "))
	}
	return ids, nil
}
