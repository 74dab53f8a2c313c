package awsfacts

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

var (
	accountID      = lazyregexp.New(`^[0-9]{12}$`)
	partitionID    = lazyregexp.New(`^aws(-[a-z]+)*$`)
	roleText       = lazyregexp.New(`^[A-Za-z0-9+=,.@_/-]+$`) // up to 512 characters, with the path
	parameterName  = lazyregexp.New(`^[A-Za-z0-9_./-]+$`)     // up to 1011 characters
	parameterLabel = lazyregexp.New(`^[A-Za-z0-9_.-]+$`)      // up to 100 characters; a version is a number
	versionStage   = lazyregexp.New(`^[A-Za-z0-9/_+=.@-]+$`)

	// secretName matches up to 512 characters. Secrets that other services manage have a
	// !, such as rds!db-1.
	secretName = lazyregexp.New(`^[A-Za-z0-9/_+=.@!-]+$`)

	// bucketName matches up to 255 characters. Buckets from before 2018 may have upper
	// case letters.
	bucketName = lazyregexp.New(`^[A-Za-z0-9._-]+$`)
)

// ParseARN parses an ARN of a service. It returns false for any other text, and for an ARN
// with an invalid partition, region or account.
func ParseARN(s, service string) (arn.ARN, bool) {
	a, err := arn.Parse(s)
	return a, err == nil && a.Service == service && partitionID.MatchString(a.Partition) && a.Resource != "" &&
		(a.Region == "" || CanBeRegion(a.Region)) && (a.AccountID == "" || accountID.MatchString(a.AccountID))
}

// IsRole reports whether a text is the name or the ARN of an IAM role. Both may include
// the path of the role.
//
// Source: IAM user guide, "IAM and AWS STS quotas" and "IAM identifiers"; read in
// November 2026.
func IsRole(s string) bool {
	if strings.HasPrefix(s, "arn:") {
		a, ok := ParseARN(s, "iam")
		name, isRole := strings.CutPrefix(a.Resource, "role/")
		return ok && isRole && a.Region == "" && a.AccountID != "" && roleText.MatchString(name)
	}
	return len(s) <= 512 && roleText.MatchString(s)
}

// IsObject reports whether a text is the ARN of an S3 object.
//
// Source: ECS API reference, EnvironmentFile: value; S3 user guide, "General
// purpose bucket naming rules"; read in November 2026.
func IsObject(s string) bool {
	a, ok := ParseARN(s, "s3")
	bucket, key, found := strings.Cut(a.Resource, "/")
	return ok && a.Region == "" && a.AccountID == "" && found && key != "" &&
		len(bucket) <= 255 && bucketName.MatchString(bucket)
}

// A Secret is the source of a secret value.
type Secret struct {
	// ARN is the ARN of a secret in Secrets Manager or of a parameter. It is empty for a
	// parameter that is given by its name.
	ARN string

	Manager   bool   // in Secrets Manager, not in Parameter Store
	Region    string // empty means the task's region
	Parameter string // name of a parameter, with its leading / if any; without version or label
	Name      string // of a secret, as in its ARN, with the six random characters

	Key, Stage, Version string // JSON key, version stage and version id of a secret; may be empty
}

// A SecretError means that a reference to a secret is invalid.
type SecretError struct{ Reason string }

func (e *SecretError) Error() string { return e.Reason }

// ParseSecret parses the valueFrom of a container's secret. It is either the ARN of a
// secret in Secrets Manager, optionally with :json-key:version-stage:version-id, or the
// ARN or name of a parameter in Parameter Store, optionally with :version or :label. The
// error is a [*SecretError].
//
// Source: ECS developer guide, "Pass Secrets Manager secrets ..." and "Pass
// Systems Manager parameters through Amazon ECS environment variables"; API
// references of CreateSecret, GetSecretValue, PutParameter and GetParameters; read
// in November 2026. The guide does not name versions and labels of parameters;
// GetParameters takes them.
func ParseSecret(s string) (Secret, error) {
	switch a, _ := arn.Parse(s); {
	case !strings.HasPrefix(s, "arn:"):
		name, label, labelled := strings.Cut(s, ":")
		if !isParameter(name) || labelled && !isLabel(label) || labelled && reservedNames[strings.ToLower(name)] {
			return Secret{}, &SecretError{"it is neither an ARN nor the name of a parameter"}
		}
		return Secret{Parameter: name}, nil
	case a.Service == "secretsmanager":
		return parseManaged(s)
	case a.Service == "ssm":
		return parseParameter(s)
	case a.Service == "":
		return Secret{}, &SecretError{"the ARN has too few parts"}
	}
	return Secret{}, &SecretError{"the ARN is neither one of Secrets Manager nor one of Systems Manager"}
}

// reservedNames are prefixes that users write before a name by mistake. A name before a
// colon is not one of these: parameter names cannot begin with ssm.
var reservedNames = map[string]bool{"ssm": true, "secretsmanager": true, "sha256": true}

// isParameter reports whether a text can be the name of a parameter: "each sub-path
// can be formed as a mix of letters, numbers and the following 3 symbols .-_"
// (Systems Manager, ValidationException).
func isParameter(name string) bool {
	return len(name) <= 1011 && parameterName.MatchString(name) && !strings.Contains(name, "//") &&
		!strings.HasSuffix(name, "/")
}

func isLabel(label string) bool { return len(label) <= 100 && parameterLabel.MatchString(label) }

func parseParameter(s string) (Secret, error) {
	a, ok := ParseARN(s, "ssm")
	name, isPath := strings.CutPrefix(a.Resource, "parameter/")
	name, label, labelled := strings.Cut(name, ":")
	switch {
	case !ok || a.Region == "" || a.AccountID == "":
		return Secret{}, &SecretError{"the ARN needs a region and an account of 12 digits"}
	case !isPath:
		return Secret{}, &SecretError{"after the account, the ARN of a parameter must have :parameter/ and the name"}
	case strings.HasPrefix(name, "/"):
		return Secret{}, &SecretError{"after :parameter there must be exactly one /, with which the name begins"}
	case !isParameter(name) || labelled && !isLabel(label):
		return Secret{}, &SecretError{"the ARN has no valid parameter name, which consists of letters, " +
			"digits and . _ - /"}
	}
	return Secret{ARN: s, Region: a.Region, Parameter: name}, nil
}

func parseManaged(s string) (Secret, error) {
	a, ok := ParseARN(s, "secretsmanager")
	parts := strings.Split(a.Resource, ":")
	switch {
	case !ok || a.Region == "" || a.AccountID == "":
		return Secret{}, &SecretError{"the ARN needs a region and an account of 12 digits"}
	case parts[0] != "secret" || len(parts) < 2 || len(parts[1]) > 519 || !secretName.MatchString(parts[1]):
		return Secret{}, &SecretError{"after the account, the ARN of a secret must have :secret: and the " +
			"name, which consists of letters, digits and / _ + = . @ ! -"}
	case len(parts) == 2:
		parts = append(parts, "", "", "")
	case len(parts) != 5:
		return Secret{}, &SecretError{"after the name of the secret only json-key:version-stage:version-id " +
			"can follow, with both colons; each part may be empty"}
	}
	secret := Secret{
		ARN: strings.Join(strings.Split(s, ":")[:7], ":"), Manager: true, Region: a.Region,
		Name: parts[1], Key: parts[2], Stage: parts[3], Version: parts[4],
	}
	switch {
	case strings.TrimSpace(secret.Key) != secret.Key || strings.ContainsAny(secret.Key, "${}<>"):
		return Secret{}, &SecretError{"the JSON key has white space around it, or characters of a placeholder"}
	case secret.Stage != "" && secret.Version != "":
		return Secret{}, &SecretError{"a version stage and a version id cannot be used together"}
	case secret.Stage != "" && !versionStage.MatchString(secret.Stage):
		return Secret{}, &SecretError{"the version stage has characters that are not allowed"}
	case secret.Version != "" && !parameterLabel.MatchString(secret.Version):
		return Secret{}, &SecretError{"the version id must consist of letters, digits and hyphens"}
	}
	return secret, nil
}

// IsCredentials reports whether a text is the ARN or name of a secret in Secrets Manager,
// as in the credentials of a registry.
//
// Source: ECS API reference, RepositoryCredentials; read in November 2026.
func IsCredentials(s string) bool {
	if strings.HasPrefix(s, "arn:") {
		secret, err := ParseSecret(s)
		return err == nil && secret.Manager && secret.ARN == s
	}
	return len(s) <= 512 && secretName.MatchString(s)
}
