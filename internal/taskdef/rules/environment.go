package rules

import (
	"iter"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// environmentName reports variables without a name, except those that have another member
// in its place: the check of shapes has reported that member.
func environmentName(t *task, report reportFunc) {
	other := func(m document.Member) bool { return m.Key.Text != "value" }
	for _, c := range t.containers {
		for variable := range c.Get("environment").Each() {
			switch o := variable.Get("name"); {
			case variable.Node.Kind != document.Map || o.Invalid() || o.Text() != "":
			case o.Given() || !slices.ContainsFunc(variable.Node.Members, other):
				report(o, "", "a variable must have a name")
			}
		}
		for secret := range c.Get("secrets").Each() {
			if o := secret.Get("name"); o.Given() && !o.Invalid() && o.Text() == "" {
				report(o, "", "a variable must have a name")
			}
		}
		for secret := range c.Get("logConfiguration").Get("secretOptions").Each() {
			if o := secret.Get("name"); o.Given() && !o.Invalid() && o.Text() == "" {
				report(o, "", "a secret option must have the name of the log driver's option")
			}
		}
	}
}

func environmentDuplicate(t *task, report reportFunc) {
	for _, c := range t.containers {
		duplicates(c.Get("environment").Names(), 0, "variable", report)
	}
}

func environmentFile(t *task, report reportFunc) {
	const most = 10
	for _, c := range t.containers {
		files := c.Get("environmentFiles")
		if n := files.Len(); n > most {
			report(files, "", "%d files are more than the %d that a container can have", n, most)
		}
		for file := range files.Each() {
			switch o := file.Get("value"); {
			case !o.Given() || o.Invalid(): // the check of shapes has reported it
			case !awsfacts.IsObject(o.Text()):
				report(o, "arn:aws:s3:::bucket/name.env", "expected the ARN of an object in S3, found %q",
					document.Shorten(o.Text()))
			case !strings.HasSuffix(o.Text(), ".env"):
				report(o, "arn:aws:s3:::bucket/name.env", "the name of an environment file must end with .env")
			}
		}
	}
}

// secretName reports secrets that have the name of another variable.
func secretName(t *task, report reportFunc) {
	for _, c := range t.containers {
		secrets := c.Get("secrets")
		if secrets.Empty() {
			continue
		}
		names := c.Get("environment").Names()
		duplicates(append(names, secrets.Names()...), len(names), "variable", report)
	}
}

const secretForms = "arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf\n" +
	"arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf:json-key::\n" +
	"arn:aws:ssm:us-east-1:123456789012:parameter/name\n" +
	"/name/of/a/parameter"

// secretReferences yields the valueFrom of each secret: of the containers and of their log
// drivers. It may be absent.
func (t *task) secretReferences() iter.Seq[value] {
	return func(yield func(value) bool) {
		for _, c := range t.containers {
			for _, list := range []value{c.Get("secrets"), c.Get("logConfiguration").Get("secretOptions")} {
				for secret := range list.Each() {
					if !yield(secret.Get("valueFrom")) {
						return
					}
				}
			}
		}
	}
}

// secretValue reports references to secrets that can't be found. It does not print them: a
// user may have written the secret itself there.
func secretValue(t *task, report reportFunc) {
	for o := range t.secretReferences() {
		_, err := awsfacts.ParseSecret(o.Text())
		switch {
		case !o.Given() || o.Invalid() || err == nil:
		case o.Text() == "":
			report(o, "", "a secret must say which one it is: the ARN of a Secrets Manager secret, or the name or ARN of a "+
				"Parameter Store parameter")
		case strings.Contains(o.Text(), "${"):
			report(o, "arn:aws:ssm:us-east-1:${{ vars.ACCOUNT }}:parameter/name",
				"no readable secret reference: it has a placeholder that nothing replaces; expressions are written ${{ … }}")
		default:
			report(o, secretForms, "no readable secret reference: %v", err)
		}
	}
}

// suffixLike matches a name that ends like a whole ARN of a secret, with a hyphen and six
// characters, but whose characters may be a word: those of Secrets Manager are random.
var suffixLike = lazyregexp.New(`-[a-z]{6}$`)

// secretSuffix warns of a secret without the six characters that Secrets Manager adds
// to its ARN whose own name looks as if it had them: it is taken for a whole ARN, and
// not found (Secrets Manager user guide, "What's in a Secrets Manager secret").
func secretSuffix(t *task, report reportFunc) {
	for o := range t.secretReferences() {
		if from, err := awsfacts.ParseSecret(o.Text()); err == nil && from.Manager && suffixLike.MatchString(from.Name) {
			report(o, "", "if %q is the whole name of the secret, ECS takes its last six letters for the suffix of a whole "+
				"ARN and does not find it: give the ARN with its own suffix", document.Shorten(from.Name))
		}
	}
}

// secretPath warns of a path that is not from the root: "For parameters in a
// hierarchy, you must include a leading forward slash character (/) when you create
// or reference a parameter" (Systems Manager API reference, PutParameter: Name). Most
// often it is meant to be the name of a secret in Secrets Manager.
func secretPath(t *task, report reportFunc) {
	for o := range t.secretReferences() {
		if from, err := awsfacts.ParseSecret(o.Text()); err == nil && from.ARN == "" &&
			strings.Index(from.Parameter, "/") > 0 {
			report(o, "/name/of/a/parameter\narn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf",
				"the name of a parameter with a / in it begins with one; a secret in Secrets Manager is given by its ARN")
		}
	}
}

// credentials reports credentials of a registry that are no secret in Secrets Manager.
func credentials(t *task, report reportFunc) {
	for _, c := range t.containers {
		o := c.Get("repositoryCredentials").Get("credentialsParameter")
		if o.Given() && !o.Invalid() && !awsfacts.IsCredentials(o.Text()) {
			report(o, "arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf",
				"expected the ARN of a secret in Secrets Manager, or its name")
		}
	}
}

func secretRole(t *task, report reportFunc) {
	if t.Get("executionRoleArn").Given() {
		return
	}
	for _, c := range t.containers {
		if secrets := c.Get("secrets"); secrets.Len() > 0 {
			report(secrets, executionRole, "containers with secrets need an executionRoleArn, which the definition lacks")
			return
		}
		if secrets := c.Get("logConfiguration").Get("secretOptions"); secrets.Len() > 0 {
			report(secrets, executionRole,
				"log drivers with secret options need an executionRoleArn, which the definition lacks")
			return
		}
	}
}
