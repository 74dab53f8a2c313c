package input_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string
		err  string
	}{
		{in: `migrate`, want: []string{"migrate"}},
		{in: `rake  db:migrate	--trace`, want: []string{"rake", "db:migrate", "--trace"}},
		{in: `sh -c 'echo "$A" && ls'`, want: []string{"sh", "-c", `echo "$A" && ls`}},
		{
			in:   `say "a \"b\" \$c \d" 'it'\''s' x\ y "" e""`,
			want: []string{"say", `a "b" $c \d`, "it's", "x y", "", "e"},
		},
		{in: "a \\\n b \"c\\\nd\"", want: []string{"a", "b", "cd"}},
		{in: `echo $HOME *.txt ~ #x {a,b}`, want: []string{"echo", "$HOME", "*.txt", "~", "#x", "{a,b}"}},
		{in: `["sh", "-c", "exit 3", 1.10, true]`, want: []string{"sh", "-c", "exit 3", "1.10", "true"}},
		{in: "- sh\n- -c\n- |\n  a\n  b\n", want: []string{"sh", "-c", "a\nb\n"}},
		{in: `[ -f x`, want: []string{"[", "-f", "x"}},
		{in: `["a", "b"`, err: "command: expected a list in JSON or YAML, since it begins with a bracket"},
		{in: `[[ -f x ]]`, err: "command: item 1: expected text, a number, true or false"},
		{in: `[]`, err: "command: expected at least one item"},
		{in: `[a, {b: c}]`, err: "command: item 2: expected text, a number, true or false"},
		{in: `[a, null]`, err: "command: item 2: expected text, a number, true or false"},
		{in: "rake\\\n db:migrate\r\n\n", want: []string{"rake", "db:migrate"}},
		{in: "echo one\nexit 4\n",
			err: "command: character 9 is a line break, but no shell runs the command: " +
				`write one program as a list of words, such as ["rake", "db:migrate"], several commands ` +
				`as sh -c 'first && second', or end the line with a backslash to continue it`},
		{
			in: `a && b`,
			err: "command: character 3 is the shell operator &, but no shell runs the command: quote it, " +
				"or use sh -c '…'",
		},
		{
			in: `ä > b`,
			err: "command: character 3 is the shell operator >, but no shell runs the command: quote it, " +
				"or use sh -c '…'",
		},
		{in: `say 'it`, err: "command: the quote at character 5 is not closed"},
		{in: `say "it\"`, err: "command: the quote at character 5 is not closed"},
		{in: `say it\`, err: "command: nothing follows the backslash at the end"},
	} {
		got, err := input.Launch{}.With("command", tt.in)
		if text := errorText(err); text != tt.err || !cmp.Equal(got.Command.Words, tt.want) {
			t.Errorf("command %q = %q, %q, want %q, %q", tt.in, got.Command, text, tt.want, tt.err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzCommand checks that a line of quoted words is parsed to the same words, if they
// are valid UTF-8.
func FuzzCommand(f *testing.F) {
	f.Add("sh", "echo \"$A\" 'b' \\ \n&& ls")
	f.Add("", "ä|;<>")
	f.Add("a'b", "-")
	f.Add("\x95", "0")
	f.Fuzz(func(t *testing.T, a, b string) {
		for name, quote := range map[string]func(string) string{
			"single": func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
			"double": func(s string) string {
				return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(s) + `"`
			},
		} {
			line := quote(a) + " " + quote(b)
			got, err := input.Launch{}.With("command", line)
			if !utf8.ValidString(line) {
				if errorText(err) != "command: expected text in UTF-8" {
					t.Errorf("%s quotes: command %q: %v", name, line, err)
				}
				continue
			}
			if want := []string{a, b}; err != nil || !cmp.Equal(got.Command.Words, want) {
				t.Errorf("%s quotes: command %q = %q, %v, want %q", name, line, got.Command, err, want)
			}
		}
	})
}

func TestDotenv(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     input.Pairs
		err      string
	}{
		{"lines", "A=1\n\n# no\n  B = two words # a comment\nC=a#b\nD=\n",
			input.Pairs{{"A", "1"}, {"B", "two words"}, {"C", "a#b"}, {"D", ""}}, ""},
		{"export", "export A=1\nexport\tB=2", input.Pairs{{"A", "1"}, {"B", "2"}}, ""},
		{"quotes", `A='x # "y" \n'` + "\n" + `B="x\n\"y\" \$c" # z`,
			input.Pairs{{"A", `x # "y" \n`}, {"B", "x\n\"y\" $c"}}, ""},
		{"several lines", "A='one\ntwo'\nB=\"three\nfour\"\nC=5",
			input.Pairs{{"A", "one\ntwo"}, {"B", "three\nfour"}, {"C", "5"}}, ""},
		{"nothing is expanded", "A=$HOME\nB=\"${A}\"", input.Pairs{{"A", "$HOME"}, {"B", "${A}"}}, ""},
		{"line ends of Windows and a byte order mark", "\ufeffA=1\r\nB=2\r\n", input.Pairs{{"A", "1"}, {"B", "2"}}, ""},
		{"only a comment", "# no", nil, ""},
		{"no assignment", "A=1\nB", nil, "line 2: expected NAME=value"},
		{"a bad name", "A=1\n1B=2", nil, "line 2: expected NAME=value"},
		{"an open quote", "A='1\n2", nil, "line 1: the quote is not closed"},
		{"something after a quote", "A='x\ny'\nB='1' 2", nil, "line 3: expected the end of the line after the quote"},
		{"not UTF-8", "A=1\nB=\xff", nil, "line 2: expected text in UTF-8, without NUL"},
		{"NUL", "A=\x00", nil, "line 1: expected text in UTF-8, without NUL"},
		{"a name twice", "A=1\nA=2", nil, "line 2: duplicate name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := input.ParseDotenv(tt.in)
			if text := errorText(err); text != tt.err || !cmp.Equal(got, tt.want) {
				t.Errorf("ParseDotenv(%q) = %q, %q, want %q, %q", tt.in, got, text, tt.want, tt.err)
			}
		})
	}
}

// FuzzDotenv checks that ParseDotenv never panics, and that no error contains a value.
func FuzzDotenv(f *testing.F) {
	f.Add("A='x # \"y\" \\n'\nB=\"x\\n\" # z\nexport C=d")
	f.Fuzz(func(t *testing.T, text string) {
		pairs, err := input.ParseDotenv(text)
		if err != nil && pairs != nil {
			t.Errorf("ParseDotenv(%q) = %q with the error %v", text, pairs, err)
		}
		for _, pair := range pairs {
			if pair.Name == "" || strings.ContainsAny(pair.Name, "= \t\n") {
				t.Errorf("ParseDotenv(%q) has the name %q", text, pair.Name)
			}
		}
	})
}

func TestLaunchWith(t *testing.T) {
	spot := input.Launch{
		Placement: input.Placement{
			Count:                    2,
			CapacityProviderStrategy: input.Strategy{{Provider: "FARGATE_SPOT", Weight: 1}},
		},
	}
	for _, tt := range []struct {
		name, value string
		want        input.Launch
		err         string
	}{
		{
			"count",
			"3",
			input.Launch{Placement: input.Placement{Count: 3, CapacityProviderStrategy: spot.CapacityProviderStrategy}},
			"",
		},
		{"launch-type", "ec2", input.Launch{Placement: input.Placement{Count: 2, LaunchType: "EC2"}}, ""},
		{"launch-type", "", spot, ""},
		{
			"subnets",
			`["subnet-1","tag:A=b,c"]`,
			input.Launch{
				Placement: input.Placement{
					Count:                    2,
					CapacityProviderStrategy: spot.CapacityProviderStrategy,
					Subnets:                  []string{"subnet-1", "tag:A=b,c"},
				},
			},
			"",
		},
		{
			"environment",
			"@ci/.env",
			input.Launch{
				Placement: spot.Placement,
				Overrides: input.Overrides{Environment: input.Environment{File: "ci/.env"}},
			},
			"",
		},
		{"environment", "@", spot, "environment: expected the path of a file after the @"},
		{"count", "many", spot, "count: expected a whole number of 0 or more"},
		{"comand", "x", spot, `unknown input (did you mean "command"?)`},
		{"cluster", "x", spot, "unknown input"},
	} {
		got, err := spot.With(tt.name, tt.value)
		if text := errorText(err); text != tt.err {
			t.Errorf("With(%q, %q) = %q, want %q", tt.name, tt.value, text, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("With(%q, %q) (-want +got)\n%s", tt.name, tt.value, diff)
		}
	}
}

func TestLaunchCheck(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--count=0", "count: expected 1 to 5000"},
		{"--cpu=fast", "cpu: expected CPU units, as in 512, or a number of vCPUs, as in 0.5 vCPU"},
		{"--cpu=.5 vCPU", ""},
		{"--cpu=1024", ""},
		{"--memory=1GiB", "memory: expected a number of MiB, as in 1024, or of GB, as in 2 GB"},
		{"--memory=0.5GB", ""},
		{"--ephemeral-storage=20", "ephemeral-storage: expected 21 to 200 GiB"},
		{"--role-to-assume=run-tasks",
			"role-to-assume: expected the ARN of a role, as in arn:aws:iam::123456789012:role/name"},
		{"--task-role-arn=admin",
			"task-role-arn: expected the ARN of a role, as in arn:aws:iam::123456789012:role/name"},
		{"--service=a/b", "service: expected the name or ARN of a service"},
		{"--service=arn:aws:ecs:eu-central-1:123456789012:service/web/api", ""},
		{"--assign-public-ip=ENABLED", "assign-public-ip: needs subnets"},
		{"--assign-public-ip=ENABLED --service=api", ""},
		{"--preflight --local=process",
			"preflight: cannot be used together with local (there is no AWS to check with)"},
	} {
		args := []string{"--definition=web"}
		for arg := range strings.SplitSeq(tt.args, " --") {
			args = append(args, "--"+strings.TrimPrefix(arg, "--"))
		}
		_, err := read(nil, args...)
		if got := errorText(err); got != tt.want {
			t.Errorf("read(%q) = %q, want %q", args, got, tt.want)
		}
	}
}
