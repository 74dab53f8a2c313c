package scaffold

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Write writes the first files of a repository that has its root in a folder, and says on
// out what it did and what comes next. A file that exists is left as it is; what it lacks
// is printed. The definition is nil for the example.
func Write(folder, family string, definition *Definition, out io.Writer) error {
	repository := os.DirFS(folder)
	for _, file := range Files(repository, Recognize(repository), family, definition) {
		if file.Exists {
			fmt.Fprintf(out, "%s exists and stays as it is; this is what runs the task:\n\n%s\n", file.Path, file.Text)
			continue
		}
		if err := file.write(folder); err != nil {
			return err
		}
		fmt.Fprintf(out, "wrote %s\n", file.Path)
	}
	fmt.Fprintf(out, "\nNext:\n  %s\n", strings.Join(NextCommands(family, definition), "\n  "))
	return nil
}

// write writes a file that does not exist, in a folder that may not exist either.
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
