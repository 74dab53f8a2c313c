package scaffold_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/scaffold"
)

func TestRecognize(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{"README.md", "GitHub Actions"},
		{".github/workflows/test.yml", "GitHub Actions"},
		{".gitlab-ci.yml", "GitLab"},
		{"Jenkinsfile", "Jenkins"},
		{"bitbucket-pipelines.yml", "Bitbucket"},
	} {
		if got := scaffold.Detect(fstest.MapFS{tt.file: {}}).Name; got != tt.want {
			t.Errorf("Detect(%s) = %s, want %s", tt.file, got, tt.want)
		}
	}
}

func TestFamily(t *testing.T) {
	for folder, want := range map[string]string{"app": "app", "My App.io": "my-app-io", "-x-": "x", "…": "app"} {
		if got := scaffold.Family(folder); got != want {
			t.Errorf("Family(%q) = %q, want %q", folder, got, want)
		}
	}
}

// TestFiles checks that the files of each CI contain the family, the definition and every
// variable, and no placeholder of the template.
func TestFiles(t *testing.T) {
	for _, ci := range []string{"README.md", ".gitlab-ci.yml", "Jenkinsfile", "bitbucket-pipelines.yml"} {
		repository := fstest.MapFS{ci: {}}
		files := scaffold.Files(repository, scaffold.Detect(repository), "web", nil)
		if len(files) != 2 || files[0].Path != "ecs/web.json" || files[0].Exists ||
			files[1].Exists != (ci != "README.md") {
			t.Errorf("with %s: Files() = %+v", ci, files)
		}
		for _, file := range files {
			for _, word := range []string{"FAMILY", "PATH", "VARIABLES", "NAME"} {
				if strings.Contains(strings.ReplaceAll(file.Text, "FILE_PATHS", ""), word) {
					t.Errorf("with %s: %s contains the placeholder %s:\n%s", ci, file.Path, word, file.Text)
				}
			}
		}
		for _, want := range []string{"ecs/web.json", "AWS_REGION"} {
			if !strings.Contains(files[1].Text, want) {
				t.Errorf("with %s: %s does not contain %q:\n%s", ci, files[1].Path, want, files[1].Text)
			}
		}
	}
}

func TestEditable(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
		variables        []string
	}{
		{"one container",
			`{"family":"web","containerDefinitions":[{"name":"app","image":"r.example.com:5000/app:1.7",` +
				`"environment":[{"name":"TOKEN","value":"s3cret"},{"name":"a.b","value":"x"}]}]}`,
			`{"family":"job","containerDefinitions":[{"name":"app",` +
				`"image":"r.example.com:5000/app:${{ vars.IMAGE_TAG }}","environment":[{"name":"TOKEN",` +
				`"value":"${{ vars.TOKEN }}"},{"name":"a.b","value":"${{ vars.a_b }}"}]}]}`,
			[]string{"IMAGE_TAG", "TOKEN", "a_b"}},
		{"several containers",
			`{"containerDefinitions":[{"name":"app","image":"app:1"},{"name":"log-router","image":"fluent:2"}]}`,
			`{"containerDefinitions":[{"name":"app","image":"app:${{ vars.APP_IMAGE_TAG }}"},` +
				`{"name":"log-router","image":"fluent:${{ vars.LOG_ROUTER_IMAGE_TAG }}"}]}`,
			[]string{"APP_IMAGE_TAG", "LOG_ROUTER_IMAGE_TAG"}},
		{"texts like expressions",
			`{"containerDefinitions":[{"name":"app","command":["echo ${{ x }} ${HOME}"]}]}`,
			`{"containerDefinitions":[{"name":"app","command":["echo $${{ x }} ${HOME}"]}]}`, nil},
		{"no tag, and a digest",
			`{"containerDefinitions":[{"name":"app","image":"r.example.com:5000/app"},{"name":"b",` +
				`"image":"app@sha256:00"},{"name":"c"}]}`,
			`{"containerDefinitions":[{"name":"app","image":"r.example.com:5000/app"},{"name":"b",` +
				`"image":"app@sha256:00"},{"name":"c"}]}`, nil},
	} {
		trees, _, err := document.Parse("x.json", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		got := scaffold.Editable(trees[0], "job")
		if diff := cmp.Diff(tt.variables, got.Variables); diff != "" {
			t.Errorf("%s: variables (-want +got)\n%s", tt.name, diff)
		}
		again, _, err := document.Parse("x.json", []byte(got.Text))
		if err != nil {
			t.Fatal(err)
		}
		if text := string(again[0].JSON()); text != tt.want {
			t.Errorf("%s: Editable = %s, want %s", tt.name, text, tt.want)
		}
	}
}
