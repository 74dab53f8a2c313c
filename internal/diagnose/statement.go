package diagnose

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

// statement is a statement of an IAM policy.
type statement struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

func allow(resource string, actions ...string) statement {
	return statement{Effect: "Allow", Action: actions, Resource: resource}
}

// encode returns statements as JSON: one, or a list of several.
func encode(statements []statement) string {
	if len(statements) == 0 {
		return ""
	}
	var value any = statements
	if len(statements) == 1 {
		value = statements[0]
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "" // strings and maps of strings always encode
	}
	return strings.TrimSpace(text.String())
}

// allowNamed allows the denied action, and further actions that the same caller needs, on
// the denied resource. A resource of one run is widened to all runs. It returns nil if
// the action is not known.
func allowNamed(n names) []statement {
	action, resource := n["action"], n["resource"]
	if action == "" {
		return nil
	}
	if resource == "" {
		resource = "*"
	}
	service, _, _ := strings.Cut(action, ":")
	actions := []string{action}
	switch {
	case action == "iam:PassRole":
		pass := allow(resource, action)
		pass.Condition = map[string]map[string]string{
			"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"},
		}
		return []statement{pass}
	case slices.Contains([]string{
		"ecr:GetAuthorizationToken", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition",
	}, action):
		resource = "*" // these actions support no other resource
	case service == "ecr":
		actions = []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}
	case action == "logs:CreateLogStream" || action == "logs:PutLogEvents":
		actions = []string{"logs:CreateLogStream", "logs:PutLogEvents"}
		resource = everyStream(resource)
	case service == "logs":
		resource = everyStream(resource)
	case service == "ecs":
		resource = everyRun(resource)
	}
	return []statement{allow(resource, actions...)}
}

// everyStream widens the ARN of a log group, or of one of its streams, to the group and
// all of its streams.
func everyStream(arn string) string {
	group, _, _ := strings.Cut(arn, ":log-stream")
	if !strings.Contains(group, ":log-group:") {
		return arn
	}
	return strings.TrimRight(group, ":*") + ":*"
}

// everyRun widens the ARN of a task to all tasks of its cluster, and that of a revision to
// all revisions of its family.
func everyRun(arn string) string {
	end := strings.LastIndexAny(arn, "/:")
	switch {
	case strings.Contains(arn, ":task/"), strings.Contains(arn, ":task-definition/") && arn[end] == ':':
		return arn[:end+1] + "*"
	}
	return arn
}

// allowPull allows all actions for a pull from ECR.
func allowPull(n names) []statement {
	token := allow("*", "ecr:GetAuthorizationToken")
	if n["action"] == "ecr:GetAuthorizationToken" {
		return []statement{token}
	}
	if n["action"] != "" {
		return allowNamed(n)
	}
	repository, ok := repositoryARN(n["image"])
	if !ok {
		return nil // not in ECR
	}
	return []statement{
		token,
		allow(repository, "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"),
	}
}

// repositoryARN returns the ARN of the ECR repository that an image is in.
func repositoryARN(image string) (string, bool) {
	parsed, err := awsfacts.ParseImage(image)
	registry, ok := parsed.ECR()
	if err != nil || !ok {
		return "", false
	}
	return registry.RepositoryARN(parsed.Repository), true
}

// allowSecret allows reading the secret.
func allowSecret(n names) []statement {
	if n["action"] != "" {
		return allowNamed(n)
	}
	secret := n["secret"]
	switch {
	case !isResource(secret):
		return nil
	case strings.Contains(secret, ":secretsmanager:"):
		// A valueFrom may have json-key:version-stage:version-id after the ARN.
		if parts := strings.Split(secret, ":"); len(parts) > 7 {
			secret = strings.Join(parts[:7], ":")
		}
		return []statement{allow(secret, "secretsmanager:GetSecretValue")}
	}
	return []statement{allow(secret, "ssm:GetParameters")}
}

// allowTask allows the action that a program was denied, but never on all resources,
// because the text is from a log and not from AWS.
func allowTask(n names) []statement {
	if n["resource"] == "" {
		return nil
	}
	return allowNamed(n)
}
