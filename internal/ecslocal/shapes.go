package ecslocal

import (
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// The structures of requests, from AWS's model of the API.
var (
	strategyShape = wire.List(wire.Structure{"capacityProvider": wire.String, "weight": wire.Integer,
		"base": wire.Integer})

	networkShape = wire.Structure{"awsvpcConfiguration": wire.Structure{
		"subnets": wire.List(wire.String), "securityGroups": wire.List(wire.String), "assignPublicIp": wire.String,
	}}

	overridesShape = wire.Structure{
		"containerOverrides": wire.List(wire.Structure{
			"name": wire.String, "command": wire.List(wire.String), "environment": rules.KeyValues,
			"environmentFiles": wire.List(wire.Structure{"value": wire.String, "type": wire.String}),
			"cpu":              wire.Integer, "memory": wire.Integer, "memoryReservation": wire.Integer,
			"resourceRequirements": wire.List(wire.Structure{"value": wire.String, "type": wire.String}),
		}),
		"cpu":                           wire.String,
		"memory":                        wire.String,
		"inferenceAcceleratorOverrides": wire.List(wire.Structure{"deviceName": wire.String, "deviceType": wire.String}),
		"executionRoleArn":              wire.String,
		"taskRoleArn":                   wire.String,
		"ephemeralStorage":              wire.Structure{"sizeInGiB": wire.Integer},
	}

	runTaskShape = wire.Structure{
		"capacityProviderStrategy": strategyShape,
		"cluster":                  wire.String,
		"count":                    wire.Integer,
		"enableECSManagedTags":     wire.Boolean,
		"enableExecuteCommand":     wire.Boolean,
		"group":                    wire.String,
		"launchType":               wire.String,
		"networkConfiguration":     networkShape,
		"overrides":                overridesShape,
		"placementConstraints":     wire.List(wire.Structure{"type": wire.String, "expression": wire.String}),
		"placementStrategy":        wire.List(wire.Structure{"type": wire.String, "field": wire.String}),
		"platformVersion":          wire.String,
		"propagateTags":            wire.String,
		"referenceId":              wire.String,
		"startedBy":                wire.String,
		"tags":                     rules.TagList,
		"taskDefinition":           wire.String,
		"clientToken":              wire.String,
		"volumeConfigurations": wire.List(wire.Structure{"name": wire.String, "managedEBSVolume": wire.Structure{
			"encrypted": wire.Boolean, "kmsKeyId": wire.String, "volumeType": wire.String, "sizeInGiB": wire.Integer,
			"snapshotId":               wire.String,
			"volumeInitializationRate": wire.Integer, "iops": wire.Integer, "throughput": wire.Integer,
			"tagSpecifications": wire.List(wire.Structure{"resourceType": wire.String, "tags": rules.TagList,
				"propagateTags": wire.String}),
			"roleArn":           wire.String,
			"terminationPolicy": wire.Structure{"deleteOnTermination": wire.Boolean},
			"filesystemType":    wire.String,
		}}),
	}
)
