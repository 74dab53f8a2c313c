package input

// help holds the description of each input, by struct and field. The flags, action.yml and
// the reference in the documentation show it.
var help = map[string]string{
	"Config.StartedBy": "Up to 128 letters, digits, hyphens, underscores and slashes that identify who started " +
		"the tasks. Default: ecs-run-task/ and the CI run, its attempt, and a hash of job and " +
		"step.",

	"Definitions.Family": "Family for a definition without one; a family in the definition takes precedence.",
	"Definitions.Definition": "The task definition itself, in JSON or YAML (several as a JSON array or YAML " +
		"documents), or the name of a registered one (family, family:revision or ARN), which is " +
		"run without registering.",
	"Definitions.FilePaths": "Comma-separated paths or globs of task definition files, in the workspace or in the " +
		"repository; - is the standard input.",
	"Definitions.UnknownMembers": "What to do with a member that the known ECS API does not have: fail, or " +
		"pass it to ECS " +
		"with a warning.",
	"Definitions.ReuseRevision": "Do not register a definition that is the same as the newest active revision.",

	"Git.Repository": "URL of a git repository to take file-paths from, instead of the workspace.",
	"Git.Branch": "Branch or tag of the repository, at its latest commit. Without branch and commit: the " +
		"default branch.",
	"Git.Commit":      "Commit id of the repository; not together with branch.",
	"Git.GitToken":    "Token or password for the repository over https.",
	"Git.GitUsername": "User name for git-token, if the server requires one.",
	"Git.SSHKey":      "Private key for the repository over ssh.",
	"Git.GitAllowInsecure": "Allow http:// and git:// to other machines, although the network can then change the " +
		"definitions.",
	"Git.SSHKnownHosts": "Lines in the format of known_hosts that the key of the ssh server must match.",

	"Values.Variables": "Map in YAML or JSON, or NAME=value lines. Expressions use them as vars.NAME and " +
		"workflow.variables.NAME.",
	"Values.Secrets": "Map in YAML or JSON, or NAME=value lines. Expressions use them as secrets.NAME; they " +
		"are masked in all output.",
	"Values.Inputs":   "JSON object for the inputs context, such as toJSON(inputs).",
	"Values.Job":      "JSON object for the job context.",
	"Values.Strategy": "JSON object for the strategy context.",
	"Values.Matrix":   "JSON object for the matrix context.",
	"Values.Tags": "Map in YAML or JSON, or NAME=value lines, of tags for every definition and for the " +
		"tasks.",

	"AWS.Cluster": "Name or ARN of the cluster.",
	"AWS.Local": "Run on an ECS inside this command instead of AWS. docker: each container with the " +
		"docker command; process: its command as a process of this machine.",
	"AWS.LocalSecrets": "File of NAME=value lines in the workspace with the values of the containers' secrets " +
		"in a local run, by the names of their environment variables. Other secrets are empty.",
	"AWS.LocalEnvironmentFile": "File of NAME=value lines in the workspace that a local run takes for each of the " +
		"containers' environmentFiles. Without it these are empty.",
	"AWS.DryRun": "Do everything except the calls that change AWS, and print the exact requests.",
	"AWS.Preflight": "Before registering, check with AWS that what the definition names exists and can be " +
		"used.",

	"AWSAccess.Region": "AWS region. Default: AWS_REGION, or the region of the profile.",
	"AWSAccess.RoleToAssume": "ARN of a role to assume with the CI's OIDC token, refreshed for as long as the step " +
		"waits.",
	"AWSAccess.WebIdentityTokenEnv": "Name of the environment variable that holds the OIDC token for " +
		"role-to-assume, if the " +
		"CI lets the user choose it (GitLab, Buildkite).",

	"Placement.Count": "Number of tasks to start for each definition.",
	"Placement.Service": "Name or ARN of a service from which launch type or capacity providers, platform " +
		"version, subnets, security groups and public IP are taken; other inputs take " +
		"precedence.",
	"Placement.LaunchType": "Launch type; not together with capacity-provider-strategy.",
	"Placement.CapacityProviderStrategy": "Capacity providers as PROVIDER:weight:base=n, comma-separated, or " +
		"as a list in JSON or " +
		"YAML as in the API.",
	"Placement.PlatformVersion": "Fargate platform version.",
	"Placement.Subnets": "Comma-separated subnets for tasks of network mode awsvpc: ids, values of the tag Name, " +
		"or EC2 filters such as tag:Tier=private; & joins filters that must all match.",
	"Placement.SecurityGroups": "Comma-separated security groups for tasks of network mode awsvpc: ids, " +
		"values of the " +
		"tag Name, or EC2 filters such as group-name=jobs.",
	"Placement.AssignPublicIP": "Whether the tasks get a public IP address.",
	"Placement.RunTaskRequest": "Other members of the RunTask request, in JSON or YAML, with their names in the API: " +
		"group, placementConstraints, enableExecuteCommand, propagateTags, volumeConfigurations " +
		"and so on. Inputs take precedence.",

	"Overrides.Container": "Container for image, command and environment; needed only if the definition has " +
		"several.",
	"Overrides.Image": "Image for the container. ECS cannot override an image, so a revision that differs only " +
		"in the image is registered and run. A container without an image gets it in any case.",
	"Overrides.Command": "Command for the container: a list in JSON or YAML, or one line with shell quoting. No " +
		"shell is started.",
	"Overrides.Environment": "Environment variables for the container: a map in YAML or JSON, NAME=value lines, or @ " +
		"and the path of a .env file in the workspace.",
	"Overrides.CPU":              "CPU for the task: CPU units, or a number of vCPUs such as 0.5 vCPU.",
	"Overrides.Memory":           "Memory for the task: MiB, or a number of GB such as 2 GB.",
	"Overrides.EphemeralStorage": "Ephemeral storage for a Fargate task, 21 to 200 GiB.",
	"Overrides.TaskRoleARN":      "ARN of the IAM role of the containers.",
	"Overrides.ExecutionRoleARN": "ARN of the IAM role with which ECS pulls images and writes logs.",
	"Overrides.Overrides":        "Other overrides, in JSON or YAML: the member overrides of RunTask.",

	"Waiting.Order":                "Run several definitions at the same time, or one after another until one fails.",
	"Waiting.SkipSteadyStateCheck": "Start the tasks, report them, and do not wait.",
	"Waiting.SteadyState":          "What to wait for: stopped for a job, running or healthy for a server.",
	"Waiting.Timeout":              "The longest wait, from the launch: 90s, 10m, 1h30m, or a number of minutes.",
	"Waiting.LaunchTimeout":        "How long to retry a launch for which there is no capacity.",
	"Waiting.Retries":              "How often to run a task again after a Spot interruption or the loss of its host.",
	"Waiting.Reattach": "In a re-run of the same CI run, follow its task that still runs, if definition and " +
		"settings are the same, instead of starting another.",
	"Waiting.IfRunning": "What to do if a task of the same family, other than of a service, already runs in the " +
		"cluster: start another, wait for its end (within the time-out), follow it if " +
		"definition and settings are the same, or fail.",
	"Waiting.Verdict": "Containers that decide whether the task succeeded: essential for the essential ones, " +
		"all, or comma-separated names. Only named containers decide; once they have ended, the " +
		"step stops a task that goes on running.",
	"Waiting.Logs": "Stream the containers' awslogs.",
	"Waiting.LogWait": "How long to wait for late log lines after the end of a container; 0s for no wait. " +
		"Default: 5s after a success, 12s after a failure.",

	"Ending.OnInterrupt": "Whether to stop the tasks or leave them running after a cancellation or time-out.",
	"Ending.CleanUp": "When to deregister the revisions that this step registered. The newest revision of a " +
		"family whose task succeeded is never deregistered.",
	"Ending.KeepRevisions": "Once the tasks of this step succeeded, deregister all but this number of the newest " +
		"revisions of the family; 0 deregisters none.",
	"Ending.ResultFile": "Comma-separated files for the result. The ending decides the format: .json, .env " +
		"(dotenv), .xml (JUnit report) or .html (page).",
	"Ending.OutputsFrom": "Container that writes outputs to its log, as lines name=value between two marker " +
		"lines from its environment; they become the output task-outputs.",

	"Check.Family": "Family for a definition without one.",
	"Check.UnknownMembers": "What to do with a member that the known ECS API does not have: report an error, or a " +
		"warning.",
	"Check.Format": "Format of the findings.",
	"Check.Diff": "Print what each definition changes in the newest active revision of its family. This " +
		"calls AWS.",
	"Check.Explain": "Print each expression with its place and its value; secrets as ***.",

	"Leftover.Cluster":   "Name or ARN of the cluster.",
	"Leftover.StartedBy": "Only tasks of steps with this value of the input started-by.",
	"Leftover.Run":       "Only tasks of the CI run with this id. Default of stop: the current job.",
	"Leftover.Matrix": "JSON object of the job's matrix (stop): only tasks of this matrix job. Required in a " +
		"job with a matrix.",
	"Leftover.OlderThan": "Only tasks that were created at least this long ago (reap).",
	"Leftover.IncludeLeft": "Also stop tasks that were left running on purpose: by skip-steady-state-check, by " +
		"steady-state running or healthy, and by on-interrupt leave.",
	"Leftover.DryRun": "Print the tasks and do not stop them.",

	"Init.From": "Family, family:revision or ARN of a registered task definition to start from.",
	"Init.Family": "Family of the definition. Default: that of the registered one, or the name of this " +
		"folder.",

	"LocalECS.Listen": "Address to listen on; port 0 selects a free port.",
	"LocalECS.Region": "Region of the simulated ECS. Default: AWS_REGION, or us-east-1.",
	"LocalECS.Executor": "How containers run. docker: with the docker command; process: their command as a " +
		"process of this machine.",
	"LocalECS.Exposed": "Allow an address that other machines can reach. Who can reach it can run commands on " +
		"this machine.",
	"LocalECS.Hosts": "Names of this machine that are accepted in the Host header of requests, besides " +
		"localhost, names without a dot, and addresses.",
	"LocalECS.Secrets": "File of secrets and parameters: a JSON or YAML map from a name or ARN to a text, or to " +
		"a map for secrets with JSON keys.",
	"LocalECS.Buckets":  "Folder with one folder for each S3 bucket, for environmentFiles.",
	"LocalECS.Scenario": "File that says which tasks and calls fail, and how: see docs/local.md.",
	"LocalECS.Seed":     "Text that makes ids, and the chances of a scenario, the same in every run.",
}
