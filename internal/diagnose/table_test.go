package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// sample is a symptom with a text of AWS, and the code of the expected first advice.
type sample struct {
	code    string
	symptom Symptom
}

func failing(code, message string) Symptom {
	return Symptom{ErrorCode: code, ErrorMessage: message, Operation: "RunTask"}
}
func failure(reason string) Symptom   { return Symptom{FailureReason: reason} }
func container(reason string) Symptom { return Symptom{Container: "web", ContainerReason: reason} }
func stopped(reason string) Symptom {
	return Symptom{StopCode: "TaskFailedToStart", StoppedReason: reason}
}
func exited(code int32, lines ...string) Symptom {
	return Symptom{
		StopCode:      "EssentialContainerExited",
		StoppedReason: "Essential container in task exited",
		Container:     "web",
		ExitCode:      &code,
		LastLines:     lines,
	}
}

// samples are texts of ECS, its agent, other services and programs. They come from the
// documentation, the agent's source and public reports.
var samples = []sample{
	{
		"injected-container",
		Symptom{
			Container:       "aws-guardduty-agent-x7Qw1p",
			ContainerReason: "CannotPullContainerError: pull command failed: exit status 1",
		},
	},
	{
		"explicit-deny",
		failing("AccessDeniedException",
			"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecs:RunTask on resource: "+
				"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:3 with an explicit deny in a service "+
				"control policy"),
	},
	{
		"policy-boundary",
		failing("AccessDeniedException",
			"User: arn:aws:sts::123456789012:assumed-role/ci/s is not authorized to perform: ecs:RunTask on "+
				"resource: arn:aws:ecs:eu-west-1:123456789012:task-definition/web:3 because no permissions "+
				"boundary allows the ecs:RunTask action"),
	},
	{
		"policy-boundary",
		stopped("ResourceInitializationError: unable to pull secrets or registry auth: " +
			"AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/1 is not authorized to " +
			"perform: ecr:GetAuthorizationToken on resource: * because no VPC endpoint policy allows the " +
			"ecr:GetAuthorizationToken action"),
	},
	{
		"pass-role-denied",
		failing("AccessDeniedException",
			"User: arn:aws:sts::123456789012:assumed-role/ci/GitHubActions is not authorized to perform: "+
				"iam:PassRole on resource: arn:aws:iam::123456789012:role/web-task because no identity-based "+
				"policy allows the iam:PassRole action"),
	},
	{
		"tag-denied",
		failing("AccessDeniedException",
			"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecs:TagResource on "+
				"resource: arn:aws:ecs:eu-west-1:123456789012:task-definition/web:* because no "+
				"identity-based policy allows the ecs:TagResource action"),
	},
	{
		"logs-denied",
		failing("AccessDeniedException",
			"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: logs:GetLogEvents on "+
				"resource: arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:web/web/0123 "+
				"because no identity-based policy allows the logs:GetLogEvents action"),
	},
	{"assume-role-denied", failing("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")},
	{
		"assume-role-denied",
		failing("AccessDenied",
			"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: sts:AssumeRole on "+
				"resource: arn:aws:iam::123456789012:role/deploy"),
	},
	{"credentials-expired", failing("ExpiredTokenException", "The security token included in the request is expired")},
	{"credentials-invalid",
		failing("UnrecognizedClientException", "The security token included in the request is invalid.")},
	{
		"credentials-invalid",
		failing("InvalidSignatureException",
			"The request signature we calculated does not match the signature you provided."),
	},
	{
		"credentials-missing",
		failing("",
			"operation error ECS: RunTask, get identity: get credentials: failed to refresh cached "+
				"credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled, "+
				"context deadline exceeded"),
	},
	{
		"region-missing",
		failing("",
			"operation error ECS: RunTask, failed to resolve service endpoint, endpoint rule error, Invalid "+
				"Configuration: Missing Region"),
	},
	{"cluster-not-found", failing("ClusterNotFoundException", "Cluster not found.")},
	{
		"client-token-conflict",
		failing("ConflictException",
			"The client token was used with different parameters (existing tasks: "+
				"arn:aws:ecs:eu-west-1:123456789012:task/web/1)"),
	},
	{"definition-race",
		failing("ClientException", "Too many concurrent attempts to create a new revision of the specified family.")},
	{
		"role-not-trusted",
		failing("ClientException",
			"ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web-exec' that was provided "+
				"for this task. Please verify that the role being passed has the proper trust relationship "+
				"and permissions and that your IAM user has permissions to pass this role."),
	},
	{"role-invalid", failing("ClientException", "Role is not valid")},
	{
		"execution-role-missing",
		failing("ClientException",
			"Fargate requires task definition to have execution role ARN to support log driver awslogs."),
	},
	{
		"execution-role-missing",
		failing("ClientException",
			"Fargate requires task definition to have execution role ARN to support ECR images."),
	},
	{"fargate-size", failing("ClientException", "No Fargate configuration exists for given values.")},
	{"fargate-size", failing("ClientException", "Invalid 'cpu' setting for task.")},
	{
		"network-configuration-missing",
		failing("InvalidParameterException",
			"Network Configuration must be provided when networkMode 'awsvpc' is specified."),
	},
	{
		"network-configuration-unwanted",
		failing("InvalidParameterException",
			"Network Configuration is not valid for the given networkMode of this task definition."),
	},
	{
		"capacity-provider-unknown",
		failing("InvalidParameterException",
			"The specified capacity provider strategy cannot contain a capacity provider that is not "+
				"associated with the cluster. Associate the capacity provider with the cluster or specify a "+
				"valid capacity provider and try again."),
	},
	{
		"container-unknown",
		failing("InvalidParameterException",
			"Override for container named app is not a container in the TaskDefinition."),
	},
	{"overrides-too-long", failing("InvalidParameterException", "Container Overrides length must be at most 8192")},
	{"definition-not-found", failing("ClientException", "Unable to describe task definition.")},
	{"definition-not-found", failing("ClientException", "TaskDefinition is inactive")},
	{"platform-version-unknown", failing("PlatformUnknownException", "The specified platform does not exist.")},
	{"revisions-exhausted", failing("LimitExceededException", "The limit for the resource was exceeded.")},
	{"account-blocked",
		failing("BlockedException", "Your account is currently blocked and thus cannot launch any Fargate tasks.")},
	{"vcpu-quota",
		failing("ClientException", "You've reached the limit on the number of vCPUs you can run concurrently")},
	{"vcpu-quota", failure("You\u2019ve reached the limit on the number of tasks you can run concurrently")},
	{"no-capacity",
		failure("Capacity is unavailable at this time. Please try again later or in a different availability zone")},
	{"no-capacity",
		stopped("Capacity is unavailable at this time. Please try again later or in a different availability zone")},
	{"cluster-full", failure("RESOURCE:MEMORY")},
	{"cluster-full", failure("TaskFailedToStart: RESOURCE:CPU")},
	{"no-free-interface", failure("RESOURCE:ENI")},
	{"port-in-use", failure("RESOURCE:PORTS")},
	{"no-free-gpu", failure("RESOURCE:GPU")},
	{"no-fitting-instance", failure("ATTRIBUTE")},
	{"no-fitting-instance", failure("TaskFailedToStart: MemberOf placement constraint unsatisfied")},
	{"no-fitting-instance", stopped("TaskFailedToStart: ATTRIBUTE")},
	{"other-zone", failure("LOCATION")},
	{"agent-disconnected", failure("AGENT")},
	{"agent-disconnected", stopped("TaskFailedToStart: AGENT")},
	{"instance-gone", failure("INACTIVE")},
	{"no-instances", failing("InvalidParameterException", "No Container Instances were found in your cluster.")},
	{"no-instances", failure("TaskFailedToStart: EMPTY CAPACITY PROVIDER")},
	{"no-instances", failure("TaskFailedToStart: NO ACTIVE INSTANCES")},
	{"incompatible", stopped("The selected task definition is not compatible with the selected compute strategy")},
	{"incompatible", failing("InvalidParameterException", "Task definition does not support launch_type FARGATE.")},
	{"task-unknown", failure("MISSING")},
	{"spot-interruption", Symptom{StopCode: "SpotInterruption", StoppedReason: "Your Spot Task was interrupted."}},
	{"spot-interruption", Symptom{StoppedReason: "Your Spot Task was interrupted."}},
	{"maintenance",
		Symptom{StoppedReason: "ECS is performing maintenance on the underlying infrastructure hosting the task"}},
	{"host-terminated",
		Symptom{StopCode: "TerminationNotice", StoppedReason: "Host EC2 (instance i-0123456789abcdef0) terminated."}},
	{
		"service-task",
		Symptom{
			StopCode: "ServiceSchedulerInitiated",
			StoppedReason: "Task failed ELB health checks in (target-group " +
				"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123)",
		},
	},
	{"service-task", Symptom{StoppedReason: "Task failed container health checks"}},
	{"stopped-by-user", Symptom{StopCode: "UserInitiated", StoppedReason: "Task stopped by user"}},
	{"stopped-by-user", Symptom{StopCode: "UserInitiated", StoppedReason: "no longer needed"}},

	{
		"pull-denied",
		container("CannotPullContainerError: The task can\u2019t pull the image. Check that the role has the " +
			"permissions to pull images from the registry. Error response from daemon: pull access denied " +
			"for 123456789012.dkr.ecr.eu-west-1.amazonaws.com/web, repository does not exist or may require " +
			"'docker login': denied: User: arn:aws:sts::123456789012:assumed-role/web-exec/1 is not " +
			"authorized to perform: ecr:BatchGetImage on resource: " +
			"arn:aws:ecr:eu-west-1:123456789012:repository/web because no identity-based policy allows the " +
			"ecr:BatchGetImage action"),
	},
	{
		"pull-denied",
		stopped("ResourceInitializationError: unable to pull secrets or registry auth: execution resource " +
			"retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 " +
			"time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/web-exec/1 is not " +
			"authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based " +
			"policy allows the ecr:GetAuthorizationToken action"),
	},
	{
		"image-platform",
		stopped("CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest " +
			"does not contain descriptor matching platform 'linux/amd64'"),
	},
	{"image-platform", stopped("CannotPullContainerError: failed to find a descriptor for platform {linux/amd64}")},
	{"image-platform",
		container("CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries")},
	{
		"pull-rate-limit",
		stopped("CannotPullContainerError: inspect image has been retried 5 time(s): httpReadSeeker: failed " +
			"open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:01: " +
			"429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit."),
	},
	{"pull-rate-limit",
		container("CannotPullContainerError: Error response from daemon: toomanyrequests: Too Many Requests.")},
	{
		"disk-full",
		container("CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111111111: no space left on device"),
	},
	{
		"disk-full",
		container("CannotCreateContainerError: API error (500): devmapper: Thin Pool has 4350 free data " +
			"blocks which is less than minimum required 4454 free data blocks."),
	},
	{
		"layer-refused",
		stopped("CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: " +
			"httpReaderSeeker: failed open: unexpected status code " +
			"https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x: 403 Forbidden"),
	},
	{
		"pull-s3-route",
		stopped("CannotPullContainerError: pull command failed: panic: runtime error: invalid memory address " +
			"or nil pointer dereference"),
	},
	{
		"environment-file-denied",
		stopped("ResourceInitializationError: failed to download env files: file download command: non empty " +
			"error stream: service call has been retried 1 time(s): AccessDenied: User: " +
			"arn:aws:sts::123456789012:assumed-role/web-exec/1 is not authorized to perform: s3:GetObject on " +
			"resource: \"arn:aws:s3:::files/web.env\" because no identity-based policy allows the s3:GetObject action"),
	},
	{
		"environment-file",
		stopped("ResourceInitializationError: failed to download env files: The task can't download the " +
			"environment variable files from Amazon S3. There is a connection issue between the task and " +
			"Amazon S3. Check your task network configuration. service call has been retried 5 time(s): " +
			"RequestCanceled: request context canceled caused by: context deadline exceeded"),
	},
	{
		"secret-key-missing",
		stopped("ResourceInitializationError: unable to pull secrets or registry auth: execution resource " +
			"retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): " +
			"retrieved secret from Secrets Manager did not contain json key DB_PASSWORD"),
	},
	{
		"secret-denied",
		stopped("Resourceinitializationerror: unable to pull secrets or registry auth: execution resource " +
			"retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): " +
			"AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/web-exec/f83b is not " +
			"authorized to perform: ssm:GetParameters on resource: " +
			"arn:aws:ssm:eu-west-2:123456789012:parameter/CLIENT_ID because no identity-based policy allows " +
			"the ssm:GetParameters action status code: 400, request id: 1adcb55f"),
	},
	{
		"secret-denied",
		container("Fetching secret data from AWS Secrets Manager in region eu-west-1: secret " +
			"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf: AccessDeniedException: Access " +
			"to KMS is not allowed"),
	},
	{
		"secrets-no-route",
		stopped("ResourceInitializationError: unable to pull secrets or registry auth: execution resource " +
			"retrieval failed: unable to retrieve secrets from ssm: service call has been retried 5 time(s): " +
			"RequestCanceled: request context canceled caused by: context deadli..."),
	},
	{
		"secrets-no-route",
		stopped("ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull " +
			"registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. " +
			"Check your task network configuration. RequestError: send request failed caused by: Post " +
			"\"https://api.ecr.us-east-1.amazonaws.com\": dial tcp 10.0.0.1:443: i/o timeout"),
	},
	{
		"secrets-no-route",
		stopped("ResourceInitializationError: unable to pull secrets or registry auth: Check your task " +
			"network configuration. : signal: killed"),
	},
	{
		"secret-missing",
		stopped("ResourceNotFoundException: The task can't retrieve the secret with ARN " +
			"'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf' from AWS Secrets Manager. " +
			"Check whether the secret exists in the specified Region. ResourceNotFoundException: Fetching " +
			"secret data from AWS Secrets Manager in region eu-west-1: secret " +
			"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf: ResourceNotFoundException: " +
			"Secrets Manager can't find the specified secret."),
	},
	{
		"secret-missing",
		stopped("ResourceInitializationError: unable to pull secrets or registry auth: execution resource " +
			"retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): " +
			"invalid ssm parameters: /web/db-url"),
	},
	{
		"logging-denied",
		stopped("ResourceInitializationError: failed to validate logger args: create stream has been retried " +
			"1 times: failed to create Cloudwatch log group: AccessDeniedException: User: " +
			"arn:aws:sts::123456789012:assumed-role/web-exec/1 is not authorized to perform: " +
			"logs:CreateLogGroup on resource: " +
			"arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/web:log-stream: because no identity-based " +
			"policy allows the logs:CreateLogGroup action : exit status 1"),
	},
	{
		"logging-denied",
		stopped("ResourceInitializationError: failed to validate logger args: create stream has been retried " +
			"1 times: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::1234..."),
	},
	{
		"log-group-missing",
		container("CannotStartContainerError: Error response from daemon: failed to initialize logging " +
			"driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log " +
			"group does not exist."),
	},
	{
		"log-group-missing",
		stopped("ResourceInitializationError: failed to validate logger args: create stream has been retried " +
			"1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log " +
			"group does not exist. : exit status 1"),
	},
	{
		"logging-no-route",
		stopped("ResourceInitializationError: failed to validate logger args: The task cannot find the " +
			"Amazon CloudWatch log group defined in the task definition. There is a connection issue between " +
			"the task and Amazon CloudWatch. Check your network configuration. : signal: killed"),
	},
	{"logging-no-route", stopped("ResourceInitializationError: failed to validate logger args::signal:killed")},
	{
		"logging-driver",
		container("CannotStartContainerError: Error response from daemon: failed to initialize logging " +
			"driver: splunk: splunk-url is expected"),
	},
	{
		"pull-no-route",
		stopped("CannotPullContainerError: The task cannot pull docker.io/library/nginx:1 from the registry " +
			"registry-1.docker.io. There is a connection issue between the task and the registry. Check your " +
			"task network configuration. : failed to copy: httpReadSeeker: failed open: failed to do " +
			"request: Get https://registry-1.docker.io/: dial tcp 3.2.1.0:443: i/o timeout"),
	},
	{
		"pull-no-route",
		container("CannotPullContainerError: The task can\u2019t pull the image. Check your network " +
			"configuration. Error response from daemon: Get " +
			"https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/: net/http: request canceled while " +
			"waiting for connection (Client.Timeout exceeded while awaiting headers)"),
	},
	{"pull-no-route", container("CannotPullContainerError: context canceled")},
	{"image-reference", container("CannotPullContainerError: invalid reference format")},
	{"image-reference", failing("ClientException", "Container.image contains invalid characters.")},
	{
		"image-not-found",
		container("CannotPullContainerError: The task can\u2019t pull the image. Check whether the image " +
			"exists. Error response from daemon: pull access denied for acme/web, repository does not exist " +
			"or may require 'docker login': denied: requested access to the resource is denied"),
	},
	{
		"image-not-found",
		stopped("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve " +
			"ref docker.io/acme/web:1: pull access denied, repository does not exist or may require " +
			"authorization: server message: insufficient_scope: authorization failed"),
	},
	{
		"image-not-found",
		container("CannotPullContainerError: Error response from daemon: manifest for x not found: name " +
			"unknown: The repository with name 'web' does not exist in the registry with id '123456789012'"),
	},
	{
		"image-tag-not-found",
		stopped("CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve " +
			"ref 123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v9: " +
			"123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v9: not found"),
	},
	{
		"image-tag-not-found",
		container("CannotPullContainerError: Error response from daemon: manifest for " +
			"123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v9 not found: manifest unknown: Requested " +
			"image not found"),
	},
	{"pull-failed", stopped("CannotPullContainerError: pull command failed: exit status 1")},
	{
		"efs-mount",
		stopped("ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: " +
			"stderr: mount.nfs4: Connection reset by peer : unsuccessful EFS utils command execution; code: 32"),
	},
	{"volume", container("CannotCreateVolumeError: API error (400): create vol: driver \"x\" not found")},
	{"network-interface", stopped("Timeout waiting for network interface provisioning to complete.")},
	{
		"network-interface",
		stopped("Unexpected EC2 error while attempting to Create Network Interface with public IP assignment " +
			"enabled in subnet 'subnet-0123456789abcdef0': InsufficientFreeAddressesInSubnet"),
	},
	{"network-interface", stopped("Unable to attach network interface to unused device index")},
	{
		"subnet-not-found",
		failing("InvalidParameterException",
			"Error retrieving subnet information for [subnet-0123456789abcdef0]: The subnet ID "+
				"'subnet-0123456789abcdef0' does not exist (ErrorCode: InvalidSubnetID.NotFound)"),
	},
	{
		"security-group-not-found",
		failing("InvalidParameterException",
			"Error retrieving security group information for [sg-0123456789abcdef0]: The security group "+
				"'sg-0123456789abcdef0' does not exist (ErrorCode: InvalidGroup.NotFound)"),
	},
	{"storage-timeout", stopped("Timeout waiting for EphemeralStorage provisioning to complete.")},
	{
		"dependency-unmet",
		container("dependency graph: failed to resolve container ordering dependency [migrate] for target " +
			"[web] as dependency did not exit successfully."),
	},
	{"dependency-unmet",
		container("dependency graph: container ordering dependency [migrate] for target [web] has timed out.")},
	{
		"dependency-unmet",
		container("dependency graph: failed to resolve container ordering dependency [migrate] for target " +
			"[web] because dependency will never start"),
	},
	{"out-of-memory", container("OutOfMemoryError: Container killed due to memory usage")},
	{"exec-format", exited(1, "starting", "exec /usr/local/bin/app: exec format error")},
	{"exec-format", exited(255, "standard_init_linux.go:228: exec user process caused: exec format error")},
	{
		"exec-format",
		container("CannotStartContainerError: Error response from daemon: failed to create shim task: OCI " +
			"runtime create failed: runc create failed: unable to start container process: exec: \"/app\": " +
			"exec format error"),
	},
	{
		"command-not-found",
		container("CannotStartContainerError: Error response from daemon: failed to create task for " +
			"container: failed to create shim task: OCI runtime create failed: runc create failed: unable to " +
			"start container process: exec: \"npm run migrate\": executable file not found in $PATH: unknown"),
	},
	{
		"command-file-missing",
		container("CannotStartContainerError: OCI runtime create failed: container_linux.go:380: starting " +
			"container process caused: exec: \"/start.sh\": stat /start.sh: no such file or directory: unknown"),
	},
	{"command-file-missing", exited(1, "exec /entrypoint.sh: no such file or directory")},
	{
		"not-executable",
		container("CannotStartContainerError: OCI runtime create failed: runc create failed: unable to start " +
			"container process: exec: \"/start.sh\": permission denied: unknown"),
	},
	{
		"user-missing",
		container("CannotStartContainerError: Error response from daemon: unable to find user app: no " +
			"matching entries in passwd file"),
	},
	{"start-failed", container("CannotStartContainerError: failed to get container status: context")},
	{"start-failed", stopped("CannotCreateContainerError: API error (400): invalid mount config for type \"bind\"")},
	{
		"runtime-trouble",
		container("ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: context"),
	},
	{"runtime-trouble", container("DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s")},
	{"runtime-trouble",
		container("CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s")},
	{
		"task-dependency",
		stopped("TaskDependencyError: Task dependencies cannot be resolved, taskArn: " +
			"arn:aws:ecs:eu-west-1:123456789012:task/web/1"),
	},
	{"throttled", failing("ThrottlingException", "Rate exceeded")},
	{
		"throttled",
		failing("InvalidParameterException",
			"Error retrieving security group information for [sg-05937427457b61ff5]: Request limit exceeded. "+
				"(ErrorCode: RequestLimitExceeded)"),
	},
	{
		"permission-denied",
		failing("AccessDeniedException",
			"User: arn:aws:sts::123456789012:assumed-role/ci/GitHubActions is not authorized to perform: "+
				"ecs:RunTask on resource: arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7 because "+
				"no identity-based policy allows the ecs:RunTask action"),
	},
	{"permission-denied", failing("AccessDeniedException", "")},
	{
		"no-connection",
		failing("",
			"operation error ECS: RunTask, exceeded maximum number of attempts, 3, https response error "+
				"StatusCode: 0, RequestID: , request send failed, Post "+
				"\"https://ecs.eu-wset-1.amazonaws.com/\": dial tcp: lookup ecs.eu-wset-1.amazonaws.com: no such host"),
	},
	{"aws-fault", failing("ServerException", "Service Unavailable. Please try again later.")},

	{"exit-125", exited(125)},
	{"not-executable", exited(126, "sh: ./run: Permission denied")},
	{"command-not-found", exited(127, "sh: migrate: not found")},
	{"interrupted", exited(130)},
	{"illegal-instruction", exited(132)},
	{"aborted", exited(134)},
	{"killed", exited(137)},
	{"timed-out", Symptom{End: TimedOutRunning}},
	{"timed-out", Symptom{End: TimedOutStarting}},
	{"timed-out", Symptom{End: TimedOutHealth}},
	{"cancelled", Symptom{End: Cancelled}},
	{"task-lost", Symptom{End: Lost}},
	{"killed", Symptom{ExitCode: exited(137).ExitCode, Fargate: true}},
	{"ended-together", Symptom{ExitCode: exited(137).ExitCode, Container: "proxy", Finished: "app", Fargate: true}},
	{"killed", Symptom{ExitCode: exited(137).ExitCode, Together: true, Fargate: true}},
	{"ended-first", Symptom{ExitCode: exited(137).ExitCode, Container: "proxy", Finished: "app", EndedFirst: true}},
	{
		"ended-first",
		Symptom{ExitCode: exited(143).ExitCode, Container: "proxy", Finished: "app", EndedFirst: true, Together: true},
	},
	{"ended-together", Symptom{ExitCode: exited(143).ExitCode, Container: "proxy", Finished: "app"}},
	{"segmentation-fault", exited(139)},
	{"terminated", exited(143)},
	{"signalled", exited(136)},
	{"exit-255", exited(255)},
	{"exit-0", exited(0)},
	{"container-failed", exited(1, "migration 12 failed")},

	{
		"program-denied",
		exited(1,
			"botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the GetObject "+
				"operation: User: arn:aws:sts::123456789012:assumed-role/web-task/1 is not authorized to "+
				"perform: s3:GetObject on resource: \"arn:aws:s3:::data/x\" because no identity-based policy "+
				"allows the s3:GetObject action"),
	},
	{"program-no-credentials", exited(1, "botocore.exceptions.NoCredentialsError: Unable to locate credentials")},
	{"program-out-of-memory",
		exited(1, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory")},
	{"program-out-of-memory", exited(1, "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space")},
	{"program-disk-full", exited(1, "write /tmp/x: no space left on device")},
	{"program-read-only", exited(1, "OSError: [Errno 30] Read-only file system: '/app/x'")},
	{"program-name-resolution", exited(1, "Error: getaddrinfo ENOTFOUND db.internal")},
	{"program-name-resolution", exited(1, "dial tcp: lookup db on 10.0.0.2:53: no such host")},
	{"program-connection",
		exited(1, "Error: connect ECONNREFUSED 127.0.0.1:5432", "    at TCPConnectWrap.afterConnect")},

	{"container-failed",
		Symptom{StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited"}},
	{"start-failed", Symptom{StopCode: "TaskFailedToStart"}},
	{"resource-initialization", stopped("ResourceInitializationError: something new")},
}

// usedBy returns the row of the first advice of Explain, or nil if there is none.
func usedBy(s Symptom) *row {
	texts := s.texts()
	for _, p := range []place{
		inContainerName, inError, inFailure, inEnd, inStopCode, inContainer, inTask, inExit, inLog,
	} {
		if r, _ := match(texts, p, false); r != nil {
			return r
		}
	}
	for _, p := range []place{inError, inFailure, inContainer, inExit, inTask, inStopCode} {
		if r, _ := match(texts, p, true); r != nil {
			return r
		}
	}
	return nil
}

func TestTable(t *testing.T) {
	used := map[*row]bool{}
	for _, s := range samples {
		got := Explain(s.symptom)
		if len(got) == 0 || got[0].Code != s.code {
			t.Errorf("Explain(%+v) = %+v, want %s first", s.symptom, got, s.code)
			continue
		}
		used[usedBy(s.symptom)] = true
	}
	for i := range table {
		if !used[&table[i]] {
			t.Errorf("row %d, %s (%q): no sample uses it", i, table[i].code, table[i].any)
		}
	}
}

// TestTableText checks that all texts of the table follow the rules of the package.
func TestTableText(t *testing.T) {
	for _, r := range table {
		for _, text := range []string{r.cause, r.advice} {
			if !strings.HasSuffix(text, ".") && !strings.Contains(text, "https://") {
				t.Errorf("%s: %q is not a sentence", r.code, text)
			}
			for _, match := range placeholder.FindAllString(text, -1) {
				key := strings.Trim(match, "{}")
				if _, ok := words[strings.ToLower(key)]; !ok {
					t.Errorf("%s: %s is not a known name", r.code, match)
				}
			}
			if strings.Count(text, "`")%2 != 0 {
				t.Errorf("%s: a command in %q has no closing backquote", r.code, text)
			}
		}
		for _, phrase := range slices.Concat(r.any, r.also) {
			folded := strings.ReplaceAll(strings.ToLower(phrase), "\u2019",
				"'")
			if folded != phrase || phrase == "" && !r.general {
				t.Errorf("%s: %q never matches, because it is not folded", r.code, phrase)
			}
		}
		if len(r.any) == 0 || r.in == 0 || r.code == "" {
			t.Errorf("row %q never matches", r.code)
		}
	}
}
