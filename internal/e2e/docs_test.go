package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/cli"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// TestReference checks that the reference contains the table of inputs; -update writes it.
func TestReference(t *testing.T) {
	const path = "docs/reference.md"
	want := reference(t)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not the table of inputs; go test -run TestReference . -update (-want +got):\n%s", path, diff)
	}
}

func reference(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("# Reference\n\nMade from the table of inputs; do not edit.\n\n" +
		"Each input `file-paths` is the flag `--file-paths`, or one of the variables `INPUT_FILE-PATHS`,\n" +
		"`INPUT_FILE_PATHS` and `PLUGIN_FILE_PATHS`, in this order. Empty is not given. Lists are separated by\n" +
		"commas or lines.\n")
	group := ""
	for _, in := range input.Table() {
		if in.Group != group {
			group = in.Group
			fmt.Fprintf(&text, "\n## %s\n\n| input | default | |\n|---|---|---|\n", group)
		}
		value := in.Default
		if in.ActionDefault != "" {
			value = in.ActionDefault
		}
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", in.Name, value, strings.ReplaceAll(in.Description(), "|", `\|`))
	}
	text.WriteString("\nThe JUnit report has a suite for each definition and a case for each container that " +
		"decides, of\n" +
		"the last attempt of each task; it has a failure or an error if and only if the step failed.\n")
	text.WriteString("\n## x-run-task\n\nA definition's own top-level member `x-run-task` can give these " +
		"inputs for its tasks. It goes\n" +
		"before the step's inputs, and is not sent to ECS.\n\n")
	for _, in := range input.Rows(&input.Launch{}) {
		fmt.Fprintf(&text, "- `%s`\n", in.Name)
	}
	text.WriteString("\n## Outputs\n\nEach is one line. Lists and objects are JSON, for `fromJSON`.\n\n| " +
		"output | |\n|---|---|\n")
	outputs := readAction(t).Outputs
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		fmt.Fprintf(&text, "| `%s` | %s |\n", name, at(t, outputs[name], "description"))
	}
	return text.String()
}

// block is a fenced block of a document: the words after the fence, and the text.
type block struct {
	language, file string
	line           int
	text           string
}

var fenced = regexp.MustCompile("(?ms)^```(\\w+)(?: (\\S+))?\\n(.*?)^```$")

func blocksOf(text string) []block {
	var blocks []block
	for _, m := range fenced.FindAllStringSubmatchIndex(text, -1) {
		b := block{language: text[m[2]:m[3]], text: text[m[6]:m[7]], line: strings.Count(text[:m[0]], "\n") + 1}
		if m[4] >= 0 {
			b.file = text[m[4]:m[5]]
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// TestDocuments checks all YAML and JSON in the documents: a step that uses the action is
// checked as the step itself would check it. Each sh block is run in a folder with the files of
// its document, with an ECS. The lines of the block after it must occur in its output.
func TestDocuments(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("docs has no documents: %v", err)
	}
	for _, path := range append(documents, "README.md", "CONTRIBUTING.md", "SECURITY.md") {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			wantLinks(t, path, string(text))
			wantCommands(t, path, string(text))
			blocks := blocksOf(string(text))
			workspace, files := t.TempDir(), map[string]string{}
			for _, b := range blocks {
				if b.file != "" {
					files[b.file] = b.text
				}
			}
			write(t, workspace, files)
			for i, b := range blocks {
				where := fmt.Sprintf("%s:%d", path, b.line)
				switch b.language {
				case "yaml":
					for _, document := range parseYAML(t, b.text) {
						wantSteps(t, where, document)
					}
				case "json":
					if b.file == "" && !json.Valid([]byte(b.text)) {
						t.Errorf("%s: not JSON", where)
					}
				case "sh":
					if path == "CONTRIBUTING.md" { // these commands run the tests
						continue
					}
					var want []string
					if i+1 < len(blocks) && blocks[i+1].language == "text" {
						want = strings.Split(strings.TrimSpace(blocks[i+1].text), "\n")
					}
					wantScript(t, where, workspace, b.text, want)
				case "console":
					wantRelease(t, where, b.text)
				case "text":
				default:
					t.Errorf("%s: a block of %q, which nothing tests", where, b.language)
				}
			}
		})
	}
}

// wantScript runs a script. Its output must contain texts in this order.
func wantScript(t *testing.T, where, workspace, script string, want []string) {
	t.Helper()
	cmd := exec.Command("bash", "-e", "-c", script)
	cmd.Dir = workspace
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + workspace}, serveECS(t, "127.0.0.1").env()...)
	if strings.Contains(script, "git clone ") {
		cmd.Env = append(cmd.Env, cloning(t)...)
	}
	status, out := exitStatus(t, cmd)
	if status != 0 {
		t.Errorf("%s: exit status %d", where, status)
	}
	var ordered []string
	for _, text := range want {
		if text = timeless(text); !strings.HasPrefix(text, "[") {
			ordered = append(ordered, text)
		} else if !strings.Contains(timeless(out), text) { // the order of states and log lines may differ
			t.Errorf("%s: output does not contain %q", where, text)
		}
	}
	wantInOrder(t, timeless(out), ordered)
	if t.Failed() {
		t.Logf("%s:\n%s", where, out)
	}
}

var (
	identifier = regexp.MustCompile(`\b[0-9a-f]{8}(?:[0-9a-f]{24})?\b`)
	elapsed    = regexp.MustCompile(`\b[0-9.]+s\b`)
)

// timeless removes from a text what differs between runs: ids of tasks, and times.
func timeless(text string) string {
	return elapsed.ReplaceAllString(identifier.ReplaceAllString(text, "ID"), "TIME")
}

// cloning returns variables with which git uses this repository instead of its public URL, and
// Go uses its existing caches.
func cloning(t *testing.T) []string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if exec.Command("git", "rev-parse", "HEAD").Run() != nil {
		t.Skip("this is not a clone of the repository")
	}
	env := []string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=url." + here + ".insteadOf",
		"GIT_CONFIG_VALUE_0=https://github.com/ecs-run-task/ecs-run-task",
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*", "GOFLAGS=-buildvcs=false"}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return env
}

// inline matches a command in the middle of a text.
var inline = regexp.MustCompile("`ecs-run-task( [^`]+)`")

// indented matches the first line of a block without a fence.
var indented = regexp.MustCompile(`\n\n( {4}|\t).*`)

// wantCommands checks that the commands within sentences are valid, except for omitted inputs,
// and that there are no commands outside of sentences and fenced blocks.
func wantCommands(t *testing.T, path, text string) {
	t.Helper()
	for _, m := range inline.FindAllStringSubmatch(text, -1) {
		args := strings.Fields(m[1])
		switch {
		case args[0] == "policy":
			args = append(args, "--definition=x")
		case len(args) == 1: // it is only named
			args = append(args, "--help")
		}
		if _, err := cli.Parse(args, func(string) (string, bool) { return "", false }); err != nil {
			t.Errorf("%s: %s: %v", path, m[0], err)
		}
	}
	if m := indented.FindString(fenced.ReplaceAllString(text, "")); m != "" {
		t.Errorf("%s: a block without a fence, which nothing tests:%s", path, m)
	}
}

// wantRelease checks that the workflow in the certificate identity of a signature signs releases.
func wantRelease(t *testing.T, where, text string) {
	t.Helper()
	identity := regexp.MustCompile(`(\.github/workflows/\w+\.yml)@refs/heads/(\w+)`)
	for _, m := range identity.FindAllStringSubmatch(text, -1) {
		workflow, err := os.ReadFile(m[1])
		if err != nil || !strings.Contains(string(workflow), "cosign sign ") ||
			!strings.Contains(string(workflow), "github.ref == 'refs/heads/"+m[2]+"'") {
			t.Errorf("%s: %s does not sign on the branch %s: %v", where, m[1], m[2], err)
		}
	}
}

// wantSteps checks the inputs of every step of a YAML document that uses the action, and the
// flags of steps that call the command.
func wantSteps(t *testing.T, where string, node any) {
	t.Helper()
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			wantSteps(t, where, item)
		}
	case map[string]any:
		uses, _ := node["uses"].(string)
		with, _ := node["with"].(map[string]any)
		if strings.HasPrefix(uses, "ecs-run-task/ecs-run-task@") || uses == "" && with != nil {
			wantInputs(t, where, with)
		}
		for _, item := range node {
			wantSteps(t, where, item)
		}
	case string:
		if words := strings.Fields(node); len(words) > 0 && words[0] == "ecs-run-task" {
			if _, err := cli.Parse(words[1:], func(string) (string, bool) { return "", false }); err != nil {
				t.Errorf("%s: %s: %v", where, node, err)
			}
		}
	}
}

// workflowExpression matches expressions that the CI replaces before the action gets them.
var workflowExpression = regexp.MustCompile(`\$\{\{.*?\}\}`)

func wantInputs(t *testing.T, where string, with map[string]any) {
	t.Helper()
	declared := readAction(t).Inputs
	env := map[string]string{}
	for name, value := range with {
		if _, ok := declared[name]; !ok {
			t.Errorf("%s: the action has no input %s", where, name)
		}
		env["INPUT_"+strings.ToUpper(name)] = workflowExpression.ReplaceAllString(fmt.Sprint(value), "x")
	}
	_, err := cli.Parse(nil, func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	if err != nil {
		t.Errorf("%s: %v", where, err)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// wantLinks checks that the files and headings to which a document links exist.
func wantLinks(t *testing.T, path, text string) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		target := text
		if m[1] != "" {
			file, err := os.ReadFile(filepath.Join(filepath.Dir(path), m[1]))
			if err != nil {
				t.Errorf("%s links to %s: %v", path, m[1], err)
			}
			target = string(file)
		}
		if m[2] != "" && !slices.Contains(anchors(target), m[2]) {
			t.Errorf("%s links to %s%s, which does not exist", path, m[1], m[2])
		}
	}
}

// anchors returns the anchors of a document's headings, as GitHub creates them.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		plain := strings.Map(func(c rune) rune {
			switch {
			case c == ' ':
				return '-'
			case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
				return unicode.ToLower(c)
			}
			return -1
		}, m[1])
		all = append(all, "#"+plain)
	}
	return all
}

// TestMigrating checks that the names in the tables for migrating are inputs, with valid
// values, or outputs.
func TestMigrating(t *testing.T) {
	text, err := os.ReadFile("docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	action := readAction(t)
	named := 0
	for row := range strings.Lines(string(text)) {
		cells := strings.Split(strings.ReplaceAll(row, `\|`, ""), "|")
		if len(cells) != 4 {
			continue
		}
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[2], -1) {
			name, value, valued := strings.Cut(code[1], ": ")
			flag, isFlag := strings.CutPrefix(name, "--")
			switch _, isOutput := action.Outputs[name]; {
			case isFlag:
				flag, value, valued = strings.Cut(flag, "=")
				name = flag
			case isOutput, !regexp.MustCompile("^[a-z]+(-[a-z]+)*$").MatchString(name):
				continue
			}
			named++
			if !valued {
				if _, ok := action.Inputs[name]; !ok {
					t.Errorf("%s is not an input: %s", name, row)
				}
				continue
			}
			with := map[string]any{name: value}
			if name != "definition" {
				with["definition"] = "x"
			}
			wantInputs(t, strings.TrimSpace(row), with)
		}
	}
	if named < 40 {
		t.Errorf("the tables name %d inputs, want at least 40", named)
	}
}

// TestReleaseFindsImage checks that action.yml has a line of the form that a release replaces.
func TestReleaseFindsImage(t *testing.T) {
	action, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(action, []byte("\n  image: Dockerfile\n")) {
		t.Error(`action.yml has no line "  image: Dockerfile", which .github/workflows/release.yml replaces`)
	}
}
