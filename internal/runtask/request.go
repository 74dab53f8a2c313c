package runtask

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// tagsLimit is the maximum number of tags of a task.
const tagsLimit = 50

// overridesLimit is the maximum number of characters in the JSON of overrides.
const overridesLimit = 8192

// A Service has the values of a service that a request uses. A field is zero if the service does
// not set the value.
type Service struct {
	LaunchType      string
	Strategy        input.Strategy
	PlatformVersion string
	Subnets         []string
	SecurityGroups  []string
	AssignPublicIP  string
}

// String returns the values of the service with the names of the inputs.
func (s *Service) String() string {
	var providers []string
	for _, item := range s.Strategy {
		providers = append(providers, fmt.Sprintf("%s:%d:base=%d", item.Provider, item.Weight, item.Base))
	}
	var parts []string
	for _, part := range []struct{ name, value string }{
		{"launch-type", s.LaunchType}, {"capacity-provider-strategy", strings.Join(providers, ",")},
		{"platform-version", s.PlatformVersion},
		{"subnets", strings.Join(s.Subnets, ",")}, {"security-groups", strings.Join(s.SecurityGroups, ",")},
		{"assign-public-ip", s.AssignPublicIP},
	} {
		if part.value != "" {
			parts = append(parts, part.name+" "+part.value)
		}
	}
	return strings.Join(parts, ", ")
}

// Common has the values that the requests of a step share.
type Common struct {
	StartedBy string
	Tags      input.Pairs
	Owner     OwnerTag // the zero value means no tag
	Outputs   Variables
}

// OwnerTag is a tag that identifies the step that started a task. Because tags need a
// permission, the tag is added only if the request has other tags or Always is true.
type OwnerTag struct {
	Key, Value string
	Always     bool
}

// with returns a request with the tag. It returns tree if the tag must not be added or the
// request already has the maximum number of tags.
func (o OwnerTag) with(tree *document.Node) *document.Node {
	count := 0
	if tags := tree.Member("tags"); tags != nil {
		count = len(tags.Items)
	}
	if o.Key == "" || count == 0 && !o.Always || count >= tagsLimit {
		return tree
	}
	own := &document.Node{Kind: document.Map}
	put(own, pairs([]OwnerTag{o}, "key", "value", func(o OwnerTag) (string, string) { return o.Key, o.Value }), "tags")
	return merge(tree, own, "")
}

// Request returns the members of the RunTask request by their names in the API. It leaves out
// the members that each call sets: cluster, count, task definition and client token. Inputs take
// precedence over run-task-request, and run-task-request takes precedence over the service.
// service is nil if there is no service or its values are not known yet.
//
// The error joins an [*input.Error] or a [*document.Error] for each fault.
func (s Settings) Request(d Definition, service *Service, common Common) (map[string]json.RawMessage, error) {
	own, err := s.own(d, common)
	if err != nil {
		return nil, err
	}
	tree := layer(s.request, own)
	tree = layer(service.tree(d, tree), tree)
	tree = merge(tree, common.Outputs.override(d), "")
	if err := errors.Join(checkTagCount(tree), s.checkCompute(d, tree), s.checkNetwork(d, tree, service),
		s.checkOverrides(d, tree.Member("overrides"))); err != nil {
		return nil, err
	}
	members := map[string]json.RawMessage{}
	for _, m := range common.Owner.with(tree).Members {
		members[m.Key.Text] = m.Value.JSON()
	}
	return members, nil
}

// own returns a request with the values of the inputs, without run-task-request.
func (s Settings) own(d Definition, common Common) (*document.Node, error) {
	n := &document.Node{Kind: document.Map}
	if common.StartedBy != "" {
		put(n, text(common.StartedBy), "startedBy")
	}
	if len(common.Tags) > 0 {
		put(n, pairs(common.Tags, "key", "value", func(p input.Pair) (string, string) { return p.Name, p.Value }), "tags")
	}
	putCompute(n, s.LaunchType, s.CapacityProviderStrategy, s.PlatformVersion)
	putNetwork(n, s.Subnets, s.SecurityGroups, s.AssignPublicIP)
	overrides, err := s.ownOverrides(d)
	if err != nil {
		return nil, err
	}
	if len(overrides.Members) > 0 {
		put(n, overrides, "overrides")
	}
	return n, nil
}

// putCompute sets the launch type or the strategy, and the platform version.
func putCompute(n *document.Node, launchType string, strategy input.Strategy, platformVersion string) {
	if launchType != "" {
		put(n, text(launchType), "launchType")
	}
	if len(strategy) > 0 {
		list := &document.Node{Kind: document.List}
		for _, provider := range strategy {
			item := &document.Node{Kind: document.Map}
			put(item, text(provider.Provider), "capacityProvider")
			put(item, number(int(provider.Weight)), "weight")
			put(item, number(int(provider.Base)), "base")
			list.Items = append(list.Items, item)
		}
		put(n, list, "capacityProviderStrategy")
	}
	if platformVersion != "" {
		put(n, text(platformVersion), "platformVersion")
	}
}

// putNetwork sets the network configuration of tasks with the network mode awsvpc.
func putNetwork(n *document.Node, subnets, groups []string, publicIP string) {
	const network, awsvpc = "networkConfiguration", "awsvpcConfiguration"
	if len(subnets) > 0 {
		put(n, texts(subnets), network, awsvpc, "subnets")
	}
	if len(groups) > 0 {
		put(n, texts(groups), network, awsvpc, "securityGroups")
	}
	if publicIP != "" {
		put(n, text(publicIP), network, awsvpc, "assignPublicIp")
	}
}

// tree returns a request with the values of a service. It returns nil if s is nil. It leaves out
// the network if the definition does not have the network mode awsvpc. It leaves out the platform
// version if the launch type or strategy of request is not Fargate.
func (s *Service) tree(d Definition, request *document.Node) *document.Node {
	if s == nil {
		return nil
	}
	n := &document.Node{Kind: document.Map}
	platformVersion := s.PlatformVersion
	if fargate, given := onFargate(request); given && !fargate {
		platformVersion = ""
	}
	putCompute(n, s.LaunchType, s.Strategy, platformVersion)
	if d.NetworkMode == "awsvpc" {
		putNetwork(n, s.Subnets, s.SecurityGroups, s.AssignPublicIP)
	}
	return n
}

// layer merges two requests, in which high takes precedence. A launch type in high also replaces a
// capacity provider strategy in low, and a strategy replaces a launch type, because ECS refuses
// both together.
func layer(low, high *document.Node) *document.Node {
	if high.Member("launchType") != nil || high.Member("capacityProviderStrategy") != nil {
		low = without(low, "launchType", "capacityProviderStrategy")
	}
	return merge(low, high, "")
}

// onFargate reports whether a request runs its tasks on Fargate. given is false if the request
// has neither a launch type nor a strategy.
func onFargate(request *document.Node) (on, given bool) {
	const fargate = "FARGATE"
	if launchType := request.Member("launchType"); launchType != nil {
		return launchType.Text == fargate, true
	}
	strategy := request.Member("capacityProviderStrategy")
	if strategy == nil {
		return false, false
	}
	return slices.ContainsFunc(strategy.Items, func(item *document.Node) bool {
		provider := item.Member("capacityProvider")
		return provider != nil && strings.HasPrefix(provider.Text, fargate)
	}), len(strategy.Items) > 0
}

// checkCompute checks that the launch type or strategy is compatible with the network mode of
// the definition and with the platform version.
func (s Settings) checkCompute(d Definition, tree *document.Node) error {
	fargate, given := onFargate(tree)
	switch {
	case !given:
	case fargate && d.NetworkMode != "awsvpc":
		member := "launchType"
		if tree.Member(member) == nil {
			member = "capacityProviderStrategy"
		}
		return fault(tree, member, s.computeInput(),
			fmt.Sprintf("%s has the network mode %s: Fargate runs tasks of mode awsvpc only", d.Name, modeOf(d)))
	case !fargate && tree.Member("platformVersion") != nil:
		return fault(tree, "platformVersion", "platform-version",
			"only Fargate has platform versions, and the tasks are to run elsewhere")
	}
	return nil
}

// computeInput returns the name of the input that sets the launch type or the strategy.
func (s Settings) computeInput() string {
	switch {
	case s.LaunchType != "":
		return "launch-type"
	case len(s.CapacityProviderStrategy) > 0:
		return "capacity-provider-strategy"
	}
	return "service"
}

// checkNetwork checks that the network configuration is compatible with the network mode of
// the definition.
func (s Settings) checkNetwork(d Definition, tree *document.Node, service *Service) error {
	network := tree.Member("networkConfiguration")
	subnets := network.Member("awsvpcConfiguration", "subnets")
	switch {
	case d.NetworkMode != "awsvpc" && len(s.Subnets) > 0:
		return &input.Error{Input: "subnets",
			Message: fmt.Sprintf("%s has the network mode %s: only tasks of mode awsvpc have subnets", d.Name, modeOf(d))}
	case d.NetworkMode != "awsvpc" && network != nil:
		return &document.Error{Place: network.Place, Path: "networkConfiguration",
			Message: fmt.Sprintf("%s has the network mode %s: only tasks of mode awsvpc have a network configuration", d.Name,
				modeOf(d))}
	case d.NetworkMode == "awsvpc" && (subnets == nil || len(subnets.Items) == 0) &&
		(s.Service == "" && !s.partial || service != nil):
		message := d.Name + " has the network mode awsvpc, which takes subnets: give them, or a service to take them from"
		if service != nil {
			message = fmt.Sprintf("%s has the network mode awsvpc, which takes subnets, and the service %s has none: give them",
				d.Name, s.Service)
		}
		return &input.Error{Input: "subnets", Message: message}
	}
	return nil
}

func modeOf(d Definition) string {
	if d.NetworkMode == "" {
		return "bridge"
	}
	return d.NetworkMode
}

// checkOverrides checks the containers and commands in overrides, and the size of overrides.
func (s Settings) checkOverrides(d Definition, overrides *document.Node) error {
	if overrides == nil {
		return nil
	}
	var faults []error
	if containers := overrides.Member("containerOverrides"); containers != nil {
		seen := map[string]bool{}
		for i, container := range containers.Items {
			path := document.MemberPath(document.ItemPath("containerOverrides", i), "name")
			switch name := container.Member("name"); {
			case name == nil:
				faults = append(faults, &document.Error{Place: container.Place, Path: path,
					Message: "missing: an override is for one container, by its name"})
			case !slices.Contains(d.Containers, name.Text):
				faults = append(faults, &document.Error{Place: name.Place, Path: path, Message: d.lacks(name.Text)})
			case seen[name.Text]:
				faults = append(faults, &document.Error{Place: name.Place, Path: path,
					Message: fmt.Sprintf("the container %q has an override before this one", name.Text)})
			default:
				seen[name.Text] = true
				faults = append(faults, checkCommand(d, i, container))
			}
		}
	}
	if size := utf8.RuneCount(overrides.JSON()); size > overridesLimit {
		faults = append(faults, &document.Error{
			Path:    "overrides",
			Message: fmt.Sprintf("they have %d characters as JSON, and ECS takes %d", size, overridesLimit),
			Hint: "put what does not change into the definition itself; keep long values in an .env file in S3 " +
				"(environmentFiles) or in Parameter Store (secrets); or have the command read its data from where it is",
		})
	}
	return errors.Join(faults...)
}

// checkTagCount checks the total number of tags in the inputs and in run-task-request.
func checkTagCount(tree *document.Node) error {
	if tags := tree.Member("tags"); tags != nil && len(tags.Items) > tagsLimit {
		return &input.Error{Input: "tags",
			Message: fmt.Sprintf("with those of run-task-request there are %d, more than the %d that a task can have",
				len(tags.Items), tagsLimit)}
	}
	return nil
}

// Networks returns the subnets and the security groups that a request names.
func Networks(request map[string]json.RawMessage) (subnets, groups []string) {
	var network struct {
		AwsvpcConfiguration struct{ Subnets, SecurityGroups []string }
	}
	if json.Unmarshal(request["networkConfiguration"], &network) != nil {
		return nil, nil // the request has no network configuration
	}
	return network.AwsvpcConfiguration.Subnets, network.AwsvpcConfiguration.SecurityGroups
}
