package ecslocal

import (
	"encoding/json"
	"fmt"
	"math"
)

// A shape is the type of a value in a request: a scalar, a list, a dictionary
// or a structure.
type shape any

type scalar string

// The scalars of AWS JSON.
const (
	text    scalar = "String"
	integer scalar = "Integer"
	number  scalar = "Double"
	boolean scalar = "Boolean"
)

type (
	structure  map[string]shape
	list       struct{ of shape }
	dictionary struct{ of shape }
)

// check holds a value against its shape. It takes null members away,
// as AWS does, and leaves members alone that the structure does not have.
func check(value any, s shape) error {
	switch s := s.(type) {
	case scalar:
		return checkScalar(value, s)
	case list:
		items, ok := value.([]any)
		if !ok {
			return mismatch(value, "a list")
		}
		for _, item := range items {
			if err := check(item, s.of); err != nil {
				return err
			}
		}
	case dictionary:
		members, ok := value.(object)
		if !ok {
			return mismatch(value, "a map")
		}
		for _, member := range members {
			if err := check(member, s.of); err != nil {
				return err
			}
		}
	case structure:
		members, ok := value.(object)
		if !ok {
			return mismatch(value, "a structure")
		}
		for name, member := range members {
			if member == nil {
				delete(members, name)
				continue
			}
			if of, known := s[name]; known {
				if err := check(member, of); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkScalar(value any, s scalar) error {
	var ok bool
	switch s {
	case text:
		_, ok = value.(string)
	case boolean:
		_, ok = value.(bool)
	case number:
		_, ok = value.(json.Number)
	case integer:
		n, isNumber := value.(json.Number)
		f, err := n.Float64()
		ok = isNumber && err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
	}
	if ok {
		return nil
	}
	return mismatch(value, string(s))
}

// mismatch is the fault of a value of another type than its shape's, worded as
// AWS's decoder words it.
func mismatch(value any, want string) error {
	var got string
	switch value.(type) {
	case nil:
		got = "NULL_VALUE"
	case bool:
		got = "TRUE_VALUE or FALSE_VALUE"
	case string:
		got = "STRING_VALUE"
	case json.Number:
		got = "NUMBER_VALUE"
	case []any:
		return refuse("SerializationException", "Start of list found where not expected")
	default:
		return refuse("SerializationException", "Start of structure or map found where not expected")
	}
	return refuse("SerializationException", fmt.Sprintf("%s can not be converted to %s", got, article(want)))
}

func article(name string) string {
	switch name {
	case string(integer):
		return "an " + name
	case string(text), string(number), string(boolean):
		return "a " + name
	}
	return name
}

// The structures of requests, from AWS's model of the API.
var (
	keyValues = list{structure{"name": text, "value": text}}
	tagList   = list{structure{"key": text, "value": text}}

	strategyShape = list{structure{"capacityProvider": text, "weight": integer, "base": integer}}

	networkShape = structure{"awsvpcConfiguration": structure{
		"subnets": list{text}, "securityGroups": list{text}, "assignPublicIp": text,
	}}

	containerShape = structure{
		"name":                  text,
		"image":                 text,
		"repositoryCredentials": structure{"credentialsParameter": text},
		"cpu":                   integer,
		"memory":                integer,
		"memoryReservation":     integer,
		"links":                 list{text},
		"portMappings": list{structure{
			"containerPort": integer, "hostPort": integer, "protocol": text, "name": text,
			"appProtocol": text, "containerPortRange": text,
		}},
		"essential": boolean,
		"restartPolicy": structure{
			"enabled": boolean, "ignoredExitCodes": list{integer}, "restartAttemptPeriod": integer,
		},
		"entryPoint":       list{text},
		"command":          list{text},
		"environment":      keyValues,
		"environmentFiles": list{structure{"value": text, "type": text}},
		"mountPoints": list{structure{
			"sourceVolume": text, "containerPath": text, "readOnly": boolean,
		}},
		"volumesFrom": list{structure{"sourceContainer": text, "readOnly": boolean}},
		"linuxParameters": structure{
			"capabilities":       structure{"add": list{text}, "drop": list{text}},
			"devices":            list{structure{"hostPath": text, "containerPath": text, "permissions": list{text}}},
			"initProcessEnabled": boolean,
			"sharedMemorySize":   integer,
			"tmpfs":              list{structure{"containerPath": text, "size": integer, "mountOptions": list{text}}},
			"maxSwap":            integer,
			"swappiness":         integer,
		},
		"secrets":                list{structure{"name": text, "valueFrom": text}},
		"dependsOn":              list{structure{"containerName": text, "condition": text}},
		"startTimeout":           integer,
		"stopTimeout":            integer,
		"versionConsistency":     text,
		"hostname":               text,
		"user":                   text,
		"workingDirectory":       text,
		"disableNetworking":      boolean,
		"privileged":             boolean,
		"readonlyRootFilesystem": boolean,
		"dnsServers":             list{text},
		"dnsSearchDomains":       list{text},
		"extraHosts":             list{structure{"hostname": text, "ipAddress": text}},
		"dockerSecurityOptions":  list{text},
		"interactive":            boolean,
		"pseudoTerminal":         boolean,
		"dockerLabels":           dictionary{text},
		"ulimits":                list{structure{"name": text, "softLimit": integer, "hardLimit": integer}},
		"logConfiguration": structure{
			"logDriver": text, "options": dictionary{text},
			"secretOptions": list{structure{"name": text, "valueFrom": text}},
		},
		"healthCheck": structure{
			"command": list{text}, "interval": integer, "timeout": integer, "retries": integer, "startPeriod": integer,
		},
		"systemControls":        list{structure{"namespace": text, "value": text}},
		"resourceRequirements":  list{structure{"value": text, "type": text}},
		"firelensConfiguration": structure{"type": text, "options": dictionary{text}},
		"credentialSpecs":       list{text},
	}

	volumeShape = structure{
		"name": text,
		"host": structure{"sourcePath": text},
		"dockerVolumeConfiguration": structure{
			"scope": text, "autoprovision": boolean, "driver": text,
			"driverOpts": dictionary{text}, "labels": dictionary{text},
		},
		"efsVolumeConfiguration": structure{
			"fileSystemId": text, "rootDirectory": text, "transitEncryption": text, "transitEncryptionPort": integer,
			"authorizationConfig": structure{"accessPointId": text, "iam": text},
		},
		"s3filesVolumeConfiguration": structure{
			"fileSystemArn": text, "rootDirectory": text, "transitEncryptionPort": integer, "accessPointArn": text,
		},
		"fsxWindowsFileServerVolumeConfiguration": structure{
			"fileSystemId": text, "rootDirectory": text,
			"authorizationConfig": structure{"credentialsParameter": text, "domain": text},
		},
		"configuredAtLaunch": boolean,
	}

	registerShape = structure{
		"family":                  text,
		"taskRoleArn":             text,
		"executionRoleArn":        text,
		"networkMode":             text,
		"containerDefinitions":    list{containerShape},
		"volumes":                 list{volumeShape},
		"placementConstraints":    list{structure{"type": text, "expression": text}},
		"requiresCompatibilities": list{text},
		"cpu":                     text,
		"memory":                  text,
		"tags":                    tagList,
		"pidMode":                 text,
		"ipcMode":                 text,
		"proxyConfiguration":      structure{"type": text, "containerName": text, "properties": keyValues},
		"inferenceAccelerators":   list{structure{"deviceName": text, "deviceType": text}},
		"ephemeralStorage":        structure{"sizeInGiB": integer},
		"runtimePlatform":         structure{"cpuArchitecture": text, "operatingSystemFamily": text},
		"enableFaultInjection":    boolean,
	}

	overridesShape = structure{
		"containerOverrides": list{structure{
			"name": text, "command": list{text}, "environment": keyValues,
			"environmentFiles": list{structure{"value": text, "type": text}},
			"cpu":              integer, "memory": integer, "memoryReservation": integer,
			"resourceRequirements": list{structure{"value": text, "type": text}},
		}},
		"cpu":                           text,
		"memory":                        text,
		"inferenceAcceleratorOverrides": list{structure{"deviceName": text, "deviceType": text}},
		"executionRoleArn":              text,
		"taskRoleArn":                   text,
		"ephemeralStorage":              structure{"sizeInGiB": integer},
	}

	runTaskShape = structure{
		"capacityProviderStrategy": strategyShape,
		"cluster":                  text,
		"count":                    integer,
		"enableECSManagedTags":     boolean,
		"enableExecuteCommand":     boolean,
		"group":                    text,
		"launchType":               text,
		"networkConfiguration":     networkShape,
		"overrides":                overridesShape,
		"placementConstraints":     list{structure{"type": text, "expression": text}},
		"placementStrategy":        list{structure{"type": text, "field": text}},
		"platformVersion":          text,
		"propagateTags":            text,
		"referenceId":              text,
		"startedBy":                text,
		"tags":                     tagList,
		"taskDefinition":           text,
		"clientToken":              text,
		"volumeConfigurations": list{structure{"name": text, "managedEBSVolume": structure{
			"encrypted": boolean, "kmsKeyId": text, "volumeType": text, "sizeInGiB": integer, "snapshotId": text,
			"volumeInitializationRate": integer, "iops": integer, "throughput": integer,
			"tagSpecifications": list{structure{"resourceType": text, "tags": tagList, "propagateTags": text}},
			"roleArn":           text,
			"terminationPolicy": structure{"deleteOnTermination": boolean},
			"filesystemType":    text,
		}}},
	}
)
