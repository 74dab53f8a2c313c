package ecslocal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

func (s *Server) listServices(in object, _ caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	var all []wire.Item
	for _, service := range c.Services {
		matches := wire.Text(in, "launchType") == "" || wire.Text(in, "launchType") == service.LaunchType
		all = append(all, wire.Item{Name: s.account.ARN("service/%s/%s", c.Name, service.Name), Listed: matches})
	}
	return wire.Page(in, "serviceArns", all)
}

func (s *Server) describeServices(in object, _ caller) (any, error) {
	names := wire.Texts(in, "services")
	if len(names) == 0 {
		return nil, wire.InvalidParameter("Services cannot be empty.")
	}
	if len(names) > 10 {
		return nil, wire.InvalidParameter("Services cannot be more than 10.")
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	c, err := s.cluster(in)
	if err != nil {
		return nil, err
	}
	found, failures := []any{}, []any{}
	for _, name := range names {
		short := name[strings.LastIndex(name, "/")+1:]
		i := slices.IndexFunc(c.Services, func(service Service) bool { return service.Name == short })
		if i < 0 || strings.Contains(name, "/") && name != s.account.ARN("service/%s/%s", c.Name, short) {
			failures = append(failures, wire.Failure(s.account.NamedARN("service/"+c.Name, name), "MISSING", ""))
			continue
		}
		found = append(found, s.serviceResponse(c, c.Services[i]))
	}
	return object{"services": found, "failures": failures}, nil
}

func (s *Server) serviceResponse(c *tasks.ClusterState, service Service) object {
	controller := service.Controller
	if controller == "" {
		controller = "ECS"
		if len(service.TaskSets) > 0 {
			controller = "EXTERNAL"
		}
	}
	arn := s.account.ARN("service/%s/%s", c.Name, service.Name)
	response := object{
		"serviceArn":              arn,
		"serviceName":             service.Name,
		"clusterArn":              c.ARN,
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
		"createdAt":               wire.Timestamp(c.Created),
		"enableECSManagedTags":    false,
		"propagateTags":           "NONE",
		"enableExecuteCommand":    false,
		"createdBy":               s.account.IAM("root"),
	}
	if service.TaskDefinition != "" {
		response["taskDefinition"] = service.TaskDefinition
	}
	if controller == "ECS" {
		describePlacement(service.Placement, response)
		deployment := object{
			"id": "ecs-svc/" + decimalID(arn), "status": "PRIMARY", "rolloutState": "COMPLETED",
			"desiredCount": service.DesiredCount, "runningCount": 0, "pendingCount": 0, "failedTasks": 0,
			"createdAt": wire.Timestamp(c.Created), "updatedAt": wire.Timestamp(c.Created),
		}
		if service.TaskDefinition != "" {
			deployment["taskDefinition"] = service.TaskDefinition
		}
		describePlacement(service.Placement, deployment)
		response["deployments"] = []any{deployment}
		return response
	}
	sets := []any{}
	for i, placement := range service.TaskSets {
		status := "ACTIVE"
		if i == 0 {
			status = "PRIMARY"
		}
		id := "ecs-svc/" + decimalID(fmt.Sprint(arn, i))
		set := object{
			"id": id, "taskSetArn": s.account.ARN("task-set/%s/%s/%s", c.Name, service.Name, id),
			"serviceArn": arn, "clusterArn": c.ARN, "status": status, "stabilityStatus": "STEADY_STATE",
			"computedDesiredCount": service.DesiredCount, "runningCount": 0, "pendingCount": 0,
			"createdAt": wire.Timestamp(c.Created), "updatedAt": wire.Timestamp(c.Created),
			"scale": object{"value": 100.0, "unit": "PERCENT"}, "loadBalancers": []any{}, "serviceRegistries": []any{},
			"tags": []any{},
		}
		if service.TaskDefinition != "" {
			set["taskDefinition"] = service.TaskDefinition
		}
		describePlacement(placement, set)
		sets = append(sets, set)
	}
	response["taskSets"] = sets
	return response
}

// describePlacement adds the members of a placement to a response.
func describePlacement(p Placement, response object) {
	if p.LaunchType != "" {
		response["launchType"] = p.LaunchType
	}
	if len(p.Providers) > 0 {
		response["capacityProviderStrategy"] = strategyResponse(p.Providers)
	}
	if p.LaunchType == "FARGATE" || len(p.Providers) > 0 && tasks.IsFargate(p.Providers[0].Name) {
		response["platformVersion"] = "LATEST"
		response["platformFamily"] = "Linux"
	}
	if p.PlatformVersion != "" {
		response["platformVersion"] = p.PlatformVersion
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
		response["networkConfiguration"] = object{"awsvpcConfiguration": object{
			"subnets": p.Subnets, "securityGroups": groups, "assignPublicIp": public,
		}}
	}
}

// decimalID returns an id of 19 digits that belongs to a name.
func decimalID(name string) string {
	return fmt.Sprintf("%019d", hash(name)%1e19)
}
