package ci

import (
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// withheldPrefixes begin the names of variables that are never shown: what the
// runner and the plugin protocol give to this step alone, and where AWS keeps
// the credentials of a container.
var withheldPrefixes = []string{"ACTIONS_", "INPUT_", "PLUGIN_", "AWS_CONTAINER_"}

// withheldNames are the credentials that CIs put into the environment of a job.
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
	"CI_REPOSITORY_URL":                 true, // has the job token in it
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

// environment returns the env context. It holds no credentials, and expressions
// that ask for one fail.
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

// withheld reports whether a variable is kept from definitions, whatever its
// value.
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

// withheldAWS reports whether a variable has a part of credentials for AWS, or names
// a file of them.
func withheldAWS(name string) bool {
	_, rest, aws := strings.Cut(name, "AWS_") // people put PROD_ before it
	return aws &&
		(strings.Contains(rest, "ACCESS_KEY") || strings.Contains(rest, "SECRET_KEY") ||
			strings.Contains(rest, "TOKEN"))
}

// shortestCredential is how many bytes a real credential has at least: an access key
// id has 16. A shorter one is for an emulator, such as test, and often a word that a log
// has as well.
const shortestCredential = 16

// Credentials returns the values of the variables that are credentials, of CIs and of
// AWS, which nothing must print.
func Credentials(environ []string) []string {
	var values []string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if len(value) < shortestCredential || strings.ContainsAny(value, "\r\n") ||
			strings.HasPrefix(value, "/") { // a text or a path with others
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

// isToken reports whether a value has the form of a JSON web token. GitLab's
// id_tokens are in variables that the user has named.
func isToken(value string) bool {
	return strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 && !strings.ContainsAny(value, " \n")
}

// inputCopies returns the variables in which the runners of act, Gitea and
// Forgejo repeat the inputs, under the names that the action gives them.
func inputCopies(environ []string) map[string]bool {
	given := map[string]bool{}
	for _, variable := range environ {
		if input, is := strings.CutPrefix(variable, "INPUT_"); is {
			name, value, _ := strings.Cut(input, "=")
			given[plain(name)+"="+value] = true
		}
	}
	copies := map[string]bool{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if name == strings.ToLower(name) && value != "" && given[plain(name)+"="+value] {
			copies[variable] = true
		}
	}
	return copies
}

// plain writes the name of an input as every runner could.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
