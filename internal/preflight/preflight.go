// Package preflight checks, before a task definition is registered, that the resources
// in it exist and can be used: the cluster, roles and their trust policies, images in
// ECR and their platforms, secrets and parameters, log groups, subnets and security
// groups.
//
// It never changes anything in AWS. A check for which the caller has no permission is
// skipped with a notice, and is not a fault.
package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/joined"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
	"github.com/ecs-run-task/ecs-run-task/internal/parallel"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// maxConcurrent is the number of checks that run at the same time.
const maxConcurrent = 8

// Subject is a definition with the settings that its tasks will use.
type Subject struct {
	Definition              *taskdef.Definition
	TaskRole, ExecutionRole string // overrides; empty means the roles of the definition
	Fargate                 bool   // the tasks run on Fargate
	Subnets, SecurityGroups []string
}

// Check checks each resource of the subjects once. It returns a notice for each check
// that could not be made. The error joins one [*input.Error] or [*document.Error] for
// each fault.
func Check(ctx context.Context, client *lookup.Client, cluster string,
	subjects []Subject) (notices []string, err error) {
	p := &plan{client: client, known: map[string]bool{}}
	p.add("cluster "+cluster, byInput("cluster"), func(ctx context.Context) error {
		return client.Cluster(ctx, cluster)
	})
	for _, subject := range subjects {
		p.definition(subject)
		p.network(subject)
	}
	return p.run(ctx)
}

// plan collects checks.
type plan struct {
	client *lookup.Client
	known  map[string]bool // keys of the checks
	checks []check
}

// check is one check, or several whose errors are joined.
type check struct {
	// at converts the message of a [*lookup.NotFoundError] or mismatchError to a fault
	// with its place. It is nil if make returns faults itself.
	at   func(message string) error
	make func(context.Context) error
}

// mismatchError means that a resource exists but cannot be used.
type mismatchError string

func (e mismatchError) Error() string { return string(e) }

// add adds a check, unless there is one with the same key.
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

// run makes the checks concurrently, and returns notices and faults in the order of the
// checks.
func (p *plan) run(ctx context.Context) (notices []string, err error) {
	results := make([]error, len(p.checks))
	parallel.Each(len(p.checks), maxConcurrent, func(i int) { results[i] = p.checks[i].make(ctx) })
	var faults []error
	for i, result := range results {
		for _, one := range joined.Errors(result) {
			var missing *lookup.NotFoundError
			var mismatch mismatchError
			var input *input.Error
			switch {
			case errors.As(one, &input):
				faults = append(faults, one)
			case errors.As(one, &missing), errors.As(one, &mismatch):
				faults = append(faults, p.checks[i].at(one.Error()))
			default:
				notices = append(notices, "not checked: "+one.Error())
			}
		}
	}
	return notices, errors.Join(faults...)
}

// definition adds the checks for the resources in a definition.
func (p *plan) definition(s Subject) {
	n := s.Definition.Node
	p.role(n, "taskRoleArn", "task-role-arn", s.TaskRole)
	p.role(n, "executionRoleArn", "execution-role-arn", s.ExecutionRole)
	for i, container := range n.List("containerDefinitions") {
		path := document.ItemPath("containerDefinitions", i)
		p.image(s, container.Member("image"), path+".image")
		p.credentials(container.Member("repositoryCredentials", "credentialsParameter"),
			path+".repositoryCredentials.credentialsParameter")
		p.secrets(container.List("secrets"), path+".secrets")
		p.secrets(container.List("logConfiguration", "secretOptions"), path+".logConfiguration.secretOptions")
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
		policy, err := p.client.TrustPolicy(ctx, role)
		if err == nil && !trustsECS(policy) {
			err = mismatchError("the trust policy of " + role + " does not let ecs-tasks.amazonaws.com assume it")
		}
		return err
	})
}

// trustsECS reports whether a statement of a trust policy allows ECS to assume the role
// for tasks. It ignores conditions.
func trustsECS(policy string) bool {
	var document struct {
		Statement list[struct {
			Effect    string
			Principal struct{ Service list[string] }
			Action    list[string]
		}]
	}
	if json.Unmarshal([]byte(policy), &document) != nil {
		return true // an unknown form is not a fault
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

// list is a list in a policy. A single item may stand without a list.
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

// image adds the check of an image in ECR. Images in other registries are not checked.
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
		return mismatchError(fmt.Sprintf("the image is built for %s, but the task runs on %s",
			strings.Join(have, ", "), want))
	})
}

// platformOf returns the platform of a task's containers, and whether it is certain.
// Outside of Fargate, a task without a runtimePlatform runs on the platform of its
// instance.
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

func (p *plan) secrets(list []*document.Node, path string) {
	for i, secret := range list {
		p.secret(secret.Member("valueFrom"), document.ItemPath(path, i)+".valueFrom")
	}
}

func (p *plan) secret(n *document.Node, path string) {
	if n == nil {
		return
	}
	valueFrom := n.Text
	p.add("secret "+lookup.SecretARN(valueFrom), byPlace(n, path), func(ctx context.Context) error {
		return p.client.Secret(ctx, valueFrom)
	})
}

// credentials adds the check of a registry's credentials: the ARN or name of a secret in
// Secrets Manager.
func (p *plan) credentials(n *document.Node, path string) {
	if n == nil {
		return
	}
	name := n.Text
	p.add("credentials "+name, byPlace(n, path), func(ctx context.Context) error {
		return p.client.ManagedSecret(ctx, name)
	})
}

// logGroup adds the check of a log group, unless the definition lets ECS create it.
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

// network adds the check that all subnets and security groups exist and are in one VPC.
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
					all = append(all, at(fmt.Sprintf("%s is in %s, but %s is in %s: all must be in one VPC",
						id, found[0].VPC, first, vpc)))
				}
				if err != nil { // the other ids would get the same error
					all = append(all, err)
					break
				}
			}
		}
		return errors.Join(all...)
	})
}
