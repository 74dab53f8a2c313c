package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

// TestRepositoryFaults covers faults that are found before any request.
func TestRepositoryFaults(t *testing.T) {
	workspace := tree(t, map[string]string{"in/x": ""})
	outside := t.TempDir()
	link(t, outside, filepath.Join(workspace, "out"))
	for _, test := range []struct{ in, want string }{
		{"https://", "names no host"},
		{"https://example.com", "names a host but no repository on it"},
		{"https://example.com/", "names a host but no repository on it"},
		{"https://exa mple.com/r", "has a space or a control character in it"},
		{"https://example.com/r\n", "has a space or a control character in it"},
		{"https://example.com/r?ref=main", "has something behind its path: give the branch or tag as branch"},
		{"https://example.com/r#main", "has something behind its path"},
		{"https://user:s3cret@exa%zzmple.com/r", `is not a URL: invalid URL escape "%zz"`},
		{"https://user:s3cret@example.com:port/r", "is not a URL: invalid port"},
		{"ftp://example.com/r", `has the scheme "ftp": https, ssh and file are known`},
		{"ext::sh -c true", "has a space or a control character in it"},
		{"http://example.com/r", "http can be read and changed on the way: use https or ssh"},
		{"git://example.com/r", "git can be read and changed on the way: use https or ssh"},
		{"http://localhost.example.com/r", "http can be read and changed on the way"},
		{"ssh://-oProxyCommand=x/r", "has a name in it that starts with a dash"},
		{"git@example.com:-x", "has a name in it that starts with a dash"},
		{"-oProxyCommand=x:r", "has a name in it that starts with a dash"},
		{"github.com/org/repo", `has no scheme (did you mean "https://github.com/org/repo"?)`},
		{"org/repo", `did you mean "https://github.com/org/repo", or "./org/repo" for a folder?`},
		{"repo", "is not a git URL"},
		{"file://example.com/r", "is not of the form file:///path"},
		{outside, "in CI, a repository on this machine must be inside of the workspace"},
		{"file://" + outside, "in CI, a repository on this machine must be inside of the workspace"},
		{"./out", "in CI, a repository on this machine must be inside of the workspace"},
		{"./in/../../x", "no such file or directory"},
		{"..", "in CI, a repository on this machine must be inside of the workspace"},
		{"./in", "no git repository is there"},
		{"./none", "no such file or directory"},
	} {
		config := source.Config{
			Repository: test.in,
			Paths:      []string{"x"},
			Workspace:  workspace,
			InCI:       true,
			Timeout:    time.Second,
		}
		_, err := source.Load(t.Context(), config)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Load(%q) = %v, want %s", test.in, err, test.want)
		}
		if strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("Load(%q) = %v, which contains the secret", test.in, err)
		}
	}
	_, err := source.Load(t.Context(), source.Config{Repository: "https://example.com/r"})
	if want := "no definition"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Load(a repository without paths) = %v, want %s", err, want)
	}
	_, err = source.Load(t.Context(), source.Config{Repository: "https://example.com/r", Definition: "{}"})
	if want := "repository: needs file-paths"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Load(a repository without paths) = %v, want %s", err, want)
	}
}

func TestLocalInCI(t *testing.T) {
	root := repository(t)
	config := source.Config{Repository: "./repo.git", Workspace: root, Paths: []string{"ecs/api.json"}, InCI: true}
	if _, err := source.Load(t.Context(), config); err != nil {
		t.Errorf("Load(a repository in the workspace) = %v, want no error", err)
	}
	config.Repository, config.Branch = "./work", "main" // one with a work tree
	if _, err := source.Load(t.Context(), config); err != nil {
		t.Errorf("Load(a repository with a work tree) = %v, want no error", err)
	}
	config.Repository = "./tree"
	git(t, filepath.Join(root, "work"), "worktree", "add", "-q", "--detach", filepath.Join(root, "tree"))
	_, err := source.Load(t.Context(),
		config)
	if err == nil || !strings.Contains(err.Error(), "is a linked work tree or a submodule") {
		t.Errorf("Load(a linked work tree) = %v, want a refusal", err)
	}
	// A repository must not use the objects of another one.
	elsewhere := t.TempDir()
	if err := os.Rename(filepath.Join(root, "repo.git", "objects"), filepath.Join(elsewhere, "objects")); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(elsewhere, "objects"), filepath.Join(root, "repo.git", "objects"))
	config.Repository = "./repo.git"
	_, err = source.Load(t.Context(),
		config)
	if err == nil || !strings.Contains(err.Error(), "no git repository is there") {
		t.Errorf("Load(a repository whose objects are elsewhere) = %v, want a refusal", err)
	}
}

func TestSecrets(t *testing.T) {
	for _, test := range []struct {
		in   source.Config
		want []string
	}{
		{source.Config{}, nil},
		{source.Config{Repository: "https://example.com/r@v1"}, nil},
		{source.Config{Repository: "https://me:p%40ss@example.com/r"}, []string{"p%40ss", "p@ss"}},
		{source.Config{Repository: "https://token@example.com/r"}, []string{"token", "token"}},
		{source.Config{Repository: "https://me:p@ss@exa%zzmple.com/r"}, []string{"p@ss", "p@ss"}},
		{source.Config{Repository: "ssh://git@example.com/r"}, nil},
		{source.Config{Repository: "git@example.com:r"}, nil},
		{source.Config{Token: " t\n", SSHKey: "k\n"}, []string{"t", "k"}},
	} {
		if got := test.in.Secrets(); !slices.Equal(got, test.want) {
			t.Errorf("Secrets(%+v) = %q, want %q", test.in, got, test.want)
		}
	}
}
