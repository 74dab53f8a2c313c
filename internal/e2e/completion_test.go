package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCompletion loads the completion scripts into their shells, and checks that they
// complete commands, flags, the values of flags, and the names of definition files.
func TestCompletion(t *testing.T) {
	program, err := exec.LookPath("ecs-run-task")
	if err != nil {
		t.Fatal(err)
	}
	// Each script completes the words in $LINE, and prints one candidate per line.
	shells := map[string]string{
		"bash": `
source /usr/share/bash-completion/bash_completion
source <(ecs-run-task completion bash)
COMP_LINE=$LINE COMP_POINT=${#LINE}
read -ra COMP_WORDS <<<"$LINE"
case $LINE in *" ") COMP_WORDS+=("") ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_TYPE=9
compopt() { :; } # which there is none of outside a real completion
__start_ecs-run-task
printf '%s\n' "${COMPREPLY[@]}"`,
		"fish": `
ecs-run-task completion fish | source
complete --do-complete "$LINE"`,
		"zsh": `
autoload -U compinit && compinit -u -D
source <(ecs-run-task completion zsh)
_describe() { shift; while [[ $1 = -* ]]; do shift; done; print -l -- ${(P)1} }
_arguments() { print -l -- "$@" }
words=(${(z)LINE}) CURRENT=${#words}
[[ $LINE = *" " ]] && { words+=(""); CURRENT=$((CURRENT + 1)) }
_ecs-run-task`,
	}
	for shell, script := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("no %s: %v", shell, err)
			}
			if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); shell == "bash" && err != nil {
				t.Skipf("no bash-completion: %v", err)
			}
			dir := t.TempDir()
			for _, name := range []string{"web.json", "notes.txt"} {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for line, want := range map[string][]string{
				"ecs-run-task ch":              {"check"},
				"ecs-run-task --launch-type F": {"FARGATE"},
				"ecs-run-task --skip-st":       {"--skip-steady-state-check"},
				"ecs-run-task completion z":    {"zsh"},
				"ecs-run-task check ":          {"web.json"},
			} {
				cmd := exec.Command(path, "-c", script)
				cmd.Dir = dir
				cmd.Env = []string{
					"LINE=" + line,
					"HOME=" + dir,
					"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"),
					"TERM=dumb",
				}
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Errorf("%s: %v\n%s", line, err, out)
				}
				words := strings.FieldsFunc(string(out), func(r rune) bool { return strings.ContainsRune("\n\t :", r) })
				for _, one := range want {
					if shell == "zsh" && one == "web.json" {
						one = "*.json" // the pattern that is passed to zsh's file completion
						words = strings.FieldsFunc(string(out), func(r rune) bool {
							return strings.ContainsRune("\n (|)", r)
						})
					}
					if !slices.Contains(words, one) {
						t.Errorf("completion of %s = %q, want %q in it", line, out, one)
					}
					if shell != "fish" && slices.Contains(words, "notes.txt") { // fish cannot filter by endings
						t.Errorf("completion of %s = %q, want no file that is not a definition", line, out)
					}
				}
			}
		})
	}
}
