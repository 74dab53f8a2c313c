package ci

import (
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// withheldPrefixes are the prefixes of variables that are not in env: those that the runner
// and the plugin protocol set for this step only, and those for the container credentials
// of AWS.
var withheldPrefixes = []string{"ACTIONS_", "INPUT_", "PLUGIN_", "AWS_CONTAINER_"}

// withheldNames are the variables with credentials that CIs set for a job.
var withheldNames = map[string]bool{
	"GITHUB_TOKEN":                      true,
	"GITHUB_ENTERPRISE_TOKEN":           true,
	"GH_TOKEN":                          true,
	"GH_ENTERPRISE_TOKEN":               true,
	"GITEA_TOKEN":                       true,
	"FORGEJO_TOKEN":                     true,
	"CI_JOB_TOKEN":                      true, // GitLab
	"CI_JOB_JWT":                        true,
	"CI_JOB_JWT_V1":                     true,
	"CI_JOB_JWT_V2":                     true,
	"CI_BUILD_TOKEN":                    true,
	"CI_REPOSITORY_URL":                 true, // contains the job token
	"CI_REGISTRY_PASSWORD":              true,
	"CI_DEPLOY_PASSWORD":                true,
	"CI_DEPENDENCY_PROXY_PASSWORD":      true,
	"CI_NETRC_PASSWORD":                 true, // Woodpecker
	"DRONE_NETRC_PASSWORD":              true,
	"DRONE_NETRC_FILE":                  true,
	"CIRCLE_TOKEN":                      true,
	"CIRCLE_OIDC_TOKEN":                 true,
	"CIRCLE_OIDC_TOKEN_V2":              true,
	"BUILDKITE_AGENT_TOKEN":             true,
	"BUILDKITE_AGENT_ACCESS_TOKEN":      true,
	"BITBUCKET_STEP_OIDC_TOKEN":         true,
	"SYSTEM_ACCESSTOKEN":                true, // Azure
	"SYSTEM_OIDCREQUESTURI":             true,
	"VSS_NUGET_ACCESSTOKEN":             true,
	"VSS_NUGET_EXTERNAL_FEED_ENDPOINTS": true,
	"CODEBUILD_AUTH_TOKEN":              true,
	"TEAMCITY_AUTH_PASSWORD":            true,
}

// environment returns the env context. It has no credentials. An expression that uses a
// withheld variable fails.
func environment(environ []string) *expr.Object {
	inputs := inputCopies(environ)
	hidden := map[string]bool{}
	env := expr.NewEnvironment()
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if withheld(name) || isToken(value) || inputs[variable] {
			hidden[name] = true
		} else if name != "" { // Windows has variables that begin with =
			env.Set(name, value)
		}
	}
	env.Guard(func(name string) *expr.Error {
		if !hidden[name] && !withheld(name) {
			return nil
		}
		return &expr.Error{
			Kind:    expr.Withheld,
			Message: "env." + name + " is withheld: a definition never sees credentials or the inputs of the step",
			Hint: "give what the task needs in the input secrets or variables, and write " +
				"${{ secrets.NAME }} or ${{ vars.NAME }} here",
		}
	})
	return env
}

// withheld reports whether a variable is never in env, whatever its value.
func withheld(name string) bool {
	name = strings.ToUpper(name)
	if withheldNames[name] {
		return true
	}
	for _, prefix := range withheldPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return withheldAWS(name)
}

// withheldAWS reports whether a variable contains a part of AWS credentials, or the name of
// a file with them.
func withheldAWS(name string) bool {
	_, rest, aws := strings.Cut(name, "AWS_") // users add prefixes such as PROD_
	return aws &&
		(strings.Contains(rest, "ACCESS_KEY") || strings.Contains(rest, "SECRET_KEY") ||
			strings.Contains(rest, "TOKEN"))
}

// shortestCredential is the minimum length of a real credential in bytes: an access key id
// has 16. Shorter ones are for emulators, such as test, and often occur as words in logs.
const shortestCredential = 16

// Credentials returns the values of the variables with credentials of CIs and AWS, which
// must be masked in all output.
func Credentials(environ []string) []string {
	var values []string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if len(value) < shortestCredential || strings.ContainsAny(value, "\r\n") ||
			strings.HasPrefix(value, "/") { // a text or a path, not a credential
			continue
		}
		upper := strings.ToUpper(name)
		input := strings.HasPrefix(upper, "INPUT_") || strings.HasPrefix(upper, "PLUGIN_")
		named := withheldNames[upper] || withheldAWS(upper) ||
			strings.HasPrefix(upper, "ACTIONS_") && strings.HasSuffix(upper, "_TOKEN")
		if isToken(value) || named && !input {
			values = append(values, value)
		}
	}
	return values
}

// isToken reports whether a value looks like a JSON Web Token. GitLab's id_tokens are in
// variables whose names the user chooses.
func isToken(value string) bool {
	return strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 && !strings.ContainsAny(value, " \n")
}

// inputCopies returns the variables that are copies of inputs: the runners of act, Gitea and
// Forgejo also set inputs under their own names.
func inputCopies(environ []string) map[string]bool {
	given := map[string]bool{}
	for _, variable := range environ {
		if input, is := strings.CutPrefix(variable, "INPUT_"); is {
			name, value, _ := strings.Cut(input, "=")
			given[variableName(name)+"="+value] = true
		}
	}
	copies := map[string]bool{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if name == strings.ToLower(name) && value != "" && given[variableName(name)+"="+value] {
			copies[variable] = true
		}
	}
	return copies
}

// variableName converts the name of an input to the form of an environment variable.
func variableName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
