package scaffold

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Write writes the first files of a repository with its root at folder. It prints to out
// what it wrote, and the next commands. If a file exists, Write does not change it and
// prints the text to add. definition is nil for the example.
func Write(folder, family string, definition *Definition, out io.Writer) error {
	repository := os.DirFS(folder)
	system := Detect(repository)
	for _, file := range Files(repository, system, family, definition) {
		if file.Exists {
			fmt.Fprintf(out, "%s exists and was not changed; add this to run the task:\n\n%s\n", file.Path, file.Text)
			continue
		}
		if err := file.write(folder); err != nil {
			return err
		}
		fmt.Fprintf(out, "wrote %s\n", file.Path)
	}
	fmt.Fprintf(out, "\nNext:\n  %s\n", strings.Join(NextCommands(family, definition), "\n  "))
	if system.Name == gitHub.Name {
		fmt.Fprintf(out, variablesOfGitHub, DefinitionPath(family))
	}
	return nil
}

// variablesOfGitHub says what the workflow needs besides.
const variablesOfGitHub = `
The workflow reads four variables of the repository:
  gh variable set AWS_ROLE --body arn:aws:iam::123456789012:role/run-tasks
  gh variable set AWS_REGION --body us-east-1
  gh variable set ECS_CLUSTER --body default
  gh variable set ECS_SUBNETS --body subnet-…

What the role needs to be allowed to do, and whom it has to trust:
  ecs-run-task policy --file-paths %s
  https://github.com/ecs-run-task/ecs-run-task/blob/v1/docs/oidc.md
`

// write creates a file, and its folder if necessary. An existing file is an error.
func (f File) write(folder string) error {
	name := filepath.Join(folder, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := out.WriteString(f.Text); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
