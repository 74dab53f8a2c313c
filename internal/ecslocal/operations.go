package ecslocal

import (
	"maps"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/secrets"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// An operation is one action of the API.
type operation struct {
	in wire.Structure
	do func(*Server, object, caller) (any, error)
}

// A service is one of AWS's that speak AWS JSON.
type service struct {
	name   string // in signatures, and before the names of its operations, except of ECS
	target string // in X-Amz-Target
}

var services = []service{
	{"ecs", "AmazonEC2ContainerServiceV20141113"},
	{"logs", "Logs_20140328"},
	{"secretsmanager", "secretsmanager"},
	{"ssm", "AmazonSSM"},
}

// operations returns the APIs. The names of those that are not of ECS begin with their
// service's and a colon: "logs:GetLogEvents".
func operations() map[string]operation {
	all := ecsOperations()
	for name, op := range logs.Operations() {
		all["logs:"+name] = operation{op.In, func(s *Server, in object, from caller) (any, error) {
			return op.Do(s.logs, in, logs.Caller{Region: from.region, Empty: from.effect.page.empty, Stuck: from.effect.page.stuck})
		}}
	}
	for service, operations := range map[string]map[string]secrets.Operation{
		"secretsmanager:": secrets.SecretsManager(), "ssm:": secrets.SSM(),
	} {
		for name, op := range operations {
			all[service+name] = operation{op.In, func(s *Server, in object, _ caller) (any, error) { return op.Do(s.secrets, in) }}
		}
	}
	return all
}

// ecsOperations returns the API of ECS.
func ecsOperations() map[string]operation {
	return map[string]operation{
		"RegisterTaskDefinition":     {rules.Register, (*Server).registerTaskDefinition},
		"DescribeTaskDefinition":     {wire.Structure{"taskDefinition": wire.String, "include": wire.List(wire.String)}, (*Server).describeTaskDefinition},
		"DeregisterTaskDefinition":   {wire.Structure{"taskDefinition": wire.String}, (*Server).deregisterTaskDefinition},
		"DeleteTaskDefinitions":      {wire.Structure{"taskDefinitions": wire.List(wire.String)}, (*Server).deleteTaskDefinitions},
		"ListTaskDefinitions":        {wire.Structure{"familyPrefix": wire.String, "status": wire.String, "sort": wire.String, "nextToken": wire.String, "maxResults": wire.Integer}, (*Server).listTaskDefinitions},
		"ListTaskDefinitionFamilies": {wire.Structure{"familyPrefix": wire.String, "status": wire.String, "nextToken": wire.String, "maxResults": wire.Integer}, (*Server).listTaskDefinitionFamilies},
		"RunTask":                    {runTaskShape, (*Server).runTask},
		"DescribeTasks":              {wire.Structure{"cluster": wire.String, "tasks": wire.List(wire.String), "include": wire.List(wire.String)}, (*Server).describeTasks},
		"ListTasks": {wire.Structure{
			"cluster": wire.String, "containerInstance": wire.String, "family": wire.String, "nextToken": wire.String, "maxResults": wire.Integer,
			"startedBy": wire.String, "serviceName": wire.String, "desiredStatus": wire.String, "launchType": wire.String,
		}, (*Server).listTasks},
		"StopTask":         {wire.Structure{"cluster": wire.String, "task": wire.String, "reason": wire.String}, (*Server).stopTask},
		"DescribeServices": {wire.Structure{"cluster": wire.String, "services": wire.List(wire.String), "include": wire.List(wire.String)}, (*Server).describeServices},
		"ListServices":     {wire.Structure{"cluster": wire.String, "nextToken": wire.String, "maxResults": wire.Integer, "launchType": wire.String, "schedulingStrategy": wire.String}, (*Server).listServices},
		"DescribeClusters": {wire.Structure{"clusters": wire.List(wire.String), "include": wire.List(wire.String)}, (*Server).describeClusters},
		"CreateCluster": {wire.Structure{
			"clusterName": wire.String, "tags": rules.TagList, "settings": wire.List(wire.Structure{"name": wire.String, "value": wire.String}),
			"capacityProviders": wire.List(wire.String), "defaultCapacityProviderStrategy": strategyShape,
		}, (*Server).createCluster},
		"DeleteCluster":       {wire.Structure{"cluster": wire.String}, (*Server).deleteCluster},
		"ListClusters":        {wire.Structure{"nextToken": wire.String, "maxResults": wire.Integer}, (*Server).listClusters},
		"TagResource":         {wire.Structure{"resourceArn": wire.String, "tags": rules.TagList}, (*Server).tagResource},
		"UntagResource":       {wire.Structure{"resourceArn": wire.String, "tagKeys": wire.List(wire.String)}, (*Server).untagResource},
		"ListTagsForResource": {wire.Structure{"resourceArn": wire.String}, (*Server).listTagsForResource},
	}
}

// OperationNames returns the names of the operations, as [Call] has them, sorted.
func OperationNames() []string {
	return append(slices.Sorted(maps.Keys(operations())), "sts:GetCallerIdentity")
}
