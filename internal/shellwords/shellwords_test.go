package shellwords_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

func TestSplit(t *testing.T) {
	word := func(text string) shellwords.Word { return shellwords.Word{Text: text} }
	for _, tt := range []struct {
		in   string
		want []shellwords.Word
		err  string // the beginning
	}{
		{in: "", want: nil},
		{in: " \t\r\n", want: nil},
		{
			in:   "rake  db:migrate\t--trace\r\n",
			want: []shellwords.Word{word("rake"), word("db:migrate"), word("--trace")},
		},
		{
			in:   `a "b c" 'd "e' f\ g ""`,
			want: []shellwords.Word{word("a"), word("b c"), word(`d "e`), word("f g"), word("")},
		},
		{in: "a \\\n b\\\r\nc 'd\ne'", want: []shellwords.Word{word("a"), word("bc"), word("d\ne")}},
		{in: "a\nb", err: "character 2 is a line break"},
		{in: "a\rb", err: "character 2 is a line break"},
		{in: "a\r\nb", err: "character 3 is a line break"},
		{in: "a \r", want: []shellwords.Word{word("a")}},
		{in: "\nä\r\n\r\nb", err: "character 4 is a line break"},
		{in: "a \n\n", want: []shellwords.Word{word("a")}},
		{in: "a && b", err: "character 3 is the shell operator &"},
		{in: " a $(b)", err: "character 5 is the shell operator ("},
		{in: "'", err: "the quote at character 1 is not closed"},
		{in: `$A ${B:-x}y "c$D" '$E' \$F "\$G" $ $1`, want: []shellwords.Word{
			{Text: "$A", Expansion: "$A"}, {Text: "${B:-x}y", Expansion: "${B:-x}"}, {Text: "c$D", Expansion: "$D"},
			word("$E"), word("$F"), word("$G"), word("$"), {Text: "$1", Expansion: "$1"}}},
		{
			in: "`date` \"$(date)\" '`x`'",
			want: []shellwords.Word{
				{Text: "`date`", Expansion: "`date`"},
				{Text: "$(date)", Expansion: "$(date)"},
				word("`x`"),
			},
		},
		{in: `*.go "*" a#b #c ~ {a,b}`, want: []shellwords.Word{
			{Text: "*.go", Pattern: true}, word("*"), word("a#b"), {Text: "#c", Pattern: true},
			{Text: "~", Pattern: true}, word("{a,b}")}},
	} {
		got, err := shellwords.Split(tt.in)
		if (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("Split(%q) = %v, want the error %q", tt.in, err, tt.err)
		}
		if !cmp.Equal(got, tt.want) {
			t.Errorf("Split(%q) = %+v, want %+v", tt.in, got, tt.want)
		}
	}
}

func TestFindSplitScript(t *testing.T) {
	type list = []string
	for _, tt := range []struct {
		name           string
		entry, command list
		fault          bool
		entryFix, fix  list // of a fault or a warning; neither if nothing is found
	}{
		{
			name:    "in the command",
			command: list{"sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"sh", "-c", "exit 137"},
		},
		{
			name:     "in the entry point",
			entry:    list{"sh", "-c", "exit", "137"},
			fault:    true,
			entryFix: list{"sh", "-c", "exit 137"},
		},
		{
			name:    "across both",
			entry:   list{"sh", "-c"},
			command: list{"exit", "137"},
			fault:   true,
			fix:     list{"exit 137"},
		},
		{
			name:    "a path",
			command: list{"/bin/bash", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"/bin/bash", "-c", "exit 137"},
		},
		{
			name:    "zsh",
			command: list{"/usr/bin/zsh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"/usr/bin/zsh", "-c", "exit 137"},
		},
		{
			name:    "flags together",
			command: list{"sh", "-ec", "exit", "137"},
			fault:   true,
			fix:     list{"sh", "-ec", "exit 137"},
		},
		{
			name:    "flags apart",
			command: list{"bash", "-e", "-o", "pipefail", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"bash", "-e", "-o", "pipefail", "-c", "exit 137"},
		},
		{
			name:    "an option of a cluster",
			command: list{"bash", "-euo", "pipefail", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"bash", "-euo", "pipefail", "-c", "exit 137"},
		},
		{
			name:    "-c before other flags",
			command: list{"bash", "-c", "-e", "exit", "137"},
			fault:   true,
			fix:     list{"bash", "-c", "-e", "exit 137"},
		},
		{
			name:    "-c in the cluster",
			command: list{"bash", "-ceo", "pipefail", "exit", "137"},
			fault:   true,
			fix:     list{"bash", "-ceo", "pipefail", "exit 137"},
		},
		{
			name:    "long flags",
			command: list{"bash", "--norc", "--login", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"bash", "--norc", "--login", "-c", "exit 137"},
		},
		{
			name:    "after --",
			command: list{"sh", "-c", "--", "exit", "137"},
			fault:   true,
			fix:     list{"sh", "-c", "--", "exit 137"},
		},
		{
			name:    "env",
			command: list{"env", "-i", "-u", "X", "A=1", "sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"env", "-i", "-u", "X", "A=1", "sh", "-c", "exit 137"},
		},
		{
			name:    "/usr/bin/env",
			entry:   list{"/usr/bin/env", "bash", "-c"},
			command: list{"exit", "137"},
			fault:   true,
			fix:     list{"exit 137"},
		},
		{
			name:    "tini",
			entry:   list{"/sbin/tini", "-g", "--"},
			command: list{"sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"sh", "-c", "exit 137"},
		},
		{
			name:    "several runners",
			command: list{"dumb-init", "--", "timeout", "-k", "5", "60", "sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"dumb-init", "--", "timeout", "-k", "5", "60", "sh", "-c", "exit 137"},
		},
		{
			name:    "busybox",
			command: list{"busybox", "sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"busybox", "sh", "-c", "exit 137"},
		},
		{
			name:    "an entrypoint of the image's kind",
			entry:   list{"/docker-entrypoint.sh"},
			command: list{"sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"sh", "-c", "exit 137"},
		},
		{
			name:    "a shell after the -- of another program",
			entry:   list{"my-runner", "run", "--"},
			command: list{"sh", "-c", "exit", "137"},
			fix:     list{"sh", "-c", "exit 137"},
		},
		{
			name:    "a program that runs what is after its --",
			entry:   list{"doppler", "run", "--"},
			command: list{"sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"sh", "-c", "exit 137"},
		},
		{
			name:    "a program that runs another",
			command: list{"opentelemetry-instrument", "bash", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"opentelemetry-instrument", "bash", "-c", "exit 137"},
		},
		{
			name:    "a subcommand that runs another",
			command: list{"bundle", "exec", "sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"bundle", "exec", "sh", "-c", "exit 137"},
		},
		{
			name:    "a user first",
			command: list{"runuser", "-u", "app", "--", "sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"runuser", "-u", "app", "--", "sh", "-c", "exit 137"},
		},
		{
			name:    "a lock first",
			command: list{"flock", "-w", "5", "/tmp/lock", "sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"flock", "-w", "5", "/tmp/lock", "sh", "-c", "exit 137"},
		},
		{
			name:    "options and a command",
			command: list{"sh", "-c", "set -e", "migrate"},
			fix:     list{"sh", "-c", "set -e && migrate"},
		},
		{
			name:    "an operator",
			command: list{"sh", "-c", "cd /app", "&&", "./run", "2>&1"},
			fault:   true,
			fix:     list{"sh", "-c", "cd /app && ./run 2>&1"},
		},
		{
			name:    "a redirection",
			command: list{"sh", "-c", "./run --all", ">/dev/null"},
			fault:   true,
			fix:     list{"sh", "-c", "./run --all >/dev/null"},
		},
		{
			name:    "a semicolon at a word",
			command: list{"sh", "-c", "set -e", "./a;", "./b"},
			fault:   true,
			fix:     list{"sh", "-c", "set -e ./a; ./b"},
		},
		{
			name:    "quotes kept",
			command: list{"sh", "-c", "echo", "a b", "it's", "$HOME x", `"$A"`, ""},
			fault:   true,
			fix:     list{"sh", "-c", `echo 'a b' 'it'\''s' "$HOME x" "$A" ''`},
		},
		{
			name:    "a shell in a shell",
			entry:   list{"sh", "-c"},
			command: list{"sh", "-c", "exit 137"},
			fault:   true,
			fix:     list{"sh -c 'exit 137'"},
		},
		{
			name:    "and again split",
			entry:   list{"sh", "-c"},
			command: list{"sh", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"sh -c 'exit 137'"},
		},
		{
			name:     "the script in the entry point",
			entry:    list{"sh", "-c", "./start"},
			command:  list{"--port", "80"},
			fault:    true,
			entryFix: list{"sh", "-c", `./start "$@"`, "sh"},
		},
		{
			name:     "with its name",
			entry:    list{"sh", "-c", "./start", "--"},
			command:  list{"--port", "80"},
			fault:    true,
			entryFix: list{"sh", "-c", `./start "$@"`, "--"},
		},
		{
			name:    "a name and more",
			command: list{"sh", "-c", "./start", "--", "a", "b"},
			fault:   true,
			fix:     list{"sh", "-c", "./start a b"},
		},
		{
			name:    "behind a script that runs its arguments",
			entry:   list{"sh", "-c", `set -e; exec "$@"`, "--"},
			command: list{"bash", "-c", "exit", "137"},
			fault:   true,
			fix:     list{"bash", "-c", "exit 137"},
		},
		{
			name:    "one more argument",
			command: list{"sh", "-c", "python manage.py", "migrate"},
			fix:     list{"sh", "-c", "python manage.py migrate"},
		},
		{name: "a flag", command: list{"sh", "-c", "set -e; ./m", "--all"}, fix: list{"sh", "-c", "set -e; ./m --all"}},
		{
			name:    "lines as words",
			command: list{"sh", "-c", "set -e", "rake db:migrate", "rake db:seed"},
			fix:     list{"sh", "-c", "set -e && rake db:migrate && rake db:seed"},
		},

		{name: "one word", command: list{"sh", "-c", "exit 137"}},
		{name: "one plain word", command: list{"sh", "-c", "migrate"}},
		{name: "its arguments", command: list{"sh", "-c", `echo "$@"; exit $1`, "sh", "7"}},
		{name: "its arguments in braces", command: list{"sh", "-c", `exec app "${@}" ${1:-x}`, "sh", "7"}},
		{name: "their number", command: list{"sh", "-c", `test $# = 2`, "sh", "7", "8"}},
		{name: "all in one", command: list{"sh", "-c", `echo "$*"`, "sh", "7"}},
		{name: "its name", command: list{"sh", "-c", `echo $0`, "7"}},
		{name: "shift", command: list{"sh", "-c", `while shift; do :; done`, "sh", "7"}},
		{name: "getopts", command: list{"sh", "-c", `getopts a x; echo`, "sh", "-a"}},
		{name: "for without in", command: list{"sh", "-c", "for x do echo; done", "sh", "7"}},
		{name: "for without in over lines", command: list{"sh", "-c", "for x\ndo echo; done", "sh", "7"}},
		{name: "operators as arguments", command: list{"sh", "-c", `exec "$@"`, "sh", "find", ".", ";"}},
		{name: "only its name", command: list{"bash", "-c", "set -e; ./m", "migrate"}},
		{name: "only its usual name", command: list{"bash", "-c", "./m --all", "bash"}},
		{name: "only a name of the script", command: list{"bash", "-c", "exec /usr/bin/gunicorn app", "gunicorn"}},
		{name: "only -- for a plain script", command: list{"sh", "-c", "./m", "--"}},
		{name: "a file", command: list{"sh", "exit", "137"}},
		{name: "no script", entry: list{"sh", "-c"}},
		{name: "another program", command: list{"python", "-c", "exit", "137"}},
		{name: "nothing"},
		{name: "runners alone", command: list{"env", "-u"}},
		{name: "another subcommand", command: list{"bundle", "check", "sh", "-c", "exit", "137"}},
		{name: "a subcommand of nothing", command: list{"uv", "run"}},
		{name: "a runner of nothing", command: list{"tini", "--"}},
	} {
		got, found := shellwords.FindSplitScript(tt.entry, tt.command)
		if want := tt.fix != nil || tt.entryFix != nil; found != want || got.Certain != tt.fault {
			t.Errorf("%s: FindSplitScript(%q, %q) = %+v, %t, want %t, a fault %t", tt.name, tt.entry,
				tt.command, got, found, want, tt.fault)
			continue
		}
		fix := append(tt.entryFix,
			tt.fix...)
		if !slices.Equal(got.Fixed, fix) || got.InEntryPoint != (tt.entryFix != nil) {
			t.Errorf("%s: FindSplitScript(%q, %q).Fixed = %q, in the entry point %t, want %q", tt.name,
				tt.entry, tt.command, got.Fixed, got.InEntryPoint, fix)
		}
		fixedEntry, fixedCommand := tt.entry, got.Fixed
		if got.InEntryPoint {
			fixedEntry, fixedCommand = got.Fixed, tt.command
		}
		if again, found := shellwords.FindSplitScript(fixedEntry, fixedCommand); found {
			t.Errorf("%s: corrected %q %q still has a split script: %+v", tt.name, fixedEntry, fixedCommand, again)
		}
	}
}

// TestSplitScriptRuns checks with a real shell that a split script runs its first word, and a corrected one all.
func TestSplitScriptRuns(t *testing.T) {
	for _, words := range [][]string{
		{"sh", "-c", "exit", "137"},
		{"sh", "-ec", "exit", "137"},
		{"env", "A=1", "sh", "-c", "sh", "-c", "exit", "137"},
		{"sh", "-c", "true", "&&", "exit", "137"},
		{"sh", "-c", "true;", "exit", "137"},
		{"sh", "-c", "test", "a b", "!=", "a b", "||", "exit", "137"},
		{"sh", "-c", "test", "$PATH", "=", "", "||", "exit", "137"},
	} {
		found, ok := shellwords.FindSplitScript(nil, words)
		if !ok || !found.Certain {
			t.Errorf("FindSplitScript(nil, %q) = %+v, %t, want a certain one", words, found, ok)
			continue
		}
		if got := run(t, words); got == 137 {
			t.Errorf("exit code of %q = %d", words, got)
		}
		if got := run(t, found.Fixed); got != 137 {
			t.Errorf("exit code of %q = %d, want 137", found.Fixed, got)
		}
	}
}

// run returns the exit code of a command.
func run(t *testing.T, words []string) int {
	t.Helper()
	command := exec.Command(words[0], words[1:]...)
	if err := command.Run(); command.ProcessState == nil {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode()
}

// FuzzFindSplitScript checks that no words cause a panic, and that a corrected command is not found again.
func FuzzFindSplitScript(f *testing.F) {
	f.Add("sh -c exit 137", 2)
	f.Add("env A=1 sh -c sh -c exit 137", 0)
	f.Add(`sh -c 'exec "$@"' -- sh -ec a '&&' b`, 3)
	f.Fuzz(func(t *testing.T, line string, entry int) {
		split, err := shellwords.Split(line)
		if err != nil {
			return
		}
		words := shellwords.Texts(split)
		entry = max(0, min(entry, len(words)))
		found, ok := shellwords.FindSplitScript(words[:entry], words[entry:])
		if ok && (len(found.Fixed) == 0 || found.Shell == "" || len(found.Rest) == 0) {
			t.Errorf("FindSplitScript(%q, %q) = %+v", words[:entry], words[entry:], found)
		}
	})
}
