package ecslocal

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Cluster is where tasks run. Fargate is there in every cluster; launch type
// EC2 and capacity providers other than Fargate's need instances.
type Cluster struct {
	Name string

	// DefaultStrategy is used by a RunTask that names neither a launch type
	// nor a strategy; empty means launch type EC2.
	DefaultStrategy []Provider

	// CapacityProviders are the names of the providers of the cluster's own
	// instances, beside FARGATE and FARGATE_SPOT.
	CapacityProviders []string

	Instances []Instance
	Services  []Service
}

// A Provider is one item of a capacity provider strategy.
type Provider struct {
	Name         string
	Weight, Base int
}

// An Instance is an EC2 host of tasks.
type Instance struct {
	CPU    int // units, 1024 to a vCPU; 0 means that it never runs out
	Memory int // MiB; 0 means that it never runs out

	// Attributes are what placement constraints look at, beside and instead of
	// those that every instance has: an m5.large with Linux on x86_64.
	Attributes map[string]string
}

// A Service is what DescribeServices answers of a service. It runs no tasks.
type Service struct {
	Name           string
	TaskDefinition string // ARN, may be empty
	Placement
	DesiredCount int

	// TaskSets are those of a service whose deployment controller is EXTERNAL,
	// or CODE_DEPLOY: see Controller. The first is the primary one.
	TaskSets   []Placement
	Controller string // empty means ECS, or EXTERNAL if there are task sets
}

// A Placement is how and where a service, or a task set of one, runs its tasks.
type Placement struct {
	LaunchType      string     // EC2, FARGATE, EXTERNAL; empty if there are Providers
	Providers       []Provider // its capacity provider strategy
	PlatformVersion string
	Subnets         []string // none means that there is no network configuration
	SecurityGroups  []string
	AssignPublicIP  string // ENABLED, DISABLED, or empty for DISABLED
}

// Clusters adds clusters. One named default replaces the one that is there
// without it, which has one instance that never runs out.
func Clusters(clusters ...Cluster) Option {
	return func(s *Server) { s.named = append(s.named, clusters...) }
}

// A cluster is a [Cluster] at work.
type cluster struct {
	Cluster
	arn       string
	instances []*instance
	zone      string
	created   time.Time

	// What follows changes.
	status string
	tags   []object
}

// AnyCluster makes a cluster that is named and not there, with one instance that
// never runs out. Names that CreateCluster refuses are still refused.
func AnyCluster() Option { return func(s *Server) { s.anyCluster = true } }

func (s *Server) makeClusters() {
	for _, named := range s.named {
		s.makeCluster(named)
	}
	if s.clusters["default"] == nil {
		s.makeCluster(Cluster{Name: "default", Instances: []Instance{{}}})
	}
}

func (s *Server) makeCluster(named Cluster) *cluster {
	c := &cluster{Cluster: named, arn: s.arn("cluster/%s", named.Name), zone: s.region + "a", created: time.Now(), status: "ACTIVE"}
	for _, i := range named.Instances {
		c.instances = append(c.instances, s.newInstance(c, i))
	}
	s.clusters[named.Name] = c
	return c
}

var clusterName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// createCluster makes a cluster without instances, or answers the one of that name.
func (s *Server) createCluster(in object, _ caller) (any, error) {
	name := wire.Text(in, "clusterName")
	if name == "" {
		name = "default"
	}
	if len(name) > 255 || !clusterName.MatchString(name) {
		return nil, wire.InvalidParameter("Cluster name can only contain up to 255 letters, numbers, underscores and hyphens.")
	}
	if err := rules.Tags(in); err != nil {
		return nil, err
	}
	named := Cluster{Name: name, DefaultStrategy: providersOf(in, "defaultCapacityProviderStrategy")}
	for _, provider := range wire.Texts(in, "capacityProviders") {
		if !isFargate(provider) {
			return nil, wire.InvalidParameter("The specified capacity provider %s was not found. Specify a valid name or ARN and try again.", provider)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clusters[name]
	if c == nil || c.status != "ACTIVE" {
		c = s.makeCluster(named)
		c.tags = wire.Objects(in, "tags")
	}
	return object{"cluster": s.clusterAnswer(c, []string{"TAGS", "SETTINGS"})}, nil
}

// deleteCluster makes a cluster INACTIVE, in which it can still be described.
func (s *Server) deleteCluster(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	for _, t := range s.tasks {
		if t.cluster == c && t.stoppedAt.IsZero() {
			return nil, wire.RefuseStatus(http.StatusBadRequest, "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
		}
	}
	if len(c.Services) > 0 {
		return nil, wire.RefuseStatus(http.StatusBadRequest, "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
	}
	c.status, c.instances, c.tags = "INACTIVE", nil, nil
	return object{"cluster": s.clusterAnswer(c, nil)}, nil
}

// cluster returns the cluster that a request names by name or ARN, the default
// one if it names none.
func (s *Server) cluster(in object) (*cluster, error) {
	name := strings.TrimPrefix(wire.Text(in, "cluster"), s.arn("cluster/"))
	if name == "" {
		name = "default"
	}
	c := s.clusters[name]
	switch {
	case c != nil && c.status == "ACTIVE":
		return c, nil
	case c == nil && s.anyCluster && len(name) <= 255 && clusterName.MatchString(name):
		return s.makeCluster(Cluster{Name: name, Instances: []Instance{{}}}), nil
	case c != nil:
		return nil, wire.Refuse("ClusterNotFoundException", "The referenced cluster was inactive.")
	}
	return nil, wire.Refuse("ClusterNotFoundException", "Cluster not found.")
}

func (s *Server) describeClusters(in object, _ caller) (any, error) {
	names := wire.Texts(in, "clusters")
	if len(names) == 0 {
		names = []string{"default"}
	}
	if len(names) > 100 {
		return nil, wire.InvalidParameter("Clusters cannot be more than 100.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, failures := []any{}, []any{}
	for _, name := range names {
		c := s.clusters[strings.TrimPrefix(name, s.arn("cluster/"))]
		if c == nil {
			failures = append(failures, failure(s.namedARN("cluster", name), "MISSING", ""))
			continue
		}
		found = append(found, s.clusterAnswer(c, wire.Texts(in, "include")))
	}
	return object{"clusters": found, "failures": failures}, nil
}

// namedARN returns the ARN of a resource that a caller named by ARN or name.
func (s *Server) namedARN(kind, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return s.arn("%s/%s", kind, name)
}

func (s *Server) clusterAnswer(c *cluster, include []string) object {
	running, pending := 0, 0
	for _, t := range s.tasks {
		switch {
		case t.cluster != c:
		case t.lastStatus == "RUNNING":
			running++
		case t.startedAt.IsZero() && t.lastStatus != "STOPPED":
			pending++
		}
	}
	answer := object{
		"clusterArn":                        c.arn,
		"clusterName":                       c.Name,
		"status":                            c.status,
		"registeredContainerInstancesCount": len(c.instances),
		"runningTasksCount":                 running,
		"pendingTasksCount":                 pending,
		"activeServicesCount":               len(c.Services),
		"statistics":                        []any{},
		"tags":                              []any{},
		"settings":                          []any{},
		"capacityProviders":                 append([]string{"FARGATE", "FARGATE_SPOT"}, c.CapacityProviders...),
		"defaultCapacityProviderStrategy":   strategyAnswer(c.DefaultStrategy),
	}
	if slices.Contains(include, "TAGS") {
		answer["tags"] = tagsAnswer(c.tags)
	}
	if slices.Contains(include, "SETTINGS") {
		answer["settings"] = []any{object{"name": "containerInsights", "value": "disabled"}}
	}
	return answer
}

func (s *Server) listClusters(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []item
	for _, name := range slices.Sorted(maps.Keys(s.clusters)) {
		all = append(all, item{s.clusters[name].arn, s.clusters[name].status == "ACTIVE"})
	}
	return page(in, "clusterArns", all)
}

func (s *Server) listServices(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	var all []item
	for _, service := range c.Services {
		matches := wire.Text(in, "launchType") == "" || wire.Text(in, "launchType") == service.LaunchType
		all = append(all, item{s.arn("service/%s/%s", c.Name, service.Name), matches})
	}
	return page(in, "serviceArns", all)
}

func (s *Server) describeServices(in object, _ caller) (any, error) {
	names := wire.Texts(in, "services")
	if len(names) == 0 {
		return nil, wire.InvalidParameter("Services cannot be empty.")
	}
	if len(names) > 10 {
		return nil, wire.InvalidParameter("Services cannot be more than 10.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	found, failures := []any{}, []any{}
	for _, name := range names {
		short := name[strings.LastIndex(name, "/")+1:]
		i := slices.IndexFunc(c.Services, func(service Service) bool { return service.Name == short })
		if i < 0 || strings.Contains(name, "/") && name != s.arn("service/%s/%s", c.Name, short) {
			failures = append(failures, failure(s.namedARN("service/"+c.Name, name), "MISSING", ""))
			continue
		}
		found = append(found, s.serviceAnswer(c, c.Services[i]))
	}
	return object{"services": found, "failures": failures}, nil
}

func (s *Server) serviceAnswer(c *cluster, service Service) object {
	controller := service.Controller
	if controller == "" {
		controller = "ECS"
		if len(service.TaskSets) > 0 {
			controller = "EXTERNAL"
		}
	}
	arn := s.arn("service/%s/%s", c.Name, service.Name)
	answer := object{
		"serviceArn":              arn,
		"serviceName":             service.Name,
		"clusterArn":              c.arn,
		"status":                  "ACTIVE",
		"desiredCount":            service.DesiredCount,
		"runningCount":            0,
		"pendingCount":            0,
		"deploymentConfiguration": object{"maximumPercent": 200, "minimumHealthyPercent": 100},
		"deployments":             []any{},
		"events":                  []any{},
		"loadBalancers":           []any{},
		"serviceRegistries":       []any{},
		"placementConstraints":    []any{},
		"placementStrategy":       []any{},
		"schedulingStrategy":      "REPLICA",
		"deploymentController":    object{"type": controller},
		"createdAt":               wire.Timestamp(c.created),
		"enableECSManagedTags":    false,
		"propagateTags":           "NONE",
		"enableExecuteCommand":    false,
		"createdBy":               fmt.Sprintf("arn:%s:iam::%s:root", wire.Partition(s.region), s.account),
	}
	if service.TaskDefinition != "" {
		answer["taskDefinition"] = service.TaskDefinition
	}
	if controller == "ECS" {
		service.describe(answer)
		deployment := object{
			"id": "ecs-svc/" + decimalID(arn), "status": "PRIMARY", "rolloutState": "COMPLETED",
			"desiredCount": service.DesiredCount, "runningCount": 0, "pendingCount": 0, "failedTasks": 0,
			"createdAt": wire.Timestamp(c.created), "updatedAt": wire.Timestamp(c.created),
		}
		if service.TaskDefinition != "" {
			deployment["taskDefinition"] = service.TaskDefinition
		}
		service.describe(deployment)
		answer["deployments"] = []any{deployment}
		return answer
	}
	sets := []any{}
	for i, placement := range service.TaskSets {
		status := "ACTIVE"
		if i == 0 {
			status = "PRIMARY"
		}
		id := "ecs-svc/" + decimalID(fmt.Sprint(arn, i))
		set := object{
			"id": id, "taskSetArn": s.arn("task-set/%s/%s/%s", c.Name, service.Name, id),
			"serviceArn": arn, "clusterArn": c.arn, "status": status, "stabilityStatus": "STEADY_STATE",
			"computedDesiredCount": service.DesiredCount, "runningCount": 0, "pendingCount": 0,
			"createdAt": wire.Timestamp(c.created), "updatedAt": wire.Timestamp(c.created),
			"scale": object{"value": 100.0, "unit": "PERCENT"}, "loadBalancers": []any{}, "serviceRegistries": []any{}, "tags": []any{},
		}
		if service.TaskDefinition != "" {
			set["taskDefinition"] = service.TaskDefinition
		}
		placement.describe(set)
		sets = append(sets, set)
	}
	answer["taskSets"] = sets
	return answer
}

// describe adds a placement's members to an answer.
func (p Placement) describe(answer object) {
	if p.LaunchType != "" {
		answer["launchType"] = p.LaunchType
	}
	if len(p.Providers) > 0 {
		answer["capacityProviderStrategy"] = strategyAnswer(p.Providers)
	}
	if p.LaunchType == "FARGATE" || len(p.Providers) > 0 && isFargate(p.Providers[0].Name) {
		answer["platformVersion"] = "LATEST"
		answer["platformFamily"] = "Linux"
	}
	if p.PlatformVersion != "" {
		answer["platformVersion"] = p.PlatformVersion
	}
	if len(p.Subnets) > 0 {
		public := p.AssignPublicIP
		if public == "" {
			public = "DISABLED"
		}
		groups := p.SecurityGroups
		if groups == nil {
			groups = []string{}
		}
		answer["networkConfiguration"] = object{"awsvpcConfiguration": object{
			"subnets": p.Subnets, "securityGroups": groups, "assignPublicIp": public,
		}}
	}
}

func strategyAnswer(providers []Provider) []any {
	answer := []any{}
	for _, p := range providers {
		answer = append(answer, object{"capacityProvider": p.Name, "weight": p.Weight, "base": p.Base})
	}
	return answer
}

func isFargate(provider string) bool { return provider == "FARGATE" || provider == "FARGATE_SPOT" }

// decimalID returns an id of 19 digits that belongs to a name.
func decimalID(name string) string {
	h := uint64(14695981039346656037) // FNV-1a
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return fmt.Sprintf("%019d", h%1e19)
}
