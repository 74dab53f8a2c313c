package apischema

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// required are the members that a structure of the API must have. The SDK's schemas do not
// have them; its validators do, except numbers, which cannot be absent in Go. The members
// that a request itself requires are not here: see [Check].
var required = map[string][]string{
	"AwsVpcConfiguration":                     {"subnets"},
	"CapacityProviderStrategyItem":            {"capacityProvider"},
	"ContainerDependency":                     {"containerName", "condition"},
	"ContainerRestartPolicy":                  {"enabled"},
	"Device":                                  {"hostPath"},
	"EBSTagSpecification":                     {"resourceType"},
	"EFSVolumeConfiguration":                  {"fileSystemId"},
	"EnvironmentFile":                         {"value", "type"},
	"EphemeralStorage":                        {"sizeInGiB"},
	"FSxWindowsFileServerAuthorizationConfig": {"credentialsParameter", "domain"},
	"FSxWindowsFileServerVolumeConfiguration": {"fileSystemId", "rootDirectory", "authorizationConfig"},
	"FirelensConfiguration":                   {"type"},
	"HealthCheck":                             {"command"},
	"HostEntry":                               {"hostname", "ipAddress"},
	"InferenceAccelerator":                    {"deviceName", "deviceType"},
	"LogConfiguration":                        {"logDriver"},
	"NvidiaMpsAllocation":                     {"memory"},
	"ProxyConfiguration":                      {"containerName"},
	"RepositoryCredentials":                   {"credentialsParameter"},
	"ResourceRequirement":                     {"type"},
	"S3FilesVolumeConfiguration":              {"fileSystemArn"},
	"Secret":                                  {"name", "valueFrom"},
	"TaskManagedEBSVolumeConfiguration":       {"roleArn"},
	"TaskManagedEBSVolumeTerminationPolicy":   {"deleteOnTermination"},
	"TaskVolumeConfiguration":                 {"name"},
	"Tmpfs":                                   {"containerPath", "size"},
	"Ulimit":                                  {"name", "softLimit", "hardLimit"},
}

// Required returns the members that a structure inside of a request must have.
func Required(schema *smithy.Schema) []string { return required[schema.TargetID().Name] }

// enums are the values of each enum that a request for a task definition or for
// a task can have, as the SDK lists them.
var enums = map[string][]string{
	"ApplicationProtocol":                   valuesOf[types.ApplicationProtocol](),
	"AssignPublicIp":                        valuesOf[types.AssignPublicIp](),
	"CPUArchitecture":                       valuesOf[types.CPUArchitecture](),
	"Compatibility":                         valuesOf[types.Compatibility](),
	"ContainerCondition":                    valuesOf[types.ContainerCondition](),
	"DeviceCgroupPermission":                valuesOf[types.DeviceCgroupPermission](),
	"EBSResourceType":                       valuesOf[types.EBSResourceType](),
	"EFSAuthorizationConfigIAM":             valuesOf[types.EFSAuthorizationConfigIAM](),
	"EFSTransitEncryption":                  valuesOf[types.EFSTransitEncryption](),
	"EnvironmentFileType":                   valuesOf[types.EnvironmentFileType](),
	"FirelensConfigurationType":             valuesOf[types.FirelensConfigurationType](),
	"IpcMode":                               valuesOf[types.IpcMode](),
	"LaunchType":                            valuesOf[types.LaunchType](),
	"LogDriver":                             valuesOf[types.LogDriver](),
	"NetworkMode":                           valuesOf[types.NetworkMode](),
	"OSFamily":                              valuesOf[types.OSFamily](),
	"PidMode":                               valuesOf[types.PidMode](),
	"PlacementConstraintType":               valuesOf[types.PlacementConstraintType](),
	"PlacementStrategyType":                 valuesOf[types.PlacementStrategyType](),
	"PropagateTags":                         valuesOf[types.PropagateTags](),
	"ProxyConfigurationType":                valuesOf[types.ProxyConfigurationType](),
	"ResourceType":                          valuesOf[types.ResourceType](),
	"Scope":                                 valuesOf[types.Scope](),
	"TaskDefinitionPlacementConstraintType": valuesOf[types.TaskDefinitionPlacementConstraintType](),
	"TaskFilesystemType":                    valuesOf[types.TaskFilesystemType](),
	"TransportProtocol":                     valuesOf[types.TransportProtocol](),
	"UlimitName":                            valuesOf[types.UlimitName](),
	"VersionConsistency":                    valuesOf[types.VersionConsistency](),
}

// EnumValues returns the values of an enum.
func EnumValues(schema *smithy.Schema) []string {
	return enums[schema.TargetID().Name]
}

// IsValue reports whether an enum, such as LogDriver, has a value.
func IsValue(enum, value string) bool { return slices.Contains(enums[enum], value) }

// valuesOf returns the values of an enum of the SDK as strings.
func valuesOf[E interface {
	~string
	Values() []E
}]() []string {
	var values []string
	for _, v := range E("").Values() {
		values = append(values, string(v))
	}
	return values
}
