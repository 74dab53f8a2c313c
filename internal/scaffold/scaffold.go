// Package scaffold writes the first files of a repository for the command init: a task
// definition, and a CI configuration that runs it.
//
// It never overwrites a file, and never calls AWS.
package scaffold

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates
var templates embed.FS

// System is a CI for which the package has a template.
type System struct {
	Name     string // its official name
	Path     string // of its file in the repository; FAMILY stands for the family
	template string
	// commit is the notation of the commit id in the CI's file, for the image tag. variable
	// is the notation of other variables; NAME stands for the name.
	commit, variable string
}

var (
	gitHub = System{
		"GitHub Actions", ".github/workflows/FAMILY.yml", "github.yml", "${{ github.sha }}",
		"${{ vars.NAME }}",
	}
	systems = []System{
		{"GitLab", ".gitlab-ci.yml", "gitlab.yml", "$CI_COMMIT_SHA", "$NAME"},
		{"Jenkins", "Jenkinsfile", "Jenkinsfile", "$GIT_COMMIT", "$NAME"},
		{"Bitbucket", "bitbucket-pipelines.yml", "bitbucket.yml", "$BITBUCKET_COMMIT", "$NAME"},
	}
)

// Detect returns the CI of a repository: the first one whose file exists, otherwise
// GitHub.
func Detect(repository fs.FS) System {
	for _, system := range systems {
		if exists(repository, system.Path) {
			return system
		}
	}
	return gitHub
}

// File is a file to write.
type File struct {
	Path   string // in the repository, with slashes
	Text   string
	Exists bool // the file exists already and must not be written
}

// Files returns the task definition and the CI's file for a family. definition is the
// result of [Editable] for a registered definition, or nil for an example.
func Files(repository fs.FS, system System, family string, definition *Definition) []File {
	if definition == nil {
		definition = example(family)
	}
	fill := strings.NewReplacer("FAMILY", family, "PATH", DefinitionPath(family), "VARIABLES",
		variables(system, definition.Variables)).Replace
	return []File{
		file(repository, DefinitionPath(family), definition.Text),
		file(repository, fill(system.Path), fill(read(system.template))),
	}
}

// DefinitionPath returns the path of the task definition of a family in the repository.
func DefinitionPath(family string) string { return path.Join("ecs", family+".json") }

// example returns a definition that runs without changes on Fargate and on the embedded ECS.
func example(family string) *Definition {
	return &Definition{
		Text:      strings.ReplaceAll(read("definition.json"), "FAMILY", family),
		Variables: []string{"AWS_REGION"},
		Network:   true,
	}
}

// variables returns the value of the input variables. The image tag is the commit, and other
// variables are those of the CI. The value is lines NAME=value in GitHub's file, and a map in
// command lines.
func variables(system System, names []string) string {
	value := func(name string) string {
		if name == ImageTag {
			return system.commit
		}
		return strings.ReplaceAll(system.variable, "NAME", name)
	}
	var pairs []string
	if system.Name != gitHub.Name {
		for _, name := range names {
			pairs = append(pairs, name+": "+value(name))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	for _, name := range names {
		pairs = append(pairs, "            "+name+"="+value(name))
	}
	return strings.Join(pairs, "\n")
}

// NextCommands returns commands to check the definition, to run it on this machine, and to
// run it on ECS.
func NextCommands(family string, definition *Definition) []string {
	executor := "docker"
	if definition == nil {
		executor, definition = "process", example(family) // the example needs no image
		definition.Variables = nil
	}
	var given []string
	for _, name := range definition.Variables {
		given = append(given, name+": '…'")
	}
	file, variables, network := DefinitionPath(family), "", ""
	if len(given) > 0 {
		variables = fmt.Sprintf(` --variables "{%s}"`, strings.Join(given, ", "))
	}
	if definition.Network {
		network = " --subnets subnet-…"
	}
	return []string{
		"ecs-run-task check " + file + variables,
		"ecs-run-task --local " + executor + " --file-paths " + file + variables,
		"ecs-run-task --file-paths " + file + variables + network,
	}
}

func file(repository fs.FS, name, text string) File {
	return File{name, text, exists(repository, name)}
}

func exists(repository fs.FS, name string) bool {
	_, err := fs.Stat(repository, name)
	return err == nil
}

// read returns a template.
func read(name string) string {
	text, err := templates.ReadFile("templates/" + name)
	if err != nil {
		panic(err) // the template is part of the program
	}
	return string(text)
}

// Family converts the name of a repository's folder to the name of a family, which consists
// of lower case letters, digits, hyphens and underscores.
func Family(folder string) string {
	family := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, folder), "-")
	if family == "" {
		return "app"
	}
	return family
}
