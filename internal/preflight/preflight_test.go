package preflight_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
	"github.com/ecs-run-task/ecs-run-task/internal/preflight"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/taskdeftest"
)

// account is an HTTP client that answers operations by name. It denies those without an answer.
type account struct {
	mu      sync.Mutex
	answers map[string]string
	asked   []string
}

func (a *account) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	for field := range strings.SplitSeq(string(body), "&") {
		if name, ok := strings.CutPrefix(field, "Action="); ok {
			operation = name
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, operation)
	answer, ok := a.answers[operation]
	status := http.StatusOK
	if !ok {
		status, answer = http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"not authorized `+
			`to perform: `+operation+`"}`
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

const job = `{"family": "job", "taskRoleArn": "arn:aws:iam::123456789012:role/task",
 "executionRoleArn": "arn:aws:iam::123456789012:role/task",
 "containerDefinitions": [
  {"name": "app", "memory": 64, "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:1",
   "secrets": [{"name": "A", "valueFrom": "/a"}, {"name": "B", "valueFrom": "/a"}]},
  {"name": "side", "memory": 64, "image": "busybox",
   "logConfiguration": {"logDriver": "awslogs", "options": {
    "awslogs-group": "created", "awslogs-region": "eu-central-1", "awslogs-create-group": "true"}}}]}`

func subject(t *testing.T, text string) preflight.Subject {
	t.Helper()
	return preflight.Subject{Definition: taskdeftest.Decode(t, "job.json", text)}
}

func check(t *testing.T, a *account, subjects ...preflight.Subject) (notices []string, faults string) {
	t.Helper()
	client := lookup.New(aws.Config{
		Region:      "eu-central-1",
		HTTPClient:  a,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	notices, err := preflight.Check(t.Context(), client, "web", subjects)
	if err != nil {
		faults = err.Error()
	}
	return notices, faults
}

const (
	trusted = `%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%5B` +
		`%22ec2.amazonaws.com%22%2C%22ecs-tasks.amazonaws.com%22%5D%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D`
	foreign = `%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C` +
		`%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D`
)

func role(policy string) string {
	return "<R><GetRoleResult><Role><AssumeRolePolicyDocument>" + policy +
		"</AssumeRolePolicyDocument></Role></GetRoleResult></R>"
}

// all returns the answers with which a definition has no faults.
func all() map[string]string {
	return map[string]string{
		"DescribeClusters": `{"clusters":[{"status":"ACTIVE"}]}`,
		"GetRole":          role(trusted),
		"BatchGetImage": `{"images":[{"imageManifest":"{\"manifests\":[{\"platform\":{\"os\":\"linux\",` +
			`\"architecture\":\"arm64\"}}]}"}]}`,
		"GetParameters": `{"Parameters":[{}]}`,
	}
}

// TestCheckOnce checks that each resource is looked up once, and that a log group that ECS
// creates is not looked up.
func TestCheckOnce(t *testing.T) {
	a := &account{answers: all()}
	notices, faults := check(t, a, subject(t, job), subject(t, job))
	if notices != nil || faults != "" {
		t.Errorf("Check() = %q, %s", notices, faults)
	}
	slices.Sort(a.asked)
	if want := []string{"BatchGetImage", "DescribeClusters", "GetParameters", "GetRole"}; !slices.Equal(a.asked, want) {
		t.Errorf("requests = %q, want %q", a.asked, want)
	}
}

func TestCheckFaults(t *testing.T) {
	arm := strings.Replace(job, `"family"`, `"runtimePlatform": {"cpuArchitecture": "X86_64"}, "family"`, 1)
	for _, tt := range []struct {
		name      string
		text      string
		operation string
		answer    string
		want      string
	}{
		{"cluster", job, "DescribeClusters", `{"clusters":[]}`, "cluster: there is no cluster web"},
		{
			"trust",
			job,
			"GetRole",
			role(`%7B%22Statement%22%3A%5B%5D%7D`),
			"job.json:1:34: taskRoleArn: the trust policy of arn:aws:iam::123456789012:role/task does not " +
				"let ecs-tasks.amazonaws.com assume it",
		},
		{"a trust in a form that is not known is not ours to refuse", job, "GetRole", role(foreign), ""},
		{"parameter", job, "GetParameters", `{"InvalidParameters":["/a"]}`,
			"job.json:5:43: containerDefinitions[0].secrets[0].valueFrom: there is no parameter /a"},
		{"image", job, "BatchGetImage", `{"failures":[{"failureCode":"ImageNotFound"}]}`,
			"job.json:4:42: containerDefinitions[0].image: there is no ECR image app:1"},
		{
			"platform",
			arm,
			"BatchGetImage",
			all()["BatchGetImage"],
			"job.json:4:42: containerDefinitions[0].image: the image is built for linux/arm64, but the task runs " +
				"on linux/amd64",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := all()
			answers[tt.operation] = tt.answer
			notices, got := check(t, &account{answers: answers},
				subject(t, tt.text))
			if got != tt.want || notices != nil {
				t.Errorf("Check() = %q, %q, want %q", notices, got, tt.want)
			}
		})
	}
}

// TestCheckNetwork checks that each missing subnet and security group, and each in another
// VPC, is a fault of its input. Without permission there is one notice for all.
func TestCheckNetwork(t *testing.T) {
	const (
		noSubnets        = `<R><subnetSet/></R>`
		subnets          = `<R><subnetSet><item><subnetId>s</subnetId><vpcId>vpc-1</vpcId></item></subnetSet></R>`
		groups, noGroups = `<R><securityGroupInfo><item><groupId>g</groupId><vpcId>vpc-2</vpcId></item>` +
			`</securityGroupInfo></R>`, `<R><securityGroupInfo/></R>`
	)
	for _, tt := range []struct {
		name            string
		subnets, groups string
		want            string
		notices         int
	}{
		{
			"missing",
			noSubnets,
			noGroups,
			"subnets: there is no subnet subnet-1\nsubnets: there is no subnet subnet-2\nsecurity-groups: " +
				"there is no security group sg-1",
			0,
		},
		{"in two VPCs", subnets, groups,
			"security-groups: sg-1 is in vpc-2, but subnet-1 is in vpc-1: all must be in one VPC", 0},
		{"subnets denied", "", noGroups, "security-groups: there is no security group sg-1", 1},
		{"denied", "", "", "", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := all()
			for operation, answer := range map[string]string{
				"DescribeSubnets":        tt.subnets,
				"DescribeSecurityGroups": tt.groups,
			} {
				if answer != "" {
					answers[operation] = answer
				}
			}
			s := subject(t, job)
			s.Subnets, s.SecurityGroups = []string{"subnet-1", "subnet-2"}, []string{"sg-1"}
			if notices, got := check(t, &account{answers: answers}, s); got != tt.want || len(notices) != tt.notices {
				t.Errorf("Check() = %q, %q, want %d notices and %q", notices, got, tt.notices, tt.want)
			}
		})
	}
}

// TestCheckDenied checks that each denied call gives a notice and no fault.
func TestCheckDenied(t *testing.T) {
	notices, faults := check(t, &account{}, subject(t, job))
	if len(notices) != 4 || faults != "" {
		t.Errorf("Check() = %q, %s, want 4 notices", notices, faults)
	}
	for _, notice := range notices {
		if !strings.HasPrefix(notice, "not checked: ") || !strings.Contains(notice, "not authorized to perform") {
			t.Errorf("notice = %q, want a reason why it was not checked", notice)
		}
	}
}
