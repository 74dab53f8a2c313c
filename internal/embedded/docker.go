package embedded

import (
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// WithoutDocker returns a hint how to run the command in args without Docker. The hint does not
// repeat the command if it contains secrets, or if an environment variable selects Docker.
func WithoutDocker(args []string) string {
	hint := "local: process runs the containers' commands as processes of this machine, without their images"
	asked := false
	words := []string{"ecs-run-task"}
	for i, arg := range args[1:] {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case slices.Contains([]string{"secrets", "git-token", "ssh-key"}, name):
			return hint
		case arg == "--local=docker":
			arg, asked = "--local=process", true
		case arg == "docker" && args[i] == "--local":
			arg, asked = "process", true
		}
		words = append(words, shellWord(arg))
	}
	if !asked {
		return hint
	}
	return hint + ":\n" + strings.Join(words, " ")
}

// plainWord matches a word that needs no quotes in a shell.
var plainWord = lazyregexp.New(`^[A-Za-z0-9_./:=,@%+-]+$`)

// shellWord returns a word, quoted for a shell if necessary.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
