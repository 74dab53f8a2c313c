package cli_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/cli"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

func none(string) (string, bool) { return "", false }

func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string
	}{
		{"--definition=web", "run"},
		{"run --definition=web", "run"},
		{"policy --definition=web", "policy"},
		{"check a.json", "check"},
		{"schema result", "schema"},
		{"schema definition", "schema"},
		{"stop", "stop"},
		{"reap --older-than 6h", "reap"},
		{"post", "post"},
		{"local-ecs --listen 127.0.0.1:0", "local-ecs"},
		{"version", "version"},
		{"--version", "version"},
		{"-v", "version"},
		{"check -v", "version"},
		{"-h", "print"},
		{"--help --all", "print"},
		{"help", "print"},
		{"help run --all", "print"},
		{"stop --help", "print"},
		{"completion bash", "print"},
	} {
		command, err := cli.Parse(strings.Fields(tt.args), none)
		if err != nil || command.Name != tt.want {
			t.Errorf("Parse(%s) = %q, %v, want %q", tt.args, command.Name, err, tt.want)
		}
		if command.Name == "print" && command.Text == "" {
			t.Errorf("Parse(%s).Text is empty", tt.args)
		}
	}
}

// TestFlags checks all notations of a flag. The last value counts, and an empty one means not given.
func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want input.Config
	}{
		{[]string{"--file-paths", "a.json"},
			input.Config{Definitions: input.Definitions{FilePaths: []string{"a.json"}}}},
		{[]string{"--file-paths=a.json"}, input.Config{Definitions: input.Definitions{FilePaths: []string{"a.json"}}}},
		{[]string{"-file-paths", "a.json"},
			input.Config{Definitions: input.Definitions{FilePaths: []string{"a.json"}}}},
		{[]string{"--file-paths=b.json", "--file-paths=a.json"},
			input.Config{Definitions: input.Definitions{FilePaths: []string{"a.json"}}}},
		{[]string{"--definition=web", "--file-paths="},
			input.Config{Definitions: input.Definitions{Definition: "web"}}},
		{[]string{"--definition=web", "--dry-run"},
			input.Config{Definitions: input.Definitions{Definition: "web"}, AWS: input.AWS{DryRun: true}}},
		{[]string{"--dry-run", "true", "--definition=web"},
			input.Config{Definitions: input.Definitions{Definition: "web"}, AWS: input.AWS{DryRun: true}}},
		{[]string{"--dry-run=yes", "--definition=web"},
			input.Config{Definitions: input.Definitions{Definition: "web"}, AWS: input.AWS{DryRun: true}}},
		{[]string{"--dry-run", "false", "--definition=web"},
			input.Config{Definitions: input.Definitions{Definition: "web"}}},
		{[]string{"--dry-run", "--definition=web"},
			input.Config{Definitions: input.Definitions{Definition: "web"}, AWS: input.AWS{DryRun: true}}},
		{[]string{"--definition", "-x: y"}, input.Config{Definitions: input.Definitions{Definition: "-x: y"}}},
	} {
		command, err := cli.Parse(tt.args, none)
		if err != nil {
			t.Errorf("Parse(%q) = %v", tt.args, err)
		}
		got := input.Config{
			Definitions: input.Definitions{FilePaths: command.Run.FilePaths, Definition: command.Run.Definition},
			AWS:         input.AWS{DryRun: command.Run.DryRun},
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got)\n%s", tt.args, diff)
		}
	}
}

func TestArguments(t *testing.T) {
	command, err := cli.Parse([]string{"check", "a.json,b.yaml", "--explain", "c.json", "-"}, none)
	if want := []string{
		"a.json", "b.yaml", "c.json", "-",
	}; err != nil || !slices.Equal(command.Check.Files, want) || !command.Check.Explain {
		t.Errorf("files of check = %q, %v, want %q, with explain", command.Check.Files, err, want)
	}
}

// TestFaults checks that all faults are reported at once, each as an *input.Error.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"--famly=x --file-paths=a.json --timeout=soon --branch main", []string{
			`--famly: unknown flag (did you mean "--family"?)`, "timeout: expected a duration",
			"branch: needs repository"}},
		{"--famly x --file-paths=a.json", []string{`--famly: unknown flag (did you mean "--family"?)`}},
		{"chek a.json", []string{`unknown command "chek" (did you mean "check"?)`}},
		{"ecs/a.json", []string{`unknown command "ecs/a.json"; a file of definitions is given by --file-paths ecs/a.json`}},
		{"run a.yaml", []string{`argument 2: expected a flag, such as --file-paths a.yaml`, "give the task definition"}},
		{"help chek", []string{`unknown command "chek" (did you mean "check"?)`}},
		{"run web --definition=web", []string{"argument 2: expected a flag, such as --file-paths"}},
		{"--definition=web --dry-run maybe", []string{"argument 3: expected a flag"}},
		{"--definition=web --timeout", []string{"--timeout: expected a value"}},
		{"check", []string{"give the files to check"}},
		{"schema", []string{"give the document whose schema to print: schema result or schema definition"}},
		{"schema reslt", []string{"give the document whose schema to print: schema result or schema definition"}},
		{"completion tcsh", []string{"unknown shell"}},
	} {
		_, err := cli.Parse(strings.Fields(tt.args), none)
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			t.Errorf("Parse(%s) = %v, want joined faults", tt.args, err)
			continue
		}
		for _, one := range joined.Unwrap() {
			var fault *input.Error
			if !errors.As(one, &fault) {
				t.Errorf("Parse(%s): error of type %T, want *input.Error", tt.args, one)
			}
		}
		if len(joined.Unwrap()) != len(tt.want) {
			t.Errorf("Parse(%s) = %q, want %d faults", tt.args, err, len(tt.want))
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Parse(%s) = %q, want %q in it", tt.args, err, want)
			}
		}
	}
}

// TestHelp checks that the short help fits on one screen, and that the long help has every flag.
func TestHelp(t *testing.T) {
	text := func(args ...string) string {
		command, err := cli.Parse(args, none)
		if err != nil {
			t.Fatal(err)
		}
		return command.Text
	}
	short := text("--help")
	if lines := strings.Count(short, "\n"); lines > 60 {
		t.Errorf("--help has %d lines, want at most 60:\n%s", lines, short)
	}
	for line := range strings.Lines(short) {
		if len(line) > 101 {
			t.Errorf("--help has a line of %d columns: %s", len(line), line)
		}
	}
	for _, want := range []string{"--file-paths", "local-ecs", "--timeout", "ecs-run-task help run --all"} {
		if !strings.Contains(short, want) {
			t.Errorf("--help lacks %q:\n%s", want, short)
		}
	}
	all := text("help", "run", "--all")
	for _, row := range input.Table() {
		if !strings.Contains(all, "  --"+row.Name+" ") {
			t.Errorf("help run --all lacks --%s", row.Name)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		command, err := cli.Parse([]string{"completion", shell}, none)
		if err != nil || !strings.Contains(command.Text, "ecs-run-task") {
			t.Errorf("completion %s = %v, %d bytes", shell, err, len(command.Text))
		}
	}
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{""}, []string{"check", "run", "version"}},
		{[]string{"--launch-type", ""}, []string{"EC2", "FARGATE", "EXTERNAL", ":4"}},
		{[]string{"--dry-run="}, []string{"true", "false"}},
		{[]string{"--steady"}, []string{"--steady-state"}},
		{[]string{"--file-paths", ""}, []string{"json", "yaml", ":8"}}, // ":8" is: files with these endings
		{[]string{"check", ""}, []string{"json", "yaml", ":8"}},
		{[]string{"--result-file", ""}, []string{":0"}}, // any file
		{[]string{"--family", ""}, []string{":4"}},      // no file
		{[]string{"help", ""}, []string{"check", "stop"}},
		{[]string{"schema", ""}, []string{"result", "definition"}},
	} {
		command, err := cli.Parse(append([]string{"__complete"}, tt.args...), none)
		if err != nil {
			t.Errorf("complete %q: %v", tt.args, err)
		}
		for _, want := range tt.want {
			if !strings.Contains(command.Text, want+"\t") && !strings.Contains(command.Text, want+"\n") {
				t.Errorf("complete %q = %q, want %q in it", tt.args, command.Text, want)
			}
		}
	}
}
