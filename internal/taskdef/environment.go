package taskdef

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

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
		for secret := range c.get("logConfiguration").get("secretOptions").each() {
			if o := secret.get("name"); o.given() && !o.odd() && o.text() == "" {
				tell(o, "", "a secret option must have the name of the log driver's option")
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
			switch o := file.get("value"); {
			case !o.given() || o.odd(): // told of already
			case !awsfacts.IsObject(o.text()):
				tell(o, "arn:aws:s3:::bucket/name.env", "expected the ARN of an object in S3, found %q", shorten(o.text()))
			case !strings.HasSuffix(o.text(), ".env"):
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

const secretForms = "arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf\n" +
	"arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf:json-key::\n" +
	"arn:aws:ssm:us-east-1:123456789012:parameter/name\n" +
	"/name/of/a/parameter"

// secretValue tells of secrets that can't be found. It does not print what they
// are: some write the secret itself there.
func secretValue(t *task, tell telling) {
	for _, c := range t.containers {
		for _, list := range []object{c.get("secrets"), c.get("logConfiguration").get("secretOptions")} {
			for secret := range list.each() {
				o := secret.get("valueFrom")
				_, err := awsfacts.ParseSecret(o.text())
				switch {
				case !o.given() || o.odd() || err == nil:
				case o.text() == "":
					tell(o, "", "a secret must say which one it is: the ARN of a Secrets Manager secret, or the name or ARN of a Parameter Store parameter")
				case strings.Contains(o.text(), "${"):
					tell(o, "arn:aws:ssm:us-east-1:${{ vars.ACCOUNT }}:parameter/name", "no readable secret reference: it has a placeholder that nothing replaces; expressions are written ${{ … }}")
				default:
					tell(o, secretForms, "no readable secret reference: %v", err)
				}
			}
		}
	}
}

// suffixLike matches a name that ends like a whole ARN of a secret does, with a hyphen
// and six characters, but in a word: those of Secrets Manager are random.
var suffixLike = regexp.MustCompile(`-[a-z]{6}$`)

// secretSuffix warns of a secret without the six characters that Secrets Manager adds
// to its ARN whose own name looks as if it had them: it is taken for a whole ARN, and
// not found (Secrets Manager user guide, "What's in a Secrets Manager secret").
func secretSuffix(t *task, tell telling) {
	for _, c := range t.containers {
		for _, list := range []object{c.get("secrets"), c.get("logConfiguration").get("secretOptions")} {
			for secret := range list.each() {
				o := secret.get("valueFrom")
				if from, err := awsfacts.ParseSecret(o.text()); err == nil && from.Manager && suffixLike.MatchString(from.Name) {
					tell(o, "", "if %q is the whole name of the secret, ECS takes its last six letters for the suffix of a whole ARN and does not find it: give the ARN with its own suffix", shorten(from.Name))
				}
			}
		}
	}
}

// secretPath warns of a path that is not from the root: "For parameters in a
// hierarchy, you must include a leading forward slash character (/) when you create
// or reference a parameter" (Systems Manager API reference, PutParameter: Name). Most
// often it is meant to be the name of a secret in Secrets Manager.
func secretPath(t *task, tell telling) {
	for _, c := range t.containers {
		for _, list := range []object{c.get("secrets"), c.get("logConfiguration").get("secretOptions")} {
			for secret := range list.each() {
				o := secret.get("valueFrom")
				if from, err := awsfacts.ParseSecret(o.text()); err == nil && from.ARN == "" && strings.Index(from.Parameter, "/") > 0 {
					tell(o, "/name/of/a/parameter\narn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf",
						"the name of a parameter with a / in it begins with one; a secret in Secrets Manager is given by its ARN")
				}
			}
		}
	}
}

// credentials tells of a registry's credentials that are no secret in Secrets
// Manager.
func credentials(t *task, tell telling) {
	for _, c := range t.containers {
		o := c.get("repositoryCredentials").get("credentialsParameter")
		if o.given() && !o.odd() && !awsfacts.IsCredentials(o.text()) {
			tell(o, "arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf", "expected the ARN of a secret in Secrets Manager, or its name")
		}
	}
}

func secretRole(t *task, tell telling) {
	if t.get("executionRoleArn").given() {
		return
	}
	for _, c := range t.containers {
		if secrets := c.get("secrets"); secrets.len() > 0 {
			tell(secrets, executionRole, "containers with secrets need an executionRoleArn, which the definition lacks")
			return
		}
		if secrets := c.get("logConfiguration").get("secretOptions"); secrets.len() > 0 {
			tell(secrets, executionRole, "log drivers with secret options need an executionRoleArn, which the definition lacks")
			return
		}
	}
}
