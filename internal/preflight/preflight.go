// Package preflight checks with AWS, before anything is registered, that what
// task definitions name exists and fits: the cluster, roles and their trust,
// images in ECR and their platforms, secrets and parameters, log groups, subnets
// and security groups.
//
// It changes nothing, and what it is not allowed to see is no fault.
package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// atOnce is how many look-ups are under way at the same time.
const atOnce = 8

// Subject is what the tasks of one definition will use.
type Subject struct {
	Definition              *taskdef.Definition
	TaskRole, ExecutionRole string // in place of the definition's; empty for those
	Fargate                 bool   // the tasks run on Fargate
	Subnets, SecurityGroups []string
}

// Check makes every check once. It returns a notice for each that could not be
// made, and an error that joins an [*input.Error] or a [*document.Error] for
// each fault.
func Check(ctx context.Context, client *lookup.Client, cluster string,
	subjects []Subject) (notices []string, err error) {
	p := &plan{client: client, known: map[string]bool{}}
	p.add("cluster "+
		cluster, byInput("cluster"), func(ctx context.Context) error { return client.Cluster(ctx, cluster) })
	for _, subject := range subjects {
		p.definition(subject)
		p.network(subject)
	}
	return p.run(ctx)
}

// plan collects checks.
type plan struct {
	client *lookup.Client
	known  map[string]bool // the keys of checks
	checks []check
}

// check is one thing to find out, or several whose errors are joined.
type check struct {
	at   func(message string) error // makes a fault of what is missing or does not fit; nil if each is an [*input.Error] already
	make func(context.Context) error
}

// misfit says that what was found does not fit.
type misfit string

func (m misfit) Error() string { return string(m) }

// add adds a check unless one of the same key is there.
func (p *plan) add(key string, at func(string) error, make func(context.Context) error) {
	if !p.known[key] {
		p.known[key] = true
		p.checks = append(p.checks, check{at, make})
	}
}

func byInput(name string) func(string) error {
	return func(message string) error { return &input.Error{Input: name, Message: message} }
}

func byPlace(n *document.Node, path string) func(string) error {
	return func(message string) error {
		return &document.Error{Place: n.Place, Path: path, Code: "preflight", Message: message}
	}
}

// run makes the checks, some at once, and tells of them in their order.
func (p *plan) run(ctx context.Context) (notices []string, err error) {
	results := make([]error, len(p.checks))
	places := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i, c := range p.checks {
		places <- struct{}{}
		group.Go(func() {
			results[i] = c.make(ctx)
			<-places
		})
	}
	group.Wait()
	var faults []error
	for i, result := range results {
		for _, one := range parts(result) {
			var missing *lookup.NotFoundError
			var unfit misfit
			var input *input.Error
			switch {
			case errors.As(one, &input):
				faults = append(faults, one)
			case errors.As(one, &missing), errors.As(one, &unfit):
				faults = append(faults, p.checks[i].at(one.Error()))
			default:
				notices = append(notices, "not checked: "+one.Error())
			}
		}
	}
	return notices, errors.Join(faults...)
}

// parts returns the errors that one joins, or itself; none of nil.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// definition plans the checks of what a definition names.
func (p *plan) definition(s Subject) {
	n := s.Definition.Node
	p.role(n, "taskRoleArn", "task-role-arn", s.TaskRole)
	p.role(n, "executionRoleArn", "execution-role-arn", s.ExecutionRole)
	containers := n.Member("containerDefinitions")
	if containers == nil {
		return
	}
	for i, container := range containers.Items {
		path := document.ItemPath("containerDefinitions", i)
		p.image(s, container.Member("image"), path+".image")
		p.credentials(container.Member("repositoryCredentials", "credentialsParameter"),
			path+".repositoryCredentials.credentialsParameter")
		p.secrets(container.Member("secrets"), path+".secrets")
		p.secrets(container.Member("logConfiguration", "secretOptions"), path+".logConfiguration.secretOptions")
		p.logGroup(container.Member("logConfiguration"), path+".logConfiguration")
	}
}

func (p *plan) role(n *document.Node, key, input, override string) {
	role, at := override, byInput(input)
	if own := n.Member(key); role == "" && own != nil {
		role, at = own.Text, byPlace(own, key)
	}
	if role == "" {
		return
	}
	p.add("role "+role, at, func(ctx context.Context) error {
		policy, err := p.client.Trust(ctx, role)
		if err == nil && !trustsECS(policy) {
			err = misfit("the trust policy of " + role + " does not let ecs-tasks.amazonaws.com assume it")
		}
		return err
	})
}

// trustsECS reports whether a statement of a trust policy allows ECS to assume
// the role for tasks. Conditions are not weighed.
func trustsECS(policy string) bool {
	var document struct {
		Statement list[struct {
			Effect    string
			Principal struct{ Service list[string] }
			Action    list[string]
		}]
	}
	if json.Unmarshal([]byte(policy), &document) != nil {
		return true // in a form that is not known: not for us to refuse
	}
	for _, statement := range document.Statement {
		allows := slices.ContainsFunc(statement.Action, func(action string) bool {
			return action == "sts:AssumeRole" || action == "sts:*" || action == "*"
		})
		if statement.Effect == "Allow" && allows &&
			slices.Contains(statement.Principal.Service, "ecs-tasks.amazonaws.com") {
			return true
		}
	}
	return false
}

// list is a list in a policy, which may be one item without a list.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(text []byte) error {
	var one T
	if json.Unmarshal(text, &one) == nil {
		*l = list[T]{one}
		return nil
	}
	var many []T
	err := json.Unmarshal(text, &many)
	*l = many
	return err
}

// image plans the check of an image in ECR; others can't be asked for.
func (p *plan) image(s Subject, n *document.Node, path string) {
	if n == nil {
		return
	}
	image, ok := lookup.ParseImage(n.Text)
	if !ok {
		return
	}
	want, matters := platformOf(s)
	p.add("image "+n.Text+" "+want.String(), byPlace(n, path), func(ctx context.Context) error {
		platforms, err := p.client.Platforms(ctx, image)
		if err != nil || !matters || len(platforms) == 0 || slices.Contains(platforms, want) {
			return err
		}
		var have []string
		for _, platform := range platforms {
			have = append(have, platform.String())
		}
		return misfit(fmt.Sprintf("the image is for %s, and the task runs on %s", strings.Join(have, ", "), want))
	})
}

// platformOf returns what the containers of a task run on, and whether that is
// sure: without a runtimePlatform it depends on the instance, but on Fargate.
func platformOf(s Subject) (lookup.Platform, bool) {
	platform := lookup.Platform{OS: "linux", Architecture: "amd64"}
	if s.Definition.Architecture == "ARM64" {
		platform.Architecture = "arm64"
	}
	if awsfacts.IsWindows(s.Definition.OperatingSystem) {
		platform.OS = "windows"
	}
	return platform, s.Fargate || s.Definition.Architecture != ""
}

func (p *plan) secrets(n *document.Node, path string) {
	if n == nil {
		return
	}
	for i, secret := range n.Items {
		p.secret(secret.Member("valueFrom"), document.ItemPath(path, i)+".valueFrom")
	}
}

func (p *plan) secret(n *document.Node, path string) {
	if n == nil {
		return
	}
	valueFrom := n.Text
	p.add("secret "+
		lookup.SecretARN(valueFrom), byPlace(n, path),
		func(ctx context.Context) error { return p.client.Secret(ctx, valueFrom) })
}

// credentials plans the check of a registry's credentials, which are a secret in
// Secrets Manager by its ARN or its name.
func (p *plan) credentials(n *document.Node, path string) {
	if n == nil {
		return
	}
	name := n.Text
	p.add("credentials "+name, byPlace(n, path), func(ctx context.Context) error { return p.client.Managed(ctx, name) })
}

// logGroup plans the check of a log group that ECS will not make itself.
func (p *plan) logGroup(n *document.Node, path string) {
	driver, group := n.Member("logDriver"), n.Member("options", "awslogs-group")
	if driver == nil || driver.Text != "awslogs" || group == nil {
		return
	}
	if create := n.Member("options", "awslogs-create-group"); create != nil && create.Text == "true" {
		return
	}
	region := ""
	if given := n.Member("options", "awslogs-region"); given != nil {
		region = given.Text
	}
	p.add("logs "+region+" "+group.Text, byPlace(group, path+`.options["awslogs-group"]`),
		func(ctx context.Context) error {
			return p.client.LogGroup(ctx, region, group.Text)
		})
}

// network plans the check of subnets and security groups: that there are such,
// all in one VPC.
func (p *plan) network(s Subject) {
	if len(s.Subnets) == 0 {
		return
	}
	key := "network " + strings.Join(slices.Concat(s.Subnets, s.SecurityGroups), " ")
	p.add(key, nil, func(ctx context.Context) error {
		var vpc, first string
		var all []error
		for _, of := range []struct {
			input string
			ids   []string
			find  func(context.Context, string) ([]lookup.Network, error)
		}{{"subnets", s.Subnets, p.client.Subnets}, {"security-groups", s.SecurityGroups, p.client.SecurityGroups}} {
			at := byInput(of.input)
			for _, id := range of.ids {
				found, err := of.find(ctx, id)
				var missing *lookup.NotFoundError
				switch {
				case errors.As(err, &missing):
					all = append(all, at(err.Error()))
					continue
				case err == nil && vpc == "":
					vpc, first = found[0].VPC, id
				case err == nil && found[0].VPC != vpc:
					all = append(all,
						at(fmt.Sprintf("%s is in %s, and %s in %s: a task is in one VPC", id, found[0].VPC,
							first, vpc)))
				}
				if err != nil { // it would be the same for the others
					all = append(all, err)
					break
				}
			}
		}
		return errors.Join(all...)
	})
}
