package ci

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/expand"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// Sources holds the data for the contexts. Every field may be empty.
type Sources struct {
	Run     Run
	Environ []string // NAME=value, as in [os.Environ]
	Event   []byte   // the JSON of the file at GITHUB_EVENT_PATH

	// Job, Strategy, Matrix and Inputs are the contexts with these names, as JSON.
	Job, Strategy, Matrix, Inputs string

	Vars, Secrets *expr.Object

	// Family, Cluster, Region and Commit are the members of the ecs context. Commit is that of
	// the definition's repository; it is empty without a repository.
	Family, Cluster, Region, Commit string
}

// Contexts returns the contexts for expressions in a definition: github, env, runner, job,
// strategy, matrix, vars, secrets, inputs and ecs.
//
// On GitHub, Gitea, Forgejo and outside of a CI, github is filled from the GITHUB_
// variables; on other CIs from [Sources.Run]. job, strategy, matrix and inputs are null if
// they are empty. Credentials of the environment are not in env; an expression that uses
// one fails.
//
// The error joins one error for each text that is not JSON.
func Contexts(s Sources) (map[string]any, error) {
	github, err := s.github()
	errs := []error{err}
	contexts := map[string]any{
		"github":  github,
		"env":     environment(s.Environ),
		"runner":  s.runner(),
		"vars":    orEmpty(s.Vars),
		"secrets": orEmpty(s.Secrets),
		"ecs":     object("family", s.Family, "cluster", s.Cluster, "region", s.Region, "commit", s.Commit),
	}
	for _, given := range []struct{ name, text string }{
		{"job", s.Job}, {"strategy", s.Strategy}, {"matrix", s.Matrix}, {"inputs", s.Inputs},
	} {
		value, err := fromJSON(given.text)
		if err != nil {
			errs = append(errs, fmt.Errorf("context %s: %w", given.name, err))
		}
		contexts[given.name] = value
	}
	contexts["matrix"] = s.matrix(contexts["matrix"])
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return contexts, nil
}

// Placeholders returns the values of ${workflow.name}, ${workflow.releaseNo},
// ${workflow.variables.NAME}, ${deploymentUrl}, ${app.name} and ${env.NAME}, an
// [expand.Unavailable] for those that the CI does not say. The contexts are those that
// [Contexts] has returned.
func Placeholders(run Run, contexts map[string]any) *expr.Object {
	setOrUnavailable := func(o *expr.Object, name, value string) {
		if value == "" {
			o.Set(name, expand.Unavailable{})
		} else {
			o.Set(name, value)
		}
	}
	workflow, app, placeholders := &expr.Object{}, &expr.Object{}, &expr.Object{}
	setOrUnavailable(workflow, "name", run.Workflow)
	setOrUnavailable(workflow, "releaseNo", run.Number)
	workflow.Set("variables", contexts["vars"])
	placeholders.Set("workflow", workflow)
	setOrUnavailable(placeholders, "deploymentUrl", run.URL)
	setOrUnavailable(app, "name", run.Repository)
	placeholders.Set("app", app)
	placeholders.Set("env", contexts["env"])
	return placeholders
}

// githubNames are the members of the github context that GitHub passes to actions as
// GITHUB_ variables.
var githubNames = []string{
	"action", "action_path", "action_ref", "action_repository", "actor", "actor_id", "api_url", "artifacts",
	"artifacts_list", "base_ref", "env", "event_name", "event_path", "graphql_url", "head_ref", "job",
	"output", "path", "ref", "ref_name", "ref_protected", "ref_type", "repository", "repository_id",
	"repository_owner", "repository_owner_id", "retention_days", "run_attempt", "run_id", "run_number",
	"server_url", "sha", "state", "step_summary", "triggering_actor", "workflow", "workflow_ref",
	"workflow_sha", "workspace",
}

func (s Sources) github() (*expr.Object, error) {
	var github *expr.Object
	switch s.Run.System {
	case "github", "gitea", "forgejo", "": // outside of a CI users set them for tests
		github = named(s.Environ, "GITHUB_", githubNames)
		if protected, found := github.Get("ref_protected"); found {
			github.Set("ref_protected", protected == "true")
		}
	default:
		github = s.Run.github()
	}
	github.Guard(func(name string) *expr.Error {
		if !strings.EqualFold(name, "token") {
			return nil
		}
		return &expr.Error{
			Kind:    expr.Withheld,
			Message: "github.token is not available: the runner does not pass it on",
			Hint: "give the step the input secrets with the line TOKEN=${{ github.token }}, and write " +
				"${{ secrets.TOKEN }} here",
		}
	})
	if len(s.Event) == 0 {
		return github, nil
	}
	event, err := expr.FromJSON(s.Event)
	if err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	github.Set("event", event)
	return github, nil
}

// github returns the github context for a run of another CI.
func (r Run) github() *expr.Object {
	owner, _, _ := cutLast(r.Repository, "/")
	github := object(
		"action", r.Step, "actor", r.Actor, "event_name", r.EventName, "job", r.Job,
		"ref", r.Ref, "ref_name", r.RefName, "ref_type", r.RefType,
		"repository", r.Repository, "repository_owner", owner,
		"run_attempt", r.Attempt, "run_id", r.ID, "run_number", r.Number,
		"server_url", r.ServerURL, "sha", r.SHA, "workflow", r.Workflow, "workspace", r.Workspace,
	)
	github.Set("head_ref", r.HeadRef) // also empty on GitHub without a pull request
	github.Set("base_ref", r.BaseRef)
	if r.PullRequest != "" {
		github.Set("event", r.pullRequestEvent())
	}
	return github
}

// pullRequestEvent returns the members of GitHub's event that other CIs have too.
func (r Run) pullRequestEvent() *expr.Object {
	number, err := expr.FromJSON([]byte(r.PullRequest))
	if err != nil {
		number = r.PullRequest
	}
	pull := &expr.Object{}
	pull.Set("number", number)
	pull.Set("head", object("ref", r.HeadRef, "sha", r.SHA))
	pull.Set("base", object("ref", r.BaseRef))
	event := &expr.Object{}
	event.Set("number", number)
	event.Set("pull_request", pull)
	return event
}

// runner returns the runner context. If the runner does not set os and arch, they are those
// of this program, with GitHub's names.
func (s Sources) runner() *expr.Object {
	runner := named(s.Environ, "RUNNER_", []string{
		"arch", "debug", "environment", "name", "os", "temp", "tool_cache", "workspace",
	})
	systems := map[string]string{"linux": "Linux", "windows": "Windows", "darwin": "macOS"}
	machines := map[string]string{"386": "X86", "amd64": "X64", "arm": "ARM", "arm64": "ARM64"}
	for _, known := range []struct{ name, value string }{
		{"os", systems[runtime.GOOS]},
		{"arch", machines[runtime.GOARCH]},
	} {
		if _, given := runner.Get(known.name); !given && known.value != "" {
			runner.Set(known.name, known.value)
		}
	}
	return runner
}

// matrix corrects toJSON(matrix) of Forgejo's runner up to version 12, which nests it in Matrix.
func (s Sources) matrix(matrix any) any {
	o, is := matrix.(*expr.Object)
	if !is || s.Run.System != "forgejo" || o.Len() != 1 {
		return matrix
	}
	for name, inner := range o.All() {
		if _, is := inner.(*expr.Object); is && name == "Matrix" {
			return inner
		}
	}
	return matrix
}

// named returns an object with the values of environment variables: prefix and name in
// upper case. It has only names whose variables are set.
func named(environ []string, prefix string, names []string) *expr.Object {
	values := map[string]string{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	o := &expr.Object{}
	for _, name := range names {
		if value, set := values[prefix+strings.ToUpper(name)]; set {
			o.Set(name, value)
		}
	}
	return o
}

// object returns an object from names and values. It skips empty values.
func object(namesAndValues ...string) *expr.Object {
	o := &expr.Object{}
	for i := 0; i < len(namesAndValues); i += 2 {
		if value := namesAndValues[i+1]; value != "" {
			o.Set(namesAndValues[i], value)
		}
	}
	return o
}

func orEmpty(o *expr.Object) *expr.Object {
	if o == nil {
		return &expr.Object{}
	}
	return o
}

// fromJSON parses JSON. It returns nil for an empty text.
func fromJSON(text string) (any, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	return expr.FromJSON([]byte(text))
}
