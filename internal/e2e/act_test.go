package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestAct runs the workflows of testdata/workflows with act: with the action of this
// repository, which act builds from the Dockerfile, and with a released action, whose
// action.yml contains an image.
func TestAct(t *testing.T) {
	t.Parallel()
	host := gateway(t)
	program, err := exec.LookPath("act")
	if err != nil {
		t.Skip("act is not installed: nothing runs the workflows: go install github.com/nektos/act@v0.2.89")
	}
	image := buildImage(t, "")
	ecs := serveECS(t, host)
	repository, _ := serveGit(t, host, map[string]string{"ecs/migrate.json": definition("from-git", "true")})

	for _, tt := range []struct {
		name, workflow string
		args           []string
		want           []string
	}{
		{"the repository's own", "steps.yml", []string{"--var", "REPOSITORY=" + repository}, []string{
			"mona runs the action of the repository itself, mona", "outputs reach the next step",
			"outputs reach the next job",
		}},
		{
			"a released one",
			"released.yml",
			[]string{
				"--local-repository",
				"ecs-run-task/ecs-run-task@v1=" + released(t, image),
				"--action-offline-mode",
			},
			[]string{
				"one runs after another",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{
				"push", "--workflows", filepath.Join("testdata/workflows", tt.workflow), "--platform",
				"ubuntu-latest=" + shellImage,
				"--pull=false", "--rm", "--container-daemon-socket", "-",
			}, tt.args...)
			for _, variable := range ecs.env() {
				args = append(args, "--env", variable)
			}
			cmd := exec.Command(program, args...)
			scratch := t.TempDir() // act writes a cache and asks for settings
			cmd.Env = append(os.Environ(), "HOME="+scratch, "XDG_CACHE_HOME="+scratch,
				"XDG_CONFIG_HOME="+scratch, "TERM=dumb")
			status, out := exitStatus(t, cmd)
			if status != 0 {
				t.Errorf("act: exit status %d, want 0", status)
			}
			wantInOrder(t, out, tt.want)
			if t.Failed() {
				t.Log(out)
			}
		})
	}
	for _, family := range []string{
		"inline", "expressions", "second", "from-git", "failing", "shard-one", "shard-two",
	} {
		if tasks := ecs.tasks(t, family); len(tasks) != 1 {
			t.Errorf("%d tasks of family %s were started, want 1", len(tasks), family)
		}
	}
}

// released returns a folder with action.yml as in a release.
func released(t *testing.T, image string) string {
	t.Helper()
	action, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	from := []byte("\n  image: Dockerfile\n")
	if bytes.Count(action, from) != 1 {
		t.Fatalf("action.yml has no line %q, which a release replaces", from)
	}
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"action.yml": string(bytes.Replace(action, from, []byte("\n  image: docker://"+image+"\n"), 1)),
	})
	return folder
}
