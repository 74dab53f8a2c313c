package expand_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ecs-run-task/ecs-run-task/internal/expand"
)

// workspace is a tree of files whose content is their own name.
func workspace() fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, name := range []string{
		"a/1.txt", "a/b/2.txt", "a/b/c/3.go", "a/b.txt", "a-b.txt", "b/x.txt", "b/go.sum", "b/f1.txt", "b/[x].txt",
		"go.sum", ".hidden", ".git/config", "node_modules/x/go.sum", "sp ace/f{1}.txt",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(name)}
	}
	return fsys
}

// sumOf is the hash of files of the workspace, in their order; "" is that of none.
func sumOf(names string) string {
	if names == "" {
		return ""
	}
	all := sha256.New()
	for name := range strings.SplitSeq(names, ", ") {
		sum := sha256.Sum256([]byte(name))
		all.Write(sum[:])
	}
	return hex.EncodeToString(all.Sum(nil))
}

// TestHashFiles holds what @actions/glob finds, and in which order.
func TestHashFiles(t *testing.T) {
	for _, tt := range []struct {
		patterns []string
		want     string // names in their order
	}{
		{[]string{"go.sum"}, "go.sum"},
		{[]string{"**/go.sum"}, "b/go.sum, go.sum, node_modules/x/go.sum"},
		{[]string{"**/go.sum", "!node_modules"}, "b/go.sum, go.sum"},
		{[]string{"**/go.sum\n!**/x/**\n# a comment\n"}, "b/go.sum, go.sum"},
		{[]string{"a"}, "a/1.txt, a/b/2.txt, a/b/c/3.go, a/b.txt"},
		{[]string{"a/"}, "a/1.txt, a/b/2.txt, a/b/c/3.go, a/b.txt"},
		{[]string{"a/**"}, "a/1.txt, a/b/2.txt, a/b/c/3.go, a/b.txt"},
		{[]string{"a/1.txt/"}, ""},
		{[]string{"a/*.txt"}, "a/1.txt, a/b.txt"},
		{[]string{"b/*.txt", "a/*.txt"}, "b/[x].txt, b/f1.txt, b/x.txt, a/1.txt, a/b.txt"},
		{[]string{"a/**", "!a/b", "a/b/c"}, "a/1.txt, a/b/c/3.go, a/b.txt"},
		{[]string{"b/x.txt", "a/b", "a"}, "b/x.txt, a/1.txt, a/b/2.txt, a/b/c/3.go, a/b.txt"},
		{[]string{"!a", "a/1.txt"}, "a/1.txt"},
		{[]string{"!!a/1.txt"}, "a/1.txt"},
		{[]string{".*"}, ".git/config, .hidden"},
		{[]string{"a?b.txt"}, "a-b.txt"},
		{[]string{"[ab]/[!1].txt"}, "a/b.txt, b/x.txt"},
		{[]string{"b/[[]x].txt"}, "b/[x].txt"},
		{[]string{`b/\[x\].txt`}, "b/[x].txt"},
		{[]string{"sp ace/f{1}.txt"}, "sp ace/f{1}.txt"},
		{[]string{"{a,b}/*.txt"}, ""},
		{[]string{"./a/1.txt"}, "a/1.txt"},
		{[]string{"a//1.txt"}, "a/1.txt"},
		{[]string{"A/1.txt"}, ""},
		{[]string{"nothing/**"}, ""},
		{[]string{"", "# nothing"}, ""},
		{[]string{"--follow-symbolic-links", "go.sum"}, "go.sum"},
	} {
		got, err := expand.HashFiles(workspace(), tt.patterns...)
		if err != nil || got != sumOf(tt.want) {
			t.Errorf("HashFiles(%q) = %q, %v, want the hash of %q", tt.patterns, got, err, tt.want)
		}
	}
}

func TestHashFilesErrors(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"../x", `pattern "../x": "." and ".." are not allowed in it`},
		{"a/./b", `pattern "a/./b": "." and ".." are not allowed in it`},
		{"/etc/passwd", `pattern "/etc/passwd": expected a path inside the workspace`},
		{"~/.aws/credentials", `pattern "~/.aws/credentials": expected a path inside the workspace`},
		{"!", `pattern "!": expected a path inside the workspace`},
		{"a/[x", `pattern "a/[x": a bracket or a backslash is not complete`},
		{"--follow", `unknown option "--follow": the only one is --follow-symbolic-links`},
	} {
		if _, err := expand.HashFiles(workspace(), tt.in); err == nil || err.Error() != tt.want {
			t.Errorf("HashFiles(%q) fails with %v, want %s", tt.in, err, tt.want)
		}
	}
}

func TestHashFilesLinks(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a/1", "c/2"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"a/dir": "../c", "a/file": "../c/2", "a/nowhere": "nothing",
		"a/b/up": "..", "out": "/etc"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, tt := range []struct {
		patterns []string
		want     string
	}{
		{[]string{"a"}, "a/1, c/2"},
		{[]string{"--follow-symbolic-links", "a"}, "a/1, c/2, c/2"},
		{[]string{"a/dir"}, ""},
		{[]string{"a/dir/2"}, "c/2"},
		{[]string{"a/nowhere"}, ""},
	} {
		got, err := expand.HashFiles(root.FS(), tt.patterns...)
		if err != nil || got != sumOf(tt.want) {
			t.Errorf("HashFiles(%q) = %q, %v, want the hash of %q", tt.patterns, got, err, tt.want)
		}
	}
	if got, err := expand.HashFiles(root.FS(), "--follow-symbolic-links", "out"); err == nil {
		t.Errorf("HashFiles of a link out of the root = %q, want an error", got)
	}
}
