package ecslocal

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

var clusterName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// createCluster creates a cluster without instances, or returns the one of that name.
func (s *Server) createCluster(in object, _ caller) (any, error) {
	name := wire.Text(in, "clusterName")
	if name == "" {
		name = "default"
	}
	if len(name) > 255 || !clusterName.MatchString(name) {
		return nil, wire.InvalidParameter("Cluster name can only contain up to 255 letters, numbers, underscores and " +
			"hyphens.")
	}
	if err := rules.Tags(in); err != nil {
		return nil, err
	}
	named := Cluster{Name: name, DefaultStrategy: providersOf(in, "defaultCapacityProviderStrategy")}
	for _, provider := range wire.Texts(in, "capacityProviders") {
		if !tasks.IsFargate(provider) {
			return nil, wire.InvalidParameter("The specified capacity provider %s was not found. Specify a valid name or ARN "+
				"and try again.", provider)
		}
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	c := s.engine.Clusters[name]
	if c == nil || c.Status != "ACTIVE" {
		c = s.engine.AddCluster(named)
		c.Tags = wire.Objects(in, "tags")
	}
	return object{"cluster": s.clusterResponse(c, []string{"TAGS", "SETTINGS"})}, nil
}

func (s *Server) deleteCluster(in object, _ caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	for _, t := range s.engine.Tasks() {
		if t.Cluster == c && !t.Stopped() {
			return nil, wire.RefuseStatus(http.StatusBadRequest, "ClusterContainsTasksException",
				"The Cluster cannot be deleted while Tasks are active.")
		}
	}
	if len(c.Services) > 0 {
		return nil, wire.RefuseStatus(http.StatusBadRequest, "ClusterContainsServicesException",
			"The Cluster cannot be deleted while Services are active.")
	}
	c.Deactivate()
	return object{"cluster": s.clusterResponse(c, nil)}, nil
}

// cluster returns the cluster that a request names by name or ARN; the default one if it names
// none.
func (s *Server) cluster(in object) (*tasks.ClusterState, error) {
	name := strings.TrimPrefix(wire.Text(in, "cluster"), s.account.ARN("cluster/"))
	if name == "" {
		name = "default"
	}
	c := s.engine.Clusters[name]
	switch {
	case c != nil && c.Status == "ACTIVE":
		return c, nil
	case c == nil && s.anyCluster && len(name) <= 255 && clusterName.MatchString(name):
		return s.engine.AddCluster(Cluster{Name: name, Instances: []Instance{{}}}), nil
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
	s.engine.Lock()
	defer s.engine.Unlock()
	found, failures := []any{}, []any{}
	for _, name := range names {
		c := s.engine.Clusters[strings.TrimPrefix(name, s.account.ARN("cluster/"))]
		if c == nil {
			failures = append(failures, wire.Failure(s.account.NamedARN("cluster", name), "MISSING", ""))
			continue
		}
		found = append(found, s.clusterResponse(c, wire.Texts(in, "include")))
	}
	return object{"clusters": found, "failures": failures}, nil
}

func (s *Server) clusterResponse(c *tasks.ClusterState, include []string) object {
	running, pending := s.engine.Counts(c)
	response := object{
		"clusterArn":                        c.ARN,
		"clusterName":                       c.Name,
		"status":                            c.Status,
		"registeredContainerInstancesCount": len(c.InstanceARNs()),
		"runningTasksCount":                 running,
		"pendingTasksCount":                 pending,
		"activeServicesCount":               len(c.Services),
		"statistics":                        []any{},
		"tags":                              []any{},
		"settings":                          []any{},
		"capacityProviders":                 append([]string{"FARGATE", "FARGATE_SPOT"}, c.CapacityProviders...),
		"defaultCapacityProviderStrategy":   strategyResponse(c.DefaultStrategy),
	}
	if slices.Contains(include, "TAGS") {
		response["tags"] = wire.Tags(c.Tags)
	}
	if slices.Contains(include, "SETTINGS") {
		response["settings"] = []any{object{"name": "containerInsights", "value": "disabled"}}
	}
	return response
}

func (s *Server) listClusters(in object, _ caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	var all []wire.Item
	for _, name := range slices.Sorted(maps.Keys(s.engine.Clusters)) {
		all = append(all, wire.Item{Name: s.engine.Clusters[name].ARN, Listed: s.engine.Clusters[name].Status == "ACTIVE"})
	}
	return wire.Page(in, "clusterArns", all)
}

func providersOf(in object, member string) []Provider {
	var providers []Provider
	for _, p := range wire.Objects(in, member) {
		providers = append(providers, Provider{
			Name: wire.Text(p, "capacityProvider"), Weight: wire.Int(p, "weight", 0), Base: wire.Int(p, "base", 0),
		})
	}
	return providers
}

func strategyResponse(providers []Provider) []any {
	response := []any{}
	for _, p := range providers {
		response = append(response, object{"capacityProvider": p.Name, "weight": p.Weight, "base": p.Base})
	}
	return response
}
