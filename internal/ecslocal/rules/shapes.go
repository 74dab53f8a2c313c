package rules

import "github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"

// The structures of requests, from AWS's model of the API.
var (
	KeyValues = wire.List(wire.Structure{"name": wire.String, "value": wire.String})
	TagList   = wire.List(wire.Structure{"key": wire.String, "value": wire.String})

	containerShape = wire.Structure{
		"name":                  wire.String,
		"image":                 wire.String,
		"repositoryCredentials": wire.Structure{"credentialsParameter": wire.String},
		"cpu":                   wire.Integer,
		"memory":                wire.Integer,
		"memoryReservation":     wire.Integer,
		"links":                 wire.List(wire.String),
		"portMappings": wire.List(wire.Structure{
			"containerPort": wire.Integer, "hostPort": wire.Integer, "protocol": wire.String, "name": wire.String,
			"appProtocol": wire.String, "containerPortRange": wire.String,
		}),
		"essential": wire.Boolean,
		"restartPolicy": wire.Structure{
			"enabled": wire.Boolean, "ignoredExitCodes": wire.List(wire.Integer), "restartAttemptPeriod": wire.Integer,
		},
		"entryPoint":       wire.List(wire.String),
		"command":          wire.List(wire.String),
		"environment":      KeyValues,
		"environmentFiles": wire.List(wire.Structure{"value": wire.String, "type": wire.String}),
		"mountPoints": wire.List(wire.Structure{
			"sourceVolume": wire.String, "containerPath": wire.String, "readOnly": wire.Boolean,
		}),
		"volumesFrom": wire.List(wire.Structure{"sourceContainer": wire.String, "readOnly": wire.Boolean}),
		"linuxParameters": wire.Structure{
			"capabilities": wire.Structure{"add": wire.List(wire.String), "drop": wire.List(wire.String)},
			"devices": wire.List(wire.Structure{"hostPath": wire.String, "containerPath": wire.String,
				"permissions": wire.List(wire.String)}),
			"initProcessEnabled": wire.Boolean,
			"sharedMemorySize":   wire.Integer,
			"tmpfs": wire.List(wire.Structure{"containerPath": wire.String, "size": wire.Integer,
				"mountOptions": wire.List(wire.String)}),
			"maxSwap":    wire.Integer,
			"swappiness": wire.Integer,
		},
		"secrets":                wire.List(wire.Structure{"name": wire.String, "valueFrom": wire.String}),
		"dependsOn":              wire.List(wire.Structure{"containerName": wire.String, "condition": wire.String}),
		"startTimeout":           wire.Integer,
		"stopTimeout":            wire.Integer,
		"versionConsistency":     wire.String,
		"hostname":               wire.String,
		"user":                   wire.String,
		"workingDirectory":       wire.String,
		"disableNetworking":      wire.Boolean,
		"privileged":             wire.Boolean,
		"readonlyRootFilesystem": wire.Boolean,
		"dnsServers":             wire.List(wire.String),
		"dnsSearchDomains":       wire.List(wire.String),
		"extraHosts":             wire.List(wire.Structure{"hostname": wire.String, "ipAddress": wire.String}),
		"dockerSecurityOptions":  wire.List(wire.String),
		"interactive":            wire.Boolean,
		"pseudoTerminal":         wire.Boolean,
		"dockerLabels":           wire.Map(wire.String),
		"ulimits": wire.List(wire.Structure{"name": wire.String, "softLimit": wire.Integer,
			"hardLimit": wire.Integer}),
		"logConfiguration": wire.Structure{
			"logDriver": wire.String, "options": wire.Map(wire.String),
			"secretOptions": wire.List(wire.Structure{"name": wire.String, "valueFrom": wire.String}),
		},
		"healthCheck": wire.Structure{
			"command": wire.List(wire.String), "interval": wire.Integer, "timeout": wire.Integer, "retries": wire.Integer,
			"startPeriod": wire.Integer,
		},
		"systemControls": wire.List(wire.Structure{"namespace": wire.String, "value": wire.String}),
		"resourceRequirements": wire.List(wire.Structure{
			"value": wire.String, "type": wire.String,
			"sharingStrategy": wire.Structure{"nvidiaMps": wire.Structure{"memory": wire.Integer,
				"maxComputePercent": wire.Integer}},
		}),
		"firelensConfiguration": wire.Structure{"type": wire.String, "options": wire.Map(wire.String)},
		"credentialSpecs":       wire.List(wire.String),
	}

	volumeShape = wire.Structure{
		"name": wire.String,
		"host": wire.Structure{"sourcePath": wire.String},
		"dockerVolumeConfiguration": wire.Structure{
			"scope": wire.String, "autoprovision": wire.Boolean, "driver": wire.String,
			"driverOpts": wire.Map(wire.String), "labels": wire.Map(wire.String),
		},
		"efsVolumeConfiguration": wire.Structure{
			"fileSystemId": wire.String, "rootDirectory": wire.String, "transitEncryption": wire.String,
			"transitEncryptionPort": wire.Integer,
			"authorizationConfig":   wire.Structure{"accessPointId": wire.String, "iam": wire.String},
		},
		"s3filesVolumeConfiguration": wire.Structure{
			"fileSystemArn": wire.String, "rootDirectory": wire.String, "transitEncryptionPort": wire.Integer,
			"accessPointArn": wire.String,
		},
		"fsxWindowsFileServerVolumeConfiguration": wire.Structure{
			"fileSystemId": wire.String, "rootDirectory": wire.String,
			"authorizationConfig": wire.Structure{"credentialsParameter": wire.String, "domain": wire.String},
		},
		"configuredAtLaunch": wire.Boolean,
	}

	// Register is a RegisterTaskDefinition request.
	Register = wire.Structure{
		"family":                  wire.String,
		"taskRoleArn":             wire.String,
		"executionRoleArn":        wire.String,
		"networkMode":             wire.String,
		"containerDefinitions":    wire.List(containerShape),
		"volumes":                 wire.List(volumeShape),
		"placementConstraints":    wire.List(wire.Structure{"type": wire.String, "expression": wire.String}),
		"requiresCompatibilities": wire.List(wire.String),
		"cpu":                     wire.String,
		"memory":                  wire.String,
		"tags":                    TagList,
		"pidMode":                 wire.String,
		"ipcMode":                 wire.String,
		"proxyConfiguration":      wire.Structure{"type": wire.String, "containerName": wire.String, "properties": KeyValues},
		"inferenceAccelerators":   wire.List(wire.Structure{"deviceName": wire.String, "deviceType": wire.String}),
		"ephemeralStorage":        wire.Structure{"sizeInGiB": wire.Integer},
		"runtimePlatform":         wire.Structure{"cpuArchitecture": wire.String, "operatingSystemFamily": wire.String},
		"enableFaultInjection":    wire.Boolean,
	}
)
