package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// text returns a file of the example with the test's time-out.
func (e example) text(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("examples", e.name, name))
	if err != nil {
		t.Fatal(err)
	}
	if e.timeout == "" {
		return string(text)
	}
	return strings.ReplaceAll(string(text), "15m", e.timeout)
}

// yaml returns the documents of a file of the example.
func (e example) yaml(t *testing.T, name string) []any {
	t.Helper()
	return parseYAML(t, e.text(t, name))
}

func parseYAML(t *testing.T, text string) []any {
	t.Helper()
	var documents []any
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var document any
		switch err := decoder.Decode(&document); err {
		case nil:
			documents = append(documents, document)
		case io.EOF:
			return documents
		default:
			t.Fatal(err)
		}
	}
}

// at returns the value at a path of keys and indices.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for i, step := range path {
		var found bool
		switch step := step.(type) {
		case string:
			members, _ := value.(map[string]any)
			value, found = members[step]
		case int:
			items, _ := value.([]any)
			if found = step < len(items); found {
				value = items[step]
			}
		}
		if !found {
			t.Fatalf("there is no value at %v", path[:i+1])
		}
	}
	return value
}

// wantValue checks the value at a path of keys and indices.
func wantValue(t *testing.T, value any, want string, path ...any) {
	t.Helper()
	if got := fmt.Sprint(at(t, value, path...)); got != want {
		t.Errorf("%v = %q, want %q", path, got, want)
	}
}

// settings returns the variables for the settings of plugins of the Drone family: hyphens and
// dots become underscores, lists of scalars are joined by commas, and maps are JSON.
func (e example) settings(t *testing.T, given any) []string {
	t.Helper()
	var env []string
	for name, value := range given.(map[string]any) {
		text, isText := value.(string)
		if !isText {
			quoted, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(quoted)
		}
		name = strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
		env = append(env, "PLUGIN_"+name+"="+e.expand(text))
	}
	return env
}

// with returns the variables for the inputs of a container action.
func (e example) with(t *testing.T, given any) []string {
	t.Helper()
	var env []string
	for name, value := range given.(map[string]any) {
		env = append(env, "INPUT_"+strings.ToUpper(name)+"="+e.expand(fmt.Sprint(value)))
	}
	return env
}

// expressions are those in the examples, with the values that their CIs insert.
var expressions = strings.NewReplacer(
	"${{ github.sha }}", "1ecfd275", "<+codebase.commitSha>", "1ecfd275", "<< pipeline.git.revision >>",
	"1ecfd275", "${CI_COMMIT_SHA}", "1ecfd275",
	"${{ secrets.AWS_ACCESS_KEY_ID }}", "of-the-repository", "${{ secrets.AWS_SECRET_ACCESS_KEY }}",
	"of-the-repository",
	`<+secrets.getValue("aws_access_key_id")>`, "a-secret",
	`<+secrets.getValue("aws_secret_access_key")>`, "a-secret",
)

// expand replaces expressions and variables of the CI in a text.
func (e example) expand(text string) string {
	return os.Expand(expressions.Replace(text), func(name string) string {
		value, _ := lookup(e.env)(name)
		return value
	})
}

// variables returns a map of variables as NAME=value. The value of one from a secret is the name
// of the secret.
func (e example) variables(t *testing.T, given any) []string {
	t.Helper()
	var env []string
	for name, value := range given.(map[string]any) {
		if secret, ok := value.(map[string]any); ok {
			value = at(t, secret, "from_secret")
		}
		env = append(env, name+"="+e.expand(fmt.Sprint(value)))
	}
	return env
}

// words returns the arguments of a command that is a list starting with the program.
func (e example) words(t *testing.T, given any, program string) []string {
	t.Helper()
	var words []string
	for _, word := range given.([]any) {
		words = append(words, word.(string))
	}
	if words[0] != program {
		t.Fatalf("the command is %q, want %s and its arguments", words, program)
	}
	return words[1:]
}

// lines joins a list of commands to a script.
func (e example) lines(t *testing.T, given any) string {
	t.Helper()
	var script strings.Builder
	for _, line := range given.([]any) {
		script.WriteString(line.(string) + "\n")
	}
	return script.String()
}

// component returns the job that GitLab creates from the component with inputs.
func (e example) component(t *testing.T, given any) any {
	t.Helper()
	text := e.text(t, "template.yml")
	declared := at(t, parseYAML(t, text)[0], "spec", "inputs").(map[string]any)
	for name := range given.(map[string]any) {
		if _, ok := declared[name]; !ok {
			t.Errorf("the component has no input %s; it has %v", name, slices.Sorted(maps.Keys(declared)))
		}
	}
	for name, input := range declared {
		value, isGiven := given.(map[string]any)[name]
		if !isGiven {
			value = at(t, input, "default")
		}
		text = strings.ReplaceAll(text, "$[[ inputs."+name+" ]]", fmt.Sprint(value))
	}
	if strings.Contains(text, "$[[") {
		t.Fatalf("the component uses an input that it does not declare:\n%s", text)
	}
	return at(t, parseYAML(t, text)[1], "migrate")
}

// orb returns the variables and steps that CircleCI creates from the orb's job with parameters.
func (e example) orb(t *testing.T, given map[string]any) (env []string, steps any) {
	t.Helper()
	job := at(t, e.yaml(t, "orb.yml")[0], "jobs", "run")
	parameters := at(t, job, "parameters").(map[string]any)
	for name := range given {
		if _, ok := parameters[name]; !ok &&
			!slices.Contains([]string{"name", "serial-group", "filters", "context"}, name) {
			t.Errorf("the orb's job has no parameter %s", name)
		}
	}
	for name, value := range at(t, job, "environment").(map[string]any) {
		text := fmt.Sprint(value)
		for parameter, declared := range parameters {
			value, isGiven := given[parameter]
			if !isGiven {
				value = declared.(map[string]any)["default"]
			}
			text = strings.ReplaceAll(text, "<< parameters."+parameter+" >>", fmt.Sprint(value))
		}
		if strings.Contains(text, "<< parameters.") {
			t.Errorf("%s of the orb's job has a parameter that is not declared: %s", name, text)
		}
		env = append(env, name+"="+e.expand(text))
	}
	return env, at(t, job, "steps")
}
