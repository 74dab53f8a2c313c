package tasks

// A Cluster is the configuration of a cluster. Every cluster has Fargate; the launch type
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
	CPU    int // units, 1024 to a vCPU; 0 means no limit
	Memory int // MiB; 0 means no limit

	// Attributes are read by placement constraints, beside and instead of those that
	// every instance has: an m5.large with Linux on x86_64.
	Attributes map[string]string
}

// A Service is the response of DescribeServices for a service. It runs no tasks.
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

// A Placement says how and where a service, or a task set of one, runs its tasks.
type Placement struct {
	LaunchType      string     // EC2, FARGATE, EXTERNAL; empty if there are Providers
	Providers       []Provider // its capacity provider strategy
	PlatformVersion string
	Subnets         []string // none means that there is no network configuration
	SecurityGroups  []string
	AssignPublicIP  string // ENABLED, DISABLED, or empty for DISABLED
}

// IsFargate reports whether a capacity provider is one of Fargate's.
func IsFargate(provider string) bool { return provider == "FARGATE" || provider == "FARGATE_SPOT" }
