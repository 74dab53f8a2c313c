package embedded

import (
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// WithoutDocker says how to run without Docker what the arguments ask for.
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

// plainWord is a word that a shell takes as it stands.
var plainWord = lazyregexp.New(`^[A-Za-z0-9_./:=,@%+-]+$`)

// shellWord returns a word as a shell's line has it.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
