package embedded_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/embedded"
)

// The hint shows the given command with the process executor. It never contains a secret.
func TestWithoutDocker(t *testing.T) {
	for _, tt := range []struct{ args, want string }{ // the arguments; the last line of the hint
		{"--local=docker --file-paths=job.json", "ecs-run-task --local=process --file-paths=job.json"},
		{"--local docker", "ecs-run-task --local process"},
		{"--local docker --command a|b", "ecs-run-task --local process --command 'a|b'"},
		{"--command it's --local=docker", `ecs-run-task --command 'it'\''s' --local=process`},
		{"--file-paths=job.json", ""}, // the variable INPUT_LOCAL selected Docker
		{"--local=docker --secrets=A=1", ""},
		{"--local=docker --git-token t", ""},
	} {
		hint := embedded.WithoutDocker(strings.Fields("ecs-run-task " + tt.args))
		_, command, _ := strings.Cut(hint, ":\n")
		if command != tt.want || !strings.HasPrefix(hint, "local: process runs") {
			t.Errorf("WithoutDocker(%s) = %q, want the command %q", tt.args, hint, tt.want)
		}
	}
}
