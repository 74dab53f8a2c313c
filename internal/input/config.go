package input

import "time"

// Config is the one table of the step's inputs: each field is an input, named
// by the field's words in kebab case, with its default, its allowed values
// (oneof) and its description. The command's flags, the environment, action.yml
// and the reference in the documentation all follow it.
//
// A zero field is an input that was not given, unless its default says
// otherwise.
type Config struct {
	Definitions
	Git
	Values
	AWS
	StartedBy string `group:"Placement" help:"Up to 128 letters, digits, hyphens, underscores and slashes that name who started the tasks. Not given: ecs-run-task/ and the CI run, its attempt, and a hash of job and step."`
	Launch
	Waiting
	Ending
}

// Definitions says what to run.
type Definitions struct {
	Family         string   `group:"Definition" common:"" help:"Family for a definition that names none; a definition's own family wins."`
	Definition     string   `group:"Definition" common:"" help:"The task definition itself, in JSON or YAML (several as a JSON array or YAML documents), or the name of a registered one (family, family:revision or ARN), which is run without registering."`
	FilePaths      []string `group:"Definition" common:"" help:"Comma-separated paths or globs of task definition files, in the workspace or in the repository; - is the standard input."`
	UnknownMembers string   `group:"Definition" default:"error" oneof:"error,pass" help:"A member that the known ECS API lacks: error, or pass it to ECS with a warning."`
	ReuseRevision  bool     `group:"Definition" default:"false" help:"Do not register when the newest active revision is the same definition."`
}

// Git says which repository file-paths are taken from.
type Git struct {
	Repository       string `group:"Git" help:"URL of a git repository to take file-paths from, instead of the workspace."`
	Branch           string `group:"Git" help:"Branch or tag of the repository, at its latest commit. Neither branch nor commit: the default branch."`
	Commit           string `group:"Git" help:"Commit id of the repository; not together with branch."`
	GitToken         string `group:"Git" secret:"" help:"Token or password for the repository over https."`
	GitUsername      string `group:"Git" help:"User name that goes with git-token, where the server asks for one."`
	SSHKey           string `group:"Git" name:"ssh-key" secret:"" help:"Private key for the repository over ssh."`
	GitAllowInsecure bool   `group:"Git" default:"false" help:"Allow http:// and git://, by which the network can change the definitions, beyond this machine."`
	SSHKnownHosts    string `group:"Git" name:"ssh-known-hosts" help:"Lines of known_hosts that the ssh server's key must match."`
}

// Values are what expressions can name, and the tags.
type Values struct {
	Variables Pairs  `group:"Values" common:"" help:"Map in YAML or JSON, or NAME=value lines: vars.NAME in an expression, and workflow.variables.NAME."`
	Secrets   Pairs  `group:"Values" common:"" secret:"" help:"The same for secrets.NAME; masked everywhere."`
	Inputs    string `group:"Values" help:"JSON object for the inputs context, as in toJSON(inputs)."`
	Job       string `group:"Values" action-default:"${{ toJSON(job) }}" help:"JSON object for the job context."`
	Strategy  string `group:"Values" action-default:"${{ toJSON(strategy) }}" help:"JSON object for the strategy context."`
	Matrix    string `group:"Values" action-default:"${{ toJSON(matrix) }}" help:"JSON object for the matrix context."`
	Tags      Pairs  `group:"Values" common:"" help:"Map in YAML or JSON, or NAME=value lines, of tags added to every definition and to the tasks."`
}

// AWS says where.
type AWS struct {
	AWSAccess
	Cluster      string `group:"AWS" common:"" default:"default" help:"Name or ARN of the cluster."`
	Local        string `group:"AWS" common:"" oneof:"docker,process" help:"Run on an ECS inside this command instead of AWS: each container by the docker command, or its command as a process of this machine."`
	LocalSecrets string `group:"AWS" file:"" help:"File of NAME=value lines in the workspace: what the containers' secrets hold in a local run, by the names of their environment variables. Those that it lacks are empty."`
	DryRun       bool   `group:"AWS" common:"" default:"false" help:"Do all but the calls that change AWS, and print the exact requests."`
	Preflight    bool   `group:"AWS" default:"false" help:"Check with AWS before registering that what the definition names exists and fits."`
}

// AWSAccess says how AWS is reached.
type AWSAccess struct {
	Region              string `group:"AWS" common:"" help:"AWS region; else AWS_REGION or the profile's."`
	RoleToAssume        string `group:"AWS" common:"" help:"ARN of a role to assume with the CI's OIDC token, refreshed for as long as the step waits."`
	WebIdentityTokenEnv string `group:"AWS" help:"Name of the variable that holds the OIDC token for role-to-assume, where the CI gives it a name of the user's own (GitLab, Buildkite)."`
}

// Launch is what RunTask is asked for. A definition's own member x-run-task can
// give other values of these inputs for its tasks.
type Launch struct {
	Placement
	Overrides
}

// Placement says how RunTask places the tasks.
type Placement struct {
	Count                    int      `group:"Placement" common:"" default:"1" help:"Tasks to start for each definition."`
	Service                  string   `group:"Placement" common:"" help:"Name or ARN of a service to take launch type or capacity providers, platform version, subnets, security groups and public IP from; own inputs win."`
	LaunchType               string   `group:"Placement" common:"" oneof:"EC2,FARGATE,EXTERNAL" help:"Launch type; not together with capacity-provider-strategy."`
	CapacityProviderStrategy Strategy `group:"Placement" help:"Capacity providers as PROVIDER:weight:base=n, comma-separated, or as the API's list in JSON or YAML."`
	PlatformVersion          string   `group:"Placement" help:"Fargate platform version."`
	Subnets                  []string `group:"Placement" common:"" help:"Comma-separated subnets for tasks of network mode awsvpc: ids, values of the tag Name, or filters of EC2 such as tag:Tier=private (several that must all fit joined by &)."`
	SecurityGroups           []string `group:"Placement" common:"" help:"Comma-separated security groups for tasks of network mode awsvpc: ids, values of the tag Name, or filters of EC2 such as group-name=jobs."`
	AssignPublicIP           string   `group:"Placement" name:"assign-public-ip" oneof:"ENABLED,DISABLED" help:"Whether the tasks get a public IP address."`
	RunTaskRequest           string   `group:"Placement" help:"Any other members of the RunTask request, in JSON or YAML, as the API spells them: group, placementConstraints, enableExecuteCommand, propagateTags, volumeConfigurations and so on. Inputs of their own win."`
}

// Overrides are what these tasks have other than their definition says.
type Overrides struct {
	Container        string      `group:"Overrides" help:"Container that image, command and environment are for; needed only when the definition has several."`
	Image            string      `group:"Overrides" help:"Image for the container. ECS cannot override it, so a revision that differs in nothing else is registered and run. A container without an image takes it."`
	Command          CommandLine `group:"Overrides" common:"" help:"Command for the container: a list in JSON or YAML, or one line in shell quoting, which no shell reads."`
	Environment      Environment `group:"Overrides" common:"" help:"Environment variables for the container: a map in YAML or JSON, NAME=value lines, or @ and the path of a .env file in the workspace."`
	CPU              string      `group:"Overrides" name:"cpu" help:"CPU for the task: units, or a number of vCPUs such as 0.5 vCPU."`
	Memory           string      `group:"Overrides" help:"Memory for the task: MiB, or a number of GB such as 2 GB."`
	EphemeralStorage int         `group:"Overrides" help:"Ephemeral storage for a Fargate task, 21 to 200 GiB."`
	TaskRoleARN      string      `group:"Overrides" name:"task-role-arn" help:"ARN of the role that the containers have."`
	ExecutionRoleARN string      `group:"Overrides" name:"execution-role-arn" help:"ARN of the role that ECS pulls images and writes logs with."`
	Overrides        string      `group:"Overrides" help:"Any other override, in JSON or YAML, as the API spells the member overrides of RunTask."`
}

// Waiting says what to wait for, and for how long.
type Waiting struct {
	Order                string         `group:"Waiting" default:"parallel" oneof:"parallel,sequence" help:"Several definitions at once, or one after another, stopping at the first that fails."`
	SkipSteadyStateCheck bool           `group:"Waiting" common:"" default:"false" help:"Start the tasks, report, and do not wait."`
	SteadyState          string         `group:"Waiting" default:"stopped" oneof:"stopped,running,healthy" help:"What to wait for: stopped for a job, running or healthy for a server."`
	Timeout              time.Duration  `group:"Waiting" common:"" default:"10m" help:"The longest wait, from the launch: 90s, 10m, 1h30m, or a number of minutes."`
	LaunchTimeout        time.Duration  `group:"Waiting" default:"5m" help:"How long to go on asking for capacity."`
	Retries              int            `group:"Waiting" default:"0" help:"How often to run a task again after a Spot interruption or a lost host."`
	Reattach             bool           `group:"Waiting" default:"false" help:"Let a re-run of the same CI run follow its still running task, of the same definition and settings, instead of starting another."`
	IfRunning            string         `group:"Waiting" default:"start" oneof:"start,wait,follow,fail" help:"When a task of the same family runs already in the cluster, other than of a service: start all the same, wait for its end (within the time-out), follow it if it is of the same definition and settings, or fail."`
	Verdict              []string       `group:"Waiting" default:"essential" help:"The containers that decide: essential for the essential ones, all, or comma-separated names. Named ones decide alone, and once they have ended the step stops a task that would run on."`
	Logs                 bool           `group:"Waiting" default:"true" help:"Stream the containers' awslogs."`
	LogWait              *time.Duration `group:"Waiting" help:"How long after the end of its container to wait for late lines of a log; 0s for no wait. Not given: 5s after a success, 12s after a failure."`
}

// Ending says what is left when the step ends.
type Ending struct {
	OnInterrupt   string   `group:"Ending" default:"stop" oneof:"stop,leave" help:"On cancel or time-out, stop the tasks or leave them."`
	CleanUp       string   `group:"Ending" default:"never" oneof:"never,on-failure,always" help:"When to deregister the revisions that this step registered. The newest of a family whose task succeeded always stays."`
	KeepRevisions int      `group:"Ending" default:"0" help:"Keep the newest so many revisions of the family and deregister older ones, once the tasks of this step succeeded; 0 keeps all."`
	ResultFile    []string `group:"Ending" file:"" help:"Comma-separated files to write the result to, by their endings: .json, .env (dotenv), .xml (JUnit report) and .html (page)."`
	OutputsFrom   string   `group:"Ending" help:"Container that writes outputs to its log, as lines name=value between two marker lines from its environment; they become the output task-outputs."`
}

// Pair is one name with its value.
type Pair struct{ Name, Value string }

// Pairs are names with values, in the order they were given, each name once.
type Pairs []Pair

// CommandLine is a command. The zero value is none.
type CommandLine struct {
	Words []string

	// Expansion is the first part of a line that a shell would replace, such as
	// $HOME; empty if there is none, or if the words were given as a list.
	Expansion string
}

// Environment are environment variables, either themselves or the path of a
// file of them. The zero value is none.
type Environment struct {
	Pairs Pairs
	File  string // as given, without its @; empty if the variables were given themselves
}

// StrategyItem is one capacity provider of a strategy.
type StrategyItem struct {
	Provider string
	Weight   int32 // share of the tasks beyond the base; 1 if not given
	Base     int32 // tasks that run on it at least; 0 if not given
}

// Strategy is a capacity provider strategy, empty if none was given.
type Strategy []StrategyItem
