package taskdef

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// awslogsOptions are the options that ECS demands of the log driver awslogs.
var awslogsOptions = []string{"awslogs-group", "awslogs-region"}

var secretARN = regexp.MustCompile(`^arn:[a-z0-9-]+:(secretsmanager|ssm):`)

// environmentName tells of variables without a name, but for those that have it
// under another member, which is told of already.
func environmentName(t *task, tell telling) {
	other := func(m document.Member) bool { return m.Key.Text != "value" }
	for _, c := range t.containers {
		for variable := range c.get("environment").each() {
			switch o := variable.get("name"); {
			case variable.node.Kind != document.Map || o.odd() || o.text() != "":
			case o.given() || !slices.ContainsFunc(variable.node.Members, other):
				tell(o, "", "a variable must have a name")
			}
		}
		for secret := range c.get("secrets").each() {
			if o := secret.get("name"); o.given() && !o.odd() && o.text() == "" {
				tell(o, "", "a variable must have a name")
			}
		}
	}
}

func environmentDuplicate(t *task, tell telling) {
	for _, c := range t.containers {
		duplicates(namesOf(c.get("environment")), 0, "variable", tell)
	}
}

// namesOf returns the names of a list of maps.
func namesOf(list object) []object {
	names := make([]object, 0, list.len())
	for item := range list.each() {
		names = append(names, item.get("name"))
	}
	return names
}

func environmentFile(t *task, tell telling) {
	const most = 10
	for _, c := range t.containers {
		files := c.get("environmentFiles")
		if n := files.len(); n > most {
			tell(files, "", "%d files are more than the %d that a container can have", n, most)
		}
		for file := range files.each() {
			if o := file.get("value"); o.text() != "" && !strings.HasSuffix(o.text(), ".env") {
				tell(o, "arn:aws:s3:::bucket/name.env", "the name of an environment file must end with .env")
			}
		}
	}
}

// secretName tells of secrets that take the name of another variable.
func secretName(t *task, tell telling) {
	for _, c := range t.containers {
		secrets := c.get("secrets")
		if secrets.empty() {
			continue
		}
		names := namesOf(c.get("environment"))
		duplicates(append(names, namesOf(secrets)...), len(names), "variable", tell)
	}
}

func secretValue(t *task, tell telling) {
	for _, c := range t.containers {
		for _, list := range []object{c.get("secrets"), c.get("logConfiguration").get("secretOptions")} {
			for secret := range list.each() {
				o := secret.get("valueFrom")
				switch from := o.text(); {
				case o.given() && !o.odd() && from == "":
					tell(o, "", "a secret must say which one it is: the ARN of a Secrets Manager secret, or the name or ARN of a Parameter Store parameter")
				case strings.HasPrefix(from, "arn:") && !secretARN.MatchString(from):
					tell(o, "", "the ARN is neither one of Secrets Manager nor one of Systems Manager")
				}
			}
		}
	}
}

func secretRole(t *task, tell telling) {
	if t.get("executionRoleArn").given() {
		return
	}
	for _, c := range t.containers {
		if secrets := c.get("secrets"); secrets.len() > 0 {
			tell(secrets, `"executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"`, "containers with secrets need an executionRoleArn, which the definition lacks")
			return
		}
	}
}

func logOptions(t *task, tell telling) {
	for _, c := range t.containers {
		log := c.get("logConfiguration")
		if log.get("logDriver").text() != "awslogs" {
			continue
		}
		for _, key := range awslogsOptions {
			if o := log.get("options").get(key); !o.given() {
				tell(o, "", "missing: the log driver awslogs requires the options awslogs-group and awslogs-region")
			}
		}
	}
}

func firelens(t *task, tell telling) {
	for _, c := range t.containers {
		if c.get("firelensConfiguration").given() {
			return
		}
	}
	for _, c := range t.containers {
		if o := c.get("logConfiguration").get("logDriver"); o.text() == "awsfirelens" {
			tell(o, `"firelensConfiguration": { "type": "fluentbit" }`, "the log driver awsfirelens needs a container with a firelensConfiguration, which the definition lacks")
			return
		}
	}
}
