package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

// tree creates a folder with files of the given contents.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func link(t testing.TB, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// names formats the texts as "name=text", separated by spaces.
func names(texts []source.Text) string {
	var all []string
	for _, text := range texts {
		all = append(all, text.Name+"="+string(text.Bytes))
	}
	return strings.Join(all, " ")
}

func workspace(t testing.TB) string {
	outside := tree(t, map[string]string{"secret.json": "secret"})
	root := tree(t, map[string]string{
		"web.json":            "web",
		"ecs/api.json":        "api",
		"ecs/migrate.json":    "migrate",
		"ecs/jobs/night.yaml": "night",
		"ecs/[prod].json":     "prod",
		".github/hidden.json": "hidden",
		"large.json":          strings.Repeat("x", source.MaxText+1),
		"full.json":           strings.Repeat("x", source.MaxText),
		"folder.json/in.txt":  "",
	})
	link(t, "ecs/api.json", filepath.Join(root, "inside.json"))
	link(t, "ecs", filepath.Join(root, "linked"))
	link(t, "../"+filepath.Base(outside)+"/secret.json", filepath.Join(root, "up.json"))
	link(t, filepath.Join(outside, "secret.json"), filepath.Join(root, "absolute.json"))
	link(t, outside, filepath.Join(root, "out"))
	link(t, "nowhere.json", filepath.Join(root, "dangling.json"))
	link(t, "loop.json", filepath.Join(root, "loop.json"))
	makePipe(t, filepath.Join(root, "pipe.json"))
	return root
}

func TestLoadWorkspace(t *testing.T) {
	root := workspace(t)
	aliased := filepath.Join(t.TempDir(), "alias")
	link(t, root, aliased)

	for _, test := range []struct {
		name      string
		workspace string
		in        []string
		want      string
	}{
		{"one", root, []string{"web.json"}, "web.json=web"},
		{"in the order asked for", root, []string{"web.json", "ecs/migrate.json", "ecs/api.json"},
			"web.json=web ecs/migrate.json=migrate ecs/api.json=api"},
		{"no file twice", root, []string{"ecs/migrate.json", "./ecs//migrate.json", "ecs/*.json"},
			"ecs/migrate.json=migrate ecs/[prod].json=prod ecs/api.json=api"},
		{"a glob is sorted", root, []string{"ecs/*i*.json"}, "ecs/api.json=api ecs/migrate.json=migrate"},
		{"any depth", root, []string{"**/*.yaml"}, "ecs/jobs/night.yaml=night"},
		{"alternatives", root, []string{"ecs/{migrate,api}.json"}, "ecs/api.json=api ecs/migrate.json=migrate"},
		{"a name that looks like a glob", root, []string{"ecs/[prod].json"}, "ecs/[prod].json=prod"},
		{"an escaped glob", root, []string{`ecs/\[prod\].json`}, "ecs/[prod].json=prod"},
		{"dots inside", root, []string{"ecs/../web.json"}, "web.json=web"},
		{"absolute below the workspace", root, []string{root + "/web.json"}, "web.json=web"},
		{"absolute glob", root, []string{root + "/ecs/a*.json"}, "ecs/api.json=api"},
		{"absolute through an alias of the workspace", aliased,
			[]string{aliased + "/web.json", root + "/ecs/api.json"}, "web.json=web ecs/api.json=api"},
		{"link inside", root, []string{"inside.json"}, "inside.json=api"},
		{"through a linked folder", root, []string{"linked/api.json"}, "linked/api.json=api"},
		{"a glob in a linked folder", root, []string{"linked/a*.json"}, "linked/api.json=api"},
		{"hidden, spelled out", root, []string{".github/*.json"}, ".github/hidden.json=hidden"},
		{"not hidden, a wildcard", root, []string{"**/{hidden,night}.*"}, "ecs/jobs/night.yaml=night"},
		{"a glob takes files only", root, []string{"{link,fold,web}*"}, "web.json=web"},
		{"as large as may be", root, []string{"full.json"}, "full.json=" + strings.Repeat("x", source.MaxText)},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := source.Load(t.Context(), source.Config{Workspace: test.workspace, Paths: test.in})
			if err != nil {
				t.Fatalf("Load(%q) = %v, want no error", test.in, err)
			}
			if got := names(result.Texts); got != test.want {
				t.Errorf("Load(%q) = %.200s, want %.200s", test.in, got, test.want)
			}
			if result.Fetch != nil {
				t.Errorf("Load(%q).Fetch = %v, want nil", test.in, result.Fetch)
			}
		})
	}
}

func TestLoadWorkspaceFaults(t *testing.T) {
	root := workspace(t)
	for _, test := range []struct {
		name string
		in   []string
		want []string // one for each line of the error, in order
	}{
		{"missing", []string{"nothing-like-it"},
			[]string{"file-paths: nothing-like-it: no such file in the workspace"}},
		{"near name", []string{"ecs/migrat.jsno"},
			[]string{`file-paths: ecs/migrat.jsno: no such file in the workspace (did you mean "ecs/migrate.json"?)`}},
		{"another folder", []string{"api.json"}, []string{`(did you mean "ecs/api.json"?)`}},
		{"below a file", []string{"web.json/x"}, []string{"file-paths: web.json/x: not a directory"}},
		{"empty glob", []string{"ecs/*.toml"}, []string{"file-paths: ecs/*.toml: no file in the workspace matches"}},
		{"glob of folders only", []string{"link*"}, []string{"file-paths: link*: no file in the workspace matches"}},
		{"bad glob", []string{"ecs/[.json"}, []string{"file-paths: ecs/[.json: is not a valid glob"}},
		{"folder", []string{"ecs"}, []string{"file-paths: ecs: is a folder: name its files, such as ecs/*.json"}},
		{"the workspace itself", []string{"."}, []string{"file-paths: .: is a folder"}},
		{"linked folder", []string{"linked"}, []string{"file-paths: linked: is a folder"}},
		{"large", []string{"large.json"},
			[]string{"file-paths: large.json: 1048577 bytes are over the limit of 1048576 (1 MiB)"}},
		{"pipe", []string{"pipe.json"}, []string{"file-paths: pipe.json: is a named pipe, not a file"}},
		{"up and out", []string{"../x.json"}, []string{"file-paths: ../x.json: is outside of the workspace"}},
		{"up and out by a glob", []string{"../*/*.json"},
			[]string{"file-paths: ../*/*.json: is outside of the workspace"}},
		{"absolute outside", []string{"/etc/passwd"},
			[]string{"file-paths: /etc/passwd: is outside of the workspace " + root}},
		{"absolute by another name of the workspace", []string{"/home/runner/work/app/large.json"},
			[]string{"outside of the workspace " + root + ", which has large.json: use that path"}},
		{"link out", []string{"up.json"}, []string{`file-paths: up.json: up.json is a symbolic link to "../`}},
		{"absolute link", []string{"absolute.json"},
			[]string{"only links that stay inside of the workspace are followed"}},
		{"linked folder outside", []string{"out/secret.json"},
			[]string{"file-paths: out/secret.json: out is a symbolic link to"}},
		{"dangling link", []string{"dangling.json"},
			[]string{`dangling.json is a symbolic link to "nowhere.json", which does not exist`}},
		{"link to itself", []string{"loop.json"}, []string{"file-paths: loop.json: "}},
		{"all at once", []string{"a", "ecs", "*.b", "../c"},
			[]string{"file-paths: a: ", "file-paths: *.b: ", "file-paths: ../c: ", "file-paths: ecs: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := source.Load(t.Context(), source.Config{Workspace: root, Paths: test.in})
			if err == nil {
				t.Fatalf("Load(%q) = %s, want an error", test.in, names(result.Texts))
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("Load(%q) = %d faults, want %d:\n%v", test.in, len(lines), len(test.want), err)
			}
			for i, want := range test.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("Load(%q) fault %d = %s, want %s", test.in, i, lines[i], want)
				}
			}
			if strings.Contains(names(result.Texts), "secret") {
				t.Errorf("Load(%q) = %s, read outside of the workspace", test.in, names(result.Texts))
			}
		})
	}
}

func TestLoadInline(t *testing.T) {
	root := tree(t, map[string]string{"web.json": "web"})
	result, err := source.Load(t.Context(), source.Config{
		Definition: "{}",
		Paths:      []string{"web.json"},
		Workspace:  root,
	})
	if got, want := names(result.Texts), "definition={} web.json=web"; got != want || err != nil {
		t.Errorf("Load(inline and file) = %s, %v, want %s", got, err, want)
	}

	for _, test := range []struct {
		name string
		in   source.Config
		want string
	}{
		{"nothing", source.Config{}, "no definition: give its text as definition, or its file as file-paths"},
		{"large", source.Config{Definition: strings.Repeat(" ", source.MaxText+1)},
			"definition: 1048577 bytes are over the limit of 1048576 (1 MiB)"},
		{
			"as it is called",
			source.Config{Paths: []string{"x", "/etc/passwd"}, Workspace: root, Called: "the current folder"},
			"file-paths: /etc/passwd: is outside of the current folder " + root +
				", the only folder that files are read " +
				"from: copy it there, or run the command where it is\nfile-paths: x: no such file in the " +
				"current folder",
		},
		{"no workspace", source.Config{Paths: []string{"x"}}, "file-paths: no workspace"},
		{"workspace missing", source.Config{Paths: []string{"x"}, Workspace: filepath.Join(root, "none")},
			"open the workspace: "},
	} {
		if _, err := source.Load(t.Context(), test.in); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Load(%s) = %v, want %s", test.name, err, test.want)
		}
	}
}

// TestFile checks that File reads one file of the workspace, and none outside of it.
func TestFile(t *testing.T) {
	workspace := tree(t, map[string]string{"ci/.env": "A=1", "[x].env": "B=2"})
	if err := os.Symlink("/etc/hostname", filepath.Join(workspace, "link")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, want, err string }{
		{"ci/.env", "A=1", ""},
		{"./ci/../ci/.env", "A=1", ""},
		{filepath.Join(workspace, "ci/.env"), "A=1", ""},
		{"[x].env", "B=2", ""},
		{"../x", "", "is outside of the workspace"},
		{"/etc/hostname", "", "is outside of the workspace"},
		{"link", "", "is a symbolic link"},
		{"none", "", "no such file"},
		{"ci", "", "is a folder"},
	} {
		got, err := source.File(workspace, tt.name)
		if string(got.Bytes) != tt.want || (err == nil) != (tt.err == "") ||
			err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("File(%q) = %q, %v, want %q, %q", tt.name, got.Bytes, err, tt.want, tt.err)
		}
	}
}
