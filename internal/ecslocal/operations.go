package ecslocal

import (
	"maps"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/definitions"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/secrets"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// operations returns the operations of all services. The names of those that are not of ECS
// begin with their service and a colon: "logs:GetLogEvents".
func operations() map[string]operation {
	all := ecsOperations()
	for name, op := range logs.Operations() {
		all["logs:"+name] = operation{op.In, func(s *Server, in object, from caller) (any, error) {
			return op.Do(s.logs, in, logs.Caller{Region: from.region, Empty: from.effect.page.empty,
				Stuck: from.effect.page.stuck})
		}}
	}
	for service, operations := range map[string]map[string]secrets.Operation{
		"secretsmanager:": secrets.SecretsManager(), "ssm:": secrets.SSM(),
	} {
		for name, op := range operations {
			all[service+name] = operation{op.In, func(s *Server, in object, _ caller) (any, error) {
				return op.Do(s.secrets, in)
			}}
		}
	}
	return all
}

// texts returns the shape of a request with text members.
func texts(names ...string) wire.Structure {
	shape := make(wire.Structure, len(names))
	for _, name := range names {
		shape[name] = wire.String
	}
	return shape
}

// with adds lists of texts to a shape.
func with(shape wire.Structure, lists ...string) wire.Structure {
	for _, name := range lists {
		shape[name] = wire.List(wire.String)
	}
	return shape
}

// paged returns the shape of a request for a page of a list, with text members.
func paged(names ...string) wire.Structure {
	shape := texts(append(names, "nextToken")...)
	shape["maxResults"] = wire.Integer
	return shape
}

// ecsOperations returns the operations of ECS.
func ecsOperations() map[string]operation {
	createCluster := with(texts("clusterName"), "capacityProviders")
	createCluster["tags"] = rules.TagList
	createCluster["settings"] = wire.List(texts("name", "value"))
	createCluster["defaultCapacityProviderStrategy"] = strategyShape
	tagResource := texts("resourceArn")
	tagResource["tags"] = rules.TagList
	listTasks := paged("cluster", "containerInstance", "family", "startedBy", "serviceName", "desiredStatus", "launchType")
	return map[string]operation{
		"RegisterTaskDefinition": {rules.Register, (*Server).registerTaskDefinition},
		"DescribeTaskDefinition": {with(texts("taskDefinition"), "include"),
			onDefinitions((*definitions.Store).Describe)},
		"DeregisterTaskDefinition":   {texts("taskDefinition"), onDefinitions((*definitions.Store).Deregister)},
		"DeleteTaskDefinitions":      {with(texts(), "taskDefinitions"), onDefinitions((*definitions.Store).Delete)},
		"ListTaskDefinitions":        {paged("familyPrefix", "status", "sort"), onDefinitions((*definitions.Store).List)},
		"ListTaskDefinitionFamilies": {paged("familyPrefix", "status"), onDefinitions((*definitions.Store).ListFamilies)},
		"RunTask":                    {runTaskShape, (*Server).runTask},
		"DescribeTasks":              {with(texts("cluster"), "tasks", "include"), (*Server).describeTasks},
		"ListTasks":                  {listTasks, (*Server).listTasks},
		"StopTask":                   {texts("cluster", "task", "reason"), (*Server).stopTask},
		"DescribeServices":           {with(texts("cluster"), "services", "include"), (*Server).describeServices},
		"ListServices":               {paged("cluster", "launchType", "schedulingStrategy"), (*Server).listServices},
		"DescribeClusters":           {with(texts(), "clusters", "include"), (*Server).describeClusters},
		"CreateCluster":              {createCluster, (*Server).createCluster},
		"DeleteCluster":              {texts("cluster"), (*Server).deleteCluster},
		"ListClusters":               {paged(), (*Server).listClusters},
		"TagResource":                {tagResource, (*Server).tagResource},
		"UntagResource":              {with(texts("resourceArn"), "tagKeys"), (*Server).untagResource},
		"ListTagsForResource":        {texts("resourceArn"), (*Server).listTagsForResource},
	}
}

// OperationNames returns the names of the operations, as [Call] has them, sorted.
func OperationNames() []string {
	return append(slices.Sorted(maps.Keys(operations())), "sts:GetCallerIdentity")
}
