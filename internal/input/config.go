package input

import "time"

// Config is the table of the step's inputs. Each field is an input. The name of the
// input is that of the field in kebab case, unless the tag name is another. Tags
// hold its default and its allowed values (oneof), and the map help its description.
// The command's flags, the environment variables, action.yml and the reference in
// the documentation all follow from this table.
//
// The zero value of a field means that the input was not given, unless it has a
// default.
type Config struct {
	Definitions
	Git
	Values
	AWS
	StartedBy string `group:"Placement"`
	Launch
	Waiting
	Ending
}

// Definitions are the inputs that say which definitions to run.
type Definitions struct {
	Family         string   `group:"Definition" common:""`
	Definition     string   `group:"Definition" common:""`
	FilePaths      []string `group:"Definition" common:""`
	UnknownMembers string   `group:"Definition" default:"error" oneof:"error,pass"`
	ReuseRevision  bool     `group:"Definition" default:"false"`
}

// Git are the inputs for reading file-paths from a git repository.
type Git struct {
	Repository       string `group:"Git"`
	Branch           string `group:"Git"`
	Commit           string `group:"Git"`
	GitToken         string `group:"Git" secret:""`
	GitUsername      string `group:"Git"`
	SSHKey           string `group:"Git" name:"ssh-key" secret:""`
	GitAllowInsecure bool   `group:"Git" default:"false"`
	SSHKnownHosts    string `group:"Git" name:"ssh-known-hosts"`
}

// Values are the inputs that expressions can use, and the tags.
type Values struct {
	Variables Pairs  `group:"Values" common:""`
	Secrets   Pairs  `group:"Values" common:"" secret:""`
	Inputs    string `group:"Values"`
	Job       string `group:"Values" action-default:"${{ toJSON(job) }}"`
	Strategy  string `group:"Values" action-default:"${{ toJSON(strategy) }}"`
	Matrix    string `group:"Values" action-default:"${{ toJSON(matrix) }}"`
	Tags      Pairs  `group:"Values" common:""`
}

// AWS are the inputs that say where to run.
type AWS struct {
	AWSAccess
	Cluster              string `group:"AWS" common:"" default:"default"`
	Local                string `group:"AWS" common:"" oneof:"docker,process"`
	LocalSecrets         string `group:"AWS" file:""`
	LocalEnvironmentFile string `group:"AWS" file:""`
	DryRun               bool   `group:"AWS" common:"" default:"false"`
	Preflight            bool   `group:"AWS" default:"false"`
}

// AWSAccess are the inputs for the region and the credentials.
type AWSAccess struct {
	Region              string `group:"AWS" common:""`
	RoleToAssume        string `group:"AWS" common:""`
	WebIdentityTokenEnv string `group:"AWS"`
}

// Launch are the inputs for RunTask. The member x-run-task of a definition can set
// other values of these inputs for its tasks.
type Launch struct {
	Placement
	Overrides
}

// Placement are the inputs that say where and how many tasks RunTask starts.
type Placement struct {
	Count                    int      `group:"Placement" common:"" default:"1"`
	Service                  string   `group:"Placement" common:""`
	LaunchType               string   `group:"Placement" common:"" oneof:"EC2,FARGATE,EXTERNAL"`
	CapacityProviderStrategy Strategy `group:"Placement"`
	PlatformVersion          string   `group:"Placement"`
	Subnets                  []string `group:"Placement" common:""`
	SecurityGroups           []string `group:"Placement" common:""`
	AssignPublicIP           string   `group:"Placement" name:"assign-public-ip" oneof:"ENABLED,DISABLED"`
	RunTaskRequest           string   `group:"Placement"`
}

// Overrides are the inputs that replace values of the definition for these tasks.
type Overrides struct {
	Container        string      `group:"Overrides"`
	Image            string      `group:"Overrides"`
	Command          CommandLine `group:"Overrides" common:""`
	Environment      Environment `group:"Overrides" common:""`
	CPU              string      `group:"Overrides" name:"cpu"`
	Memory           string      `group:"Overrides"`
	EphemeralStorage int         `group:"Overrides"`
	TaskRoleARN      string      `group:"Overrides" name:"task-role-arn"`
	ExecutionRoleARN string      `group:"Overrides" name:"execution-role-arn"`
	Overrides        string      `group:"Overrides"`
}

// Waiting are the inputs that say what to wait for, and for how long.
type Waiting struct {
	Order                string         `group:"Waiting" default:"parallel" oneof:"parallel,sequence"`
	SkipSteadyStateCheck bool           `group:"Waiting" common:"" default:"false"`
	SteadyState          string         `group:"Waiting" default:"stopped" oneof:"stopped,running,healthy"`
	Timeout              time.Duration  `group:"Waiting" common:"" default:"10m"`
	LaunchTimeout        time.Duration  `group:"Waiting" default:"5m"`
	Retries              int            `group:"Waiting" default:"0"`
	Reattach             bool           `group:"Waiting" default:"false"`
	IfRunning            string         `group:"Waiting" default:"start" oneof:"start,wait,follow,fail"`
	Verdict              []string       `group:"Waiting" default:"essential"`
	Logs                 bool           `group:"Waiting" default:"true"`
	LogWait              *time.Duration `group:"Waiting"`
}

// Ending are the inputs that say what remains after the step.
type Ending struct {
	OnInterrupt   string   `group:"Ending" default:"stop" oneof:"stop,leave"`
	CleanUp       string   `group:"Ending" default:"never" oneof:"never,on-failure,always"`
	KeepRevisions int      `group:"Ending" default:"0"`
	ResultFile    []string `group:"Ending" file:""`
	OutputsFrom   string   `group:"Ending"`
}

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// Pairs are names with values, in their order in the input. No name occurs twice.
type Pairs []Pair

// CommandLine is a command. The zero value means that none was given.
type CommandLine struct {
	Words []string

	// Expansion is the first part of the line that a shell would expand, such as
	// $HOME. It is empty if there is none, or if the words were given as a list.
	Expansion string
}

// Environment is a set of environment variables, or the path of a file with them.
// The zero value means that none were given.
type Environment struct {
	Pairs Pairs
	File  string // the path without its @; empty if Pairs are set
}

// StrategyItem is one capacity provider of a strategy.
type StrategyItem struct {
	Provider string
	Weight   int32 // share of the tasks above the base; default 1
	Base     int32 // minimum number of tasks on this provider; default 0
}

// Strategy is a capacity provider strategy. It is empty if none was given.
type Strategy []StrategyItem
