package diagnose

// Phrases in texts of AWS, by topic. noRoute means that the network did not get a request through.
var (
	noRoute = []string{
		"connection issue between the task and", "check your network configuration",
		"check your task network configuration",
		"i/o timeout", "request canceled while waiting for connection", "context canceled", "context deadl",
		"signal: killed",
		"signal:killed", "tls handshake timeout", "connection timed out", "client.timeout exceeded", "requestcanceled",
		"connection refused", "no such host", "network is unreachable",
	}
	pulling = []string{
		"cannotpull", "pull the image", "pull image", "cannot pull", "ref pull", "resolve ref",
		"error pulling",
	}
	secrets = []string{
		"unable to pull secrets", "registry auth", "fetching secret data", "retrieve the secret",
		"retrieve secret", "pull the secret", "pull secrets",
	}
	logging = []string{
		"failed to validate logger args", "failed to initialize logging driver",
		"cannot find the amazon cloudwatch log group", "cloudwatch log stream", "cloudwatch log group",
	}
	denied = []string{"accessdenied", "access denied", "not authorized to perform"}
)

// Parts of advice that several rows share.
const (
	// processAdvice is for programs and files that are in the image but not on this machine.
	processAdvice = "--local=process runs the command on this machine, not in the image: --local=docker runs " +
		"it in the image."

	openRoute = "If the subnets{subnets} are public, set assign-public-ip: ENABLED; if they are private, " +
		"give them a NAT gateway or the VPC endpoints of "
	openPort      = ". The security groups must let HTTPS (port 443) out, and those of the endpoints must let it in."
	pullRoute     = openRoute + "ECR (com.amazonaws.REGION.ecr.api, ecr.dkr, and S3 as a gateway)" + openPort
	handleSIGTERM = "let the program end on SIGTERM (start it with exec in shell scripts, or set " +
		"`\"linuxParameters\": {\"initProcessEnabled\": true}`) or raise stopTimeout."
	solutions = "If {container} is only a helper of {finished}, declare it: `\"essential\": false` for " +
		"{container}, or `\"dependsOn\": [{\"containerName\": \"{CONTAINER}\", \"condition\": \"START\"}]` " +
		"in {finished}; or set `verdict: {FINISHED}`, so that only it decides."
	dockerPull = "Check whether Docker on this machine can pull it: `docker pull {IMAGE}`; a private registry " +
		"requires `docker login`."
	addStatement = "Add the statement below to a policy of "
)

// table holds all symptoms, the specific ones before the general ones.
var table = []row{
	// Containers that AWS added.
	{
		code: "injected-container", in: inContainerName, any: []string{"aws-guardduty-agent"}, retry: RetryUnknown,
		cause: "This container is not in the task definition: Amazon GuardDuty adds it to the task. It does " +
			"not decide whether the step succeeds.",
		advice: "To let it start, give {puller} the right to pull from ECR, or turn Runtime Monitoring off " +
			"for the cluster with the tag GuardDutyManaged=false.",
	},

	// Permissions that a policy statement alone does not grant.
	{
		code: "explicit-deny", in: inStart, any: []string{"with an explicit deny"}, retry: RetryNo,
		cause: "A policy explicitly denies {action} to {principal}. No other policy can override that.",
		advice: "Find the statement with \"Effect\": \"Deny\" (the message names the kind of policy: service " +
			"control policy, permissions boundary, identity-based) and have it changed for this case.",
	},
	{
		code: "policy-boundary", in: inStart, retry: RetryNo,
		any: []string{
			"because no permissions boundary allows", "because no service control policy allows",
			"because no resource control policy allows", "because no session policy allows",
			"because no vpc endpoint policy allows",
		},
		cause: "{principal} may have {action}, but a policy that limits it does not allow it: a permissions " +
			"boundary, the organisation, the session or a VPC endpoint.",
		advice: "Add the statement below to the policy of the kind that the message names; adding it to the " +
			"role alone changes nothing.",
		allow: allowNamed,
	},

	// Errors of the step's own AWS calls.
	{
		code: "pass-role-denied", in: inError, any: []string{"not authorized to perform: iam:passrole"}, retry: RetryNo,
		cause:  "{principal} may not pass the task's roles to ECS.",
		advice: addStatement + "{principal}, once for each of taskRoleArn and executionRoleArn.",
		allow:  allowNamed,
	},
	{
		code: "tag-denied", in: inError, any: []string{"not authorized to perform: ecs:tagresource"}, retry: RetryNo,
		cause:  "{principal} may not add tags. ECS checks this when a definition or a task has tags.",
		advice: addStatement + "{principal}, or remove the tags.",
		allow:  allowNamed,
	},
	{
		code: "logs-denied", in: inError, any: []string{"not authorized to perform: logs:"}, retry: RetryNo,
		cause:  "{principal} may not read the logs of the task.",
		advice: addStatement + "{principal}, or set logs: false. The task itself is not affected.",
		allow:  allowNamed,
	},
	{
		code: "assume-role-denied", in: inError, retry: RetryNo,
		any: []string{
			"not authorized to perform: sts:assumerole",
			"not authorized to perform sts:assumerole",
		},
		cause: "The role's trust policy does not let this job assume it.",
		advice: "In the role's trust policy allow sts:AssumeRoleWithWebIdentity to the CI's OIDC provider, " +
			"with the condition on :sub being that of this job's tokens ({subject}), and on :aud being " +
			"theirs, as `sts.amazonaws.com`.",
	},
	{
		code: "credentials-expired", in: inError, retry: RetryYes,
		any: []string{
			"expiredtoken", "requestexpired", "token included in the request is expired",
			"token has expired",
		},
		cause: "The AWS credentials of the step have expired.",
		advice: "Use role-to-assume, whose credentials are renewed for as long as the step waits, or raise " +
			"role-duration-seconds of the step that configures the credentials.",
	},
	{
		code: "credentials-invalid", in: inError, retry: RetryNo,
		any: []string{
			"unrecognizedclient", "invalidclienttokenid", "signaturedoesnotmatch", "invalidsignature",
			"incompletesignature", "invalidaccesskeyid",
			"security token included in the request is invalid",
		},
		cause: "The AWS credentials of the step are not valid, or they are for another partition or a " +
			"region that the account has not enabled.",
		advice: "Check the access key, secret and session token that the step gets, and the clock of the " +
			"runner. `aws sts get-caller-identity` must work in the step before this one.",
	},
	{
		code: "credentials-missing", in: inError, retry: RetryNo,
		any: []string{
			"no ec2 imds role found", "failed to refresh cached credentials", "get credentials:",
			"static credentials are empty",
		},
		cause:  "The step has no AWS credentials.",
		advice: "To give it some: {credentials}.",
	},
	{
		code: "region-missing", in: inError, any: []string{"missing region", "not resolve endpoint"}, retry: RetryNo,
		cause:  "The step does not know in which AWS region to run the task.",
		advice: "Set the input region, such as `region: eu-central-1`, or AWS_REGION.",
	},
	{
		code: "cluster-not-found", in: inError, any: []string{"clusternotfound", "cluster not found"}, retry: RetryNo,
		cause: "ECS does not know {cluster} in {region} of {account}.",
		advice: "Check the inputs cluster and region, and that the credentials are those of the right " +
			"account: `aws ecs list-clusters --region {REGION}`.",
	},
	{
		code: "client-token-conflict", in: inError, any: []string{"conflictexception"}, retry: RetryYes,
		cause: "The same client token was used for another launch on {cluster} with other parameters.",
		advice: "Run the step again: it then uses a new token. The error names the tasks of the other " +
			"launch; stop those that are not needed.",
	},
	{
		code: "definition-race", in: inError, retry: RetryYes,
		any:   []string{"too many concurrent attempts to create a new revision"},
		cause: "Several pipelines register revisions of the same family at the same time.",
		advice: "The step retried for some time. Use different families in the pipelines, or let them wait " +
			"for each other: {lock}.",
	},
	{
		code: "role-not-trusted", in: inStart, retry: RetryLater,
		any: []string{"unable to assume the role", "unable to assume role"},
		cause: "ECS can't assume {role}: it does not trust ECS tasks, does not exist, or was created less " +
			"than a minute ago.",
		advice: "Its trust policy must allow sts:AssumeRole to {\"Service\": \"ecs-tasks.amazonaws.com\"}. " +
			"If it has just been created, run the step again.",
	},
	{
		code: "role-invalid", in: inError, any: []string{"role is not valid"}, retry: RetryNo,
		cause: "taskRoleArn or executionRoleArn names a role that does not exist or is misspelled.",
		advice: "Write the whole ARN, such as `arn:aws:iam::123456789012:role/web`, and check it: " +
			"`aws iam get-role --role-name {ROLE}`.",
	},
	{
		code: "execution-role-missing", in: inError, retry: RetryNo,
		any: []string{"requires task definition to have execution role arn"},
		cause: "On Fargate, pulling from ECR, logging with awslogs and reading secrets require an execution " +
			"role, but the definition has none.",
		advice: "Add `\"executionRoleArn\": \"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole\"`, a role " +
			"with the managed policy AmazonECSTaskExecutionRolePolicy.",
	},
	{
		code: "fargate-size", in: inError, retry: RetryNo,
		any: []string{
			"no fargate configuration exists", "invalid 'cpu' setting for task",
			"invalid 'memory' setting for task",
		},
		cause: "Fargate has no task size with this cpu and memory.",
		advice: "Choose a pair from its table, such as `\"cpu\": \"256\", \"memory\": \"512\"` or " +
			"`\"cpu\": \"1024\", \"memory\": \"2048\"`: " +
			"https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html",
	},
	{
		code: "network-configuration-missing", in: inError, retry: RetryNo,
		any:    []string{"network configuration must be provided"},
		cause:  "The definition has networkMode awsvpc, so the task needs subnets and security groups.",
		advice: "Set the inputs subnets and security-groups, or service to take them from a service that runs.",
	},
	{
		code: "network-configuration-unwanted", in: inError, retry: RetryNo,
		any: []string{"network configuration is not valid for the given networkmode"},
		cause: "Subnets and security groups are only for definitions with networkMode awsvpc, and this one " +
			"has another.",
		advice: "Leave out subnets, security-groups and assign-public-ip, or set `\"networkMode\": \"awsvpc\"`.",
	},
	{
		code: "capacity-provider-unknown", in: inError, retry: RetryNo,
		any: []string{
			"capacity provider that is not associated with the cluster", "capacity provider was not found",
			"capacity provider could not be found", "specified capacity provider does not exist",
		},
		cause: "The capacity provider does not belong to {cluster}.",
		advice: "List those that do: " +
			"`aws ecs describe-clusters --clusters {CLUSTER} --query 'clusters[].capacityProviders'`. To add " +
			"Fargate Spot: `aws ecs put-cluster-capacity-providers --cluster {CLUSTER} --capacity-providers " +
			"FARGATE FARGATE_SPOT --default-capacity-provider-strategy capacityProvider=FARGATE," +
			"weight=1`, which replaces the list, so include the other providers.",
	},
	{
		code: "container-unknown", in: inError, retry: RetryNo,
		any: []string{
			"is not a container in the taskdefinition",
			"is not a container in the task definition",
		},
		cause:  "An override names a container that the definition does not have.",
		advice: "Set the input container, or name in overrides, to the name of a container of the definition.",
	},
	{
		code: "overrides-too-long", in: inError, retry: RetryNo,
		any:   []string{"container overrides length must be at most"},
		cause: "The overrides are longer than the 8192 characters that ECS accepts.",
		advice: "Put long values into the definition, an environment file on S3 or Parameter Store, and pass " +
			"only their names.",
	},
	{
		code: "definition-not-found", in: inError, retry: RetryNo,
		any: []string{
			"unable to describe task definition", "taskdefinition not found",
			"task definition does not exist", "taskdefinition is inactive", "task definition is inactive",
		},
		cause:  "The task definition does not exist in {region}, or its revision was deregistered.",
		advice: "List the definitions: `aws ecs list-task-definitions --region {REGION} --sort DESC`.",
		local: "A local run knows none but those of its files: give one with file-paths. `ecs-run-task init --from " +
			"FAMILY` writes a registered one to a file.",
	},
	{
		code: "platform-version-unknown", in: inError, any: []string{"platformunknownexception"}, retry: RetryNo,
		cause:  "There is no such Fargate platform version.",
		advice: "Leave platform-version out, or set `platform-version: LATEST`.",
	},
	{
		code: "revisions-exhausted", in: inError, any: []string{"limitexceededexception"}, retry: RetryNo,
		cause: "A limit of ECS is reached, such as the number of revisions that a family can ever have.",
		advice: "Register under another family, and set reuse-revision: true, which registers nothing while " +
			"the definition stays the same.",
	},
	{
		code: "account-blocked", in: inError, retry: RetryNo,
		any:    []string{"blockedexception", "account is currently blocked"},
		cause:  "AWS has blocked the account.",
		advice: "Contact AWS Support; new accounts are verified within a day.",
	},

	// Capacity, in the response of RunTask or in the task.
	{
		code: "vcpu-quota", in: inStart, retry: RetryLater,
		any:   []string{"limit on the number of vcpus", "limit on the number of tasks"},
		cause: "The account's quota of Fargate vCPUs in {region} is reached; new accounts have 6.",
		advice: "Wait for other tasks to end, ask for less cpu, or raise the quota: " +
			"`aws service-quotas request-service-quota-increase --service-code fargate --quota-code " +
			"L-3032A538 --desired-value 64 --region {REGION}`.",
	},
	{
		code: "no-capacity", in: inStart, any: []string{"capacity is unavailable at this time"}, retry: RetryYes,
		cause: "AWS has no Fargate capacity of this kind at the moment in the zones of the subnets{subnets}.",
		advice: "Raise launch-timeout to retry for longer; use subnets in more zones; with Fargate Spot add " +
			"FARGATE to the capacity-provider-strategy.",
	},
	{
		code: "cluster-full", in: inStart, any: []string{"resource:cpu", "resource:memory"}, retry: RetryLater,
		cause: "No instance of {cluster} has enough free CPU or memory for the task.",
		advice: "Raise launch-timeout to wait for other tasks to end, add instances or a capacity provider " +
			"with managed scaling, or lower cpu and memory of the task. A task larger than the largest " +
			"instance never fits.",
	},
	{
		code: "no-free-interface", in: inStart, any: []string{"resource:eni"}, retry: RetryLater,
		cause: "No instance of {cluster} can take another network interface, and every awsvpc task needs one.",
		advice: "Allow more of them with `aws ecs put-account-setting --name awsvpcTrunking --value enabled` " +
			"and new instances, add instances, or use networkMode bridge.",
	},
	{
		code: "port-in-use", in: inStart, any: []string{"resource:ports"}, retry: RetryLater,
		cause:  "The host port of the task is in use on every instance of {cluster}.",
		advice: "Leave hostPort out of portMappings (a job seldom needs it), or use networkMode awsvpc.",
	},
	{
		code: "no-free-gpu", in: inStart, any: []string{"resource:gpu"}, retry: RetryLater,
		cause:  "No instance of {cluster} has a free GPU.",
		advice: "Add instances with GPUs that run the GPU-optimised AMI, or raise launch-timeout to wait for one.",
	},
	{
		code: "no-fitting-instance", in: inStart, retry: RetryNo,
		any: []string{"=attribute", "memberof placement constraint unsatisfied"},
		cause: "No instance of {cluster} has what the definition requires: an architecture, log driver, " +
			"awsvpc in the zone of the subnets, or its placement constraints.",
		advice: "Compare requiresAttributes of the definition with what the instances have: " +
			"`aws ecs list-attributes --target-type container-instance --cluster {CLUSTER}`.",
	},
	{
		code: "other-zone", in: inStart, any: []string{"=location"}, retry: RetryNo,
		cause:  "The instances of {cluster} are in other availability zones than the subnets{subnets}.",
		advice: "Use subnets in the zones of the instances.",
	},
	{
		code: "agent-disconnected", in: inStart, any: []string{"=agent"}, retry: RetryYes,
		cause: "The ECS agent of the instance is not connected to ECS.",
		advice: "Run the step again. If it fails again, restart the agent or replace the instance: " +
			"`aws ecs list-container-instances --cluster {CLUSTER} --filter agentConnected==false`.",
	},
	{
		code: "instance-gone", in: inFailure, any: []string{"=inactive"}, retry: RetryYes,
		cause:  "The instance that was selected for the task is no longer registered with {cluster}.",
		advice: "Run the step again.",
	},
	{
		code: "no-instances", in: inStart, retry: RetryNo,
		any: []string{
			"no container instances were found", "no active instances", "empty capacity provider",
		},
		cause: "{cluster} has no EC2 instances, but the task needs one.",
		advice: "For Fargate set `launch-type: FARGATE`. Otherwise add instances to the cluster, or to the " +
			"Auto Scaling group of its capacity provider.",
	},
	{
		code: "incompatible", in: inStart, retry: RetryNo,
		any: []string{
			"not compatible with the selected compute strategy", "platformtaskdefinitionincompatibility",
			"does not support launch_type", "does not support launch type",
		},
		cause: "The definition is not compatible with the launch type of the task, such as a definition for " +
			"EC2 on Fargate.",
		advice: "Make requiresCompatibilities of the definition and launch-type (or " +
			"capacity-provider-strategy) agree. Fargate also requires cpu, memory and networkMode awsvpc.",
	},
	{
		code: "task-unknown", in: inFailure, any: []string{"=missing"}, retry: RetryUnknown,
		cause: "There is no such task on {cluster}: the cluster or the region is wrong, or the task ended " +
			"more than an hour ago.",
		advice: "Check the inputs cluster and region. For a task that ECS no longer shows, CloudTrail and " +
			"its logs show what happened.",
	},

	// Why a task was stopped.
	{
		code: "timed-out", in: inEnd, any: []string{"=timed out while running"}, retry: RetryUnknown,
		cause: "The task was still running at the end of the time-out, which counts from the launch.",
		advice: "If it needs longer, raise timeout. If it is a server, which does not end, set " +
			"`steady-state: running`, or `verdict` to the container whose end counts. If it hangs, the last " +
			"lines of its log may say where.",
	},
	{
		code: "timed-out", in: inEnd, any: []string{"=timed out while starting"}, retry: RetryMaybe,
		cause: "The task was not running yet at the end of the time-out, which counts from the launch and " +
			"includes the wait for capacity and the pull of the images.",
		advice: "The lines above show how far it got: PROVISIONING is the wait for a host and a network " +
			"interface, PENDING the pull of the images, dependsOn and the start. Raise timeout if it only " +
			"needs longer.",
	},
	{
		code: "timed-out", in: inEnd, any: []string{"=timed out before healthy"}, retry: RetryUnknown,
		cause: "The task was running at the end of the time-out, but its health checks did not pass.",
		advice: "Run the command of healthCheck in the container: the image must have the programs that it " +
			"uses, such as curl. If the program only needs longer to start, raise startPeriod and timeout.",
	},
	{
		code: "cancelled", in: inEnd, any: []string{"=cancelled"}, retry: RetryYes,
		cause: "A signal ended the step: the job was cancelled by hand, by a newer run in its concurrency " +
			"group, or by a time-out of the job.",
		advice: "Run the job again. To keep tasks running when a job is cancelled, set `on-interrupt: leave`," +
			" and `reattach: true` for a re-run that follows them.",
		local: "Run it again.",
	},
	{
		code: "task-lost", in: inEnd, any: []string{"=lost"}, retry: RetryUnknown,
		cause: "ECS does not show the task. It shows only tasks of {cluster} in {region}, until about an " +
			"hour after their end.",
		advice: "Look for its log, which is kept longer, before you run it again: it is not known whether it " +
			"did its work.",
	},
	{
		code: "spot-interruption", in: inStopCode | inReasons, retry: RetryYes,
		any:    []string{"=spotinterruption", "your spot task was interrupted", "spotinterruptionerror"},
		cause:  "AWS reclaimed the Fargate Spot capacity of the task, two minutes after it sent SIGTERM.",
		advice: "Set retries: 2 to run it again automatically, or use FARGATE for tasks that must not be interrupted.",
	},
	{
		code: "maintenance", in: inReasons, retry: RetryYes,
		any:    []string{"performing maintenance on the underlying infrastructure"},
		cause:  "AWS retired the host of the task for maintenance.",
		advice: "Run the step again, or set retries: 2.",
	},
	{
		code: "host-terminated", in: inStopCode | inReasons, retry: RetryYes,
		any: []string{"=terminationnotice", "host ec2 (instance"},
		cause: "The instance that the task ran on was terminated: by scaling in, by a Spot interruption, or " +
			"after a failure.",
		advice: "Set retries: 2 to run it again automatically. Managed termination protection of the " +
			"capacity provider keeps instances that run tasks.",
	},
	{
		code: "service-task", in: inStopCode | inReasons, retry: RetryNo,
		any: []string{
			"=serviceschedulerinitiated", "failed elb health checks", "failed container health checks",
			"scaling activity initiated by",
		},
		cause: "The task belongs to a service, whose scheduler stopped it.",
		advice: "A step should watch only its own tasks. Look at the service's events: " +
			"`aws ecs describe-services --cluster {CLUSTER} --services SERVICE --query 'services[].events[:5]'`.",
	},
	{
		code: "stopped-by-user", in: inStopCode | inReasons, retry: RetryUnknown,
		any:   []string{"=userinitiated", "task stopped by user"},
		cause: "A user or a program called StopTask for the task.",
		advice: "CloudTrail shows who did: " +
			"`aws cloudtrail lookup-events --region {REGION} --lookup-attributes AttributeKey=EventName," +
			"AttributeValue=StopTask`.",
	},

	// Pulling the image. Specific causes come before general failures.
	{
		code: "pull-denied", in: inReasons, retry: RetryNo,
		any:   []string{"check that the role has the permissions to pull", "not authorized to perform: ecr:"},
		cause: "{puller} may not pull {image} from ECR.",
		advice: addStatement +
			"the role, or attach the managed policy: " +
			"`aws iam attach-role-policy --role-name {ROLE} --policy-arn " +
			"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy`. For a repository of " +
			"another account its repository policy must allow the pull too.",
		allow: allowPull,
		local: dockerPull,
	},
	{
		code: "image-platform", in: inReasons, retry: RetryNo,
		any: []string{
			"does not contain descriptor matching platform", "failed to find a descriptor for platform",
			"no matching manifest for", "no match for platform in manifest",
			"cannot be used on this platform",
		},
		cause: "{image} was not built for {platform}.",
		advice: "Build it for that platform, such as " +
			"`docker buildx build --platform linux/amd64,linux/arm64 --push --tag {IMAGE} .`, or set " +
			"`\"runtimePlatform\": {\"cpuArchitecture\": \"ARM64\"}` if the image is for ARM.",
	},
	{
		code: "pull-rate-limit", in: inReasons, retry: RetryLater,
		any:   []string{"toomanyrequests", "pull rate limit", "429 too many requests"},
		cause: "The pull rate limit of Docker Hub for this address is reached.",
		advice: "Pull through ECR instead (`aws ecr create-pull-through-cache-rule`, or the same image in " +
			"public.ecr.aws/docker/library), or give the container repositoryCredentials.",
		local: dockerPull,
	},
	{
		code: "disk-full", in: inReasons, retry: RetryNo,
		any:   []string{"no space left on device", "devmapper: thin pool has", "disk quota exceeded"},
		cause: "The disk of the host is too small for {image}, or for what the task writes.",
		advice: "On Fargate set `\"ephemeralStorage\": {\"sizeInGiB\": 50}` (21 to 200). On EC2 give the " +
			"instances a larger volume, or remove old images with `docker system prune --all`.",
	},
	{
		code: "layer-refused", in: inReasons, retry: RetryMaybe,
		any:   []string{"failed open: unexpected status code", "failed open: unexpected status from"},
		cause: "The registry, or the S3 bucket behind ECR, refused a layer of {image}.",
		advice: "If the VPC has an S3 endpoint, its policy must allow s3:GetObject on " +
			"`arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*`. Otherwise push the image again: a layer " +
			"may be missing.",
	},
	{
		code: "pull-s3-route", in: inReasons, retry: RetryNo,
		any: []string{"invalid memory address or nil pointer dereference"}, also: pulling,
		cause: "The task can't reach S3, where ECR stores the layers of images.",
		advice: "Let the security groups send HTTPS (port 443) to the prefix list of S3, and add the S3 " +
			"gateway endpoint to the route tables of the subnets{subnets}.",
	},

	// Environment files and secrets.
	{
		code: "environment-file-denied", in: inReasons, retry: RetryNo,
		any: []string{"env files", "environment variable files"},
		also: append([]string{"not authorized to perform: s3:", "forbidden", "status code: 403"},
			denied...),
		cause:  "{exec} may not read the environment file on S3.",
		advice: "Allow it s3:GetObject on the file and s3:GetBucketLocation on the bucket.",
		allow:  allowNamed,
		local:  "A local run does not read from S3.",
	},
	{
		code: "environment-file", in: inReasons, retry: RetryMaybe,
		any:    []string{"failed to download env files", "environment variable files"},
		cause:  "The environment file on S3 could not be read: it does not exist, or the task cannot reach S3.",
		advice: "Check the ARN in environmentFiles. " + openRoute + "S3 (a gateway endpoint costs nothing)" + openPort,
		local:  "A local run does not read from S3.",
	},
	{
		code: "secret-key-missing", in: inReasons, any: []string{"did not contain json key"}, retry: RetryNo,
		cause: "The secret has no member {key}, which valueFrom asks for.",
		advice: "List its members, without their values: " +
			"`aws secretsmanager get-secret-value --secret-id {SECRET} --query SecretString --output text | jq keys`.",
	},
	{
		code: "secret-denied", in: inReasons, retry: RetryNo,
		any: []string{
			"not authorized to perform: ssm:", "not authorized to perform: secretsmanager:",
			"not authorized to perform: kms:",
		},
		cause: "{puller} lacks {action}, so the task did not get {secret}.",
		advice: addStatement +
			"the execution role. If the secret has its own KMS key, kms:Decrypt on that key is needed too.",
		allow: allowSecret,
	},
	{
		code: "secret-denied", in: inReasons, any: secrets, also: denied, retry: RetryNo,
		cause: "{exec} may not read {secret}.",
		advice: "It needs ssm:GetParameters or secretsmanager:GetSecretValue on it, and kms:Decrypt if it " +
			"has its own KMS key.",
		allow: allowSecret,
	},
	{
		code: "secrets-no-route", in: inReasons, any: secrets, also: noRoute, retry: RetryMaybe,
		cause: "The task can't reach ECR, Parameter Store or Secrets Manager, so it got neither its secrets " +
			"nor the login for its image.",
		advice: openRoute + "ecr.api, ecr.dkr, secretsmanager, ssm, kms and S3 (as a gateway)" + openPort,
	},
	{
		code: "secret-missing", in: inReasons, retry: RetryNo,
		any: []string{
			"retrieve the secret with arn", "can't find the specified secret", "invalid ssm parameters",
			"parameternotfound", "resourcenotfoundexception: fetching secret",
		},
		cause: "{secret} does not exist, or has no value of the version that valueFrom asks for.",
		advice: "Check valueFrom: the whole ARN, with its region and, for Secrets Manager, the six random " +
			"characters at its end. " +
			"`aws secretsmanager describe-secret --secret-id {SECRET} --region {REGION}`, or " +
			"`aws ssm get-parameter --name NAME` for a parameter.",
	},

	// Logging.
	{
		code: "logging-denied", in: inReasons, any: []string{"not authorized to perform: logs:"}, retry: RetryNo,
		cause: "{puller} lacks {action} on {group}. The managed policy of execution roles does not let them " +
			"create log groups.",
		advice: addStatement +
			"the execution role, or create the group: " +
			"`aws logs create-log-group --log-group-name {GROUP} --region {LOGREGION}`.",
		allow: allowNamed,
	},
	{
		code: "logging-denied", in: inReasons, any: logging, also: denied, retry: RetryNo,
		cause: "{exec} may not write to {group}.",
		advice: "It needs logs:CreateLogStream and logs:PutLogEvents on the group, and logs:CreateLogGroup " +
			"if awslogs-create-group is true.",
	},
	{
		code: "log-group-missing", in: inReasons | inError, any: []string{"log group does not exist"}, retry: RetryNo,
		cause: "{group} does not exist in the region that awslogs-region names.",
		advice: "Create it: `aws logs create-log-group --log-group-name {GROUP} --region {LOGREGION}`. Or " +
			"set `\"awslogs-create-group\": \"true\"` in the options of logConfiguration and give the " +
			"execution role logs:CreateLogGroup.",
	},
	{
		code: "logging-no-route", in: inReasons, any: logging, also: noRoute, retry: RetryMaybe,
		cause:  "The task can't reach CloudWatch Logs to write to {group}.",
		advice: openRoute + "CloudWatch Logs (com.amazonaws.REGION.logs)" + openPort,
	},
	{
		code: "logging-driver", in: inReasons, retry: RetryNo,
		any:     []string{"failed to validate logger args", "failed to initialize logging driver"},
		general: true,
		cause:   "The log driver of the container could not start with the options that it has.",
		advice: "Check logConfiguration. For awslogs: " +
			"`\"options\": {\"awslogs-group\": \"/ecs/web\", \"awslogs-region\": \"eu-central-1\", " +
			"\"awslogs-stream-prefix\": \"web\"}`.",
	},

	// Pulling, continued: the network, then responses of the registry.
	{
		code: "pull-no-route", in: inReasons, any: noRoute, also: pulling, retry: RetryMaybe,
		cause:  "The task can't reach the registry of {image}.",
		advice: pullRoute + " Registries other than ECR take a NAT gateway or a public address.",
		local:  dockerPull,
	},
	{
		code: "image-reference", in: inReasons | inError, retry: RetryNo,
		any: []string{
			"invalid reference format", "container.image contains invalid characters",
			"container.image should not be null",
		},
		cause:  "The name of the image is not valid, often because a variable in it was not expanded.",
		advice: "Write `registry/repository:tag`, the repository in lower case, without spaces.",
	},
	{
		code: "image-not-found", in: inReasons, retry: RetryNo,
		any: []string{
			"check whether the image exists", "pull access denied", "repository does not exist",
			"requested access to the resource is denied", "name unknown", "the repository with name",
			"insufficient_scope", "no basic auth credentials", "401 unauthorized", "403 forbidden",
		},
		cause: "The repository of {image} does not exist, or is private and the task has no credentials for it.",
		advice: "Check registry, account, region and repository in the name. For a private registry other " +
			"than ECR put its login into Secrets Manager and set " +
			"`\"repositoryCredentials\": {\"credentialsParameter\": \"ARN\"}`.",
		local: dockerPull,
	},
	{
		code: "image-tag-not-found", in: inReasons, retry: RetryNo,
		any: []string{
			"failed to resolve ref", "manifest unknown", "manifest for", ": not found",
			"failed to resolve reference",
		}, also: append([]string{"manifest"}, pulling...),
		cause: "The repository has no such tag or digest: {image}.",
		advice: "Check that the build pushed it before this step, and that no lifecycle policy expired it: " +
			"`aws ecr describe-images --repository-name {REPOSITORY} --region {REGION}`.",
		local: dockerPull,
	},
	{
		code: "pull-failed", in: inReasons, any: []string{"cannotpull"}, general: true, retry: RetryMaybe,
		cause:  "{image} could not be pulled.",
		advice: "Check that it exists, that {puller} may pull it, and that the task can reach its registry.",
		local:  dockerPull,
	},

	// Volumes.
	{
		code: "efs-mount", in: inReasons, retry: RetryNo,
		any:   []string{"efs utils", "mount.nfs4", "failed to resolve \"fs-"},
		cause: "The EFS file system could not be mounted.",
		advice: "Its security group must let NFS (port 2049) in from the task's; it needs a mount target in " +
			"every zone of the subnets{subnets}; the VPC needs DNS names on; with IAM authorization the task " +
			"role needs elasticfilesystem:ClientMount and ClientWrite.",
		local: "docs/local.md says which folder replaces a file system in a local run.",
	},
	{
		code: "volume", in: inReasons, retry: RetryNo,
		any:   []string{"cannotcreatevolumeerror", "cannotinspectvolumeerror", "invalidvolumeerror"},
		cause: "A volume of the task could not be created.",
		advice: "Check volumes and mountPoints of the definition: the driver and its options, or the " +
			"infrastructure role of an EBS volume, which needs AmazonECSInfrastructureRolePolicyForVolumes.",
		local: "Check volumes and mountPoints of the definition; docs/local.md has the folder that each " +
			"stands for in a local run.",
	},

	// Network interfaces and disks of Fargate.
	{
		code: "network-interface", in: inReasons, retry: RetryYes,
		any: []string{
			"network interface provisioning", "unable to attach network interface",
			"create network interface",
		},
		cause: "The task got no network interface in the subnets{subnets}.",
		advice: "Run the step again. If it fails again, check whether the subnets have free addresses: " +
			"`aws ec2 describe-subnets --region {REGION} --query 'Subnets[].[SubnetId,AvailableIpAddressCount]'`.",
	},
	{
		code: "subnet-not-found", in: inError, any: []string{"invalidsubnetid", "invalidsubnet"}, retry: RetryNo,
		cause: "A subnet does not exist in {region}{subnets}.",
		advice: "Check the input subnets: " +
			"`aws ec2 describe-subnets --region {REGION} --query 'Subnets[].[SubnetId,VpcId,AvailabilityZone]'`.",
	},
	{
		code: "security-group-not-found", in: inError, retry: RetryNo,
		any: []string{
			"invalidgroup", "invalidsecuritygroup", "do not belong to the same network",
			"belong to different networks",
		},
		cause: "A security group does not exist in the VPC of the subnets{sgs}.",
		advice: "Check the input security-groups: " +
			"`aws ec2 describe-security-groups --region {REGION} --query 'SecurityGroups[].[GroupId,VpcId," +
			"GroupName]'`.",
	},
	{
		code: "storage-timeout", in: inReasons, any: []string{"ephemeralstorage provisioning"}, retry: RetryYes,
		cause:  "AWS did not provide the disk of the task in time.",
		advice: "Run the step again.",
	},

	// Starting the containers.
	{
		code: "dependency-unmet", in: inReasons, retry: RetryUnknown,
		any:   []string{"did not exit successfully", "will never start", "has timed out"},
		also:  []string{"dependency"},
		cause: "The container did not start because {dependency} did not reach the condition in dependsOn.",
		advice: "The cause is in the exit code and the log of that container. If it was only slow, raise " +
			"startTimeout of the container that waits.",
	},
	{
		code: "out-of-memory", in: inReasons, retry: RetryNo,
		any:   []string{"outofmemory", "container killed due to memory usage"},
		cause: "{container} used more memory than its limit and was killed.",
		advice: "Raise memory of the container, or on Fargate of the task, for one run with the input " +
			"memory. Programs with a heap of their own, such as Java and Node.js, need the limit in their " +
			"own settings.",
	},
	{
		code: "exec-format", in: inReasons | inLog, any: []string{"exec format error"}, retry: RetryNo,
		cause: "The program of {container} is for another CPU architecture than the host, or is a script " +
			"without a first line such as #!/bin/sh.",
		advice: "Build the image for the platform of the task, such as " +
			"`docker buildx build --platform {BUILD} --push --tag {IMAGE} .`, or set cpuArchitecture of the " +
			"runtimePlatform to that of the image: ARM64 if it was built on ARM, otherwise X86_64.",
	},
	{
		code: "command-not-found", in: inReasons | inLog, retry: RetryNo,
		any:   []string{"executable file not found in $path"},
		cause: "The image does not have the program that the command or entryPoint of {container} starts with.",
		advice: "Write the command as a list of words, such as `[\"npm\", \"run\", \"migrate\"]`: one " +
			"string with spaces is taken as one name. For a shell line use `[\"sh\", \"-c\", \"...\"]`.",
		process: "This machine does not have the program that the command or entryPoint of {container} starts with.",
	},
	{
		code: "command-file-missing", in: inReasons | inLog, any: []string{"no such file or directory"},
		also: []string{"exec /", "exec: \"", "exec user process", "exec ./", "oci runtime"}, retry: RetryNo,
		cause: "The file that the command or entryPoint of {container} names is not in the image, or the " +
			"interpreter in its first line is not, which Windows line ends (\\r\\n) also cause.",
		advice: "Look into the image: `docker run --rm --entrypoint ls {IMAGE} -l /`. Store scripts with " +
			"Unix line ends: `*.sh text eol=lf` in .gitattributes.",
		process: "The file that the command or entryPoint of {container} names is not on this machine.",
	},
	{
		code: "not-executable", in: inReasons | inLog, any: []string{"permission denied"}, retry: RetryNo,
		also:  []string{"exec: \"", "exec /", "exec ./", "exec user process", "oci runtime", "runc create"},
		cause: "The file that {container} runs is not executable.",
		advice: "In the Dockerfile use `COPY --chmod=755`, or `git update-index --chmod=+x FILE` in the " +
			"repository, or start it through its interpreter: `[\"sh\", \"FILE\"]`.",
	},
	{
		code: "user-missing", in: inReasons, retry: RetryNo,
		any:    []string{"unable to find user", "no matching entries in passwd"},
		cause:  "The user of {container} does not exist in the image.",
		advice: "Correct user in the container definition, or use a numeric id.",
	},
	{
		code: "start-failed", in: inReasons, general: true, retry: RetryNo,
		any: []string{
			"cannotstartcontainererror", "cannotcreatecontainererror", "oci runtime create failed",
			"failed to create shim task", "failed to get container status", "hostconfigerror",
		},
		cause: "{container} could not be started.",
		advice: "Check its command, entryPoint, user, workingDirectory and mountPoints, and that it has " +
			"enough memory to start. Try the image as ECS starts it: `docker run --rm {IMAGE}`.",
	},
	{
		code: "runtime-trouble", in: inReasons, general: true, retry: RetryYes,
		any: []string{
			"containerruntimeerror", "containerruntimetimeouterror", "could not transition to",
			"dockertimeouterror", "docker timeout error", "internalerror", "cannotinspectcontainererror",
			"cannotstopcontainererror", "dockerstateerror", "containervanishederror",
			"nosuchcontainererror",
		},
		cause: "The container runtime or the agent of the host failed, not the task itself.",
		advice: "Run the step again. On EC2, if it fails again, replace the instance: its disk may be full " +
			"or overloaded.",
	},
	{
		code: "task-dependency", in: inReasons, any: []string{"task dependencies cannot be resolved"}, retry: RetryNo,
		cause: "The containers of the definition depend on each other in a cycle, or on a container that " +
			"does not exist.",
		advice: "Check dependsOn, links and volumesFrom.",
	},

	// Any service.
	{
		code: "throttled", in: inStart, retry: RetryYes,
		any: []string{
			"rate exceeded", "throttling", "requestlimitexceeded", "request limit exceeded",
			"toomanyrequestsexception",
		},
		cause: "AWS refused the call because the account makes too many of them, in all pipelines and " +
			"services together.",
		advice: "The step retried for some time. Run fewer jobs at once, or raise the quota in Service Quotas.",
	},
	{
		code: "permission-denied", in: inStart, any: []string{"not authorized to perform:"}, retry: RetryNo,
		cause:  "{principal} lacks the permission {action}.",
		advice: addStatement + "{principal}.",
		allow:  allowNamed,
	},
	{
		code: "permission-denied", in: inError, any: []string{"accessdenied", "unauthorizedoperation"},
		general: true, retry: RetryNo,
		cause: "AWS did not allow {operation}, and does not say which permission is missing.",
		advice: "CloudTrail names the caller and the action: " +
			"`aws cloudtrail lookup-events --region {REGION} --lookup-attributes AttributeKey=EventName," +
			"AttributeValue={OPERATION}`.",
	},
	{
		code: "no-connection", in: inError, any: noRoute, retry: RetryMaybe,
		cause: "The runner could not reach AWS in {region}.",
		advice: "Check the input region and, on a self-hosted runner, its proxy and firewall: " +
			"`curl -sS https://ecs.{REGION}.amazonaws.com/ping`.",
	},
	{
		code: "aws-fault", in: inError, retry: RetryYes,
		any: []string{
			"serverexception", "internalfailure", "internalservererror", "serviceunavailable",
			"statuscode: 5",
		},
		cause:  "AWS had an internal error.",
		advice: "Run the step again; https://health.aws.amazon.com shows whether {region} has an incident.",
	},

	// Exit codes, if there is nothing else to go by.
	{
		code: "exit-125", in: inExit, any: []string{"=125"}, retry: RetryMaybe,
		cause: "Code 125: docker run, or a similar program, could not run the container.",
		advice: "If the program is a wrapper around docker, read its messages in the log. Otherwise run the " +
			"step again.",
	},
	{
		code: "not-executable", in: inExit, any: []string{"=126"}, retry: RetryNo,
		cause:  "Code 126: the file that {container} runs exists, but is not executable or not a program.",
		advice: "In the Dockerfile use `COPY --chmod=755`, or start it through its interpreter: `[\"sh\", \"FILE\"]`.",
	},
	{
		code: "command-not-found", in: inExit, any: []string{"=127"}, retry: RetryNo,
		cause: "Code 127: the shell in {container} did not find the program to run.",
		advice: "Check the spelling and PATH, and that the image has it: " +
			"`docker run --rm --entrypoint sh {IMAGE} -c 'command -v PROGRAM'`.",
		local: "Check the spelling and PATH. --local=process runs the command on this machine; " +
			"--local=docker runs it " +
			"in the image.",
	},
	{
		code: "interrupted", in: inExit, any: []string{"=130"}, retry: RetryUnknown,
		cause:  "Code 130: {container} ended on SIGINT, the signal of Ctrl-C or of STOPSIGNAL SIGINT in its image.",
		advice: "Check whether the task was stopped, by ECS, by a time-out or by hand.",
	},
	{
		code: "illegal-instruction", in: inExit, any: []string{"=132"}, retry: RetryNo,
		cause:  "Code 132 (SIGILL): the program used an instruction that this CPU does not have.",
		advice: "Build it for a more general CPU (not with -march=native), or for the architecture of the host.",
	},
	{
		code: "aborted", in: inExit, any: []string{"=134"}, retry: RetryUnknown,
		cause: "Code 134 (SIGABRT): the program aborted itself, after a failed assertion or because it got " +
			"no memory, as Node.js does.",
		advice: "The last lines of its log say why. For Node.js raise the heap: " +
			"`NODE_OPTIONS=--max-old-space-size=1536`, and memory with it.",
	},
	{
		code: "ended-first", in: inExit, any: []string{"=137 before", "=143 before"}, retry: RetryUnknown,
		cause: "{container} was ended by {signal} while {finished} was still running, which then ended with " +
			"code 0: most likely because ECS stopped it.",
		advice: "If the end of {container} does not matter, give it `\"essential\": false`, or set " +
			"`verdict: {FINISHED}`, so that only it decides. Otherwise it ran out of memory (which Fargate " +
			"does not always report; the input memory raises it), or a program in the container sent the signal.",
	},
	{
		code: "ended-together", in: inExit, any: []string{"=137 beside"}, retry: RetryUnknown,
		cause: "Code 137 (SIGKILL): {container} was killed, and {finished} ended with code 0. ECS does not " +
			"report which of the two ended first: the code 0 may only be its response to the SIGTERM that followed.",
		advice: solutions +
			" Otherwise {container} did not end within stopTimeout after SIGTERM, ran out of memory (which " +
			"Fargate does not always report), or was killed by one of its own programs.",
	},
	{
		code: "ended-together", in: inExit, any: []string{"=143 beside"}, retry: RetryUnknown,
		cause: "Code 143 (SIGTERM): {container} was stopped, and {finished} ended with code 0. ECS does not " +
			"report which of the two ended first.",
		advice: solutions + " Otherwise let the program end with code 0 on SIGTERM.",
	},
	{
		code: "killed", in: inExit, any: []string{"=137 stopped"}, retry: RetryUnknown,
		cause: "Code 137 (SIGKILL): {container} was killed. Possible, the most likely first, as another " +
			"container of the task ended too: it did not end within stopTimeout after the SIGTERM that " +
			"followed; it ran out of memory, which Fargate does not always report; a program in the " +
			"container sent the signal.",
		advice: "If it was stopped, " + handleSIGTERM + " If not, run it with more memory (the input memory).",
	},
	{
		code: "killed", in: inExit, any: []string{"=137 fargate"}, retry: RetryUnknown,
		cause: "Code 137 (SIGKILL): {container} was killed. Possible, the most likely first: it ran out of " +
			"memory, which Fargate does not always report; a program in the container sent the signal; it " +
			"was stopped and did not end within stopTimeout after SIGTERM.",
		advice: "Run it with more memory (the input memory). If it was stopped, " + handleSIGTERM,
	},
	{
		code: "killed", in: inExit, any: []string{"=137"}, retry: RetryUnknown,
		cause: "Code 137 (SIGKILL): {container} was killed. Possible, the most likely first: the host ran " +
			"out of memory, or a child process passed the memory limit, which ECS does not report as " +
			"OutOfMemoryError; a program in the container sent the signal; it was stopped and did not end " +
			"within stopTimeout after SIGTERM.",
		advice: "Run it with more memory (the input memory). If it was stopped, " + handleSIGTERM,
	},
	{
		code: "segmentation-fault", in: inExit, any: []string{"=139"}, retry: RetryUnknown,
		cause: "Code 139 (SIGSEGV): native code in the program crashed.",
		advice: "Look at native libraries: built for another architecture, or for glibc in an Alpine image " +
			"(musl), or too small a stack.",
	},
	{
		code: "terminated", in: inExit, any: []string{"=143"}, retry: RetryUnknown,
		cause: "Code 143 (SIGTERM): {container} was asked to end, and ended.",
		advice: "Find out what stopped the task: another essential container that ended first, a time-out, " +
			"StopTask, or Spot.",
	},
	{
		code: "signalled", in: inExit, general: true, retry: RetryUnknown,
		any:    []string{"=129", "=131", "=133", "=135", "=136", "=138", "=140", "=141", "=142", "=159"},
		cause:  "Codes above 128 mean a signal: {container} ended on {signal}.",
		advice: "`kill -l {EXIT}` names it. The last lines of the log show what happened before.",
	},
	{
		code: "exit-255", in: inExit, any: []string{"=255", "=-1"}, general: true, retry: RetryMaybe,
		cause: "Code {exit} has several causes: the program ended with -1, ssh lost its connection, or the " +
			"agent lost the container.",
		advice: "Read the last lines of its log; if there are none, run the step again.",
	},
	{
		code: "exit-0", in: inExit, any: []string{"=0"}, general: true, retry: RetryUnknown,
		cause:  "{container} itself succeeded, with code 0.",
		advice: "The cause is in another container of the task.",
	},
	{
		code: "container-failed", in: inExit, any: []string{""}, general: true, retry: RetryUnknown,
		cause: "{container} ended with code {exit}, which its program chose.",
		advice: "The last lines of its log should say why. To try it interactively: " +
			"`docker run --rm -it --entrypoint sh {IMAGE}`.",
	},

	// The last lines of the program's log.
	{
		code: "program-denied", in: inLog, any: []string{"not authorized to perform:"}, retry: RetryNo,
		cause: "The program in {container} called AWS, and {taskrole} lacks the permission {action}.",
		advice: "If the program is meant to do that, add the statement below to a policy of the task role " +
			"(taskRoleArn, not the execution role).",
		allow: allowTask,
		local: "Look at the permissions of the credentials that the program was given; a local run gives it none.",
	},
	{
		code: "program-no-credentials", in: inLog, retry: RetryNo,
		any: []string{
			"unable to locate credentials", "nocredentialproviders",
			"could not load credentials from any providers",
			"unable to load credentials from any of the providers", "unable to load aws credentials",
		},
		cause: "The program in {container} called AWS and found no credentials.",
		advice: "Set taskRoleArn in the definition, or the input task-role-arn, to a role that trusts " +
			"ecs-tasks.amazonaws.com.",
		local: "A local run gives containers no AWS credentials. Give it some that may do little, with the " +
			"input environment, or let the program do without.",
	},
	{
		code: "program-out-of-memory", in: inLog, retry: RetryNo,
		any: []string{
			"javascript heap out of memory", "java.lang.outofmemoryerror", "cannot allocate memory",
			"std::bad_alloc", "fatal error: runtime: out of memory", "memory allocation of",
		},
		cause: "The program in {container} ran out of memory, within its own limit or that of the container.",
		advice: "Raise memory, and the limit of the program: `NODE_OPTIONS=--max-old-space-size=1536` for " +
			"Node.js, `JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=75` for Java.",
	},
	{
		code: "program-disk-full", in: inLog, any: []string{"no space left on device", "enospc"}, retry: RetryNo,
		cause: "The program in {container} filled the disk.",
		advice: "On Fargate set `\"ephemeralStorage\": {\"sizeInGiB\": 50}` (21 to 200), or mount a volume " +
			"where it writes.",
	},
	{
		code: "program-read-only", in: inLog, any: []string{"read-only file system", "erofs"}, retry: RetryNo,
		cause:  "The program in {container} wrote to a file system that is read-only.",
		advice: "readonlyRootFilesystem is true: mount a volume where it writes, or set it to false.",
	},
	{
		code: "program-name-resolution", in: inLog, retry: RetryMaybe,
		any: []string{
			"temporary failure in name resolution", "getaddrinfo enotfound", "getaddrinfo eai_again",
			"no such host", "name or service not known", "could not translate host name",
			"unknownhostexception",
		},
		cause: "The program in {container} could not resolve a host name.",
		advice: "Check the name, that it belongs to the VPC of the subnets{subnets}, and that the VPC has " +
			"DNS support on. Containers of an awsvpc task reach each other at localhost, not by name.",
		local: "Check the name. A local run is not in the VPC, whose names do not resolve here: give the " +
			"program another one for this run, with the input environment.",
	},
	{
		code: "program-connection", in: inLog, retry: RetryMaybe,
		any: []string{
			"connection refused", "econnrefused", "connection timed out", "etimedout", "i/o timeout",
			"connect timeout", "no route to host", "could not connect to server",
		},
		cause: "The program in {container} could not connect to something that it needs.",
		advice: "The security group of the other side must let the task's security group in, on that port. " +
			"If it is a container of the same task, let this one wait with dependsOn and HEALTHY.",
		local: "Check that it runs, at an address that this machine reaches: a local run is not in the VPC. " +
			"Give the program another address for this run, with the input environment.",
	},

	// Texts that every failed task has.
	{
		code: "container-failed", in: inTask, any: []string{"essential container in task exited"},
		general: true, retry: RetryUnknown,
		cause:  "An essential container ended, and ECS then stops the task, whatever the code.",
		advice: "The exit codes and the last lines of the containers show what happened.",
	},
	{
		code: "start-failed", in: inStopCode, any: []string{"=taskfailedtostart"}, general: true, retry: RetryMaybe,
		cause: "The task stopped before its containers ran.",
		advice: "The stopped reason in the console may say more: " +
			"`aws ecs describe-tasks --cluster {CLUSTER} --tasks TASK`.",
		local: "The line with the reason says why.",
	},
	{
		code: "resource-initialization", in: inTask, any: []string{"resourceinitializationerror"}, retry: RetryMaybe,
		general: true,
		cause: "ECS could not get a resource that the task needs before it starts: its image, secrets, " +
			"logs, volumes or network.",
		advice: "Check the permissions of {exec} and that the task can reach the services of AWS. " + pullRoute,
		local:  "The reason says which.",
	},
}
