// Package source loads the texts of task definitions: from an input, the standard
// input, files of the workspace, or files of a git repository.
//
// It never parses a text, never writes to a disk and never starts a program. It
// never reads a file outside of the workspace or the repository, whether through
// a path, a symbolic link or a tree entry.
package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/git"
)

// Result is the result of [Load].
type Result struct {
	Texts []Text // the inline definition, the standard input, then the files in the order of Paths
	Fetch *Fetch // how the repository was read; nil without Repository
}

// Load reads all texts that c names. The matches of a glob are sorted. A file that
// is named twice is read once, at its first position. The error joins all faults.
func Load(ctx context.Context, c Config) (Result, error) {
	var result Result
	if c.Definition == "" && len(c.Paths) == 0 {
		return result, errors.New("no definition: give its text as definition, or its file as file-paths")
	}
	var faults []error
	if size := int64(len(c.Definition)); size > MaxText {
		faults = append(faults, fmt.Errorf("definition: %w", git.TooLarge(size)))
	} else if size > 0 {
		result.Texts = append(result.Texts, Text{Name: "definition", Bytes: []byte(c.Definition)})
	}

	paths := withoutStdin(c.Paths)
	if len(paths) < len(c.Paths) && c.Repository != "" {
		return result, errors.New("file-paths: - is the standard input, which cannot be used together with repository")
	}
	if len(paths) < len(c.Paths) {
		text, err := readStdin(ctx, c.Stdin)
		if err != nil {
			faults = append(faults, fmt.Errorf("file-paths: the standard input: %w", err))
		} else {
			result.Texts = append(result.Texts, text)
		}
		c.Paths = paths
	}
	var texts []Text
	var err error
	switch {
	case c.Repository != "":
		texts, result.Fetch, err = loadRepository(ctx, c)
	case len(c.Paths) > 0:
		texts, err = loadWorkspace(c.Workspace, cmp.Or(c.Called, ofWorkspace), c.Paths)
	}
	result.Texts = append(result.Texts, texts...)
	return result, errors.Join(append(faults, err)...)
}
